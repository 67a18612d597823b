"""While no standby of PostgreSQL confirms anything, that is said, and the server can be ended."""

from __future__ import annotations

import signal
import socket
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from securechat.server import standby_watch
from securechat.server.standby_watch import StandbyWatch
from securechat.store.admin import Admin
from securechat.store.postgres.location import PostgresLocation
from tests.support.links import PATIENCE
from tests.support.postgres import PostgresServer
from tests.support.process import add_accounts, beginning, run_server, serving, write_config
from tests.support.waiting import until

TOLD = "confirms what is stored there, and nothing goes on until one does"

UNCONFIRMED = "waits for a standby, and nothing goes on until one has confirmed it"

ABSENT = "absent"
"""No standby has this name."""


def waits(location: PostgresLocation) -> int:
    """So many commits of programs wait for a standby: PostgreSQL's own vacuum may do so, too."""
    sql = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        " AND datname = current_database() AND backend_type = 'client backend'"
    )
    with closing(psycopg.connect(location.url)) as connection:
        [(number,)] = connection.execute(sql)
        return int(number)


@pytest.mark.parametrize(("node", "number"), [("", signal.SIGINT), ("north", signal.SIGTERM)])
def test_a_start_that_waits_says_why_and_can_be_ended(
    tmp_path: Path,
    postgres_server: PostgresServer,
    there: PostgresLocation,
    node: str,
    number: signal.Signals,
) -> None:
    """What it waits for is not cancelled by that: then it would count as confirmed."""
    config = write_config(
        tmp_path / "chat.toml", store={"url": there.url, "single": True}, cluster={"node": node}
    )
    with postgres_server.configured(synchronous_standby_names=ABSENT):
        with beginning(tmp_path / "data", "--config", config) as process:
            assert process.stderr is not None
            assert any(TOLD in line for line in process.stderr)
            process.send_signal(number)
            said = process.stderr.read()
            assert process.wait() == 0, said
        assert said.endswith(f"stopped, before it was ready: {number.name}\n")
        assert waits(there) == 1
        told = run_server("--data", tmp_path / "data", "--port", 0, "--config", config)
        assert told.returncode == 1
        assert UNCONFIRMED in told.stderr
    until(lambda: waits(there) == 0)
    with serving(tmp_path / "data", "--config", config):
        pass


@pytest.mark.parametrize("node", ["", "north"])
def test_a_start_whose_database_answers_nothing_can_be_ended(tmp_path: Path, node: str) -> None:
    """It would wait for some seconds, for each address of the database."""
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as place,  # a socket's path is a short one
        socket.socket(socket.AF_UNIX) as silent,
    ):
        silent.bind(f"{place}/.s.PGSQL.5432")
        silent.listen()
        silent.settimeout(PATIENCE)
        url = f"postgresql://chat@/chat?host={','.join([place] * 9)}"
        config = write_config(tmp_path / "chat.toml", store={"url": url}, cluster={"node": node})
        with beginning(tmp_path / "data", "--config", config) as process:
            silent.accept()
            process.send_signal(signal.SIGINT)
            asked = time.monotonic()
            assert process.stderr is not None
            assert process.stderr.read().endswith("stopped, before it was ready: SIGINT\n")
            assert process.wait() == 0
            assert time.monotonic() - asked < PATIENCE


@pytest.mark.parametrize("node", ["", "north"])
def test_one_that_runs_says_why_nothing_goes_on(
    tmp_path: Path, postgres_server: PostgresServer, there: PostgresLocation, node: str
) -> None:
    """It ends when it is told to, though nothing can be stored any more; what it has left there is
    no server that one could end.
    """
    config = write_config(
        tmp_path / "chat.toml", store={"url": there.url, "single": True}, cluster={"node": node}
    )
    add_accounts(tmp_path / "data", "alice", database=there)
    with serving(tmp_path / "data", "--config", config) as server:
        alice = server.member("alice")
        with postgres_server.configured(synchronous_standby_names=ABSENT):
            alice.sends("PRIVMSG #lobby :hi")
            server.logs(TOLD)
            server.tell(signal.SIGTERM)
            server.ends()
            assert waits(there)
            told = run_server("--data", tmp_path / "data", "--config", config, "--check")
            assert told.returncode == 1
            assert UNCONFIRMED in told.stderr
        assert "stopping: SIGTERM" in server.log


def test_ctrl_c_in_a_command_cancels_nothing(
    postgres_server: PostgresServer, there: PostgresLocation
) -> None:
    """Of what it stores it isn't known whether a standby has it; to others it must not seem so."""
    with (
        closing(Admin(there)) as admin,
        postgres_server.configured(synchronous_standby_names=ABSENT),
    ):
        main = threading.main_thread().ident
        assert main is not None

        def press() -> None:
            until(lambda: waits(there) == 1)
            signal.pthread_kill(main, signal.SIGINT)

        presses = threading.Thread(target=press)
        presses.start()
        with pytest.raises(KeyboardInterrupt):
            admin.audit.note("node prepared")
        presses.join()
        assert waits(there) == 1
    until(lambda: waits(there) == 0)


def test_that_no_standby_is_waited_for_any_more_is_told(
    postgres_server: PostgresServer,
    there: PostgresLocation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As where Patroni has taken the last one out, and where it has put one in again."""
    monkeypatch.setattr(standby_watch, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(standby_watch, "ALONE_SECONDS", 0.01)
    died: list[BaseException] = []
    watch = StandbyWatch(there, died.append)
    watch.gone_on_at = time.monotonic
    watch.start()
    try:
        until(lambda: watch.is_alone)
        with postgres_server.configured(synchronous_standby_names=ABSENT):
            until(lambda: not watch.is_alone)
        until(lambda: watch.is_alone)
    finally:
        watch.stop()
        watch.join(PATIENCE)
    assert died == []
    told = [one.getMessage() for one in caplog.records if one.name == standby_watch.__name__]
    assert len(told) == 3
    assert "waits for no standby any more" in told[0]
    assert "waits for a standby again" in told[1]
