"""Somebody puts an address of their own among those of a server, or somebody else's among those of
their own: none is believed for standing in a link.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securechat.client.commands.cli import main
from securechat.client.exits import Exit
from securechat.client.session.identity import Address
from securechat.client.settings import SettingsDirectory
from securechat.credentials.link import MOST_ADDRESSES, LoginLink, Place
from tests.client.scripted import PASSWORD, Peer, ScriptedServer
from tests.security.server.impostor import Impostor
from tests.support.certificates import Authority

Files = tuple[Path, Path]


@pytest.fixture
def settings(settings_directory: Path) -> SettingsDirectory:
    return SettingsDirectory(settings_directory)


@pytest.fixture
def password(tmp_path: Path) -> list[str]:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    return ["--password-file", str(file)]


@pytest.fixture
def evil() -> Authority:
    return Authority()


@pytest.fixture
def impostor(evil: Authority, tmp_path: Path) -> Iterator[Impostor]:
    with Impostor(*evil.server("localhost").write(tmp_path, "evil")) as impostor:
        yield impostor


def link(authority: Authority, *places: Place) -> str:
    first, *further = places
    digest = hashlib.sha256(authority.der).digest()
    return str(LoginLink(*first, digest, "alice", tuple(further)))


def place(server: ScriptedServer | Impostor) -> Place:
    return "localhost", server.address.port if isinstance(server, ScriptedServer) else server.port


def takes_a_message(peer: Peer) -> None:
    peer.logs_in("alice")
    peer.expects("PRIVMSG #lobby hello")
    peer.echoes("hello")
    peer.quits()


SAYS = ["send", "#lobby", "hello", "--no-remember", "--server"]


def test_an_address_that_was_put_into_a_link_hears_nothing(
    impostor: Impostor,
    certificate: Files,
    authority: Authority,
    settings: SettingsDirectory,
    password: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Though it stands first: the authority is that of the link, whose server is found, and the
    person is told of the other one. So it is at each login by the addresses that are kept.
    """
    with ScriptedServer(certificate, *[takes_a_message] * 2) as server:
        assert main([*SAYS, link(authority, place(impostor), place(server)), *password]) == Exit.OK
        told = capsys.readouterr().err
        assert f"refused the certificate of localhost:{impostor.port}" in told
        assert "another address of the server was taken" in told
        assert main([*SAYS[:-1], *password]) == Exit.OK
    assert impostor.heard == b""
    assert settings.pin(Address(*place(impostor))) == authority.pem  # by which it can't be reached
    assert main([*SAYS[:-1], *password]) == Exit.CERTIFICATE
    assert impostor.heard == b""


def test_another_server_among_the_addresses_of_theirs_keeps_its_authority(
    impostor: Impostor,
    evil: Authority,
    authority: Authority,
    settings: SettingsDirectory,
    password: list[str],
) -> None:
    """A link with a known server in it, wherever it stands, is about that one, and so refused."""
    known = Address("chat.example")
    settings.save_pin(known, authority.pem)
    settings.remember(known, "alice")
    for places in (
        [place(impostor), ("chat.example", 6697)],
        [("chat.example", 6697), place(impostor)],
    ):
        assert main([*SAYS, link(evil, *places), *password]) == Exit.CERTIFICATE
        typed = "alice@" + ",".join(f"{host}:{port}" for host, port in places)
        assert main([*SAYS, typed, *password]) == Exit.CERTIFICATE
    assert impostor.heard == b""
    assert settings.pin(known) == authority.pem


def test_a_name_in_their_link_does_not_become_theirs(
    evil: Authority, tmp_path: Path, settings: SettingsDirectory, password: list[str]
) -> None:
    """Who has been at their server and types another name that stood in its link is not led there,
    and that name is trusted by nothing new.
    """
    files = evil.server("localhost").write(tmp_path, "theirs")
    with ScriptedServer(files, takes_a_message) as theirs, ScriptedServer(files) as other:
        there = link(evil, place(theirs), place(other))
        assert main([*SAYS, there, *password]) == Exit.OK
        named = Address(*place(other))
        assert settings.trusted(named) is None
        assert main([*SAYS, f"alice@{named}", *password]) == Exit.CERTIFICATE
        assert settings.trusted(named) is None
        assert theirs.looks == 1  # of the link, before the login


