"""PART, KICK, INVITE, TOPIC, NAMES, LIST; for JOIN see test_joining."""

from __future__ import annotations

import pytest

from securechat.core.journal.events.channels import ChannelClosed, InvitationEnded, InvitationMade
from securechat.core.text import kick_bytes, topic_bytes
from securechat.irc.message import parse
from tests.support.client import SERVER, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel, outsider

# PART


def test_part_is_seen_by_all() -> None:
    """The one who goes as well, on all sessions; with the reason."""
    rules, (alice, bob) = in_channel("alice", "bob")
    phone = rules.member("bob")
    expected = [f"{source('bob')} PART #den :off to bed"]
    assert bob.says("PART #Den :off to bed") == expected
    assert alice.hears() == phone.hears() == expected
    assert codes(bob.says("PRIVMSG #den :x")) == ["404"]
    assert bob.says("JOIN #den")[0] == f"{source('bob')} JOIN #den"
    assert bob.says("PART #den") == [f"{source('bob')} PART #den"]


def test_part_several() -> None:
    """403 and 442 for those that can't be left; the others are."""
    rules, (alice,) = in_channel("alice")
    bob = outsider(rules, "bob")
    bob.says("JOIN #a")
    assert codes(bob.says("PART #den,#nowhere,#a :x")) == ["442", "403", "PART"]
    assert codes(bob.says("PART #a,#b,#c,#d,#e")) == ["407"]
    assert codes(bob.says("PART")) == ["461"]
    assert alice.hears() == []


def test_a_channel_ends_with_its_last_member() -> None:
    """Its name is free; who comes next owns a new one, without its topic and modes."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("TOPIC #den :old", "MODE #den +i", "PART #den")
    bob.says("PART #den")
    bob.hears()
    assert isinstance(rules.stored[-1], ChannelClosed)
    assert "#den" not in rules.model.channels
    assert bob.says("JOIN #den")[1] == f":{SERVER} 353 bob = #den :~bob"
    assert rules.channel("#den").topic == ""
    assert rules.channel("#den").modes == "nt"


def test_the_lobby_never_ends() -> None:
    """It is nobody's."""
    rules = RulesUnderTest("alice", lobby="#lobby")
    rules.member("alice").says("PART #lobby")
    assert rules.channel("#lobby").members == {}


def test_a_long_reason_is_cut() -> None:
    """At 255 bytes, between letters."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says("PART #den :" + "я" * 200)
    assert of(bob.hears(), "PART")[0].params[1] == "я" * 127


def test_the_longest_names_leave_room_for_less() -> None:
    """No line is over the protocol's limit, whatever the names."""
    long, channel = "я" * 32, "#" + "ж" * 63
    rules = RulesUnderTest(long, "bob")
    boris, bob = rules.member(long), rules.member("bob", caps="extended-join")
    bob.says(f"JOIN {channel}")
    boris.says(f"JOIN {channel}", f"PART {channel} :" + "я" * 150, f"JOIN {channel}")
    heard = bob.says(f"MODE {channel} +q {long}")
    boris.says(f"KICK {channel} bob :" + "я" * 150)
    heard += bob.hears()
    assert [len(line.encode()) in (509, 510) for line in heard if " PART " in line] == [True]
    assert len(parse(heard[-1]).params[-1].encode()) in (kick_bytes(SERVER) - 1, kick_bytes(SERVER))
    assert codes(boris.hears()) == []


# KICK


def test_an_operator_kicks() -> None:
    """All see it, the kicked one included, who is out then; the reason is by default the nick."""
    _, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    expected = [f"{source('alice')} KICK #den bob :behave"]
    assert alice.says("KICK #den BOB :behave") == expected
    assert bob.hears() == carol.hears() == expected
    assert codes(bob.says("PRIVMSG #den :x")) == ["404"]
    assert alice.says("KICK #den carol") == [f"{source('alice')} KICK #den carol :alice"]


def test_kick_several() -> None:
    """A message each; one who isn't there does not save the others."""
    _, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    heard = alice.says("KICK #den nobody,bob,carol :out")
    assert codes(heard) == ["441", "KICK", "KICK"]
    assert codes(alice.says("KICK #den a,b,c,d,e :out")) == ["407"]
    assert [codes(bob.hears()), codes(carol.hears())] == [["KICK"], ["KICK", "KICK"]]


