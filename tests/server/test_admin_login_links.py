"""The links that `user add`, `user import` and `invite --login` print: where, and whom to trust."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from securechat.client.commands.cli import main as client
from securechat.client.exits import Exit
from securechat.client.settings import SettingsDirectory
from securechat.credentials.link import LoginLink
from securechat.server import identity
from securechat.store.admin import Admin
from securechat.store.sqlite.database import FILE_NAME
from tests.support.admin_cli import GOOD, AdminCli, Said, served_once
from tests.support.certificates import Authority
from tests.support.server import PASSWORD, running

CLASS = "name,password\npupil1,violet kettles dance 1\npupil2,violet kettles dance 2\n"


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    return served_once(tmp_path / "data")


def told(said: Said) -> LoginLink:
    """The link behind `securechat` on standard error."""
    [line] = [line for line in said.err.splitlines() if "securechat securechat://" in line]
    return LoginLink.parse(line.split()[line.split().index("securechat") + 1])


def test_the_link_for_who_has_an_account(cli: AdminCli) -> None:
    """To the server that last ran there, with its CA; alone on standard output; no invite."""
    said = cli("invite --login")
    link = LoginLink.parse(said.out)
    assert link == LoginLink("chat.test", 6697, b"\xab" * 32)
    assert told(said) == link
    assert "There is no invite" in cli("invite list").err


def test_a_new_account_comes_with_its_link(cli: AdminCli) -> None:
    """Beside the answer, with the account's name in it."""
    said = cli("user add жанна --password-stdin", GOOD)
    assert said.out == "жанна has an account.\n"
    assert told(said) == LoginLink("chat.test", 6697, b"\xab" * 32, "жанна")


def test_a_class_has_one_link_for_all(cli: AdminCli) -> None:
    """Each pupil types the name."""
    assert told(cli("user import -", CLASS)) == LoginLink("chat.test", 6697, b"\xab" * 32)


def test_before_the_server_has_run(tmp_path: Path) -> None:
    """Nobody knows its address: it is said where the link will come from."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    Admin(data / FILE_NAME).close()
    said = AdminCli(data)("user add alice --password-stdin", GOOD)
    assert said.code == 0
    assert "securechat://" not in said.err
    assert "`securechat-admin invite --login` prints it, once the server has run" in said.err


@pytest.mark.parametrize("options", ["--uses 3", "--admin", "--days 2", "--note x"])
def test_a_login_link_takes_no_options_of_invites(cli: AdminCli, options: str) -> None:
    """It makes nothing."""
    said = cli(f"invite --login {options}")
    assert said.code == 2
    assert "is for making an invite, not for --login" in said.err


@pytest.mark.parametrize(
    "command", ["invite", "invite --login", "user add alice --password-stdin", "user import -"]
)
@pytest.mark.parametrize(
    ("listen", "address", "warned"),
    [
        ("127.0.0.1", "", True),
        ("::1", "", True),
        ("localhost", "", True),
        ("192.168.1.5", "", False),
        ("127.0.0.1", "chat.example", False),
        ("0.0.0.0", "", False),
    ],
)
def test_a_link_that_nobody_else_can_use(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    listen: str,
    address: str,
    warned: bool,
) -> None:
    """Of a server that only its own machine reaches: it is said, with what to do, and the link is
    printed all the same. Behind a relay on this machine the address is another one.
    """
    monkeypatch.setattr(identity, "local_address", lambda: "192.168.1.5")
    cli = served_once(tmp_path / "data", listen=listen, address=address)
    said = cli(command, GOOD if "add" in command else CLASS)
    assert said.code == 0
    assert "securechat://" in said.out + said.err
    assert ("nobody at another machine can use this link" in said.err) is warned
    assert ("--host 0.0.0.0" in said.err) is warned
    assert "warning" not in said.out


def test_links_follow_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has got another address since the server started; one that was configured stays."""
    cli = served_once(tmp_path / "data", listen="0.0.0.0", address="", host="192.168.1.5")
    fixed = served_once(tmp_path / "fixed", listen="0.0.0.0", address="chat.example")
    monkeypatch.setattr(identity, "local_address", lambda: "10.9.8.7")
    monkeypatch.setattr("socket.gethostname", lambda: "laptop")
    assert LoginLink.parse(cli("invite --login").out).host == "10.9.8.7"
    assert LoginLink.parse(fixed("invite --login").out).host == "chat.example"


