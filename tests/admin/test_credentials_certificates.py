"""`securechat-admin certificate …`: which client certificates log in."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from securechat.ca import pem
from securechat.store.sql.rows import CertificateRow
from tests.support.admin_cli import GOOD, AdminCli, served_once
from tests.support.certificates import Authority
from tests.support.client import Client
from tests.support.server import ServerUnderTest, running

IN_EFFECT = "In effect: the running server has taken it up.\n"


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    """With two accounts."""
    cli = served_once(tmp_path / "data")
    cli.adds("Alice", "bob")
    return cli


@pytest.fixture
def authority() -> Authority:
    return Authority("Clients")


def together(authority: Authority, name: str, directory: Path) -> Path:
    """A client certificate and its key in one file, as `gencerts client` leaves it."""
    certificate, key = authority.client(name).write(directory, f"client-{name}")
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    return certificate


def certificates(cli: AdminCli) -> list[CertificateRow]:
    with cli.reading() as reader:
        return reader.certificates()


def test_a_certificate_is_added(cli: AdminCli, authority: Authority, tmp_path: Path) -> None:
    """Under its file's name, or another; what ends it is said."""
    file = together(authority, "alice", tmp_path)
    said = cli(f"certificate add alice {file}")
    assert said.code == 0
    assert f"logs in as Alice. SHA-256: {pem.fingerprint(file)}" in said.out
    assert "securechat-admin certificate revoke Alice client-alice" in said.out
    other = together(authority, "other", tmp_path)
    assert cli(f"certificate add alice {other} --name laptop").code == 0
    assert sorted(row.name for row in certificates(cli)) == ["client-alice", "laptop"]
    assert {row.fingerprint.hex() for row in certificates(cli)} == {
        *(pem.fingerprint(file), pem.fingerprint(other))
    }


def test_the_list(cli: AdminCli, authority: Authority, tmp_path: Path) -> None:
    """All, or of one account; for people and for programs."""
    assert "`certificate add ACCOUNT FILE`" in cli("certificate list").err
    for name in ("alice", "bob"):
        cli(f"certificate add {name} {together(authority, name, tmp_path)}")
    header, *lines = cli("certificate list").out.splitlines()
    assert re.split(" {2,}", header) == ["ACCOUNT", "NAME", "ADDED", "LAST USED", "SHA-256"]
    assert [line.split()[0] for line in lines] == ["Alice", "bob"]
    [entry] = json.loads(cli("certificate list BOB --json").out)
    assert entry.pop("created").endswith("+00:00")
    assert entry == {
        "account": "bob",
        "name": "client-bob",
        "sha256": pem.fingerprint(tmp_path / "client-bob.pem"),
        "last_used": None,
    }
    assert "certificates   client-bob" in cli("user show bob").out


def test_what_is_no_client_s_certificate(
    cli: AdminCli, authority: Authority, tmp_path: Path
) -> None:
    """A server's, one that is over, no certificate, none for anybody."""
    server, _ = authority.server("localhost").write(tmp_path, "server")
    old, key = authority.client("alice", lasts=-timedelta(days=1)).write(tmp_path, "old")
    for file, told in [
        (server, "without clientAuth in its extended key usage"),
        (old, "expired on"),
        (key, "expected a certificate"),
        (tmp_path / "missing.pem", "no such file"),
    ]:
        said = cli(f"certificate add alice {file}")
        assert (said.code, said.out) == (1, "")
        assert told in said.err
    assert certificates(cli) == []


def test_it_is_registered_once(cli: AdminCli, authority: Authority, tmp_path: Path) -> None:
    """For one account, under one name."""
    file, other = (together(authority, name, tmp_path) for name in ("alice", "other"))
    cli(f"certificate add alice {file}")
    said = cli(f"certificate add bob {file}")
    assert (said.code, said.out) == (1, "")
    assert "registered already, as client-alice of Alice" in said.err
    said = cli(f"certificate add alice {other} --name client-alice")
    assert "Alice has a certificate named client-alice already" in said.err
    assert cli(f"certificate add alice {other} --name 'a b'").code == 2


def test_it_is_revoked(cli: AdminCli, authority: Authority, tmp_path: Path) -> None:
    """By its account and its name; the audit has both acts."""
    cli(f"certificate add alice {together(authority, 'alice', tmp_path)}")
    said = cli("certificate revoke alice phone")
    assert (said.code, said.out) == (1, "")
    assert "Alice has no certificate 'phone'; `certificate list Alice` shows them" in said.err
    said = cli("certificate revoke ALICE client-alice")
    assert said.out == "The certificate client-alice of Alice is revoked; it logs nobody in.\n"
    assert certificates(cli) == []
    audited = [json.loads(line)["event"] for line in cli("audit --json --all").out.splitlines()]
    assert audited[-2:] == ["certificate added", "certificate revoked"]


@pytest.mark.parametrize("act", ["user passwd alice --password-stdin", "user delete alice --yes"])
def test_other_acts_leave_none(
    cli: AdminCli, authority: Authority, tmp_path: Path, act: str
) -> None:
    """A thief who has got hold of the account is logged out."""
    for name in ("alice", "bob"):
        cli(f"certificate add {name} {together(authority, name, tmp_path)}")
    assert cli(act, GOOD + "!").code == 0
    assert [row.name for row in certificates(cli)] == ["client-bob"]


# --- beside a running server ---------------------------------------------------------------------


def logs_in(server: ServerUnderTest, certificate: Path) -> tuple[Client, str]:
    """A connection, and the numeric that its login by certificate is answered with."""
    person = server.connect(certificate=certificate)
    person.sends("CAP REQ :sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE EXTERNAL")
    person.sends("AUTHENTICATE +", "CAP END")
    answer = person.hears_until(lambda line: " 903 " in line or " 904 " in line)[-1]
    return person, answer.split(" ")[1]


def test_it_is_in_effect_at_once(tmp_path: Path, authority: Authority) -> None:
    """It lets in when it was added; revoking it ends what it has let in, and no more."""
    client_ca, file = authority.write(tmp_path), together(authority, "alice", tmp_path)
    with running(tmp_path / "data", "alice", tls={"client_ca": str(client_ca)}) as server:
        cli = AdminCli(server.data.path)
        assert logs_in(server, file)[1] == "904"
        assert cli(f"certificate add alice {file} --name laptop").err == IN_EFFECT
        person, answer = logs_in(server, file)
        assert answer == "903"
        other = server.member("alice")
        assert cli("certificate revoke alice laptop").err == IN_EFFECT
        assert "The certificate laptop has been revoked" in person.hears_the_end()[-1]
        assert other.hears() is not None
        assert logs_in(server, file)[1] == "904"


def test_who_knows_the_client_authority_s_key_is_nobody(
    tmp_path: Path, authority: Authority
) -> None:
    """A certificate that bears an administrator's name is one that nobody has registered."""
    client_ca, file = authority.write(tmp_path), together(authority, "alice", tmp_path)
    with running(tmp_path / "data", "alice", tls={"client_ca": str(client_ca)}) as server:
        AdminCli(server.data.path)(f"certificate add alice {file}")
        forged = authority.client("alice").write(tmp_path, "forged")
        forged[0].write_bytes(forged[0].read_bytes() + forged[1].read_bytes())
        assert logs_in(server, forged[0])[1] == "904"
        assert logs_in(server, file)[1] == "903"
