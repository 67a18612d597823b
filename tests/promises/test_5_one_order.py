"""Promise 5: one order.

All members of a channel see its events in one order, and history replays that order.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import Client
from tests.support.hub import HubUnderTest
from tests.support.server import ServerUnderTest, running

NAMES = ["alice", "bob", "carol", "dave", "eve"]
EACH = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server with several I/O threads, as that is where an order could get lost."""
    with running(tmp_path / "data", *NAMES, limits={"io_threads": 2}) as server:
        yield server


def logged(path: Path) -> list[str]:
    """What happened in #den, as the log has it."""
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT accounts.name, kind, text FROM log JOIN accounts ON accounts.id = sender "
        "JOIN targets ON targets.id = target WHERE targets.name = '#den' ORDER BY seq"
    ).fetchall()
    connection.close()
    return [f"{name} {kind} {text}".rstrip() for name, kind, text in rows]


def shown(line: str) -> str:
    """The same event as a member hears it."""
    source, kind, _, *rest = line.split(" ", 3)
    text = rest[0].removeprefix(":") if rest else ""
    return f"{source[1:].partition('!')[0]} {kind} {text}".rstrip()


def of_den(lines: list[str]) -> list[str]:
    return [shown(line) for line in lines if line.split(" ")[2:3] == ["#den"]]


def hears_messages(person: Client, count: int) -> list[str]:
    lines: list[str] = []
    while sum(" PRIVMSG " in line for line in lines) < count:
        lines.append(person.hears_line())
    return lines


def all_heard(people: list[Client]) -> list[list[str]]:
    """What each has heard, once all that they have said has come to the server."""
    heard = [person.hears() for person in people]
    return [before + person.hears() for before, person in zip(heard, people, strict=True)]


def all_at_once(acts: list[threading.Thread]) -> None:
    for act in acts:
        act.start()
    for act in acts:
        act.join()


def meet(people: list[Client]) -> None:
    """All come into #den, and have heard of it."""
    for person in people:
        person.sends("JOIN #den")
        person.hears_until(" 366 ")
    for person in people:
        person.hears()


def speak(person: Client, burst: int) -> None:
    """All that one says, so many at a time."""
    for number in range(0, EACH, burst):
        lines = [f"PRIVMSG #den :{person.nick} {n}" for n in range(number, number + burst)]
        person.sends(*lines)


def test_everybody_hears_the_same_in_the_same_order(server: ServerUnderTest) -> None:
    """Five who speak at once, over several connections, in bursts and one by one: each hears one
    sequence, his own words in their place, and it is the log's.
    """
    people = [server.member(name, caps="echo-message") for name in NAMES]
    meet(people)
    talks = [
        threading.Thread(target=speak, args=(person, burst))
        for person, burst in zip(people, (1, 2, 5, 10, 60), strict=True)
    ]
    all_at_once(talks)
    heard = {person.nick: of_den(hears_messages(person, EACH * len(NAMES))) for person in people}
    order = [event for event in logged(server.data.database) if "PRIVMSG" in event]
    assert len(order) == EACH * len(NAMES)
    for name in NAMES:
        assert heard[name] == order
        own = [event for event in order if event.startswith(f"{name} ")]
        assert own == [f"{name} PRIVMSG {name} {number}" for number in range(EACH)]


def test_joins_parts_and_topics_keep_their_place_among_messages(server: ServerUnderTest) -> None:
    """Who hears a message, and where it stands among the comings and goings, is the same for all
    who were there throughout.
    """
    alice, bob = (
        server.member("alice", caps="echo-message"),
        server.member("bob", caps="echo-message"),
    )
    restless = [server.member(name, caps="echo-message") for name in ("carol", "dave")]
    for person in (alice, bob):
        person.sends("JOIN #den")
        person.hears_until(" 366 ")
    alice.sends("MODE #den -t")
    for person in (alice, bob):
        person.hears()

    def come_and_go(person: Client) -> None:
        for number in range(25):
            person.sends("JOIN #den", f"PRIVMSG #den :{number}", f"TOPIC #den :{number}")
            person.sends("PART #den")
        person.hears()

    def speak(person: Client) -> None:
        for number in range(50):
            person.sends(f"PRIVMSG #den :{number}")

    talks = [threading.Thread(target=speak, args=(person,)) for person in (alice, bob)]
    all_at_once([*talks, *(threading.Thread(target=come_and_go, args=(p,)) for p in restless)])
    heard = [of_den(lines) for lines in all_heard([alice, bob])]
    assert heard[0] == heard[1]
    kinds = {"PRIVMSG", "JOIN", "PART", "TOPIC"}
    order = [event for event in logged(server.data.database) if event.split(" ")[1] in kinds]
    seen = [event for event in heard[0] if event.split(" ")[1] in kinds]
    assert seen == order[-len(seen) :]
    assert len(seen) == 2 * 50 + 2 * 25 * 4


