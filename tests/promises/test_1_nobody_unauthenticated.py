"""Promise 1: nobody unauthenticated is in the broadcast set.

Before login a connection can register, authenticate and quit; every other command is refused, and
nothing about users or channels leaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securechat.core.commands.registry import BEFORE_LOGIN, COMMANDS
from tests.support.before_login import BEFORE_LOGIN as SAID_BEFORE_LOGIN
from tests.support.client import Client, sasl_plain
from tests.support.server import PASSWORD, ServerUnderTest, running

INVENTED = [
    "HELLO",
    "OPER",
    "EVAL",
    "USERS",
    "STATS",
    "LINKS",
    "CHATHISTORY",
    "999",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server by invitation, with two members in a channel that nobody should know of before a
    login.
    """
    accounts = {"registration": "invite"}
    with running(tmp_path / "data", "alice", "bob", accounts=accounts) as server:
        yield server


@pytest.fixture
def members(server: ServerUnderTest) -> tuple[Client, Client]:
    """Two who are in a channel with a topic."""
    alice, bob = (
        server.member("alice", caps="echo-message"),
        server.member("bob", caps="echo-message"),
    )
    alice.sends("JOIN #den", "TOPIC #den :the secret of the den", "AWAY :at the seaside")
    bob.sends("JOIN #den")
    for person in (bob, alice):
        person.hears()
    return alice, bob


# --- what is refused -----------------------------------------------------------------------------


def test_these_and_no_others_work_before_login() -> None:
    """A new command is for members unless somebody decides otherwise here."""
    assert {command.name for command in COMMANDS.values() if command.states & BEFORE_LOGIN} == (
        SAID_BEFORE_LOGIN
    )


@pytest.mark.usefixtures("members")
def test_every_other_command_is_refused(server: ServerUnderTest) -> None:
    """With 451, whatever its parameters; an invented one as one that exists."""
    server.lets_unauthenticated_speak()
    client = server.connect()
    for command in [*sorted(COMMANDS.keys() - SAID_BEFORE_LOGIN), *INVENTED]:
        for parameters in ("", " #den", " alice", " #den alice :x", " alice :x", " x y z"):
            client.sends(command + parameters)
            assert client.hears_line() == ":chat.test 451 * :Log in first", command + parameters


# --- what leaks ----------------------------------------------------------------------------------

QUESTIONS = [
    *(f"{command} {{channel}}" for command in sorted(COMMANDS.keys() - {"QUIT", "CAP"})),
    *(f"{command} {{nick}}" for command in sorted(COMMANDS.keys() - {"QUIT", "CAP"})),
    "PRIVMSG {nick},{channel} :x",
    "WHOIS chat.test {nick}",
    "NICK :{channel}",
    "USER {nick} 0 * :{channel}",
    "REGISTER {nick} * :violet kettles dance 4",
    "REGISTER {nick} wrong-invite-code :violet kettles dance 4",
    "REGISTER * wrong-invite-code :violet kettles dance 4",
    "PASS {nick}:wrong password",
    "CAP LS 302",
    "CAP REQ :{nick}",
    "@+draft/reply={nick} TAGMSG {channel}",
    ":{nick}!{nick}@chat.test PRIVMSG {channel} :x",
]


def answers(server: ServerUnderTest, question: str, nick: str, channel: str) -> list[str]:
    """The answer to a question on a new connection of that nick; with the names blotted."""
    with server.connect() as client:
        client.sends(f"NICK {nick}", question.format(nick=nick, channel=channel))
        return [line.replace(channel, "CHANNEL").replace(nick, "NICK") for line in client.hears()]


@pytest.mark.usefixtures("members")
def test_a_question_tells_nothing_of_who_and_what_there_is(server: ServerUnderTest) -> None:
    """The answer about a member and his channel is the answer about nobody and nothing."""
    for question in QUESTIONS:
        real = answers(server, question, "alice", "#den")
        assert real == answers(server, question, "zelda", "#zoo")
        told = " ".join(real)
        assert not any(name in told for name in ("alice", "bob", "#den", "lobby", "seaside"))


