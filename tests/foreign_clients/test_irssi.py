"""irssi, as Debian has it, on a real server, set up as docs/clients.md says."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.foreign_clients.driver import Irssi, needs_irssi, needs_openssl, shell
from tests.foreign_clients.handbook import (
    block,
    commands,
    for_reader,
    hours_ago,
    invite,
    open_house,
    put_back,
    readme_block,
)
from tests.support.certificates import Authority
from tests.support.server import ServerUnderTest

pytestmark = needs_irssi

IN_LOBBY = "Irssi: #lobby: Total of"


NO_PIN = "printf '' | sha256sum | head -c 64 | sed 's/../&:/g; s/:$//' | tr a-f A-F"
"""What is printed for no key at all; no server has it."""


def connect(irs: Irssi, server: ServerUnderTest) -> None:
    """Log in with the handbook's commands, and be in the lobby."""
    irs.types(*commands("irssi", server, "iris"))
    irs.shows(IN_LOBBY)


def joins_of_lobby(irs: Irssi) -> int:
    """How often irssi has seen itself join."""
    return sum("iris [iris@chat.test] has joined #lobby" in line for line in irs.log.lines())


def test_logs_in_with_the_commands_of_the_handbook(irs: Irssi, server: ServerUnderTest) -> None:
    """SASL, the pinned CA and the lobby, without one complaint; the nick is the account's."""
    connect(irs, server)
    irs.types("/eval echo the nick is $N")
    irs.shows("the nick is iris")
    said = "\n".join(irs.log.lines())
    assert "SASL authentication succeeded" in said
    assert "Welcome to securechat, iris!iris@chat.test" in said
    assert joins_of_lobby(irs) == 1
    assert irs.complaints() == []


def test_logs_in_with_the_commands_of_the_readme(irs: Irssi, server: ServerUnderTest) -> None:
    """The short form does, too."""
    irs.types(*for_reader(readme_block("irssi"), server, "iris").splitlines())
    irs.shows(IN_LOBBY)
    assert irs.complaints() == []


@needs_openssl
def test_logs_in_by_an_address(irs: Irssi, server: ServerUnderTest, tmp_path: Path) -> None:
    """With the pin that the handbook's command finds, and with no other."""
    pin = shell(for_reader(block("sh-pin"), server, "iris"), tmp_path).strip()
    other = ":".join(reversed(pin.split(":")))
    irs.types(*commands("irssi-address", server, "iris", pin=other))
    irs.shows("Pinned public key mismatch")
    irs.types("/disconnect team", *commands("irssi-address", server, "iris", pin=pin))
    irs.shows(IN_LOBBY)


@needs_openssl
def test_pins_no_other_s_key(server: ServerUnderTest, tmp_path: Path) -> None:
    """The handbook's command finds no pin where the authority is another one."""
    Authority("another").write(tmp_path)
    pinned = shell(for_reader(block("sh-pin"), server, "iris"), tmp_path)
    assert pinned == shell(NO_PIN, tmp_path)


def test_says_all_before_it_quits(irs: Irssi, server: ServerUnderTest) -> None:
    """With the handbook's speed nothing of what was typed is held back, and lost by /quit."""
    bob = server.member("bob")
    connect(irs, server)
    said = [f"line {number}" for number in range(30)]
    irs.types(*(f"/msg #lobby {text}" for text in said), "/quit")
    heard = bob.hears_until("iris!iris@chat.test QUIT")
    assert [line.partition(" PRIVMSG #lobby :")[2] for line in heard if "PRIVMSG" in line] == said


def test_shows_what_was_written_elsewhere(irs: Irssi, server: ServerUnderTest) -> None:
    """What one wrote to somebody from another client stands in that conversation."""
    desk = server.member("iris")
    connect(irs, server)
    desk.sends("PRIVMSG bob :from the desk")
    assert irs.shows("from the desk").endswith("<iris> from the desk")
    assert irs.complaints() == []


def test_takes_the_account_for_its_nick(irs: Irssi, server: ServerUnderTest) -> None:
    """Whatever irssi calls itself before, afterwards it knows itself as its account."""
    lines = commands("irssi", server, "iris")
    irs.types(*[line.replace("-nick iris", "-nick bob") for line in lines])
    irs.shows(IN_LOBBY)
    irs.types("/eval echo the nick is $N", "/nick bob", "/nick somebody")
    irs.shows("the nick is iris")
    irs.shows("Nick bob is already in use")
    irs.shows("Your nick is the name of your account, iris")


