"""`securechat-admin nodes`: what a further node needs, prepared at one that there is."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from securechat.ca import pem
from securechat.ca.ensure import ensure_server_certificate
from securechat.common.files import write_new
from securechat.server.config import load_config
from securechat.server.data import DataDirectory
from securechat.server.joining import join
from securechat.server.node_archive import read_archive
from securechat.store.admin import Admin
from securechat.store.audit import Wanted
from securechat.store.pepper import find_pepper
from securechat.store.postgres.location import PostgresLocation, parse_location
from tests.support.admin_cli import AdminCli
from tests.support.certificates import Authority
from tests.support.postgres import PostgresServer

NAMES = ["chat.lab.example", "localhost"]


class Node:
    """The first one, as it is once its server has run."""

    def __init__(self, place: Path, location: PostgresLocation) -> None:
        self.place = place
        self.location = location
        self.cli = AdminCli(place / "data")
        self.data = DataDirectory(self.cli.data)
        self.data.create()
        self.data.choose(location, "north")
        self.data.keep_choice()
        find_pepper(location, self.data.pepper)
        made = ensure_server_certificate(self.data.tls, NAMES, now=datetime.now(UTC))
        self.remembers("ca_sha256", made.ca_fingerprint)
        self.configured()

    def configured(self, **sections: str) -> None:
        """A file with these lines in its sections."""
        lines = {
            "server": 'name = "chat.lab.example"\nnetwork = "Lab"',
            "listen": 'host = "0.0.0.0"',
            "store": f'url = "{self.location.url}"\nsingle = true',
            "cluster": 'node = "north"',
        }
        text = "\n".join(f"[{name}]\n{one}" for name, one in {**lines, **sections}.items())
        (self.place / "c.toml").write_text(text)

    def remembers(self, key: str, value: str) -> None:
        admin = Admin(self.location)
        admin.reader._connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )
        admin.close()

    def prepares(self, words: str) -> str:
        """What it says of a good end, on both streams."""
        said = self.cli(f"nodes prepare {words}", config=str(self.place / "c.toml"))
        assert said.code == 0, said.err
        return said.out + said.err

    def refuses(self, words: str, code: int = 1) -> str:
        said = self.cli(f"nodes {words}", config=str(self.place / "c.toml"))
        assert (said.code, said.out) == (code, "")
        return said.err


@pytest.fixture
def node(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Node]:
    with postgres_server.lent() as location:
        yield Node(tmp_path, location)


def test_a_further_node_gets_all_that_it_needs(node: Node, tmp_path: Path) -> None:
    """And not the authority's key."""
    file = tmp_path / "south.node"
    said = node.prepares(f"south south.chat.lab.example 10.0.0.2 --out {file}")
    assert "for south.chat.lab.example, 10.0.0.2, chat.lab.example, until 20" in said
    assert "securechat-server --join south.node" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = read_archive(file)
    assert made.node == "south"
    assert made.config["server"] == {
        "name": "chat.lab.example",
        "address": "south.chat.lab.example",
        "network": "Lab",
    }
    assert made.config["listen"] == {"host": "0.0.0.0"}
    assert made.contents["pepper"] == node.data.pepper.read_bytes()
    assert made.contents["tls/ca.pem"] == (node.data.tls / "ca.pem").read_bytes()
    assert sorted(made.contents) == ["pepper", "tls/ca.pem", "tls/server-key.pem", "tls/server.pem"]
    other = DataDirectory(tmp_path / "other")
    join(file, other, lambda config: config)
    [leaf, ca] = pem.load_certificates(other.tls / "server.pem")
    assert pem.is_issued_by(leaf, ca)
    assert load_config(other.own_configuration()).cluster.node == "south"
    # The other one's own certificate is untouched.
    assert leaf not in pem.load_certificates(node.data.tls / "server.pem")


