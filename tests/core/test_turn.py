"""One turn: what it gathers, and how it is taken back when it can't be stored."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securechat.core.channels import invitations
from securechat.core.commands import messages
from securechat.core.journal.events.accounts import AccountCreated, InviteUsed
from securechat.core.model.states import State
from securechat.core.ports import Outside
from securechat.core.turn import CommandSpan
from securechat.irc.message import parse
from tests.core.sayings import asking, company, speakers, storing, talk, turns
from tests.support.client import SERVER, codes, of, only, source
from tests.support.rules import NOT_STORED, RulesUnderTest, in_channel
from tests.support.snapshot import snapshot

# A store that stores nothing


@settings(max_examples=150, deadline=None)
@given(turns, st.lists(st.tuples(speakers, storing), min_size=1, max_size=8))
def test_a_turn_that_can_not_be_stored_never_was(
    before: list[list[tuple[int, str]]], lost: list[tuple[int, str]]
) -> None:
    """The model is as it was, and nobody has heard any of it: only who asked, that it failed."""
    rules, people = company()
    for said in before:
        talk(rules, people, said)
    for person in people:
        person.hears()
    state, stored = snapshot(rules.model), len(rules.stored)
    known = invited(rules)
    rules.full = True
    talk(rules, people, lost)
    assert snapshot(rules.model) == state
    assert len(rules.stored) == stored
    for person in people:
        for line in person.hears():
            if line.endswith(known) and {"INVITE", "341"} & set(line.split()):
                continue
            assert line.startswith(f":{SERVER} "), f"heard of what was not stored: {line}"
            assert line[len(f":{SERVER} ")] in "4567F", line


def invited(rules: RulesUnderTest) -> tuple[str, ...]:
    """How lines end that tell of an invitation which counts already: a further one by somebody who
    may less has nothing to be stored.
    """
    with rules.turn() as turn:
        return tuple(
            f" {account.name} {channel.name}"
            for channel in rules.model.channels.values()
            for account in channel.invited
            if invitations.counts(turn, channel, account)
        )


@settings(max_examples=60, deadline=None)
@given(turns, st.lists(st.tuples(speakers, asking), max_size=6), st.tuples(speakers, storing))
def test_after_a_failure_all_goes_on(
    before: list[list[tuple[int, str]]], asked: list[tuple[int, str]], said: tuple[int, str]
) -> None:
    """The same command has the same effect as if it had not failed before."""
    heard = []
    for fails in (False, True):
        rules, people = company()
        for line in before:
            talk(rules, people, line)
        if fails:
            rules.full = True
            talk(rules, people, [said])
            rules.full = False
        for person in people:
            person.hears()
        talk(rules, people, [*asked, said, *asked])
        heard.append([_without_ids(person.hears()) for person in people])
    assert heard[0] == heard[1]


def _without_ids(lines: list[str]) -> list[str]:
    """Numbers are not used again, so a msgid differs. The order of names is nobody's promise."""
    found = []
    for line in lines:
        head, _, rest = line.partition(" ") if line.startswith("@") else ("", "", line)
        tags = [tag for tag in head.split(";") if not tag.startswith(("@msgid", "msgid"))]
        words = sorted(rest.split(" :")[-1].split()) if " 353 " in rest or " 319 " in rest else []
        found.append(" ".join([*tags, rest.split(" :")[0] if words else rest, *words]))
    return found


def test_the_asker_is_told_once_for_each_command() -> None:
    """400 names the command and what went wrong; what needed no store is answered as ever."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="message-tags")
    rules.full = True
    heard = alice.says("PING 1", "PRIVMSG #den :lost", "PING 2", "TOPIC #den :lost", "PING 3")
    assert codes(heard) == ["PONG", "400", "PONG", "400", "PONG"]
    assert heard[1] == f":{SERVER} 400 alice PRIVMSG :{NOT_STORED}"
    assert heard[3] == f":{SERVER} 400 alice TOPIC :{NOT_STORED}"
    assert bob.hears() == []


def test_an_invitation_of_who_never_came_in_is_not_told() -> None:
    """Also where another one's counts, and nothing of it is to be stored."""
    rules = RulesUnderTest("alice", "bob", "carol")
    alice, bob, carol = (rules.member(name) for name in ("alice", "bob", "carol"))
    bob.says("JOIN #b", "INVITE carol #b")
    carol.hears()
    rules.full = True
    with rules.turn() as turn:
        for line in (b"JOIN #b", b"INVITE carol #b"):
            rules.rules.line(turn, alice.session, line)
    assert codes(alice.hears()) == ["400", "400"]
    assert carol.hears() == []


