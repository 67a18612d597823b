"""`securechat-server` as people start it: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from securechat import __version__
from securechat.ca.errors import CaError
from securechat.server import cli, identity, logs, settings
from securechat.server.cli import main
from securechat.server.config import Config, ConfigError
from securechat.server.data import DataDirectory
from securechat.server.options import with_flags
from securechat.store.sqlite.database import FILE_NAME
from securechat.store.sqlite.schema import MIGRATIONS
from tests.support.admin_cli import AdminCli
from tests.support.certificates import Authority
from tests.support.client import Client
from tests.support.formats import restored
from tests.support.preloaded import ROOT
from tests.support.process import add_accounts, run_server, serving, write_config


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where a server will have its data; nothing is there yet."""
    return tmp_path / "data"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The tests' configuration, as a file."""
    return write_config(tmp_path / "config.toml")


class Told:
    """What a command said, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in out + err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Runs the command in this process, whose logging is left alone."""
    monkeypatch.setattr(logs, "set_up", lambda *_, **__: ExitStack())

    def run(*flags: object) -> Told:
        code = main([str(flag) for flag in flags])
        return Told(code, *capsys.readouterr())

    return run


# --- starting ------------------------------------------------------------------------------------


def test_a_first_start_needs_nothing(tmp_path: Path) -> None:
    """It makes its directory, a CA, a certificate and a database, all private, and says what to do
    next; SIGTERM ends it.
    """
    data = tmp_path / "new" / "data"
    data.parent.mkdir()
    with serving(data, anew=True) as server:
        assert f"securechat {__version__} is running." in server.greeting
        assert f"listens on   127.0.0.1 port {server.port}, TLS 1.3" in server.greeting
        assert f"data         {data}" in server.greeting
        assert re.search(r"CA SHA-256   ([0-9a-f]{4} ){15}[0-9a-f]{4}\n", server.greeting)
        assert f"securechat securechat://127.0.0.1:{server.port}/" in server.greeting
        assert "Only this machine can connect" in server.greeting
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    private = [data / FILE_NAME, data / "lock", *data.glob("tls/*-key.pem")]
    assert len(private) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert "Traceback" not in server.log


def test_a_second_start_finds_all_of_it(data: Path, config: Path) -> None:
    """The same CA, the accounts, and no first invite any more."""
    add_accounts(data, "alice")
    fingerprints = []
    for _ in range(2):
        with serving(data, "--config", config) as server:
            fingerprints += re.findall(r"CA SHA-256   (.+)", server.greeting)
            assert "securechat securechat://127.0.0.1:" in server.greeting
            assert f"invite --data {data}" in server.greeting
            assert "There is no account yet" not in server.greeting
            server.member("alice").hangs_up()
            server.tell(signal.SIGTERM)
            assert server.ends() == 0
    assert len(fingerprints) == 2
    assert len(set(fingerprints)) == 1


def test_a_data_directory_has_one_server(data: Path, config: Path) -> None:
    """A second one is refused and told which process has it; the first doesn't notice."""
    add_accounts(data, "alice")
    with serving(data, "--config", config) as server:
        alice = server.member("alice")
        second = run_server("--data", data, "--port", 0)
        assert second.returncode == 1
        assert second.stderr == (
            f"securechat-server: a securechat-server runs on {data} already (process "
            f"{server.process.pid}); end it; a second server takes another --data and --port\n"
        )
        assert second.stdout == ""
        assert alice.hears() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_signal_ends_it_in_order(data: Path, config: Path, number: signal.Signals) -> None:
    """Clients get a reason, what was echoed is stored, the exit code is 0."""
    add_accounts(data, "alice")
    with serving(data, "--config", config) as server:
        alice, client = server.member("alice", caps="echo-message"), server.connect()
        client.hears()
        for count in range(50):
            alice.sends(f"PRIVMSG #lobby :{count}")
        alice.hears_until(":49")
        server.tell(number)
        for person in (alice, client):
            assert person.hears_the_end()[-1] == "ERROR :Closing link: The server is stopping"
            person.hangs_up()
        assert server.ends() == 0
        told = server.log
    assert f"info stopping: {number.name}\n" in told
    assert told.endswith("info stopped\n")
    assert "Traceback" not in told
    wal = data / (FILE_NAME + "-wal")
    assert not wal.exists() or not wal.stat().st_size
    rows = sqlite3.connect(data / FILE_NAME).execute("SELECT text FROM log WHERE kind = 'PRIVMSG'")
    assert [text for (text,) in rows] == [str(count) for count in range(50)]


