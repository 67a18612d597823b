"""A stranger floods the server with connections, as many as files and addresses allow.

Whoever is inside talks on, and whoever belongs there comes in.
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.server.log_limits import LINES, LogLimits
from securechat.server.logs import QueuedHandler, TextFormatter
from securechat.server.open_files import allow_files
from tests.security.stranger.forger import Forger
from tests.security.talk import Record, forgets, newcomer, tables, talking
from tests.support.flood import Orders, client_hello, flooding
from tests.support.server import ServerUnderTest, running

CONNECTIONS = int(os.environ.get("SECURECHAT_FLOOD", "1000"))
STRANGERS = CONNECTIONS // 10
"""As many as by default when there are ten thousand connections."""

LIMITS = {
    "strangers": STRANGERS,
    "connections": CONNECTIONS + 100,
    "lines_per_second": 200.0,
    "burst_lines": 200.0,
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    allow_files(CONNECTIONS + 100)
    with running(tmp_path / "data", "alice", "bob", "carol", limits=LIMITS) as server:
        yield server


def comes_and_goes(server: ServerUnderTest) -> None:
    """carol has been here before, from where she will come again."""
    before = tables(server)
    newcomer(server, "carol").hangs_up()
    forgets(server, before)


def flood_of(server: ServerUnderTest, said: bytes, addresses: int) -> Orders:
    """As many at once as fit in twice; in the place of each that is pushed out comes another."""
    at_once = min(CONNECTIONS, 2 * STRANGERS)
    return Orders("hold", server.port, at_once, CONNECTIONS, addresses, said.hex())


@pytest.mark.parametrize("addresses", [3, 40])
def test_a_flood_of_connections_from_few_addresses(
    server: ServerUnderTest, record_property: Record, addresses: int
) -> None:
    """They push each other out, and never one who comes alone from elsewhere."""
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(flood_of(server, b"", addresses)) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
            assert tables(server)["unauthenticated"] <= STRANGERS
        forgets(server, inside)
    assert flood.did["connections"] >= CONNECTIONS


@pytest.mark.parametrize(
    "said",
    [b"", client_hello()[:60], client_hello()],
    ids=["silent", "half a hello", "a hello and no more"],
)
def test_a_flood_of_connections_from_everywhere(
    server: ServerUnderTest, record_property: Record, said: bytes
) -> None:
    """From more addresses than there are places: whose address a member has come from before is not
    pushed out even so.
    """
    comes_and_goes(server)
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(flood_of(server, said, 250)) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
            assert tables(server)["unauthenticated"] <= STRANGERS
        forgets(server, inside)
    assert flood.did["connections"] >= CONNECTIONS


def test_a_flood_of_handshakes(server: ServerUnderTest, record_property: Record) -> None:
    """Each costs the server a key exchange and a signature, and the stranger next to nothing; who
    talks comes first.
    """
    comes_and_goes(server)
    with talking(server, record_property) as talk:
        inside = tables(server)
        orders = Orders("knock", server.port, connections=50, full=CONNECTIONS // 2, addresses=250)
        with flooding(orders) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
        forgets(server, inside)
    assert flood.did["connections"] >= CONNECTIONS // 2


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The file that the log goes to meanwhile, as when a server is started by its command."""
    root, level = logging.getLogger(), logging.getLogger().level
    with (tmp_path / "log").open("wb") as stream:
        handler = QueuedHandler(stream.fileno(), "utf-8", TextFormatter(), LogLimits())
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        yield tmp_path / "log"
        root.setLevel(level)
        handler.close()


def test_a_flood_of_connections_fills_no_disk(
    server: ServerUnderTest, record_property: Record, log: Path
) -> None:
    """The log has the first of them, and of the others the number."""
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(Orders("hold", server.port, connections=300, full=CONNECTIONS)) as flood:
            talk.goes_on()
        forgets(server, inside)
    assert flood.did["connections"] >= CONNECTIONS
    for handler in logging.getLogger().handlers:
        if isinstance(handler, QueuedHandler):
            handler.close()
    told = [line for line in log.read_text().splitlines() if "refused" in line]
    assert 0 < len(told) <= 2 * LINES.lines + 2  # two places refuse, and tell the number
    assert "more like these were not listed: refused … port …: …" in told[-1]


def test_a_flood_that_fills_all_places_of_strangers(
    server: ServerUnderTest, record_property: Record
) -> None:
    """With TLS done and a polite word now and then: the oldest of the crowd goes, with a reason."""
    with talking(server, record_property) as talk:
        inside = tables(server)
        orders = Orders(
            "speak", server.port, connections=STRANGERS + 50, addresses=25, lines=["PING x"]
        )
        with flooding(orders) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
        forgets(server, inside)
    assert flood.did["connections"] >= STRANGERS + 50


def test_a_flood_of_new_keys_is_answered_at_the_door(
    server: ServerUnderTest, record_property: Record, tmp_path: Path
) -> None:
    """Who keeps a thread busy with TLS alone is hung up on, and can't come again at once; who comes
    from elsewhere can, and who is inside stays.
    """
    with (
        talking(server, record_property) as talk,
        Forger(server.port, server.ca, tmp_path / "keys") as eve,
    ):
        eve.sends(b"".join(eve.key_update() for _ in range(15_000)))
        with pytest.raises((EOFError, ConnectionError)):
            eve.hears_until("a word")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            server.connect()
        newcomer(server, "carol").hangs_up()
        talk.goes_on()
