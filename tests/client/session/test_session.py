"""The session over connections, silences and farewells: Session."""

from __future__ import annotations

from base64 import b64decode

import pytest

from securechat.client.session.actions import (
    Adopt,
    Quit,
    Say,
    SendLine,
    ServerCommand,
)
from securechat.client.session.deliveries import PATIENCE
from securechat.client.session.events.answers import CommandRefused, NamesAre
from securechat.client.session.events.channels import Joined, Left, TopicIs
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.deliveries import Doubt, Rejected, Stored, Unconfirmed
from securechat.client.session.events.messages import Said
from securechat.client.session.identity import Login
from securechat.client.session.liveness import ANSWER, IDLE
from securechat.client.session.session import GOODBYE, LOGIN_PATIENCE, SYNC, Stage, command_line
from securechat.irc.message import KEY_TAG, parse
from tests.client.dialogue import ALICE, Talk, arrival, handshake, online
from tests.client.scripted import OFFER


def reconnect(talk: Talk, *missed: str, channels: tuple[str, ...] = ("#lobby",)) -> list[str]:
    """A new connection up to the end of the replay; what is sent then."""
    handshake(talk)
    *before, pong = arrival(*missed, channels=channels)
    talk.hears(*before)
    return talk.hears(pong)


def test_ready_comes_after_what_was_missed() -> None:
    """Behind the welcome a PING is sent, and its PONG ends the replay."""
    talk = Talk(Login("alice", "secret"))
    handshake(talk)
    *before, pong = arrival()
    assert talk.hears(*before) == [f"PING {SYNC}"]
    assert not any(isinstance(event, Ready) for event in talk.shows())
    talk.hears(pong)
    assert talk.shows() == [Ready("alice")]
    assert talk.session.stage is Stage.ONLINE


def test_a_message_is_shown_when_its_echo_arrives() -> None:
    """Not before, so that everybody sees one order; then it is stored."""
    talk = online()
    assert talk.says("hello") == ["PRIVMSG #lobby hello"]
    assert talk.shows() == []
    talk.hears(f"@msgid=1 :{ALICE} PRIVMSG #lobby :hello")
    assert talk.shows() == [
        Stored("#lobby", "hello"),
        Said("#lobby", "alice", "hello", mine=True),
    ]


def test_what_another_device_of_ours_says_is_shown_too() -> None:
    """It confirms nothing of ours."""
    talk = online()
    talk.hears(f":{ALICE} PRIVMSG bob :from my phone")
    assert talk.shows() == [Said("bob", "alice", "from my phone", mine=True)]


def test_an_echo_that_does_not_come_is_told() -> None:
    """Once, after PATIENCE seconds; a late echo still confirms."""
    talk = online()
    talk.says("hello")
    wake_at = talk.session.wake_at()
    assert wake_at is not None
    assert wake_at <= talk.now + PATIENCE
    talk.waits(PATIENCE)
    assert talk.shows() == [Unconfirmed("#lobby", "hello", Doubt.SILENT)]
    talk.waits(1)
    assert talk.shows() == []
    talk.hears(f":{ALICE} PRIVMSG #lobby :hello")
    assert Stored("#lobby", "hello") in talk.shows()


def test_what_is_typed_before_the_first_connection_is_ready_waits_quietly() -> None:
    """And is sent in its order then."""
    talk = Talk(Login("alice", "secret"))
    talk.says("one")
    talk.does(ServerCommand("WHO", ("bob",)))
    handshake(talk)
    *before, pong = arrival()
    talk.hears(*before)
    talk.shows()
    assert talk.hears(pong) == ["PRIVMSG #lobby one", "WHO bob"]
    assert talk.shows() == [Ready("alice")]


def test_what_is_typed_while_offline_is_queued_and_sent() -> None:
    """The person is told that it waits."""
    talk = online()
    talk.loses()
    assert talk.says("hello") == []
    assert talk.shows() == [Unconfirmed("#lobby", "hello", Doubt.QUEUED)]
    assert reconnect(talk) == ["PRIVMSG #lobby hello"]


