"""What is said before a node has the head has its place behind all that others have done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from securechat.core.nodes.encoding import EVENTS
from securechat.core.nodes.following import SAID
from tests.support.client import codes, of
from tests.support.pictures import differences, picture, waiting
from tests.support.rules_nodes import NodesUnderTest, NodeUnderTest

NEUTRAL = {
    *("Delivered", "ReadMarked", "TokenUsed", "CertificateUsed", "UsageCounted", "UsageUpto"),
    "MessageKeyed",  # of another account
}

LOG_KINDS = {*SAID, "JOIN", "PART", "KICK", "MODE", "TOPIC", "RENAME", "REDACTED", "of a newer one"}

MIB = 1024 * 1024

ALL = "message-tags server-time batch labeled-response echo-message securechat/key"


class Two:
    """The nodes a and b; alice is at a, bob at b, both in a channel of his."""

    def __init__(self, **settings: Any) -> None:
        self.nodes = NodesUnderTest("alice", "bob", "carol", **settings)
        self.a, self.b = self.nodes
        self.alice = self.a.member("alice", caps=ALL, tags=("msgid", "label"))
        self.bob = self.b.member("bob", caps=ALL, tags=("msgid", "label"))
        for person in (self.bob, self.alice):
            person.says("JOIN #room")
        self.bob.hears()

    def alice_says(self, *lines: str, meanwhile: Sequence[str] = ()) -> list[str]:
        """At her node, while bob says something at his. What she hears."""
        said = [(self.alice.session, line.encode()) for line in lines]
        with self.a.ahead(said):
            self.bob.sends(*meanwhile)
        return self.alice.hears()

    def are_equal(self) -> bool:
        """Whether both have the same model."""
        without = waiting(self.nodes)
        return not [*differences(picture(self.a, without), picture(self.b, without))]


def seqs(lines: Sequence[str]) -> list[int]:
    """The places in the log that lines tell of."""
    return [int(line.split("msgid=")[1].split(" ")[0].split("-")[1], 16) for line in lines]


def texts(node: NodeUnderTest) -> list[str]:
    return [entry.text for entry in node.log if entry.kind == "PRIVMSG"]


def test_what_others_have_said_comes_first() -> None:
    two = Two()
    heard = two.alice_says(
        "PRIVMSG #room :one", "PRIVMSG #room :two", meanwhile=["PRIVMSG #room :first"]
    )
    assert [line.rpartition(":")[2] for line in heard] == ["first", "one", "two"]
    assert texts(two.a) == ["first", "one", "two"]
    assert two.are_equal()


def test_a_msgid_is_that_of_the_place_in_the_log_for_all() -> None:
    """However it is told: with a label, to an account, to another session of the sender."""
    two = Two()
    again = two.b.member("alice", caps=ALL, tags=("msgid", "label"))
    for target in ("#room", "bob", "alice"):  # the conversations have been opened before
        two.alice.says(f"PRIVMSG {target} :hi")
    again.hears(), two.bob.hears()
    heard = two.alice_says(
        "@label=1 PRIVMSG #room :one",
        "@label=2 PRIVMSG bob :two",
        "@label=3 PRIVMSG alice :three",
        "@+react=x TAGMSG #room",
        "NOTICE #room :four",
        meanwhile=["PRIVMSG #room :first", "PRIVMSG #room :second"],
    )
    places = {entry.text: entry.seq for entry in two.a.log if entry.kind == "PRIVMSG"}
    assert [*places] == ["hi", "first", "second", "one", "two", "three"]
    for listener in (heard, two.bob.hears(), again.hears()):
        for line in listener:
            if " PRIVMSG " in line:
                assert seqs([line]) == [places[line.rpartition(":")[2]]]
    assert two.are_equal()


def test_it_has_the_time_of_its_place() -> None:
    two = Two()
    two.alice.tags = ("time",)
    with two.a.ahead([(two.alice.session, b"PRIVMSG #room :hi")]):
        two.a.now_ms += 5123
    [line] = two.alice.hears()
    [entry] = [one for one in two.a.log if one.kind == "PRIVMSG"]
    assert entry.at_ms == two.a.now_ms
    assert f".{entry.at_ms % 1000:03d}Z" in line


@pytest.mark.parametrize(
    ("meanwhile", "refusal"),
    [
        ("MODE #room +m", "404"),
        ("KICK #room alice :out", "404"),
        ("MODE #room +b alice!*@*", "404"),
        ("RENAME #room #hall :so", "403"),
    ],
)
def test_the_rules_run_again_where_others_have_changed_who_may_say_what(
    meanwhile: str, refusal: str
) -> None:
    two = Two()
    heard = two.alice_says("PRIVMSG #room :hi", meanwhile=[meanwhile])
    assert refusal in codes(heard)
    assert texts(two.a) == []
    assert two.are_equal()


@pytest.mark.parametrize("part", ["presence", "shared", "closed", "changes", "of a newer version"])
def test_the_rules_run_again_where_more_is_told_than_what_was_said(two: Two, part: str) -> None:
    with two.a.ahead([(two.alice.session, b"PRIVMSG #room :hi")]) as ahead:
        ahead.look({"v": 1, "events": [], "said": [["session"]]})
        assert ahead.holds
        ahead.look({"v": 1, part: [[]]})
        assert not ahead.holds
    assert texts(two.a) == ["hi"]


@pytest.mark.parametrize("kind", sorted({*EVENTS} - {"Logged"}))
def test_the_rules_run_again_where_anything_is_stored_that_counts(two: Two, kind: str) -> None:
    """Which is most: all but these, by which nobody may say more or less."""
    bob = two.a.account("bob").id
    with two.a.ahead([(two.alice.session, b"PRIVMSG #room :hi")]) as ahead:
        ahead.look({"v": 1, "events": [[kind, bob, 1, 1, 1, 1]]})
        assert ahead.holds == (kind in NEUTRAL)


@pytest.mark.parametrize("kind", sorted(LOG_KINDS))
def test_the_rules_run_again_where_something_else_happens_than_that_somebody_speaks(
    two: Two, kind: str
) -> None:
    room, bob = two.a.channel("#room").id, two.a.account("bob").id
    with two.a.ahead([(two.alice.session, b"PRIVMSG #room :hi")]) as ahead:
        ahead.look({"v": 1, "events": [[99, room, bob, 1, kind, "", None]]})
        assert ahead.holds == (kind in SAID)


def test_what_is_run_again_is_counted_once() -> None:
    two = Two()
    said = [b"PRIVMSG #nowhere :hi", b"NOTICE #room :hi", b"NOTICE bob :opens a conversation"]
    with two.a.ahead([(two.alice.session, line) for line in said]):
        two.bob.sends("TOPIC #room :tea")
    model = two.a.model
    assert [*model.refused.values()] == [1]
    assert model.logged["NOTICE"] == 2


def test_what_is_charged_beside_the_lines_is_charged_once() -> None:
    """Such as the further targets of a line; also where it waits for the head."""
    two = Two()
    session = two.alice.session
    for meanwhile in ("PRIVMSG #room :first", "TOPIC #room :tea"):
        with two.a.ahead([(session, b"PRIVMSG #room,alice,bob :hi")]) as ahead:
            two.bob.sends(meanwhile)
        assert ahead._turn.charges == [(session.who, 2)]


def test_somebody_who_is_away_by_then_is_told_of() -> None:
    two = Two()
    two.alice.says("PRIVMSG bob :before")
    heard = two.alice_says("PRIVMSG bob :hi", meanwhile=["AWAY :out"])
    assert "301" in codes(heard)
    assert two.are_equal()


def test_who_is_closed_by_then_has_said_nothing() -> None:
    """By another session of theirs, at another node."""
    two = Two()
    again = two.b.member("alice")
    with two.a.ahead([(two.alice.session, b"PRIVMSG #room :hi")]):
        again.sends("SESSIONS END others")
    assert texts(two.a) == []


def test_somebody_who_comes_meanwhile_hears_it() -> None:
    two = Two()
    carol = two.b.connect()
    with two.a.ahead([(two.alice.session, b"PRIVMSG #room :hi")]) as ahead:
        carol.logs_in("carol")
        carol.sends("JOIN #room")
        assert not ahead.holds
    assert any(line.endswith("PRIVMSG #room :hi") for line in carol.hears())


def test_a_message_that_comes_again_by_another_node_is_stored_once() -> None:
    """Its first copy was on its way when the connection was lost."""
    two = Two()
    again = two.b.member("alice", caps=ALL, tags=("msgid",))
    line = "@securechat/key=7 PRIVMSG #room :keyed"
    with two.a.ahead([(two.alice.session, line.encode())]) as ahead:
        again.sends(line)
        assert not ahead.holds
    assert texts(two.a) == ["keyed"]
    assert two.are_equal()


def test_what_comes_again_is_answered_with_the_place_that_it_has_got() -> None:
    two = Two()
    line = "@securechat/key=7 PRIVMSG #room :keyed"
    two.alice_says(line, meanwhile=["PRIVMSG #room :first"])
    [entry] = [one for one in two.a.log if one.text == "keyed"]
    assert seqs(two.alice.says(line)) == [entry.seq]


def test_a_number_that_was_not_used_is_given_next() -> None:
    two = Two()
    before = two.a.model.last_target
    two.alice_says("PRIVMSG carol :hi")
    assert two.a.model.last_target == before + 1


def test_others_may_give_keys_to_their_own() -> None:
    two = Two()
    said = [(two.alice.session, b"@securechat/key=7 PRIVMSG #room :one")]
    with two.a.ahead(said) as ahead:
        two.bob.sends("@securechat/key=7 PRIVMSG #room :first")
        assert ahead.holds
    assert texts(two.a) == ["first", "one"]
    two.alice.sends("@securechat/key=7 PRIVMSG #room :one")
    assert texts(two.a) == ["first", "one"]
    assert two.are_equal()


def test_who_speaks_by_two_nodes_has_one_quota() -> None:
    """What is said first may use it up."""
    two = Two(account_bytes=MIB)
    again = two.b.member("alice")
    for node in two.nodes:
        node.account("alice").stored_bytes = MIB - 1
    with two.a.ahead([(two.alice.session, b"PRIVMSG #room :two")]):
        again.sends("PRIVMSG #room :one")
    assert "400" in codes(two.alice.hears())
    assert texts(two.a) == ["one"]
    assert two.are_equal()


def test_all_but_messages_waits_for_the_head() -> None:
    """And what the same session says behind it."""
    two = Two()
    lines = (b"PRIVMSG #room :one", b"TOPIC #room :tea", b"PRIVMSG #room :two")
    with two.a.ahead([(two.alice.session, line) for line in lines]):
        assert two.a.model.last_seq == two.b.model.last_seq
        two.bob.sends("PRIVMSG #room :first")
    assert texts(two.a) == ["first", "one", "two"]
    assert two.are_equal()


def test_a_conversation_is_opened_with_the_head() -> None:
    """Both may open it at once."""
    two = Two()
    heard = two.alice_says("PRIVMSG bob :to bob", meanwhile=["PRIVMSG alice :to alice"])
    assert [line.rpartition(":")[2] for line in heard] == ["to alice", "to bob"]
    assert len(two.a.account("alice").directs) == 1
    assert two.are_equal()


def test_lines_of_a_batch_wait_for_the_head() -> None:
    two = Two()
    caps = f"CAP REQ :{ALL} draft/multiline"
    two.alice.says(caps)
    heard = two.alice_says(
        "BATCH +m draft/multiline #room",
        "@batch=m PRIVMSG #room :one",
        "@batch=m PRIVMSG #room :two",
        "BATCH -m",
        meanwhile=["MODE bob +i"],
    )
    assert sum(" PRIVMSG #room :" in line for line in heard) == 2
    assert not of(heard, "FAIL")
    assert two.are_equal()


def test_what_can_not_be_stored_is_taken_back() -> None:
    two = Two()
    said = [(two.alice.session, b"PRIVMSG #room :lost")]
    with two.a.ahead(said):
        two.bob.sends("PRIVMSG #room :first")
        two.nodes.full = True
    assert "400" in codes(two.alice.hears())
    two.bob.sends("PRIVMSG #room :next")
    assert texts(two.a) == ["first", "next"]
    assert two.are_equal()


def test_a_name_is_told_before_what_is_said_by_it() -> None:
    """Though what was said before is handed on with it, to the same people."""
    two = Two()
    two.alice.says(f"CAP REQ :{ALL} draft/channel-rename")
    with two.a.ahead([(two.alice.session, b"TAGMSG #room")]):
        two.bob.sends("PRIVMSG #room :before")
        two.bob.sends("RENAME #room #hall :so")
        two.bob.sends("PRIVMSG #hall :after")
    lines = [line.split(" ") for line in two.alice.hears() if line.startswith("@msgid")]
    assert [words[2:4] for words in lines] == [
        ["PRIVMSG", "#room"],
        ["RENAME", "#room"],
        ["PRIVMSG", "#hall"],
    ]


def test_what_is_run_again_and_can_not_be_stored_is_refused_once(two: Two) -> None:
    with two.a.ahead([(two.alice.session, b"PRIVMSG #room :lost")]):
        two.bob.sends("TOPIC #room :tea")
        two.nodes.full = True
    assert codes(two.alice.hears()).count("400") == 1
    assert two.are_equal()


def test_refusals_are_told_at_once(two: Two) -> None:
    heard = two.alice_says("PRIVMSG #nowhere :hi", meanwhile=["PRIVMSG #room :first"])
    assert "403" in codes(heard)


@pytest.fixture
def two() -> Two:
    return Two()