def test_the_audit_tells_of_it(node: Node, tmp_path: Path) -> None:
    """As there is one more copy of the pepper."""
    node.prepares(f"south 10.0.0.2 --out {tmp_path / 'a'}")
    with closing(Admin(node.location)) as admin:
        [row] = admin.audit.rows(Wanted(event="node prepared"))
    assert row.told() == {"node": "south", "file": str(tmp_path / "a")}


def test_what_is_one_machines_own_stays_there(node: Node, tmp_path: Path) -> None:
    """Its addresses and who watches it; a balancer and a page are the same for all."""
    node.configured(
        listen='host = "10.0.0.1"\nalso = ["0.0.0.0:443", "10.0.0.1:7000"]\nproxies = ["10.9.9.9"]',
        web='host = "10.0.0.1"\nurl = "https://chat.lab.example"',
        metrics='listen = "127.0.0.1:9667"',
        server='name = "chat.lab.example"\naddress = "chat.lab.example:443"',
    )
    said = node.prepares(f"south south.chat.lab.example 10.0.0.2 --out {tmp_path / 'a'}")
    assert "what stands in [metrics] is not in the file" in said
    config = read_archive(tmp_path / "a").config
    assert config["listen"] == {
        "host": "10.0.0.2",
        "also": ["0.0.0.0:443"],
        "proxies": ["10.9.9.9"],
    }
    assert config["web"] == {"host": "10.0.0.2", "url": "https://chat.lab.example"}
    assert config["server"]["address"] == "chat.lab.example:443"
    assert "metrics" not in config


def test_files_that_the_configuration_names_go_along(node: Node, tmp_path: Path) -> None:
    """The database's password, and whom the database and certificates of people are trusted by."""
    for name in ("password", "root.pem", "clients.pem"):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o600)
    url = f"{node.location.url}&sslrootcert={tmp_path}/root.pem"
    node.configured(
        store=f'url = "{url}"\npassword_file = "password"', tls='client_ca = "clients.pem"'
    )
    node.prepares(f"south 10.0.0.2 --out {tmp_path / 'a'}")
    made = read_archive(tmp_path / "a")
    assert made.contents["database-password"] == b"password"
    assert made.contents["database-ca.pem"] == b"root.pem"
    assert made.contents["clients-ca.pem"] == b"clients.pem"
    assert made.config["store"] == {"url": node.location.url}
    assert "tls" not in made.config


def test_what_may_go_wrong_at_the_other_machine_is_told(node: Node, tmp_path: Path) -> None:
    """A database that only this one reaches, and a listener that only this one reaches."""
    node.configured(listen="port = 7000")
    said = node.prepares(f"south 10.0.0.2 --out {tmp_path / 'a'}")
    assert "is a database on this machine" in said
    assert "give it --host 0.0.0.0 beside --join" in said


# --- whose certificate ---------------------------------------------------------------------------


def test_without_the_authoritys_key_a_certificate_can_be_given(node: Node, tmp_path: Path) -> None:
    """What the authority has signed elsewhere."""
    elsewhere = tmp_path / "vault"
    elsewhere.mkdir(mode=0o700)
    for name in ("ca.pem", "ca-key.pem"):
        (elsewhere / name).write_bytes((node.data.tls / name).read_bytes())
        (elsewhere / name).chmod(0o600)
    (node.data.tls / "ca-key.pem").unlink()
    told = node.refuses(f"prepare south 10.0.0.2 --out {tmp_path / 'a'}")
    assert f"{node.data.tls}/ca-key.pem, is not on this machine" in told
    assert "sign there by `gencerts --out DIR 10.0.0.2`" in told
    assert not (tmp_path / "a").exists()
    ensure_server_certificate(elsewhere, ["10.0.0.2"], now=datetime.now(UTC))
    node.prepares(f"south 10.0.0.2 --cert {elsewhere}/server.pem --out {tmp_path / 'a'}")
    made = read_archive(tmp_path / "a")
    assert made.contents["tls/server.pem"] == (elsewhere / "server.pem").read_bytes()
    assert "tls/ca.pem" in made.contents


