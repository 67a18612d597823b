"""Who is online: several sessions of one account, the lobby, PINGs, what others see."""

from __future__ import annotations

from securechat.core.journal.events.accounts import Delivered
from securechat.core.journal.events.channels import MemberJoined
from securechat.core.model.credentials import Device
from securechat.core.model.state import DEPARTURE_SECONDS
from securechat.core.presence import online
from tests.support.client import SERVER, codes, of, source
from tests.support.rules import RulesUnderTest, in_channel


def test_a_second_session_comes_unseen() -> None:
    """It gets the account's channels with their names; the others see nothing."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("TOPIC #den :soup")
    bob.hears()
    phone = rules.connect()
    heard = phone.logs_in("bob")
    assert codes(heard)[-5:] == ["JOIN", "332", "333", "353", "366"]
    assert of(heard, "JOIN")[0].source == "bob!bob@chat.test"
    assert (alice.hears(), bob.hears()) == ([], [])


def test_only_the_last_session_is_seen_to_go() -> None:
    """QUIT once, at the end; in between the account stays."""
    rules, (alice, bob) = in_channel("alice", "bob")
    phone = rules.member("bob")
    phone.says("QUIT :battery")
    assert alice.hears() == []
    assert rules.account("bob").sessions == [bob.session]
    bob.hangs_up("Connection lost")
    assert alice.hears() == [f"{source('bob')} QUIT :Connection lost"]
    assert rules.account("bob") not in rules.model.online


def test_one_quit_for_those_who_share_several_channels() -> None:
    """And none for those who share no channel."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("carol")
    carol = rules.member("carol")
    alice.says("JOIN #a")
    bob.says("JOIN #a")
    alice.hears()
    bob.says("QUIT :x")
    assert codes(alice.hears()) == ["QUIT"]
    assert carol.hears() == []


def test_membership_outlives_the_session() -> None:
    """The next login is seen as a JOIN of every channel, with the role kept: the others' clients
    have forgotten it with the QUIT, and learn it by a MODE.
    """
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +v bob", "JOIN #a", "INVITE bob #a")
    bob.says("JOIN #a", "QUIT")
    bob.hangs_up()
    alice.hears()
    again = rules.connect()
    heard = again.logs_in("bob")
    assert [message.params[0] for message in of(heard, "JOIN")] == ["#den", "#a"]
    assert of(heard, "353")[0].params[-1] == "~alice +bob"
    assert alice.hears() == [
        f"{source('bob')} JOIN #den",
        f":{SERVER} MODE #den +v bob",
        f"{source('bob')} JOIN #a",
    ]


def test_the_lobby_is_joined_once() -> None:
    """The first login stores the membership, the others show it."""
    rules = RulesUnderTest("alice", "bob", lobby="#Lobby")
    alice = rules.member("alice")
    bob = rules.connect()
    assert of(bob.logs_in("bob"), "JOIN")[0].params == ["#Lobby"]
    assert alice.hears() == [f"{source('bob')} JOIN #Lobby"]
    bob.says("QUIT")
    rules.member("bob")
    assert codes(alice.hears()) == ["QUIT", "JOIN"]
    assert len([event for event in rules.stored if isinstance(event, MemberJoined)]) == 2


def test_who_left_the_lobby_is_back_at_the_next_login() -> None:
    """Everybody is in it; another session of one that left brings it back for all of them."""
    rules = RulesUnderTest("alice", "bob", lobby="#lobby")
    alice, bob = rules.member("alice"), rules.member("bob")
    bob.says("PART #lobby")
    alice.hears()
    assert codes(rules.connect().logs_in("bob"))[-3:] == ["JOIN", "353", "366"]
    assert codes(alice.hears()) == ["JOIN"]
    assert codes(bob.hears()) == ["JOIN"]


