"""A stranger tries every command there is before a login, in every state of the connection.

Two servers are asked the same: one with people, channels and talk, and one where nobody ever was.
If a single byte of the answers differs, something has leaked. The commands come from the server's
own table, so one that is added later is tried as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from securechat.core.auth import throttle
from securechat.core.commands.registry import BEFORE_LOGIN, COMMANDS
from securechat.irc.message import parse
from tests.support.client import Client, sasl_plain
from tests.support.server import PASSWORD, ServerUnderTest, running

OPEN = sorted(c.name for c in COMMANDS.values() if c.states & BEFORE_LOGIN)
CLOSED = sorted(c.name for c in COMMANDS.values() if not c.states & BEFORE_LOGIN)
INVENTED = ["OPER", "STATS", "WALLOPS", "KILL", "CHATHISTORY", "SETNAME", "999"]
PARAMETERS = [
    "",
    "#den",
    "alice",
    "alice :hello",
    "#den :hello",
    "#den alice :hello",
    "alice #den",
    "#den +b",
    "chat.test alice",
    "LIST",
    "LS 302",
    "REQ :echo-message account-tag",
    "CREATE laptop",
    "REVOKE laptop",
    "CONFIRM 123456",
    "LATEST #den * 50",
    "alice 0 * :#den",
    "* wrong-invite-code :violet kettles dance 4",
    "alice * :violet kettles dance 4",
    "alice:seventeen green herons",
    "PLAIN",
    "EXTERNAL",
    "YWxpY2U=",
    "*",
    "END",
]
FORGED = "@account=alice;+typing=active :alice!alice@chat.test "
BREATH = 80
"""Lines said at once: as many are held while a password is checked, and one TLS record has them."""


def sasl(name: str, password: str) -> str:
    return sasl_plain(name, password)


@dataclass
class TriedServer:
    """A server, its members who are online, and an invite code that nobody has used."""

    server: ServerUnderTest
    people: list[Client]
    code: str


def settle(server: ServerUnderTest) -> TriedServer:
    """carol has an account everywhere, as somebody must for a right password to be given."""
    server.lets_unauthenticated_speak()
    server.add("carol")
    with server.admin() as admin:
        code = admin.invites.make(uses=9, expires_ms=4_000_000_000_000, now_ms=1)
        server.wait_for(admin.in_effect)
    return TriedServer(server, [], code)


@pytest.fixture(scope="module")
def both_servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[TriedServer, TriedServer]]:
    """The busy server and the empty one, which don't make those wait who guess passwords."""
    rules = {"accounts": {"registration": "invite"}}
    directory: Path = tmp_path_factory.mktemp("both_servers")
    with (
        pytest.MonkeyPatch.context() as patch,
        running(directory / "busy", "alice", "bob", **rules) as busy,
        running(directory / "empty", **rules) as empty,
    ):
        patch.setattr(throttle, "FREE", throttle.MAX_LEVEL)
        tried = settle(busy)
        alice, bob = busy.member("alice", caps="echo-message"), busy.member("bob")
        alice.sends("JOIN #den", "TOPIC #den :the secret of the den", "MODE #den +b eve!*@*")
        alice.sends("TOKEN CREATE laptop", "AWAY :at the seaside", "PRIVMSG bob :between us")
        bob.sends("JOIN #den", "PRIVMSG #den :hello")
        for person in (alice, bob, alice):
            person.hears()
        tried.people += [alice, bob]
        yield tried, settle(empty)


# --- states ---------------------------------------------------------------------------------------


def connected(_: TriedServer) -> list[str]:
    return []


def negotiating(_: TriedServer) -> list[str]:
    return ["CAP LS 302", "CAP REQ :sasl echo-message account-tag message-tags away-notify batch"]


def named(_: TriedServer) -> list[str]:
    return ["NICK alice", "USER alice 0 * :Alice"]


def challenged(_: TriedServer) -> list[str]:
    return ["CAP REQ :sasl", "NICK alice", "AUTHENTICATE PLAIN"]


def verifying(_: TriedServer) -> list[str]:
    """What follows in the same breath comes while the password is being checked."""
    return ["CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {sasl('alice', 'wrong')}"]


