"""ADMINISTER: what `securechat-admin` does, over the connection of an administrator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from securechat.core.administration.remote import (
    BY_RULES,
    BY_WORKER,
    KINDS,
    READING,
    Act,
    Outcome,
)
from securechat.core.administration.requests import ACTIONS
from securechat.core.commands.verbs import FRESH_SECONDS
from securechat.core.model.state import ADMINISTERED_AT_ONCE
from securechat.core.model.states import State
from securechat.irc.message import MAX_BODY_BYTES
from tests.support.client import Client, codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest, plain

CAP = "securechat/administration"


def stage(**settings: object) -> tuple[RulesUnderTest, Client]:
    """An administrator, who has just logged in with the password, and two others."""
    rules = RulesUnderTest("alice", "bob", **settings)
    rules.add("boss", admin=True)
    return rules, rules.member("boss", caps=CAP)


def asks(boss: Client, what: str, **facts: object) -> Any:
    """What somebody is answered to a request that is done."""
    *parts, end = of(boss.says(f"ADMINISTER {what} :{json.dumps(facts)}"), "NOTE")
    assert end.params == ["ADMINISTER", "END", what]
    assert all(part.params[:-1] == ["ADMINISTER", "PART"] for part in parts)
    return json.loads("".join(part.params[-1] for part in parts))


def fails(boss: Client, line: str) -> str:
    """The code of a refusal."""
    message = only(boss.says(f"ADMINISTER {line}"))
    assert (message.command, message.params[0]) == ("FAIL", "ADMINISTER")
    return message.params[1]


# --- who may -------------------------------------------------------------------------------------


def test_to_others_there_is_no_such_command() -> None:
    """Members, and administrators whose client has not asked for it, hear what they hear of any
    word; and HELP doesn't tell of it.
    """
    rules, boss = stage()
    alice, plainly = rules.member("alice", caps=CAP), rules.member("boss")
    for line in ("", " user list", " audit {}", ' sessions :{"name": "alice"}'):
        for person in (alice, plainly):
            [heard] = person.says(f"ADMINISTER{line}")
            [unknown] = person.says(f"ADMINISTERS{line}")
            assert heard == unknown.replace("ADMINISTERS", "ADMINISTER")
    assert codes(alice.says("HELP ADMINISTER")) == ["524"]
    assert "ADMINISTER" not in " ".join(alice.says("HELP"))
    assert "ADMINISTER" in " ".join(boss.says("HELP"))
    assert not rules.jobs


def test_a_token_administers_nothing() -> None:
    """Who has shown it only is asked for the password, and may show that on the same connection."""
    rules, boss = stage()
    token = only(boss.says("TOKEN CREATE phone")).params[3]
    page = rules.connect()
    page.logs_in("boss", caps=f"{CAP} sasl", password=token)
    page.hears()
    assert fails(page, "user list") == "REAUTHENTICATE"
    page.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('boss')}")
    assert asks(page, "user list") is None


def test_the_password_was_shown_lately() -> None:
    """Else whoever finds the screen unattended could."""
    rules, boss = stage(ping_seconds=1e9, dead_seconds=1e9)
    rules.passes(FRESH_SECONDS)
    asks(boss, "kept")
    rules.passes(1)
    assert fails(boss, "kept") == "REAUTHENTICATE"


def test_rights_that_were_taken_are_gone_at_once() -> None:
    """As if they had never been."""
    rules, boss = stage()
    rules.account("boss").admin = False
    assert codes(boss.says("ADMINISTER kept")) == ["421"]


# --- what is asked -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "UNKNOWN_SUBCOMMAND"),
        ("user delete :{}", "UNKNOWN_SUBCOMMAND"),
        ("status", "UNKNOWN_SUBCOMMAND"),
        ("name rename :{}", "UNKNOWN_SUBCOMMAND"),
        ("audit :{", "INVALID_PARAMS"),
        (f"audit :{'[' * 400}", "UNKNOWN_SUBCOMMAND"),
        (f"audit {'{' * 400}", "INVALID_PARAMS"),
        ('audit :{"secret": 1}', "INVALID_PARAMS"),
        ('audit :{"limit": 51}', "INVALID_PARAMS"),
        ('audit :{"limit": true}', "INVALID_PARAMS"),
        ('audit :{"limit": 1e999}', "INVALID_PARAMS"),
        ('audit :{"event": "a\\nb"}', "INVALID_PARAMS"),
        ('audit :{"event": "\\ud800"}', "INVALID_PARAMS"),
        ("user disable", "INVALID_PARAMS"),
        ('user disable :{"name": ["alice"]}', "INVALID_PARAMS"),
        ('invite :{"uses": 0}', "INVALID_PARAMS"),
        ('invite :{"admin": true}', "INVALID_PARAMS"),
        ('channel role :{"channel": "#a", "name": "alice", "role": []}', "INVALID_PARAMS"),
        ('channel add :{"channel": "#a", "names": [1]}', "INVALID_PARAMS"),
        ('channel mode :{"channel": "#a", "modes": "+k", "key": "x"}', "INVALID_PARAMS"),
    ],
)
def test_what_does_not_fit_is_refused(line: str, code: str) -> None:
    """And nothing is begun."""
    rules, boss = stage()
    rules.acts_on = lambda act: pytest.fail(f"{act} was done")
    assert fails(boss, line) == code


def test_what_is_not_given_has_a_usual_value() -> None:
    """The worker has all facts of a kind, and who asks."""
    rules, boss = stage()
    acts: list[Act] = []
    rules.acts_on = lambda act: acts.append(act) or Outcome("null")  # type: ignore[func-returns-value]
    asks(boss, "invite", note="class 7b")
    [act] = acts
    assert act.facts == {"uses": 1, "days": 7, "note": "class 7b"}
    assert (act.kind, act.by, act.name) == ("invite", rules.account("boss").id, "boss")
    assert act.address == "192.0.2.1"
    assert "7b" not in repr(act)


def test_all_that_the_rules_do_is_declared() -> None:
    """A kind without a function would be a bug when it is asked for."""
    assert BY_RULES.keys() <= ACTIONS.keys()
    assert not BY_RULES.keys() & BY_WORKER.keys()
    assert KINDS.keys() >= READING


def test_changes_have_a_rate() -> None:
    """Reading has none of its own: it is paid for as lines are."""
    _, boss = stage()
    for _ in range(ADMINISTERED_AT_ONCE):
        asks(boss, "user enable", name="alice")
    assert fails(boss, 'user enable :{"name": "alice"}') == "RATE_LIMITED"
    asks(boss, "user list")


# --- what a worker does --------------------------------------------------------------------------


def test_a_long_answer_comes_in_pieces() -> None:
    """Each within the limit of a line; put together they are what the worker said."""
    rules, boss = stage()
    rows = [f"{'ж' * 50} {number}" for number in range(30)]
    rules.acts_on = lambda act: Outcome(json.dumps(rows, ensure_ascii=False))
    lines = boss.says("ADMINISTER audit")
    assert max(len(line.encode()) for line in lines) == MAX_BODY_BYTES
    assert json.loads("".join(one.params[-1] for one in of(lines, "NOTE")[:-1])) == rows


def test_what_is_refused_or_fails_is_told() -> None:
    """And what is stored but not taken up."""
    rules, boss = stage()
    rules.acts_on = lambda act: Outcome(refused="there is no account x")
    message = only(boss.says("ADMINISTER kept"))
    assert message.params == ["ADMINISTER", "REFUSED", "there is no account x"]
    rules.acts_on = lambda act: None
    assert fails(boss, "kept") == "INTERNAL_ERROR"
    rules.acts_on = lambda act: Outcome("1", in_effect=False)
    assert codes(boss.says("ADMINISTER kept")) == ["WARN", "NOTE", "NOTE"]


def test_an_answer_shows_nothing_in_a_log() -> None:
    """It may have a password in it."""
    assert "secret" not in repr(Outcome("secret"))


# --- what the rules do ---------------------------------------------------------------------------


def test_a_channel_is_made_and_moderated() -> None:
    """People see it as the server's; the audit names the account, and from where."""
    rules, boss = stage()
    alice = rules.member("alice")
    assert asks(boss, "channel create", channel="#den") == "#den"
    assert asks(boss, "channel add", channel="#den", names=["alice"]) == ["alice"]
    assert asks(boss, "channel present", channel="#den") == ["boss", "alice"]
    alice.hears()
    assert asks(boss, "channel kick", channel="#den", name="alice", reason="enough") == "alice"
    assert alice.hears() == [":chat.test KICK #den alice :enough"]
    done = [one for one in rules.audits if one.event in ("channel created", "kick")]
    assert [(one.account, one.address) for one in done] == [("boss", "192.0.2.1")] * 2