TELLS = "005 alice securechat/ADDRESSES={} :are supported by this server"


def tells(value: str) -> Callable[[Peer], None]:
    """A server that lets us in, and says where else it can be found."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice", TELLS.format(value))
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")
        peer.quits()

    return dialogue


def test_an_address_that_a_server_tells_hears_nothing_of_ours(
    impostor: Impostor,
    certificate: Files,
    authority: Authority,
    settings: SettingsDirectory,
    password: list[str],
) -> None:
    """Where the authority is another one's: it is tried once the server is gone, and refused. Its
    name is trusted by nothing.
    """
    with ScriptedServer(certificate, tells(":".join(map(str, place(impostor))))) as server:
        there = place(server)
        assert main([*SAYS, link(authority, there), *password]) == Exit.OK
    assert settings.further(Address(*there)) == (Address(*place(impostor)),)
    assert main([*SAYS[:-1], *password]) == Exit.CERTIFICATE
    assert impostor.heard == b""
    assert settings.trusted(Address(*place(impostor))) is None
    assert settings.pin(Address(*there)) == authority.pem


@pytest.mark.parametrize(
    "value",
    [
        ",".join(f"n{number}.example" for number in range(300)),
        "x" * 3900,
        "," * 3900,
        "a b.example,\x1b[2J\x07.example,..,[::::],a.example:0,a.example:70000,alice@evil.example",
    ],
    ids=["many", "long", "empty", "junk"],
)
def test_a_list_of_whatever_form_keeps_nobody_out(
    value: str,
    certificate: Files,
    authority: Authority,
    settings: SettingsDirectory,
    password: list[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The server is found where it was, as often as one likes; the profile has at most as many
    addresses as a link has, all of them some, and the terminal shows nothing of it.
    """
    with ScriptedServer(certificate, *[tells(value)] * 3) as server:
        there = Address(*place(server))
        assert main([*SAYS, link(authority, place(server)), *password]) == Exit.OK
        for where in (str(there), f"alice@{there}"):
            assert main([*SAYS, where, *password]) == Exit.OK
    found = settings.server([there]).addresses
    assert found[0] == there
    assert len(found) <= MOST_ADDRESSES
    assert all(one.host.isascii() and one.host.isprintable() for one in found)
    assert capfd.readouterr().err == ""


def test_a_list_before_the_welcome_is_not_taken(
    certificate: Files, authority: Authority, settings: SettingsDirectory, password: list[str]
) -> None:
    """Of a server that has not let us in."""

    def early(peer: Peer) -> None:
        peer.says(TELLS.format("evil.example"))
        takes_a_message(peer)

    with ScriptedServer(certificate, early) as server:
        assert main([*SAYS, link(authority, place(server)), *password]) == Exit.OK
        assert settings.further(Address(*place(server))) == ()


def test_a_refused_login_leaves_the_addresses_as_they_were(
    certificate: Files, authority: Authority, settings: SettingsDirectory, password: list[str]
) -> None:
    """Whatever is told with it."""

    def refuses(peer: Peer) -> None:
        peer.greets("alice")
        peer.authenticates("alice")
        peer.says(TELLS.format("evil.example"), "904 alice :Wrong password")

    with ScriptedServer(certificate, tells("b.example"), refuses) as server:
        there = Address(*place(server))
        assert main([*SAYS, link(authority, place(server)), *password]) == Exit.OK
        assert main([*SAYS, f"alice@{there}", *password]) == Exit.LOGIN
    assert settings.further(there) == (Address("b.example"),)
