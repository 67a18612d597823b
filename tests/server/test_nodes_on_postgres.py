"""A further node, from the first one's command line to people who talk at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from securechat.credentials.link import LoginLink
from securechat.server.config import load_config
from securechat.store.postgres.location import PostgresLocation
from tests.support.admin_cli import AdminCli
from tests.support.client import of
from tests.support.process import add_accounts, run_server, serving, write_config


@pytest.fixture
def config(tmp_path: Path, there: PostgresLocation) -> Path:
    """Of the first node."""
    return write_config(
        tmp_path / "north.toml",
        server={"name": "chat.test", "network": "Lab"},
        store={"url": there.url, "single": True},
        cluster={"node": "north"},
    )


def prepare(data: Path, config: Path, file: Path) -> None:
    words = f"nodes prepare south localhost 127.0.0.1 --out {file}"
    said = AdminCli(data)(words, config=str(config))
    assert said.code == 0, said.err


def test_a_second_machine_goes_on_with_the_same_chat(
    tmp_path: Path, there: PostgresLocation, config: Path
) -> None:
    """With one file: its accounts, its authority, its configuration; and again without the file."""
    north, south, file = tmp_path / "north", tmp_path / "south", tmp_path / "south.node"
    add_accounts(north, "alice", "bob", database=there)
    with serving(north, "--config", config) as server:
        ca = server.ca
        server.member("alice").says("PRIVMSG #lobby :one")
    prepare(north, config, file)
    with serving(south, "--join", file) as server:
        assert f"{south} is the node south now" in server.log
        assert f"Remove {file}: it is a secret." in server.log
        alice = server.member("alice", ca=ca, caps="draft/chathistory message-tags server-time")
        heard = alice.says("CHATHISTORY LATEST #lobby * 10")
        assert [line.params[-1] for line in of(heard, "PRIVMSG")] == ["one"]
    file.unlink()
    with serving(north, "--config", config) as first, serving(south) as server:
        assert "  node         south\n" in server.greeting
        bob, alice = first.member("bob"), server.member("alice", ca=ca)
        alice.says("PRIVMSG #lobby :two")
        assert bob.hears_until(" PRIVMSG #lobby :two")
        assert "NETWORK=Lab" in "".join(server.connect(ca=ca).logs_in("alice"))
        link = LoginLink.parse(AdminCli(south)("invite --login").out.strip())
        assert (link.host, link.port) == ("localhost", server.port)
        assert AdminCli(south)("check").code == 0
        assert "of this node" not in server.log


def test_joining_can_be_checked_before_anything_runs(
    tmp_path: Path, there: PostgresLocation, config: Path
) -> None:
    """For a service, which systemd starts later; a second --join tells that it is done."""
    north, south, file = tmp_path / "north", tmp_path / "south", tmp_path / "south.node"
    with serving(north, "--config", config):
        pass
    prepare(north, config, file)
    flags = ("--data", south, "--join", file, "--port", 7123, "--check")
    told = run_server(*flags)
    assert (told.returncode, "Everything is in order" in told.stdout) == (0, True), told.stderr
    assert load_config(south / "securechat.toml").listen.port == 7123
    told = run_server(*flags)
    assert told.returncode == 1
    assert told.stderr.startswith(f"securechat-server: {south} has joined already")
    told = run_server("--data", tmp_path / "other", "--join", file, "--config", config)
    assert (told.returncode, "leave --config out" in told.stderr) == (2, True)
    assert not (tmp_path / "other").exists()
