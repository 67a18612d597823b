"""The manual pages and the shells' completions: they are true, can be read, and complete."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import manuals
import pytest

from securechat.client.exits import Exit

BIN = Path(sys.executable).parent


def test_what_is_in_share_is_true() -> None:
    """A new command or option is in its page; nothing is left there of one that is gone."""
    assert manuals.stale(manuals.ROOT, manuals.files()) == []


def test_help_is_told_once_whoever_has_asked_before() -> None:
    """A command keeps the names of that option by which it was asked first."""

    @click.group()
    @click.option("--quiet", is_flag=True)
    def talk(quiet: bool) -> None:
        """Talk."""

    @talk.command()
    def send() -> None:
        """Say something."""

    send.get_params(click.Context(send))
    assert manuals.page("securechat", talk).count(r"\-\-help") == 1


def test_all_of_it_is_installed() -> None:
    """Below the prefix, under the names under which man and the shells look for it."""
    project = tomllib.loads((manuals.ROOT / "pyproject.toml").read_text())
    installed = project["tool"]["setuptools"]["data-files"]
    assert {Path(name).parent.as_posix() for name in manuals.files()} == set(installed)
    assert all(patterns == [f"{place}/*"] for place, patterns in installed.items())
    assert set(manuals.PROGRAMS) == set(project["project"]["scripts"])


def test_what_isn_t_true_is_found(tmp_path: Path) -> None:
    """Missing, changed, or made by nothing; and what to type."""
    made = {"share/a.1": "a\n", "share/b.1": "b\n"}
    (tmp_path / "share").mkdir()
    (tmp_path / "share/a.1").write_text("old\n")
    (tmp_path / "share/c.1").write_text("c\n")
    wrong = manuals.stale(tmp_path, made)
    assert [line.partition(" ")[0] for line in wrong] == ["share/a.1", "share/b.1", "share/c.1"]
    assert manuals.RENEW in wrong[0]


@pytest.mark.parametrize("name", manuals.PROGRAMS)
def test_a_page_has_every_command_and_option(name: str) -> None:
    """As they are typed."""
    text = (manuals.ROOT / f"share/man/man1/{name}.1").read_text().replace("\\-", "-")
    group = manuals.PROGRAMS[name]
    for path, command in [(name, group), *manuals.commands(group, name)]:
        assert path in text
        own = (option for option in command.params if isinstance(option, click.Option))
        for option in own:
            assert option.hidden or all(word in text for word in option.opts), option.opts


def test_a_page_says_what_the_exit_codes_are() -> None:
    """Each of the client's, which are no more in its help."""
    text = (manuals.ROOT / "share/man/man1/securechat.1").read_text()
    status = text.partition(".SH EXIT STATUS\n")[2].partition(".SH ")[0].splitlines()
    assert status[1::3] == [f".B {code.value}" for code in Exit]
    assert ".SH EXIT STATUS" in (manuals.ROOT / "share/man/man1/gencerts.1").read_text()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("--check", "\\-\\-check"),
        ("C:\\x", "C:\\ex"),
        (".hidden", "\\&.hidden"),
        ("'tis", "\\&'tis"),
        ('say "x"', "say \\(dqx\\(dq"),
    ],
)
def test_text_is_no_request(text: str, written: str) -> None:
    """roff(7) takes what begins with a dot or a quote for one."""
    assert manuals.escape(text) == written


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff isn't here")
@pytest.mark.parametrize("name", manuals.PROGRAMS)
def test_a_page_can_be_set(name: str) -> None:
    """Without a warning of the program that man calls."""
    words = ["groff", "-man", "-Tutf8", "-ww", "-z", f"share/man/man1/{name}.1"]
    done = subprocess.run(words, cwd=manuals.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "typed", "offered"),
    [
        ("securechat-admin", "us", ["user"]),
        ("securechat-server", "install-service --u", ["--user"]),
        ("securechat", "token cr", ["create"]),
        ("gencerts", "--new", ["--new-ca"]),
    ],
)
def test_bash_completes(name: str, typed: str, offered: list[str]) -> None:
    """A command, a command below another one, and an option, by the program itself."""
    words = [name, *typed.split()]
    script = (
        f". share/bash-completion/completions/{name}; "
        f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; "
        f'_{name.replace("-", "_")}_completion {name}; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=manuals.ROOT,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (offered, "")


@pytest.mark.parametrize("name", manuals.PROGRAMS)
def test_zsh_and_fish_know_whom_to_ask(name: str) -> None:
    """By the same variable as bash, for the name that is installed."""
    variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
    zsh = (manuals.ROOT / f"share/zsh/site-functions/_{name}").read_text()
    fish = (manuals.ROOT / f"share/fish/vendor_completions.d/{name}.fish").read_text()
    assert zsh.startswith(f"#compdef {name}\n")
    assert f"{variable}=zsh_complete {name}" in zsh
    assert f"{variable}=fish_complete" in fish
    assert re.search(rf"complete .*--command {name} ", fish)
