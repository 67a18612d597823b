"""A file argument leads somewhere else: to a pipe, a device, a disk image, a loop of links, out of
the directory. Each command line ends at once with one clear line, and touches nothing.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

import securechat.admin.cli as admin
import securechat.ca.cli as gencerts
import securechat.client.commands.cli as client
import securechat.server.cli as server
from securechat.ca.make import make
from securechat.client.exits import UsageError
from securechat.client.session.identity import parse_address
from securechat.client.settings import SettingsDirectory
from securechat.common import files
from securechat.credentials.link import InviteLink, LinkError
from tests.support.forked import Ended, run, run_each
from tests.support.process import add_accounts

NOWHERE = "alice@127.0.0.1:9"
Main = Callable[[list[str]], int]
FILE = "FILE"


@dataclass(frozen=True)
class Argument:
    """An argument that names a file: its command line, with FILE in the argument's place."""

    main: Main
    words: str

    def given(self, file: object, place: Path) -> Ended:
        return run(self.main, *self.line(file, place))

    def line(self, file: object, place: Path) -> list[object]:
        words = self.words.replace("PLACE", str(place)).split(" ")
        return [file if word == FILE else word for word in words]


FILES = {
    "securechat-server --config": Argument(server.main, "--data PLACE/data --check --config FILE"),
    "securechat-server --cert": Argument(server.main, "--data PLACE/data --check --cert FILE"),
    "securechat-server --key": Argument(
        server.main, "--data PLACE/data --check --cert PLACE/ca/server.pem --key FILE"
    ),
    "securechat-server --join": Argument(server.main, "--data PLACE/new --check --join FILE"),
    "securechat --ca": Argument(client.main, f"login --config-dir PLACE/own --ca FILE {NOWHERE}"),
    "securechat trust pin": Argument(
        client.main, "trust pin --config-dir PLACE/own FILE chat.example"
    ),
    "securechat --cert": Argument(
        client.main, f"login --config-dir PLACE/own --cert FILE {NOWHERE}"
    ),
    "securechat --key": Argument(
        client.main, f"login --config-dir PLACE/own --cert PLACE/ca/server.pem --key FILE {NOWHERE}"
    ),
    "securechat --password-file": Argument(
        client.main, f"login --config-dir PLACE/own --password-file FILE {NOWHERE}"
    ),
    "securechat-admin --config": Argument(
        admin.main, "--data PLACE/data --config FILE user add --password-stdin zelda"
    ),
    "securechat-admin import file": Argument(admin.main, "--data PLACE/data user import FILE"),
    "securechat-admin add file": Argument(
        admin.main, "--data PLACE/data certificate add alice FILE"
    ),
    "securechat-admin --password-file": Argument(
        admin.main,
        "--data PLACE/data move --password-file FILE postgresql://chat@/chat?host=PLACE/nowhere",
    ),
    "securechat-admin renew file": Argument(
        admin.main, "--data PLACE/data --config PLACE/node.toml nodes renew FILE"
    ),
    "gencerts --passphrase-file": Argument(
        gencerts.main, "--out PLACE/ca2 --passphrase-file FILE chat.example"
    ),
}
DIRECTORIES = {
    "securechat-server --data": Argument(server.main, "--check --data FILE"),
    "securechat --config-dir": Argument(client.main, "login --config-dir FILE"),
    "securechat-admin --data": Argument(admin.main, "--data FILE user list"),
    "gencerts --out": Argument(gencerts.main, "--out FILE chat.example"),
}
ELSEWHERE = {
    "securechat-admin backup file",
    "securechat-admin restore file",
    "securechat-admin --export",  # of audit prune
    "securechat-admin channel file",  # of export
    "securechat-admin user file",  # of export
    "securechat-admin --slips",  # of user import
    "securechat-server --log-file",
    "securechat-admin --token-file",  # of user add
    "securechat-admin --out",  # of nodes prepare
    "securechat-admin --cert",
    "securechat-admin --key",
    "securechat-admin --passphrase-file",
}
"""Tried by the tests of these commands."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server's data, a CA, and every kind of file that there is. Nobody is waited for long."""
    place: Path = tmp_path_factory.mktemp("place")
    assert run(gencerts.main, "--out", place / "ca", "chat.example").code == 0
    add_accounts(place / "data", "alice")
    (place / "directory").mkdir(mode=0o700)
    (place / "node.toml").write_text(
        '[cluster]\nnode = "south"\n[store]\nurl = "postgresql://chat@/chat?host=/nowhere"\n'
    )
    os.mkfifo(place / "pipe", 0o600)
    (place / "loop").symlink_to(place / "loop")
    (place / "dangling").symlink_to(place / "nowhere" / "at-all")
    (place / "noise").write_bytes(b"\xff\xfe\x00\x1b[2J" * 500)
    (place / "noise").chmod(0o600)
    (place / "text").write_text("no such thing\n")
    with (place / "huge").open("wb") as file:
        file.truncate(1 << 40)  # sparse: it takes no room
    (place / "huge").chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "PIPE_SECONDS", 0.02)
        yield place