def test_who_may_not_kick() -> None:
    """403, 442, 482, 441, 461."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    assert codes(carol.says("KICK #nowhere bob")) == ["403"]
    assert codes(carol.says("KICK #den bob")) == ["442"]
    assert codes(bob.says("KICK #den alice")) == ["482"]
    assert codes(alice.says("KICK #den carol")) == ["441"]
    assert codes(alice.says("KICK #den")) == ["461"]


def test_an_operator_does_not_kick_an_owner() -> None:
    """482; an administrator may."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("boss", admin=True)
    alice.says("MODE #den +o bob")
    bob.hears()
    assert codes(bob.says("KICK #den alice")) == ["482"]
    boss = rules.member("boss")
    boss.says("KICK #den alice :sorry")
    assert codes(alice.hears())[-1] == "KICK"


# INVITE


def test_an_invitation_opens_the_door() -> None:
    """341 to the one, INVITE to the other on all sessions, nothing to the rest; then it is used."""
    rules, (alice, carol) = in_channel("alice", "carol")
    bob = outsider(rules, "bob")
    phone = rules.member("bob")
    alice.says("MODE #den +ikl key 1")
    carol.hears()
    assert alice.says("INVITE BOB #DEN") == [f":{SERVER} 341 alice bob #den"]
    assert bob.hears() == phone.hears() == [f"{source('alice')} INVITE bob #den"]
    assert carol.hears() == []
    assert codes(bob.says("JOIN #den"))[0] == "JOIN"
    kinds = [type(event) for event in rules.stored]
    assert kinds.count(InvitationMade) == kinds.count(InvitationEnded) == 1
    bob.says("PART #den")
    assert codes(bob.says("JOIN #den")) == ["473"]


def test_an_invitation_waits_for_somebody_offline() -> None:
    """It is shown at the login, as long as the channel is there."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    alice.says("INVITE bob #den", "JOIN #x", "INVITE bob #x", "PART #x")
    heard = rules.connect().logs_in("bob")
    assert [m.params for m in of(heard, "INVITE")] == [["bob", "#den"]]


def test_an_invitation_does_not_lift_a_ban() -> None:
    """Or any member could let anybody back in."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    alice.says("MODE #den +b carol")
    bob.says("INVITE carol #den")
    assert codes(carol.says("JOIN #den"))[-1] == "474"


def test_who_may_not_invite() -> None:
    """403, 442, 401, 443, 482 in a +i channel, 461."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    assert codes(carol.says("INVITE alice #nowhere")) == ["403"]
    assert codes(carol.says("INVITE alice #den")) == ["442"]
    assert codes(bob.says("INVITE nobody #den")) == ["401"]
    assert codes(bob.says("INVITE alice #den")) == ["443"]
    assert codes(bob.says("INVITE carol")) == ["461"]
    assert codes(bob.says("INVITE carol #den")) == ["341"]
    alice.says("MODE #den +i")
    bob.hears()
    assert codes(bob.says("INVITE carol #den")) == ["482"]


# TOPIC


def test_a_topic_is_set_shown_and_cleared() -> None:
    """TOPIC to all, 332 and 333 to who asks, 331 when there is none."""
    _, (alice, bob) = in_channel("alice", "bob")
    assert bob.says("TOPIC #den") == [f":{SERVER} 331 bob #den :No topic is set"]
    assert alice.says("TOPIC #DEN :the den") == [f"{source('alice')} TOPIC #den :the den"]
    assert bob.hears() == [f"{source('alice')} TOPIC #den :the den"]
    assert codes(bob.says("TOPIC #den")) == ["332", "333"]
    assert alice.says("TOPIC #den :") == [f"{source('alice')} TOPIC #den :"]
    bob.hears()
    assert codes(bob.says("TOPIC #den")) == ["331"]


def test_who_may_set_a_topic() -> None:
    """With +t operators, without it members; never an outsider."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    assert codes(bob.says("TOPIC #den :x")) == ["482"]
    assert codes(carol.says("TOPIC #den :x")) == ["442"]
    assert codes(carol.says("TOPIC #nowhere :x")) == ["403"]
    assert codes(carol.says("TOPIC")) == ["461"]
    alice.says("MODE #den -t")
    bob.hears()
    assert codes(bob.says("TOPIC #den :x")) == ["TOPIC"]
    assert codes(carol.says("TOPIC #den :x")) == ["442"]


