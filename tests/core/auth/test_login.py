"""From an unauthenticated connection to a member: what a login waits for, and what it leaves."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from securechat.core.auth.login import LATE_SECONDS
from securechat.core.auth.throttle import MAX_WAIT_SECONDS
from securechat.core.jobs import Verified, VerifyPassword
from securechat.core.journal.events.accounts import PasswordRehashed
from securechat.core.model.states import State
from securechat.irc.sasl import encode_chunks
from tests.support.client import Client, codes, of, only
from tests.support.rules import NEW_HASH, OLD_HASH, RIGHT, RulesUnderTest, plain

PARTS = ("NICK alice", "USER alice 0 * :Alice", "SASL", "CAP END")


def says(person: Client, part: str) -> list[str]:
    if part == "SASL":
        return person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    return person.says(part)


@pytest.mark.parametrize(
    "parts", list(permutations(PARTS)), ids=lambda parts: "-".join(p[:4] for p in parts)
)
def test_the_parts_of_a_login_come_in_any_order(parts: tuple[str, ...]) -> None:
    """The welcome comes with the last of them, once, and not before."""
    rules = RulesUnderTest("alice")
    person = rules.connect()
    person.says("CAP LS 302")
    for part in parts[:-1]:
        assert "001" not in codes(says(person, part))
        assert person.session.state is not State.READY
    assert codes(says(person, parts[-1])).count("001") == 1
    assert person.session.state is State.READY


def test_everything_may_be_said_at_once() -> None:
    """A client that doesn't wait is held back until the worker has answered, in order."""
    rules = RulesUnderTest("alice")
    rules.busy = True
    person = rules.connect()
    heard = person.says(
        "CAP LS", "NICK alice", "USER alice 0 * :A", "CAP REQ sasl", "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain('alice')}", "CAP END", "JOIN #den", "PRIVMSG #den :hi", "PING done",
    )  # fmt: skip
    assert codes(heard) == ["CAP", "CAP", "AUTHENTICATE"]
    assert person.session.state is State.VERIFYING
    rules.work()
    found = codes(person.hears())
    assert (found[:3], found[-4:]) == (["900", "903", "001"], ["JOIN", "353", "366", "PONG"])


def test_what_is_held_has_a_limit() -> None:
    """A hundred lines; one more closes."""
    rules = RulesUnderTest("alice", max_held_lines=100)
    rules.busy = True
    person = rules.connect()
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    assert person.says(*["PING x"] * 100) == []
    assert person.session.state is State.VERIFYING
    assert codes(person.says("PING y")) == ["ERROR"]
    rules.work()
    assert person.hears() == []


def test_what_is_held_waits_through_the_reader_too() -> None:
    """Two waits, one order."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("bob").says("PRIVMSG alice :missed")
    rules.busy = True
    person = rules.connect()
    person.says("PASS alice:right", "NICK alice", "USER a 0 * :A", "PING 1", "PING 2")
    rules.answer(rules.do(rules.jobs.pop(0)))
    assert codes(person.hears()) == ["900"]
    person.says("PING 3")
    rules.work()
    assert [message.params[1] for message in of(person.hears(), "PONG")] == ["1", "2", "3"]


def test_a_line_behind_a_failed_login_is_run_unauthenticated() -> None:
    """What was held is judged by what the session is then."""
    person = RulesUnderTest("alice").connect()
    person.says("CAP LS", "NICK alice", "USER alice 0 * :A", "AUTHENTICATE PLAIN")
    heard = person.says(f"AUTHENTICATE {plain('alice', 'wrong')}", "JOIN #den", "PING x")
    assert codes(heard) == ["904", "451", "PONG"]


def test_an_answer_for_a_closed_session_is_nothing() -> None:
    """A connection that has gone meanwhile is not logged in."""
    rules = RulesUnderTest("alice")
    rules.busy = True
    person = rules.connect()
    person.says("PASS alice:right", "NICK alice", "USER a 0 * :A")
    person.hangs_up()
    rules.work()
    assert (person.hears(), rules.account("alice").sessions) == ([], [])
    assert rules.model.sessions == {}


def test_a_worker_s_failure_ends_an_old_client_s_login() -> None:
    """It could not say its password again on this connection."""
    rules = RulesUnderTest("alice")
    rules.busy = True
    person = rules.connect()
    person.says("PASS alice:right", "NICK alice", "USER a 0 * :A")
    rules.fail_job()
    assert codes(person.hears()) == ["ERROR"]


def test_a_reader_s_failure_ends_the_login() -> None:
    """Better none than one that hides what was missed."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("bob").says("PRIVMSG alice :missed")
    rules.busy = True
    person = rules.connect()
    person.says("PASS alice:right", "NICK alice", "USER a 0 * :A")
    rules.answer(rules.do(rules.jobs.pop(0)))
    rules.fail_job()
    assert codes(person.hears()) == ["900", "ERROR"]
    assert rules.account("alice").sessions == []


