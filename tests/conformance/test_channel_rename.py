"""draft/channel-rename, and DROP, which is ours.

https://ircv3.net/specs/extensions/channel-rename
"""

from __future__ import annotations

import pytest

from securechat.core.journal.events.channels import KickedAway
from tests.support.client import SERVER, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel, outsider

CAP = "draft/channel-rename"


def test_who_knows_of_it_hears_rename() -> None:
    """Messages: "MUST always include the third parameter"; to who asked and to who is there."""
    _, (alice, bob) = in_channel("alice", "bob", caps=CAP)
    told = [f"{source('alice')} RENAME #den #cave :Typo fix"]
    assert alice.says("RENAME #den #cave :Typo fix") == told == bob.hears()
    assert alice.says("RENAME #cave #den") == [f"{source('alice')} RENAME #cave #den :"]


def test_the_others_leave_and_come() -> None:
    """Fallback: PART with the reason, JOIN, "followed by the usual messages"; also to who asks."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("TOPIC #den :soup")
    bob.hears()
    assert alice.says("RENAME #den #cave :why not")[:2] == [
        f"{source('alice')} PART #den :why not",
        f"{source('alice')} JOIN #cave",
    ]
    assert bob.hears() == [
        f"{source('bob')} PART #den :why not",
        f"{source('bob')} JOIN #cave",
        f":{SERVER} 332 bob #cave :soup",
        f":{SERVER} 333 bob #cave {source('alice')[1:]} :{rules.now_ms // 1000}",
        f":{SERVER} 353 bob = #cave :~alice bob",
        f":{SERVER} 366 bob #cave :End of /NAMES list",
    ]


def test_all_state_is_kept() -> None:
    """Messages: "preserves all channel state, such as membership, mode and topic"."""
    rules, (alice, _) = in_channel("alice", "bob", caps="draft/read-marker")
    carol = outsider(rules, "carol")
    alice.says("MODE #den +vb bob eve", "MODE #den +i", "TOPIC #den :soup", "INVITE carol #den")
    alice.says("MARKREAD #den timestamp=2020-01-01T00:00:00.000Z")
    channel = rules.channel("#den")
    alice.says("RENAME #den #Cave")
    assert rules.channel("#cave") is channel
    assert (channel.modes, channel.topic, list(channel.bans)) == ("int", "soup", ["eve!*@*"])
    assert [channel.modes_of(rules.account(name)) for name in ("alice", "bob")] == ["qo", "v"]
    assert "2020-01-01" in only(alice.says("MARKREAD #cave")[-1:]).params[-1]
    assert only(alice.says("MARKREAD #den")[-1:]).params[-1] == "*"
    assert "JOIN" in codes(carol.says("JOIN #cave"))


def test_the_old_name_leads_nowhere() -> None:
    """Channel redirection is a MAY: who joins it makes a new channel, which is theirs."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    alice.says("RENAME #den #cave")
    bob.hears()
    assert codes(carol.says("PRIVMSG #den :x")) == ["403"]
    assert codes(carol.says("JOIN #den")) == ["JOIN", "353", "366"]
    assert codes(carol.says("MODE #den +k beer")) == ["MODE"]
    assert not of(bob.hears(), "JOIN", "MODE")


def test_case_alone_may_change_and_has_no_fallback() -> None:
    """Messages: "MUST allow"; Fallback: "SHOULD NOT" for a change of "only the case"."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says(f"CAP REQ {CAP}")
    assert alice.says("RENAME #den #DEN") == [f"{source('alice')} RENAME #den #DEN :"]
    assert bob.hears() == []
    assert rules.channel("#den").name == "#DEN"
    assert only(alice.says("PRIVMSG #den :hi") or bob.hears()).params[0] == "#DEN"


def test_who_may_not() -> None:
    """Errors: numerics where these are more appropriate; an operator may not either."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    alice.says("MODE #den +o bob")
    assert codes(bob.says("RENAME #den #cave"))[-1] == "482"
    assert codes(carol.says("RENAME #den #cave")) == ["442"]
    assert codes(carol.says("RENAME #nowhere #cave")) == ["403"]
    assert codes(alice.says("RENAME #den"))[-1] == "461"
    alice.says("MODE #den +s")
    assert codes(carol.says("RENAME #den #cave")) == ["403"]
    assert "#den" in rules.model.channels


