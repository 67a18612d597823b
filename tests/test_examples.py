"""The files in docs/examples/, which docs/bots.md tells of: run against a real server."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from securechat.client.commands.cli import main
from tests.support.admin_cli import AdminCli
from tests.support.client import Client
from tests.support.server import ServerUnderTest, running

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"


class Place:
    """A machine on which bots run, with `securechat` on its PATH. The bot is called monitor."""

    def __init__(self, server: ServerUnderTest, home: Path) -> None:
        self.server = server
        self.home = home
        self.token = home / "monitor.token"
        self.where = f"monitor@localhost:{server.port}"
        programs = home / "bin"
        programs.mkdir()
        program = programs / "securechat"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m securechat "$@"\n')
        program.chmod(0o755)
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(home),
            "SECURECHAT_CONFIG_DIR": str(home / "settings"),
            "PYTHONPATH": str(EXAMPLES.parent.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def runs(self, *command: str | Path, more: Mapping[str, str] | None = None) -> str:
        """A program that is to succeed; what it says on standard error."""
        environment = self.environment | dict(more or {})
        done = subprocess.run(
            [*map(str, command)], env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("home")
    with running(home / "server", "alice") as server:
        one = Place(server, home)
        admin = AdminCli(server.data.path)
        assert admin(f"user add monitor --bot --token-file {one.token}").code == 0
        # The first command trusts the server's authority, and the others find it remembered.
        login = ("--server", one.where, "--password-file", str(one.token), "--ca", str(server.ca))
        settings = ("--config-dir", one.environment["SECURECHAT_CONFIG_DIR"])
        assert main(["send", "#lobby", "hello", *login, *settings]) == 0
        yield one


@pytest.fixture
def alice(place: Place) -> Client:
    """Somebody in the lobby, who hears what the bots say."""
    return place.server.member("alice", tags=())


def texts(heard: list[str]) -> list[str]:
    """What monitor has said."""
    said = (line.partition(" PRIVMSG #lobby :") for line in heard if line.startswith(":monitor!"))
    return [text for _, _, text in said if text]


def test_a_disk_is_full(place: Place, alice: Client) -> None:
    """It is told once, and told again when that has changed."""
    settings = {"SERVER": place.where, "TOKEN": str(place.token), "CHANNEL": "#lobby"}
    place.runs(EXAMPLES / "disk_alert.sh", more=settings | {"LIMIT": "0"})
    head, *disks = texts(alice.hears())
    assert head.endswith("these disks are 0 % full or more:")
    assert disks
    place.runs(EXAMPLES / "disk_alert.sh", more=settings | {"LIMIT": "0", "TOKEN": "/none"})
    place.runs(EXAMPLES / "disk_alert.sh", more=settings | {"LIMIT": "101"})
    assert "the disks have room again" in texts(alice.hears())[-1]


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
def test_a_push(place: Place, alice: Client) -> None:
    """Its branches and commits; what stands in a subject is text, and nothing else."""
    team, mine = place.home / "team.git", place.home / "mine"
    git = ("git", "-c", "user.name=Ann", "-c", "user.email=ann@test", "-C", str(mine))
    place.runs("git", "init", "-q", "--bare", "-b", "main", team)
    place.runs("git", "init", "-q", "-b", "main", mine)
    for key, value in (("server", place.where), ("token", str(place.token))):
        place.runs("git", "-C", team, "config", f"securechat.{key}", value)
    shutil.copy(EXAMPLES / "post-receive", team / "hooks" / "post-receive")
    for subject in ("Begin", "Add $(touch /tmp/no) `no` #lobby"):
        place.runs(*git, "commit", "-q", "--allow-empty", "-m", subject)
    # Where there is no chat the hook says that it has told nobody, and the push is done.
    alone = {"PATH": os.environ["PATH"].replace(str(Path(sys.executable).parent), "")}
    said = place.runs(*git, "push", "-q", team, "main~1:refs/heads/main", more=alone)
    assert "the chat was not told of this push" in said
    place.runs(*git, "push", "-q", team, "main", "main~1:refs/heads/old")
    first, second, third = texts(alice.hears())
    assert first == "team: main has 1 new commits"
    assert second.endswith(" Add $(touch /tmp/no) `no` #lobby (Ann)")
    assert third.startswith("team: old is new, at ")
    assert third.endswith(" Begin (Ann)")


@contextlib.contextmanager
def bot(place: Place, alice: Client, name: str, *arguments: str) -> Iterator[list[str]]:
    """A bot, once others see it; with what alice has heard until then."""
    heard: list[str] = []

    def is_seen() -> bool:
        lines = alice.says("WHOIS monitor")
        heard.extend(lines)
        return " 311 " in "".join(lines)

    command = [sys.executable, str(EXAMPLES / name), place.where, str(place.token), *arguments]
    with subprocess.Popen(command, env=place.environment) as running_bot:
        try:
            place.server.wait_for(is_seen)
            yield heard
        finally:
            running_bot.kill()


def test_a_bot_that_answers(place: Place, alice: Client) -> None:
    """Those who ask it, in a channel and alone; no bots, itself among them, and no notices. When it
    was killed it goes on where it was.
    """
    state = str(place.home / "state" / "bot.json")
    with bot(place, alice, "answering_bot.py", state):
        place.server.wait_for(Path(state).exists)
        alice.sends("NOTICE monitor !time", "PRIVMSG #lobby !time")
        [said] = texts(alice.hears_until("alice: it is "))
        assert said.startswith("alice: it is ")
    alice.says("PRIVMSG #lobby !time")
    with bot(place, alice, "answering_bot.py", state) as heard:
        assert texts(heard) or texts(alice.hears_until("alice: it is "))


def test_a_bot_that_finds(place: Place, alice: Client) -> None:
    """It tells who has asked."""
    alice.says("PRIVMSG #lobby :the needle is here")
    with bot(place, alice, "finding_bot.py"):
        alice.says("PRIVMSG #lobby :!find needle")
        assert "<alice> the needle is here" in alice.hears_until(" PRIVMSG alice :")[-1]


def test_a_bot_that_watches(place: Place, alice: Client) -> None:
    """Each line that counts; what can't be told it says."""
    program = [sys.executable, str(EXAMPLES / "watching_bot.py"), place.where, str(place.token)]
    for channel, error in (("#lobby", ""), ("#none", "not told: not sent to #none: ")):
        done = subprocess.run(
            [*program, channel, "ERROR"],
            input="all is well\nERROR 7\n",
            env=place.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, error in done.stderr) == (0, True)
    assert texts(alice.hears())[-1] == "ERROR 7"