def test_what_was_cut_off_is_sent_again_unless_it_was_stored() -> None:
    """The replay decides: what it contains is not sent twice."""
    talk = online()
    talk.says("stored")
    talk.says("lost")
    talk.loses()
    assert talk.shows() == [
        Unconfirmed("#lobby", "stored", Doubt.CUT),
        Unconfirmed("#lobby", "lost", Doubt.CUT),
    ]
    missed = (
        "BATCH +m0 chathistory #lobby",
        f"@batch=m0;msgid=5 :{ALICE} PRIVMSG #lobby :stored",
        "BATCH -m0",
    )
    assert reconnect(talk, *missed) == ["PRIVMSG #lobby lost"]
    assert talk.shows() == [
        Stored("#lobby", "stored"),
        Said("#lobby", "alice", "stored", mine=True, missed=True),
        Ready("alice", again=True),
        Unconfirmed("#lobby", "lost", Doubt.RESENT),
    ]


def key_of(lines: list[str]) -> str:
    """Of the one message that is sent."""
    (line,) = lines
    return parse(line).tags[KEY_TAG]


def test_what_was_cut_off_is_sent_again_with_its_key() -> None:
    """To a server that knows keys: it keeps one of the two, so all that is not confirmed is sent.
    What the replay shows may be another device's words.
    """
    talk = online(offer=f"{OFFER} {KEY_TAG}")
    keys = [key_of(talk.says("hello")), key_of(talk.says("hello"))]
    assert keys[0] != keys[1]
    talk.hears(f":{ALICE} PRIVMSG #lobby :hello")
    talk.loses()
    talk.shows()
    talk.opens()
    [request] = talk.hears(f"CAP * LS :{OFFER} {KEY_TAG}")
    talk.hears(request.replace("CAP REQ", "CAP * ACK"), "AUTHENTICATE +", "903 alice :ok")
    missed = (
        "BATCH +m0 chathistory #lobby",
        f"@batch=m0;msgid=5 :{ALICE} PRIVMSG #lobby :hello",
        "BATCH -m0",
    )
    *_, sent = talk.hears(*arrival(*missed))
    assert sent == f"@{KEY_TAG}={keys[1]} PRIVMSG #lobby hello"
    assert Unconfirmed("#lobby", "hello", Doubt.ASKED) in talk.shows()
    talk.hears(f"@msgid=5 :{ALICE} PRIVMSG #lobby :hello")
    assert talk.shows() == [Stored("#lobby", "hello")]


def test_a_server_without_keys_is_sent_none() -> None:
    """It would not know what to do with them."""
    assert online().says("hello") == ["PRIVMSG #lobby hello"]


def test_coming_back_is_not_told_channel_by_channel() -> None:
    """Only what has changed: a new channel, and one that we are no longer in."""
    talk = online(channels=("#lobby", "#den"))
    talk.loses()
    reconnect(talk, channels=("#lobby", "#new"))
    shown = talk.shows()
    assert Joined("#new", "alice", mine=True) in shown
    assert [event.channel for event in shown if isinstance(event, NamesAre)] == ["#new"]
    assert [event.channel for event in shown if isinstance(event, Left)] == ["#den"]
    assert shown[-1] == Ready("alice", again=True)
    talk.hears("332 alice #lobby :The topic")
    assert talk.shows() == [TopicIs("#lobby", "The topic")]


def test_an_idle_connection_is_asked_and_then_given_up() -> None:
    """IDLE seconds, a PING, ANSWER seconds."""
    talk = online()
    assert talk.waits(IDLE) == ["PING alive"]
    assert talk.hangup is None
    talk.waits(ANSWER)
    assert talk.hangup == "the server doesn't answer any more"


def test_an_answered_ping_keeps_the_connection() -> None:
    """Its PONG is shown to nobody."""
    talk = online()
    talk.waits(IDLE)
    talk.hears("PONG irc.test alive")
    talk.waits(ANSWER)
    assert talk.hangup is None
    assert talk.shows() == []


def test_a_login_that_hangs_is_given_up() -> None:
    """LOGIN_PATIENCE seconds after the connection came up."""
    talk = Talk(Login("alice", "secret"))
    talk.opens()
    talk.hears("PING x")
    talk.waits(LOGIN_PATIENCE)
    assert talk.hangup is not None


def test_leaving_at_once_when_nothing_is_open() -> None:
    """QUIT with its reason; what the server still says is of no interest."""
    talk = online()
    assert talk.does(Quit("good night")) == ["QUIT :good night"]
    assert talk.session.finished
    assert talk.hears("ERROR :Closing link") == []
    assert talk.shows() == []
    talk.waits(GOODBYE)
    assert talk.hangup == ""


