"""The batches that are open: Batches. https://ircv3.net/specs/extensions/batch"""

from __future__ import annotations

from securechat.client.session.batches import MAX_BATCHES, Batches
from securechat.irc.message import Message, parse


def message(tag: str) -> Message:
    return parse(f"@batch={tag} :bob!b@h PRIVMSG #lobby :hi")


def test_a_message_stands_in_its_batch_and_in_those_around_it() -> None:
    """Until these end; a draft's name counts as the name."""
    batches = Batches()
    outer = batches.began(parse("BATCH +a draft/chathistory #lobby"))
    inner = batches.began(parse("@batch=a BATCH +b other"))
    assert outer is not None
    assert (outer.kind, outer.params) == ("chathistory", ["#lobby"])
    assert batches.of(message("b")) is inner
    assert batches.within(message("b"), "chathistory") is outer
    assert batches.within(message("b"), "netsplit") is None
    assert batches.ended(parse("BATCH -a")) is outer
    assert batches.within(message("b"), "chathistory") is None
    assert batches.ended(parse("BATCH -a")) is None


def test_what_is_no_beginning_begins_nothing() -> None:
    """Nor does one too many, until there is room again."""
    batches = Batches()
    assert batches.began(parse("BATCH -a")) is None
    assert batches.began(parse("BATCH +a")) is None
    assert batches.ended(parse("BATCH +a x")) is None
    for number in range(MAX_BATCHES):
        assert batches.began(parse(f"BATCH +{number} x"))
    assert batches.began(parse("BATCH +more x")) is None
    assert batches.of(message("more")) is None
    assert batches.ended(parse("BATCH -1"))
    assert batches.began(parse("BATCH +more x"))
    batches.clear()
    assert batches.of(message("more")) is None


def test_batches_that_hold_each_other_are_no_trap() -> None:
    """Of a hostile server."""
    batches = Batches()
    batches.began(parse("@batch=b BATCH +a x"))
    batches.began(parse("@batch=a BATCH +b x"))
    assert batches.within(message("a"), "chathistory") is None