def test_ctrl_c_twice_is_once(data: Path, config: Path) -> None:
    """Impatience doesn't make it end with a traceback."""
    with serving(data, "--config", config) as server:
        server.tell(signal.SIGINT)
        server.tell(signal.SIGINT)
        assert server.ends() == 0
        assert "Traceback" not in server.log


def test_sighup_reloads_the_certificate(data: Path, tmp_path: Path, config: Path) -> None:
    """Who comes is shown the new one, who is here stays; a broken one is refused and the old one
    goes on.
    """
    authority = Authority()
    ca = authority.write(tmp_path)
    certificate, _ = authority.server("localhost").write(tmp_path, "server")
    add_accounts(data, "alice")

    with serving(data, "--config", config, "--cert", certificate) as server:
        alice = server.member("alice", ca=ca)

        new = authority.server("localhost")
        new.write(tmp_path, "server")
        server.tell(signal.SIGHUP)
        server.logs("certificate reloaded: valid for")
        assert shown(server.connect(ca)) == new.der != shown(alice)

        certificate.write_text("rubbish")
        server.tell(signal.SIGHUP)
        server.logs("not reloaded, all stays as it was: ")
        assert shown(server.connect(ca)) == new.der
        assert alice.hears() == []
        alice.hangs_up()
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
        assert "Traceback" not in server.log


def test_an_administrator_has_it_reload_and_sees_what_is_in_force(data: Path, config: Path) -> None:
    """The command waits for the answer: what has changed and what waits, or the mistake and where
    it is; and what there is, where it comes from, and what the file has by now.
    """
    given = config.read_text(encoding="utf-8")
    cli = AdminCli(data)
    with serving(data, "--config", config) as server:
        write_config(config, server={"motd": "Hi", "network": "other"}, limits={"strangers": 9})
        found = {one["key"]: one for one in json.loads(cli("config --json").out)["values"]}
        assert found["limits.strangers"] == {
            "key": "limits.strangers",
            "value": 1000,
            "from": "default",
            "new": 9,
        }
        assert found["server.name"]["from"] == str(config)
        assert found["listen.port"]["from"] == "the command line"
        said = cli("reload")
        assert (said.code, said.err) == (0, "")
        changed, valid, left = said.out.splitlines()
        assert changed == "Changed: server.motd, limits.strangers."
        assert valid.startswith("The certificate is valid for ")
        assert left.startswith("At the next start: server.network (clients keep what")
        config.write_text(given + "\n[sever]\n", encoding="utf-8")
        said = cli("reload")
        assert (said.code, said.out) == (1, "")
        assert f"{config}: unknown section [sever]" in said.err
        said = cli("config --changed")
        assert said.code == 1
        assert "limits.strangers" in said.out
        assert "limits.connections" not in said.out
        assert "the file can't be taken up: " in said.err
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
        assert "Traceback" not in server.log
    [(by, _, facts)] = cli.audited("configuration reloaded")
    assert by.startswith("os:")
    assert facts == {"changed": "server.motd, limits.strangers", "next_start": "server.network"}


def test_without_a_server_there_is_nothing_to_reload(data: Path, config: Path) -> None:
    """And nothing in force."""
    add_accounts(data, "alice")
    for command in ("reload", "config"):
        said = AdminCli(data)(command)
        assert (said.code, said.out) == (1, "")
        assert "no server runs on this data directory" in said.err