def test_leaving_waits_for_the_echoes() -> None:
    """A script's last line must be stored before it says goodbye."""
    talk = online()
    talk.says("hello")
    assert talk.does(Quit(patience=60)) == []
    assert talk.hears(f":{ALICE} PRIVMSG #lobby :hello") == ["QUIT"]


def test_leaving_does_not_wait_forever() -> None:
    """After its patience what is open is told, and we go."""
    talk = online()
    talk.says("hello")
    talk.does(Quit(patience=3))
    assert talk.session.wake_at() == talk.now + 3
    assert talk.waits(3) == ["QUIT"]
    assert talk.shows() == [Unconfirmed("#lobby", "hello", Doubt.UNKNOWN)]


def test_echoes_that_come_renew_the_patience() -> None:
    """A slow server gets the time it needs."""
    talk = online()
    talk.says("one")
    talk.says("two")
    talk.does(Quit(patience=20))
    talk.now += 15
    talk.hears(f":{ALICE} PRIVMSG #lobby :one")
    assert talk.waits(10) == []
    assert talk.hears(f":{ALICE} PRIVMSG #lobby :two") == ["QUIT"]


def test_leaving_while_offline() -> None:
    """At once when nothing waits; else after the patience, and what waits is told."""
    talk = online()
    talk.loses()
    talk.does(Quit())
    assert talk.session.finished

    talk = online()
    talk.loses()
    talk.says("hello")
    talk.does(Quit(patience=3))
    assert not talk.session.finished
    talk.shows()
    assert talk.waits(3) == []
    assert talk.session.finished
    assert talk.shows() == [Unconfirmed("#lobby", "hello", Doubt.UNSENT)]


def test_the_end_tells_everything_that_is_open() -> None:
    """So that what was typed can be copied from the screen."""
    talk = online()
    talk.says("cut")
    talk.loses()
    talk.says("later")
    assert talk.session.abandon().events == [
        Unconfirmed("#lobby", "cut", Doubt.UNKNOWN),
        Unconfirmed("#lobby", "later", Doubt.UNSENT),
    ]


@pytest.mark.parametrize("target", ["two words", "", ":x"])
def test_a_target_that_cannot_be_sent_refuses_its_message(target: str) -> None:
    """And only this one."""
    talk = online()
    talk.says("fine")
    assert talk.does(Say(target, "hello")) == []
    [refused] = talk.shows()
    assert isinstance(refused, Rejected)
    assert refused.text == "hello"
    talk.hears(f":{ALICE} PRIVMSG #lobby :fine")
    assert talk.does(Quit()) == ["QUIT"]


def test_a_token_takes_the_passwords_place_at_the_next_connection() -> None:
    """Not before; and a code of the second factor isn't sent twice, as it is good once."""
    talk = Talk(Login("alice", "secret", "123456"))
    handshake(talk)
    talk.hears(*arrival())
    assert talk.does(Adopt("sct1_token")) == []
    talk.loses()
    assert payload(talk) == "alice\0alice\0sct1_token"


def test_without_a_token_the_password_is_sent_without_its_code() -> None:
    """The server asks for a new one then, which the person has to type."""
    talk = Talk(Login("alice", "secret", "123456"))
    handshake(talk)
    talk.hears(*arrival())
    talk.loses()
    assert payload(talk) == "alice\0alice\0secret"


def payload(talk: Talk) -> str:
    """What a new connection sends to log in."""
    talk.opens()
    [request] = talk.hears(f"CAP * LS :{OFFER}")
    [sent] = talk.hears(request.replace("CAP REQ", "CAP * ACK"), "AUTHENTICATE +")[1:]
    return b64decode(sent.removeprefix("AUTHENTICATE ")).decode()


def test_no_secret_of_an_action_is_in_a_repr() -> None:
    """As that may reach a log."""
    assert "secret" not in repr(Adopt("secret"))
    assert "secret" not in repr(ServerCommand("PASSWD", ("secret",)))


def test_a_line_as_it_is() -> None:
    """With a label where it has no tags of its own; nothing else could follow it."""
    talk = online()
    assert talk.does(SendLine("METADATA * LIST")) == ["METADATA * LIST"]
    assert talk.does(SendLine("X\r\nQUIT")) == []
    [refused] = talk.shows()
    assert isinstance(refused, CommandRefused)
    assert command_line(SendLine("X :a  b"), "7") == "@label=7 X :a  b"
    assert command_line(SendLine("@+a=b TAGMSG #x"), "7") == "@+a=b TAGMSG #x"
