"""The configuration: the example is the truth, and each mistake is told with its place."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from securechat.server import config as config_module
from securechat.server.config import (
    SECTIONS,
    Config,
    ConfigError,
    load_config,
    parse_config,
)
from securechat.server.settings import wanted_database
from securechat.store.postgres.location import PostgresLocation

EXAMPLE = Path(config_module.__file__).with_name("example.toml")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chat.toml"


def load(file: Path, text: str) -> Config:
    file.write_text(text, encoding="utf-8")
    return load_config(file)


def refusal(file: Path, text: str | bytes) -> str:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    return str(caught.value)


def uncommented(text: str) -> str:
    """The example with the '#' in front of each key removed."""
    return re.sub(r"(?m)^#(?=[a-z_]+ = )", "", text)


def keys(config: Config) -> dict[str, set[str]]:
    """The keys of each section."""
    return {name: {item.name for item in fields(getattr(config, name))} for name in SECTIONS}


# --- the example ---------------------------------------------------------------------------------


def test_the_example_loads() -> None:
    """As it stands it changes nothing."""
    assert load_config(EXAMPLE) == replace(Config(), directory=EXAMPLE.parent)


def test_the_example_gives_the_defaults(file: Path) -> None:
    """With every '#' removed it says what holds without it."""
    config = load(file, uncommented(EXAMPLE.read_text()))
    assert config == replace(Config(), directory=file.parent)


def test_the_example_names_every_key() -> None:
    """And no other one."""
    content = tomllib.loads(uncommented(EXAMPLE.read_text()))
    assert {section: set(values) for section, values in content.items()} == keys(Config())


def test_the_example_explains_every_key() -> None:
    """Above each key, or above the group that it stands in, are words."""
    blocks = re.split(r"\n(?=# |\[)", EXAMPLE.read_text())
    for block in blocks:
        if re.search(r"(?m)^#[a-z_]+ = ", block) and not block.startswith("[listen]"):
            assert block.startswith("# "), block


# --- what is accepted ----------------------------------------------------------------------------


def test_without_a_file_the_defaults_hold() -> None:
    """A server starts with nothing given."""
    assert load_config(None) == Config()


@pytest.mark.parametrize(
    ("connections", "strangers", "most"), [(10_000, 1000, 1000), (100, 1000, 50), (1, 1000, 1)]
)
def test_the_unauthenticated_never_take_all_places(
    connections: int, strangers: int, most: int
) -> None:
    """At most half of them, whatever is written: the other half is the members'."""
    limits = replace(Config().limits, connections=connections, strangers=strangers)
    assert limits.most_unauthenticated == most


def test_what_is_given_comes_over_the_defaults(file: Path) -> None:
    """Key by key."""
    config = load(file, '[server]\nnetwork = "Кафе"\n[limits]\nlines_per_second = 5\n')
    assert config.server.network == "Кафе"
    assert config.server.lobby == "#lobby"
    assert config.limits.lines_per_second == 5
    assert config.limits.burst_lines == Config().limits.burst_lines


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("server", "name", '"chat.example"'),
        ("server", "address", '"2001:db8::1"'),
        ("server", "address", '"chat.example:443"'),
        ("server", "addresses", '["b.chat.example", "10.0.0.6:443", "[2001:db8::1]:443", "::1"]'),
        ("server", "lobby", '""'),
        ("server", "lobby", '"#Кафе"'),
        ("server", "motd", '"""two\nlines"""'),
        ("listen", "port", "0"),
        ("metrics", "listen", '""'),
        ("metrics", "listen", '"127.0.0.1:9667"'),
        ("metrics", "listen", '"127.8.8.8:0"'),
        ("metrics", "listen", '"[::1]:9667"'),
        ("listen", "port", "65535"),
        ("listen", "host", '"::"'),
        ("listen", "also", '["0.0.0.0:443", "[::1]:0", "chat.lan:65535"]'),
        ("listen", "proxies", '["10.0.0.5", "10.0.1.0/24", "fd00::/8"]'),
        ("tls", "min_version", '"1.2"'),
        ("accounts", "registration", '"closed"'),
        ("accounts", "bcrypt_cost", "31"),
        ("limits", "login_seconds", "5"),
        ("limits", "login_seconds", "5.5"),
        ("history", "replay", "0"),
    ],
)
def test_good_values(file: Path, section: str, key: str, value: str) -> None:
    """The ends of a range belong to it; a whole number may stand for another one."""
    text = f"[{section}]\n{key} = {value}\n"
    config = load(file, text)
    given = tomllib.loads(text)[section][key]
    # A list stands frozen, as all of a configuration.
    expected = tuple(given) if isinstance(given, list) else given
    assert getattr(getattr(config, section), key) == expected


