"""A whole server on PostgreSQL, as people and administrators meet it; and what becomes of it when
PostgreSQL ends, comes back, or is the wrong one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from securechat.credentials.link import InviteLink
from securechat.store import postgres
from securechat.store.errors import StoreError
from securechat.store.pepper import PepperError
from securechat.store.postgres import database
from securechat.store.postgres.location import PostgresLocation
from tests.support.admin_cli import GOOD, AdminCli
from tests.support.client import Client, of, source
from tests.support.links import PATIENCE
from tests.support.postgres import PostgresServer
from tests.support.process import run_server, serving, write_config
from tests.support.server import PASSWORD, ServerUnderTest, config, running

CAPS = "batch draft/chathistory draft/message-redaction echo-message message-tags server-time"
WORD = "swordfish"


def store(location: PostgresLocation) -> dict[str, Any]:
    return {"url": location.url, "single": True}


@pytest.fixture
def server(tmp_path: Path, there: PostgresLocation) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "data", "alice", "bob", store=store(there)) as server:
        yield server


@pytest.fixture
def cli(server: ServerUnderTest) -> AdminCli:
    return AdminCli(server.data.path)


def texts(client: Client, command: str) -> list[str]:
    """Of the messages that it is answered with."""
    return [line.params[-1] for line in of(client.says(command), "PRIVMSG")]


def waits_until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


# --- people --------------------------------------------------------------------------------------


def test_what_was_said_is_there_after_a_restart(tmp_path: Path, there: PostgresLocation) -> None:
    """In the history, for who was away, and for who searches; and there is no file with it."""
    with running(tmp_path / "data", "alice", "bob", store=store(there)) as server:
        bob = server.member("bob")
        bob.sends("QUIT")
        bob.hears_the_end()
        alice = server.member("alice", caps=CAPS)
        alice.says("JOIN #den", "PRIVMSG #lobby :one", f"PRIVMSG bob :the {WORD}")
        assert texts(alice, f"SEARCH text={WORD}") == [f"the {WORD}"]
        assert not server.data.database.exists()
    with running(tmp_path / "data", store=store(there)) as server:
        heard = server.connect().logs_in("bob")
        told = [line for line in heard if " PRIVMSG " in line]
        assert all(line.endswith(text) for line, text in zip(told, ("one", WORD), strict=True))
        alice = server.member("alice", caps=CAPS)
        assert "one" in texts(alice, "CHATHISTORY LATEST #lobby * 10")
        assert texts(alice, f"SEARCH text={WORD}") == [f"the {WORD}"]
        alice.says("PRIVMSG #lobby :two")
        assert texts(alice, "CHATHISTORY LATEST #lobby * 10")[-2:] == ["one", "two"]


def test_who_has_an_invite_registers(server: ServerUnderTest, cli: AdminCli) -> None:
    """And is somebody at once; a name that is taken is refused."""
    code = InviteLink.parse(cli("invite").out).code
    zelda = server.connect()
    zelda.says("CAP LS 302", "NICK zelda", "USER zelda 0 * :Z")
    zelda.sends(f"REGISTER * {code} :{PASSWORD}", "CAP END")
    zelda.hears_until("REGISTER SUCCESS zelda")
    zelda.hears_until(" 001 zelda ")
    bob = server.member("bob")
    zelda.says("PRIVMSG bob :hi")
    assert bob.hears_until(" :hi")[-1].startswith(source("zelda"))
    refused = cli("user add Zelda --password-stdin", GOOD)
    assert (refused.code, "exists already" in refused.err) == (1, True)


def test_what_is_taken_back_is_gone(server: ServerUnderTest, there: PostgresLocation) -> None:
    """From the history, the search and the table."""
    alice = server.member("alice", caps=CAPS)
    (said,) = of(alice.says(f"PRIVMSG #lobby :{WORD}"), "PRIVMSG")
    alice.says(f"REDACT #lobby {said.tags['msgid']}")
    assert texts(alice, f"SEARCH text={WORD}") == []
    with server.admin() as admin:
        rows = admin.reader._all("SELECT text FROM log")
    assert (WORD,) not in rows


# --- administrators ------------------------------------------------------------------------------


def test_what_an_administrator_does_is_in_effect_at_once(
    server: ServerUnderTest, cli: AdminCli
) -> None:
    """Accounts, passwords, devices, channels: the running server hears of it."""
    alice = server.member("alice")
    assert "In effect" in cli("user add carol --password-stdin", GOOD).err
    server.connect().logs_in("carol", password=GOOD)
    assert "In effect" in cli("user passwd alice --password-stdin", GOOD).err
    assert "ERROR" in alice.hears_the_end()[-1]
    token = cli("token create alice laptop").out.strip()
    laptop = server.member("alice", password=token)
    assert "In effect" in cli("token revoke alice laptop").err
    assert "ERROR" in laptop.hears_the_end()[-1]
    bob = server.member("bob")
    bob.says("JOIN #den")
    assert cli("channel list").code == cli("channel show '#den'").code == 0
    assert cli("user list").code == cli("user show bob").code == 0
    assert "In effect" in cli("user delete bob --yes").err
    assert "ERROR" in bob.hears_the_end()[-1]
    events = [json.loads(line)["event"] for line in cli("audit --json").out.splitlines()]
    assert [event for event in events if event != "login"][-5:] == [
        "account created",
        "password set by the administrator",
        "token created",
        "token revoked",
        "account deleted",
    ]


def test_a_request_is_answered_by_the_server(server: ServerUnderTest, cli: AdminCli) -> None:
    """What only a running one knows; and without one, by the same rules."""
    alice = server.member("alice")
    assert cli("announce hello").code == 0
    assert alice.hears_until("hello")
    assert "127.0.0.1" in cli("user sessions alice").out
    found = json.loads(cli("status --json").out)
    assert found["server"]["figures"]["file_bytes"]["database"] > 0
    assert found["server"]["hindrance"] == ""


def test_a_check_finds_all_in_order(server: ServerUnderTest, cli: AdminCli) -> None:
    """While the server runs: modes, tables, pepper, certificate."""
    said = cli("check")
    assert (said.code, said.err) == (0, "")
    assert f"{server.data.location} is whole" in said.out


def test_what_a_person_said_is_exported_and_erased(server: ServerUnderTest, cli: AdminCli) -> None:
    """While the server runs."""
    alice, bob = server.member("alice", caps=CAPS), server.member("bob", caps=CAPS)
    alice.says(f"PRIVMSG #lobby :{WORD}")
    bob.says("PRIVMSG #lobby :mine")
    target = server.data.path.parent / "export.json"
    assert cli(f"export channel '#lobby' {target}").code == 0
    assert WORD in target.read_text()
    assert cli("user erase alice --yes").code == 0
    assert texts(bob, "CHATHISTORY LATEST #lobby * 10") == ["mine"]
    assert texts(bob, f"SEARCH text={WORD}") == []


def test_what_is_too_old_goes(server: ServerUnderTest) -> None:
    """By the thread that does so beside the hub."""
    alice = server.member("alice", caps=CAPS)
    alice.says(f"PRIVMSG #lobby :{WORD}")
    retention = server.service._retention
    retention.keep_days = 1
    retention._wall_clock = lambda: (time.time() + 3 * 86_400) * 1000
    retention._run_once()
    waits_until(lambda: texts(alice, "CHATHISTORY LATEST #lobby * 10") == [])


@pytest.mark.usefixtures("russian")
def test_an_administrator_is_told_in_russian(
    server: ServerUnderTest, postgres_server: PostgresServer, cli: AdminCli
) -> None:
    """What is wrong, and what to do."""
    postgres_server.stop("immediate")
    try:
        assert "сервер базы данных недоступен или завершился; проверьте" in cli("user list").err
    finally:
        postgres_server.start()


# --- PostgreSQL ends, and comes back -------------------------------------------------------------


def test_nobody_sees_what_is_not_stored_while_it_is_away(
    server: ServerUnderTest, postgres_server: PostgresServer, cli: AdminCli
) -> None:
    """Senders are told, who is connected stays, and all goes on by itself when it is back."""
    alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
    alice.says("PRIVMSG #lobby :before")
    bob.hears_until(":before")
    postgres_server.stop("immediate")
    try:
        alice.sends("PRIVMSG #lobby :lost")
        assert alice.hears_until(" 400 ")[-1].endswith(
            ":Not stored, so nobody saw it: the server's disk or database fails; try again later"
        )
        said = cli("user list")
        assert (said.code, "see that it runs and is reachable" in said.err) == (1, True)
    finally:
        postgres_server.start()
    heard = bob.hears_until("The server stores messages again.")
    assert any("The server can't store messages: the database's server" in line for line in heard)
    assert "postgresql" not in "".join(heard)  # where it is concerns nobody who talks
    alice.sends("PRIVMSG #lobby :after")
    assert [line for line in bob.hears_until(":after") if "PRIVMSG" in line] == [
        f"{source('alice')} PRIVMSG #lobby :after"
    ]
    # Whoever reads and writes beside the hub comes back, too.
    assert "In effect" in cli("user add carol --password-stdin", GOOD).err
    assert server.member("carol", password=GOOD)


# --- starts --------------------------------------------------------------------------------------


def test_the_start_says_where_it_is(tmp_path: Path, there: PostgresLocation) -> None:
    """And warns that no other machine has what is stored, unless that is wanted; after kill -9 the
    next one begins at once.
    """
    alone = write_config(tmp_path / "alone.toml", store={"url": there.url})
    with serving(tmp_path / "data", "--config", alone) as server:
        assert f"  database     {there}\n" in server.greeting
        server.logs("has no synchronous standby")
        server.process.kill()
        server.ends()
    (tmp_path / "data.log").unlink()
    wanted = write_config(tmp_path / "wanted.toml", store=store(there))
    with serving(tmp_path / "data", "--config", wanted) as server:
        assert f"  database     {there}\n" in server.greeting
        assert "standby" not in server.log


def starts(directory: Path, location: PostgresLocation) -> None:
    ServerUnderTest(directory, config(store=store(location))).open()


def test_a_second_server_is_refused(
    server: ServerUnderTest, there: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of another directory has another pepper, or the same one and no place."""
    monkeypatch.setattr(database, "CLAIM_SECONDS", 0.0)
    other = server.data.path.parent / "other"
    with pytest.raises(PepperError, match="is missing"):
        starts(other, there)
    (other / "pepper").write_bytes(server.data.pepper.read_bytes())
    (other / "pepper").chmod(0o600)
    with pytest.raises(StoreError, match="another securechat server runs on this database"):
        starts(other, there)
    assert not (other / "store.json").exists()
    server.member("alice").says("PRIVMSG #lobby :hi")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("/chat", "/none"), "has no database of that name"),
        (("postgres@", "nobody@"), "knows no such user"),
        (("host=", "host=/none"), "see that it runs and is reachable"),
        (("host=", "sslmod=x&host="), "sslmod"),
    ],
)
def test_a_database_that_is_none(
    tmp_path: Path, there: PostgresLocation, change: tuple[str, str], told: str
) -> None:
    """One clear line, and nothing runs."""
    with pytest.raises(StoreError, match=told):
        starts(tmp_path / "data", PostgresLocation(there.url.replace(*change)))
    assert not (tmp_path / "data" / "store.json").exists()


