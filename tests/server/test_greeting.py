"""What a started server prints, beside what test_cli shows of it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from securechat.common.fingerprints import grouped
from securechat.credentials.link import InviteLink, LoginLink
from securechat.server.greeting import greet, make_link, program
from securechat.server.links import login_link
from securechat.store.sql.reader import Reader
from tests.support.certificates import Authority
from tests.support.server import ServerUnderTest, config, running


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an installation: the shell finds our programs."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")


def greeting(server: ServerUnderTest, capsys: pytest.CaptureFixture[str]) -> str:
    greet(server.service, make_link(server.service))
    return capsys.readouterr().out


def test_the_first_link_leads_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To this port, with this CA's fingerprint; and its account administers the server."""
    with running(tmp_path / "data") as server:
        said = greeting(server, capsys)
        [command] = [line for line in said.splitlines() if "securechat://" in line]
        link = InviteLink.parse(command.split()[-1])
        assert command == f"  securechat {link}"
        assert (link.host, link.port) == ("127.0.0.1", server.port)
        assert link.ca_sha256 is not None
        assert grouped(link.ca_sha256) in said
        first = server.connect()
        first.registers("alice", password="violet kettles dance 4", code=link.code)
        first.sends("MODE alice")
        assert first.hears_until(" 221 ")[-1] == ":chat.test 221 alice :+o"


def test_the_first_link_opens_in_a_browser_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is a page; the code stands behind the #, which no browser sends."""
    with running(tmp_path / "data", web={"host": "127.0.0.1", "port": 0}) as server:
        said = greeting(server, capsys)
        [(_, port)] = server.service.web_addresses
        [code] = [line.split("/")[3] for line in said.splitlines() if "securechat://" in line]
    assert f"\n  https://127.0.0.1:{port}/#invite={code}\n" in said


def test_with_accounts_it_says_how_to_log_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And how to invite others, into this data directory."""
    with running(tmp_path / "data", "alice") as server:
        said = greeting(server, capsys)
        link = LoginLink("127.0.0.1", server.port, server.service.identity.ca_sha256)
    assert f"Log in with:    securechat {link}\n" in said
    assert f"Invite others:  securechat-admin invite --data {tmp_path / 'data'}\n" in said


def test_the_address_that_clients_use_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The configured one, not the one it listens on."""
    with running(tmp_path / "data", "alice", server={"address": "chat.example"}) as server:
        assert f"securechat securechat://chat.example:{server.port}/-/" in greeting(server, capsys)


def test_the_other_nodes_addresses_stand_in_the_link(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behind this one's, which the list may have too; without a port by that of the listener."""
    named = {"address": "a.example:443", "addresses": ["b.example", "a.example:443", "[::1]:6697"]}
    with running(tmp_path / "data", "alice", server=named) as server:
        said = greeting(server, capsys)
        kept = login_link(Reader(server.service.data.location))
    places = f"a.example:443,b.example:{server.port},[::1]"
    assert f"securechat securechat://{places}/-/" in said
    assert f"securechat securechat://{places}/-/" in f"securechat {kept}"


def test_tls_1_2_is_shown_where_it_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The administrator sees what the configuration has done."""
    with running(tmp_path / "data", tls={"min_version": "1.2"}) as server:
        assert ", TLS 1.2 and 1.3\n" in greeting(server, capsys)


def test_ones_own_certificate_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the fingerprint of the CA that signed it, as it stands in the file."""
    authority = Authority()
    certificate, _ = authority.server("localhost").write(tmp_path, "server")
    server = ServerUnderTest(tmp_path / "data", config(tls={"cert": str(certificate)}))
    server.open()
    said = greeting(server, capsys)
    server.close()
    assert "CA SHA-256" in said or f"certificate  {certificate}" in said
    assert "  CA           " not in said


def test_a_program_is_named_so_that_it_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name, by its path beside this one, or by its name for want of better."""
    assert program("securechat") == "securechat"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "securechat-server")])
    assert program("securechat") == "securechat"
    (tmp_path / "securechat").touch()
    assert program("securechat") == str(tmp_path / "securechat")