def test_a_turn_keeps_the_order_when_members_come_and_go_in_it(tmp_path: Path) -> None:
    """What falls into one turn of the hub is sent in one go, and still in its order: a message
    before a JOIN is heard before it, also by those who hear the newcomer's answers flushed.
    """
    hub = HubUnderTest(tmp_path, "alice", "bob", "carol", "dave")
    hub.open()
    alice, bob = hub.member("alice", caps="echo-message"), hub.member("bob", caps="echo-message")
    carol, dave = hub.member("carol", caps="echo-message"), hub.member("dave", caps="echo-message")
    for client in (alice, bob):
        client.sends("JOIN #den")
        client.hears_until(" 366 ")
    for client in (alice, bob, carol, dave):
        client.hears()
    hub.gathers(dave)
    alice.sends("PRIVMSG #den :one")
    carol.sends("JOIN #den", "PRIVMSG #den :two")
    bob.sends("PRIVMSG #den :three")
    dave.sends("JOIN #den", "NAMES #den")
    alice.sends("PRIVMSG #den :four")
    carol.sends("PART #den")
    alice.sends("PRIVMSG #den :five")
    hub.journal.release()
    heard = [of_den(client.hears_until("five")) for client in (alice, bob)]
    assert (
        heard[0]
        == heard[1]
        == [
            "alice PRIVMSG one",
            "carol JOIN",
            "carol PRIVMSG two",
            "bob PRIVMSG three",
            "dave JOIN",
            "alice PRIVMSG four",
            "carol PART",
            "alice PRIVMSG five",
        ]
    )
    assert of_den(dave.hears_until("five"))[-4:] == heard[0][-4:]
    assert logged(hub.path)[-8:] == heard[0]
    hub.close()


def test_history_replays_that_order(server: ServerUnderTest) -> None:
    """A member who was away is given what the others heard, as they heard it."""
    people = [server.member(name, caps="echo-message") for name in NAMES]
    for person in people:
        person.sends("JOIN #den")
        person.hears_until(" 366 ")
    *speakers, eve = people
    eve.hears()
    eve.sends("QUIT")
    eve.hears_the_end()

    def speak(person: Client) -> None:
        for number in range(EACH):
            person.sends(f"PRIVMSG #den :{person.nick} {number}")
        person.hears()

    all_at_once([threading.Thread(target=speak, args=(person,)) for person in speakers])
    order = [event for event in logged(server.data.database) if "PRIVMSG" in event]
    assert len(order) == EACH * len(speakers)
    with server.connect() as back:
        lines = back.logs_in("eve", caps="server-time")
    tagged = [line.partition(" ") for line in lines if line.startswith("@time=")]
    replayed = [(tags, shown(line)) for tags, _, line in tagged if " PRIVMSG #den " in line]
    assert [event for _, event in replayed] == order
    assert replayed == sorted(replayed, key=lambda item: item[0])


def test_several_sessions_of_one_account_hear_one_order(server: ServerUnderTest) -> None:
    """Each device of a person shows the same conversation, its own words among it."""
    one, two = (
        server.member("alice", caps="echo-message"),
        server.member("alice", caps="echo-message"),
    )
    bob = server.member("bob", caps="echo-message")
    for person in (one, two, bob):
        person.hears()

    def speak(person: Client) -> None:
        for number in range(40):
            person.sends(f"PRIVMSG #lobby :{id(person)} {number}")

    all_at_once([threading.Thread(target=speak, args=(p,)) for p in (one, two, bob)])
    heard = [
        [line for line in lines if " PRIVMSG #lobby " in line]
        for lines in all_heard([one, two, bob])
    ]
    assert heard[0] == heard[1] == heard[2]
    assert len(heard[0]) == 120
