"""PRIVMSG, NOTICE, TAGMSG."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.irc.message import parse
from tests.support.client import SERVER, codes, of, only, source
from tests.support.rules import NOW_MS, RulesUnderTest, in_channel

TIME = datetime.fromtimestamp(NOW_MS / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# To a channel


@pytest.mark.parametrize("kind", ["PRIVMSG", "NOTICE"])
def test_a_channel_hears_a_message(kind: str) -> None:
    """Every member but the one who said it; it is stored under its number."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    assert alice.says(f"{kind} #DEN :hi  all: ") == []
    expected = [f"{source('alice')} {kind} #den :hi  all: "]
    assert bob.hears() == carol.hears() == expected
    entry = rules.log[-1]
    assert (entry.kind, entry.text, entry.at_ms) == (kind, "hi  all: ", rules.now_ms)
    assert rules.model.targets[entry.target] is rules.channel("#den")


def test_an_echo_is_what_the_others_see() -> None:
    """echo-message: the same line, in the place where it was said."""
    _, (alice, bob) = in_channel("alice", "bob", caps="echo-message message-tags")
    (echo,) = alice.says("PRIVMSG #den :hi")
    assert [echo] == bob.hears()


def test_two_who_talk_at_once_see_one_order() -> None:
    """Echoes and answers, also within a turn: as they are stored, and as history has them."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = (rules.member(name, caps="echo-message") for name in ("alice", "bob"))
    with rules.turn():
        alice.says("PRIVMSG bob :1", "PRIVMSG bob :2")
        bob.says("PRIVMSG alice :3")
        alice.says("PRIVMSG bob :4")
    for person in (alice, bob):
        assert [parse(line).params[1] for line in person.hears()] == ["1", "2", "3", "4"]


def test_tags_are_for_those_who_asked() -> None:
    """Time, msgid and account, each with its capability and not otherwise."""
    rules, (alice,) = in_channel("alice")
    wanted = {
        "server-time": {"time": TIME},
        "message-tags": {"msgid": "*"},
        "account-tag": {"account": "alice"},
        "batch": {},
    }
    people = {}
    for number, cap in enumerate(wanted):
        rules.add(f"p{number}x")
        people[cap] = rules.member(f"p{number}x", caps=[cap])
        people[cap].says("JOIN #den")
    for person in people.values():
        person.hears()
    alice.says("PRIVMSG #den :hi")
    for cap, person in people.items():
        tags = only(person.hears()).tags
        if "msgid" in tags:
            tags["msgid"] = "*"
        assert tags == wanted[cap], cap


def test_a_msgid_is_its_own() -> None:
    """The same for all who hear it, another for the next message."""
    _, (alice, bob) = in_channel("alice", "bob", caps="message-tags echo-message")
    alice.says("PRIVMSG #den :one", "PRIVMSG #den :two")
    first, second = (parse(line).tags["msgid"] for line in bob.hears())
    assert first != second
    assert only(alice.says("PRIVMSG #den :three")).tags["msgid"] not in (first, second)


def test_all_sessions_of_an_account_share_what_it_says() -> None:
    """The other sessions hear it, echo-message or not; the speaking one as it asked."""
    rules, (phone, bob) = in_channel("alice", "bob")
    desk = rules.member("alice")
    phone.says("PRIVMSG #den :from the phone")
    assert desk.hears() == bob.hears() == [f"{source('alice')} PRIVMSG #den :from the phone"]
    assert phone.hears() == []


@pytest.mark.parametrize("kind", ["PRIVMSG", "NOTICE", "TAGMSG"])
def test_outsiders_can_not_speak_in_a_channel(kind: str) -> None:
    """A channel is +n from its beginning."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    bob = rules.member("bob", caps="message-tags standard-replies")
    refused = only(bob.says(f"@+x=y {kind} #den :hi"))
    assert refused.command == ("FAIL" if kind == "NOTICE" else "404")
    assert alice.hears() == []


