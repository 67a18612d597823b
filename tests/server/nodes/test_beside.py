"""What a node that begins must have as those have that run; in whole servers."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from securechat.common.files import write_new
from securechat.server import beside
from securechat.server import nodes as running_nodes
from securechat.server.agreement import ClusterError
from securechat.store.database import FORMAT, format_of
from securechat.store.postgres import nodes
from securechat.store.postgres.database import PostgresConnection
from securechat.store.postgres.location import PostgresLocation
from securechat.store.sql.reader import Reader
from tests.server.nodes.conftest import Begin
from tests.support.process import run_server, write_config
from tests.support.server import ServerUnderTest
from tests.support.waiting import until


def refusal(begin: Begin, **sections: dict[str, Any]) -> str:
    """Of the node b."""
    with pytest.raises(ClusterError) as caught:
        begin("b", **sections)
    return str(caught.value)


def prepared(
    tmp_path: Path, first: ServerUnderTest, there: PostgresLocation, node: str, **server: str
) -> tuple[Path, Path]:
    """The data directory and the configuration of a further node, which has what it needs of the
    first one. server: that section.
    """
    place = tmp_path / "b"
    place.mkdir(mode=0o700)
    shutil.copytree(first.data.tls, place / "tls")
    shutil.copy(first.data.pepper, place / "pepper")
    store = {"url": there.url, "single": True}
    config = write_config(tmp_path / "b.toml", server=server, store=store, cluster={"node": node})
    return place, config


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("name", "other.test", "expected 'chat.test'"),
        ("network", "Other", "expected 'securechat'"),
        ("lobby", "#hall", "expected '#lobby'"),
    ],
)
def test_another_name_is_refused(
    begin: Begin, there: PostgresLocation, key: str, value: str, expected: str
) -> None:
    """Nothing of it gets into the database, and no node of that name is seen."""
    begin("a", "alice")
    told = refusal(begin, server={key: value})
    assert told.startswith(f"server.{key}: {expected}, as the nodes that run have it (a), got ")
    assert value in told
    with closing(Reader(there)) as reader:
        assert reader.remembered(key) != value
    assert [node.name for node in nodes.look_around(there).nodes] == ["a"]


def test_another_authority_is_refused(begin: Begin, tmp_path: Path) -> None:
    """As of a node that was set up by hand, and has made its own."""
    first = begin("a", "alice")
    (tmp_path / "b").mkdir(mode=0o700)
    shutil.copy(first.data.pepper, tmp_path / "b" / "pepper")
    told = refusal(begin)
    assert told.startswith("expected a certificate of the authority that the nodes which run have")
    assert "`securechat-admin nodes prepare`" in told


@pytest.mark.parametrize(
    ("pepper", "told"), [(None, "got no pepper"), (bytes(32), "got another one")]
)
def test_another_pepper_is_refused(
    begin: Begin, tmp_path: Path, pepper: bytes | None, told: str
) -> None:
    """As of a node that was set up by hand; it makes none of its own."""
    first = begin("a", "alice")
    shutil.copytree(first.data.tls, tmp_path / "b" / "tls")
    (tmp_path / "b").chmod(0o700)
    file = tmp_path / "b" / "pepper"
    if pepper is not None:
        write_new(file, pepper)
    found = refusal(begin)
    assert found.startswith("expected the pepper that the nodes which run have (a), ")
    assert told in found
    assert file.exists() == (pepper is not None)


def test_another_registration_is_warned_of(begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    """A reload may be on its way to all nodes."""
    begin("a", "alice")
    begin("b", accounts={"registration": "closed"})
    assert "accounts.registration is closed here, and open at the nodes that run" in caplog.text


def test_alone_a_node_begins_with_whatever_it_has(begin: Begin, there: PostgresLocation) -> None:
    """As a single server does; the row of its last start is no other node, if it was killed."""
    begin("a", "alice").close()
    with closing(PostgresConnection(there, read_only=False)) as connection:
        connection.script(f"UPDATE nodes SET state = '{nodes.UP}', heard_at = clock_timestamp()")
    again = begin("a", server={"network": "Other"})
    assert "NETWORK=Other" in " ".join(again.connect().logs_in("alice"))


def test_a_wrong_clock_is_refused(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the database's, which no node sets."""
    clock = SimpleNamespace(time=lambda: time.time() - 3600, monotonic=time.monotonic)
    monkeypatch.setattr(nodes, "time", clock)
    with pytest.raises(ClusterError, match="it is off by -3600 seconds"):
        begin("a")


def test_an_older_database_stays_so_while_others_run(
    begin: Begin, there: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They could store nothing in a newer one."""
    begin("a", "alice")
    monkeypatch.setattr(beside, "FORMAT", FORMAT + 1)
    told = refusal(begin)
    assert "which nodes of an older securechat use (a: " in told
    assert format_of(there) == FORMAT


def test_a_check_tells_the_same(begin: Begin, there: PostgresLocation, tmp_path: Path) -> None:
    """Before the start."""
    first = begin("a", "alice")
    place, file = prepared(tmp_path, first, there, "b", network="Other")
    told = run_server("--data", place, "--config", file, "--check")
    assert told.returncode == 1
    assert "server.network: expected 'securechat', as the nodes that run have it (a)" in told.stderr


def test_a_check_tells_of_a_name_that_another_node_has(
    begin: Begin, there: PostgresLocation, tmp_path: Path
) -> None:
    """A check at the node itself, while it runs, is in order."""
    first = begin("a", "alice")
    place, file = prepared(tmp_path, first, there, "a", name="chat.test")
    told = run_server("--data", place, "--config", file, "--check")
    assert told.returncode == 1
    assert "there is a node 'a' already; give this one another name" in told.stderr
    told = run_server("--data", first.data.path, "--config", file, "--check")
    assert told.returncode == 0, told.stderr


def test_a_clock_that_goes_wrong_later_is_logged_once(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And the talk goes on."""
    monkeypatch.setattr(running_nodes, "TIDY_SECONDS", 0.0)
    a = begin("a", "alice", "bob")
    alice, bob = a.member("alice"), a.member("bob")
    monkeypatch.setattr(running_nodes, "clocks", lambda _: (1070.0, 1000.0, 1071.0))
    until(lambda: "clock" in caplog.text)
    alice.says("PRIVMSG #lobby :on")
    bob.hears_until(":on")
    told = [record for record in caplog.records if "clock" in record.getMessage()]
    assert len(told) == 1
    assert "off by +70 seconds" in told[0].getMessage()


def test_a_database_without_a_standby_is_refused(begin: Begin, there: PostgresLocation) -> None:
    """Unless the configuration says that it is meant so, as it does in the other tests."""
    with pytest.raises(ClusterError) as caught:
        begin("a", "alice", store={"url": there.url})
    assert "expected a synchronous standby" in str(caught.value)
    assert "single = true in [store]" in str(caught.value)
