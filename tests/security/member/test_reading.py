"""A member wants to read what is not for it: channels it isn't in, secret channels, others' direct
messages, what was said before it came and after it went.

Two servers are asked everything: one where the others have a secret channel and talk in private,
and one where they don't. A member without a part in it must not be able to tell which one it is in.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from securechat.core.commands.registry import COMMANDS
from tests.support.client import Client, codes, of
from tests.support.rules import RulesUnderTest, plain

CAPS = ("message-tags", "server-time", "batch", "echo-message", "away-notify", "account-tag")
SECRETS = ["plan-xyzzy", "topic-xyzzy", "key-xyzzy", "whisper-xyzzy", "mask-xyzzy"]
PARAMETERS = [
    "",
    "#den",
    "#DEN",
    "#den key-xyzz",
    "#den,#lobby",
    "#den :x",
    "#den alice",
    "#den alice :x",
    "#den mallory",
    "alice #den",
    "mallory #den",
    "#den +b",
    "#den b",
    "#den +k-k x",
    "#den +o mallory",
    "#den -s",
    "* #den",
    "#*",
    "#d?n",
    "*",
    "alice",
    "bob",
    "alice,bob",
    "chat.test alice",
    "alice bob mallory",
    "LATEST #den * 100",
    "LATEST alice * 100",
    "LIST",
]
UNASKED = {"JOIN", "QUIT", "TOKEN", "TOTP", "SESSIONS", "CAP"}
"""JOIN makes a channel where there is none; the others' answers hold random or change the session.
"""


def prepared(*, secret: bool) -> tuple[RulesUnderTest, Client]:
    """alice and bob, and, if it is so, their secrets; mallory, who has just come."""
    rules = RulesUnderTest("alice", "bob", "mallory", lobby="#lobby")
    alice, bob = rules.member("alice", caps=CAPS), rules.member("bob", caps=CAPS)
    mallory = rules.member("mallory", caps=CAPS)
    if secret:
        alice.says("JOIN #den", "MODE #den +si", "INVITE bob #den", "TOPIC #den :topic-xyzzy")
        bob.says("JOIN #den", "PRIVMSG #den :plan-xyzzy", "PRIVMSG alice :whisper-xyzzy")
        alice.says("MODE #den +kb key-xyzzy mask-xyzzy!*@*", "PRIVMSG #den :plan-xyzzy")
        alice.says("@+react=plan-xyzzy TAGMSG bob", "NOTICE bob :whisper-xyzzy")
    return rules, mallory


def asked(person: Client, line: str) -> list[str]:
    """The answer; without the number of channels and that of messages, which all may know."""
    answer = [one for one in person.says(line) if " 254 " not in one]
    return [re.sub("msgid=[^;]*;", "msgid=;", one) for one in answer]


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - UNASKED))
def test_no_question_tells_of_a_secret_channel_or_a_private_talk(command: str) -> None:
    """Every command, with every way to name a channel or a person, answers alike on both."""
    (_, knowing), (_, innocent) = prepared(secret=True), prepared(secret=False)
    for parameters in PARAMETERS:
        line = f"{command} {parameters}"
        assert asked(knowing, line) == asked(innocent, line), line
    assert knowing.hears() == innocent.hears()


def test_a_secret_channel_doesn_t_answer_who_knocks() -> None:
    """That there is one is all that its name, its looks and its key's guesser are told."""
    _, mallory = prepared(secret=True)
    for line in (
        "JOIN #den",
        "JOIN #den wrong",
        "JOIN #DEN",
        "JOIN #d\u0435n",
        "JOIN #den,#den a,b",
    ):
        told = " ".join(mallory.says(line))
        assert not [secret for secret in SECRETS if secret in told]
        assert set(codes(mallory.says("NAMES #den"))) == {"366"}


def test_what_is_said_is_heard_by_members_only() -> None:
    """In a channel, and between two, whatever mallory has asked for, in however many sessions."""
    rules, mallory = prepared(secret=True)
    others = [rules.member("mallory", caps=CAPS[:count]) for count in range(len(CAPS))]
    for line in ("MODE mallory -i", "AWAY", "INVITE mallory #den", "WHO #den", "JOIN #den"):
        mallory.says(line)
    alice = rules.member("alice", caps="echo-message")
    for person in (mallory, *others):
        person.hears()
    alice.says("PRIVMSG #den :plan-xyzzy", "TOPIC #den :topic-xyzzy", "MODE #den +m")
    alice.says("PRIVMSG bob :whisper-xyzzy", "@+x=plan-xyzzy TAGMSG bob", "INVITE bob #den")
    alice.says("KICK #den bob :plan-xyzzy", "PART #den :plan-xyzzy")
    assert [person.hears() for person in (mallory, *others)] == [[]] * (len(others) + 1)


# --- coming and going ----------------------------------------------------------------------------


def out_by_part(_: Client, mallory: Client) -> None:
    mallory.says("PART #den")