def test_there_may_be_no_lobby() -> None:
    """Then a login joins nothing."""
    rules = RulesUnderTest("alice")
    assert "JOIN" not in codes(rules.connect().logs_in("alice"))
    assert rules.model.channels == {}


def test_the_lobby_is_made_once() -> None:
    """A restart finds it."""
    rules = RulesUnderTest(lobby="#lobby")
    channel = rules.channel("#lobby")
    with rules.turn() as turn:
        rules.rules.start(turn)
        assert turn.events == []
    assert rules.channel("#lobby") is channel


def test_the_others_hear_nothing_before_the_arrival() -> None:
    """A login that isn't complete is in nobody's channel and gets none of its messages."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    alice.hears()
    again = rules.connect()
    again.says("CAP LS", "NICK bob", "USER bob 0 * :Bob", "AUTHENTICATE PLAIN")
    alice.says("PRIVMSG #den :anybody?")
    assert again.hears() == []
    assert alice.says("ISON bob") == [f":{SERVER} 303 alice :"]


# PING and PONG


def device(rules: RulesUnderTest, name: str, device: str = "") -> Device:
    """One of an account's, by default that of who names none."""
    return rules.account(name).devices[device]


def test_a_pong_shows_what_has_arrived() -> None:
    """It is stored with the next tick, once."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("PRIVMSG #den :hi")
    rules.passes(61)
    bob.pongs()
    newest = rules.model.last_seq
    assert device(rules, "bob").delivered == newest
    rules.stored.clear()
    rules.passes(1)
    rules.passes(1)
    bob_s = rules.account("bob")
    found = [event for event in rules.stored if isinstance(event, Delivered)]
    assert found == [Delivered(bob_s.id, "", newest, rules.now_ms - 63_000)]
    assert device(rules, "bob").stored == newest


def test_what_could_not_be_stored_is_stored_later() -> None:
    """What has arrived is not forgotten when the disk is full for a while."""
    rules, (_, bob) = in_channel("alice", "bob")
    rules.passes(61)
    bob.pongs()
    rules.full = True
    rules.passes(1)
    assert device(rules, "bob").stored < device(rules, "bob").delivered
    rules.full = False
    rules.passes(1)
    assert device(rules, "bob").stored == device(rules, "bob").delivered


def test_an_old_pong_takes_nothing_back() -> None:
    """The newest counts."""
    rules, (_, bob) = in_channel("alice", "bob")
    rules.passes(61)
    bob.pongs()
    bob.says("PONG delivered-1")
    assert device(rules, "bob").delivered == rules.model.last_seq


def test_quit_acknowledges_what_was_sent_to_who_answers_pings() -> None:
    """A client that said good-bye has received; a script that only sends has not."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("PRIVMSG #den :hi")
    bob.says("QUIT")
    assert device(rules, "bob").delivered < rules.model.last_seq
    again = rules.member("bob")
    again.pongs()
    alice.says("PRIVMSG #den :more")
    again.says("QUIT")
    assert device(rules, "bob").delivered == rules.model.last_seq


def test_a_lost_connection_acknowledges_nothing() -> None:
    """What was written to it may not have arrived."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.pongs()
    before = device(rules, "bob").delivered
    alice.says("PRIVMSG #den :hi")
    bob.hangs_up()
    assert device(rules, "bob").delivered == before


def test_whowas_forgets_the_oldest() -> None:
    """A bounded number of accounts is remembered."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    alice.says("QUIT")
    with rules.turn() as turn:
        for number in range(online.MAX_DEPARTED):
            account = rules.add(f"x{number}y")
            online._remember_departed(turn, account)
    assert len(rules.model.departed) == online.MAX_DEPARTED
    assert "alice" not in rules.model.departed


# Arrivals that can't be stored