def test_sighup_reloads_what_of_the_configuration_takes_effect_at_once(
    data: Path, config: Path
) -> None:
    """Clients are told; what needs a new start is named, and a broken file changes nothing."""
    given = config.read_text(encoding="utf-8")
    add_accounts(data, "alice")
    with serving(data, "--config", config) as server:
        alice = server.member("alice")
        alice.says("CAP LS 302")
        write_config(config, accounts={"registration": "closed"}, limits={"io_threads": 7})
        server.tell(signal.SIGHUP)
        assert alice.hears_line().endswith("CAP alice DEL :draft/account-registration")
        server.logs('configuration reloaded account=- address="" changed=accounts.registration')
        server.logs("limits.io_threads takes effect at the next start: each connection belongs")
        config.write_text("[accounts]\nregistration = 1\n", encoding="utf-8")
        server.tell(signal.SIGHUP)
        server.logs("the configuration stays as it was")
        server.logs("accounts.registration: expected")
        config.write_text(given, encoding="utf-8")
        server.tell(signal.SIGHUP)
        assert "NEW :draft/account-registration=before-connect" in alice.hears_line()
        alice.hangs_up()
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
        assert "Traceback" not in server.log


def shown(person: Client) -> bytes | None:
    """The certificate that the server has shown to somebody, who leaves if nobody is logged in."""
    certificate = person.sock.getpeercert(binary_form=True)
    if person.nick == "*":
        person.hangs_up()
    return certificate


def test_the_log_can_be_json(data: Path, config: Path) -> None:
    """One object a line, for programs; accounts and addresses as facts of their own."""
    add_accounts(data, "alice")
    with serving(data, "--config", config, "--log-format", "json") as server:
        server.member("alice").hangs_up()
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
    entries = [json.loads(line) for line in server.log.splitlines()]
    [login] = [entry for entry in entries if entry["event"] == "login"]
    assert (login["account"], login["address"], login["level"]) == ("alice", "127.0.0.1", "info")
    assert entries[-1]["event"] == "stopped"


@pytest.mark.parametrize(
    ("where", "spoiled_by"),
    [
        ("hub", "from securechat.server.hub import Hub as part; part._run_turn = None"),
        ("io", "from securechat.net.loop import IoThread as part; part._turn = None"),
        ("accept", "from securechat.net.listener import Listener as part; part._accept_all = None"),
    ],
    ids=["hub", "io", "accept"],
)
def test_the_death_of_a_thread_ends_the_process(
    data: Path, config: Path, where: str, spoiled_by: str
) -> None:
    """Exit code 1 and a log line that says so: whoever supervises it can start it again."""
    with serving(data, "--config", config, spoiled_by=spoiled_by) as server:
        assert server.ends() == 1
    assert "critical a thread has died of TypeError, so the server stops\n" in server.log
    assert server.log.count("Traceback") == 1
    assert server.log.endswith("info stopped\n")


# --- what it refuses -----------------------------------------------------------------------------


def test_help_and_version(run: Callable[..., Told]) -> None:
    """On standard output, with success."""
    assert "Run a securechat server." in run("--help").out
    told = run("--version")
    assert (told.code, told.out) == (0, f"securechat-server, version {__version__}\n")


@pytest.mark.parametrize(
    "flags", [["--bogus"], ["extra"], ["--port", "x"], ["--log-format", "xml"]]
)
def test_bad_usage_is_2(run: Callable[..., Told], flags: list[str]) -> None:
    """With a hint at the help, and nothing begun."""
    told = run(*flags)
    assert told.code == 2
    assert told.err.startswith("Usage: securechat-server")
    assert "--help" in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[accounts]\nbcrypt_cost = 3\n", "accounts.bcrypt_cost: expected a number from 4 to 31"),
        ("[server]\nnmae = 'x'\n", "unknown key server.nmae"),
        ("[listen\n", "is not TOML"),
    ],
)
def test_a_bad_configuration_is_told(
    run: Callable[..., Told], tmp_path: Path, data: Path, content: str, expected: str
) -> None:
    """In one line that names the file; no data directory is made."""
    file = tmp_path / "bad.toml"
    file.write_text(content)
    told = run("--config", file, "--data", data)
    assert told.code == 1
    assert told.err.count("\n") == 1
    assert told.err.startswith(f"securechat-server: {file}")
    assert expected in told.err
    assert not data.exists()


def test_a_bad_flag_value_is_told(run: Callable[..., Told], data: Path) -> None:
    """With the same words as in the file, and where it stood."""
    told = run("--port", 70_000, "--data", data)
    assert told.code == 1
    assert "the command line: listen.port: expected a number from 0 to 65535, not 70000" in told.err


