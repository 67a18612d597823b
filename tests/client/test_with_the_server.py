"""Our client and our server: tokens, the second factor, a new password, and what was said, from end
to end.
"""

from __future__ import annotations

import base64
import queue
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from securechat.client.commands import account, assemble, factor, sessions
from securechat.client.commands.assemble import Setup
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.login_credentials import Sources
from securechat.client.credentials.tokens import Tokens
from securechat.client.exits import Exit, LoginError, RefusedError
from securechat.client.session.actions import (
    AskMore,
    AskPage,
    AskSearch,
    Quit,
    Say,
    ServerCommand,
)
from securechat.client.session.events.answers import NamesAre
from securechat.client.session.events.base import ClientEvent, Info
from securechat.client.session.events.connection import Stopped
from securechat.client.session.events.history import HistoryPage, SearchPage
from securechat.client.session.events.messages import Removed, Said
from securechat.client.settings import SettingsDirectory
from securechat.common.record import replace
from securechat.core.auth import totp
from tests.client.keyboard import Keyboard
from tests.client.scripted import DEVICE
from tests.support.server import DEFAULTS, PASSWORD, ServerUnderTest, running

Event = TypeVar("Event", bound=ClientEvent)

NEW = "a wholly new pass phrase 1"


@dataclass
class Machine:
    """A machine of alice's. What is typed is asked for, no more and no less."""

    server: ServerUnderTest
    directory: Path
    said: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"alice@localhost:{self.server.port}"

    def setup(self, *typed: str) -> Setup:
        tokens = Tokens(
            self.directory / "tokens", Keyring(lambda: None, lambda: None), self.said.append
        )
        settings = SettingsDirectory(self.directory / "settings")
        return Setup(settings, Sources(), self.server.ca, tokens, person=Keyboard(*typed))

    def logs_in(self, *typed: str) -> LoggedIn:
        setup = self.setup(*typed)
        running = assemble.log_in(setup, self.where)
        assert isinstance(setup.person, Keyboard)
        assert setup.person.silent
        return running

    def visits(self, *typed: str) -> None:
        """Log in, and leave."""
        leaves(self.logs_in(*typed))


def leaves(running: LoggedIn) -> None:
    running.client.submit(Quit())
    stopped = running.client.join(20)
    assert stopped is not None
    assert stopped.code is Exit.OK


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "server", "alice", "bob") as server:
        yield server


@pytest.fixture
def laptop(server: ServerUnderTest, tmp_path: Path) -> Machine:
    return Machine(server, tmp_path / "laptop")


@pytest.fixture
def composer(server: ServerUnderTest, tmp_path: Path) -> Machine:
    return Machine(server, tmp_path / "composer")


def test_the_password_is_asked_for_once(laptop: Machine, composer: Machine) -> None:
    """Then the machine's token is enough, until somebody logs out there; others aren't touched."""
    laptop.visits(PASSWORD)
    composer.visits(PASSWORD)
    laptop.visits()
    assert account.logout(laptop.setup(), laptop.where) is Exit.OK
    composer.visits()
    laptop.visits(PASSWORD)


