"""Who is online: several sessions of one account, the lobby, PINGs, what others see."""

from __future__ import annotations

from securechat.core.journal.events import Delivered, MemberJoined
from securechat.core.model.device import Device
from securechat.core.model.state import DEPARTURE_SECONDS
from securechat.core.presence import online
from tests.support.stage import SERVER, Stage, codes, den, of, source


def test_a_second_session_comes_unseen() -> None:
    """It gets the account's rooms with their names; the others see nothing."""
    stage, (alice, bob) = den("alice", "bob")
    alice.says("TOPIC #den :soup")
    bob.hears()
    phone = stage.stranger()
    heard = phone.logs_in("bob")
    assert codes(heard)[-5:] == ["JOIN", "332", "333", "353", "366"]
    assert of(heard, "JOIN")[0].source == "bob!bob@chat.test"
    assert (alice.hears(), bob.hears()) == ([], [])


def test_only_the_last_session_is_seen_to_go() -> None:
    """QUIT once, at the end; in between the account stays."""
    stage, (alice, bob) = den("alice", "bob")
    phone = stage.member("bob")
    phone.says("QUIT :battery")
    assert alice.hears() == []
    assert stage.account("bob").sessions == [bob.session]
    bob.hangs_up("Connection lost")
    assert alice.hears() == [f"{source('bob')} QUIT :Connection lost"]
    assert stage.account("bob") not in stage.model.online


def test_one_quit_for_those_who_share_several_rooms() -> None:
    """And none for those who share no room."""
    stage, (alice, bob) = den("alice", "bob")
    stage.add("carol")
    carol = stage.member("carol")
    alice.says("JOIN #a")
    bob.says("JOIN #a")
    alice.hears()
    bob.says("QUIT :x")
    assert codes(alice.hears()) == ["QUIT"]
    assert carol.hears() == []


def test_membership_outlives_the_session() -> None:
    """The next login is seen as a JOIN of every room, with the role kept."""
    stage, (alice, bob) = den("alice", "bob")
    alice.says("MODE #den +v bob", "JOIN #a", "INVITE bob #a")
    bob.says("JOIN #a", "QUIT")
    bob.hangs_up()
    alice.hears()
    again = stage.stranger()
    heard = again.logs_in("bob")
    assert [message.params[0] for message in of(heard, "JOIN")] == ["#den", "#a"]
    assert of(heard, "353")[0].params[-1] == "~alice +bob"
    assert alice.hears() == [f"{source('bob')} JOIN #den", f"{source('bob')} JOIN #a"]


def test_the_lobby_is_joined_once() -> None:
    """The first login stores the membership, the others show it."""
    stage = Stage("alice", "bob", lobby="#Lobby")
    alice = stage.member("alice")
    bob = stage.stranger()
    assert of(bob.logs_in("bob"), "JOIN")[0].params == ["#Lobby"]
    assert alice.hears() == [f"{source('bob')} JOIN #Lobby"]
    bob.says("QUIT")
    stage.member("bob")
    assert codes(alice.hears()) == ["QUIT", "JOIN"]
    assert len([event for event in stage.stored if isinstance(event, MemberJoined)]) == 2


def test_who_left_the_lobby_is_back_at_the_next_login() -> None:
    """Everybody is in it; another session of one that left brings it back for all of them."""
    stage = Stage("alice", "bob", lobby="#lobby")
    alice, bob = stage.member("alice"), stage.member("bob")
    bob.says("PART #lobby")
    alice.hears()
    assert codes(stage.stranger().logs_in("bob"))[-3:] == ["JOIN", "353", "366"]
    assert codes(alice.hears()) == ["JOIN"]
    assert codes(bob.hears()) == ["JOIN"]


def test_there_may_be_no_lobby() -> None:
    """Then a login joins nothing."""
    stage = Stage("alice")
    assert "JOIN" not in codes(stage.stranger().logs_in("alice"))
    assert stage.model.channels == {}


def test_the_lobby_is_made_once() -> None:
    """A restart finds it."""
    stage = Stage(lobby="#lobby")
    room = stage.room("#lobby")
    with stage.turn() as turn:
        stage.rules.start(turn)
        assert turn.events == []
    assert stage.room("#lobby") is room