def test_an_open_channel_hears_outsiders() -> None:
    """Without +n; the outsider's echo comes once."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    alice.says("MODE #den -n")
    bob, quiet = rules.member("bob", caps="echo-message"), rules.member("bob")
    expected = [f"{source('bob')} PRIVMSG #den :hi"]
    assert bob.says("PRIVMSG #den :hi") == expected
    assert alice.hears() == expected
    assert quiet.says("PRIVMSG #den :hi") == []


@pytest.mark.parametrize("modes", ["-n+m", "-n+b bob"])
def test_an_open_channel_is_not_open_to_all(modes: str) -> None:
    """A moderated channel, a banned account."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    alice.says(f"MODE #den {modes}")
    assert codes(rules.member("bob").says("PRIVMSG #den :hi")) == ["404"]


def test_a_moderated_channel_hears_those_with_a_role() -> None:
    """+m: voice is enough."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +m")
    bob.hears()
    assert codes(bob.says("PRIVMSG #den :hi")) == ["404"]
    alice.says("MODE #den +v bob")
    bob.hears()
    assert bob.says("PRIVMSG #den :hi") == []


def test_a_banned_member_is_silent() -> None:
    """+b without a kick; a role is stronger."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +b BOB")
    bob.hears()
    assert codes(bob.says("PRIVMSG #den :hi")) == ["404"]
    alice.says("MODE #den +v bob")
    bob.hears()
    assert bob.says("PRIVMSG #den :hi") == []


# To a person


def test_a_direct_message() -> None:
    """All sessions of the receiver, none of the sender's that doesn't know echoes."""
    rules = RulesUnderTest("alice", "bob")
    alice, other = rules.member("alice"), rules.member("alice")
    bob, phone = rules.member("bob"), rules.member("bob")
    assert alice.says("PRIVMSG BOB :psst") == []
    assert bob.hears() == phone.hears() == [f"{source('alice')} PRIVMSG bob :psst"]
    assert other.hears() == []


def test_a_direct_message_is_echoed_to_every_session_that_asked() -> None:
    """One's other devices show what was said here."""
    rules = RulesUnderTest("alice", "bob")
    alice, phone = (
        rules.member("alice", caps="echo-message"),
        rules.member("alice", caps="echo-message"),
    )
    expected = [f"{source('alice')} PRIVMSG bob :psst"]
    assert alice.says("PRIVMSG bob :psst") != expected
    assert phone.hears() == expected


def test_self_message_shows_what_another_of_one_s_sessions_said() -> None:
    """And not what the session has said itself, which its client has shown already."""
    rules = RulesUnderTest("alice", "bob")
    desk, phone = (rules.member("alice", caps="znc.in/self-message") for _ in range(2))
    bob = rules.member("bob")
    for kind in ("PRIVMSG", "NOTICE"):
        assert desk.says(f"{kind} BOB :psst") == []
        assert phone.hears() == bob.hears() == [f"{source('alice')} {kind} bob :psst"]


@pytest.mark.parametrize(
    ("caps", "own", "others"),
    [
        ("", 0, 0),
        ("echo-message", 1, 1),
        ("znc.in/self-message", 0, 1),
        ("echo-message znc.in/self-message", 1, 1),
    ],
)
def test_which_of_one_s_own_words_a_session_gets(caps: str, own: int, others: int) -> None:
    """Those said here, those said at another device; each of them once."""
    rules = RulesUnderTest("alice", "bob")
    desk, phone = rules.member("alice", caps=caps.split()), rules.member("alice")
    rules.member("bob")
    line = f"{source('alice')} PRIVMSG bob :psst"
    assert desk.says("PRIVMSG bob :psst") == [line] * own
    phone.says("PRIVMSG bob :psst")
    assert desk.hears() == [line] * others


