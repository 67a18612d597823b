"""Ban exceptions (+e) and invite exceptions (+I).

https://modern.ircdocs.horse/#ban-exception-channel-mode,
https://modern.ircdocs.horse/#invite-exception-channel-mode
"""

from __future__ import annotations

import pytest

from tests.support.client import SERVER, codes, of, only
from tests.support.rules import RulesUnderTest, in_channel, outsider


def test_the_tokens() -> None:
    """#excepts-parameter, #invex-parameter, #chanmodes-parameter: type A, in the first group."""
    heard = of(RulesUnderTest("alice").connect().logs_in("alice"), "005")
    tokens = {token for line in heard for token in line.params[1:-1]}
    assert {"EXCEPTS", "INVEX", "CHANMODES=beI,k,l,CHimnst"} <= tokens


def test_an_exception_lets_in_who_is_banned() -> None:
    """#ban-exception-channel-mode: "they will not be blocked from joining due to the ban mode"."""
    rules, (alice,) = in_channel("alice")
    bar, baz = outsider(rules, "bar"), outsider(rules, "baz")
    alice.says("MODE #den +b ba*!*@*")
    assert codes(bar.says("JOIN #den")) == ["474"]
    assert only(alice.says("MODE #den +e *AR!*@*")).params == ["#den", "+e", "*AR!*@*"]
    assert codes(bar.says("JOIN #den"))[0] == "JOIN"
    assert codes(baz.says("JOIN #den")) == ["474"]


def test_an_exception_is_heard_and_lifts_nothing_else() -> None:
    """A ban silences members too, so its exception gives the word back; +m, +k and +i stay."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +b *!*@*")
    assert codes(bob.says("PRIVMSG #den :hi"))[-1:] == ["404"]
    alice.says("MODE #den +e bob")
    assert codes(bob.says("PRIVMSG #den :hi")) == ["MODE"]
    for modes, code in (("+m", "404"), ("-m", "")):
        alice.says(f"MODE #den {modes}")
        assert [c for c in codes(bob.says("PRIVMSG #den :hi")) if c != "MODE"] == [code] * bool(
            code
        )
    alice.says("MODE #den +ik key", "MODE #den +e carol")
    carol = outsider(rules, "carol")
    assert codes(carol.says("JOIN #den key")) == ["473"]
    alice.says("MODE #den -i")
    assert codes(carol.says("JOIN #den")) == ["475"]
    alice.says("MODE #den -e bob")
    bob.hears()
    assert codes(bob.says("PRIVMSG #den :hi")) == ["404"]


def test_an_invite_exception_is_as_good_as_an_invitation_into_i() -> None:
    """#invite-exception-channel-mode: "they do not need to require an INVITE"."""
    rules, (alice,) = in_channel("alice")
    bar, baz = outsider(rules, "bar"), outsider(rules, "baz")
    alice.says("MODE #den +i")
    assert codes(bar.says("JOIN #den")) == ["473"]
    assert only(alice.says("MODE #den +I bar!*@*")).params == ["#den", "+I", "bar!*@*"]
    assert codes(bar.says("JOIN #den"))[0] == "JOIN"
    assert codes(baz.says("JOIN #den")) == ["473"]
    alice.says("MODE #den +I BAZ")
    assert codes(baz.says("JOIN #den"))[0] == "JOIN"


def test_an_invite_exception_opens_no_other_door() -> None:
    """It is an exception from +i; a ban, a key and a limit hold."""
    rules, (alice,) = in_channel("alice")
    bob = outsider(rules, "bob")
    alice.says("MODE #den +I bob", "MODE #den +b bob")
    assert codes(bob.says("JOIN #den")) == ["474"]
    alice.says("MODE #den -b bob", "MODE #den +k key")
    assert codes(bob.says("JOIN #den")) == ["475"]
    alice.says("MODE #den -k *", "MODE #den +l 1")
    assert codes(bob.says("JOIN #den")) == ["471"]


@pytest.mark.parametrize(
    ("kind", "row", "end", "name"),
    [
        ("b", "367", "368", "ban"),
        ("e", "348", "349", "exception"),
        ("I", "346", "347", "invite exception"),
    ],
)
def test_a_list_is_shown(kind: str, row: str, end: str, name: str) -> None:
    """To its members, with who set each and when; each by its numerics."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says(f"MODE #den +{kind}{kind} x ~a:eve")
    bob.hears()
    shown = [
        f":{SERVER} {row} bob #den x!*@* alice :{rules.now_ms // 1000}",
        f":{SERVER} {row} bob #den ~a:eve alice :{rules.now_ms // 1000}",
        f":{SERVER} {end} bob #den :End of channel {name} list",
    ]
    assert bob.says(f"MODE #den {kind}") == bob.says(f"MODE #den +{kind}") == shown
    assert codes(outsider(rules, "carol").says(f"MODE #den {kind}")) == ["442"]
    alice.says("MODE #den +s")
    assert codes(rules.member("carol").says(f"MODE #den {kind}")) == ["403"]


def test_several_lists_at_once() -> None:
    """Each with its end."""
    _, (alice,) = in_channel("alice")
    alice.says("MODE #den +be x y")
    heard = codes(alice.says("MODE #den beIb"))
    assert heard == ["367", "368", "348", "349", "347"]


def test_the_lists_are_apart() -> None:
    """A mask may stand in each; it is taken out of the one that is named."""
    rules, (alice,) = in_channel("alice")
    alice.says("MODE #den +beI x x x", "MODE #den -e x")
    channel = rules.channel("#den")
    assert (list(channel.bans), list(channel.exceptions)) == (["x!*@*"], [])
    assert list(channel.invite_exceptions) == ["x!*@*"]


@pytest.mark.parametrize("kind", "beI")
def test_who_does_not_run_the_channel_changes_no_list(kind: str) -> None:
    """482; 442 from outside."""
    rules, (_, bob) = in_channel("alice", "bob")
    assert codes(bob.says(f"MODE #den +{kind} bob")) == ["482"]
    assert codes(outsider(rules, "carol").says(f"MODE #den +{kind} carol")) == ["442"]
    assert not rules.channel("#den").masks(kind)


@pytest.mark.parametrize("kind", "beI")
def test_a_list_holds_what_maxlist_says(kind: str) -> None:
    """#maxlist-parameter: one more is refused with 478, and a place that is freed is free."""
    rules, (alice,) = in_channel("alice", max_bans=2)
    assert codes(alice.says(f"MODE #den +{kind * 2} a b")) == ["MODE"]
    full = only(alice.says(f"MODE #den +{kind} c"))
    assert (full.command, full.params[1:3]) == ("478", ["#den", kind])
    alice.says(f"MODE #den -{kind} a")
    assert codes(alice.says(f"MODE #den +{kind} c")) == ["MODE"]
    assert len(rules.channel("#den").masks(kind)) == 2


def test_an_owner_is_not_locked_out() -> None:
    """Whatever an operator sets, the founder comes in and is heard."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +o bob")
    bob.hears()
    bob.says("MODE #den +bb ~a:alice *!*@*", "MODE #den +imkl key 1", "MODE #den +s")
    assert codes(bob.says("KICK #den alice")) == ["482"]
    assert codes(bob.says("MODE #den -qo alice alice")) == ["482", "482"]
    alice.hears()
    assert codes(alice.says("PRIVMSG #den :hi")) == []
    alice.says("PART #den")
    assert codes(alice.says("JOIN #den"))[0] == "JOIN"
    assert rules.channel("#den").modes_of(rules.account("alice")) == "qo"
    assert codes(alice.says("MODE #den -bb ~a:alice *!*@*")) == ["MODE"]
