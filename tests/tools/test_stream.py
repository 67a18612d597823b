"""The load notices whatever a server does wrong with a message."""

from __future__ import annotations

from typing import cast

import pytest
from benchlib.client import Client, User
from benchlib.link import Link
from benchlib.stream import (
    Checker,
    Reader,
    Replay,
    Said,
    Stream,
    Talker,
    WrongError,
    compose,
)
from benchlib.talking import Room

NICKS = {3: b"load3", 7: b"load7"}
SIZE = 64


def said(sender: int, number: int, text: bytes | None = None, tags: bytes = b"") -> bytes:
    """A message as a server relays it."""
    text = compose(sender, number, 1000, SIZE) if text is None else text
    nick = NICKS[sender]
    return tags + b":" + nick + b"!" + nick + b"@127.0.0.1 PRIVMSG #load0 :" + text + b"\r\n"


class Member:
    """A listener in a room of two senders, and what else it heard."""

    def __init__(self, stream: Stream) -> None:
        self.others: list[bytes] = []
        self.reader = Reader(stream, self.others.append, lambda: 5000)

    def hears(self, *lines: bytes) -> None:
        self.reader.feed(b"".join(lines))


def room() -> Stream:
    return Stream(Checker(b"#load0", NICKS, SIZE))


def test_a_text_has_the_size_that_was_asked_for() -> None:
    """The work is the same for every sender and every number."""
    assert {len(compose(s, n, 123456789, SIZE)) for s in (0, 999) for n in (0, 99999)} == {SIZE}


def test_all_members_hear_the_same_however_it_is_cut() -> None:
    """Bytes come in any pieces; what counts are whole lines, and that nothing is left over."""
    stream = room()
    first, second = Member(stream), Member(stream)
    whole = said(3, 0) + said(7, 0) + said(3, 1)
    first.hears(whole)
    for cut in range(len(whole)):
        assert not second.reader.complete()
        second.hears(whole[cut : cut + 1])
    assert first.reader.complete()
    assert second.reader.complete()
    assert stream.checker.counts == {3: 2, 7: 1}


def test_tags_before_a_message_are_no_part_of_it() -> None:
    """With or without them, the nick and the text are what is checked."""
    stream = room()
    Member(stream).hears(said(3, 0, tags=b"@time=2026-01-31T23:59:59.999Z;account=load3 "))
    assert stream.checker.counts[3] == 1


def test_other_lines_between_messages_are_handed_on() -> None:
    """A PING comes when it wants to, to one member and not to another."""
    stream = room()
    first, second = Member(stream), Member(stream)
    first.hears(said(3, 0), said(3, 1))
    second.hears(said(3, 0), b"PING :delivered-1\r\n", said(3, 1)[:20])
    assert second.others == [b"PING :delivered-1"]
    second.hears(said(3, 1)[20:])
    assert second.reader.complete()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([said(3, 0), said(3, 2)], "message 2 of sender 3 came where 1 was expected"),
        ([said(3, 0), said(3, 0)], "message 0 of sender 3 came where 1 was expected"),
        ([said(3, 1), said(3, 0)], "message 1 of sender 3 came where 0 was expected"),
        ([said(3, 0, compose(3, 0, 1000, SIZE)[:-1])], "message 0 of sender 3 was changed"),
        ([said(3, 0, compose(7, 0, 1000, SIZE))], "message 0 of sender 7 came as from b'load3'"),
        ([said(3, 0, b"hello")], "expected a message of the load"),
        ([said(3, 0).replace(b"#load0", b"#load1")], "expected a message of the load"),
    ],
    ids=["lost", "doubled", "swapped", "cut", "impostor", "foreign", "wrong room"],
)
def test_a_wrong_delivery_is_an_error(lines: list[bytes], told: str) -> None:
    """To the first member that hears it, and to a sender, which is checked on its own."""
    with pytest.raises(WrongError, match=told):
        Member(room()).hears(*lines)
    with pytest.raises(WrongError, match=told):
        Talker(Checker(b"#load0", NICKS, SIZE), lambda line: None).feed(b"".join(lines))


@pytest.mark.parametrize(
    "lines",
    [[said(7, 0), said(3, 0)], [said(3, 0), said(3, 1)], [said(7, 0)]],
    ids=["another order", "one lost", "first lost"],
)
def test_a_member_that_hears_something_else_than_the_others_is_an_error(lines: list[bytes]) -> None:
    """All of a room see one order."""
    stream = room()
    Member(stream).hears(said(3, 0), said(7, 0), said(3, 1))
    with pytest.raises(WrongError, match="different lines"):
        Member(stream).hears(*lines)