def logs_in_wrongly(person: Client, name: str) -> str:
    payload = sasl_plain(name, "wrong password")
    person.sends("CAP REQ sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {payload}")
    return person.hears_until(" 904 ")[-1]


def test_a_failed_login_doesn_t_tell_which_accounts_there_are(server: ServerUnderTest) -> None:
    """Known, unknown, disabled, malformed: the same words."""
    server.add("carol")
    with server.admin() as admin:
        admin.set_disabled(admin.find("carol", "carol"), disabled=True)
        server.wait_for(admin.in_effect)
    told = {logs_in_wrongly(server.connect(), name) for name in ("alice", "zelda", "carol", "a b")}
    assert told == {":chat.test 904 * :SASL authentication failed: wrong account or password"}


def test_who_has_no_account_is_told_to_get_one(server: ServerUnderTest) -> None:
    """NICK and USER alone make nobody a member, as on other servers they would."""
    client = server.connect()
    client.sends("NICK alice", "USER alice 0 * :Alice")
    assert client.hears_line().startswith(":chat.test FAIL * ACCOUNT_REQUIRED ")
    client.sends("JOIN #lobby", "PRIVMSG #lobby :it's me, alice")
    assert [" 451 " in client.hears_line() for _ in range(2)] == [True, True]


# --- what is heard -------------------------------------------------------------------------------


def fresh(person: Client) -> None:
    """Has said nothing."""


def named(person: Client) -> None:
    """Has said a member's name."""
    person.sends("NICK alice", "USER alice 0 * :Alice")


def negotiating(person: Client) -> None:
    """Has asked for everything there is."""
    person.sends("CAP LS 302", "CAP REQ :echo-message away-notify account-notify", "NICK bob")


def challenged(person: Client) -> None:
    """Is in the middle of a login."""
    person.sends("CAP REQ :sasl", "NICK alice", "USER alice 0 * :A", "AUTHENTICATE PLAIN")


def denied(person: Client) -> None:
    """Has tried a wrong password."""
    named(person)
    logs_in_wrongly(person, "alice")


def proven(person: Client) -> None:
    """Has given the right password, and not finished the connection's registration."""
    payload = sasl_plain("bob", PASSWORD)
    person.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {payload}")
    person.hears_until(" 903 ")


@pytest.mark.parametrize("state", [fresh, named, negotiating, challenged, denied, proven])
def test_nothing_is_heard_unauthenticated_of_what_others_say(
    server: ServerUnderTest, members: tuple[Client, Client], state: Callable[[Client], None]
) -> None:
    """However far a login has come: until it is complete, not a line of anybody's arrives."""
    alice, bob = members
    client = server.connect()
    state(client)
    client.hears()
    for number in range(10):
        alice.sends(
            f"PRIVMSG #lobby :{number}", f"PRIVMSG #den :{number}", f"PRIVMSG bob :{number}"
        )
        bob.sends("AWAY :x", "AWAY", f"TOPIC #den :{number}", "PART #den", "JOIN #den")
    alice.hears()
    bob.hears()
    bob.sends("QUIT")
    alice.hears_until("QUIT")
    assert client.hears() == []


@pytest.mark.parametrize("state", [fresh, named, negotiating, challenged, denied])
def test_members_learn_nothing_of_the_unauthenticated(
    server: ServerUnderTest, members: tuple[Client, Client], state: Callable[[Client], None]
) -> None:
    """Nobody joins, speaks, quits or is listed who has not logged in."""
    alice, _ = members
    with server.connect() as client:
        state(client)
        client.sends("PRIVMSG #den :boo", "PRIVMSG alice :boo", "JOIN #den", "QUIT :boo")
        client.hears_the_end()
    assert alice.hears() == []