def test_a_hash_of_another_cost_is_replaced() -> None:
    """With the login that found it."""
    rules = RulesUnderTest("alice")
    rules.rehashes = True
    rules.member("alice")
    assert rules.stored == [PasswordRehashed(NEW_HASH, rules.account("alice").id, OLD_HASH)]


@pytest.mark.parametrize("whole", [True, False])
def test_a_login_does_not_fail_with_its_new_hash(whole: bool) -> None:
    """It goes on with the old one."""
    rules = RulesUnderTest("alice")
    rules.rehashes = True
    rules.full = whole
    rules.refuses = lambda span: True
    person = rules.connect()
    person.says("CAP LS", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {plain('alice')}")) == ["900", "903"]
    assert "001" in codes(person.says("CAP END"))


def test_a_refused_login_changes_no_hash() -> None:
    """Whatever the worker says beside it."""
    rules = RulesUnderTest("alice")
    rules.busy = True
    person = rules.connect()
    person.says("PASS alice:wrong", "NICK alice", "USER a 0 * :A")
    job = rules.jobs.pop(0)
    assert isinstance(job, VerifyPassword)
    rules.answer(Verified(job.session, job.account, granted=False, rehashed="x", replaced="y"))
    assert rules.stored == []


def test_the_password_is_not_kept() -> None:
    """Once it is checked, granted or not."""
    rules = RulesUnderTest("alice")
    for password in (RIGHT, "wrong"):
        person = rules.connect()
        person.says(f"PASS alice:{password}", "NICK alice", "USER a 0 * :A")
        assert person.session.login is None or person.session.login.password is None


def test_a_login_needs_no_lobby_and_no_motd() -> None:
    """The shortest one."""
    heard = RulesUnderTest("alice").connect().says("PASS right", "NICK alice", "USER a 0 * :A")
    assert codes(heard)[0] == "900"
    assert codes(heard)[-1] == "422"


# Guessing


def guesses(
    rules: RulesUnderTest, times: int, name: str = "alice", address: str = "203.0.113.9"
) -> None:
    """Wrong passwords, each on a connection of its own, one after the other."""
    for _ in range(times):
        person = rules.connect(address=address)
        person.logs_in(name, password="wrong")
        while person.session.state is not State.CLOSED:
            rules.passes(1)
        person.hangs_up()


def begins(
    rules: RulesUnderTest, address: str, password: str = RIGHT, name: str = "alice"
) -> Client:
    """A login, up to its payload."""
    person = rules.connect(address=address)
    person.says("CAP LS", f"NICK {name}", "USER x 0 * :X", "AUTHENTICATE PLAIN")
    person.says(f"AUTHENTICATE {plain(name, password)}")
    return person


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_a_guesser_is_told_to_wait(name: str) -> None:
    """And the password is looked at only then, for a name that nobody has just as for one."""
    rules = RulesUnderTest("alice")
    guesses(rules, 7, name)
    rules.busy = True
    person = rules.connect(address="203.0.113.9")
    person.says("CAP LS", f"NICK {name}", "USER x 0 * :X", "AUTHENTICATE PLAIN")
    told = only(person.says(f"AUTHENTICATE {plain(name, 'wrong')}"))
    assert (told.command, told.params[:3]) == ("NOTE", ["AUTHENTICATE", "WAIT", "4"])
    rules.passes(3)
    assert rules.jobs == []
    rules.passes(1)
    assert len(rules.jobs) == 1
    rules.work()
    assert codes(person.hears()) == ["904"]


def test_the_owner_comes_in_while_others_guess() -> None:
    """Nobody is locked out: from a new place it takes one wait, from a known one none."""
    rules = RulesUnderTest("alice", max_sessions=99)
    rules.member("alice")  # at 192.0.2.1
    guesses(rules, 30)
    begun = begins(rules, "198.51.100.7")
    states = [begun.session.state]
    rules.passes(MAX_WAIT_SECONDS)
    assert [*states, begun.session.state] == [State.VERIFYING, State.PROVEN]
    assert begins(rules, "192.0.2.1").session.state is State.PROVEN


def test_a_network_s_waiting_attempts_are_few() -> None:
    """Many connections at once don't help who guesses."""
    rules = RulesUnderTest("alice")
    guesses(rules, 9)
    waiting = [begins(rules, "203.0.113.9", "wrong") for _ in range(9)]
    states = [person.session.state for person in waiting]
    assert states == [State.VERIFYING] * 8 + [State.CONNECTED]
    last = waiting[-1]
    last.says("AUTHENTICATE PLAIN")
    heard = last.says(f"AUTHENTICATE {plain('alice', 'wrong')}")
    assert codes(heard) == ["FAIL", "904"]


def test_an_attempt_that_hangs_up_is_forgotten() -> None:
    """No bcrypt is spent on it."""
    rules = RulesUnderTest("alice")
    guesses(rules, 9)
    begins(rules, "203.0.113.9").hangs_up()
    rules.busy = True
    rules.passes(MAX_WAIT_SECONDS)
    assert rules.jobs == []


def test_a_wait_is_no_part_of_the_time_for_a_login() -> None:
    """However short that is: the owner would be locked out by who guesses. But it has an end."""
    rules = RulesUnderTest("alice", max_sessions=99)
    guesses(rules, 20)
    rules.rules.settings = replace(rules.settings, login_seconds=5.0)
    owner, idle = begins(rules, "198.51.100.7"), rules.connect(address="198.51.100.8")
    for _ in range(int(MAX_WAIT_SECONDS)):
        rules.passes(1)
    assert (owner.session.state, idle.session.state) == (State.PROVEN, State.CLOSED)
    for _ in range(6):
        rules.passes(1)
    assert owner.session.state is State.CLOSED


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_what_the_server_is_late_is_no_part_of_the_time_for_a_login(name: str) -> None:
    """Where many come at once some wait for minutes, whoever they are; then they are answered."""
    rules = RulesUnderTest("alice", login_seconds=60.0)
    rules.busy = True
    person = begins(rules, "192.0.2.1", name=name)
    for _ in range(200):
        rules.passes(1)
    person.hears()
    rules.work()
    assert codes(person.hears()) == (["900", "903"] if name == "alice" else ["904"])
    rules.passes(59)
    assert person.session.state is not State.CLOSED
    rules.passes(2)
    assert codes(person.hears()) == ["ERROR"]


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_who_waits_is_told_so_every_five_seconds(name: str) -> None:
    """Programs give up after some seconds of silence; one text for all names."""
    rules = RulesUnderTest("alice")
    rules.busy = True
    person = begins(rules, "192.0.2.1", name=name)
    told = []
    for second in range(1, 13):
        rules.passes(1)
        told += [(second, line) for line in person.hears()]
    text = "Many log in at once; yours waits for its turn"
    line = f":{rules.settings.name} NOTE AUTHENTICATE QUEUED 5 :{text}"
    assert told == [(5, line), (10, line)]


def test_who_makes_an_account_is_told_the_same() -> None:
    """It is the same queue."""
    rules = RulesUnderTest(registration="open")
    rules.busy = True
    person = rules.connect()
    person.says("CAP LS", "NICK carol", "USER c 0 * :C", f"REGISTER * * :{RIGHT} of carol")
    assert person.session.state is State.CREATING
    rules.passes(5)
    told = only(person.hears())
    assert (told.command, told.params[:3]) == ("NOTE", ["REGISTER", "QUEUED", "5"])


def test_who_was_told_to_wait_hears_no_more_before_it_is_over() -> None:
    """A guesser knows how long it takes."""
    rules = RulesUnderTest("alice")
    guesses(rules, 20)
    rules.busy = True
    person = begins(rules, "203.0.113.9")
    person.hears()
    for _ in range(int(MAX_WAIT_SECONDS) + 4):
        rules.passes(1)
    assert person.hears() == []
    rules.passes(1)
    assert of(person.hears(), "NOTE")


def test_a_login_waits_for_the_server_no_longer_than_five_minutes_in_all() -> None:
    """A client that is turned away after each wait can't stay for ever."""
    rules = RulesUnderTest("alice", max_sessions=99, max_login_failures=3, login_seconds=60.0)
    guesses(rules, 20)
    rules.busy = True
    person = begins(rules, "198.51.100.7")
    states = []
    for _ in range(int(60 + LATE_SECONDS) + 1):
        rules.passes(1)
        if rules.jobs:
            rules.fail_job()
            person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
        states.append(person.session.state)
    assert states[-1] is State.CLOSED
    assert states[-2] is not State.CLOSED


def test_a_name_that_nobody_can_have_is_not_kept_whole() -> None:
    """It may be as long as a login, and thousands of them are remembered."""
    rules = RulesUnderTest()
    rules.busy = True
    person = rules.connect()
    person.says("AUTHENTICATE PLAIN")
    for chunk in encode_chunks(b"\0" + b"x" * 3000 + b"\0wrong"):
        person.says(f"AUTHENTICATE {chunk}")
    [job] = rules.jobs
    assert isinstance(job, VerifyPassword)
    assert job.name == "x" * 64


def test_a_token_makes_its_network_known() -> None:
    """A login from a device's address doesn't wait there, however many guess elsewhere."""
    rules = RulesUnderTest("alice", max_sessions=99)
    token = only(rules.member("alice").says("TOKEN CREATE laptop")).params[3]
    begins(rules, "198.51.100.7", token)
    guesses(rules, 20)
    assert begins(rules, "198.51.100.7").session.state is State.PROVEN
    assert begins(rules, "198.51.100.8").session.state is State.VERIFYING


def test_a_token_doesn_t_wait() -> None:
    """It can't be guessed."""
    rules = RulesUnderTest("alice")
    token = only(rules.member("alice").says("TOKEN CREATE laptop")).params[3]
    guesses(rules, 30)
    assert begins(rules, "203.0.113.9", token).session.state is State.PROVEN