def test_a_port_in_use_is_told(run: Callable[..., Told], data: Path) -> None:
    """And the data directory is free again for the next try."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for flags in ([], ["--check"]):
            told = run("--data", data, "--port", port, *flags)
            assert told.code == 1
            assert told.err == (
                f"securechat-server: can't listen on 127.0.0.1 port {port} (Address already in "
                "use): another program listens there; end it, or choose another --port\n"
            )


def test_a_data_directory_in_others_sight_is_told(run: Callable[..., Told], data: Path) -> None:
    """With the command that closes it."""
    data.mkdir(mode=0o755)
    told = run("--data", data)
    assert told.code == 1
    assert f"Close it with: chmod 700 {data}" in told.err


def test_a_data_directory_that_can_t_be_made_is_told(
    run: Callable[..., Told], tmp_path: Path
) -> None:
    """A file stands in its way."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        told = run("--data", path)
        assert told.code == 1
        assert f"can't make the data directory {path}" in told.err
        assert "choose another with --data" in told.err


@pytest.mark.parametrize("what", ["lock", "database", "tls"])
def test_a_data_directory_that_can_t_be_written_is_told(
    run: Callable[..., Told], data: Path, what: str
) -> None:
    """Something that can't be opened for writing is where a file belongs."""
    data.mkdir(mode=0o700)
    if what == "tls":
        (data / "tls").write_text("a file")
    else:
        (data / {"lock": "lock", "database": FILE_NAME}[what]).mkdir()
    told = run("--data", data, "--port", 0)
    assert told.code == 1
    assert told.err.startswith("securechat-server: ")
    assert str(data) in told.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_data_directory_is_told(run: Callable[..., Told], data: Path) -> None:
    """Made by somebody else, or on a medium that can't be written."""
    data.mkdir(mode=0o500)
    told = run("--data", data, "--port", 0)
    assert told.code == 1
    assert f"can't write in the data directory {data}" in told.err


def test_a_certificate_that_isn_t_there_is_told(run: Callable[..., Told], data: Path) -> None:
    """By its path."""
    told = run("--data", data, "--port", 0, "--cert", data / "missing.pem")
    assert told.code == 1
    assert str(data / "missing.pem") in told.err


def test_a_damaged_database_is_told(run: Callable[..., Told], data: Path) -> None:
    """And not overwritten."""
    data.mkdir(mode=0o700)
    (data / FILE_NAME).touch(0o600)
    (data / FILE_NAME).write_bytes(b"this was a database once, long ago " * 100)
    told = run("--data", data, "--port", 0)
    assert told.code == 1
    assert "restore a backup" in told.err
    assert (data / FILE_NAME).read_bytes().startswith(b"this was")


# --- checking ------------------------------------------------------------------------------------


def test_check_says_that_all_is_in_order(run: Callable[..., Told], data: Path) -> None:
    """With what the certificate is for and how long it is valid; nothing runs afterwards."""
    told = run("--check", "--data", data, "--port", 0)
    assert told.code == 0
    assert re.search(
        r"Everything is in order: .*server\.pem is for localhost, .*valid for \d+ more", told.out
    )
    assert told.err == ""
    assert not (data / FILE_NAME).exists()


def test_check_tells_of_an_older_database(run: Callable[..., Told], data: Path) -> None:
    """As the next start makes it new; the check itself doesn't."""
    old = restored("19", data)
    told = run("--check", "--data", data, "--port", 0)
    assert told.code == 0
    assert f"has format 19, and the next start makes it {len(MIGRATIONS)}" in told.err
    assert "securechat-admin backup" in told.err
    assert old.older_format() == 19


def test_check_may_run_beside_the_server(data: Path, config: Path) -> None:
    """Its port is in use by the very server that is checked."""
    with serving(data, "--config", config) as server:
        told = run_server("--check", "--data", data, "--port", server.port)
        assert (told.returncode, told.stderr) == (0, "")


def test_check_warns(run: Callable[..., Told], data: Path, tmp_path: Path, config: Path) -> None:
    """Of a certificate that ends soon, and of hashes that are quick to crack."""
    issued = Authority().server("localhost", lasts=timedelta(days=5))
    certificate, _ = issued.write(tmp_path, "server")
    told = run("--check", "--data", data, "--config", config, "--cert", certificate)
    assert told.code == 0
    assert f"warning: {certificate} expires in 4 days; renew it" in told.err
    assert "warning: accounts.bcrypt_cost is 4" in told.err


