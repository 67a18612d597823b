"""`securechat-admin` as a whole: where it works, what it refuses, how it answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from securechat.admin import context
from securechat.admin.cli import command, main
from securechat.server.data import DataDirectory
from tests.support.admin_cli import GOOD, AdminCli, served_once

COMMANDS = [
    "user list",
    "user show alice",
    "user add alice",
    "user import people.csv",
    "user passwd alice",
    "user disable alice",
    "user enable alice",
    "user admin alice",
    "user delete alice --yes",
    "user remove-factor alice --yes",
    "invite",
    "invite list",
    "invite revoke ab12",
    "token create alice laptop",
    "token list",
    "token revoke alice laptop",
    "audit",
    "backup file.tar",
    "check",
]


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    return served_once(tmp_path / "data")


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_database_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """And makes nothing: a mistyped --data must not begin a new server."""
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("name,password\n")
    said = AdminCli(tmp_path / "nowhere")(command)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"securechat-admin: no securechat server has run on {tmp_path}/nowhere yet: start "
        "securechat-server once, or name its directory with --data\n"
    )
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_needs_no_server(tmp_path: Path, command: str) -> None:
    """Each command explains itself."""
    said = AdminCli(tmp_path / "nowhere")(f"{command.partition(' --')[0]} --help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Usage: securechat-admin")


def test_a_directory_open_to_others_is_refused(cli: AdminCli) -> None:
    """As the server refuses it, with the command that closes it."""
    cli.data.chmod(0o755)
    said = cli("user list")
    assert said.code == 1
    assert "can be read by others (mode 0755)" in said.err
    assert f"chmod 700 {cli.data}" in said.err


def test_somebody_elses_directory_is_named(cli: AdminCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permission denied says whose work this is."""

    def denied(*_: object, **__: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", denied)
    said = cli("user list")
    assert said.code == 1
    assert f"can't look into {cli.data}: Permission denied; do this as the user" in said.err


def test_something_else_than_a_database_is_refused(cli: AdminCli) -> None:
    """In one line."""
    DataDirectory(cli.data).database.write_bytes(b"no database, " * 100)
    said = cli("user list")
    assert said.code == 1
    assert "this is not a securechat database" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    ["user", "user frobnicate", "user add", "user add a b", "invite --uses 0", "invite --days x"],
)
def test_wrong_usage_is_exit_code_two(cli: AdminCli, command: str) -> None:
    """And is told on standard error."""
    said = cli(command)
    assert (said.code, said.out) == (2, "")
    assert "Usage: securechat-admin" in said.err


def test_a_bad_configuration_is_named(cli: AdminCli, tmp_path: Path) -> None:
    """File and key."""
    path = tmp_path / "chat.toml"
    path.write_text("[accounts]\nbcrypt_cost = 3\n")
    said = cli("user add alice --password-stdin", GOOD, config=str(path))
    assert said.code == 1
    assert f"{path}: accounts.bcrypt_cost: expected a number from 4 to 31, not 3" in said.err
    assert cli.accounts() == {}


def test_the_configuration_rules_over_what_the_server_kept(cli: AdminCli, tmp_path: Path) -> None:
    """Length and cost are those of --config."""
    path = tmp_path / "chat.toml"
    path.write_text("[accounts]\nbcrypt_cost = 5\nmin_password_length = 8\n")
    said = cli("user add alice --password-stdin", "kvz81pwm", config=str(path))
    assert said.code == 0
    assert "$2b$05$" in cli.stored("alice")


def test_without_configuration_the_servers_own_rules_hold(tmp_path: Path) -> None:
    """Those of its last start, as it keeps them."""
    cli = served_once(tmp_path / "data", min_password_length="20", name="otterhouse.example")
    said = cli("user add alice --password-stdin", "nineteen letters on")
    assert said.code == 1
    assert "this server asks for at least 20" in said.err
    said = cli("user add alice --password-stdin", "otterhouse-otterhouse")
    assert said.code == 1
    assert "consists mainly of the account's name or the server's" in said.err
    assert cli("user add alice --password-stdin", GOOD).code == 0
    assert "$2b$04$" in cli.stored("alice")


