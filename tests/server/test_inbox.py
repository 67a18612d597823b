"""What waits for the hub: gathered when it has time, sorted by whose it is, within a bound."""

from __future__ import annotations

import socket
import threading

import pytest

from securechat.core.jobs import JobFailed
from securechat.core.model.entities import Account, Session
from securechat.net.connection import Closed, Connection, Input, Lines
from securechat.server import inbox as module
from securechat.server.inbox import Inbox, Stop

PATIENCE = 20.0


@pytest.fixture
def connection() -> Connection:
    """Somebody who speaks, and has not logged in."""
    return somebody()


def somebody(account: Account | None = None) -> Connection:
    sock = socket.socket()
    sock.close()
    connection = Connection(sock, "192.0.2.1", 4711, 0)
    session = Session(
        connection,
        io=0,
        address="192.0.2.1",
        address_block="192.0.2.1",
        fingerprint=None,
        opened_at=0.0,
    )
    session.account = account
    connection.owner = session
    return connection


def newcomer() -> Connection:
    """A connection whose login is not complete, but known to be alice's."""
    return somebody(Account(1, "alice", "alice", "alice"))


def arrives(connection: Connection) -> None:
    session = connection.owner
    assert isinstance(session, Session)
    session.who.sessions.append(session)


def member() -> Connection:
    connection = newcomer()
    arrives(connection)
    return connection


def authenticated(connection: Connection) -> Connection:
    """As its I/O thread sees a member."""
    connection.authenticated = True
    return connection


def spoken(connection: Connection, lines: int) -> list[Input]:
    return [Lines(connection, [b"x"] * lines)]


def emptied(inbox: Inbox) -> int:
    """Take all that was gathered, and say how many lines it was."""
    lines = 0
    for inputs in (inbox.authenticated, inbox.logins, inbox.unauthenticated):
        lines += inputs.lines
        while inputs:
            inputs.take()
    return lines


def test_orders_come_at_once_and_input_is_sorted(connection: Connection) -> None:
    """Members' here, those of the unauthenticated there."""
    inbox, alice = Inbox(), member()
    inbox.put_inputs([*spoken(connection, 1), *spoken(alice, 2)])
    inbox.put(Stop("over"))
    assert inbox.gather(0.0) == Stop("over")
    assert inbox.authenticated.take() == Lines(alice, [b"x"] * 2)
    assert inbox.unauthenticated.take() == Lines(connection, [b"x"])


def test_nothing_is_nothing() -> None:
    """A reader that only looks doesn't wait, and a negative time is none."""
    inbox = Inbox()
    assert inbox.gather(0.0) is None
    assert inbox.gather(-1.0) is None
    assert not inbox.authenticated
    assert not inbox.unauthenticated


def test_nobody_waits_for_more_while_something_is_left(connection: Connection) -> None:
    """The hub goes on with what there is."""
    inbox = Inbox()
    inbox.put_inputs(spoken(connection, 1))
    inbox.gather(0.0)
    assert inbox.gather(10 * PATIENCE) is None
    assert inbox.unauthenticated.lines == 1


def test_who_becomes_a_member_is_not_overtaken_by_itself(connection: Connection) -> None:
    """What it said before its login comes first, however long that waits."""
    inbox = Inbox()
    inbox.put_inputs(spoken(connection, 1))
    inbox.gather(0.0)
    assert isinstance(connection.owner, Session)
    connection.owner.account = Account(1, "alice", "alice", "alice")
    inbox.put_inputs(spoken(connection, 2))
    inbox.gather(0.0)
    assert [inbox.unauthenticated.take() for _ in range(2)] == [
        *spoken(connection, 1),
        *spoken(connection, 2),
    ]
    arrives(connection)
    inbox.put_inputs(spoken(connection, 3))
    inbox.gather(0.0)
    assert inbox.authenticated.take() == Lines(connection, [b"x"] * 3)


def test_who_comes_and_who_goes_waits_at_the_door() -> None:
    """Others have to be told of both; and what somebody said last comes before the end."""
    inbox, alice, bob, carol = Inbox(), newcomer(), member(), member()
    over = [Closed(bob, "over"), Closed(carol, "over")]
    inbox.put_inputs([*spoken(alice, 1), *spoken(bob, 1), *over])
    inbox.gather(0.0)
    assert [inbox.authenticated.take() for _ in range(2)] == [*spoken(bob, 1), over[0]]
    assert [inbox.logins.take() for _ in range(2)] == [*spoken(alice, 1), over[1]]


