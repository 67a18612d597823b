"""The table of commands, and promise 1: what a connection may do before it is somebody."""

from __future__ import annotations

import pytest

from securechat.core.commands.registry import ALWAYS, COMMANDS, LOGGED_IN
from securechat.core.model.states import WAITING, State
from tests.support.before_login import BEFORE_LOGIN as SAID_BEFORE_LOGIN
from tests.support.client import Client, codes, only
from tests.support.rules import RIGHT, RulesUnderTest, in_channel, plain

AFTER = {
    "BATCH",
    "HELPOP",
    *("PRIVMSG", "NOTICE", "TAGMSG", "JOIN", "PART", "KICK", "INVITE", "TOPIC", "NAMES", "LIST"),
    *("RENAME", "DROP"),
    *("MODE", "WHO", "WHOIS", "WHOWAS", "ISON", "USERHOST", "SETNAME", "MONITOR"),
    *("MOTD", "LUSERS", "VERSION", "TIME", "LINKS", "INFO", "ADMIN", "HELP"),
    *("TOKEN", "TOTP", "PASSWD", "SESSIONS", "CERT", "CHATHISTORY", "SEARCH"),
    *("MARKREAD", "REDACT", "POLICY", "REPORT", "ADMINISTER"),
}

PARAMS = [
    *("", "alice", "#den", "alice #den", "#den alice", "#den :x", "alice :x", "#lobby +b", "*"),
    *("* * password", "alice 0 * :x", "PLAIN", "LIST", "CREATE x", "ENROLL"),
]


def stage_with_life() -> tuple[RulesUnderTest, list[Client]]:
    """Channels, people and texts that could leak."""
    rules = RulesUnderTest("alice", "bob", lobby="#lobby", motd=("soup",), contact="boss")
    rules.add("boss", admin=True)
    people = [rules.member(name) for name in ("alice", "bob", "boss")]
    people[0].says("JOIN #den", "TOPIC #den :soup", "AWAY :lunch")
    for person in people:
        person.hears()
    return rules, people


def hears(rules: RulesUnderTest, state: str, line: str) -> list[str]:
    """What somebody who isn't logged in gets for a line."""
    person = rules.connect()
    if state != "fresh":
        person.says("CAP LS", "NICK mallory", "USER mallory 0 * :M")
    if state == "challenged":
        person.says("AUTHENTICATE PLAIN")
    if state == "proven":
        person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('mallory')}")
        assert person.session.state is State.PROVEN
    heard = person.says(line)
    person.hangs_up()
    return heard


@pytest.mark.parametrize("name", sorted({*COMMANDS, "WALLOPS", "OPER", "HISTORY", "001"}))
@pytest.mark.parametrize("state", ["fresh", "introduced", "challenged", "proven"])
def test_nothing_is_learned_or_changed_unauthenticated(name: str, state: str) -> None:
    """Every command but the few is refused with 451 in every state before the welcome, and every
    answer is the same as on a server where there is nobody and nothing.
    """
    (rules, people), desert = stage_with_life(), RulesUnderTest(lobby="#lobby")
    rules.add("mallory")
    desert.add("mallory")
    before = list(rules.stored)
    for params in PARAMS:
        line = f"@+x=y {name} {params}"
        heard = hears(rules, state, line)
        if name not in SAID_BEFORE_LOGIN:
            assert codes(heard) == ["451"], line
        assert heard == hears(desert, state, line), line
    assert [person.hears() for person in people] == [[], [], []]
    assert rules.stored == before


def test_the_table_is_complete() -> None:
    """What is registered is what the tests know of."""
    assert set(COMMANDS) == SAID_BEFORE_LOGIN | AFTER


@pytest.mark.parametrize("name", sorted(AFTER))
def test_members_only(name: str) -> None:
    """The gate is data, and says who."""
    assert COMMANDS[name].states == LOGGED_IN == {State.READY}


def test_nothing_runs_while_a_worker_is_asked() -> None:
    """No command has a state in which lines are held, or in which the session is closed."""
    assert not ALWAYS & WAITING
    assert State.CLOSED not in ALWAYS
    assert all(command.states <= ALWAYS for command in COMMANDS.values())


