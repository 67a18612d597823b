"""`securechat LINK`, and `securechat` alone."""

from __future__ import annotations

import io
import sys
from datetime import date
from pathlib import Path

import pytest

from securechat.client.commands import cli, cli_login, fronts, opening, registering
from securechat.client.commands.assemble import Setup
from securechat.client.commands.cli import main
from securechat.client.credentials.login_credentials import Sources
from securechat.client.exits import Exit, UsageError
from securechat.client.session.identity import Address
from securechat.client.settings import KnownServer, SettingsDirectory
from tests.client.keyboard import Keyboard

CODE, PIN = "CODE12345", "A" * 43
INVITE = f"securechat://chat.example:6697/{CODE}/{PIN}"
LOGIN = f"securechat://alice@chat.example:6697/-/{PIN}"
HERE, THERE = Address("chat.example"), Address("lab.example", 7000)


@pytest.fixture
def settings(settings_directory: Path) -> SettingsDirectory:
    return SettingsDirectory(settings_directory)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What would have been done: a registration, or a login."""
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(
        registering,
        "register",
        lambda _setup, link, name, *, missed: calls.append(("register", link, name)),
    )
    monkeypatch.setattr(
        fronts, "log_in", lambda _setup, where, *, missed: calls.append(("login", where))
    )
    monkeypatch.setattr(fronts, "talk", lambda _setup, _running, _front: Exit.OK)
    return calls


def known(settings: SettingsDirectory) -> None:
    settings.remember(THERE, "bob", date(2026, 1, 31))
    settings.remember(HERE, "alice", date(2026, 2, 1))


@pytest.mark.parametrize(
    "typed",
    [
        [INVITE],
        [f"<{INVITE}>."],
        [INVITE[:30], INVITE[30:50], INVITE[50:]],
        [INVITE[:30] + "\n  " + INVITE[30:]],
        [INVITE, "--account", "zoe"],
    ],
)
def test_an_invite_link_alone_registers(
    done: list[tuple[object, ...]], typed: list[str], settings: SettingsDirectory
) -> None:
    """Also broken by a mail, in brackets, with a full stop."""
    assert main(typed) == Exit.OK
    [(what, link, name)] = done
    assert what == "register"
    assert "chat.example" in str(link).lower()
    assert name == ("zoe" if "zoe" in typed else None)


def test_a_login_link_alone_logs_in(
    done: list[tuple[object, ...]], settings: SettingsDirectory
) -> None:
    """And has no name to give."""
    assert main([LOGIN]) == Exit.OK
    assert done == [("login", LOGIN)]
    assert main([LOGIN, "--account", "zoe"]) == Exit.USAGE


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (INVITE[:40], "not whole"),
        ("securechat://", "not whole"),
        (INVITE.replace("6697", "70000"), "1 to 65535"),
        ("alice@chat.example", "`securechat login alice@chat.example`"),
        ("chat.example:6697", "`securechat login chat.example:6697`"),
        ("wat", "No such command"),
    ],
)
def test_what_is_no_link(
    done: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str], typed: str, told: str
) -> None:
    """Is told as what it is, with what to type instead."""
    assert main([typed]) == Exit.USAGE
    assert told in capsys.readouterr().err
    assert done == []


def test_who_types_the_link_once_more_comes_back(
    done: list[tuple[object, ...]], settings: SettingsDirectory
) -> None:
    """The shell has kept the line: Enter logs in, and a name makes another account."""
    known(settings)
    opening.open_link(Setup(settings, Sources(), person=Keyboard("")), INVITE, None)
    opening.open_link(Setup(settings, Sources(), person=Keyboard("zoe")), INVITE, None)
    opening.open_link(Setup(settings, Sources(), person=Keyboard()), INVITE, "zoe")
    opening.open_link(Setup(settings, Sources()), INVITE, None)  # a script means what it says
    assert done[0] == ("login", f"alice@{HERE}")
    assert [call[0] for call in done[1:]] == ["register"] * 3
    assert [call[-1] for call in done[1:]] == ["zoe", "zoe", None]


def test_alone_it_says_what_to_do_first(
    done: list[tuple[object, ...]], settings: SettingsDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is known, on a terminal too."""
    assert main([]) == Exit.OK
    assert opening.home(Setup(settings, Sources(), person=Keyboard())) is Exit.OK
    assert capsys.readouterr().out.count("  securechat LINK\n") == 2
    assert not settings.directory.exists()


def test_alone_it_shows_the_servers(
    done: list[tuple[object, ...]], settings: SettingsDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last one first; without a terminal it ends there."""
    known(settings)
    assert main([]) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == [
        f"  1  alice@{HERE}  last used 2026-02-01",
        f"  2  bob@{THERE}  last used 2026-01-31",
    ]
    assert done == []


@pytest.mark.parametrize(("typed", "where"), [("", f"alice@{HERE}"), ("2", f"bob@{THERE}")])
def test_on_a_terminal_one_of_them_may_be_opened(
    done: list[tuple[object, ...]], settings: SettingsDirectory, typed: str, where: str
) -> None:
    """By Enter, or by its number."""
    known(settings)
    opening.home(Setup(settings, Sources(), person=Keyboard(typed)))
    assert done == [("login", where)]


@pytest.mark.parametrize("typed", ["0", "3", "-1", "q", "9" * 5000, "²"])
def test_another_answer_opens_nothing(
    done: list[tuple[object, ...]], settings: SettingsDirectory, typed: str
) -> None:
    """A slip of the finger logs nobody in."""
    known(settings)
    with pytest.raises(UsageError, match="the number of a server"):
        opening.home(Setup(settings, Sources(), person=Keyboard(typed)))
    assert done == []


def test_what_somebody_has_written_into_the_file(settings: SettingsDirectory) -> None:
    """A server that is none isn't shown; what lacks a day is."""
    known(settings)
    file = settings.directory / "servers.json"
    file.write_text(file.read_text().replace("lab.example:7000", "lab example"))
    settings.remember(Address("old.example"), "carol")
    assert settings.known() == [
        KnownServer(Address("old.example"), "carol"),
        KnownServer(HERE, "alice", "2026-02-01"),
    ]


def test_the_help_says_that_a_link_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the first thing to know, and no command of its own."""
    assert main(["--help"]) == Exit.OK
    told = capsys.readouterr().out
    assert "[LINK | COMMAND [ARGS]...]" in told
    assert cli_login.BY_LINK in cli.cli.commands
    assert "\n  LINK " not in told