def test_what_is_refused_leaves_nothing() -> None:
    """Not the half of it that could be done."""
    rules, boss = stage()
    before = list(rules.stored)
    facts = json.dumps({"channel": "#den", "modes": "+x"})
    assert fails(boss, f"channel create :{facts}") == "REFUSED"
    assert rules.stored == before
    assert "#den" not in rules.model.channels


def test_sessions_are_shown_and_ended() -> None:
    """By the account's name."""
    rules, boss = stage()
    alice = rules.member("alice")
    [live] = asks(boss, "sessions", name="alice")
    assert asks(boss, "logout", name="ALICE", session=live[0]) == 1
    assert codes(alice.hears()) == ["ERROR"]
    assert alice.session.state is State.CLOSED
    [audited] = [one for one in rules.audits if one.event == "logged out by the administrator"]
    assert (audited.account, audited.address) == ("boss", "192.0.2.1")
    assert fails(boss, 'logout :{"name": "nobody"}') == "REFUSED"


def test_administrators_do_not_end_each_other() -> None:
    """That is done on the machine: one stolen password must not be worth all."""
    rules, boss = stage()
    rules.add("chief", admin=True)
    rules.member("chief")
    assert fails(boss, 'logout :{"name": "chief"}') == "REFUSED"
    assert len(asks(boss, "sessions", name="chief")) == 1


def test_what_can_t_be_stored_is_not_told_as_done() -> None:
    """The asker hears the usual 400."""
    rules, boss = stage()
    rules.full = True
    assert codes(boss.says('ADMINISTER channel create :{"channel": "#den"}')) == ["400"]
    assert "#den" not in rules.model.channels


def test_an_answer_has_the_label_of_its_line() -> None:
    """Whether a worker has part in it or not."""
    rules, _ = stage()
    boss = rules.connect()
    boss.logs_in("boss", caps=f"{CAP} batch labeled-response", password=RIGHT)
    boss.hears()
    for line in ("kept", 'channel create :{"channel": "#den"}'):
        heard = boss.says(f"@label=a7 ADMINISTER {line}")
        assert heard[0].startswith("@label=a7 "), line