TRICKS = [
    "missing",
    "directory",
    "pipe",
    "loop",
    "dangling",
    "huge",
    "text/below-a-file",
    "../../../../../../../../etc/nothing-of-that-name",
    "a" * 5000,
    os.fsdecode(b"\xff\xfe\x80"),
    "\x1b[2Jcleared\x07",
    "/dev/zero",
    "/dev/full",
    "/proc/self/mem",
    "/proc/self/environ",
    "",
]


def is_clear(ended: Ended) -> bool:
    """Refused in a few words, without a traceback and without driving the terminal."""
    wordy = ended.text.count("\n") > 6
    clean = all(char.isprintable() or char in "\n\ufffd" for char in ended.text)
    crashed = "Traceback" in ended.text or "should not happen" in ended.text
    return ended.code in (1, 2) and bool(ended.text.strip()) and clean and not (wordy or crashed)


@pytest.fixture(scope="module")
def tricked(place: Path) -> Callable[[str], dict[str, Ended]]:
    """How a command line ends with each of the tricks in its argument's place; all in one child."""

    @functools.cache
    def tricked(argument: str) -> dict[str, Ended]:
        lines = [FILES[argument].line(place / trick, place) for trick in TRICKS]
        return dict(zip(TRICKS, run_each(FILES[argument].main, *lines), strict=True))

    return tricked


@pytest.mark.parametrize("argument", FILES)
@pytest.mark.parametrize("trick", TRICKS, ids=ascii)
def test_a_file_that_is_none(
    tricked: Callable[[str], dict[str, Ended]], argument: str, trick: str
) -> None:
    """Pipes that nobody writes to, devices without an end, images of disks, links in a circle."""
    ended = tricked(argument)[trick]
    assert is_clear(ended), ended


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("argument", FILES)
def test_a_file_that_may_not_be_read(place: Path, argument: str) -> None:
    """Its mode keeps us out."""
    (place / "closed").write_text("x")
    (place / "closed").chmod(0)
    ended = FILES[argument].given(place / "closed", place)
    assert is_clear(ended), ended


@pytest.mark.parametrize("argument", DIRECTORIES)
@pytest.mark.parametrize("trick", ["pipe", "loop", "dangling", "text", "a" * 5000, "/dev/zero"])
def test_a_directory_that_is_none(place: Path, argument: str, trick: str) -> None:
    """Nothing is made in the place of what is there."""
    before = sorted(path.name for path in place.iterdir())
    ended = DIRECTORIES[argument].given(place / trick, place)
    assert is_clear(ended), ended
    assert sorted(path.name for path in place.iterdir()) == before


@pytest.mark.parametrize("argument", FILES)
def test_a_file_full_of_noise(place: Path, argument: str) -> None:
    """What it holds is not shown, and most of it may be a secret."""
    ended = FILES[argument].given(place / "noise", place)
    if argument != "gencerts --passphrase-file":  # any bytes may be a passphrase
        assert is_clear(ended), ended
    assert "2J2J" not in ended.text