def test_a_secret_topic() -> None:
    """An outsider does not see a +s channel."""
    rules, (alice,) = in_channel("alice")
    bob = outsider(rules, "bob")
    alice.says("TOPIC #den :hush")
    assert codes(bob.says("TOPIC #den")) == ["332", "333"]
    alice.says("MODE #den +s")
    assert codes(bob.says("TOPIC #den")) == ["403"]


def test_a_topic_too_long() -> None:
    """What TOPICLEN promises goes, a byte more is refused: nothing is cut."""
    _, (alice,) = in_channel("alice")
    most = topic_bytes(SERVER)
    assert codes(alice.says("TOPIC #den :" + "x" * most)) == ["TOPIC"]
    assert codes(alice.says("TOPIC #den :" + "x" * (most + 1))) == ["417"]
    assert codes(alice.says("TOPIC #den :" + "я" * (most // 2 + 1))) == ["417"]


# NAMES, LIST


def test_names_shows_who_is_online() -> None:
    """With their roles' prefixes; somebody offline is not shown."""
    _, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    alice.says("MODE #den +o-o+v bob carol carol", "MODE #den +v carol")
    assert only(bob.says("NAMES #den")[-2:][:1]).params[-1] == "~alice @bob +carol"
    carol.says("QUIT")
    bob.hears()
    assert only(bob.says("NAMES #den")[:1]).params[-1] == "~alice @bob"


def test_names_with_hosts() -> None:
    """userhost-in-names."""
    _, (alice,) = in_channel("alice")
    alice.says("CAP REQ userhost-in-names")
    assert only(alice.says("NAMES #den")[:1]).params[-1] == f"~alice!alice@{SERVER}"


def test_many_names_take_many_lines() -> None:
    """None is lost, none is split."""
    rules, (alice,) = in_channel("alice")
    channel, names = rules.channel("#den"), [f"Member_{n:020}" for n in range(100)]
    for name in names:
        rules.add(name)
        rules.member(name).says("JOIN #den")
    alice.hears()
    heard = of(alice.says("NAMES #den"), "353")
    assert len(heard) > 1
    shown = " ".join(message.params[-1] for message in heard).split()
    assert sorted(shown) == sorted(["~alice", *names])
    assert len(channel.present) == 101


@pytest.mark.parametrize("line", ["NAMES", "NAMES #nowhere", "NAMES #a,#b", "NAMES :", "NAMES #s"])
def test_names_of_nothing(line: str) -> None:
    """Only the end of the list; the same for a secret channel."""
    rules, (alice,) = in_channel("alice")
    alice.says("JOIN #s", "MODE #s +s")
    assert codes(outsider(rules, "bob").says(line)) == ["366"]


def test_a_secret_channel_has_its_own_sign() -> None:
    """@ instead of =."""
    _, (alice,) = in_channel("alice")
    alice.says("MODE #den +s")
    assert alice.says("NAMES #den")[0] == f":{SERVER} 353 alice @ #den :~alice"


def test_list_shows_the_channels() -> None:
    """With how many are online and the topic; a secret one to its members and administrators."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("TOPIC #den :soup", "JOIN #s", "MODE #s +s")
    bob.says("QUIT")
    carol = outsider(rules, "carol")
    assert carol.says("LIST") == [
        f":{SERVER} 321 carol Channel :Users  Name",
        f":{SERVER} 322 carol #den 1 :soup",
        f":{SERVER} 323 carol :End of /LIST",
    ]
    assert [m.params[1] for m in of(alice.says("LIST"), "322")] == ["#den", "#s"]
    rules.add("boss", admin=True)
    assert len(of(rules.member("boss").says("LIST"), "322")) == 2


def test_list_of_some() -> None:
    """In any spelling; what there isn't is left out."""
    _, (alice,) = in_channel("alice")
    alice.says("JOIN #a,#b,#c")
    heard = of(alice.says("LIST #A,#c,#nowhere,bad"), "322")
    assert [message.params[1] for message in heard] == ["#a", "#c"]


# Each once


def test_lists_name_each_once() -> None:
    """Whatever the spelling: by what it names."""
    _, (alice, bob) = in_channel("alice", "bob")
    assert codes(alice.says("KICK #den bob,BOB,Bob")) == ["KICK"]
    assert codes(alice.says("PART #den,#DEN,#den")) == ["PART"]
    assert codes(alice.says("JOIN #new,#NEW,#new")) == ["JOIN", "353", "366"]
    bob.hears()
