"""What an account has missed is given back at its login: once, in order, with times, bounded."""

from __future__ import annotations

import pytest

from securechat.core.jobs import LoadMissed, Missed
from securechat.core.model import state as model_module
from securechat.core.model.states import State
from securechat.irc.message import Message, parse
from tests.support.client import SERVER, Client, codes, of, source
from tests.support.rules import NOW_MS, RulesUnderTest

KINDS = ("PRIVMSG", "NOTICE")


def in_channel(*names: str, **settings: object) -> tuple[RulesUnderTest, list[Client]]:
    """A channel whose members have all answered the server's PINGs; the first of them owns it."""
    rules = RulesUnderTest(*names, **settings)
    people = [rules.member(name) for name in names]
    for person in people:
        person.says("JOIN #den")
    rules.passes(61)
    for person in people:
        person.pongs()
        person.hears()
    return rules, people


def missed(rules: RulesUnderTest, name: str, *caps: str) -> list[Message]:
    """The messages that a login brings."""
    return of(rules.connect().logs_in(name, caps=caps), *KINDS)


def texts(messages: list[Message]) -> list[str]:
    return [message.params[-1] for message in messages]


def test_a_channel_s_messages_come_back_in_order() -> None:
    """Those said while nobody of the account was there, and only those."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("PRIVMSG #den :heard")
    rules.passes(61)
    bob.pongs()
    bob.says("QUIT")
    alice.says("PRIVMSG #den :one", "NOTICE #den :two", "PRIVMSG #den :three")
    found = missed(rules, "bob", "server-time")
    assert [(m.command, m.params[1]) for m in found] == [
        ("PRIVMSG", "one"),
        ("NOTICE", "two"),
        ("PRIVMSG", "three"),
    ]
    assert found[0].source == "alice!alice@chat.test"


def test_it_comes_once() -> None:
    """After a PONG not again; without one again, as it may not have arrived."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :hi")
    lost = rules.connect()
    assert texts(of(lost.logs_in("bob", caps="server-time"), *KINDS)) == ["hi"]
    lost.hangs_up()
    again = rules.connect()
    assert texts(of(again.logs_in("bob", caps="server-time"), *KINDS)) == ["hi"]
    again.pongs()
    again.hangs_up()
    assert missed(rules, "bob") == []


def test_a_restart_knows_what_has_arrived() -> None:
    """What counts is what is stored with the tick after the PONG."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :hi")
    again = rules.member("bob")
    again.pongs()
    rules.passes(1)
    again.hangs_up()
    device = rules.account("bob").devices[""]
    device.delivered = device.stored
    assert missed(rules, "bob") == []


def test_not_from_before_joining() -> None:
    """What a channel said earlier is its members' to know."""
    rules, (alice,) = in_channel("alice")
    alice.says("PRIVMSG #den :secret")
    rules.add("bob").starts_after = 0
    bob = rules.member("bob")
    bob.says("JOIN #den")
    bob.hangs_up()
    alice.says("PRIVMSG #den :hello bob")
    assert texts(missed(rules, "bob", "server-time")) == ["hello bob"]


def test_not_from_a_channel_that_was_left() -> None:
    """By PART or KICK."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :before the kick", "KICK #den bob", "PRIVMSG #den :after")
    [told] = missed(rules, "bob")
    assert "You were kicked from #den" in told.params[-1]


def test_direct_messages_come_back() -> None:
    """From each who wrote, also the first message ever; one's own only to a client with echoes."""
    rules = RulesUnderTest("alice", "bob", "carol")
    alice, carol = rules.member("alice"), rules.member("carol")
    alice.says("PRIVMSG bob :psst")
    carol.says("PRIVMSG bob :you there?")
    bob = rules.member("bob")
    bob.says("PRIVMSG alice :yes")
    bob.hangs_up()
    assert texts(missed(rules, "bob", "server-time")) == ["psst", "you there?"]
    found = missed(rules, "bob", "server-time", "echo-message")
    assert texts(found) == ["psst", "yes", "you there?"]
    assert [message.params[0] for message in found] == ["bob", "alice", "bob"]