def test_an_encrypted_key_of_the_authority_is_opened(node: Node, tmp_path: Path) -> None:
    """By its passphrase, from a file where nobody can be asked."""
    key = node.data.tls / "ca-key.pem"
    key.write_bytes(pem.key_pem(pem.load_key(key), b"correct horse battery"))
    told = node.refuses(f"prepare south 10.0.0.2 --out {tmp_path / 'a'}")
    assert "there is no terminal to ask on" in told
    secret = tmp_path / "passphrase"
    write_new(secret, b"correct horse battery\n")
    node.prepares(f"south 10.0.0.2 --passphrase-file {secret} --out {tmp_path / 'a'}")
    assert read_archive(tmp_path / "a").node == "south"
    assert pem.is_encrypted(key)


def test_a_certificate_of_somebody_else_is_given_to_each_node(node: Node, tmp_path: Path) -> None:
    """Nothing here could sign it; one file for all nodes will do."""
    authority = Authority()
    authority.server("chat.lab.example", "south.example").write(tmp_path, "site")
    (tmp_path / "site.pem").write_bytes(
        (tmp_path / "site.pem").read_bytes() + authority.pem.encode()
    )
    node.configured(tls=f'cert = "{tmp_path}/site.pem"')
    node.remembers("ca_sha256", pem.fingerprint(authority.certificate))
    told = node.refuses(f"prepare south south.example --out {tmp_path / 'a'}")
    assert "is not from its own authority" in told
    assert "get one for south.example from where this one is from" in told
    node.prepares(f"south south.example --cert {tmp_path}/site.pem --out {tmp_path / 'a'}")
    assert "tls/ca.pem" not in read_archive(tmp_path / "a").contents


def test_a_certificate_of_the_command_line_is_somebody_elses_too(
    node: Node, tmp_path: Path
) -> None:
    """The configuration doesn't name it, and an authority of its own may be there from before."""
    node.remembers("ca_sha256", "ab" * 32)
    told = node.refuses(f"prepare south 10.0.0.2 --out {tmp_path / 'a'}")
    assert "is not from its own authority" in told


@pytest.mark.parametrize(
    ("names", "own", "told"),
    [
        (["south.example"], False, "is from another authority than this server's certificate"),
        (["north.example"], True, "is for north.example, and not for south.example"),
    ],
)
def test_a_given_certificate_that_would_be_refused_is(
    node: Node, tmp_path: Path, names: list[str], own: bool, told: str
) -> None:
    """By people's clients, which come too late for whoever prepares."""
    authority = Authority()
    authority.server(*names).write(tmp_path, "site")
    if own:
        node.remembers("ca_sha256", pem.fingerprint(authority.certificate))
    found = node.refuses(
        f"prepare south south.example --cert {tmp_path}/site.pem --out {tmp_path / 'a'}"
    )
    assert told in found
    assert not (tmp_path / "a").exists()