def test_the_tokens_of_several_machines(
    laptop: Machine, composer: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Have names of their own, and each can end another; its session ends at once, also the one
    that has traded the password for it.
    """
    laptop.visits(PASSWORD)
    session = composer.logs_in(PASSWORD)
    capsys.readouterr()

    assert account.token_list(laptop.setup(), laptop.where) is Exit.OK
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{DEVICE} ")
    assert first.endswith("(this device)")
    assert second.startswith(f"{DEVICE}-2 ")

    assert account.token_revoke(laptop.setup(), f"{DEVICE}-2", laptop.where) is Exit.OK
    stopped = session.client.join(20)
    assert isinstance(stopped, Stopped)
    assert stopped.code is Exit.LOGIN
    composer.visits(PASSWORD)


def test_the_live_sessions(
    laptop: Machine, composer: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Are listed, without the one that asks; another that came by its token is ended by its id. For
    one that has shown the password the password is asked for.
    """
    laptop.visits(PASSWORD)
    leaves(composer.logs_in(PASSWORD))
    by_token, by_password = composer.logs_in(), Machine(laptop.server, composer.directory / "b")
    shown = by_password.logs_in(PASSWORD)
    capsys.readouterr()
    assert sessions.listed(laptop.setup(), laptop.where) is Exit.OK
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(f"  from 127.0.0.1  by token {DEVICE}-2")
    assert second.endswith(f"  from 127.0.0.1  by token {DEVICE}-3")
    assert sessions.end(laptop.setup(), first.split()[0], laptop.where) is Exit.OK
    assert sessions.end(laptop.setup(PASSWORD), second.split()[0], laptop.where) is Exit.OK
    assert "The session has ended" in capsys.readouterr().err
    with pytest.raises(RefusedError, match="no session of that id"):
        sessions.end(laptop.setup(), "nonsense", laptop.where)
    for session in (by_token, shown):
        leaves(session)


def test_a_token_for_a_script(
    laptop: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Goes where a password goes; it makes no other tokens."""
    laptop.visits(PASSWORD)
    capsys.readouterr()
    assert account.token_create(laptop.setup(PASSWORD), "backup", laptop.where) is Exit.OK
    file = tmp_path / "token"
    file.write_text(capsys.readouterr().out)
    file.chmod(0o600)
    script = replace(laptop.setup(), sources=Sources(password_file=file), tokens=None)
    leaves(assemble.log_in(script, laptop.where))
    with pytest.raises(RefusedError) as refused:
        account.token_create(script, "another", laptop.where)
    assert refused.value.reason == "REAUTHENTICATE"


def test_short_sessions_take_nothing_away(laptop: Machine, server: ServerUnderTest) -> None:
    """What was said meanwhile still comes at the next login."""
    laptop.visits(PASSWORD)
    bob = server.member("bob", caps="echo-message")
    bob.sends("PRIVMSG alice :are you there?")
    bob.hears_until("are you there?")
    account.token_list(laptop.setup(), laptop.where)
    account.token_create(laptop.setup(PASSWORD), "one", laptop.where)
    account.token_revoke(laptop.setup(), "one", laptop.where)
    account.logout(laptop.setup(), laptop.where)
    alice = server.connect()
    assert any("are you there?" in line for line in alice.logs_in("alice"))


class Watcher:
    """Sees what the client shows."""

    def __init__(self, running: LoggedIn) -> None:
        self._events: queue.Queue[ClientEvent] = queue.Queue()
        running.client.attach(self._take)

    def _take(self, events: Sequence[ClientEvent]) -> None:
        for event in events:
            self._events.put(event)

    def sees(self, kind: type[Event]) -> Event:
        """The next event of a kind."""
        while True:
            event = self._events.get(timeout=20)
            if isinstance(event, kind):
                return event


def test_what_was_said(laptop: Machine, server: ServerUnderTest) -> None:
    """Several lines as one message, a message that is removed, a page of what is left, and what is
    found of it.
    """
    running = laptop.logs_in(PASSWORD)
    alice, submit = Watcher(running), running.client.submit
    submit(ServerCommand("JOIN", ("#den",)))
    alice.sees(NamesAre)
    submit(Say("#den", "one\n\ntwo"))
    assert alice.sees(Said).text == "one\n\ntwo"
    bob = server.member("bob", caps="echo-message message-tags draft/message-redaction")
    bob.says("JOIN #den")
    msgid = bob.says("PRIVMSG #den :wrong")[0].partition("msgid=")[2].partition(" ")[0]
    bob.says(f"REDACT #den {msgid.partition(';')[0]} :oops")
    removed = alice.sees(Removed)
    assert (removed.by, removed.reason) == ("bob", "oops")
    assert removed.about is not None
    submit(AskPage("#den", 10))
    assert alice.sees(HistoryPage) == HistoryPage("#den", ())
    leaves(running)
    running = laptop.logs_in()
    alice, submit = Watcher(running), running.client.submit
    submit(AskPage("#den", 10))
    page = alice.sees(HistoryPage)
    assert [said.text for said in page.said] == ["one\n\ntwo"]
    submit(AskSearch("tw", place="#den", sender="alice"))
    assert [said.text for said in alice.sees(SearchPage).said] == ["one\n\ntwo"]
    submit(AskMore())
    assert alice.sees(SearchPage).said == ()
    submit(ServerCommand("POLICY", ("#den",)))
    assert "is kept" in alice.sees(Info).text
    leaves(running)


class Authenticator(Keyboard):
    """A phone that reads the secret off the screen when it is asked for a code."""

    def __init__(self, capsys: pytest.CaptureFixture[str], password: str = PASSWORD) -> None:
        super().__init__()
        self._capsys = capsys
        self._password = password
        self._secret = b""

    def ask_secret(self, question: str, otherwise: str = "") -> str:
        """What it shows."""
        if question.startswith("Password"):
            return self._password
        if not self._secret:
            shown = self._capsys.readouterr().err.splitlines()
            self._secret = base64.b32decode(shown[-1].replace(" ", ""))
        return totp.code_of(self._secret, int(time.time() * 1000) // totp.STEP_MS).decode()


def enrolls(machine: Machine, capsys: pytest.CaptureFixture[str], password: str) -> list[str]:
    """The recovery codes."""
    setup = machine.setup()
    setup.person = Authenticator(capsys, password)
    assert factor.enroll(setup, machine.where) is Exit.OK
    codes = capsys.readouterr().out.splitlines()
    assert len(codes) == totp.RECOVERY_CODES
    return codes


def test_a_second_factor_that_the_server_asks_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The login that is refused shows how, and goes on with the first code; then the machine is
    remembered as ever. A script is told where it is done.
    """
    accounts = DEFAULTS["accounts"] | {"require_second_factor": "all"}
    with running(tmp_path / "server", "alice", accounts=accounts) as server:
        laptop = Machine(server, tmp_path / "laptop")
        secret = tmp_path / "password"
        secret.touch(0o600)
        secret.write_text(PASSWORD)
        setup = laptop.setup()
        setup.sources = Sources(password_file=secret)
        with pytest.raises(LoginError, match="log in once with `securechat login` on a terminal"):
            assemble.log_in(setup, laptop.where)
        capsys.readouterr()
        setup = laptop.setup()
        setup.person = Authenticator(capsys, PASSWORD)
        leaves(assemble.log_in(setup, laptop.where))
        shown = capsys.readouterr().out.splitlines()
        assert len(shown) == totp.RECOVERY_CODES
        laptop.visits()
        Machine(server, tmp_path / "other").visits(PASSWORD, shown[0])


def test_a_second_factor(
    laptop: Machine, composer: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Enrolled, asked for where there is no token, renewed, and switched off again."""
    laptop.visits(PASSWORD)
    first, second, third, *_ = enrolls(laptop, capsys, PASSWORD)
    laptop.visits()
    with pytest.raises(LoginError, match="the code was not accepted"):
        composer.logs_in(PASSWORD, "000000", "000000", "000000")
    composer.visits(PASSWORD, first)
    composer.visits()
    capsys.readouterr()
    assert factor.recovery(composer.setup(PASSWORD, second, third), composer.where) is Exit.OK
    fourth, fifth, *_ = capsys.readouterr().out.splitlines()
    assert factor.remove(composer.setup(PASSWORD, fourth, fifth), composer.where) is Exit.OK
    account.logout(composer.setup(), composer.where)
    composer.visits(PASSWORD)


def test_a_password_that_looks_as_if_it_ended_in_a_code(
    server: ServerUnderTest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is asked for its code as any other."""
    password = "the quick brown otter 123456"
    server.add("carol", password=password)

    class CarolsMachine(Machine):
        @property
        def where(self) -> str:
            return f"carol@localhost:{self.server.port}"

    machine = CarolsMachine(server, tmp_path / "carols")
    code, *_ = enrolls(machine, capsys, password)
    machine.visits(password, code)
    machine.visits()


def test_a_new_password(laptop: Machine, composer: Machine, server: ServerUnderTest) -> None:
    """Ends everything else; the machine where it was made is remembered by a fresh token."""
    laptop.visits(PASSWORD)
    composer.visits(PASSWORD)
    other = server.member("alice")
    assert account.passwd(laptop.setup(PASSWORD, NEW, NEW), laptop.where) is Exit.OK
    assert any("ERROR" in line for line in other.hears_the_end())
    laptop.visits()
    composer.visits(NEW)


def test_a_weak_new_password(laptop: Machine) -> None:
    """Is refused with the server's words, and asked for again."""
    typed = (PASSWORD, "password", "password", NEW, NEW)
    assert account.passwd(laptop.setup(*typed), laptop.where) is Exit.OK
    laptop.visits(NEW)


def test_a_login_that_is_held_back(laptop: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """After many wrong passwords the server makes everybody wait, says so, and lets us in then."""
    with pytest.raises(LoginError, match="wrong account or password"):
        laptop.logs_in("one", "two", "three")
    laptop.visits("four", "five", PASSWORD)
    said = capsys.readouterr().err
    assert (
        said.count("After several wrong passwords the server looks at this one in a second.") == 1
    )
    assert "five" not in said