def test_a_newer_format_is_refused(
    tmp_path: Path, there: PostgresLocation, postgres_server: PostgresServer
) -> None:
    """Nothing is changed in it; the error is one line of a program that ends with 1, also where it
    is only asked whether all is well, and there is no backup without what is new in it.
    """
    with running(tmp_path / "data", "alice", store=store(there)) as server, server.admin() as admin:
        admin._connection.execute("UPDATE meta SET value = '999' WHERE key = 'format'")
    wanted = write_config(tmp_path / "config.toml", store=store(there))
    for more in ([], ["--check"]):
        ended = run_server("--data", tmp_path / "data", "--config", wanted, *more)
        assert ended.returncode == 1
        told = [line for line in ended.stderr.splitlines() if "warning" not in line]
        assert len(told) == 1
        assert "was made by a newer securechat" in told[0]
    said = AdminCli(tmp_path / "data")(f"backup {tmp_path / 'b.tar'}")
    assert (said.code, "was made by a newer securechat" in said.err) == (1, True)
    assert not (tmp_path / "b.tar").exists()


def test_without_psycopg_it_says_what_to_install(
    tmp_path: Path, there: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes with an extra."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "securechat.store.postgres.database")
    monkeypatch.delattr(postgres, "database")
    with pytest.raises(StoreError, match="pip install 'securechat"):
        starts(tmp_path / "data", there)
