"""Which certificate the server shows, and what it calls itself."""

from __future__ import annotations

import hashlib
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from securechat.ca.errors import CaError
from securechat.ca.pem import fingerprint
from securechat.server import identity
from securechat.server.config import Config, load_config
from securechat.server.data import DataDirectory
from securechat.server.identity import (
    find_identity,
    is_loopback,
    local_address,
    names_to_ask,
    public_host,
    server_name,
    wanted_names,
)
from tests.support.certificates import DAY, Authority, Issued, pem


@pytest.fixture(autouse=True)
def _laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine called laptop, at 192.168.1.5."""
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    monkeypatch.setattr(identity, "local_address", lambda: "192.168.1.5")


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    data = DataDirectory(tmp_path / "data")
    data.create()
    return data


def config(**sections: dict[str, Any]) -> Config:
    found = Config()
    for section, values in sections.items():
        found = found.with_values(section, values, "the test")
    return found


def shown(issued: Issued, directory: Path, *chain: Authority) -> Config:
    """The configuration that names a certificate, followed by this chain."""
    certificate, _ = issued.write(directory, "site")
    links = [pem(issued.certificate), *(link.pem.encode() for link in chain)]
    certificate.write_bytes(b"".join(links))
    return config(tls={"cert": str(certificate)})


# --- the server's own ----------------------------------------------------------------------------


def test_with_nothing_given_the_server_makes_its_own(data: DataDirectory) -> None:
    """A CA and a certificate in its data directory, for this machine's names."""
    found = find_identity(config(), data)
    assert found.certificate == data.tls / "server.pem"
    assert found.key == data.tls / "server-key.pem"
    assert found.ca_file == data.tls / "ca.pem"
    assert found.ca_sha256 is not None
    assert found.ca_sha256.hex() == fingerprint(data.tls / "ca.pem")
    assert found.names == (
        "localhost",
        "127.0.0.1",
        "::1",
        "laptop",
        "laptop.local",
        "192.168.1.5",
    )
    assert found.days_left == 89
    assert found.warnings == ()


def test_the_second_start_shows_the_same(data: DataDirectory) -> None:
    """Clients have pinned it."""
    first = find_identity(config(), data)
    before = first.certificate.read_bytes()
    assert find_identity(config(), data) == first
    assert first.certificate.read_bytes() == before


def test_a_name_that_the_ca_may_not_sign_for_is_told(data: DataDirectory) -> None:
    """The server starts without it; the text says how to make a wider CA."""
    find_identity(config(), data)
    found = find_identity(config(server={"address": "chat.example.org"}), data)
    [warning] = found.warnings
    assert "the certificate leaves out chat.example.org" in warning
    assert "clients that connect there refuse it" in warning
    assert f"gencerts make --new-ca --force --out {data.tls} localhost" in warning
    assert "--replace-trust" in warning
    assert "chat.example.org" not in found.names


def test_what_clients_connect_to_is_in_the_certificate() -> None:
    """This machine's names, and the configured ones; a wildcard is no name."""
    names = ["localhost", "127.0.0.1", "::1", "laptop", "laptop.local", "192.168.1.5"]
    assert wanted_names(config()) == names
    settings = config(
        server={"name": "chat.example", "address": "203.0.113.9"}, listen={"host": "0.0.0.0"}
    )
    assert wanted_names(settings) == [*names, "203.0.113.9", "chat.example"]
    assert wanted_names(config(listen={"host": "::"})) == names
    nodes = config(server={"addresses": ["b.example:443", "::7"]})
    assert wanted_names(nodes) == [*names, "b.example", "::7"]  # one authority is for all of them
    assert wanted_names(config(listen={"host": "192.168.1.5"})) == names


# --- a configured one ----------------------------------------------------------------------------


def test_a_configured_certificate_is_shown(data: DataDirectory, tmp_path: Path) -> None:
    """With the key beside it and the pin of the CA at its end."""
    authority = Authority()
    settings = shown(authority.server("chat.example", lasts=90 * DAY), tmp_path, authority)
    found = find_identity(settings, data)
    assert found.certificate == tmp_path / "site.pem"
    assert found.key == tmp_path / "site-key.pem"
    assert found.ca_file is None
    assert found.ca_sha256 == hashlib.sha256(authority.der).digest()
    assert found.names == ("chat.example",)
    assert found.days_left == 89
    assert found.warnings == ()
    assert not data.tls.exists()


# --- a node that has joined ----------------------------------------------------------------------


def joined(data: DataDirectory, *names: str, lasts: timedelta = 100 * DAY) -> Authority:
    """Its authority's key is at another node."""
    authority = Authority()
    data.tls.mkdir(mode=0o700)
    authority.server(*names, lasts=lasts).write(data.tls, "server")
    authority.write(data.tls)
    return authority


def node(**server: str) -> Config:
    store = {"url": "postgresql://chat@db.example/chat"}
    named = {"name": "chat.example", **server}
    everywhere = {"host": "0.0.0.0"}
    return config(server=named, listen=everywhere, store=store, cluster={"node": "south"})


