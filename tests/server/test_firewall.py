"""A firewall between a server and its PostgreSQL that drops all that passes: neither end of their
connection hears of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.store.database import Connection, Transaction, open_database
from securechat.store.errors import UnknownOutcomeError
from securechat.store.postgres import database as postgres
from securechat.store.postgres.location import PostgresLocation
from tests.support.client import source
from tests.support.far import FarMachine, far_machine
from tests.support.postgres import PostgresServer, running
from tests.support.server import running as chatting

KEEP = "INSERT INTO meta VALUES (?, 'x')"


@pytest.fixture(scope="module")
def machine() -> Iterator[FarMachine]:
    try:
        with far_machine() as found:
            yield found
    except OSError as error:
        pytest.skip(f"there is no other machine to be had (root, Linux, iproute2): {error}")


@pytest.fixture(scope="module")
def far(machine: FarMachine) -> Iterator[tuple[PostgresServer, Path]]:
    """A server there, with the authority of its certificate."""
    with running(machine.within) as server:
        if server is None:
            pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
        rules = f"hostssl all all {machine.here}/32 trust\n"
        with server.speaking_tls(machine.there, rules) as authority:
            yield server, authority


@pytest.fixture
def there(
    machine: FarMachine, far: tuple[PostgresServer, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgresLocation]:
    """A database there, whose connections are given up sooner."""
    monkeypatch.setattr(postgres, "GONE_SECONDS", 1)
    server, authority = far
    with server.lent() as location:
        more = f"hostaddr={machine.there}&sslrootcert={authority}"
        near = location.url.replace("@/", "@db.example/").partition("?")[0]
        yield PostgresLocation(f"{near}?{more}")
        machine.mend()


def test_what_stores_nothing_goes_on_meanwhile(
    tmp_path: Path, there: PostgresLocation, machine: FarMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who says something is told, nobody sees it, and all is well when the firewall lets it through
    again.
    """
    store = {"url": there.url, "single": True}
    with chatting(tmp_path / "data", "alice", "bob", store=store) as server:
        alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
        assert alice.says("PRIVMSG #lobby :before")
        bob.hears_until(":before")
        # Who waited for the one connection that is tried from now on would wait for all that time.
        for name in ("GONE_SECONDS", "CONNECT_SECONDS"):
            monkeypatch.setattr(postgres, name, 60)
        machine.cut()
        alice.sends("PRIVMSG #lobby :lost")
        assert "Not stored, so nobody saw it" in alice.hears_until(" 400 ")[-1]
        heard = bob.hears_until("The server can't store messages: the database's server can't be")
        for _ in range(3):
            heard += bob.says("WHOIS alice", "TAGMSG #lobby")
            assert "Not stored" in alice.says("PRIVMSG #lobby :lost, too")[-1]
        machine.mend()
        heard += bob.hears_until("The server stores messages again.")
        assert not [line for line in heard if ":lost" in line]
        alice.hears()
        assert alice.says("PRIVMSG #lobby :after") == [f"{source('alice')} PRIVMSG #lobby :after"]
        bob.hears_until(":after")
    with closing(open_database(there, read_only=True)) as connection:
        log = connection.execute("SELECT text FROM log WHERE kind = 'PRIVMSG' ORDER BY seq")
        assert log.fetchall() == [("before",), ("after",)]


@pytest.fixture
def server(there: PostgresLocation) -> Iterator[Connection]:
    with closing(open_database(there)) as opened:
        opened.claim()
        yield opened


@pytest.mark.parametrize("what", ["words", "answers"])
def test_what_has_become_of_a_commit_is_learned(
    server: Connection, machine: FarMachine, what: str
) -> None:
    """It has not arrived, or nothing that came back did."""
    server.begin()
    server.execute(KEEP, ("a",))
    machine.cut(words=what == "words", answers=what == "answers")
    with pytest.raises(UnknownOutcomeError) as unknown:
        server.commit()
    machine.mend()
    stored = what == "answers"
    assert unknown.value.settle() is stored
    found = server.execute("SELECT count(*) FROM meta WHERE key = 'a'").fetchone()
    assert found == (int(stored),)
    with Transaction(server):
        server.execute(KEEP, ("b",))