def test_no_file_argument_is_forgotten() -> None:
    """Every argument of the four command lines that is a path is in one of these tables."""
    groups = {
        "securechat-server": server.command,
        "securechat": client.cli,
        "securechat-admin": admin.command,
        "gencerts": make,
    }
    found = {f"{program} {name}" for program, top in groups.items() for name in _paths(top)}
    found |= {f"gencerts {name}" for one in gencerts._HANDLERS.values() for name in _paths(one)}
    assert found <= {*FILES, *DIRECTORIES, *ELSEWHERE}


def _paths(command: click.Command) -> Iterator[str]:
    for param in command.params:
        if isinstance(param.type, click.Path):
            argument = isinstance(param, click.Argument)
            yield f"{command.name} {param.name}" if argument else param.opts[0]
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _paths(inner)


# --- what is written -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["server.pem", "server-key.pem", "ca.pem", "ca-key.pem"])
@pytest.mark.parametrize("force", ["--force", ""])
def test_a_link_in_the_place_of_a_key_is_not_followed(
    tmp_path: Path, name: str, force: str
) -> None:
    """What it points to stays as it is: the link is replaced, or refused."""
    out, victim = tmp_path / "ca", tmp_path / "victim"
    out.mkdir(mode=0o700)
    victim.write_text("precious")
    (out / name).symlink_to(victim)
    run(gencerts.main, *filter(None, ["--out", out, force, "chat.example"]))
    assert victim.read_text() == "precious"
    assert victim.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("account", ["../evil", "/etc/evil", "a/b", "..", ".", "a\0b", "a\nb"])
def test_an_account_s_name_is_no_path(tmp_path: Path, account: str) -> None:
    """A client certificate is named after its account, and lands in the CA's directory."""
    out = tmp_path / "in" / "ca"
    assert run(gencerts.main, "--out", out, "chat.example").code == 0
    ended = run(gencerts.main, "client", "--out", out, "--", account)
    assert ended.code in (1, 2), ended
    assert "Traceback" not in ended.text
    assert [path.name for path in tmp_path.rglob("*evil*")] == []
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("host", ["../../x", "..", "a/../../b", "%2e%2e%2f", "\\..\\", "a\0b", "~"])
def test_a_host_s_name_is_no_path(tmp_path: Path, host: str) -> None:
    """The CA that is pinned for a server lies in the directory of the pins, or the name is none."""
    settings = SettingsDirectory(tmp_path / "own")
    for text in (host, f"{host}:1", f"[{host}]"):
        try:
            file = settings.pin_file(parse_address(text))
        except UsageError:
            continue
        assert file.parent == tmp_path / "own" / "pins"
        assert "/" not in file.name
        assert file.name not in ("", ".", "..")


@pytest.mark.parametrize(
    "link",
    [
        "securechat://../../etc/passwd/x",
        "securechat://host:1/../../code/x",
        "securechat://host/\x1b[2J/x",
        "securechat://ho st/code",
        "securechat://host/co de",
        "securechat://host:99999999999/code",
        "securechat://host/code\r\nQUIT",
        "file:///etc/passwd",
        "http://host/code",
    ],
)
def test_a_crooked_invite_link_is_refused(link: str) -> None:
    """Nothing of it can get into a line to the server, or into a path."""
    with pytest.raises(LinkError):
        InviteLink.parse(link)


@pytest.mark.parametrize("key", ["cert", "key", "client_ca"])
@pytest.mark.parametrize("value", ["a\\u0000b", "/dev/zero", "../../../etc/passwd", "~root/x", "."])
def test_a_path_in_the_configuration_is_one_too(place: Path, key: str, value: str) -> None:
    """TOML can say what no command line can: a NUL in a path."""
    config = place / "config.toml"
    other = f'cert = "{place}/ca/server.pem"\n' if key != "cert" else ""
    config.write_text(f'[tls]\n{other}{key} = "{value}"\n')
    ended = run(server.main, "--data", place / "data", "--check", "--config", config)
    assert is_clear(ended), ended
