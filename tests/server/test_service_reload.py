"""A running server takes up another configuration, and nobody is dropped."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.core.quota import MIB
from securechat.net.binding import ListenError
from securechat.net.throttle import Rate
from securechat.server.config import Config
from tests.support.client import Client
from tests.support.server import ServerUnderTest, running
from tests.support.web import handshake, request


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One for all tests here, with what each of them leaves."""
    with running(tmp_path_factory.mktemp("reload") / "data", "alice", "bob") as server:
        yield server


@pytest.fixture
def alice(server: ServerUnderTest) -> Iterator[Client]:
    person = server.member("alice")
    yield person
    person.hangs_up()


def given(server: ServerUnderTest, section: str, **values: object) -> Config:
    """The running configuration with other values in one section."""
    return server.service.config.with_values(section, values, "test")


def remembered(server: ServerUnderTest, key: str) -> str | None:
    with server.admin() as admin:
        return admin.reader.remembered(key)


def refuses(host: str, port: int) -> bool:
    """Whether nobody listens there."""
    try:
        socket.create_connection((host, port)).close()
    except ConnectionResetError:  # the socket was closed just then: the next try tells
        return False
    except ConnectionRefusedError:
        return True
    return False


def test_limits_reach_all_parts(server: ServerUnderTest, alice: Client) -> None:
    """Those of the sockets, of the rules and of the store; members are told of what 005 has."""
    service = server.service
    config = given(
        server,
        "limits",
        connections=50,
        connections_per_address=40,
        strangers=30,
        strangers_per_address=20,
        sessions_per_account=7,
        rooms_per_account=9,
        lines_per_second=1000.0,
        burst_lines=2000.0,
        account_mib=5,
        database_mib=6,
        free_disk_mib=0,
        login_seconds=50.0,
        ping_seconds=40.0,
        unsent_kib=512,
    )
    service.reload(config.with_values("history", {"replay": 3, "keep_days": 8}, "test"))
    assert " CHANLIMIT=#:9 " in alice.hears_line()
    admission = service._admission
    assert (admission._total, admission._per_address) == (50, 40)
    # At most half of all, whatever is asked for.
    assert admission._max_unauthenticated == 25
    assert admission._unauthenticated_per_address == 20
    [io] = service._io
    assert io.driver.limits.out_bytes == io.driver.backlog.limits.out_bytes == 512 * 1024
    assert [c.bucket.burst for c in io.driver.connections if c.bucket] == [2000]
    hub = service._hub
    assert hub._allowance._rate == Rate(1000.0, 2000.0)
    assert hub._space is not None
    assert (hub._space._free, hub._space._most) == (0, 6 * MIB)
    settings = hub._rules.settings
    assert (settings.max_sessions, settings.max_channels, settings.replay) == (7, 9, 3)
    assert (settings.account_bytes, settings.login_seconds) == (5 * MIB, 50.0)
    assert service._retention.keep_days == settings.keep_days == 8


def test_rules_of_passwords_reach_workers_and_administrators(server: ServerUnderTest) -> None:
    """The next password is looked at by the new ones, in the chat and by securechat-admin."""
    server.service.reload(given(server, "accounts", min_password_length=20, bcrypt_cost=5))
    workers = server.service._workers
    assert (workers._min_length, workers._cost, workers._stand_ins.cost) == (20, 5, 5)
    server.wait_for(lambda: remembered(server, "min_password_length") == "20")
    assert remembered(server, "bcrypt_cost") == "5"


def test_other_addresses_are_listened_on(server: ServerUnderTest, alice: Client) -> None:
    """The old one is closed, who came by it stays, and links name the new one. Then the same port
    at all addresses, for which the old one has to give way.
    """
    old = server.port
    server.service.reload(given(server, "listen", host="127.0.0.2"))
    new = server.port
    server.wait_for(lambda: remembered(server, "port") == str(new))
    assert remembered(server, "host") == "127.0.0.2"
    server.wait_for(lambda: refuses("127.0.0.1", old))
    socket.create_connection(("127.0.0.2", new)).close()
    server.service.reload(given(server, "listen", host="0.0.0.0", port=new))
    assert server.port == new
    bob = server.member("bob")
    bob.sends("PRIVMSG alice :still here?")
    assert alice.hears_until(":still here?")
    bob.hangs_up()


def test_links_name_the_address_of_a_balancer(server: ServerUnderTest) -> None:
    """With its port, as another one is listened on."""
    server.service.reload(given(server, "server", address="localhost:443"))
    server.wait_for(lambda: remembered(server, "port") == "443")
    assert (remembered(server, "host"), remembered(server, "address")) == ("localhost",) * 2
    server.service.reload(given(server, "server", address=""))
    server.wait_for(lambda: remembered(server, "port") == str(server.port))


def test_an_address_that_is_taken_changes_nothing(server: ServerUnderTest) -> None:
    """Nothing else of the file either."""
    before = server.service.config
    with socket.create_server(("127.0.0.3", 0)) as other:
        port = other.getsockname()[1]
        config = given(server, "listen", host="127.0.0.3", port=port)
        with pytest.raises(ListenError, match="another program listens there"):
            server.service.reload(config.with_values("server", {"motd": "Hi"}, "test"))
    assert server.service.config == before
    server.connect().hangs_up()


def test_a_certificate_that_fails_leaves_no_new_address(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    """It was bound before the certificate was looked at, and is closed again."""
    before = server.service.config
    config = given(server, "listen", host="127.0.0.4", port=server.port + 1)
    with pytest.raises(Exception, match=r"none\.pem"):
        server.service.reload(
            config.with_values("tls", {"cert": str(tmp_path / "none.pem")}, "test")
        )
    assert server.service.config == before
    assert refuses("127.0.0.4", server.port + 1)


def test_the_page_comes_moves_and_goes(server: ServerUnderTest, alice: Client) -> None:
    """Who talks by a WebSocket stays; invites name where it is now, and then nowhere."""
    service = server.service
    service.reload(given(server, "web", host="127.0.0.1", port=0))
    old = server.web_port
    assert old not in (0, server.port)
    server.wait_for(lambda: str(old) in (remembered(server, "web") or ""))
    bob = server.member("bob", web=True)
    service.reload(given(server, "web", host="127.0.0.2", origins=("https://irc.example",)))
    server.wait_for(lambda: refuses("127.0.0.1", old))
    page = server.browser(host="127.0.0.2")
    assert page.asks(request()).status == 200
    assert page.asks(handshake(Origin="https://irc.example")).status == 101
    page.close()
    new = server.web_port
    service.reload(given(server, "web", host=""))
    server.wait_for(lambda: refuses("127.0.0.2", new))
    assert server.web_port == 0
    server.wait_for(lambda: remembered(server, "web") == "")
    bob.sends("PRIVMSG alice :still here?")
    assert alice.hears_until(":still here?")
    bob.hangs_up()
