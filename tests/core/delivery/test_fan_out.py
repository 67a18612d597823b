"""From effects to bytes: who gets what, in which order, and how few times it is made."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from securechat.core.delivery.effects import Broadcast, Effect, Reply
from securechat.core.delivery.fan_out import deliveries, together
from securechat.core.delivery.line import BareLine, Line
from securechat.core.model.entities import Audience, AudienceOf, Channel, Session
from securechat.irc.message import parse
from tests.core.sayings import CHANNELS, company, storing, talk
from tests.support.client import Client
from tests.support.rules import RulesUnderTest

TIME = 1 << 10
"""server-time."""


def session(link: str, io: int = 0, caps: int = 0) -> Session:
    made = Session(link, io=io, address="", fingerprint=None, opened_at=0.0)
    made.set_caps(caps)
    return made


def line(text: str) -> Line:
    return Line(text, 0)


def reply(to: Session) -> Reply:
    return Reply(to, BareLine("reply"), to.encoding_group)


def heard(effects: list[Effect]) -> dict[object, bytes]:
    """What each link gets."""
    found: dict[object, bytes] = {}
    for deliveries_of_one in deliveries(effects).values():
        for links, data in deliveries_of_one:
            for link in links:
                found[link] = found.get(link, b"") + data
    return found


def test_a_channel_s_lines_of_a_turn_are_made_once() -> None:
    """One delivery for all sessions that get the same bytes."""
    audience = Audience([session("a"), session("b"), session("c")])
    (found,) = deliveries(
        [Broadcast(audience, line("1"), None), Broadcast(audience, line("2"), None)]
    )[0]
    assert sorted(map(str, found.links)) == ["a", "b", "c"]
    assert found.data == b"1\r\n2\r\n"


def test_each_thread_gets_its_own() -> None:
    """And each set of capabilities its bytes."""
    audience = Audience([session("a"), session("b", io=1), session("c", io=1, caps=TIME)])
    found = deliveries([Broadcast(audience, line("x"), None)])
    assert [found[0][0].links, found[0][0].data] == [["a"], b"x\r\n"]
    assert {tuple(map(str, part.links)): part.data[-3:] for part in found[1]} == {
        ("b",): b"x\r\n",
        ("c",): b"x\r\n",
    }


def test_who_spoke_is_left_out_of_its_own_lines_only() -> None:
    """The others' lines it gets."""
    alice, bob = session("a"), session("b")
    audience = Audience([alice, bob, session("c")])
    effects: list[Effect] = [
        Broadcast(audience, line("by a"), alice),
        Broadcast(audience, line("by b"), bob),
        Broadcast(audience, line("by nobody"), None),
    ]
    assert heard(effects) == {
        "a": b"by b\r\nby nobody\r\n",
        "b": b"by a\r\nby nobody\r\n",
        "c": b"by a\r\nby b\r\nby nobody\r\n",
    }


def test_a_reply_stands_where_it_was_given() -> None:
    """Behind what was said before, in front of what was said after."""
    alice = session("a")
    audience = Audience([alice, session("b")])
    effects: list[Effect] = [
        Broadcast(audience, line("1"), None), reply(alice), Broadcast(audience, line("2"), None),
    ]  # fmt: skip
    assert heard(effects) == {"a": b"1\r\nreply\r\n2\r\n", "b": b"1\r\n2\r\n"}


def test_turns_go_out_together() -> None:
    """But what is said to some keeps its place between what is said to all of a channel before it
    and after it: it may be a new name.
    """
    alice, bob = session("a"), session("b")
    channel = Audience([alice, bob], AudienceOf(Channel(1, "#a", "#a", "#a", None, 0)))
    turns: list[list[Effect]] = [
        [Broadcast(channel, line("1"), None)],
        [Broadcast(channel, line("2"), None), reply(bob)],
        [Broadcast(channel, line("3"), None), Broadcast(Audience([alice]), line("4"), None)],
        [Broadcast(channel, line("5"), None)],
    ]
    first, second, third = together(turns)
    assert [*first] == [*turns[0], *turns[1]]
    assert (second, third) == (turns[2], turns[3])
    assert [*together(turns[:1])] == turns[:1]