def test_the_order_of_a_room_has_a_digest() -> None:
    """Processes of the load compare theirs: equal for one order, different for another."""
    first, same, other = room(), room(), room()
    Member(first).hears(said(3, 0), said(7, 0))
    Member(same).hears(said(3, 0), said(7, 0))
    Member(other).hears(said(7, 0), said(3, 0))
    assert first.order() == same.order() != other.order()


def test_each_message_is_heard_once_it_is_whole() -> None:
    """So a latency is from sending to the last byte."""
    member = Member(room())
    heard: list[Said] = []
    member.reader.heard = heard.append
    member.hears(said(3, 0), said(7, 0)[:-1])
    assert heard == [Said(3, 0, 1000)]
    member.hears(b"\n")
    assert heard == [Said(3, 0, 1000), Said(7, 0, 1000)]


# --- what a server gives back of a log -----------------------------------------------------------


def replay(first: int, last: int) -> Replay:
    """Of a log in which two authors took turns."""
    return Replay(b"#load0", [b"load0", b"load1"], (first, last), SIZE, lambda: 77)


def logged(place: int) -> bytes:
    """The line at a place of that log."""
    author = place % 2
    text = compose(author, place // 2, place, SIZE)
    return b":load%d!load%d@s PRIVMSG #load0 :" % (author, author) + text


@pytest.mark.parametrize(("first", "last"), [(0, 5), (3, 6), (4, 6)])
def test_all_of_what_was_missed_comes_in_its_order(first: int, last: int) -> None:
    """From whichever place on; its end is noted when the last one is there."""
    found = replay(first, last)
    for place in range(first, last):
        assert found.finished == 0
        found.check(logged(place))
    assert found.finished == 77
    found.check_complete()


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ([3, 5], "a message of sender 1 came too early"),
        ([4], "came too early"),
        ([3, 3], "message 1 of sender 1 came where 2 was expected"),
        ([2], "message 1 of sender 0 came where 2 was expected"),
        ([3, 4, 5, 6], "more came than the 3 missed messages"),
    ],
    ids=["gap", "late begin", "doubled", "too old", "too many"],
)
def test_a_wrong_replay_is_an_error(places: list[int], told: str) -> None:
    """Whatever is wrong with it."""
    *before, wrong = places
    found = replay(3, 6)
    for place in before:
        found.check(logged(place))
    with pytest.raises(WrongError, match=told):
        found.check(logged(wrong))


def test_a_replay_that_ends_early_is_an_error() -> None:
    """It is known how much must come."""
    found = replay(3, 6)
    found.check(logged(3))
    with pytest.raises(WrongError, match="1 of 3 missed messages came"):
        found.check_complete()


# --- a room in one process of the load -----------------------------------------------------------


class Wire:
    """Stands in for a connection: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, lines: list[bytes]) -> None:
        self.sent += lines


def member(number: int, *, talks: bool = False) -> tuple[Client, Wire]:
    wire = Wire()
    user = User(number, f"load{number}", room="#load0", talks=talks)
    return Client(user, cast(Link, wire), frozenset(), lambda client: None), wire


def test_a_sender_goes_on_when_its_listener_has_heard_it() -> None:
    """The window: an unacknowledged message more is sent for each that was heard."""
    (talker, wire), (listener, _) = member(3, talks=True), member(4)
    place = Room("#load0", [talker.user], SIZE)
    place.enter([talker, listener])
    sender = place.senders[0]
    sender.talking = True
    sender.send(2)
    echoed = [b":load3!load3@127.0.0.1 " + line for line in wire.sent]
    listener.sink(echoed[0])
    assert sender.count == 3
    sender.talking = False
    listener.sink(echoed[1])
    assert sender.count == 3


def test_a_sender_says_no_more_than_it_is_to() -> None:
    """A window does not go past the last message of the round."""
    (talker, wire), (listener, _) = member(3, talks=True), member(4)
    place = Room("#load0", [talker.user], SIZE)
    place.enter([talker, listener])
    sender = place.senders[0]
    sender.left, sender.talking = 3, True
    sender.send(2)
    listener.sink(b"".join(b":load3!load3@127.0.0.1 " + line for line in wire.sent))
    assert (sender.count, sender.left) == (3, 0)


def test_who_still_waits_is_known_by_name() -> None:
    """A message that one member lacks is not counted as delivered to all."""
    (talker, wire), (first, _), (second, _) = member(3, talks=True), member(4), member(5)
    place = Room("#load0", [talker.user], SIZE)
    place.enter([talker, first, second])
    place.senders[0].send()
    echoed = b":load3!load3@127.0.0.1 " + wire.sent[0]
    assert place.waiting({3: 1}) == [first, second]
    first.sink(echoed)
    assert place.waiting({3: 1}) == [second]
    second.sink(echoed)
    assert place.waiting({3: 1}) == []
    assert place.delivered() == 2
