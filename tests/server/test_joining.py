"""How a data directory becomes a node's: from a file, whole or not at all."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from securechat.common.files import write_new
from securechat.server import joining
from securechat.server.config import Config, ConfigError, load_config
from securechat.server.data import DataDirectory, DataError
from securechat.server.joining import as_toml, join, renew
from securechat.server.node_archive import JoinError, NodeArchive
from securechat.server.reloading import differences
from securechat.server.settings import wanted_database
from tests.server.test_config import EXAMPLE, uncommented
from tests.support.nodes import CONFIG, PEPPER, URL, archive, written


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    """One that isn't there yet."""
    return DataDirectory(tmp_path / "deep" / "data")


def as_it_is(config: Config) -> Config:
    return config


def contents(data: DataDirectory) -> dict[str, bytes]:
    files = (path for path in data.path.rglob("*") if path.is_file())
    return {str(path.relative_to(data.path)): path.read_bytes() for path in files}


def refusal(file: Path, data: DataDirectory) -> str:
    with pytest.raises(JoinError) as caught:
        join(file, data, as_it_is)
    return str(caught.value)


def test_all_of_it_is_there_and_private(tmp_path: Path, data: DataDirectory) -> None:
    """From birth: the files 0600, the directories 0700."""
    made = archive()
    assert join(written(tmp_path, made), data, as_it_is) == "south"
    found = contents(data)
    assert found.pop("securechat.toml")
    assert found == made.contents
    for path in [data.path, *data.path.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    data.choose(wanted_database(load_config(data.configuration)))
    data.check_files()


def test_its_configuration_is_what_the_other_node_has(tmp_path: Path, data: DataDirectory) -> None:
    """But for the paths, which are those of its own files."""
    join(written(tmp_path), data, as_it_is)
    config = load_config(data.own_configuration())
    expected = Config()
    for section, values in CONFIG.items():
        expected = expected.with_values(section, values, "x")
    assert differences(config, expected) == ["store.password_file"]
    assert config.path(config.store.password_file) == data.path / "database-password"


def test_what_the_command_line_says_is_kept(tmp_path: Path, data: DataDirectory) -> None:
    """So that the next start needs it no more."""
    join(written(tmp_path), data, lambda c: c.with_values("listen", {"port": 7001}, "x"))
    listen = load_config(data.own_configuration()).listen
    assert (listen.host, listen.port) == ("0.0.0.0", 7001)


def test_the_port_tells_nodes_of_one_machine_apart(tmp_path: Path, data: DataDirectory) -> None:
    """They have one host: links of each begin with its own address."""
    made = archive()
    server = {"address": "10.0.0.1:7001", "addresses": ["10.0.0.1:7001", "10.0.0.1:7002"]}
    config = {**made.config, "server": {**made.config["server"], **server}}
    file = written(tmp_path, NodeArchive("south", config, made.contents))
    join(file, data, lambda c: c.with_values("listen", {"port": 7002}, "x"))
    found = load_config(data.own_configuration()).server
    assert found.address == "10.0.0.1:7002"
    assert list(found.addresses) == server["addresses"]


def test_files_that_the_url_names_are_in_the_directory(tmp_path: Path, data: DataDirectory) -> None:
    """By their whole path, as libpq starts from its working directory."""
    made = archive()
    more = {**made.contents, "database-ca.pem": b"ca", "clients-ca.pem": b"clients"}
    join(written(tmp_path, NodeArchive("south", made.config, more)), data, as_it_is)
    config = load_config(data.own_configuration())
    assert config.store.url == f"{URL}?sslrootcert={data.path}/database-ca.pem"
    assert config.path(config.tls.client_ca) == data.path / "clients-ca.pem"


def test_without_an_authority_the_certificate_is_a_given_one(
    tmp_path: Path, data: DataDirectory
) -> None:
    """Or the start would make an authority of its own."""
    made = archive()
    contents = {name: one for name, one in made.contents.items() if name != "tls/ca.pem"}
    join(written(tmp_path, NodeArchive("south", made.config, contents)), data, as_it_is)
    tls = load_config(data.own_configuration()).tls
    assert (tls.cert, tls.key) == ("tls/server.pem", "tls/server-key.pem")


def test_an_empty_directory_is_taken(tmp_path: Path, data: DataDirectory) -> None:
    """As of a service, or a volume of a container: it can't be replaced."""
    data.create()
    before = data.path.stat().st_ino
    join(written(tmp_path), data, as_it_is)
    assert data.path.stat().st_ino == before


# --- what is refused -----------------------------------------------------------------------------


def test_twice_is_refused(tmp_path: Path, data: DataDirectory) -> None:
    """With what to do, which is one of two things."""
    file = written(tmp_path)
    join(file, data, as_it_is)
    before = contents(data)
    told = refusal(file, data)
    assert told.startswith(f"{data.path} has joined already: start it by `securechat-server`")
    assert "`securechat-admin nodes renew FILE`" in told
    assert contents(data) == before


@pytest.mark.parametrize("name", ["securechat.db", "store.json", "pepper", ".hidden", "lost+found"])
def test_a_directory_with_something_in_it_is_refused(
    tmp_path: Path, data: DataDirectory, name: str
) -> None:
    """A server, or anything else."""
    data.create()
    (data.path / name).write_text("here")
    assert f"has something in it already ({name})" in refusal(written(tmp_path), data)
    assert contents(data) == {name: b"here"}


def test_a_directory_that_others_can_look_into_is_refused(
    tmp_path: Path, data: DataDirectory
) -> None:
    """Also an empty one."""
    data.path.mkdir(parents=True, mode=0o755)
    data.path.chmod(0o755)
    with pytest.raises(DataError, match="can be read by others"):
        join(written(tmp_path), data, as_it_is)
    assert contents(data) == {}


def test_a_file_is_no_directory(tmp_path: Path, data: DataDirectory) -> None:
    """Whatever is in it."""
    data.path.parent.mkdir()
    data.path.write_text("here")
    assert "can't be a data directory" in refusal(written(tmp_path), data)
    assert data.path.read_text() == "here"


@pytest.mark.parametrize(
    ("section", "values", "told"),
    [
        ("listen", {"port": 70000}, "listen.port: expected a number from 0 to 65535"),
        ("listen", {"port": "6697"}, "listen.port: expected a number"),
        ("server", {"motd": "\x1b[2J"}, "server.motd: expected a text without control characters"),
        ("store", {"url": "mysql://db/chat"}, "store.url: expected postgresql://"),
        ("store", {"url": f"{URL}?password=hush"}, "store.url: there is a password in the URL"),
    ],
)
def test_a_configuration_that_no_server_takes_makes_nothing(
    tmp_path: Path, data: DataDirectory, section: str, values: dict[str, object], told: str
) -> None:
    """It is looked at before anything is written."""
    made = archive(**{section: {**CONFIG.get(section, {}), **values}})
    with pytest.raises(ConfigError) as caught:
        join(written(tmp_path, made), data, as_it_is)
    assert told in str(caught.value)
    assert "hush" not in str(caught.value)
    assert not data.path.exists()


def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No secret, and a directory that can be joined into."""
    data.create()

    def fills(path: Path, content: bytes) -> None:
        write_new(path, content)
        if path.name == "database-password":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(joining, "write_new", fills)
    assert "can't be written, and nothing was joined: No space left" in refusal(
        written(tmp_path), data
    )
    assert list(data.path.iterdir()) == []


def test_what_another_one_writes_meanwhile_stays(
    tmp_path: Path, data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that join at the same moment: the second one takes away nothing but its own."""
    data.create()

    def late(path: Path, content: bytes) -> None:
        if path.name == "server.pem":
            path.write_bytes(b"theirs")
        write_new(path, content)

    monkeypatch.setattr(joining, "write_new", late)
    assert "nothing was joined: File exists" in refusal(written(tmp_path), data)
    assert contents(data) == {"tls/server.pem": b"theirs"}


# --- a new certificate ---------------------------------------------------------------------------


def renewed(made: NodeArchive, **files: bytes) -> NodeArchive:
    names: Mapping[str, str] = {"pepper": "pepper", "ca": "tls/ca.pem"}
    changed = {names[name]: one for name, one in files.items()}
    return NodeArchive(made.node, made.config, {**made.contents, **changed})


def test_a_node_takes_another_certificate(tmp_path: Path, data: DataDirectory) -> None:
    """And nothing else of the file."""
    made = archive()
    join(written(tmp_path, made), data, as_it_is)
    (data.tls / "server.pem").write_bytes(b"old")
    (data.tls / "server-key.pem").write_bytes(b"old")
    (data.path / "database-password").write_bytes(b"another")
    renew(written(tmp_path, made, "again"), data, "south")
    found = contents(data)
    assert found["tls/server.pem"] == made.contents["tls/server.pem"]
    assert found["tls/server-key.pem"] == made.contents["tls/server-key.pem"]
    assert found["database-password"] == b"another"
    assert stat.S_IMODE((data.tls / "server-key.pem").stat().st_mode) == 0o600


def test_the_certificate_of_another_cluster_is_refused(tmp_path: Path, data: DataDirectory) -> None:
    """Its members would be refused, or its passwords wrong."""
    made = archive()
    join(written(tmp_path, made), data, as_it_is)
    before = contents(data)
    other = written(tmp_path, renewed(made, pepper=PEPPER[::-1]), "pepper")
    with pytest.raises(JoinError, match="as they differ in pepper"):
        renew(other, data, "south")
    with pytest.raises(JoinError, match=r"as they differ in tls/ca.pem"):
        renew(written(tmp_path, archive(), "ca"), data, "south")
    with pytest.raises(JoinError, match="expected a certificate for the node north, got south's"):
        renew(written(tmp_path, made, "again"), data, "north")
    assert contents(data) == before


# --- the file of a configuration -----------------------------------------------------------------


def test_a_configuration_is_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    """Texts with quotes and line ends, lists, numbers and truth values; each key."""
    file = tmp_path / "c.toml"
    config = Config(directory=tmp_path)
    for section, values in {
        **CONFIG,
        "listen": {"also": ["0.0.0.0:443", "[::]:6697"]},
        "history": {"tell": False},
    }.items():
        config = config.with_values(section, values, "x")
    file.write_text(as_toml(config))
    assert load_config(file) == config


def test_what_is_a_default_is_not_written(tmp_path: Path) -> None:
    """A later version may have a better one."""
    file = tmp_path / "c.toml"
    file.write_text(uncommented(EXAMPLE.read_text()))
    text = as_toml(load_config(file))
    assert all(line.startswith("#") for line in text.splitlines())