@pytest.mark.parametrize(
    "name", sorted(name for name, command in COMMANDS.items() if command.min_params)
)
def test_too_few_parameters(name: str) -> None:
    """461 names the command and shows how it is used."""
    alice = RulesUnderTest("alice").member("alice")
    needed = COMMANDS[name].min_params
    for count in range(needed):
        refused = only(alice.says(" ".join([name, *["x"] * count])))
        assert (refused.command, refused.params[1]) == ("461", name)
        assert COMMANDS[name].usage in refused.params[2]


def test_an_unknown_command() -> None:
    """421 once logged in, cut to a decent length; 451 before."""
    rules = RulesUnderTest("alice")
    refused = only(rules.member("alice").says("x" * 400 + " y"))
    assert (refused.command, refused.params[1]) == ("421", "X" * 40)
    assert codes(rules.connect().says("NONSENSE")) == ["451"]


def test_a_command_is_known_in_any_spelling() -> None:
    """Case doesn't count."""
    assert codes(RulesUnderTest("alice").member("alice").says("pInG x")) == ["PONG"]


def test_every_command_has_its_help() -> None:
    """One sentence, without line breaks."""
    for command in COMMANDS.values():
        assert command.help.endswith("."), command.name
        assert "\n" not in command.help


# Surplus words


@pytest.mark.parametrize(
    ("line", "colon"),
    [
        ("PASSWD correct horse battery", "PASSWD :<new password>"),
        ("TOPIC #den tea at four", "TOPIC <#channel> [:<topic>]"),
        ("PART #den gone fishing", "PART <#channel>[,<#channel>…] [:<reason>]"),
        ("KICK #den bob out now", "KICK <#channel>[,<#channel>…] <nick>[,<nick>…] [:<reason>]"),
        ("AWAY out to lunch", "AWAY [:<message>]"),
        ("INVITE bob #den #pub", "INVITE [<nick> <#channel>]"),
    ],
)
def test_a_word_too_many_is_not_passed_over(line: str, colon: str) -> None:
    """Where it changes what is meant nothing is done: the colon is named, and nothing repeated."""
    rules, (alice, _) = in_channel("alice", "bob")
    stored = list(rules.stored)
    refused = only(alice.says(line))
    assert refused.command == "461"
    assert "Too many words" in refused.params[2]
    assert refused.params[2].endswith(colon)
    assert not set(line.split()[2:]) & set(refused.params[2].split())
    assert (rules.stored, rules.jobs, rules.account("alice").away) == (stored, [], None)


@pytest.mark.parametrize("line", ["REGISTER * * correct horse battery", "PASS alice:correct horse"])
def test_a_password_s_first_word_is_none(line: str) -> None:
    """No account is made with it, and nobody is logged in by it."""
    rules = RulesUnderTest("alice", registration="open")
    person = rules.connect()
    person.says("NICK zoe")
    rules.busy = True
    refused = only(person.says(line))
    assert (refused.command, "colon before the" in refused.params[2]) == ("461", True)
    assert "horse" not in refused.params[2]
    assert (rules.jobs, person.session.attempt.password) == ([], None)


@pytest.mark.parametrize("kind", ["PRIVMSG", "NOTICE"])
def test_a_text_without_its_colon_is_refused_where_it_is_seen(kind: str) -> None:
    """Only its first word would arrive."""
    _, (alice, bob) = in_channel("alice", "bob", caps="standard-replies")
    refused = only(alice.says(f"{kind} #den hello everybody"))
    assert refused.command == ("404" if kind == "PRIVMSG" else "FAIL")
    assert refused.params[-2:] == ["#den", f"Put a colon before the text: {kind} #den :<text>"]
    assert bob.hears() == []


def test_what_clients_send_by_habit_is_taken() -> None:
    """Words too many that change nothing, or that belong together beyond doubt."""
    rules = RulesUnderTest("alice", "bob")
    bob = rules.connect()
    heard = bob.says("NICK bob 1", "USER bob 0 * Bob the Builder", f"PASS :bob:{RIGHT}")
    assert "001" in codes(heard)
    bob.says("QUIT")
    alice = rules.member("alice")
    assert codes(alice.says("JOIN #den key more"))[0] == "JOIN"
    assert codes(alice.says("WHO #den o x", "MODE #den +s x", "LUSERS a b", "MODE #den b x y"))
    bob = rules.member("bob")
    bob.says("JOIN #den")
    alice.hears()
    bob.says("QUIT gone fishing")
    assert only(alice.hears()).params == ["Quit: gone fishing"]