def creating(tried: TriedServer) -> list[str]:
    """The password is being looked at; it is too weak for an account."""
    return ["NICK yvonne", f"REGISTER * {tried.code} :yvonne"]


def passing(_: TriedServer) -> list[str]:
    """The password of PASS is being checked; the connection ends with the answer."""
    return ["PASS alice:wrong", "NICK alice", "USER alice 0 * :Alice"]


def proven(_: TriedServer) -> list[str]:
    """The right password of somebody whose connection isn't registered yet."""
    return ["CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {sasl('carol', PASSWORD)}"]


STATES = [connected, negotiating, named, challenged, verifying, creating, passing, proven]

State = Callable[[TriedServer], list[str]]


def answers(tried: TriedServer, state: State, lines: list[str]) -> list[str]:
    """What strangers hear who say all this, each as much as fits into a breath."""
    heard = []
    for at in range(0, len(lines), BREATH):
        with tried.server.connect() as stranger:
            stranger.sends(*state(tried), *lines[at : at + BREATH], "PING done", "QUIT")
            heard += stranger.hears_the_end()
    return heard


def each_once(command: str) -> list[str]:
    return [f"{command} {parameters}".rstrip() for parameters in PARAMETERS]


# --- the walk -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_no_members_command_works_before_the_login(
    both_servers: tuple[TriedServer, TriedServer], state: State
) -> None:
    """Every line is answered with 451, in every state, and no two servers answer differently."""
    lines = [line for command in [*CLOSED, *INVENTED] for line in each_once(command)]
    lines += [FORGED + line for line in lines[:: len(PARAMETERS) // 2]]
    busy, empty = (answers(tried, state, lines) for tried in both_servers)
    assert busy == empty
    refused = [line for line in busy if " 451 " in line]
    ended = state is passing
    assert len(refused) == (0 if ended else len(lines))
    assert {parse(line).params[-1] for line in refused} <= {"Log in first"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", OPEN)
def test_what_works_before_the_login_tells_nothing(
    both_servers: tuple[TriedServer, TriedServer], state: State, command: str
) -> None:
    """The few commands of the login answer the same, whether the names in them exist or not."""
    lines = [line for line in each_once(command) if state is not proven or line != "CAP END"]
    lines += [FORGED + line for line in lines[1::3]]
    busy, empty = (answers(tried, state, lines) for tried in both_servers)
    assert busy == empty
    told = " ".join(busy).replace("account:password", "")
    assert not [word for word in ("bob", "lobby", "seaside", "secret of") if word in told]


@pytest.mark.parametrize("state", STATES)
def test_an_account_that_exists_answers_like_one_that_doesn_t(
    both_servers: tuple[TriedServer, TriedServer], state: State
) -> None:
    """On the same server: the names of a member and of nobody, of a channel and of none."""

    def told(nick: str, channel: str) -> list[str]:
        def swap(lines: list[str]) -> list[str]:
            return [line.replace("alice", nick).replace("#den", channel) for line in lines]

        lines = [line for command in [*OPEN, *CLOSED] for line in each_once(command)]
        said = [line for line in swap(lines) if not line.startswith(("QUIT", "CAP END"))]
        heard = answers(both_servers[0], lambda tried: swap(state(tried)), said)
        return [line.replace(nick, "NICK").replace(channel, "CHANNEL") for line in heard]

    assert told("alice", "#den") == told("zelda", "#zoo")


def test_all_this_has_changed_nothing_and_nobody_has_noticed(
    both_servers: tuple[TriedServer, TriedServer],
) -> None:
    """After a stranger has said everything, members have heard nothing, and all is as it was."""
    tried = both_servers[0]
    alice, bob = tried.people
    for person in tried.people:
        person.hears()

    def looks() -> list[str]:
        alice.sends("TOPIC #den", "MODE #den", "MODE #den b", "NAMES #den", "LIST", "TOKEN LIST")
        return alice.says("NAMES #lobby", "WHO a*", "ISON alice bob carol zelda yvonne")

    before = looks()
    everything = [line for name in sorted(COMMANDS) for line in each_once(name) if name != "QUIT"]
    for state in STATES:
        answers(tried, state, [line for line in everything if line != "CAP END"])
    assert looks() == before
    assert bob.hears() == []
