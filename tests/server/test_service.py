"""The whole server in this process: started, reloaded, stopped, and what a failed start leaves."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from pathlib import Path

import pytest

from securechat.ca.errors import AuthorityError
from securechat.core.rules import Rules
from securechat.net.binding import ListenError
from securechat.net.tls import TlsFilesError
from securechat.server.data import DataDirectory, DataError
from securechat.server.service import Service
from securechat.store.errors import StoreError
from securechat.store.sql.reader import Reader
from securechat.store.sqlite.database import FILE_NAME
from tests.support.certificates import Authority
from tests.support.client import Client
from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest, config, running

OURS = ("accept", "hub", "io-", "password", "history")


def threads() -> list[str]:
    """The server's threads that run now."""
    names = [thread.name for thread in threading.enumerate()]
    return sorted(name for name in names if name.startswith(OURS))


# --- starting and stopping -----------------------------------------------------------------------


def test_its_threads_are_named_and_end_with_it(tmp_path: Path) -> None:
    """One accepts, one is the hub, some do I/O; afterwards there is none of them."""
    with running(tmp_path / "data", limits={"io_threads": 3}):
        assert threads() == ["accept", "hub", "io-0", "io-1", "io-2"]
    assert threads() == []


def test_members_at_different_io_threads_hear_each_other(tmp_path: Path) -> None:
    """In one order, whatever the thread."""
    with running(tmp_path / "data", "alice", "bob", "carol", limits={"io_threads": 2}) as server:
        alice, bob, carol = (
            server.member(n, caps="echo-message") for n in ("alice", "bob", "carol")
        )
        for number in range(20):
            (alice, bob)[number % 2].sends(f"PRIVMSG #lobby :{number}")
        said = [f" PRIVMSG #lobby :{n}" for n in range(20)]
        heard = []
        for person in (alice, bob, carol):
            lines = [line for line in hears_all(person, said) if " PRIVMSG " in line]
            heard.append(lines)
        assert heard[0] == heard[1] == heard[2]


def hears_all(person: Client, wanted: list[str]) -> list[str]:
    """Lines until each of the wanted texts has come."""
    heard: list[str] = []
    while missing := [text for text in wanted if not any(line.endswith(text) for line in heard)]:
        heard += person.hears_until(missing[0])
    return heard


def test_what_clients_need_to_know_is_remembered(tmp_path: Path) -> None:
    """So that an administrator's command makes links without this command line."""
    with running(tmp_path / "data", server={"address": "chat.example"}) as server:
        reader = Reader(server.data.database)
        pin = server.service.identity.ca_sha256
        assert pin is not None
        assert reader.remembered("host") == "chat.example"
        assert reader.remembered("port") == str(server.port)
        assert reader.remembered("ca_sha256") == pin.hex()
        assert reader.remembered("registration") == "open"
        reader.close()


def test_it_may_be_started_again_on_the_same_data(tmp_path: Path) -> None:
    """What was said is there for who was away."""
    with running(tmp_path / "data", "alice", "bob") as server:
        server.member("bob").sends("QUIT")
        alice = server.member("alice", caps="echo-message")
        alice.sends("PRIVMSG bob :when you are back")
        alice.hears_until("when you are back")
    again = ServerUnderTest(tmp_path / "data", server.settings)
    again.open()
    bob = again.connect()
    heard = bob.logs_in("bob")
    assert sum(line.endswith("when you are back") for line in heard) == 1
    again.close()


def test_stopping_frees_port_and_directory(tmp_path: Path) -> None:
    """For whoever starts the next."""
    with running(tmp_path / "data") as server:
        address = ("127.0.0.1", server.port)
        assert server.data.running()
    assert not server.data.running()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_everybody_is_told_the_reason(tmp_path: Path) -> None:
    """Also who has not logged in yet."""
    with running(tmp_path / "data", "alice") as server:
        alice, client = server.member("alice"), server.connect()
        client.hears()
        stopping = threading.Thread(target=server.service.stop, args=("Moving server",))
        stopping.start()
        for person in (alice, client):
            assert person.hears_the_end()[-1] == "ERROR :Closing link: Moving server"
            person.hangs_up()
        stopping.join(PATIENCE)
        assert not stopping.is_alive()


# --- starts that fail ----------------------------------------------------------------------------


def fails(directory: Path, kind: type[Exception], **sections: dict[str, object]) -> str:
    """The error's text; nothing of the server is left."""
    service = Service(config(**sections), DataDirectory(directory))
    with pytest.raises(kind) as caught:
        service.start()
    assert threads() == []
    assert not service.data.running()
    return str(caught.value)


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    """And the server that uses it keeps it."""
    with running(tmp_path / "data") as server:
        service = Service(server.settings, DataDirectory(tmp_path / "data"))
        with pytest.raises(DataError, match=r"runs on .* already"):
            service.start()
        assert server.data.running()


def test_a_port_in_use_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither threads nor the directory's lock."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert "another program" in fails(tmp_path / "data", ListenError, listen={"port": port})


def test_a_database_that_can_t_be_used_frees_the_port(tmp_path: Path) -> None:
    """The listening socket is closed as well."""
    data = DataDirectory(tmp_path / "data")
    data.create()
    data.database.touch(0o600)
    data.database.write_bytes(b"rubbish " * 1000)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    fails(tmp_path / "data", StoreError, listen={"port": port})
    socket.create_server(("127.0.0.1", port)).close()


def test_a_client_ca_that_isn_t_there_is_told(tmp_path: Path) -> None:
    """By its path."""
    path = str(tmp_path / "missing.pem")
    assert path in fails(tmp_path / "data", TlsFilesError, tls={"client_ca": path})