def test_who_quits_is_still_told() -> None:
    """A script that says its message and good-bye at once learns that it is lost."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="message-tags")
    rules.full = True
    assert codes(alice.says("PRIVMSG #den :lost", "QUIT")) == ["400", "ERROR"]
    assert codes(bob.hears()) == ["QUIT"]


def test_what_came_before_the_failure_stays() -> None:
    """Turns are stored one by one."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="message-tags")
    alice.says("PRIVMSG #den :kept")
    rules.full = True
    alice.says("PRIVMSG #den :lost")
    rules.full = False
    alice.says("PRIVMSG #den :kept too")
    assert [message.params[1] for message in of(bob.hears(), "PRIVMSG")] == ["kept", "kept too"]
    assert [entry.text for entry in rules.log[-2:]] == ["kept", "kept too"]


def test_a_number_is_never_used_again() -> None:
    """Not even that of a message which could not be stored: msgids are unique."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="message-tags")
    alice.says("CAP REQ echo-message")
    rules.full = True
    alice.says("PRIVMSG #den :lost")
    lost = rules.model.last_seq
    rules.full = False
    alice.says("PRIVMSG #den :kept")
    assert rules.log[-1].seq == lost + 1
    assert len(bob.hears()) == 1


@pytest.mark.parametrize("whole", [True, False])
def test_the_audit_does_not_tell_of_what_never_was(whole: bool) -> None:
    """But that it was tried; what was refused anyway was refused."""
    rules, (alice,) = in_channel("alice")
    rules.full, rules.refuses = whole, lambda span: True
    alice.says("TOKEN CREATE laptop")
    rules.connect().logs_in("alice", password="wrong")
    found = [(a.event, a.result) for a in rules.audits if a.event != "login" or a.result != "ok"]
    assert found == [("token created", "not stored"), ("login", "wrong password")]


@pytest.mark.parametrize("whole", [True, False])
def test_who_was_sent_away_by_a_failed_command_is_seen_to_go(whole: bool) -> None:
    """A session that is closed can't come back, so the others must not see it stay."""
    rules, (alice, bob) = in_channel("alice", "bob")
    token = only(alice.says("TOKEN CREATE laptop")).params[3]
    alice.hangs_up()
    device = rules.connect()
    device.logs_in("alice", password=token)
    device.hears()
    bob.hears()
    rules.full, rules.refuses = whole, lambda span: True
    assert codes(device.says("TOKEN REVOKE laptop")) == ["400", "ERROR"]
    assert codes(bob.hears()) == ["QUIT"]
    assert "laptop" in rules.account("alice").tokens


# A store that refuses single spans


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=12))
def test_one_refused_step_costs_the_others_nothing(said: list[tuple[int, bool]]) -> None:
    """The refused messages are gone, the others are stored and heard, in their order."""
    rules, people = in_channel("alice", "bob", "carol", caps="message-tags")
    refused = {number for number, (_, kept) in enumerate(said) if not kept}
    spans = iter(range(len(said)))
    rules.refuses = lambda span: next(spans) in refused
    talk(rules, people, [(who, f"PRIVMSG #den :{n}") for n, (who, _) in enumerate(said)])
    kept = [n for n in range(len(said)) if n not in refused]
    assert [entry.text for entry in rules.log[3:]] == [str(n) for n in kept]
    for number, person in enumerate(people):
        heard = person.hears()
        expected = [str(n) for n in kept if said[n][0] != number]
        assert [message.params[1] for message in of(heard, "PRIVMSG")] == expected
        assert codes(heard).count("400") == len([n for n in refused if said[n][0] == number])


@settings(max_examples=100, deadline=None)
@given(turns, st.tuples(speakers, storing))
def test_a_refused_command_never_was(
    before: list[list[tuple[int, str]]], said: tuple[int, str]
) -> None:
    """The same as for the whole turn, one span at a time."""
    rules, people = company()
    for line in before:
        talk(rules, people, line)
    state = snapshot(rules.model)
    rules.refuses = lambda span: True
    talk(rules, people, [said])
    assert snapshot(rules.model) == state


# A registration that can't be stored


REGISTRATION = (
    "CAP LS", "NICK carol", "USER carol 0 * :C", "REGISTER * code pw", "CAP END",
    "JOIN #den", "PRIVMSG #den :I am carol", "PRIVMSG alice :psst",
)  # fmt: skip