def test_a_server_that_does_not_listen_is_told(
    cli: AdminCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change is stored and not in effect: that is no success."""
    monkeypatch.setattr(context, "EFFECT_SECONDS", 0.0)
    data = DataDirectory(cli.data)
    data.lock()
    try:
        said = cli("user add alice --password-stdin", GOOD)
    finally:
        data.unlock()
    assert said.code == 1
    assert "warning: this is stored, but NOT IN EFFECT" in said.err
    assert "a restart of the server takes it up" in said.err
    assert "alice" in cli.accounts()


def test_a_stopped_server_takes_it_up_at_its_start(cli: AdminCli) -> None:
    """And that is said."""
    said = cli("user add alice --password-stdin", GOOD)
    assert said.code == 0
    told = f"No server is running on {cli.data}; it takes effect when one starts.\n"
    assert said.err.endswith(told)


def test_it_runs_as_a_program(cli: AdminCli) -> None:
    """From a checkout as well as installed, with the exit code of main."""
    command = [sys.executable, "-m", "securechat.admin.cli", "--data", str(cli.data)]
    done = subprocess.run(
        [*command, "user", "add", "alice", "--password-stdin"],
        input=GOOD.encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"alice has an account.\n")
    done = subprocess.run([*command, "user", "enable", "bob"], capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (b"securechat-admin: there is no account bob; `user list` shows them\n")


# --- --data and --config, wherever they stand ----------------------------------------------------


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All commands, groups included, by the words that call them."""
    for name, part in group.commands.items():
        yield (*path, name)
        if isinstance(part, click.Group):
            yield from leaves(part, (*path, name))


@pytest.mark.parametrize("words", list(leaves(command)), ids=" ".join)
def test_every_command_takes_them(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Newcomers type them behind the command; its help shows them."""
    assert main([*words, "-h"]) == 0
    shown = capsys.readouterr().out
    assert "--data" in shown
    assert "--config" in shown


@pytest.mark.parametrize(
    "words",
    [
        ["--data", "DIR", "invite", "list"],
        ["invite", "--data", "DIR", "list"],
        ["invite", "list", "--data", "DIR"],
        ["--data", "DIR", "invite", "list", "--data", "DIR"],
    ],
)
def test_they_mean_the_same_everywhere(
    cli: AdminCli, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """Before the command, behind it, in between; also twice, if they agree."""
    assert main([str(cli.data) if word == "DIR" else word for word in words]) == 0
    assert "There is no invite" in capsys.readouterr().err


def test_two_directories_are_one_too_many(
    cli: AdminCli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rather an error than the wrong one."""
    other = str(tmp_path / "other")
    assert main(["--data", str(cli.data), "user", "list", "--data", other]) == 2
    assert "--data is given twice" in capsys.readouterr().err


def test_a_configuration_behind_the_command(
    cli: AdminCli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As before it."""
    file = tmp_path / "x.toml"
    file.write_text("[accounts]\nbcrypt_cots = 4\n")
    argv = ["check", "--data", str(cli.data), "--config", str(file)]
    assert main(argv) == 1
    assert "unknown key accounts.bcrypt_cots" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("invite --dasy 3", "--days"),
        ("invite --dta x", "--data"),
        ("user lsit", "list"),
        ("usr list", "user"),
        ("audit --sinse 1d", "--since"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(cli: AdminCli, typed: str, meant: str) -> None:
    """By names that are like it."""
    said = cli(typed)
    assert said.code == 2
    assert meant in said.err


def test_every_command_has_an_example() -> None:
    """At the end of its help."""

    def commands(part: click.Command) -> Iterator[click.Command]:
        below = part.commands.values() if isinstance(part, click.Group) else ()
        yield from (one for child in below for one in commands(child))
        if not below:
            yield part

    assert [part.name for part in commands(command) if "Example" not in (part.help or "")] == []