def test_the_server_s_own_authority_is_no_client_authority(tmp_path: Path) -> None:
    """Its key would log in as anybody: at a start and at a check, the cure is told."""
    server = ServerUnderTest(tmp_path / "data", config())
    server.data.create()
    server.open()
    server.close()
    for path in (server.ca, server.data.tls / "server.pem"):
        settings: dict[str, object] = {"client_ca": str(path)}
        told = fails(tmp_path / "data", AuthorityError, tls=settings)
        assert "authority of the server's own certificate" in told
        assert "'gencerts client ACCOUNT'" in told


def test_an_intermediate_s_authority_is_none_either(tmp_path: Path) -> None:
    """Whatever signs anything in the chain that the server shows."""
    authority = Authority()
    certificate, _ = authority.server("localhost").write(tmp_path, "server")
    client_ca = authority.write(tmp_path, "client-ca")
    settings: dict[str, object] = {"cert": str(certificate), "client_ca": str(client_ca)}
    assert "own certificate" in fails(tmp_path / "data", AuthorityError, tls=settings)


# --- reloading -----------------------------------------------------------------------------------


def test_reload_is_for_those_who_come(tmp_path: Path) -> None:
    """They see the new certificate; who is connected stays so, with the old one."""
    authority = Authority()
    ca = authority.write(tmp_path)
    old = authority.server("localhost")
    certificate, _ = old.write(tmp_path, "server")
    server = ServerUnderTest(tmp_path / "data", config(tls={"cert": str(certificate)}))
    server.data.create()
    server.add("alice", "bob")
    server.open()
    alice = server.connect(ca=ca)
    alice.logs_in("alice")

    new = authority.server("localhost")
    new.write(tmp_path, "server")
    server.service.reload()
    bob = server.connect(ca=ca)
    assert bob.sock.getpeercert(binary_form=True) == new.der
    bob.logs_in("bob")
    bob.sends("PRIVMSG #lobby :hi")
    alice.hears_until(":hi")
    assert alice.sock.getpeercert(binary_form=True) == old.der
    server.close()


def test_a_failed_reload_changes_nothing(tmp_path: Path) -> None:
    """The old certificate is shown on, and the server knows it as its own."""
    authority = Authority()
    ca = authority.write(tmp_path)
    issued = authority.server("localhost")
    certificate, key = issued.write(tmp_path, "server")
    server = ServerUnderTest(tmp_path / "data", config(tls={"cert": str(certificate)}))
    server.open()
    before = server.service.identity
    key.write_text("rubbish")
    with pytest.raises(Exception, match=r"server-key\.pem"):
        server.service.reload()
    assert server.service.identity is before
    with server.connect(ca=ca) as person:
        assert person.sock.getpeercert(binary_form=True) == issued.der
    server.close()


def test_an_authority_for_clients_comes_and_goes(tmp_path: Path) -> None:
    """With another configuration, while people are here: they are told what SASL has now, and one
    that can't be read changes nothing.
    """
    path = Authority().write(tmp_path)
    with running(tmp_path / "data", "alice") as server:
        alice = server.member("alice")
        alice.says("CAP LS 302")
        without = server.settings
        given = without.with_values("tls", {"client_ca": str(path)}, "test")
        server.service.reload(given)
        assert alice.hears_line().endswith("CAP alice NEW :sasl=PLAIN,EXTERNAL")
        missing = without.with_values("tls", {"client_ca": str(tmp_path / "none.pem")}, "test")
        with pytest.raises(TlsFilesError):
            server.service.reload(missing)
        assert server.service.config == given
        server.service.reload(without)
        assert alice.hears_line().endswith("CAP alice NEW :sasl=PLAIN")


# --- limits --------------------------------------------------------------------------------------


def test_a_released_connection_makes_room_for_another(tmp_path: Path) -> None:
    """However it ended: the limits count who is here, not who has been."""
    with running(tmp_path / "data", "alice", limits={"connections_per_address": 1}) as server:
        for _ in range(3):
            with server.connect() as person:
                person.sends("QUIT")
                person.hears_the_end()
            server.wait_for(lambda: not server.service._admission._count)
        member = server.member("alice")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            server.connect()
        assert member.hears() == []


def test_half_open_connections_count_too(tmp_path: Path) -> None:
    """A TCP connection without a word takes a place until its handshake's deadline."""
    with running(tmp_path / "data", limits={"connections": 1}) as server:
        with socket.create_connection(("127.0.0.1", server.port)):
            server.wait_for(lambda: server.service._admission._count == 1)
            with pytest.raises((ssl.SSLError, ConnectionError)):
                server.connect()
        server.wait_for(lambda: server.service._admission._count == 0)
        server.connect().sends("QUIT")


# --- threads that die ----------------------------------------------------------------------------


def test_a_dead_hub_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The starter is called; the log has the traceback; a stop still ends the rest."""
    called = threading.Event()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Rules, "turn", broken)
    service = Service(config(), DataDirectory(tmp_path / "data"), on_failure=called.set)
    service.start()
    assert called.wait(PATIENCE)
    assert service.failed.is_set()
    service.stop("The server has failed and stops")
    assert threads() == []
    [record] = [r for r in caplog.records if r.levelno == logging.CRITICAL]
    assert record.getMessage() == "a thread has died of ZeroDivisionError, so the server stops"
    assert record.exc_info is not None


def test_the_database_is_where_it_is_expected(tmp_path: Path) -> None:
    """Beside the lock and the certificates, in the data directory."""
    with running(tmp_path / "data"):
        names = {path.name for path in (tmp_path / "data").iterdir()}
    assert {FILE_NAME, "lock", "tls"} <= names