def test_self_message_asks_no_client_what_was_asked_of_another() -> None:
    """A CTCP is for the client at the other end; an action is part of the talk."""
    rules = RulesUnderTest("alice", "bob")
    desk, phone = rules.member("alice"), rules.member("alice", caps="znc.in/self-message")
    for text in ("\x01VERSION\x01", "\x01DCC SEND x 1 2 3\x01"):
        desk.says(f"PRIVMSG bob :{text}", f"NOTICE bob :{text}")
    assert phone.hears() == []
    desk.says("PRIVMSG bob :\x01ACTION waves\x01")
    assert phone.hears() == [f"{source('alice')} PRIVMSG bob :\x01ACTION waves\x01"]


@pytest.mark.parametrize("caps", ["echo-message", "znc.in/self-message"])
def test_one_s_own_words_stand_where_they_were_said(caps: str) -> None:
    """Also where some of one's sessions don't get them: what was said before comes before."""
    rules = RulesUnderTest("alice", "bob")
    desk, phone = rules.member("alice"), rules.member("alice", caps=[caps])
    bob = rules.member("bob")
    with rules.turn():
        bob.says("PRIVMSG alice :1")
        desk.says("PRIVMSG bob :2")
        bob.says("PRIVMSG alice :3")
        desk.says("PRIVMSG bob :4")
    assert [parse(line).params[1] for line in phone.hears()] == ["1", "2", "3", "4"]


def test_a_note_to_oneself_comes_to_each_session() -> None:
    """As it comes to any receiver, and once more as the echo to who asked for that."""
    rules = RulesUnderTest("alice")
    alice, phone = rules.member("alice", caps="echo-message"), rules.member("alice")
    expected = [f"{source('alice')} PRIVMSG alice :milk"]
    assert alice.says("PRIVMSG alice :milk") == expected * 2
    assert phone.hears() == expected
    assert phone.says("PRIVMSG alice :eggs") == [f"{source('alice')} PRIVMSG alice :eggs"]
    assert len([entry for entry in rules.log if entry.kind == "PRIVMSG"]) == 2


def test_a_message_to_somebody_offline_is_kept() -> None:
    """301 says so."""
    rules = RulesUnderTest("alice", "bob")
    told = only(rules.member("alice").says("PRIVMSG bob :later"))
    assert (told.command, told.params[1]) == ("301", "bob")
    assert "next login" in told.params[2]
    assert rules.log[-1].text == "later"


def test_a_message_to_somebody_away_is_answered_with_the_reason() -> None:
    """301; for a NOTICE nothing."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    bob.says("AWAY :at lunch")
    assert alice.says("PRIVMSG bob :hi") == [f":{SERVER} 301 alice bob :at lunch"]
    assert alice.says("NOTICE bob :hi") == []


@pytest.mark.parametrize("target", ["nobody", "gone", "a.b", "%#den", "$$*", "-"])
def test_nobody_of_that_name(target: str) -> None:
    """401."""
    rules = RulesUnderTest("alice", "gone")
    rules.account("gone").disabled = True
    assert codes(rules.member("alice").says(f"PRIVMSG {target} :hi")) == ["401"]
    assert rules.log == []


# What is malformed


@pytest.mark.parametrize(
    ("line", "numeric"),
    [
        ("PRIVMSG", "411"),
        ("PRIVMSG :", "411"),
        ("PRIVMSG #den", "412"),
        ("PRIVMSG #den :", "412"),
        ("PRIVMSG #nowhere :x", "403"),
        ("PRIVMSG #a,#b,#c,#d,#e :x", "407"),
        ("TAGMSG", "411"),
        ("@+x TAGMSG #nowhere", "403"),
    ],
)
def test_refusals(line: str, numeric: str) -> None:
    """Each with its numeric; for NOTICE nothing, or the same as a FAIL to who asked for that."""
    _, (alice,) = in_channel("alice")
    assert codes(alice.says(line)) == [numeric]
    if line.startswith("PRIVMSG"):
        assert alice.says("NOTICE" + line.removeprefix("PRIVMSG")) == []
        alice.says("CAP REQ standard-replies")
        fail = only(alice.says("NOTICE" + line.removeprefix("PRIVMSG")))
        assert (fail.command, fail.params[0]) == ("FAIL", "NOTICE")


def test_one_bad_target_does_not_stop_the_others() -> None:
    """Each target is answered for itself, up to four."""
    _, (alice, bob) = in_channel("alice", "bob")
    heard = alice.says("PRIVMSG nobody,#nowhere,#den,bob :hi")
    assert codes(heard) == ["401", "403"]
    assert [parse(line).params[0] for line in bob.hears()] == ["#den", "bob"]


# Client-only tags


def test_client_only_tags_travel_as_they_are() -> None:
    """Behind the server's own, to those with message-tags; other tags are dropped."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    bob.says("CAP REQ :message-tags server-time")
    alice.says(r"@+draft/reply=x\:1;time=then;unknown=1;+empty PRIVMSG #den :hi")
    line = bob.hears()[-1]
    assert line.startswith(f"@time={TIME};msgid=")
    assert r";+draft/reply=x\:1;+empty :" in line
    assert carol.hears() == [f"{source('alice')} PRIVMSG #den :hi"]
    assert rules.log[-1].tags == r"+draft/reply=x\:1;+empty"