def test_a_first_login_that_can_not_be_stored() -> None:
    """It is told so and closed; nobody sees it come; the next try works."""
    rules = RulesUnderTest("alice", "bob", lobby="#lobby")
    alice = rules.member("alice")
    rules.full = True
    bob = rules.connect()
    heard = bob.logs_in("bob")
    assert codes(heard) == ["400", "ERROR"]
    assert alice.hears() == []
    assert rules.account("bob") not in rules.model.online
    assert rules.model.arrived == 1
    rules.full = False
    rules.member("bob")
    assert codes(alice.hears()) == ["JOIN"]


def test_an_arrival_that_has_quit_already_can_be_taken_back() -> None:
    """A script that says everything at once, and a disk that is full."""
    rules = RulesUnderTest("alice", lobby="#lobby")
    rules.full = True
    alice = rules.connect()
    alice.says("PASS right", "NICK alice", "USER a 0 * :A", "PRIVMSG #lobby :hi", "QUIT")
    assert rules.model.arrived == 0
    assert rules.account("alice").sessions == []
    assert rules.account("alice").channels == {}
    assert rules.log == []


def test_the_lobby_stays_closed_to_the_banned() -> None:
    """A new login brings nobody past a ban or +i; they are told, and the rest of it goes on."""
    rules = RulesUnderTest("alice", "bob", lobby="#lobby")
    rules.account("alice").admin = True
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("MODE #lobby +b bob!*@*", "KICK #lobby bob")
    bob.says("QUIT")
    again = rules.connect()
    assert "474" in codes(again.logs_in("bob"))
    alice.says("PRIVMSG #lobby :among us")
    assert again.hears() == []


# --- coming and going all the time ---------------------------------------------------------------


def flaps(rules: RulesUnderTest, name: str, times: int) -> None:
    """Comes and goes again."""
    for _ in range(times):
        person = rules.connect()
        person.logs_in(name)
        person.says("QUIT :bye")
        person.hangs_up()


def test_who_comes_and_goes_all_the_time_is_told_of_seldom() -> None:
    """Three times at once; then it stays among those who are shown, and is told of once a while."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT :bye")
    bob.hangs_up()
    assert codes(alice.hears()) == ["QUIT"]
    flaps(rules, "bob", 20)
    assert codes(alice.hears()) == ["JOIN", "QUIT", "JOIN", "QUIT", "JOIN"]
    assert "bob" in of(alice.says("NAMES #den"), "353")[0].params[-1]
    rules.passes(DEPARTURE_SECONDS - 1)
    assert alice.hears() == []
    rules.passes(1)
    assert alice.hears() == [f"{source('bob')} QUIT :Quit: bye"]
    assert "bob" not in of(alice.says("NAMES #den"), "353")[0].params[-1]
    assert not rules.model.lingering


def test_who_comes_back_while_shown_has_never_gone() -> None:
    """Nobody is told, and it stays when its time is over."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT :bye")
    bob.hangs_up()
    flaps(rules, "bob", 5)
    alice.hears()
    again = rules.member("bob")
    rules.passes(DEPARTURE_SECONDS + 1)
    assert alice.hears() == []
    alice.says("PRIVMSG #den :still there?")
    assert codes(again.hears()) == ["PRIVMSG"]
    assert rules.account("bob") in rules.model.online


def test_who_is_shown_and_not_there_gets_messages_later() -> None:
    """Its writer is told that it is offline, as it is."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT :bye")
    bob.hangs_up()
    flaps(rules, "bob", 5)
    alice.hears()
    assert codes(alice.says("PRIVMSG bob :hi")) == ["301"]
    assert codes(alice.says("WHOIS bob")) == ["401", "318"]


def test_an_administrator_s_act_ends_it_at_once() -> None:
    """A disabled account is shown no longer."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT :bye")
    bob.hangs_up()
    flaps(rules, "bob", 5)
    alice.hears()
    with rules.turn() as turn:
        rules.rules.end_sessions(turn, rules.account("bob"), "Disabled")
    assert alice.hears() == [f"{source('bob')} QUIT :Disabled"]
    assert not rules.model.lingering