def test_check_refuses_what_a_start_would_refuse(
    run: Callable[..., Told], data: Path, tmp_path: Path
) -> None:
    """An expired certificate."""
    issued = Authority().server("localhost", lasts=-timedelta(days=5))
    certificate, _ = issued.write(tmp_path, "server")
    told = run("--check", "--data", data, "--port", 0, "--cert", certificate)
    assert told.code == 1
    assert "expired" in told.err


@pytest.mark.parametrize("flags", [[], ["--check"]])
def test_a_database_without_its_pepper_is_told(
    run: Callable[..., Told], data: Path, flags: list[str]
) -> None:
    """By a start and by a check alike, with what to restore and where; no new one is made."""
    add_accounts(data, "alice")
    (data / "pepper").unlink()
    told = run(*flags, "--data", data, "--port", 0)
    assert told.code == 1
    assert told.err.startswith(f"securechat-server: {data / 'pepper'} is missing: ")
    assert f"Restore it from a backup to {data / 'pepper'}, with mode 0600" in told.err
    assert not (data / "pepper").exists()


# --- parts ---------------------------------------------------------------------------------------


def test_flags_come_over_the_file(tmp_path: Path) -> None:
    """Only those that are given; paths are meant from where the command is typed."""
    config = Config().with_values("listen", {"host": "::1", "port": 1000}, "file")
    changed = with_flags(config, port=2000, cert=Path("x.pem"))
    assert (changed.listen.host, changed.listen.port) == ("::1", 2000)
    assert changed.tls.cert == str(Path("x.pem").absolute())
    assert with_flags(config) == config
    with pytest.raises(ConfigError, match="the command line"):
        with_flags(config, host="")


@pytest.mark.parametrize(("cost", "warnings"), [(9, 1), (10, 0), (12, 0)])
def test_a_low_cost_is_warned_of(cost: int, warnings: int) -> None:
    """Below 10."""
    config = Config().with_values("accounts", {"bcrypt_cost": cost}, "test")
    assert len(settings.config_warnings(config)) == warnings


def test_python_m_is_the_same_program() -> None:
    """`python -m securechat.server`."""
    told = subprocess.run(
        [sys.executable, "-m", "securechat.server", "--version"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == f"securechat-server, version {__version__}\n"


def test_the_certificate_is_looked_at_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may run for longer than its certificate is valid, and nobody sends it a SIGHUP."""
    monkeypatch.setattr(cli, "NAMES_SECONDS", 0.001)
    monkeypatch.setattr(cli, "CERTIFICATE_SECONDS", 0.0)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    ending = cli._Ending(Config(), DataDirectory(tmp_path), Config)
    looks = []

    def reload(config: Config | None) -> None:
        assert config is None  # nobody has said that the file is to be read
        looks.append(1)
        if len(looks) == 3:
            ending.tell(signal.SIGTERM)
        raise CaError("not today")

    monkeypatch.setattr(ending.service, "reload", reload)
    with contextlib.closing(ending):
        ending.wait()
    assert len(looks) >= 3


def test_a_machine_that_gets_another_address_gets_a_certificate_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the server runs, within a minute: links follow the address, so the certificate must."""
    monkeypatch.setattr(cli, "NAMES_SECONDS", 0.001)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(identity, "local_address", lambda: "192.168.1.5")
    data = DataDirectory(tmp_path / "data")
    data.create()
    ending = cli._Ending(Config(), data, Config)
    ending.service.identity = before = identity.find_identity(Config(), data)
    assert not ending._is_due()

    def reload(_: Config | None) -> None:
        ending.service.identity = identity.find_identity(Config(), data)
        ending.tell(signal.SIGTERM)

    monkeypatch.setattr(ending.service, "reload", reload)
    monkeypatch.setattr(identity, "local_address", lambda: "10.9.8.7")
    with contextlib.closing(ending):
        ending.wait()
    after = ending.service.identity
    assert "10.9.8.7" in after.names
    assert after.ca_sha256 == before.ca_sha256
    assert not ending._is_due()