def test_talks_and_is_heard(irs: Irssi, server: ServerUnderTest) -> None:
    """Texts, actions, topics and direct messages go both ways."""
    bob = server.member("bob")
    connect(irs, server)
    irs.types("/join #den")
    irs.shows("Irssi: #den: Total of 1 nicks [1 ops")
    bob.sends("JOIN #den")
    irs.shows("bob [bob@chat.test] has joined #den")

    irs.types("hello from irssi", "/me waves", "/topic otters only")
    bob.hears_until("PRIVMSG #den :hello from irssi")
    bob.hears_until("PRIVMSG #den :\1ACTION waves\1")
    bob.hears_until("TOPIC #den :otters only")
    bob.sends("PRIVMSG #den :hello from bob", "PRIVMSG iris :psst")
    irs.shows("< bob> hello from bob")
    irs.shows("<bob> psst")
    irs.types("/msg bob psst yourself")
    bob.hears_until("PRIVMSG bob :psst yourself")
    assert irs.complaints() == []


def test_sees_who_is_there(irs: Irssi, server: ServerUnderTest) -> None:
    """NAMES, WHO, WHOIS, TOPIC and AWAY are understood."""
    bob = server.member("bob", caps="away-notify")
    bob.says("JOIN #den", "TOPIC #den :otters only")
    connect(irs, server)
    irs.types("/join #den")
    irs.shows("Topic for #den: otters only")
    irs.shows("[~bob] [ iris]")
    irs.types("/who #den", "/whois bob", "/away fishing")
    irs.shows("#den bob       H~@ 0  bob@chat.test [Bob]")
    irs.shows("channels : #lobby ~@#den")
    irs.shows("account  : bob")
    irs.shows("You have been marked as being away")
    bob.hears_until("AWAY :fishing")
    bob.sends("PRIVMSG iris :there?")
    bob.hears_until("301 bob iris :fishing")
    assert irs.complaints() == []


def test_comes_back_and_catches_up(irs: Irssi, tmp_path: Path) -> None:
    """After a restart it logs in by itself; what it missed bears the time at which it was said."""
    with open_house(tmp_path, "iris", "bob") as server:
        connect(irs, server)
        irs.types("/set server_reconnect_time 1s")
        irs.shows("server_reconnect_time 1s")
    irs.shows("ERROR Closing link: The test is over")
    with open_house(tmp_path) as elsewhere:
        bob = elsewhere.member("bob", caps="server-time echo-message")
        bob.sends("PRIVMSG #lobby :one", "PRIVMSG iris :two", "PRIVMSG #lobby :three")
        said = [hours_ago(bob.hears_until(text)[-1]) for text in ("one", "two", "three")]
    put_back(tmp_path)
    with open_house(tmp_path, listen={"port": server.port}) as reopened:
        assert irs.shows("< bob> one") == f"{said[0]} #lobby: < bob> one"
        assert irs.shows("< bob> three") == f"{said[2]} #lobby: < bob> three"
        assert irs.shows("<bob> two") == f"{said[1]} <bob> two"
        bob = reopened.member("bob")
        irs.types("/msg #lobby still here")
        bob.hears_until("PRIVMSG #lobby :still here")
        assert joins_of_lobby(irs) == 2
        assert sum("< bob> one" in line for line in irs.log.lines()) == 1


def test_refuses_a_server_of_another_authority(
    irs: Irssi, server: ServerUnderTest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With another CA pinned it hangs up, and no password reaches the server."""
    caplog.set_level(logging.INFO)
    Authority("another").write(tmp_path)
    irs.types(*commands("irssi", server, "iris"))
    irs.shows("Could not verify TLS servers certificate")
    irs.shows("Connection lost to localhost")
    assert "login" not in caplog.text


def test_shows_that_the_password_is_wrong(
    irs: Irssi, server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so, and waits before it tries again."""
    caplog.set_level(logging.INFO)
    irs.types(*commands("irssi", server, "iris", password="a wrong password"))
    irs.shows(
        "Cannot authenticate via SASL (SASL authentication failed: wrong account or password)"
    )
    irs.shows("Connection lost to localhost")
    irs.types("/server")
    irs.shows(f"RECON-1: localhost:{server.port} (team) (00:")
    assert caplog.messages.count("login refused") == 1


def test_makes_an_account_with_an_invite(irs: Irssi, tmp_path: Path) -> None:
    """/quote REGISTER, as the handbook has it; the next login goes by SASL."""
    with open_house(tmp_path, accounts={"registration": "invite"}) as server:
        link = invite(server)
        *setting_up, register = commands("irssi-register", server, "rose", code=link.code)
        irs.types(*setting_up)
        irs.shows("FAIL * ACCOUNT_REQUIRED")
        irs.types(register)
        irs.shows("REGISTER SUCCESS rose")
        irs.shows(IN_LOBBY)
        irs.types(
            *commands("irssi-afterwards", server, "rose"), "/disconnect team", "/connect team"
        )
        irs.shows("SASL authentication succeeded")
        irs.shows(IN_LOBBY)