def test_an_old_audience_comes_before_the_new_one() -> None:
    """A JOIN makes a new audience; a reply to the new member must not turn them round."""
    alice, bob = session("a"), session("b")
    before, after = Audience([alice]), Audience([alice, bob])
    effects: list[Effect] = [
        Broadcast(before, line("1"), None), Broadcast(after, line("2"), None), reply(bob),
        Broadcast(after, line("3"), None),
    ]  # fmt: skip
    assert heard(effects) == {"a": b"1\r\n2\r\n3\r\n", "b": b"2\r\nreply\r\n3\r\n"}


def test_a_reply_is_encoded_as_was_wanted_when_it_was_given() -> None:
    """Not as its session wants it later in the turn."""
    alice = session("a")
    early = Reply(alice, Line("early", 0), alice.encoding_group)
    alice.set_caps(TIME)
    late = Reply(alice, Line("late", 0), alice.encoding_group)
    assert heard([early, late])["a"] == b"early\r\n@time=1970-01-01T00:00:00.000Z late\r\n"


def test_each_transport_frames_what_it_gets() -> None:
    """Sessions of one audience that differ in nothing but that are groups of their own."""
    framed = Session(
        "f", io=0, address="", fingerprint=None, opened_at=0.0, join=lambda lines: b"|".join(lines)
    )
    audience = Audience([session("a"), framed])
    told = heard([Broadcast(audience, line("1")), Broadcast(audience, line("2")), reply(framed)])
    assert told == {"a": b"1\r\n2\r\n", "f": b"1\r\n|2\r\nreply\r\n"}


def test_nothing_is_not_delivered() -> None:
    """No empty bytes, no delivery without a link."""
    untagged = Line("x", 0, requires=1 << 7)
    alice = session("a")
    assert deliveries([]) == {}
    assert deliveries([Broadcast(Audience([]), line("x"), None)]) == {}
    assert deliveries([Broadcast(Audience([alice]), untagged, None)]) == {}
    assert deliveries([Broadcast(Audience([alice]), line("x"), alice)]) == {}


# Promise 5: one order


def watch(rules: RulesUnderTest) -> list[Client]:
    """Members of all channels who only look: on two threads, with and without tags."""
    rules.add("eve")
    rules.add("ann")
    eyes = [rules.member("eve", io=1), rules.member("ann", caps="server-time echo-message")]
    eyes.append(rules.member("ann", caps="extended-join message-tags", io=1))
    for channel in CHANNELS:
        rules.member("eve").says(f"JOIN {channel}")
        eyes[1].says(f"JOIN {channel}")
    for eye in eyes:
        eye.hears()
    return eyes


lookers = st.tuples(
    st.integers(5, 7), st.sampled_from(["PING x", "NAMES #a", "TOPIC #b", "LIST", "CAP LS"])
)
scripts = st.lists(
    st.lists(st.tuples(st.integers(0, 4), storing) | lookers, max_size=8), max_size=6
)


@settings(max_examples=100, deadline=None)
@given(scripts)
def test_all_members_of_a_channel_see_one_order(script: list[list[tuple[int, str]]]) -> None:
    """Whatever they ask in between, whatever their thread and capabilities; and the log has it."""
    rules, people = company()
    eyes = watch(rules)
    people += eyes
    start = len(rules.log)
    seen: list[list[str]] = [[] for _ in eyes]
    for said in script:
        talk(rules, people, said)
        for eye, lines in zip(eyes, seen, strict=True):
            lines += eye.hears()
    for channel in CHANNELS:
        orders = [[text for line in lines if (text := happening(line, channel))] for lines in seen]
        stays = [eye.session.who in rules.channel(channel).members for eye in eyes]
        if all(stays):
            assert orders[0] == orders[1] == orders[2]
            assert [text.split()[1] for text in orders[0]] == logged(rules, channel, start)


def happening(raw: str, channel: str) -> str | None:
    """An event of a channel as all should see it; None for a line that isn't one."""
    message = parse(raw)
    if message.command.isdecimal() or not message.source or "!" not in message.source:
        return None
    if message.command in ("TAGMSG", "INVITE") or message.params[:1] != [channel]:
        return None
    params = message.params[:1] if message.command == "JOIN" else message.params
    return " ".join([message.nick, message.command, *params])


def logged(rules: RulesUnderTest, channel: str, start: int) -> list[str]:
    """What the log says has happened in a channel."""
    number = rules.channel(channel).id
    return [e.kind for e in rules.log[start:] if e.target == number and e.kind != "TAGMSG"]