def test_the_others_hear_nothing_before_the_arrival() -> None:
    """A login that isn't complete is in nobody's room and gets none of its messages."""
    stage, (alice, bob) = den("alice", "bob")
    bob.says("QUIT")
    alice.hears()
    again = stage.stranger()
    again.says("CAP LS", "NICK bob", "USER bob 0 * :Bob", "AUTHENTICATE PLAIN")
    alice.says("PRIVMSG #den :anybody?")
    assert again.hears() == []
    assert alice.says("ISON bob") == [f":{SERVER} 303 alice :"]


# PING and PONG


def device(stage: Stage, name: str, device: str = "") -> Device:
    """One of an account's, by default that of who names none."""
    return stage.account(name).devices[device]


def test_a_pong_shows_what_has_arrived() -> None:
    """It is stored with the next tick, once."""
    stage, (alice, bob) = den("alice", "bob")
    alice.says("PRIVMSG #den :hi")
    stage.passes(61)
    bob.pongs()
    newest = stage.model.last_seq
    assert device(stage, "bob").delivered == newest
    stage.stored.clear()
    stage.passes(1)
    stage.passes(1)
    bob_s = stage.account("bob")
    found = [event for event in stage.stored if isinstance(event, Delivered)]
    assert found == [Delivered(bob_s.id, "", newest, stage.now_ms - 63_000)]
    assert device(stage, "bob").stored == newest


def test_what_could_not_be_stored_is_stored_later() -> None:
    """What has arrived is not forgotten when the disk is full for a while."""
    stage, (_, bob) = den("alice", "bob")
    stage.passes(61)
    bob.pongs()
    stage.full = True
    stage.passes(1)
    assert device(stage, "bob").stored < device(stage, "bob").delivered
    stage.full = False
    stage.passes(1)
    assert device(stage, "bob").stored == device(stage, "bob").delivered


def test_an_old_pong_takes_nothing_back() -> None:
    """The newest counts."""
    stage, (_, bob) = den("alice", "bob")
    stage.passes(61)
    bob.pongs()
    bob.says("PONG delivered-1")
    assert device(stage, "bob").delivered == stage.model.last_seq


def test_quit_acknowledges_what_was_sent_to_who_answers_pings() -> None:
    """A client that said good-bye has received; a script that only sends has not."""
    stage, (alice, bob) = den("alice", "bob")
    alice.says("PRIVMSG #den :hi")
    bob.says("QUIT")
    assert device(stage, "bob").delivered < stage.model.last_seq
    again = stage.member("bob")
    again.pongs()
    alice.says("PRIVMSG #den :more")
    again.says("QUIT")
    assert device(stage, "bob").delivered == stage.model.last_seq


def test_a_lost_connection_acknowledges_nothing() -> None:
    """What was written to it may not have arrived."""
    stage, (alice, bob) = den("alice", "bob")
    bob.pongs()
    before = device(stage, "bob").delivered
    alice.says("PRIVMSG #den :hi")
    bob.hangs_up()
    assert device(stage, "bob").delivered == before


def test_whowas_forgets_the_oldest() -> None:
    """A bounded number of accounts is remembered."""
    stage = Stage("alice")
    alice = stage.member("alice")
    alice.says("QUIT")
    with stage.turn() as turn:
        for number in range(online.MAX_DEPARTED):
            account = stage.add(f"x{number}y")
            online._remember_departed(turn, account)
    assert len(stage.model.departed) == online.MAX_DEPARTED
    assert "alice" not in stage.model.departed


# Arrivals that can't be stored


def test_a_first_login_that_can_not_be_stored() -> None:
    """It is told so and closed; nobody sees it come; the next try works."""
    stage = Stage("alice", "bob", lobby="#lobby")
    alice = stage.member("alice")
    stage.full = True
    bob = stage.stranger()
    heard = bob.logs_in("bob")
    assert codes(heard) == ["400", "ERROR"]
    assert alice.hears() == []
    assert stage.account("bob") not in stage.model.online
    assert stage.model.arrived == 1
    stage.full = False
    stage.member("bob")
    assert codes(alice.hears()) == ["JOIN"]


