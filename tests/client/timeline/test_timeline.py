"""Timeline: one conversation, as all fronts show it."""

from __future__ import annotations

from securechat.client.session.events.base import Problem
from securechat.client.session.events.channels import TopicIs
from securechat.client.session.events.deliveries import Queued
from securechat.client.session.events.messages import Said
from securechat.client.timeline.items import Delivery, Item, Message, Movement
from securechat.client.timeline.mentions import Mentions
from securechat.client.timeline.timeline import Timeline
from tests.client.timeline.said import at, joined, left, reacted, removed, said

FOR_ALICE = Mentions("alice")


def texts(items: Timeline | list[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, Message)]


def with_said(*words: str, limit: int = 100) -> Timeline:
    timeline = Timeline("#lobby", limit)
    for minute, text in enumerate(words):
        timeline.say(said(text, minute), mention=False)
    return timeline


def test_a_message_is_there_once() -> None:
    """Whatever way it came by: it is known by its id."""
    timeline = with_said("one", "two")
    assert timeline.say(said("one"), mention=False) is None
    assert timeline.extend_back([said("zero"), said("one")], FOR_ALICE) == 1
    assert texts(timeline) == ["zero", "one", "two"]
    assert [timeline.position(key) for key in ("zero", "one", "two", "three")] == [0, 1, 2, None]


def test_ours_stands_at_the_end_until_it_is_stored() -> None:
    """Then it takes its place in the order that everybody sees."""
    timeline = with_said("one")
    timeline.queue(Queued(7, "#lobby", "mine"), "alice")
    timeline.say(said("two", 2), mention=False)
    assert texts(timeline) == ["one", "two", "mine"]
    [*_, pending] = timeline
    assert isinstance(pending, Message)
    assert str(pending.delivery) == Delivery.PENDING
    timeline.stored(7, "m7", at(3))
    timeline.say(said("three", 4), mention=False)
    assert texts(timeline) == ["one", "two", "mine", "three"]
    assert timeline.message("m7") is pending
    assert pending.delivery is Delivery.STORED


def test_ours_that_is_refused_says_why() -> None:
    """It stays where it was typed; one that is doubtful waits on."""
    timeline = Timeline("#lobby")
    timeline.queue(Queued(1, "#lobby", "first"), "alice")
    timeline.queue(Queued(2, "#lobby", "second"), "alice")
    timeline.doubt(2, "not confirmed")
    timeline.refuse(1, "you are muted")
    first, second = timeline
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert (first.delivery, first.reason) == (Delivery.REFUSED, "you are muted")
    assert (second.delivery, second.reason) == (Delivery.DOUBTFUL, "not confirmed")


def test_a_removed_message_leaves_its_place() -> None:
    """And nothing of what it said."""
    timeline = with_said("secret", "two")
    timeline.react(reacted("secret", "👍"))
    timeline.remove(removed("secret", by="carol"))
    message = timeline.message("secret")
    assert message is not None
    assert (message.text, message.removed_by, message.reason) == ("", "carol", "oops")
    assert message.reactions == {}


def test_reactions_are_gathered() -> None:
    """Each with who reacts so, once; one that is taken back is gone."""
    timeline = with_said("one")
    for nick in ("bob", "carol", "bob"):
        timeline.react(reacted("one", "👍", nick))
    timeline.react(reacted("one", "🎉"))
    timeline.react(reacted("one", "🎉", ended=True))
    timeline.react(reacted("unknown", "👍"))
    message = timeline.message("one")
    assert message is not None
    assert message.reactions == {"👍": ["bob", "carol"]}


def test_who_comes_and_goes_stands_in_one_line() -> None:
    """As it ended: who came and went again is told as that."""
    timeline = with_said("one")
    for nick in ("bob", "carol", "dave"):
        timeline.move(nick, at(1), came=True)
    timeline.move("carol", at(2), came=False)
    timeline.move("erin", at(2), came=False)
    timeline.move("erin", at(2), came=True)
    _, movement = timeline
    assert isinstance(movement, Movement)
    assert (movement.came, movement.passed) == (["bob", "dave"], ["carol"])
    assert (movement.went, movement.returned) == ([], ["erin"])