def test_answers_are_kept_until_there_is_time_for_them(connection: Connection) -> None:
    """In the order in which the workers had them."""
    inbox = Inbox()
    assert isinstance(connection.owner, Session)
    answers = [JobFailed(connection.owner), JobFailed(connection.owner)]
    for answer in answers:
        inbox.put(answer)
    assert inbox.gather(0.0) is None
    assert list(inbox.answers) == answers


def test_who_is_no_member_any_more_is_not_overtaken_by_itself() -> None:
    """A new account that could not be stored is nobody's again."""
    inbox, connection = Inbox(), member()
    inbox.put_inputs(spoken(connection, 1))
    inbox.gather(0.0)
    assert isinstance(connection.owner, Session)
    connection.owner.account = None
    inbox.put_inputs(spoken(connection, 2))
    inbox.gather(0.0)
    assert inbox.authenticated.lines == 3


def test_who_fills_it_waits_until_there_is_room(connection: Connection) -> None:
    """An I/O thread that waits doesn't read: so the senders are slowed down, not the memory
    filled. Gathered is not done: it counts until it is taken.
    """
    inbox = Inbox()
    inbox.put_inputs(spoken(connection, module.MAX_QUEUED))
    begun, ended = threading.Event(), threading.Event()

    def fill() -> None:
        begun.set()
        inbox.put_inputs(spoken(connection, 1))
        ended.set()

    thread = threading.Thread(target=fill)
    thread.start()
    assert begun.wait(PATIENCE)
    assert not ended.wait(0.05)
    inbox.put(Stop("an order never waits"))
    inbox.gather(0.0)
    assert not ended.wait(0.05)
    emptied(inbox)
    inbox.gather(0.0)
    thread.join(PATIENCE)
    assert ended.is_set()


def test_the_unauthenticated_wait_long_before_it_is_full(connection: Connection) -> None:
    """What they may fill is a part, so that they never bring a member to a stop."""
    inbox = Inbox()
    inbox.put_inputs(spoken(authenticated(member()), module.MAX_QUEUED // 2))
    inbox.put_inputs(spoken(connection, module.UNAUTHENTICATED_WAIT))
    assert not inbox.behind()
    inbox.put_inputs(spoken(connection, 1))
    assert inbox.behind()
    inbox.gather(0.0)
    assert inbox.behind()
    emptied(inbox)
    inbox.gather(0.0)
    assert not inbox.behind()
    assert module.UNAUTHENTICATED_WAIT <= module.MAX_QUEUED // 10


def test_who_logs_in_meanwhile_is_counted_once(connection: Connection) -> None:
    """As what it was when it spoke, so that nothing is left over."""
    inbox = Inbox()
    for _ in range(3):
        connection.authenticated = False
        inbox.put_inputs(spoken(connection, module.UNAUTHENTICATED_WAIT + 1))
        authenticated(connection)
        inbox.gather(0.0)
        emptied(inbox)
        inbox.gather(0.0)
        assert not inbox.behind()
        assert (inbox.waiting, inbox._queued_unauthenticated) == (0, 0)


def test_nobody_waits_for_a_hub_that_has_ended(connection: Connection) -> None:
    """Or the I/O threads could not end."""
    inbox = Inbox()
    filler = threading.Thread(target=inbox.put_inputs, args=(spoken(connection, 50_000),))
    filler.start()
    inbox.close()
    filler.join(PATIENCE)
    assert not filler.is_alive()
    inbox.put_inputs(spoken(connection, 50_000))
    assert not inbox.behind()


def test_room_that_is_made_counts_for_all(connection: Connection) -> None:
    """Taken is taken: after any traffic there is as much room as at the start."""
    inbox = Inbox()
    for _ in range(10):
        inbox.put_inputs(spoken(connection, module.MAX_QUEUED // 4))
        inbox.gather(0.0)
        assert emptied(inbox) == module.MAX_QUEUED // 4
    inbox.gather(0.0)
    inbox.put_inputs(spoken(connection, module.MAX_QUEUED))