def test_an_imported_account_logs_in_by_what_was_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: a class is imported, a pupil pastes the link, and is in."""
    monkeypatch.setenv("SECURECHAT_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    password = tmp_path / "password"
    password.write_text("violet kettles dance 2\n")
    password.chmod(0o600)
    with running(tmp_path / "data") as server:
        link = told(AdminCli(server.data.path)("user import -", CLASS))
        argv = ["send", "#lobby", "hello", "--server", f"pupil2@{link.host}:{link.port}"]
        given = ["--password-file", str(password)]
        assert client([*argv, *given]) == Exit.CERTIFICATE
        whole = str(LoginLink(link.host, link.port, link.ca_sha256, "pupil2"))
        assert client(["send", "#lobby", "hello", "--server", whole, *given]) == Exit.OK
        assert client([*argv, *given]) == Exit.OK
        pinned = SettingsDirectory(tmp_path / "settings")
        assert [
            account for address, _ in pinned.pins() if (account := pinned.account(address))
        ] == ["pupil2"]


def test_a_link_leads_to_the_node_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The whole way with two addresses: who made the link is off, the other node lets people in,
    now and by what was kept.
    """
    monkeypatch.setenv("SECURECHAT_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)
    given = ["--password-file", str(password)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        off = listener.getsockname()[1]
    named = {"address": f"localhost:{off}", "addresses": ["127.0.0.1"]}
    with running(tmp_path / "data", "alice", server=named) as server:
        link = LoginLink.parse(AdminCli(server.data.path)("invite --login").out)
        assert link.places == (("localhost", off), ("127.0.0.1", server.port))
        whole = str(replace(link, account="alice"))
        assert client(["send", "#lobby", "one", "--server", whole, *given]) == Exit.OK
        assert client(["send", "#lobby", "two", *given]) == Exit.OK
        assert client(["history", "#lobby", "--json", *given]) == Exit.OK
        texts = [json.loads(line)["text"] for line in capfd.readouterr().out.splitlines()]
        assert texts == ["one", "two"]
        alone = ["send", "#lobby", "three", "--server", f"alice@127.0.0.1:{server.port}", *given]
        assert client(alone) == Exit.CERTIFICATE  # known as the other's address it is a stranger
    assert client(["send", "#lobby", "four", *given]) == Exit.UNREACHABLE
    told = capfd.readouterr().err.splitlines()[-2:]
    assert f"can't connect to 127.0.0.1:{link.further[0][1]}" in told[0]
    assert f"can't connect to localhost:{off}" in told[1]


def test_the_loopback_among_other_addresses_is_no_fault(tmp_path: Path) -> None:
    """Others can use the link by these."""
    cli = served_once(tmp_path / "data", listen="127.0.0.1", address="", addresses="b.example")
    said = cli("invite --login")
    assert LoginLink.parse(said.out).further == (("b.example", 6697),)
    assert "nobody at another machine" not in said.err


def test_a_server_that_starts_at_another_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its authority signs for the new one, and the member's client knows the authority."""
    monkeypatch.setenv("SECURECHAT_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)
    given = ["--password-file", str(password)]
    data = tmp_path / "data"
    with running(data, "alice") as server:
        link = LoginLink.parse(AdminCli(data)("invite --login").out)
        argv = ["send", "#lobby", "hello", "--server"]
        assert client([*argv, str(replace(link, account="alice")), *given]) == Exit.OK
        assert link.host == "127.0.0.1"
    with running(data, listen={"host": "127.0.0.2"}) as server:
        where = f"alice@127.0.0.2:{server.port}"
        assert client([*argv, where, *given]) == Exit.CERTIFICATE
        assert f"that you pinned for 127.0.0.1:{link.port}" in capsys.readouterr().err
        assert client([*argv, where, *given, "--moved"]) == Exit.OK
        assert client([*argv, where, *given]) == Exit.OK


def test_a_link_to_an_address_that_the_certificate_lacks(tmp_path: Path) -> None:
    """The link is printed, with what is wrong: whoever uses it would be refused."""
    files = Authority().server("mail.example").write(tmp_path, "site")
    cli = served_once(tmp_path / "data", cert=str(files[0]), key=str(files[1]))
    said = cli("invite --login")
    assert said.code == 0
    assert LoginLink.parse(said.out).host == "chat.test"
    assert "is for mail.example, and clients are told to connect to chat.test" in said.err
