"""Other programs of docs/clients.md, where they are installed, set up as it says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.foreign_clients.driver import Log, wait_until
from tests.foreign_clients.handbook import block, for_reader
from tests.foreign_clients.programs import free_port, needs, running_program
from tests.support.server import ServerUnderTest

ONE_WORD = "a-password-of-one-word-7"
"""In the place of a token, which has no spaces either."""

needs_catgirl = needs("catgirl", package="catgirl")
needs_ii = needs("ii", "stunnel4", package="ii stunnel4")
needs_limnoria = needs("supybot", package="limnoria")


# catgirl


def write_catgirl(home: Path, server: ServerUnderTest, **others: Any) -> None:
    place = home / ".config/catgirl"
    place.mkdir(parents=True)
    (place / "team").write_text(for_reader(block("catgirl"), server, "cat", **others))
    (place / "ca.pem").write_bytes(server.ca.read_bytes())


@needs_catgirl
def test_catgirl(server: ServerUnderTest, tmp_path: Path) -> None:
    """It talks, and shows what was written from another of its owner's clients."""
    server.add("cat")
    bob, desk = server.member("bob"), server.member("cat")
    write_catgirl(tmp_path, server)
    with running_program(tmp_path, "catgirl", "-v", "team", screen=True) as catgirl:
        catgirl.printed.hears("JOIN #lobby")
        catgirl.types("/msg bob psst, Привет 🦦")
        bob.hears_until("cat!cat@chat.test PRIVMSG bob :psst, Привет 🦦")
        desk.sends("PRIVMSG bob :from the desk")
        catgirl.printed.hears("cat!cat@chat.test PRIVMSG bob :from the desk")


@needs_catgirl
def test_catgirl_with_a_wrong_password(server: ServerUnderTest, tmp_path: Path) -> None:
    """It says so and ends."""
    server.add("cat")
    write_catgirl(tmp_path, server, password="wrong")
    with running_program(tmp_path, "catgirl", "team", screen=True) as catgirl:
        catgirl.printed.hears("catgirl: SASL authentication failed: wrong account or password")
        assert catgirl.process.wait(20) != 0


@needs_catgirl
def test_catgirl_trusts_its_authority_only(server: ServerUnderTest, tmp_path: Path) -> None:
    """Whatever other authority it was given."""
    write_catgirl(tmp_path, server)
    other = ServerUnderTest(tmp_path / "other", server.settings)
    other.data.create()
    other.open()
    try:
        (tmp_path / ".config/catgirl/ca.pem").write_bytes(other.ca.read_bytes())
    finally:
        other.close()
    with running_program(tmp_path, "catgirl", "team", screen=True) as catgirl:
        assert catgirl.process.wait(20) != 0
        assert "certificate verif" in "\n".join(catgirl.printed.lines())


# ii over stunnel


@contextlib.contextmanager
def tunnel(home: Path, server: ServerUnderTest) -> Iterator[int]:
    """The handbook's stunnel, running; its port."""
    port = free_port()
    (home / "team.conf").write_text(for_reader(block("stunnel"), server, "ivy", local_port=port))
    with running_program(home, "stunnel4", "team.conf") as stunnel:
        stunnel.printed.hears("Configuration successful")
        yield port


def tell(fifo: Path, text: str) -> None:
    """Say something to ii, whose FIFO comes into being some time."""
    wait_until(fifo.exists, lambda: f"no {fifo}")
    fifo.open("w").write(f"{text}\n")


@needs_ii
def test_ii_over_stunnel(server: ServerUnderTest, tmp_path: Path) -> None:
    """A client that knows neither TLS nor SASL, and what it missed, with its times."""
    server.add("ivy", password=ONE_WORD)
    bob = server.member("bob")
    bob.says("PRIVMSG ivy :you there?")
    (tmp_path / "team-token").write_text(f"{ONE_WORD}\n")
    with tunnel(tmp_path, server) as port:
        command = for_reader(block("ii"), server, "ivy", local_port=port)
        with running_program(tmp_path, "sh", "-c", f"{command.strip()} & wait") as ii:
            talk = tmp_path / "irc/127.0.0.1"
            assert " UTC] you there?" in Log(talk / "bob/out").hears("you there?")
            tell(talk / "#lobby/in", "hello from ii, Привет")
            bob.hears_until("ivy!ivy@chat.test PRIVMSG #lobby :hello from ii, Привет")
            tell(talk / "in", "/QUIT")
            bob.hears_until("ivy!ivy@chat.test QUIT")
            ii.process.wait(20)


# A bot


@needs_limnoria
def test_limnoria(server: ServerUnderTest, tmp_path: Path) -> None:
    """It logs in and answers."""
    server.add("lim")
    bob = server.member("bob")
    settings = [for_reader(block("limnoria"), server, "lim"), "supybot.plugins.Misc: True"]
    settings += [f"supybot.directories.{name}: {tmp_path}/{name}" for name in ("conf", "data")]
    (tmp_path / "lim.conf").write_text("\n".join(settings) + "\n")
    with running_program(tmp_path, "supybot", "--allow-root", "lim.conf"):
        bob.hears_until("lim!lim@chat.test JOIN #lobby")
        bob.sends("PRIVMSG lim :version")
        assert "Limnoria" in bob.hears_until("lim!lim@chat.test ")[-1]
