"""JOIN."""

from __future__ import annotations

import pytest

from securechat.core.journal.events.channels import ChannelCreated
from tests.support.client import SERVER, codes, of, only, source
from tests.support.rules import NOW_MS, RulesUnderTest, in_channel, outsider


def test_the_first_makes_the_channel() -> None:
    """JOIN, no topic, the names: its maker is the owner; it is +nt."""
    rules = RulesUnderTest("alice")
    assert rules.member("alice").says("JOIN #Den") == [
        f"{source('alice')} JOIN #Den",
        f":{SERVER} 353 alice = #Den :~alice",
        f":{SERVER} 366 alice #Den :End of /NAMES list",
    ]
    (created,) = [event for event in rules.stored if isinstance(event, ChannelCreated)]
    assert (created.name, created.folded, created.modes) == ("#Den", "#den", "nt")


def test_the_next_is_seen_to_come() -> None:
    """The others see JOIN, the new one the topic and who is there; both by the channel's name."""
    rules, (alice,) = in_channel("alice")
    alice.says("TOPIC #den :soup")
    bob = outsider(rules, "bob")
    assert bob.says("JOIN #DEN") == [
        f"{source('bob')} JOIN #den",
        f":{SERVER} 332 bob #den :soup",
        f":{SERVER} 333 bob #den alice!alice@{SERVER} :{NOW_MS // 1000}",
        f":{SERVER} 353 bob = #den :~alice bob",
        f":{SERVER} 366 bob #den :End of /NAMES list",
    ]
    assert alice.hears() == [f"{source('bob')} JOIN #den"]


def test_all_sessions_of_an_account_join() -> None:
    """Each gets the JOIN and the names; the others see one JOIN."""
    rules, (alice,) = in_channel("alice")
    bob = outsider(rules, "bob")
    phone = rules.member("bob")
    assert codes(bob.says("JOIN #den")) == codes(phone.hears()) == ["JOIN", "353", "366"]
    assert codes(alice.hears()) == ["JOIN"]


def test_extended_join_tells_account_and_real_name() -> None:
    """For those who asked."""
    rules, (alice,) = in_channel("alice")
    alice.says("CAP REQ extended-join")
    outsider(rules, "bob").says("JOIN #den")
    assert alice.hears() == [f"{source('bob')} JOIN #den bob :Bob"]


def test_joining_again_is_nothing() -> None:
    """Neither for the member nor for the others."""
    _, (alice, bob) = in_channel("alice", "bob")
    assert bob.says("JOIN #den,#DEN") == []
    assert alice.hears() == []


def test_several_at_once() -> None:
    """Each with its key, in the order of the lists; an error does not stop the rest."""
    rules, (alice,) = in_channel("alice")
    alice.says("JOIN #a,#b", "MODE #a +k one", "MODE #b +k two")
    bob = outsider(rules, "bob")
    heard = bob.says("JOIN #a,&bad,#b,#den one,x,two")
    assert [m.params[0] for m in of(heard, "JOIN")] == ["#a", "#b", "#den"]
    assert [m.params[1] for m in of(heard, "403")] == ["&bad"]


@pytest.mark.parametrize("name", ["den", "#", "#a,", "00", "#" + "x" * 64, "#a\u200bb", ":#x y"])
def test_a_name_that_is_none(name: str) -> None:
    """403 with what is expected."""
    rules = RulesUnderTest("alice")
    heard = rules.member("alice").says(f"JOIN {name}")
    if name == "#a,":
        assert codes(heard) == ["JOIN", "353", "366"]
    else:
        assert codes(heard) == ["403"]


def test_a_look_alike_is_refused() -> None:
    """Its double is named only to those who may know of it."""
    rules, (alice,) = in_channel("alice")
    bob = outsider(rules, "bob")
    refused = only(bob.says("JOIN #dеn"))
    assert refused.command == "403"
    assert "like #den" in refused.params[-1]
    alice.says("MODE #den +s")
    assert "#den" not in only(bob.says("JOIN #dеn")).params[-1]


@pytest.mark.parametrize(
    ("modes", "numeric"), [("+i", "473"), ("+k secret", "475"), ("+l 1", "471"), ("+b bob", "474")]
)
def test_a_closed_door(modes: str, numeric: str) -> None:
    """Invite only, a key, full, banned."""
    rules, (alice,) = in_channel("alice")
    alice.says(f"MODE #den {modes}")
    bob = outsider(rules, "bob")
    assert codes(bob.says("JOIN #den")) == [numeric]
    assert codes(bob.says("JOIN #den wrong")) == [numeric]
    assert bob.session.who not in rules.channel("#den").members
    assert alice.hears() == []