def test_a_database_elsewhere(file: Path) -> None:
    """Its password file is found from the configuration, wherever the server is started."""
    text = '[store]\nurl = "postgresql://chat@db.example/chat"\npassword_file = "secret"\n'
    location = wanted_database(load(file, text))
    assert location == PostgresLocation("postgresql://chat@db.example/chat", file.parent / "secret")
    assert wanted_database(Config()) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('url = "mysql://chat@db/chat"', "store.url: expected postgresql://USER@HOST/DATABASE"),
        ('url = "postgresql://chat:hush@db/chat"', "there is a password in the URL"),
        ('url = "postgresql://db/chat?password=hush"', "there is a password in the URL"),
        ('url = "postgresql://db/chat\\u0007hush"', "without control characters"),
        ('password_file = "hush"', "it is for a url, and there is none"),
    ],
)
def test_a_database_that_cannot_be(file: Path, text: str, told: str) -> None:
    """What stands there is not told, as there may be a password in it."""
    found = refusal(file, f"[store]\n{text}\n")
    assert told in found
    assert "hush" not in found


STORE = '[store]\nurl = "postgresql://chat@db.example/chat"\n'


@pytest.mark.parametrize("name", ["n1", "1", "north-2", "A" * 32, ""])
def test_a_node_has_a_name(file: Path, name: str) -> None:
    """In whatever order the sections stand."""
    node = f'[cluster]\nnode = "{name}"\n'
    assert load(file, node + STORE).cluster.node == name
    assert load(file, STORE + node).cluster.node == name


@pytest.mark.parametrize("name", ["-n1", "n_1", "n 1", "n.1", "n\u00e9", "--", "A" * 33])
def test_a_name_that_no_node_can_have(file: Path, name: str) -> None:
    """It is typed behind commands, and stands in tables."""
    found = refusal(file, f'{STORE}[cluster]\nnode = "{name}"\n')
    assert "cluster.node: expected a name of at most 32 letters, digits and '-'" in found


def test_a_node_needs_a_database_that_others_can_reach(file: Path) -> None:
    """A file in its own directory is nobody else's."""
    found = refusal(file, '[cluster]\nnode = "n1"\n')
    assert f"{file}: cluster.node: expected a database of PostgreSQL" in found
    assert "name it as url in [store]" in found


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("", ("", None)),
        ("chat.example", ("chat.example", None)),
        ("chat.example:443", ("chat.example", 443)),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("[2001:db8::1]:443", ("2001:db8::1", 443)),
    ],
)
def test_an_address_may_have_a_port(address: str, public: tuple[str, int | None]) -> None:
    """Where it isn't the one that is listened on."""
    assert Config().with_values("server", {"address": address}, "test").server.public == public


def test_further_addresses_may_have_ports() -> None:
    """As the first one."""
    values = {"addresses": ["b.example", "c.example:443", "::1", "[::1]:443"]}
    further = Config().with_values("server", values, "test").server.further
    assert further == [("b.example", None), ("c.example", 443), ("::1", None), ("::1", 443)]


