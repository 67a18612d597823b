"""How what a program has asked for ends: Pending, Delivery and the Ledger."""

from __future__ import annotations

import pytest

from securechat.client.api.ledger import Ledger
from securechat.client.api.pending import Delivery, Pending
from securechat.client.api.values import Message
from securechat.client.exits import RefusedError, UnreachableError
from securechat.client.session.actions import Redact, Say
from securechat.client.session.events.answers import CommandDone, CommandRefused
from securechat.client.session.events.base import Info
from securechat.client.session.events.deliveries import Doubt, Queued, Rejected, Stored, Unconfirmed


def ledger(*, deciding: bool = False) -> Ledger:
    return Ledger(lambda: "robot", lambda: deciding)


def test_a_message_on_disk() -> None:
    """Is the message as others have it."""
    open_ = ledger()
    say = Say("#lobby", "hi", reply="7")
    delivery = open_.say(say)
    assert open_.take(Queued(say.id, "#lobby", "hi"))
    assert (delivery.done(), delivery.messages) == (False, ())
    with pytest.raises(TimeoutError):
        delivery.result(0)
    open_.take(Stored("#lobby", "hi", "8", id=say.id))
    message = delivery.result()
    assert str(message) == "#lobby <robot> hi"
    assert (message.msgid, message.reply, message.mine) == ("8", "7", True)


def test_a_long_text_is_done_with_its_last_piece() -> None:
    """However they are confirmed; its messages are in their order."""
    open_ = ledger()
    say = Say("#lobby", "one two")
    delivery = open_.say(say)
    open_.take(Queued(say.id, "#lobby", "one"))
    open_.take(Queued(-2, "#lobby", "two", part_of=say.id))
    open_.take(Stored("#lobby", "two", "2", id=-2))
    assert not delivery.done()
    open_.take(Stored("#lobby", "one", "1", id=say.id))
    assert [message.text for message in delivery.messages] == ["one", "two"]
    assert delivery.result().text == "one"


def test_a_refusal_of_one_piece() -> None:
    """Is the end of all, whatever becomes of the others."""
    open_ = ledger()
    say = Say("#lobby", "one two")
    delivery = open_.say(say)
    open_.take(Queued(-2, "#lobby", "two", part_of=say.id))
    open_.take(Rejected("#lobby", "two", "No\x1b[2J", -2))
    with pytest.raises(RefusedError, match=r"^not sent to #lobby: No\^\[\[2J$"):
        delivery.result()
    open_.take(Stored("#lobby", "one", "1", id=say.id))
    assert open_.wait(0)


def test_doubts() -> None:
    """Only those count that nothing can resolve any more."""
    open_ = ledger()
    say = Say("#lobby", "hi")
    delivery = open_.say(say)
    open_.take(Unconfirmed("#lobby", "hi", Doubt.CUT, say.id))
    assert not delivery.done()
    open_.take(Unconfirmed("#lobby", "hi", Doubt.UNKNOWN, say.id))
    with pytest.raises(UnreachableError, match="it may be stored or not"):
        delivery.result()


def test_commands_are_known_by_what_was_handed_over() -> None:
    """Two that look the same aren't; what others have commanded is none of ours."""
    open_ = ledger()
    first, second = Redact("#lobby", "7"), Redact("#lobby", "7")
    one, two = open_.command(first), open_.command(second)
    open_.take(CommandDone(second))
    assert (one.done(), two.result()) == (False, None)
    open_.take(CommandRefused("No", action=first, code="FORBIDDEN"))
    with pytest.raises(RefusedError) as caught:
        one.result()
    assert caught.value.reason == "FORBIDDEN"
    assert not open_.take(CommandRefused("No", action=first))
    assert not open_.take(Info("news"))


def test_after_the_end_everything_fails() -> None:
    """What was open, and what is entered then."""
    open_ = ledger()
    before = open_.say(Say("#lobby", "hi"))
    open_.close(UnreachableError("it is over"))
    after = open_.say(Say("#lobby", "hi"))
    for delivery in (before, after):
        with pytest.raises(UnreachableError, match="it is over"):
            delivery.result()


def test_callbacks() -> None:
    """Are called once it is done, without a lock: they may enter something; but who decides can't
    wait for a result, which would be for ever.
    """
    open_ = ledger(deciding=True)
    say = Say("#lobby", "hi")
    delivery, heard = open_.say(say), []

    def callback(done: Pending[Message]) -> None:
        heard.append(done)
        with pytest.raises(RuntimeError, match="a callback can't wait"):
            open_.say(Say("#lobby", "again")).result()

    delivery.when_done(callback)
    open_.take(Stored("#lobby", "hi", "8", id=say.id))
    delivery.when_done(callback)
    assert heard == [delivery, delivery]
    assert isinstance(delivery, Delivery)
    assert not open_.wait(0)


def test_its_repr_tells_how_far_it_is() -> None:
    """For who looks at it in a shell, and without what was said."""
    stored, refused = Pending[str](), Pending[str]()
    assert repr(stored) == "<Pending waiting>"
    stored.decide("secret words")
    refused.decide(RefusedError("not in #lab", "442"))
    assert (repr(stored), repr(refused)) == (
        "<Pending done>",
        "<Pending RefusedError: not in #lab>",
    )