def test_a_node_goes_on_with_the_certificate_that_it_was_given(data: DataDirectory) -> None:
    """It isn't for all names of the machine, and needn't be: nobody is told them."""
    authority = joined(data, "chat.example", "south.example")
    found = find_identity(node(address="south.example"), data)
    assert found.warnings == ()
    assert found.names == ("chat.example", "south.example")
    assert found.ca_sha256 == hashlib.sha256(authority.der).digest()
    assert found.wanted == names_to_ask(node(address="south.example"), data)
    assert not (data.tls / "ca-key.pem").exists()


def test_where_a_node_listens_for_this_machine_needs_no_other_certificate(
    data: DataDirectory,
) -> None:
    """As behind a balancer that is on the same machine."""
    joined(data, "chat.example", "south.example")
    server = {"name": "chat.example", "address": "south.example"}
    store = {"url": "postgresql:///chat"}
    here = config(
        server=server, listen={"host": "127.0.0.1"}, store=store, cluster={"node": "south"}
    )
    assert find_identity(here, data).warnings == ()


def test_a_node_is_told_how_it_gets_another_certificate(data: DataDirectory) -> None:
    """One for a name that it lacks, as links have it; or before its own ends."""
    joined(data, "chat.example", "south.example")
    [told] = find_identity(node(address="new.example"), data).warnings
    assert told.startswith("the certificate of this node leaves out new.example, and the ")
    assert (
        "by `securechat-admin nodes prepare south chat.example south.example new.example --out "
        "FILE`, and take it up here by `securechat-admin nodes renew FILE`"
    ) in told


def test_a_node_is_told_when_its_certificate_ends(data: DataDirectory) -> None:
    """In time for somebody to make another one."""
    joined(data, "chat.example", "south.example", lasts=DAY / 2)
    found = find_identity(node(address="south.example"), data)
    [told] = found.warnings
    assert f"of this node ends on {found.not_after:%Y-%m-%d}, and the authority's key" in told


def test_a_node_with_the_authoritys_key_renews_itself(data: DataDirectory) -> None:
    """The first one is as a single server is."""
    assert "localhost" in find_identity(node(), data).names
    later = find_identity(node(address="other.local"), data)
    assert "other.local" in later.names
    assert later.warnings == ()


# --- a given one ---------------------------------------------------------------------------------


def test_a_key_elsewhere_is_used(data: DataDirectory, tmp_path: Path) -> None:
    """As [tls] key names it, from the configuration's directory."""
    authority = Authority()
    authority.server("chat.example").write(tmp_path, "site")
    (tmp_path / "site-key.pem").rename(tmp_path / "other.pem")
    path = tmp_path / "chat.toml"
    path.write_text('[tls]\ncert = "site.pem"\nkey = "other.pem"\n')
    found = find_identity(load_config(path), data)
    assert found.key == tmp_path / "other.pem"


def test_a_lone_certificate_has_no_pin(data: DataDirectory, tmp_path: Path) -> None:
    """Clients then use their system's store."""
    settings = shown(Authority().server("chat.example", lasts=90 * DAY), tmp_path)
    assert find_identity(settings, data).ca_sha256 is None


def test_a_public_cas_intermediate_is_no_pin(data: DataDirectory, tmp_path: Path) -> None:
    """It changes without notice, and verifies nothing without its root."""
    authority = Authority()
    leaf = authority.server("chat.example", lasts=90 * DAY)
    certificate, _ = leaf.write(tmp_path, "site")
    # Any certificate that isn't self-signed stands for the intermediate at a chain's end.
    middle = authority.server("intermediate", lasts=90 * DAY).certificate
    certificate.write_bytes(pem(leaf.certificate) + pem(middle))
    found = find_identity(config(tls={"cert": str(certificate)}), data)
    assert found.ca_sha256 is None


@pytest.mark.parametrize(("days", "warned"), [(40, False), (31, False), (29, True), (1, True)])
def test_a_certificate_near_its_end_is_told(
    data: DataDirectory, tmp_path: Path, days: int, warned: bool
) -> None:
    """Thirty days before."""
    authority = Authority()
    lasts = timedelta(days=days, hours=1)
    settings = shown(authority.server("chat.example", lasts=lasts), tmp_path, authority)
    warnings = find_identity(settings, data).warnings
    told = f"{tmp_path}/site.pem expires in {days} days; renew it and send the server a SIGHUP"
    assert warnings == ((told,) if warned else ())