def out_by_kick(alice: Client, _: Client) -> None:
    alice.says("KICK #den mallory :out")


def out_by_ban_and_kick(alice: Client, _: Client) -> None:
    alice.says("MODE #den +b mallory!*@*", "KICK #den mallory")


Way = Callable[[Client, Client], None]


@pytest.fixture
def channel() -> tuple[RulesUnderTest, Client, Client]:
    """alice's open channel, with mallory in it; before mallory came, something was said."""
    rules = RulesUnderTest("alice", "mallory")
    alice, mallory = rules.member("alice", caps=CAPS), rules.member("mallory", caps=CAPS)
    alice.says("JOIN #den", "PRIVMSG #den :said before")
    mallory.says("JOIN #den")
    alice.says("PRIVMSG #den :said meanwhile")
    assert "said before" not in " ".join(mallory.hears())
    return rules, alice, mallory


@pytest.mark.parametrize("way", [out_by_part, out_by_kick, out_by_ban_and_kick])
@pytest.mark.parametrize("online", [True, False])
def test_who_is_out_reads_nothing_more(
    channel: tuple[RulesUnderTest, Client, Client], way: Way, online: bool
) -> None:
    """Neither at once nor at the next login, although a part of it was not read while a member."""
    rules, alice, mallory = channel
    way(alice, mallory)
    mallory.hears()
    if not online:
        mallory.hangs_up()
    alice.says("PRIVMSG #den :said after", "TOPIC #den :topic after")
    if online:
        assert mallory.hears() == []
    later = rules.connect()
    told = " ".join(later.logs_in("mallory", caps=CAPS))
    assert "said" not in told
    assert "topic after" not in told


def test_who_comes_back_doesn_t_read_what_was_said_in_between(
    channel: tuple[RulesUnderTest, Client, Client],
) -> None:
    """Membership begins anew with each JOIN, also for the replay after a lost connection."""
    rules, alice, mallory = channel
    mallory.says("PART #den")
    alice.says("PRIVMSG #den :said in between")
    mallory.says("JOIN #den")
    alice.says("PRIVMSG #den :said again")
    mallory.hangs_up()
    told = " ".join(rules.connect().logs_in("mallory", caps=CAPS))
    assert "said again" in told
    assert "said in between" not in told
    assert "said before" not in told


def test_a_login_that_is_under_way_reads_nothing_of_a_channel_it_has_just_lost(
    channel: tuple[RulesUnderTest, Client, Client],
) -> None:
    """The worker has read the messages already when the member is put out."""
    rules, alice, mallory = channel
    mallory.hangs_up()
    alice.says("PRIVMSG #den :said while away")
    rules.busy = True
    back = rules.connect()
    back.says("CAP LS 302", "NICK mallory", "USER m 0 * :M", "CAP REQ :sasl batch")
    back.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('mallory')}", "CAP END")
    rules.answer(rules.do(rules.jobs.pop(0)))
    found = rules.do(rules.jobs.pop(0))
    alice.says("KICK #den mallory")
    back.hears()
    rules.answer(found)
    assert "001" in codes(heard := back.hears())
    assert "said" not in " ".join(heard)
    assert of(heard, "JOIN") == []


def test_a_direct_message_has_two_readers() -> None:
    """A third party's sessions, new or old, hear nothing, and nothing is replayed to it."""
    rules = RulesUnderTest("alice", "bob", "mallory")
    alice, mallory = rules.member("alice", caps=CAPS), rules.member("mallory", caps=CAPS)
    alice.says("PRIVMSG bob :whisper-xyzzy", "PRIVMSG alice :note-xyzzy")
    mallory.says("PRIVMSG bob :hello", "PRIVMSG alice :hello")
    assert "xyzzy" not in " ".join(mallory.hears())
    mallory.hangs_up()
    alice.says("PRIVMSG bob :more-xyzzy", "PRIVMSG mallory :for you")
    told = " ".join(rules.connect().logs_in("mallory", caps=CAPS))
    assert "for you" in told
    assert "xyzzy" not in told


def test_a_disabled_account_looks_like_none() -> None:
    """To messages, invitations and questions; its name stays taken, which is all that is told."""
    answers = []
    for name in ("gone", "none"):
        rules = RulesUnderTest("alice", "gone")
        alice, gone = rules.member("alice"), rules.member("gone")
        alice.says("JOIN #den")
        with rules.turn() as turn:
            rules.account("gone").disabled = True
            rules.rules.end_sessions(turn, rules.account("gone"), "disabled")
        assert gone.hears()
        alice.hears()
        told = []
        for command in sorted(COMMANDS.keys() - UNASKED - {"NICK", "WHOWAS"}):
            for parameters in ("X", "X #den", "X :hi", "#den +o X", "#den,X", "* X :bye", "x X"):
                told += alice.says(f"{command} {parameters.replace('X', name)}")
        answers.append([re.sub(name, "X", line, flags=re.IGNORECASE) for line in told])
    assert answers[0] == answers[1]
