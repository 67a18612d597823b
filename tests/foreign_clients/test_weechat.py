"""WeeChat, as Debian has it, on a real server, set up as docs/clients.md says."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.foreign_clients.driver import Weechat, needs_weechat
from tests.foreign_clients.handbook import (
    commands,
    for_reader,
    hours_ago,
    invite,
    open_house,
    put_back,
    readme_block,
    weechat_speed,
)
from tests.support.certificates import Authority
from tests.support.server import PASSWORD, ServerUnderTest

pytestmark = needs_weechat

SERVER = "irc.server.team"
LOBBY = "irc.team.#lobby"
DEN = "irc.team.#den"


def connect(wee: Weechat, server: ServerUnderTest) -> None:
    """Log in with the handbook's commands, and be in the lobby."""
    wee.types(*commands("weechat", server, "wes"))
    wee.shows("Channel #lobby: ", LOBBY)


def joins_of_lobby(wee: Weechat) -> int:
    """How often WeeChat has seen itself join."""
    return sum("wes@chat.test) has joined" in line for line in wee.log(LOBBY).lines())


def test_logs_in_with_the_commands_of_the_handbook(wee: Weechat, server: ServerUnderTest) -> None:
    """SASL, the pinned CA and the lobby, without one complaint; the nick is the account's."""
    connect(wee, server)
    wee.shows("peer's certificate is trusted", SERVER)
    wee.shows("You are now logged in as wes", SERVER)
    wee.shows("Welcome to securechat, wes!wes@chat.test", SERVER)
    wee.types("/eval /print the nick is ${info:irc_nick,team}")
    wee.shows("the nick is wes")
    assert joins_of_lobby(wee) == 1
    assert wee.complaints() == []


def test_logs_in_with_the_commands_of_the_readme(wee: Weechat, server: ServerUnderTest) -> None:
    """The short form does, too."""
    wee.types(*for_reader(readme_block("WeeChat"), server, "wes").splitlines())
    wee.shows("Channel #lobby: ", LOBBY)
    assert wee.complaints() == []


def test_takes_the_account_for_its_nick(wee: Weechat, server: ServerUnderTest) -> None:
    """Whatever WeeChat calls itself before, afterwards it knows itself as its account."""
    lines = commands("weechat", server, "wes")
    wee.types(*[line.replace("nicks wes", "nicks bob") for line in lines])
    wee.shows("Channel #lobby: ", LOBBY)
    wee.types("/eval /print the nick is ${info:irc_nick,team}")
    wee.shows("the nick is wes")
    wee.types("/nick bob", "/nick somebody", buffer=LOBBY)
    wee.shows("bob: That name is somebody else's account", SERVER)
    wee.shows("Your nick is the name of your account, wes", SERVER)
    assert wee.complaints() == []


def test_talks_and_is_heard(wee: Weechat, server: ServerUnderTest) -> None:
    """Texts, actions, topics and direct messages go both ways."""
    bob = server.member("bob")
    connect(wee, server)
    wee.types("/join #den", buffer=LOBBY)
    wee.shows("Channel #den: 1 nick (1 o", DEN)
    bob.sends("JOIN #den")
    wee.shows("has joined #den", DEN)

    wee.types("hello from weechat", "/me waves", "/topic otters only", buffer=DEN)
    bob.hears_until("PRIVMSG #den :hello from weechat")
    bob.hears_until("PRIVMSG #den :\1ACTION waves\1")
    bob.hears_until("TOPIC #den :otters only")
    bob.sends("PRIVMSG #den :hello from bob", "PRIVMSG wes :psst")
    assert wee.shows("hello from bob", DEN).endswith("\tbob\thello from bob")
    assert wee.shows("psst", "irc.team.bob").endswith("\tbob\tpsst")
    wee.types("/msg bob psst yourself", buffer=DEN)
    bob.hears_until("PRIVMSG bob :psst yourself")
    assert wee.complaints() == []


def test_tells_that_somebody_is_typing(wee: Weechat, server: ServerUnderTest) -> None:
    """With the handbook's settings; and not a word of it without them."""
    bob = server.member("bob", caps="message-tags")
    connect(wee, server)
    wee.types("/buffer #lobby", "/input insert not told", "/input delete_line", buffer=LOBBY)
    wee.types(*commands("weechat-typing", server, "wes"))
    wee.types("/input insert good morning", buffer=LOBBY)
    heard = bob.hears_until("TAGMSG #lobby")
    assert [line for line in heard if "typing" in line] == heard[-1:]
    assert heard[-1].startswith("@+typing=active :wes!")
    assert wee.complaints() == []


