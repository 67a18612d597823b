"""Whom we believe to be the server: offers, and Dialer. What holds of them: test_anchors.py."""

from __future__ import annotations

import hashlib
import inspect
import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from securechat.client.exits import CertificateError, UnreachableError, UsageError
from securechat.client.session.identity import Address
from securechat.client.settings import SettingsDirectory
from securechat.client.trust import authorities
from securechat.client.trust.anchors import decide
from securechat.client.trust.authorities import (
    Dialer,
    Origin,
    Trust,
    linked_addresses,
    offered_by_file,
    offered_by_link,
)
from securechat.client.trust.describe import fingerprint
from securechat.client.wire import rounds, stream
from securechat.credentials.link import InviteLink
from tests.client.scripted import ScriptedServer
from tests.support.certificates import DAY, Authority, Issued, pem

Files = tuple[Path, Path]


@pytest.fixture
def settings(settings_directory: Path) -> SettingsDirectory:
    return SettingsDirectory(settings_directory)


def link_to(server: ScriptedServer, authority: Authority) -> InviteLink:
    digest = hashlib.sha256(authority.der).digest()
    return InviteLink(server.address.host, server.address.port, "CODE12345", digest)


def refused_by(server: ScriptedServer, trusted: Trust, address: Address | None = None) -> str:
    """The text with which a connection is refused."""
    with pytest.raises(CertificateError) as refused:
        Dialer(address or server.address, trusted)()
    return str(refused.value)


def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    """Is told by its name."""
    file = tmp_path / "words.pem"
    file.write_text("words")
    with pytest.raises(UsageError, match=r"words\.pem: expected a CA certificate"):
        offered_by_file(file)
    with pytest.raises(UsageError, match=r"nowhere\.pem: No such file"):
        offered_by_file(tmp_path / "nowhere.pem")


def test_a_certificate_of_the_trusted_ca(certificate: Files, authority: Authority) -> None:
    """For the name we asked for, be it a DNS name or an IP address."""
    with ScriptedServer(certificate) as server:
        for host in ("localhost", "127.0.0.1"):
            with Dialer(Address(host, server.address.port), Trust(authority.pem, Origin.PIN))():
                pass


def test_another_ca_of_the_same_name(
    other_authority: Authority, authority: Authority, certificate: Files
) -> None:
    """Is refused, with both fingerprints, before anything is sent."""
    with ScriptedServer(certificate) as server:
        text = refused_by(server, Trust(other_authority.pem, Origin.PIN))
    assert "another certificate authority than before" in text
    assert f"before:   SHA-256 {fingerprint(other_authority.der)}" in text
    assert f"shown:    SHA-256 {fingerprint(authority.der)}" in text
    assert "--replace-trust" in text
    assert (server.refusals, server.looks) == (1, 1)


def test_the_systems_store_does_not_know_our_ca(certificate: Files) -> None:
    """Nor does it become known by being seen."""
    with ScriptedServer(certificate) as server:
        for _ in range(2):
            text = refused_by(server, Trust(None, Origin.SYSTEM))
            assert "that this system trusts" in text


def test_a_certificate_for_another_host(authority: Authority, tmp_path: Path) -> None:
    """Says for which."""
    files = authority.server("chat.example", "10.0.0.1").write(tmp_path, "other")
    with ScriptedServer(files) as server:
        text = refused_by(server, Trust(authority.pem, Origin.PIN))
    assert "it is for chat.example, 10.0.0.1, not for localhost" in text


def test_an_expired_certificate(authority: Authority, tmp_path: Path) -> None:
    """Says since when."""
    issued = authority.server("localhost", lasts=-DAY)
    with ScriptedServer(issued.write(tmp_path, "old")) as server:
        text = refused_by(server, Trust(authority.pem, Origin.PIN))
    assert f"it has expired on {issued.certificate.not_valid_after_utc:%Y-%m-%d}" in text


def test_there_is_no_way_around_the_verification() -> None:
    """No argument of anything here turns it off."""
    for function in (decide, offered_by_link, offered_by_file, Dialer.__init__):
        assert not {"verify", "insecure", "check"} & set(inspect.signature(function).parameters)
    context = Dialer(Address("x"), Trust(None, Origin.SYSTEM))._context
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_a_port_where_nobody_listens(authority: Authority) -> None:
    """Is told with what to check."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("localhost", listener.getsockname()[1])
    with pytest.raises(UnreachableError, match="nothing listens there; check the port"):
        Dialer(address, Trust(authority.pem, Origin.PIN))()


@pytest.mark.parametrize("greeting", [b":old.server NOTICE * :Looking up your host\r\n", b""])
def test_a_server_without_tls(authority: Authority, greeting: bytes) -> None:
    """Nothing is sent in plaintext, whatever it says."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(greeting)

        thread = threading.Thread(target=serve)
        thread.start()
        address = Address("localhost", listener.getsockname()[1])
        words = "doesn't speak TLS" if greeting else "can't open a TLS connection"
        with pytest.raises(UnreachableError, match=words):
            Dialer(address, Trust(authority.pem, Origin.PIN))()
        thread.join()


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "\udcff"])
def test_a_host_that_cannot_be_one(authority: Authority, host: str) -> None:
    """Is told without a traceback."""
    with pytest.raises(UnreachableError, match="no computer of that name"):
        Dialer(Address(host, 1), Trust(authority.pem, Origin.PIN))()