@pytest.mark.parametrize("lobby", [None, "#lobby"])
@pytest.mark.parametrize("whole", [True, False])
def test_nobody_hears_of_an_account_that_is_not_stored(lobby: str | None, whole: bool) -> None:
    """Whatever it has said already: nothing of it happens, and it may register again."""
    rules, (alice,) = in_channel("alice", lobby=lobby, caps="message-tags")
    rules.invite("code")
    state, stored = snapshot(rules.model), len(rules.stored)

    def conflicts(span: CommandSpan) -> bool:
        return span.command == "LOGIN"

    rules.full = whole
    rules.refuses = conflicts
    carol = rules.connect()
    heard = carol.says(*REGISTRATION)
    assert codes(heard) == ["CAP", "400"]
    assert alice.hears() == []
    assert len(rules.stored) == stored
    assert snapshot(rules.model) == state
    assert (carol.session.state, carol.session.account) == (State.CONNECTED, None)
    rules.full = False
    rules.refuses = lambda span: False
    heard = carol.says("REGISTER * code pw", "CAP END")
    assert "001" in codes(heard)
    assert [type(event) for event in rules.stored[stored:]][:2] == [InviteUsed, AccountCreated]
    assert "PRIVMSG" not in codes(alice.hears()), "what was held then has come now"


def test_a_new_account_is_stored_before_it_is_somebody() -> None:
    """What it says behind its registration comes in a later turn than the account itself."""
    rules, (alice,) = in_channel("alice", caps="message-tags")
    rules.invite("code")
    rules.busy = True
    carol = rules.connect()
    carol.says(*REGISTRATION)
    rules.answer(rules.do(rules.jobs.pop(0)))
    assert isinstance(rules.stored[-1], AccountCreated)
    assert alice.hears() == []
    rules.work()
    assert codes(alice.hears()) == ["JOIN", "PRIVMSG", "PRIVMSG"]


# A bug


def test_a_bug_is_taken_back_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a command leaves nothing behind; the rest of the turn goes on."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="message-tags")
    state = snapshot(rules.model)

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(messages.Saying, "_tell_absence", breaks)
    heard = alice.says("PING 1", "PRIVMSG #den,bob,#den :hi", "PING 2")
    assert codes(heard) == ["PONG", "400", "PONG"]
    assert "logged" in heard[1]
    assert bob.hears() == []
    assert snapshot(rules.model) == state
    monkeypatch.undo()
    alice.says("PRIVMSG bob :hi")
    assert bob.hears()[0].endswith(f"{source('alice')} PRIVMSG bob :hi")


def test_a_bug_in_a_step_takes_inner_steps_along() -> None:
    """They are not stored when the span around them is taken back."""
    rules, (alice,) = in_channel("alice", caps="message-tags")
    turn = rules.rules.turn(rules.now_ms, rules.clock)
    start = turn.savepoint()
    rules.rules.line(turn, alice.session, b"TOKEN CREATE laptop")
    rules.rules.line(turn, alice.session, b"PRIVMSG #den :x")
    assert len(turn.spans) == 2
    turn.roll_back(start)
    assert (turn.spans, turn.events, turn.effects, turn.undo, turn.audits) == ([], [], [], [], [])


# What a turn can say


def test_an_over_long_reply_is_cut_at_the_limit() -> None:
    """Between letters."""
    rules, (alice,) = in_channel("alice", caps="message-tags")
    with rules.turn() as turn:
        turn.notice(alice.session, "я" * 300)
    assert len(alice.hears()[0].encode()) in (509, 510)


def test_closing_twice_is_once() -> None:
    """One ERROR, one closing."""
    rules, (alice,) = in_channel("alice", caps="message-tags")
    with rules.turn() as turn:
        turn.close(alice.session, "one")
        turn.close(alice.session, "two")
    assert only(alice.hears()).params == ["Closing link: one"]
    assert [closing.reason for closing in rules.closings] == ["one"]


def test_the_one_order_is_given_by_whoever_runs_the_rules() -> None:
    """Places and numbers may be given out elsewhere too: what is stored and sent goes by them."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob", caps="message-tags")
    rules.rules.outside = Outside(
        next_seq=lambda last: last + 100, next_target=lambda last: last + 1000
    )
    before, target = rules.model.last_seq, rules.model.last_target
    alice.says("PRIVMSG bob :one", "PRIVMSG bob :two")
    assert [entry.seq for entry in rules.log[-2:]] == [before + 100, before + 200]
    assert {entry.target for entry in rules.log[-2:]} == {target + 1000}
    ids = [parse(line).tags["msgid"] for line in bob.hears()]
    assert ids == [f"test-{before + 100:x}", f"test-{before + 200:x}"]