def test_sees_who_is_there(wee: Weechat, server: ServerUnderTest) -> None:
    """NAMES, WHO, WHOIS, TOPIC and AWAY are understood."""
    bob = server.member("bob", caps="away-notify")
    bob.says("JOIN #den", "TOPIC #den :otters only")
    connect(wee, server)
    wee.types("/join #den", buffer=LOBBY)
    wee.shows('Topic for #den is "otters only"', DEN)
    wee.types("/names", "/who #den", "/whois bob", "/away fishing", buffer=DEN)
    wee.shows("Nicks #den: [~bob wes]", DEN)
    wee.shows("[#den] bob (bob@chat.test) H~@ 0 (Bob)", SERVER)
    wee.shows("[bob] #lobby ~@#den", SERVER)
    wee.shows("You have been marked as being away", SERVER)
    bob.hears_until("AWAY :fishing")
    bob.sends("PRIVMSG wes :there?")
    bob.hears_until("301 bob wes :fishing")
    assert wee.complaints() == []


def test_comes_back_and_catches_up(wee: Weechat, tmp_path: Path) -> None:
    """After a restart it logs in by itself; what it missed bears the time at which it was said."""
    wee.types("/set irc.server_default.autoreconnect_delay 1")
    wee.types("/set irc.server_default.autoreconnect_delay_growing 1")
    with open_house(tmp_path, "wes", "bob") as server:
        connect(wee, server)
    wee.shows("Closing link: The test is over", SERVER)
    with open_house(tmp_path) as elsewhere:
        bob = elsewhere.member("bob", caps="server-time echo-message")
        bob.sends("PRIVMSG #lobby :one", "PRIVMSG wes :two", "PRIVMSG #lobby :three")
        said = [hours_ago(bob.hears_until(text)[-1]) for text in ("one", "two", "three")]
    put_back(tmp_path)
    with open_house(tmp_path, listen={"port": server.port}):
        assert wee.shows("one", LOBBY) == f"{said[0]}\tbob\tone"
        assert wee.shows("two", "irc.team.bob") == f"{said[1]}\tbob\ttwo"
        assert wee.shows("three", LOBBY) == f"{said[2]}\tbob\tthree"
        wee.types("still here", buffer=LOBBY)
        wee.shows("still here", LOBBY)
        assert joins_of_lobby(wee) == 2
        assert [line for line in wee.log(LOBBY).lines() if line.endswith("\tone")] == [
            f"{said[0]}\tbob\tone"
        ]


def test_refuses_a_server_of_another_authority(
    wee: Weechat, server: ServerUnderTest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With another CA pinned it ends the handshake, and not a word reaches the server."""
    caplog.set_level(logging.INFO)
    Authority("another").write(tmp_path)
    wee.types(*commands("weechat", server, "wes"))
    wee.shows("peer's certificate is NOT trusted", SERVER)
    wee.shows("TLS handshake failed", SERVER)
    assert "login" not in caplog.text


def test_shows_that_the_password_is_wrong(
    wee: Weechat, server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so, and waits before it tries again."""
    caplog.set_level(logging.INFO)
    wee.types(*commands("weechat", server, "wes", password="a wrong password"))
    wee.shows("SASL authentication failed: wrong account or password", SERVER)
    wee.shows("reconnecting to server in 10 seconds", SERVER)
    assert caplog.messages.count("login refused") == 1


def test_makes_an_account_with_an_invite(wee: Weechat, tmp_path: Path) -> None:
    """/quote REGISTER, as the handbook has it; the next login goes by SASL."""
    with open_house(tmp_path, accounts={"registration": "invite"}) as server:
        link = invite(server)
        *setting_up, register = commands("weechat-register", server, "wren", code=link.code)
        wee.types(*setting_up)
        wee.shows("[ACCOUNT_REQUIRED]", SERVER)
        wee.types(register)
        wee.shows('command "REGISTER" not found', SERVER)
        wee.shows("You are now logged in as wren", SERVER)
        wee.shows("Channel #lobby: 1 nick", LOBBY)
        wee.types(*commands("weechat-afterwards", server, "wren"), "/reconnect team")
        wee.shows("SASL authentication successful", SERVER)
        wee.shows("Channel #lobby: 1 nick", LOBBY)


def test_says_all_before_it_quits(wee: Weechat, server: ServerUnderTest) -> None:
    """With the handbook's speed nothing of what was typed is held back, and lost by /quit."""
    bob = server.member("bob")
    wee.types("/unset -mask irc.server_default.anti_flood*")
    connect(wee, server)
    wee.types(*commands(weechat_speed(), server, "wes"))
    said = [f"line {number}" for number in range(30)]
    wee.types(*said, "/quit", buffer=LOBBY)
    heard = bob.hears_until("wes!wes@chat.test QUIT")
    assert [line.partition(" PRIVMSG #lobby :")[2] for line in heard if "PRIVMSG" in line] == said


def test_logs_in_with_a_server_password(wee: Weechat, server: ServerUnderTest) -> None:
    """account:password in the place of a server password does for clients without SASL."""
    lines = commands("weechat", server, "wes")
    wee.types(*[line for line in lines if "sasl" not in line and "/connect" not in line])
    wee.types(f"/set irc.server.team.password wes:{PASSWORD}", "/connect team")
    wee.shows("Channel #lobby: ", LOBBY)
    assert wee.complaints() == []
