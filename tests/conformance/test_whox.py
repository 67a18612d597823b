"""WHOX. https://ircv3.net/specs/extensions/whox"""

from __future__ import annotations

import pytest

from tests.support.client import SERVER, Client, codes, of, only
from tests.support.rules import RulesUnderTest, in_channel, outsider


def rows(lines: list[str]) -> list[list[str]]:
    """What the rows of a WHOX tell, without whom; they end as they should, and are of no other
    kind.
    """
    assert set(codes(lines)) <= {"354", "315"}
    assert codes(lines)[-1] == "315"
    return [message.params[1:] for message in of(lines, "354")]


def scene() -> tuple[RulesUnderTest, Client, Client]:
    """alice owns #den; bob is in it, and away."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("AWAY :out", "SETNAME :Bob the Builder")
    alice.hears()
    return rules, alice, bob


def test_the_token_stands_in_isupport_without_a_value() -> None:
    """ISUPPORT token: "the WHOX token in RPL_ISUPPORT without any value"."""
    alice = RulesUnderTest("alice").member("alice")
    tokens = [token for line in of(alice.says("VERSION"), "005") for token in line.params]
    assert "WHOX" in tokens


def test_all_fields_come_in_the_order_of_the_specification() -> None:
    """354: "in the order specified", whatever that of the question; the address is the one that
    stands for a refusal.
    """
    rules, alice, _ = scene()
    rules.passes(7)
    facts = f"42 #den bob 255.255.255.255 {SERVER} {SERVER} bob G 0 7 bob n/a"
    assert alice.says("WHO #den %roaldfnshiuct,42")[1:] == [
        f":{SERVER} 354 alice {facts} :Bob the Builder",
        f":{SERVER} 315 alice #den :End of WHO list",
    ]


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("t", "7"),
        ("c", "#den"),
        ("u", "bob"),
        ("i", "255.255.255.255"),
        ("h", SERVER),
        ("s", SERVER),
        ("n", "bob"),
        ("f", "G"),
        ("d", "0"),
        ("l", "0"),
        ("a", "bob"),
        ("o", "n/a"),
        ("r", "Bob the Builder"),
    ],
)
def test_one_field_is_told_alone(field: str, told: str) -> None:
    """354: "MUST NOT add any additional field not requested", and each of the standard ones is
    there.
    """
    _, alice, _ = scene()
    assert rows(alice.says(f"WHO bob %{field},7")) == [[told]]


def test_the_example_with_a_token() -> None:
    """Examples: WHO #ircv3 %afnt,42."""
    _, alice, _ = scene()
    assert rows(alice.says("WHO #den %afnt,42")) == [
        ["42", "alice", "H~", "alice"],
        ["42", "bob", "G", "bob"],
    ]


def test_fields_that_nobody_knows_are_ignored() -> None:
    """354: "Servers MUST ignore any non-standard field"; one that comes twice is told once."""
    _, alice, _ = scene()
    assert rows(alice.says("WHO bob %nXznq9é")) == [["bob"]]
    assert rows(alice.says("WHO bob %")) == rows(alice.says("WHO bob %XYZ")) == []


@pytest.mark.parametrize("token", ["", ",", ",1234", ",x", ",4é", ",٤"])
def test_what_is_no_token_is_told_as_zero(token: str) -> None:
    """Extended WHO command: a token has one to three digits; the field is there all the same."""
    _, alice, _ = scene()
    assert rows(alice.says(f"WHO bob %tn{token}")) == [["0", "bob"]]


def test_a_token_comes_back_as_it_was() -> None:
    """Also with zeros in front: clients compare it as a text."""
    _, alice, _ = scene()
    assert rows(alice.says("WHO bob %nt,007")) == [["007", "bob"]]


def test_flags_may_stand_before_the_percent_sign() -> None:
    """Extended WHO command: "additional non-standard flags"; o asks for administrators only."""
    rules, alice, _ = scene()
    rules.add("boss", admin=True)
    rules.member("boss").says("JOIN #den")
    alice.hears()
    assert rows(alice.says("WHO #den o%nf")) == rows(alice.says("WHO * o%nf")) == [["boss", "H*"]]
    assert rows(alice.says("WHO bob x%n")) == [["bob"]]
    assert [line.params[5] for line in of(alice.says("WHO * o"), "352")] == ["boss"]


def test_masks_are_answered_in_the_same_form() -> None:
    """By a mask of the nick, or of nick!user@host; 0 is everybody (RFC 2812, 3.6.1)."""
    _, alice, _ = scene()
    for mask in ("b*", "B?B", "*!bob@*", f"bob@{SERVER}", f"bob!*@{SERVER}"):
        expected = [] if mask == f"bob@{SERVER}" else [["bob"]]
        assert rows(alice.says(f"WHO {mask} %n")) == expected
    assert rows(alice.says("WHO 0 %n")) == rows(alice.says("WHO * %n")) == [["alice"], ["bob"]]
    assert only(alice.says("WHO nobody %n")).params == ["alice", "nobody", "End of WHO list"]


def test_a_channel_of_theirs_is_one_that_may_be_known() -> None:
    """c: "an arbitrary channel", '*' for none. A secret channel is known to its members only."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    assert rows(alice.says("WHO bob %c")) == [["*"]]
    bob.says("JOIN #secret", "MODE #secret +s")
    assert rows(alice.says("WHO bob %c")) == rows(alice.says("WHO b* %c")) == [["*"]]
    assert rows(bob.says("WHO bob %c")) == [["#secret"]]
    bob.says("JOIN #open")
    assert rows(alice.says("WHO bob %cf")) == [["#open", "H"]]
    assert rows(alice.says("WHO #secret %n")) == []


def test_the_invisible_are_not_shown_to_strangers_of_their_channel() -> None:
    """Modern IRC, WHO: the visible have a channel in common with who asks, or are not +i."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("MODE bob +i")
    carol = outsider(rules, "carol")
    assert rows(carol.says("WHO #den %n")) == [["alice"]]
    assert rows(alice.says("WHO #den %n")) == [["alice"], ["bob"]]
    assert rows(carol.says("WHO bob %n")) == [["bob"]]


def test_multi_prefix_holds_here_too() -> None:
    """https://ircv3.net/specs/extensions/multi-prefix: in WHO as well, the highest first."""
    _, alice, _ = scene()
    alice.says("MODE #den +v alice")
    assert rows(alice.says("WHO #den %nf"))[0] == ["alice", "H~"]
    alice.says("CAP REQ multi-prefix")
    assert rows(alice.says("WHO #den %nf"))[0] == ["alice", "H~@+"]