def test_an_arrival_that_has_quit_already_can_be_taken_back() -> None:
    """A script that says everything at once, and a disk that is full."""
    stage = Stage("alice", lobby="#lobby")
    stage.full = True
    alice = stage.stranger()
    alice.says("PASS right", "NICK alice", "USER a 0 * :A", "PRIVMSG #lobby :hi", "QUIT")
    assert stage.model.arrived == 0
    assert stage.account("alice").sessions == []
    assert stage.account("alice").channels == {}
    assert stage.log == []


def test_the_lobby_stays_closed_to_the_banned() -> None:
    """A new login brings nobody past a ban or +i; they are told, and the rest of it goes on."""
    stage = Stage("alice", "bob", lobby="#lobby")
    stage.account("alice").admin = True
    alice, bob = stage.member("alice"), stage.member("bob")
    alice.says("MODE #lobby +b bob!*@*", "KICK #lobby bob")
    bob.says("QUIT")
    again = stage.stranger()
    assert "474" in codes(again.logs_in("bob"))
    alice.says("PRIVMSG #lobby :among us")
    assert again.hears() == []


# --- coming and going all the time ---------------------------------------------------------------


def flaps(stage: Stage, name: str, times: int) -> None:
    """Comes and goes again."""
    for _ in range(times):
        person = stage.stranger()
        person.logs_in(name)
        person.says("QUIT :bye")
        person.hangs_up()


def test_who_comes_and_goes_all_the_time_is_told_of_seldom() -> None:
    """Three times at once; then it stays among those who are shown, and is told of once a while."""
    stage, (alice, bob) = den("alice", "bob")
    bob.says("QUIT :bye")
    bob.hangs_up()
    assert codes(alice.hears()) == ["QUIT"]
    flaps(stage, "bob", 20)
    assert codes(alice.hears()) == ["JOIN", "QUIT", "JOIN", "QUIT", "JOIN"]
    assert "bob" in of(alice.says("NAMES #den"), "353")[0].params[-1]
    stage.passes(DEPARTURE_SECONDS - 1)
    assert alice.hears() == []
    stage.passes(1)
    assert alice.hears() == [f"{source('bob')} QUIT :Quit: bye"]
    assert "bob" not in of(alice.says("NAMES #den"), "353")[0].params[-1]
    assert not stage.model.lingering


def test_who_comes_back_while_shown_has_never_gone() -> None:
    """Nobody is told, and it stays when its time is over."""
    stage, (alice, bob) = den("alice", "bob")
    bob.says("QUIT :bye")
    bob.hangs_up()
    flaps(stage, "bob", 5)
    alice.hears()
    again = stage.member("bob")
    stage.passes(DEPARTURE_SECONDS + 1)
    assert alice.hears() == []
    alice.says("PRIVMSG #den :still there?")
    assert codes(again.hears()) == ["PRIVMSG"]
    assert stage.account("bob") in stage.model.online


def test_who_is_shown_and_not_there_gets_messages_later() -> None:
    """Its writer is told that it is offline, as it is."""
    stage, (alice, bob) = den("alice", "bob")
    bob.says("QUIT :bye")
    bob.hangs_up()
    flaps(stage, "bob", 5)
    alice.hears()
    assert codes(alice.says("PRIVMSG bob :hi")) == ["301"]
    assert codes(alice.says("WHOIS bob")) == ["401", "318"]


def test_an_administrator_s_act_ends_it_at_once() -> None:
    """A disabled account is shown no longer."""
    stage, (alice, bob) = den("alice", "bob")
    bob.says("QUIT :bye")
    bob.hangs_up()
    flaps(stage, "bob", 5)
    alice.hears()
    with stage.turn() as turn:
        stage.rules.end_sessions(turn, stage.account("bob"), "Disabled")
    assert alice.hears() == [f"{source('bob')} QUIT :Disabled"]
    assert not stage.model.lingering