def test_the_key_opens() -> None:
    """And only the exact one."""
    rules, (alice,) = in_channel("alice")
    alice.says("MODE #den +k secret")
    bob = outsider(rules, "bob")
    assert codes(bob.says("JOIN #den SECRET")) == ["475"]
    assert codes(bob.says("JOIN #den secret"))[0] == "JOIN"


def test_a_limit_counts_members_that_are_offline() -> None:
    """They come back without asking."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +l 3")
    bob.says("QUIT")
    assert codes(outsider(rules, "carol").says("JOIN #den"))[0] == "JOIN"
    assert codes(outsider(rules, "dave").says("JOIN #den")) == ["471"]


def test_owner_and_administrator_always_get_in() -> None:
    """The founder is the owner again."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("root_", admin=True)
    alice.says("MODE #den +o bob", "PART #den")
    bob.says("MODE #den +ikl x 1", "MODE #den +b *", "PART #nowhere")
    bob.hears()
    assert codes(alice.says("JOIN #den"))[0] == "JOIN"
    assert rules.channel("#den").modes_of(rules.account("alice")) == "qo"
    assert codes(rules.member("root_").says("JOIN #den"))[0] == "JOIN"
    assert rules.channel("#den").modes_of(rules.account("root_")) == ""


def test_too_many_channels() -> None:
    """405 at the limit that ISUPPORT tells."""
    rules = RulesUnderTest("alice", max_channels=2)
    alice = rules.member("alice")
    assert codes(alice.says("JOIN #a,#b,#c"))[-1] == "405"
    alice.says("PART #a")
    assert codes(alice.says("JOIN #c"))[0] == "JOIN"


def test_who_is_away_is_seen_to_be() -> None:
    """away-notify: AWAY follows the JOIN of somebody who is away."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("CAP REQ away-notify")
    carol = outsider(rules, "carol", caps="away-notify")
    carol.says("AWAY :lunch")
    assert "AWAY" not in codes(carol.says("JOIN #den"))
    assert alice.hears() == [f"{source('carol')} JOIN #den", f"{source('carol')} AWAY :lunch"]
    assert codes(bob.hears()) == ["JOIN"]


def test_a_plain_members_invitation_ends_with_the_open_door() -> None:
    """What any member may give while a channel is open lifts nothing once it is closed."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    bob.says("INVITE carol #den")
    alice.says("MODE #den +ik secret")
    assert "473" in codes(carol.says("JOIN #den"))
    alice.says("INVITE carol #den")
    assert "366" in codes(carol.says("JOIN #den"))


def test_the_invitations_of_a_closed_channel_are_forgotten() -> None:
    """Its name may be given to another one, and nothing of the old is kept in memory."""
    rules, (alice,) = in_channel("alice")
    carol = outsider(rules, "carol")
    alice.says("INVITE carol #den", "PART #den")
    assert rules.account("carol").invited_to == {}
    alice.says("JOIN #den", "MODE #den +i")
    assert "473" in codes(carol.says("JOIN #den"))


def test_a_line_tries_one_key() -> None:
    """The first that stands at the channel's place."""
    rules, (alice,) = in_channel("alice")
    bob = outsider(rules, "bob")
    alice.says("MODE #den +k right")
    assert codes(bob.says("JOIN #den,#DEN,#den,#den a,b,right,right")) == ["475"]
    assert codes(bob.says("JOIN #den,#den right,wrong"))[0] == "JOIN"


def test_keys_are_not_tried_without_end() -> None:
    """Five wrong ones, then one each ten seconds; meanwhile the right one is not taken either."""
    rules, (alice,) = in_channel("alice")
    bob, carol = outsider(rules, "bob"), outsider(rules, "carol")
    alice.says("MODE #den +k right")
    for _ in range(5):
        bob.says("JOIN #den")  # no key is no try
    told = [only(bob.says(f"JOIN #den {number}")).params[-1] for number in range(7)]
    assert told[4:] == [
        "Cannot join channel: wrong key (+k)",
        *["Cannot join channel: too many wrong keys; try again in 10 seconds (+k)"] * 2,
    ]
    assert codes(bob.says("JOIN #den right")) == ["475"]
    assert codes(carol.says("JOIN #den right"))[0] == "JOIN"
    rules.passes(10)
    assert codes(bob.says("JOIN #den right"))[0] == "JOIN"