def test_one_s_own_direct_messages_come_back_with_self_message() -> None:
    """They were said at another of one's devices; a question to a client is none of them."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice")
    bob = rules.member("bob")
    bob.says("PRIVMSG alice :yes", "PRIVMSG alice :\x01VERSION\x01")
    bob.hangs_up()
    (found,) = missed(rules, "bob", "server-time", "znc.in/self-message")
    assert (found.source, found.params) == (source("bob")[1:], ["alice", "yes"])


def test_one_s_own_words_in_a_channel_come_back_as_well() -> None:
    """They are part of the talk."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("PRIVMSG #den :hi")
    bob.hangs_up()
    alice.says("PRIVMSG #den :hello")
    assert texts(missed(rules, "bob", "server-time")) == ["hi", "hello"]


def test_a_batch_for_each_conversation() -> None:
    """chathistory batches, opened and closed, each line with its reference, time and msgid."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :one", "PRIVMSG bob :psst", "@+x=y PRIVMSG #den :two")
    rules.now_ms += 60_000
    heard = rules.connect().logs_in(
        "bob", caps="batch server-time message-tags account-tag echo-message"
    )
    found = of(heard, "BATCH", *KINDS)
    assert [(m.command, *m.params[:3]) for m in found] == [
        ("BATCH", "+m0", "chathistory", "#den"),
        ("PRIVMSG", "#den", "one"),
        ("PRIVMSG", "#den", "two"),
        ("BATCH", "-m0"),
        ("BATCH", "+m1", "chathistory", "alice"),
        ("PRIVMSG", "bob", "psst"),
        ("BATCH", "-m1"),
    ]
    tags = [message.tags for message in found if message.command == "PRIVMSG"]
    assert [tag["batch"] for tag in tags] == ["m0", "m0", "m1"]
    assert {tag["account"] for tag in tags} == {"alice"}
    assert [tag["time"] for tag in tags] == ["2023-11-14T22:14:21.000Z"] * 3
    assert (tags[1]["+x"], "+x" in tags[0]) == ("y", False)


def test_the_msgid_is_the_one_that_others_saw() -> None:
    """A message is the same message when it is replayed."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("CAP REQ :message-tags echo-message")
    bob.says("QUIT")
    alice.hears()
    (echo,) = alice.says("PRIVMSG #den :hi")
    (found,) = missed(rules, "bob", "message-tags")
    assert found.tags["msgid"] == parse(echo).tags["msgid"]


def test_without_server_time_the_time_is_in_the_text() -> None:
    """Also within an action."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :hi", "PRIVMSG #den :\x01ACTION waves\x01")
    stamp = "[2023-11-14 22:14 UTC] "
    assert texts(missed(rules, "bob")) == [stamp + "hi", f"\x01ACTION {stamp}waves\x01"]


def test_a_message_too_long_for_a_time_comes_without() -> None:
    """Rather than cut."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    text = "x" * (510 - len(f"{source('alice')} PRIVMSG #den :"))
    alice.says(f"PRIVMSG #den :{text}")
    assert texts(missed(rules, "bob")) == [text]


