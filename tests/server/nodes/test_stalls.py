"""What held up a server on PostgreSQL is told when it has passed."""

from __future__ import annotations

import psycopg
import pytest

from securechat.server import stalls
from securechat.server.stalls import HELD, UNCONFIRMED
from securechat.store.postgres.location import PostgresLocation
from tests.server.nodes.conftest import Begin
from tests.support.postgres import PostgresServer
from tests.support.server import ServerUnderTest

Told = pytest.LogCaptureFixture


def tells(server: ServerUnderTest, caplog: Told, why: str) -> None:
    def is_told() -> bool:
        lines = [one.getMessage() for one in caplog.records if one.name == stalls.__name__]
        return any(line.endswith(f" seconds: {why}") for line in lines)

    server.wait_for(is_told)


@pytest.mark.parametrize("node", ["a", ""])
def test_who_held_the_database_is_told(
    begin: Begin, there: PostgresLocation, caplog: Told, node: str
) -> None:
    """As long as a node tries it again, or a server alone waits once."""
    server = begin("a", "alice", cluster={"node": node})
    alice = server.member("alice")
    with psycopg.connect(there.url) as other:
        other.execute("SELECT turn FROM securechat.head FOR UPDATE")
        alice.sends("PRIVMSG #lobby :held")
        server.wait_for(lambda: any(" database" in one.getMessage() for one in caplog.records))
    tells(server, caplog, HELD)


@pytest.mark.parametrize("node", ["a", ""])
def test_a_standby_that_did_not_confirm_is_told(
    begin: Begin,
    postgres_server: PostgresServer,
    caplog: Told,
    monkeypatch: pytest.MonkeyPatch,
    node: str,
) -> None:
    """Also where it was for less long than what is told meanwhile."""
    monkeypatch.setattr(stalls, "LONG_SECONDS", 0.5)
    server = begin("a", "alice", cluster={"node": node})
    alice, watch = server.member("alice"), server.service._standby_watch
    assert watch is not None
    with postgres_server.configured(synchronous_standby_names="absent"):
        alice.sends("PRIVMSG #lobby :unconfirmed")
        server.wait_for(lambda: watch.unconfirmed_at > 0)
    tells(server, caplog, UNCONFIRMED)
