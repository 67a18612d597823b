"""What else docs/clients.md has people type: the CA from the network, the bot."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.foreign_clients.driver import end, environment, needs_openssl, shell
from tests.foreign_clients.handbook import block, for_reader
from tests.support.links import PATIENCE
from tests.support.server import PASSWORD, ServerUnderTest


@needs_openssl
def test_fetches_the_authority_from_the_network(server: ServerUnderTest, tmp_path: Path) -> None:
    """The commands bring the CA and show its fingerprint as the server prints it."""
    (tmp_path / "ca.pem").unlink()
    printed = shell(for_reader(block("sh"), server, "alice"), tmp_path)
    pin = server.service.identity.ca_sha256
    assert pin is not None
    assert printed.split()[0] == pin.hex()
    assert (tmp_path / "ca.pem").read_text() == server.ca.read_text()


@contextlib.contextmanager
def bot(home: Path, server: ServerUnderTest) -> Iterator[None]:
    """The handbook's bot, running."""
    program = [sys.executable, str(write_bot(home, server))]
    running = subprocess.Popen(program, env=environment(home), stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        end(running)


def write_bot(home: Path, server: ServerUnderTest) -> Path:
    program = home / "bot.py"
    program.write_text(for_reader(block("python"), server, "robot", password="PASSWORD"))
    return program


def test_the_bot_answers(server: ServerUnderTest, tmp_path: Path) -> None:
    """It answers what is asked in its channels now, and not what was asked while it was away."""
    server.add("robot")
    (tmp_path / "robot-password").write_text(f"{PASSWORD}\n")
    bob, robot = server.member("bob"), server.member("robot")
    robot.sends("JOIN #den", "QUIT")
    bob.hears_until("robot!robot@chat.test QUIT")
    bob.says("JOIN #den", "PRIVMSG #den :!ping")
    with bot(tmp_path, server):
        bob.hears_until("robot!robot@chat.test JOIN #lobby")
        # It is what it was there before, as who comes back is.
        bob.hears_until(" MODE #den +qo robot robot")
        bob.sends("PRIVMSG #lobby :!ping")
        assert bob.hears_line() == ":robot!robot@chat.test PRIVMSG #lobby :pong"


def test_the_bot_gives_up_with_a_wrong_password(server: ServerUnderTest, tmp_path: Path) -> None:
    """It ends and says why."""
    (tmp_path / "robot-password").write_text("not the password\n")
    done = subprocess.run(
        [sys.executable, write_bot(tmp_path, server)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "wrong account or password" in done.stderr