def test_questions_to_a_client_are_not_replayed() -> None:
    """CTCP other than ACTION asked a client that wasn't there; TAGMSG and events aren't either."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG bob :\x01VERSION\x01", "@+draft/react=x TAGMSG #den", "TOPIC #den :t")
    heard = rules.connect().logs_in("bob", caps="message-tags batch")
    assert of(heard, "TAGMSG", "TOPIC", "BATCH", *KINDS) == []


def test_it_is_bounded() -> None:
    """The newest of them all, and a word that there were more."""
    rules, (alice, bob) = in_channel("alice", "bob", replay=3)
    bob.says("QUIT")
    alice.says(*(f"PRIVMSG #den :{n}" for n in range(3)))
    assert texts(missed(rules, "bob", "server-time")) == ["0", "1", "2"]
    alice.says("PRIVMSG bob :3")
    rules.account("bob").sessions[0].link.close()  # type: ignore[attr-defined]
    found = missed(rules, "bob", "server-time")
    assert texts(found)[:3] == ["1", "2", "3"]
    assert (found[3].source, "more messages than these" in found[3].params[1]) == (SERVER, True)


# The gap between a reader's answer and the present


def loading(rules: RulesUnderTest, name: str) -> Client:
    """Somebody whose reader has begun and isn't done."""
    rules.busy = True
    person = rules.connect()
    person.says("CAP REQ server-time", f"PASS {name}:right", f"NICK {name}", "USER x 0 * :X")
    person.says("CAP END")
    rules.answer(rules.do(rules.jobs.pop(0)))
    person.hears()
    assert [type(job) for job in rules.jobs] == [LoadMissed]
    return person


def test_what_is_said_while_the_reader_reads_is_not_lost() -> None:
    """It comes behind what was read, once, in order, and what follows comes live."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :one")
    again = loading(rules, "bob")
    answer = rules.do(rules.jobs.pop(0))
    alice.says("PRIVMSG #den :two", "PRIVMSG bob :psst")
    assert again.hears() == []
    rules.answer(answer)
    alice.says("PRIVMSG #den :three")
    assert texts(of(again.hears(), *KINDS)) == ["one", "two", "psst", "three"]


def test_what_happens_while_the_reader_reads_is_no_message() -> None:
    """Topics, modes and reactions are not given back from memory either."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :one")
    again = loading(rules, "bob")
    answer = rules.do(rules.jobs.pop(0))
    alice.says("TOPIC #den :soup", "MODE #den +s", "@+x TAGMSG #den")
    rules.answer(answer)
    heard = again.hears()
    assert texts(of(heard, *KINDS)) == ["one"]
    assert of(heard, "TOPIC", "MODE", "TAGMSG") == []


def test_what_is_said_in_the_turn_of_the_arrival_is_not_lost() -> None:
    """Before it: replayed; after it: live."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :one")
    again = loading(rules, "bob")
    answer = rules.do(rules.jobs.pop(0))
    with rules.turn():
        alice.says("PRIVMSG #den :two")
        rules.answer(answer)
        alice.says("PRIVMSG #den :three")
    assert texts(of(again.hears(), *KINDS)) == ["one", "two", "three"]


def test_a_turn_that_is_not_stored_is_not_replayed_either() -> None:
    """A login that becomes complete in it is shown what is stored, and is in."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :one")
    again = loading(rules, "bob")
    answer = rules.do(rules.jobs.pop(0))
    rules.full = True
    with rules.turn():
        alice.says("PRIVMSG #den :never")
        rules.answer(answer)
    heard = again.hears()
    assert "001" in codes(heard)
    assert [message.params[-1].rpartition(" ")[2] for message in of(heard, "PRIVMSG")] == ["one"]


def test_the_reader_is_asked_again_when_memory_is_too_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More was said meanwhile than is kept in memory: nothing of it is lost or doubled."""
    monkeypatch.setattr(model_module, "RECENT", 4)
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.model.recent = type(rules.model.recent)(rules.model.recent, maxlen=4)
    bob.says("QUIT")
    alice.says("PRIVMSG #den :0")
    again = loading(rules, "bob")
    answer = rules.do(rules.jobs.pop(0))
    alice.says(*(f"PRIVMSG #den :{n}" for n in range(1, 8)))
    rules.answer(answer)
    assert again.hears() == []
    rules.busy = False
    rules.work()
    alice.says("PRIVMSG #den :8")
    assert texts(of(again.hears(), *KINDS)) == [str(n) for n in range(9)]


def test_memory_that_a_failure_has_shortened_is_too_short_as_well() -> None:
    """A turn that is taken back has pushed older entries out before."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.model.recent = type(rules.model.recent)(rules.model.recent, maxlen=4)
    bob.says("QUIT")
    alice.says("PRIVMSG #den :0")
    again = loading(rules, "bob")
    answer = rules.do(rules.jobs.pop(0))
    alice.says(*(f"PRIVMSG #den :{n}" for n in range(1, 5)))
    rules.full = True
    alice.says("PRIVMSG #den :x", "PRIVMSG #den :y")
    rules.full = rules.busy = False
    rules.answer(answer)
    assert texts(of(again.hears(), *KINDS)) == ["0", "1", "2", "3", "4"]