def test_a_tagmsg_is_for_those_who_know_tags() -> None:
    """With a msgid, stored, echoed."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    for person in (alice, bob):
        person.says("CAP REQ :message-tags echo-message")
    heard = alice.says("@+draft/react=:-) TAGMSG #den")
    assert heard == bob.hears()
    assert only(heard).tags.keys() == {"msgid", "+draft/react"}
    assert carol.hears() == []
    assert rules.log[-1].kind == "TAGMSG"


@pytest.mark.parametrize("tags", ["+typing=active", "+draft/typing=done", "+typing;+draft/typing"])
def test_typing_is_not_stored(tags: str) -> None:
    """It passes; with a message or another tag beside it, it is kept like these."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="message-tags")
    before = len(rules.stored)
    alice.says(f"@{tags} TAGMSG #den", f"@{tags} TAGMSG bob")
    assert [message.tags.keys() for message in of(bob.hears(), "TAGMSG")] == [
        parse(f"@{tags} X").tags.keys()
    ] * 2
    assert len(rules.stored) == before
    alice.says(f"@{tags};+other TAGMSG #den", f"@{tags} PRIVMSG #den :x")
    assert len(rules.log) == len([e for e in rules.stored[:before] if hasattr(e, "kind")]) + 2


@pytest.mark.parametrize("tags", ["", "@time=x ", "@label=1;account=bob "])
def test_a_tagmsg_without_client_tags_is_nothing(tags: str) -> None:
    """There is nothing in it to pass on."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="message-tags echo-message")
    before = len(rules.stored)
    assert alice.says(f"{tags}TAGMSG #den") == []
    assert (bob.hears(), len(rules.stored)) == ([], before)


def test_every_target_is_paid_for() -> None:
    """Each is stored and sent as a line of its own; the line itself has paid for the first."""
    rules, [alice, _, _] = in_channel("alice", "bob", "carol")
    with rules.turn() as turn:
        alice.says("PRIVMSG bob,carol,#den :hi")
        assert turn.charges == [(rules.account("alice"), 2)]
    with rules.turn() as turn:
        alice.says("PRIVMSG bob :hi")
        assert turn.charges == []


def test_a_target_gets_a_message_once() -> None:
    """However often it is named, and in whatever spelling."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says("PRIVMSG bob,BOB,Bob,#den,#DEN :hi")
    assert [message.params[0] for message in of(bob.hears(), "PRIVMSG")] == ["bob", "#den"]
    alice.says("PRIVMSG bob,BOB,bOb,boB,BoB :hi")
    assert len(bob.hears()) == 1


def test_each_target_gets_all_parts_of_a_long_text() -> None:
    """Also the second one, whose name may leave more room."""
    _, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    text = "x" * 480
    alice.says(f"PRIVMSG bob,carol :{text}")
    for person in (bob, carol):
        heard = [message.params[1] for message in of(person.hears(), "PRIVMSG")]
        assert len(heard) == 2
        assert "".join(heard) == text