def test_an_unusable_one_is_refused(data: DataDirectory, tmp_path: Path) -> None:
    """Expired, missing, or without its key: the server doesn't make its own instead."""
    authority = Authority()
    settings = shown(authority.server("chat.example", lasts=-DAY), tmp_path, authority)
    with pytest.raises(CaError, match="expired on"):
        find_identity(settings, data)
    (tmp_path / "site-key.pem").unlink()
    with pytest.raises(CaError, match=r"site-key\.pem"):
        find_identity(settings, data)
    with pytest.raises(CaError, match=r"none\.pem"):
        find_identity(config(tls={"cert": str(tmp_path / "none.pem")}), data)
    assert not data.tls.exists()


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("laptop", "laptop.local"),
        ("chat.example.org", "chat.example.org"),
        ("my laptop!", "mylaptop.local"),
        ("-x-", "x.local"),
        ("ноутбук", "securechat.local"),
        ("", "securechat.local"),
        ("a" * 100, "a" * 50 + ".local"),
    ],
)
def test_the_servers_name_has_a_dot(monkeypatch: pytest.MonkeyPatch, host: str, name: str) -> None:
    """Clients tell servers from people by it; nothing in it may break a line of IRC."""
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert server_name(config()) == name
    assert server_name(config(server={"name": "chat.example"})) == "chat.example"


@pytest.mark.parametrize(
    ("server", "listen", "told"),
    [
        ({}, {}, "127.0.0.1"),
        ({}, {"host": "192.168.1.7"}, "192.168.1.7"),
        ({}, {"host": "0.0.0.0"}, "192.168.1.5"),
        ({}, {"host": "::"}, "192.168.1.5"),
        ({"address": "chat.example"}, {"host": "0.0.0.0"}, "chat.example"),
        ({"address": "chat.example"}, {"host": "127.0.0.1"}, "chat.example"),
    ],
)
def test_clients_are_told_where_to_connect(
    server: dict[str, Any], listen: dict[str, Any], told: str
) -> None:
    """The configured address, else what the server listens on, else this machine's address."""
    assert public_host(config(server=server, listen=listen)) == told


def test_without_a_network_clients_are_told_the_machines_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Better than a wildcard, to which nobody can connect."""
    monkeypatch.setattr(identity, "local_address", lambda: None)
    assert public_host(config(listen={"host": "0.0.0.0"})) == "laptop"
    assert "192.168.1.5" not in wanted_names(config())


class _Probe:
    """A UDP socket of a machine with this address; None where there is no network."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    def __enter__(self) -> _Probe:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, to: tuple[str, int]) -> None:
        assert to[0] == "192.0.2.1"
        if self._address is None:
            raise OSError(101, "Network is unreachable")

    def getsockname(self) -> tuple[str, int]:
        assert self._address is not None
        return self._address, 1


@pytest.mark.parametrize(
    ("address", "found"), [("10.0.0.7", "10.0.0.7"), ("127.0.0.1", None), (None, None)]
)
def test_the_local_address_is_one_of_a_network(
    monkeypatch: pytest.MonkeyPatch, address: str | None, found: str | None
) -> None:
    """A loopback address is none, and without a network there is none."""
    monkeypatch.setattr(socket, "socket", lambda *_: _Probe(address))
    assert local_address() == found


# --- a machine that moves ------------------------------------------------------------------------


def test_another_address_gets_a_certificate_of_the_same_authority(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Private addresses and names in .local are within what the first authority signs for."""
    settings = config(listen={"host": "0.0.0.0"})
    first = find_identity(settings, data)
    monkeypatch.setattr(identity, "local_address", lambda: "10.9.8.7")
    monkeypatch.setattr(socket, "gethostname", lambda: "desk")
    second = find_identity(settings, data)
    assert second.ca_sha256 == first.ca_sha256
    assert {"10.9.8.7", "desk.local", "laptop.local", "192.168.1.5"} <= set(second.names)
    third = find_identity(config(listen={"host": "chat.local"}), data)
    assert "chat.local" in third.names
    assert third.warnings == ()


def test_a_name_of_the_machine_that_nobody_is_told_is_left_out_in_silence(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What clients are told is another name; a warning at each start would be for nothing."""
    settings = config(server={"address": "192.168.1.5"}, listen={"host": "0.0.0.0"})
    find_identity(settings, data)
    monkeypatch.setattr(socket, "gethostname", lambda: "desk")
    found = find_identity(settings, data)
    assert "desk" not in found.names
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("chat.lab.example", "chat.lab.example"),
        ("laptop", "192.168.1.5"),
        ("laptop.local", "192.168.1.5"),
        ("localhost.localdomain", "192.168.1.5"),
    ],
)
def test_all_addresses_are_told_by_the_hosts_name(
    monkeypatch: pytest.MonkeyPatch, host: str, told: str
) -> None:
    """Where a name server may know it: it stays when the address changes. Others can't find a name
    without a dot, and by the address they can.
    """
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert public_host(config(listen={"host": "0.0.0.0"})) == told


@pytest.mark.parametrize(
    ("host", "only_here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("192.168.1.5", False),
        ("chat.example", False),
        ("0.0.0.0", False),
    ],
)
def test_an_address_that_only_this_machine_reaches(host: str, only_here: bool) -> None:
    """A link to it is worth nothing elsewhere."""
    assert is_loopback(host) is only_here
