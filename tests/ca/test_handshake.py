"""Real TLS on loopback, with the files as gencerts leaves them."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from securechat.ca import authority as ca
from securechat.ca import builders, clients, files, pem
from securechat.ca.authority import Authority, ServerCertificate
from securechat.ca.files import NewFile
from securechat.ca.names import parse_names
from tests.ca.support import make_issuer


@dataclass
class Site:
    """A CA and a server's certificate in a directory."""

    authority: Authority
    server: ServerCertificate
    now: datetime

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.server.certificate, self.server.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.server.ca))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context


@dataclass
class Meeting:
    """What came of a handshake, on each side."""

    client_error: Exception | None = None
    server_error: Exception | None = None
    client_subject: list[object] = field(default_factory=list)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Made just now, for localhost and chat.example.org."""
    now = datetime.now(UTC)
    names = parse_names(["localhost", "127.0.0.1", "chat.example.org"])
    directory = tmp_path / "certs"
    files.private_directory(directory)
    authority = ca.create_authority(directory, names, now=now)
    return Site(authority, ca.issue_server(authority, names, now=now), now)


def meet(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> Meeting:
    """Shake hands over a socket pair of loopback TCP; each side then sends a byte."""
    meeting = Meeting()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.settimeout(10)
        try:
            with server.wrap_socket(connection, server_side=True) as tls:
                meeting.client_subject = list((tls.getpeercert() or {}).get("subject", ()))
                tls.sendall(b"!")
                tls.recv(1)
        except OSError as error:
            meeting.server_error = error

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            connection = socket.create_connection(listener.getsockname(), timeout=10)
            with client.wrap_socket(connection, server_hostname=host) as tls:
                # With TLS 1.3 the server's verdict on our certificate comes after the handshake.
                assert tls.recv(1) == b"!"
                tls.sendall(b"!")
        except OSError as error:
            meeting.client_error = error
        thread.join(10)
    return meeting


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "chat.example.org"])
def test_a_client_that_trusts_the_ca_connects(site: Site, host: str) -> None:
    """By any of the names, with strict checks."""
    meeting = meet(site.server_context(), site.client_context(), host)
    assert (meeting.client_error, meeting.server_error) == (None, None)


def test_the_server_sends_its_chain(site: Site) -> None:
    """A client that knows only the CA's fingerprint finds the CA in it (see check_server_files)."""
    report = pem.load_certificates(site.server.certificate)
    assert pem.fingerprint(report[-1]) == site.server.ca_fingerprint


@pytest.mark.parametrize("host", ["eu.chat.example.org", "127.0.0.2", "example.org"])
def test_another_host_is_refused(site: Site, host: str) -> None:
    """The CA might sign for it, but this certificate isn't for it."""
    meeting = meet(site.server_context(), site.client_context(), host)
    assert isinstance(meeting.client_error, ssl.SSLCertVerificationError)
    assert "mismatch" in str(meeting.client_error) or "not valid for" in str(meeting.client_error)


def test_another_ca_is_refused(site: Site, tmp_path: Path) -> None:
    """Though it was made for the same names."""
    other = tmp_path / "other.pem"
    other.write_bytes(pem.certificate_pem(make_issuer("localhost", now=site.now).certificate))
    client = ssl.create_default_context(cafile=str(other))
    meeting = meet(site.server_context(), client, "localhost")
    assert isinstance(meeting.client_error, ssl.SSLCertVerificationError)


def test_a_name_beyond_the_constraints_is_refused(site: Site) -> None:
    """What a thief of the CA's key gains: nothing outside its names."""
    key = builders.new_key()
    forged = builders.build_server(
        site.authority.issuer(), key.public_key(), ["bank.example.com"], now=site.now
    )
    chain = pem.certificate_pem(forged, site.authority.certificate)
    files.write_files(
        [NewFile(site.server.certificate, chain), NewFile(site.server.key, pem.key_pem(key))],
        overwrite=True,
    )
    meeting = meet(site.server_context(), site.client_context(), "bank.example.com")
    assert "permitted subtree violation" in str(meeting.client_error)


def client_authority(site: Site) -> Authority:
    """The one for clients, made on first use."""
    directory = site.authority.directory
    if clients.exists(directory):
        return clients.load_authority(directory)
    return clients.create_authority(directory, now=site.now)


def with_client_ca(site: Site) -> ssl.SSLContext:
    context = site.server_context()
    context.load_verify_locations(str(client_authority(site).path))
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize("account", ["alice", "Иван"])
def test_a_client_certificate_logs_in(site: Site, account: str) -> None:
    """Its one file serves as certificate and key."""
    client = site.client_context()
    client.load_cert_chain(clients.issue(client_authority(site), account, now=site.now))
    meeting = meet(with_client_ca(site), client, "localhost")
    assert (meeting.client_error, meeting.server_error) == (None, None)
    assert meeting.client_subject == [(("commonName", account),)]


def test_a_servers_certificate_does_not_log_in(site: Site) -> None:
    """Not the one of the server's own CA, and not one that the thief of a client CA would make."""
    forged, key = site.server.certificate.with_name("forged.pem"), builders.new_key()
    leaf = builders.build_server(
        client_authority(site).issuer(), key.public_key(), ["localhost"], now=site.now
    )
    data = pem.certificate_pem(leaf) + pem.key_pem(key)
    files.write_files([NewFile(forged, data)], overwrite=False)
    for certificate, its_key in ((site.server.certificate, site.server.key), (forged, forged)):
        client = site.client_context()
        client.load_cert_chain(certificate, its_key)
        meeting = meet(with_client_ca(site), client, "localhost")
        assert isinstance(meeting.server_error, ssl.SSLCertVerificationError)


def test_a_client_certificate_of_another_ca_does_not_log_in(site: Site, tmp_path: Path) -> None:
    """Whatever name it carries."""
    key = builders.new_key()
    forged = builders.build_client(
        make_issuer("localhost", now=site.now), key.public_key(), "alice", now=site.now
    )
    path = tmp_path / "forged.pem"
    data = pem.certificate_pem(forged) + pem.key_pem(key)
    files.write_files([NewFile(path, data)], overwrite=False)
    client = site.client_context()
    client.load_cert_chain(path)
    meeting = meet(with_client_ca(site), client, "localhost")
    assert isinstance(meeting.server_error, ssl.SSLCertVerificationError)