def test_a_channel_left_by_another_session_meanwhile() -> None:
    """Neither its messages nor a crash, even when the channel is gone."""
    rules, (alice,) = in_channel("alice")
    alice.says("PRIVMSG #den :one", "PRIVMSG alice :note")
    phone = loading(rules, "alice")
    answer = rules.do(rules.jobs.pop(0))
    assert isinstance(answer, Missed)
    assert len(answer.entries) == 2
    alice.says("PART #den")
    rules.answer(answer)
    assert "001" in codes(heard := phone.hears())
    assert of(heard, *KINDS) == []
    assert phone.says("PING x") == [f":{SERVER} PONG {SERVER} :x"]


def test_a_login_with_nothing_missed_needs_no_reader() -> None:
    """It is in at once."""
    rules, (_, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    rules.busy = True
    again = rules.connect()
    again.says("PASS bob:right", "NICK bob", "USER x 0 * :X")
    rules.answer(rules.do(rules.jobs.pop(0)))
    assert rules.jobs == []
    assert "001" in codes(again.hears())


def test_the_clock_of_a_replay_is_the_message_s() -> None:
    """server-time tells when it was said."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.says("PRIVMSG #den :hi")
    rules.now_ms = NOW_MS + 86_400_123
    (found,) = missed(rules, "bob", "server-time")
    assert found.tags["time"] == "2023-11-14T22:14:21.000Z"


def test_a_replay_has_a_size() -> None:
    """The newest that fit; else a few large messages would close their receiver's every login."""
    rules = RulesUnderTest("alice", "bob", replay_bytes=5000)
    alice = rules.member("alice", caps="message-tags")
    alice.says(*(f"@+x={'y' * 1000} PRIVMSG bob :{number}" for number in range(9)))
    bob = rules.connect()
    heard = bob.logs_in("bob", caps="message-tags server-time")
    assert [line[-1] for line in heard if " PRIVMSG " in line] == ["6", "7", "8"]
    assert any("NOTICE" in line and "more messages than these" in line for line in heard)


def test_tags_are_counted_by_their_bytes() -> None:
    """What is too much for one go would have a slow reader closed at each login."""
    rules, (alice, bob) = in_channel("alice", "bob", replay_bytes=20_000)
    alice.says("CAP REQ message-tags")
    bob.says("QUIT")
    alice.says(*[f"@+x={chr(0x1F9A6) * 900} PRIVMSG #den :{n}" for n in range(20)])
    heard = rules.connect().logs_in("bob", caps="message-tags server-time")
    found = [line for line in heard if " PRIVMSG " in line]
    assert 1 <= len(found) <= 5
    assert sum(len(line.encode()) for line in found) <= 20_000


def test_a_login_comes_to_an_end_however_much_is_said_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Thousands of messages between each question and its answer: at last the hub reads the rest
    itself, and all are there, once, in order.
    """
    rules, (alice, bob) = in_channel("alice", "bob", replay=100_000, replay_bytes=10**9)
    bob.says("QUIT")
    alice.says("PRIVMSG #den :start")
    again = loading(rules, "bob")
    said = ["start"]

    def thousands() -> None:
        for _ in range(30):
            lines = [str(len(said) + n) for n in range(100)]
            alice.says(*(f"PRIVMSG #den :{text}" for text in lines))
            said.extend(lines)

    asked = 0
    while again.session.state is State.LOADING and rules.jobs:
        answer = rules.do(rules.jobs.pop(0))
        asked += 1
        thousands()
        rules.answer(answer)
    assert asked == 2
    assert texts(of(again.hears(), *KINDS)) == said