def test_a_name_that_the_authority_may_not_sign_for_is_told(node: Node, tmp_path: Path) -> None:
    """With what to do; those of the server are left out in silence."""
    told = node.refuses(f"prepare south south.example --out {tmp_path / 'a'}")
    assert "south.example: outside what the CA in" in told
    node.configured(server='name = "another.example"')
    said = node.prepares(f"south 10.0.0.2 --out {tmp_path / 'a'}")
    assert "its certificate is for 10.0.0.2, until" in said


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "address", "addresses", "warned"),
    [
        ("", "10.0.0.2", None, "links name only the node that makes them"),
        ('address = "chat.lab.example"', "chat.lab.example", None, ""),
        (
            'address = "10.0.0.1"\naddresses = ["10.0.0.1", "10.0.0.2:443"]',
            "10.0.0.2:443",
            ["10.0.0.1", "10.0.0.2:443"],
            "",
        ),
        (
            'address = "10.0.0.1"\naddresses = ["10.0.0.1"]',
            "10.0.0.2",
            ["10.0.0.1", "10.0.0.2"],
            "put 10.0.0.2 into addresses in [server] of each node",
        ),
        (  # a name that leads to all nodes, beside each one's own address
            'address = "10.0.0.9"\naddresses = ["10.0.0.1", "10.0.0.2:443"]',
            "10.0.0.2:443",
            ["10.0.0.1", "10.0.0.2:443", "10.0.0.9"],
            "",
        ),
    ],
)
def test_links_of_the_other_node_lead_to_it(
    node: Node, tmp_path: Path, server: str, address: str, addresses: object, warned: str
) -> None:
    """By a name that leads to all, or by its own beside those of all."""
    node.configured(server=f'name = "chat.lab.example"\n{server}')
    said = node.prepares(f"south 10.0.0.2 --out {tmp_path / 'a'}")
    found = read_archive(tmp_path / "a").config["server"]
    assert (found["address"], found.get("addresses")) == (address, addresses)
    assert warned in said
    assert ("warning: links" in said) == bool(warned)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("prepare north 10.0.0.2 --out PLACE/a", 1, "north is the name of this node"),
        ("prepare so/uth 10.0.0.2 --out PLACE/a", 2, "Expected a name of at most 32 letters"),
        ("prepare south --out PLACE/a", 2, "Missing argument 'HOST...'"),
        ("prepare south 10.0.0.2", 2, "Missing option '--out'"),
        ("prepare south not_a_host --out PLACE/a", 1, "'not_a_host'"),
        ("prepare south 10.0.0.2 --out PLACE/c.toml", 1, "is there already and was not"),
        ("prepare south 10.0.0.2 --out PLACE/none/a", 1, "No such file or directory"),
    ],
)
def test_a_slip_of_the_pen_is_told(
    node: Node, tmp_path: Path, words: str, code: int, told: str
) -> None:
    """And nothing is written."""
    before = sorted(tmp_path.iterdir())
    assert told in node.refuses(words.replace("PLACE", str(tmp_path)), code)
    assert sorted(tmp_path.iterdir()) == before


def test_a_server_that_is_no_node_prepares_none(node: Node, tmp_path: Path) -> None:
    """The first one needs a name, too."""
    node.configured(cluster="")
    told = node.refuses(f"prepare south 10.0.0.2 --out {tmp_path / 'a'}")
    assert "this server is no node yet: give it a name as node in [cluster]" in told
    said = node.cli(f"nodes prepare south 10.0.0.2 --out {tmp_path / 'a'}")
    assert (said.code, "name it by --config FILE" in said.err) == (1, True)


def test_a_url_with_other_files_of_this_machine_is_refused(node: Node, tmp_path: Path) -> None:
    """There they wouldn't be."""
    node.configured(store=f'url = "{node.location.url}&passfile=/root/.pgpass"')
    told = node.refuses(f"prepare south 10.0.0.2 --out {tmp_path / 'a'}")
    assert "store.url: expected none of passfile, servicefile" in told


# --- a new certificate ---------------------------------------------------------------------------


def test_a_node_that_joined_gets_a_new_certificate(node: Node, tmp_path: Path) -> None:
    """Prepared again where the key is, by the same name; taken up at the node."""
    node.prepares(f"south 10.0.0.2 --out {tmp_path / 'a'}")
    other = DataDirectory(tmp_path / "other")
    join(tmp_path / "a", other, lambda config: config)
    other.choose(parse_location(node.location.url))
    before = (other.tls / "server.pem").read_bytes()
    node.prepares(f"south 10.0.0.2 10.0.0.3 --out {tmp_path / 'b'}")
    cli = AdminCli(other.path)
    said = cli(f"nodes renew {tmp_path / 'b'}")
    assert (said.code, said.out) == (0, f"The certificate in {other.tls} is the new one.\n")
    assert f"securechat-admin reload --data {other.path}" in said.err
    after = (other.tls / "server.pem").read_bytes()
    assert after != before
    assert after == read_archive(tmp_path / "b").contents["tls/server.pem"]
    node.prepares(f"third 10.0.0.2 --out {tmp_path / 'c'}")
    said = cli(f"nodes renew {tmp_path / 'c'}")
    assert (said.code, "expected a certificate for the node south" in said.err) == (1, True)