def test_paths_start_from_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the server is started; absolute ones and those of a home stay."""
    config = load(file, '[tls]\ncert = "certs/site.pem"\n')
    assert config.path(config.tls.cert) == file.parent / "certs" / "site.pem"
    assert config.path("/etc/site.pem") == Path("/etc/site.pem")
    assert config.path("") is None
    monkeypatch.setenv("HOME", "/home/alice")
    assert config.path("~/site.pem") == Path("/home/alice/site.pem")


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("server", "name", '"a b"', "a host name such as chat.example, at most 63 letters"),
        ("server", "name", '"чат"', "a host name such as chat.example, at most 63 letters"),
        ("server", "name", f'"{"x" * 64}"', "a host name such as chat.example"),
        ("server", "address", '"a b"', "a host name or an IP address"),
        ("server", "address", '":443"', "a host name or an IP address"),
        ("server", "address", '"chat.example:https"', "a host name or an IP address"),
        ("server", "address", '"[::1]443"', "a host name or an IP address"),
        ("server", "address", '"a.example,b.example"', "a host name or an IP address"),
        ("server", "address", '"chat.example:0"', "a host name or an IP address"),
        (
            "server",
            "addresses",
            '"b.example"',
            'at most 7 host names or IP addresses, such as ["b.',
        ),
        ("server", "addresses", "[6697]", "at most 7 host names or IP addresses"),
        ("server", "addresses", '[""]', "at most 7 host names or IP addresses"),
        ("server", "addresses", '["b.example,c.example"]', "at most 7 host names or IP addresses"),
        ("server", "addresses", '["b.example:65536"]', "at most 7 host names or IP addresses"),
        ("server", "addresses", '["alice@b.example"]', "at most 7 host names or IP addresses"),
        ("server", "addresses", str(["b.example"] * 8), "at most 7 host names or IP addresses"),
        ("server", "network", '""', "a word of at most 40 letters"),
        ("server", "network", '"two words"', "a word of at most 40 letters"),
        ("server", "lobby", '"lobby"', "a channel such as #lobby, or an empty text for none"),
        ("server", "contact", r'"a\nb"', "a text of one line"),
        ("server", "motd", "7", "a text"),
        ("listen", "host", '""', "an address or a name of this machine"),
        ("listen", "port", "65536", "a number from 0 to 65535"),
        ("listen", "port", "-1", "a number from 0 to 65535"),
        ("listen", "port", '"6697"', "a number from 0 to 65535"),
        ("listen", "port", "6697.0", "a number from 0 to 65535"),
        ("listen", "port", "true", "a number from 0 to 65535"),
        ("listen", "also", '"0.0.0.0:443"', "at most 16 addresses with ports, such as"),
        ("listen", "also", "[443]", "at most 16 addresses with ports"),
        ("listen", "also", '["0.0.0.0"]', "at most 16 addresses with ports"),
        ("listen", "also", '["0.0.0.0:65536"]', "at most 16 addresses with ports"),
        ("listen", "also", '["::1:443"]', "at most 16 addresses with ports"),
        ("listen", "also", '[":443"]', "at most 16 addresses with ports"),
        ("listen", "also", '["0.0.0.0:-1"]', "at most 16 addresses with ports"),
        ("listen", "proxies", '["balancer.lan"]', "at most 64 addresses of balancers"),
        ("listen", "proxies", '["10.0.1.5/24"]', "at most 64 addresses of balancers"),
        ("listen", "proxies", '["0.0.0.0/0"]', "at most 64 addresses of balancers"),
        ("listen", "proxies", "[true]", "at most 64 addresses of balancers"),
        ("tls", "cert", "[]", "the path of a PEM file"),
        ("tls", "min_version", '"1.1"', '"1.3" or "1.2"'),
        ("tls", "min_version", "1.3", '"1.3" or "1.2"'),
        ("accounts", "registration", '"free"', '"invite", "open" or "closed"'),
        ("accounts", "bcrypt_cost", "3", "a number from 4 to 31"),
        ("accounts", "bcrypt_cost", "32", "a number from 4 to 31"),
        ("accounts", "min_password_length", "7", "a number from 8 to 64"),
        ("limits", "lines_per_second", "0", "a number from 1 to 1000000"),
        ("limits", "lines_per_second", "nan", "a number from 1 to 1000000"),
        ("limits", "lines_per_second", "inf", "a number from 1 to 1000000"),
        ("limits", "lines_per_second", "true", "a number from 1 to 1000000"),
        ("limits", "connections", "0.5", "a number from 1 to 1000000"),
        ("history", "replay", "10001", "a number from 0 to 10000"),
    ],
)
def test_a_bad_value_is_told(file: Path, section: str, key: str, value: str, expected: str) -> None:
    """With file, key, what was expected and what came."""
    text = f"[{section}]\n{key} = {value}\n"
    came = tomllib.loads(text)[section][key]
    told = refusal(file, text)
    assert told.startswith(f"{file}: {section}.{key}: expected {expected}")
    assert told.endswith(f", not {came!r}")


def test_every_key_has_a_type(file: Path) -> None:
    """None takes whatever comes, and each says what it expects."""
    for section, names in keys(Config()).items():
        for key in names:
            told = refusal(file, f"[{section}]\n{key} = 1979-05-27\n")
            assert told.startswith(f"{file}: {section}.{key}: expected ")


def test_an_unknown_key_is_told(file: Path) -> None:
    """With those that there are."""
    told = refusal(file, "[listen]\nprot = 6697\n")
    assert told == f"{file}: unknown key listen.prot; expected one of host, port, also, proxies"


def test_an_unknown_section_is_told(file: Path) -> None:
    """With those that there are; a key above all sections is one, too."""
    expected = (
        "expected one of [server], [listen], [web], [tls], [accounts], [limits], [history], "
        "[metrics], [store], [cluster]"
    )
    assert refusal(file, "[sever]\n") == f"{file}: unknown section [sever]; {expected}"
    assert refusal(file, "port = 1\n") == f"{file}: unknown section [port]; {expected}"
    assert "unknown section [directory]" in refusal(file, "[directory]\n")


@pytest.mark.parametrize("text", ["listen = 6697\n", "[[listen]]\nport = 1\n"])
def test_a_section_must_be_one(file: Path, text: str) -> None:
    """Not a value, not a list."""
    assert refusal(file, text) == f"{file}: expected a section [listen], not a value"


@pytest.mark.parametrize("text", ["[listen\n", b"# caf\xe9\n", "a = 1\na = 2\n"])
def test_what_is_not_toml_is_told(file: Path, text: str | bytes) -> None:
    """With the file."""
    assert refusal(file, text).startswith(f"{file} is not TOML: ")


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(ConfigError, match=r"can't read .*none\.toml: No such file or directory"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"can't read .*: Is a directory"):
        load_config(tmp_path)


def test_values_from_elsewhere_are_checked_too() -> None:
    """Flags of a command line; the error names where they came from."""
    config = Config().with_values("listen", {"port": 7000}, "the command line")
    assert (config.listen.host, config.listen.port) == ("127.0.0.1", 7000)
    with pytest.raises(ConfigError, match=r"^the command line: listen\.port: expected a number"):
        Config().with_values("listen", {"port": 70000}, "the command line")


def test_a_configuration_does_not_change() -> None:
    """Threads share it."""
    config = parse_config({"listen": {"port": 1}}, Path("chat.toml"))
    with pytest.raises(AttributeError):
        config.listen.port = 2  # type: ignore[misc]


def test_it_says_where_a_value_comes_from(file: Path) -> None:
    """What is no default is of the file, or of what came over it."""
    config = load(file, "[listen]\nhost = '::1'\nport = 1\n")
    config = config.with_values("listen", {"port": 2}, "the command line")
    assert config.origins == {"listen.host": str(file), "listen.port": "the command line"}


# --- the metrics' address ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "listen",
    ["9667", ":9667", "localhost:9667", "127.0.0.1", "127.0.0.1:65536", "::1:9667", "[x]:1"],
)
def test_metrics_are_at_an_address_and_a_port(file: Path, listen: str) -> None:
    """In numbers: a name could come to mean another machine."""
    told = refusal(file, f'[metrics]\nlisten = "{listen}"\n')
    assert "metrics.listen: expected an address and a port such as 127.0.0.1:9667" in told


@pytest.mark.parametrize("listen", ["0.0.0.0:9667", "192.168.1.5:9667", "[::]:9667"])
def test_metrics_for_other_machines_take_a_second_word(file: Path, listen: str) -> None:
    """Nobody is asked for a password there, so it must not be a slip."""
    told = refusal(file, f'[metrics]\nlisten = "{listen}"\n')
    assert "beyond_loopback = true" in told
    config = load(file, f'[metrics]\nlisten = "{listen}"\nbeyond_loopback = true\n')
    assert config.metrics.is_exposed