@pytest.mark.parametrize(
    ("new", "code"),
    [
        *[("#taken", "CHANNEL_NAME_IN_USE"), ("#TAKEN", "CHANNEL_NAME_IN_USE")],
        *[("#tаken", "CHANNEL_NAME_IN_USE"), ("&den", "CANNOT_RENAME")],
        *[("#" + "x" * 64, "CANNOT_RENAME"), ("#a*", "CANNOT_RENAME"), ("#den", "CANNOT_RENAME")],
    ],
)
def test_names_that_it_can_not_have(new: str, code: str) -> None:
    """Errors: FAIL RENAME with both names; nothing has changed, and nobody else hears of it."""
    rules, (alice, bob) = in_channel("alice", "bob")
    outsider(rules, "carol").says("JOIN #taken")
    failed = only(alice.says(f"RENAME #den {new}"))
    assert failed.command == "FAIL"
    assert failed.params[:4] == ["RENAME", code, "#den", new[:64]]
    assert (rules.channel("#den").name, bob.hears()) == ("#den", [])


def test_the_lobby_keeps_its_name() -> None:
    """It is the server's, also to administrators."""
    rules = RulesUnderTest(lobby="#lobby")
    rules.add("boss", admin=True)
    boss = rules.member("boss")
    assert only(boss.says("RENAME #lobby #x")).params[1] == "CANNOT_RENAME"
    assert codes(boss.says("DROP #lobby")) == ["482"]


def test_it_is_renamed_now_and_then() -> None:
    """Security considerations: a cooldown, against "flooding with the fallback burst"."""
    rules, (alice,) = in_channel("alice")
    alice.says("RENAME #den #a", "RENAME #a #b")
    failed = only(alice.says("RENAME #b #c"))
    assert failed.params[:2] == ["RENAME", "CANNOT_RENAME"]
    assert "60 seconds" in failed.params[-1]
    rules.passes(60)
    alice.hears()
    assert codes(alice.says("RENAME #b #c"))[0] == "PART"


def test_it_is_played_back_to_who_knows_of_it() -> None:
    """chathistory, event-playback: as it was; to others nothing of it."""
    caps = f"{CAP} batch draft/chathistory draft/event-playback"
    rules, (alice,) = in_channel("alice", caps=caps)
    alice.says("RENAME #den #cave :x")
    (renamed,) = of(alice.says("CHATHISTORY LATEST #cave * 10"), "RENAME")
    assert renamed.params == ["#den", "#cave", "x"]
    phone = rules.member("alice", caps=caps.replace(CAP, ""))
    assert not of(phone.says("CHATHISTORY LATEST #cave * 10"), "RENAME")


# DROP


def test_an_owner_drops_a_channel() -> None:
    """Who is there is told in a word that each client knows; the name is free."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    carol.says("QUIT")
    bob.hears()
    assert alice.says("DROP #den :over")[-1:] == [f"{source('alice')} PART #den :over"]
    assert bob.hears() == [f"{source('alice')} KICK #den bob :over"]
    assert "#den" not in rules.model.channels
    assert not any(rules.account(name).channels for name in ("alice", "bob", "carol"))
    (kicked,) = [event for event in rules.stored if isinstance(event, KickedAway)]
    assert (kicked.account, kicked.name) == (rules.account("carol").id, "#den")
    assert any("kicked from #den" in line for line in rules.connect().logs_in("carol"))
    assert codes(bob.says("JOIN #den")) == ["JOIN", "353", "366"]
    assert rules.channel("#den").modes_of(rules.account("bob")) == "qo"


def test_who_may_not_drop() -> None:
    """482, 442, 403; an administrator may, from outside."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +o bob")
    assert codes(bob.says("DROP #den"))[-1] == "482"
    assert codes(outsider(rules, "carol").says("DROP #den")) == ["442"]
    assert codes(bob.says("DROP #nowhere")) == ["403"]
    rules.add("boss", admin=True)
    assert codes(rules.member("boss").says("DROP #den")) == ["NOTICE"]
    assert codes(bob.hears()) == ["KICK"]
    assert "#den" not in rules.model.channels


def test_what_can_not_be_stored_has_not_happened() -> None:
    """Neither a new name nor an end: all are where they were, and nobody heard of it."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.full = True
    assert codes(alice.says("RENAME #den #cave")) == codes(alice.says("DROP #den")) == ["400"]
    rules.full = False
    assert bob.hears() == []
    alice.says("PRIVMSG #den :still here")
    assert only(bob.hears()).params == ["#den", "still here"]