def test_a_client_certificate_is_shown(
    certificate: Files, authority: Authority, tmp_path: Path
) -> None:
    """Also when its key is in the same file; one without a key is told."""
    cert, key = authority.client("alice").write(tmp_path, "alice")
    both = tmp_path / "both.pem"
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    trusted = Trust(authority.pem, Origin.PIN)
    with (
        ScriptedServer(certificate, lambda _: None, client_ca=authority.pem) as server,
        Dialer(server.address, trusted, both)() as tls,
    ):
        tls.sendall(b"x")
    assert server.names == ["CN=alice"]
    with pytest.raises(UsageError, match=r"alice\.pem"):
        Dialer(server.address, trusted, cert)


def test_a_link_offers_its_ca(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """After a look that says nothing; and nothing is pinned by looking."""
    with ScriptedServer(certificate) as server:
        found = offered_by_link(link_to(server, authority))
        assert settings.pin(server.address) is None
    assert found.origin is Origin.LINK
    assert found.identity == Trust(authority.pem, Origin.PIN).identity
    assert server.looks == 1


def test_a_link_that_names_another_ca(
    certificate: Files, other_authority: Authority, authority: Authority
) -> None:
    """Is refused."""
    with ScriptedServer(certificate) as server, pytest.raises(CertificateError) as refused:
        offered_by_link(link_to(server, other_authority))
    text = str(refused.value)
    assert fingerprint(other_authority.der) in text
    assert fingerprint(authority.der) in text
    assert "Ask its administrator" in text


def leaf_only(issued: Issued, directory: Path) -> Files:
    """The files of a server that doesn't show its CA."""
    certificate, key = issued.write(directory, "leaf")
    certificate.write_bytes(pem(issued.certificate))
    return certificate, key


def test_a_server_that_does_not_show_its_ca(authority: Authority, tmp_path: Path) -> None:
    """Can't be pinned by a link."""
    files = leaf_only(authority.server("localhost"), tmp_path)
    with ScriptedServer(files) as server, pytest.raises(CertificateError):
        offered_by_link(link_to(server, authority))


def test_a_link_to_a_public_ca() -> None:
    """The system's store verifies it, and no connection is made for that."""
    link = InviteLink("chat.example", 6697, "CODE12345", None)
    assert offered_by_link(link) == Trust(None, Origin.SYSTEM)


def test_what_is_trusted_has_an_identity(authority: Authority, other_authority: Authority) -> None:
    """The same for the same CAs in any order, however they were chosen; secrets are bound to it."""
    mine, both = authority.pem, authority.pem + other_authority.pem
    assert Trust(mine, Origin.PIN).identity == Trust(mine, Origin.FILE).identity
    assert (
        Trust(both, Origin.PIN).identity == Trust(other_authority.pem + mine, Origin.PIN).identity
    )
    trusts = [Trust(pem, Origin.PIN) for pem in (mine, other_authority.pem, both, None)]
    assert len({trust.identity for trust in trusts}) == 4


# -- a server with several addresses


class Stopped:
    """A port where connections are taken and nothing is answered, as by a process that is stopped
    or a host behind a wall: the system completes them, up to the backlog.
    """

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address("localhost", self.listener.getsockname()[1])

    def __enter__(self) -> Stopped:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()


def test_a_host_that_answers_nothing_costs_a_moment(
    certificate: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the next is tried; were it waited for as for a last one, this test would end by its
    timeout.
    """
    monkeypatch.setattr(rounds, "NEXT_SECONDS", 0.05)
    monkeypatch.setattr(rounds, "CONNECT_SECONDS", 1000.0)
    steps: list[str] = []
    with Stopped() as silent, ScriptedServer(certificate) as server:
        dialer = Dialer([silent.address, server.address], Trust(authority.pem, Origin.PIN))
        dialer.step = steps.append
        dialer.look()
    assert dialer.rounds.current == server.address
    asked = [step for step in steps if step.startswith("Connecting")]
    assert asked == [f"Connecting to {one} ..." for one in (silent.address, server.address)]


@pytest.mark.parametrize("several", [False, True])
def test_a_host_that_vanishes_is_noticed_soon_where_there_is_another(
    certificate: Files, authority: Authority, *, several: bool
) -> None:
    """By the system. With one address nothing is gained by it."""
    with ScriptedServer(certificate) as server:
        addresses = [server.address, Address("b.example")] if several else [server.address]
        with Dialer(addresses, Trust(authority.pem, Origin.PIN))() as tls:
            assert bool(tls.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) == several
            found = {
                name: tls.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                for name in stream.WATCH
                if hasattr(socket, name)
            }
    assert (found == {name: stream.WATCH[name] for name in found}) == several


class Sockets:
    """A fake of what `connected()` needs of the network: a host with some numbers, none of which
    answers, and a clock that goes on while they are waited for.
    """

    def __init__(self, *numbers: str) -> None:
        self.now = 1000.0
        self.waits: list[tuple[str, float]] = []
        self.numbers = numbers

    def getaddrinfo(self, host: str, port: int, *, type: int) -> list[object]:
        return [(socket.AF_INET, type, 6, "", (number, port)) for number in self.numbers]

    def socket(self, family: int, kind: int, protocol: int) -> Sockets:
        return self

    def settimeout(self, seconds: float) -> None:
        self.seconds = seconds

    def connect(self, place: tuple[str, int]) -> None:
        self.waits.append((place[0], self.seconds))
        self.now += self.seconds
        raise TimeoutError

    def close(self) -> None:
        pass

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize("numbers", [("192.0.2.1",), ("2001:db8::1", "192.0.2.1", "192.0.2.2")])
def test_all_numbers_of_a_host_share_its_time(
    monkeypatch: pytest.MonkeyPatch, numbers: tuple[str, ...]
) -> None:
    """However many a name has, and though none answers."""
    network = Sockets(*numbers)
    monkeypatch.setattr(socket, "getaddrinfo", network.getaddrinfo)
    monkeypatch.setattr(socket, "socket", network.socket)
    monkeypatch.setattr(authorities, "time", network)
    with pytest.raises(TimeoutError):
        authorities.connected(Address("chat.example"), 6.0)
    assert [number for number, _seconds in network.waits] == list(numbers)
    shares = [seconds for _number, seconds in network.waits]
    assert shares == pytest.approx([6.0 / len(numbers)] * len(numbers))
    assert network.now == pytest.approx(1006.0)


def test_each_address_needs_a_certificate_for_its_own_host(
    authority: Authority, other_authority: Authority, certificate: Files, tmp_path: Path
) -> None:
    """By the one authority. What has neither is passed over, told, and hears nothing."""
    wrong_name = authority.server("b.example").write(tmp_path, "name")
    wrong_authority = other_authority.server("localhost").write(tmp_path, "authority")
    told: list[CertificateError] = []
    with (
        ScriptedServer(wrong_name) as one,
        ScriptedServer(wrong_authority) as two,
        ScriptedServer(certificate) as server,
    ):
        addresses = [one.address, two.address, server.address]
        dialer = Dialer(addresses, Trust(authority.pem, Origin.PIN))
        dialer.passed_over = told.append
        dialer.look()
        with pytest.raises(CertificateError, match=f"certificate of {one.address}"):
            Dialer(addresses[:2], Trust(authority.pem, Origin.PIN)).look()
    assert server.looks == 1
    assert (one.refusals, two.refusals) == (2, 2)
    assert "it is for" in str(told[0])
    assert "certificate authority" in str(told[1])


def test_a_link_s_ca_is_found_at_any_of_its_addresses(
    certificate: Files, authority: Authority, other_authority: Authority, tmp_path: Path
) -> None:
    """Another one at the first is none of it; one that is nowhere is refused."""
    other = other_authority.server("localhost").write(tmp_path, "other")
    digest = hashlib.sha256(authority.der).digest()
    with Stopped() as off, ScriptedServer(other) as else_, ScriptedServer(certificate) as server:
        off.listener.close()
        (first, *rest) = [(one.address.host, one.address.port) for one in (off, else_, server)]
        link = InviteLink(*first, "CODE12345", digest, tuple(rest))
        assert offered_by_link(link) == Trust(authority.pem, Origin.LINK)
        with pytest.raises(CertificateError, match=f"refused {else_.address}"):
            offered_by_link(replace(link, further=link.further[:1]))


def test_the_addresses_of_a_link() -> None:
    """Each once, in whatever spelling."""
    link = InviteLink("A.example", 6697, "CODE12345", None, (("a.example.", 6697), ("b", 1)))
    assert linked_addresses(link) == [Address("a.example"), Address("b", 1)]