def test_it_keeps_as_much_as_it_may() -> None:
    """The oldest go when something is said; when older ones are read, the newest."""
    timeline = with_said(*map(str, range(120)))
    assert len(timeline) <= 100
    assert texts(timeline)[-1] == "119"
    assert not timeline.at_start
    timeline.extend_back([said(f"old{number}") for number in range(50)], FOR_ALICE)
    assert len(timeline) == 100
    assert texts(timeline)[0] == "old0"
    assert not timeline.at_end
    assert timeline.say(said("new"), mention=False) is None


def test_a_page_has_what_else_happened() -> None:
    """Reactions and removals are about messages of it, or of the window."""
    timeline = with_said("three")
    page = [said("one"), joined("dave"), left("dave"), said("two"), reacted("one", "👍")]
    timeline.extend_back([*page, removed("two"), reacted("three", "🎉")], FOR_ALICE)
    one, movement, two, three = timeline
    assert isinstance(one, Message)
    assert one.reactions == {"👍": ["bob"]}
    assert isinstance(movement, Movement)
    assert movement.passed == ["dave"]
    assert isinstance(two, Message)
    assert two.removed_by == "bob"
    assert isinstance(three, Message)
    assert three.reactions == {"🎉": ["bob"]}


def test_the_unread_line_stands_before_what_is_unread() -> None:
    """It is what others have said since all was read, here or on another device."""
    timeline = with_said("one", "two", "three")
    timeline.mark_read(at(0))
    assert timeline.unread == 2
    timeline.look()
    assert timeline.unread_from == "two"
    timeline.mark_read(at(2))
    assert (timeline.unread, timeline.unread_from) == (0, "two")
    timeline.look()
    assert timeline.unread_from == ""


def test_what_names_us_is_for_us() -> None:
    """As a word of its own, in any case; and all that is said to us alone."""

    def mentions(text: str, where: str = "#lobby") -> bool:
        return FOR_ALICE(Said(where, "bob", text, conversation=where))

    assert mentions("hi Alice!")
    assert mentions("@alice: look")
    assert mentions("psst", "bob")
    assert not mentions("malice, alice_2 and alices")
    assert not mentions("hello")
    assert not FOR_ALICE(said("alice is me", nick="alice"))


def test_a_page_may_have_no_message() -> None:
    """The mark of its first line leads on, or it would be asked for for ever."""
    one = with_said("hello")
    one.extend_back([joined("bob", 1), joined("zoe", 2)], FOR_ALICE, ("msgid=j", "msgid=k"))
    assert (one.first_mark, one.last_mark) == ("msgid=j", "msgid=hello")


def test_who_came_since_is_told_once() -> None:
    """A page from behind the last message has those again who came live."""
    one = with_said("hello")
    one.move("bob", at(1), came=True)
    one.extend_on([joined("bob", 1), joined("zoe", 2)], Mentions("alice"))
    last = one[-1]
    assert len(one) == 2
    assert isinstance(last, Movement)
    assert last.came == ["bob", "zoe"]


def test_what_happens_beside_has_its_time() -> None:
    """As the event tells it; what is told a second time, by a page, stands there once."""
    one = with_said("hello")
    topic = TopicIs("#lobby", "New", "bob", at(2))
    one.extend_on([topic], Mentions("alice"))
    one.note(topic)
    one.note(TopicIs("#lobby", "Newer", "bob", at(3)))
    one.note(Problem("trouble"))
    assert [item.time for item in list(one)[1:]] == [at(2), at(3), None]


def test_notes_wait_for_the_end_of_the_conversation() -> None:
    """An answer to a command, and an error, also when somebody looks at the past meanwhile."""
    one = with_said("new")
    one.note(Problem("before"))
    one.replace([said("old")], Mentions(""), at_end=False)
    one.note(Problem("meanwhile"))
    assert texts(one) == ["old"]
    one.replace([said("new")], Mentions(""), at_end=True)
    assert [getattr(item, "event", None) for item in one] == [
        None,
        Problem("before"),
        Problem("meanwhile"),
    ]
    one.replace([said("new")], Mentions(""), at_end=True)
    assert len(one) == 3
