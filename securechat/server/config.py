"""The configuration: a TOML file whose every key has a default, a type and a range.

One table of sections and keys; example.toml beside this file explains each key and is loaded by the
tests. Flags of the command line come over the file.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from securechat.common.files import read_named
from securechat.credentials.link import MOST_ADDRESSES as MOST_IN_LINK
from securechat.credentials.link import split_place
from securechat.irc import names
from securechat.store.postgres.location import UrlError, parse_location


class ConfigError(Exception):
    """The text names the file, the key, what was expected and what came."""


def _option(default: object, expected: str, check: Callable[[Any], bool] = bool) -> Any:
    """A key. expected: completes the sentence 'expected …'. The default passes unchecked."""
    return field(default=default, metadata={"expected": expected, "check": check})


def _between(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: low <= value <= high


def _is_text(value: str) -> bool:
    # What stands here is sent to clients as it is, and a control character could drive a terminal.
    return all(line.replace("\t", "").isprintable() for line in value.splitlines())


def _is_path(value: str) -> bool:
    return "\0" not in value


def _is_lobby(value: str) -> bool:
    return value == "" or names.fold_channel(value) is not None


def _is_host_name(value: str) -> bool:
    return value == "" or (
        len(value) <= 63 and value.isascii() and all(c.isalnum() or c in "-." for c in value)
    )


MOST_ADDRESSES = 16
"""Beside the first one: each costs a socket."""

MOST_PROXIES = 64
"""Each connection is compared with all."""


def split_address(text: str) -> tuple[str, int] | None:
    """Host and port of `host:port`; an IPv6 address stands in brackets. None for anything else."""
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None
    if not host or not host.isprintable() or not (port.isascii() and port.isdigit()):
        return None
    return (host, int(port)) if len(port) <= 5 and int(port) <= 65535 else None


MOST_FURTHER = MOST_IN_LINK - 1
"""Addresses that links have beside the first one."""


def _public(text: str) -> tuple[str, int | None] | None:
    """Host and port, if it has one, of an address that can stand in a link; None for others."""
    with suppress(ValueError):  # alone, an IPv6 address needs no brackets
        return str(ipaddress.IPv6Address(text)), None
    return split_place(text)


def _is_address(text: str) -> bool:
    return text == "" or _public(text) is not None


def _is_network(text: str) -> bool:
    with suppress(ValueError):
        # Of all addresses at once it would be anybody's word where they are from.
        return ipaddress.ip_network(text).prefixlen > 0
    return False


def _is_origin(text: str) -> bool:
    """As browsers say it (RFC 6454): no path, lower case, no port where it is the usual one."""
    with suppress(ValueError):
        parts = urlsplit(text)
        usual = {"https": 443, "http": 80}.get(parts.scheme)
        return (
            usual is not None
            and bool(parts.hostname)
            and text == f"{parts.scheme}://{parts.netloc}".lower()
            and text.isascii()
            and text.isprintable()
            and "@" not in text
            and parts.port != usual
        )
    return False


def _is_url(text: str) -> bool:
    return text == "" or (text.startswith("https://") and _is_origin(text.rstrip("/")))


@dataclass(frozen=True, slots=True)
class ServerSection:
    name: str = _option("", "a host name such as chat.example, at most 63 letters", _is_host_name)
    address: str = _option("", "a host name or an IP address", _is_address)
    addresses: tuple[str, ...] = _option(
        (),
        f"at most {MOST_FURTHER} host names or IP addresses, such as "
        '["b.chat.example", "10.0.0.6:443"]',
        lambda v: len(v) <= MOST_FURTHER and all(map(_public, v)),
    )
    network: str = _option(
        "securechat",
        "a word of at most 40 letters",
        lambda v: v and v.isprintable() and " " not in v and len(v) <= 40,
    )
    lobby: str = _option("#lobby", "a channel such as #lobby, or an empty text for none", _is_lobby)
    motd: str = _option("", "a text without control characters", _is_text)
    contact: str = _option("", "a text of one line", str.isprintable)

    @property
    def public(self) -> tuple[str, int | None]:
        """Host and port in links; an empty host where it is to be found out, no port where it is
        the one that is listened on.
        """
        return _public(self.address) or ("", None)

    @property
    def further(self) -> list[tuple[str, int | None]]:
        """The same of `addresses`."""
        # All of them could be split when the configuration was read.
        return [*filter(None, map(_public, self.addresses))]


@dataclass(frozen=True, slots=True)
class ListenSection:
    host: str = _option("127.0.0.1", "an address or a name of this machine")
    port: int = _option(6697, "a number from 0 to 65535", _between(0, 65535))
    also: tuple[str, ...] = _option(
        (),
        f'at most {MOST_ADDRESSES} addresses with ports, such as ["0.0.0.0:443", "[::]:6697"]',
        lambda v: len(v) <= MOST_ADDRESSES and all(map(split_address, v)),
    )
    proxies: tuple[str, ...] = _option(
        (),
        f"at most {MOST_PROXIES} addresses of balancers, such as "
        '["10.0.0.5", "10.0.1.0/24"], and not all there are',
        lambda v: len(v) <= MOST_PROXIES and all(map(_is_network, v)),
    )


@dataclass(frozen=True, slots=True)
class WebSection:
    host: str = _option(
        "", "an address or a name of this machine, or an empty text for none", str.isprintable
    )
    port: int = _option(8443, "a number from 0 to 65535", _between(0, 65535))
    url: str = _option("", "an address such as https://chat.example", _is_url)
    origins: tuple[str, ...] = _option(
        (),
        f'at most {MOST_ADDRESSES} origins of pages, such as ["https://irc.example:8443"]',
        lambda v: len(v) <= MOST_ADDRESSES and all(map(_is_origin, v)),
    )
    hsts_days: int = _option(0, "a number from 0 to 3650", _between(0, 3650))


@dataclass(frozen=True, slots=True)
class TlsSection:
    cert: str = _option("", "the path of a PEM file", _is_path)
    key: str = _option("", "the path of a PEM file", _is_path)
    client_ca: str = _option("", "the path of a PEM file", _is_path)
    min_version: Literal["1.2", "1.3"] = _option(
        "1.3", '"1.3" or "1.2"', lambda v: v in ("1.2", "1.3")
    )
    key_exchange: Literal["X25519", "P-256"] = _option(
        "X25519", '"X25519" or "P-256"', lambda v: v in ("X25519", "P-256")
    )


@dataclass(frozen=True, slots=True)
class AccountsSection:
    registration: Literal["invite", "open", "closed"] = _option(
        "invite", '"invite", "open" or "closed"', lambda v: v in ("invite", "open", "closed")
    )
    require_second_factor: Literal["none", "administrators", "all"] = _option(
        "none",
        '"none", "administrators" or "all"',
        lambda v: v in ("none", "administrators", "all"),
    )
    # 4 is bcrypt's own least, for tests; the server warns below 10.
    bcrypt_cost: int = _option(12, "a number from 4 to 31", _between(4, 31))
    min_password_length: int = _option(15, "a number from 8 to 64", _between(8, 64))


@dataclass(frozen=True, slots=True)
class LimitsSection:
    connections: int = _option(10000, "a number from 1 to 1000000", _between(1, 1_000_000))
    connections_per_address: int = _option(
        200, "a number from 1 to 1000000", _between(1, 1_000_000)
    )
    strangers: int = _option(1000, "a number from 1 to 1000000", _between(1, 1_000_000))
    strangers_per_address: int = _option(100, "a number from 1 to 1000000", _between(1, 1_000_000))
    sessions_per_account: int = _option(20, "a number from 1 to 10000", _between(1, 10_000))
    logins_per_minute: float = _option(60.0, "a number from 1 to 1000000", _between(1, 1_000_000))
    # Channels are meant: the option keeps its name, for the files that have it.
    rooms_per_account: int = _option(100, "a number from 1 to 10000", _between(1, 10_000))
    lines_per_second: float = _option(20.0, "a number from 1 to 1000000", _between(1, 1_000_000))
    burst_lines: float = _option(100.0, "a number from 10 to 1000000", _between(10, 1_000_000))
    account_mib: int = _option(1024, "a number from 0 to 1000000", _between(0, 1_000_000))
    database_mib: int = _option(0, "a number from 0 to 100000000", _between(0, 100_000_000))
    free_disk_mib: int = _option(64, "a number from 0 to 1000000", _between(0, 1_000_000))
    login_seconds: float = _option(60.0, "a number from 5 to 600", _between(5, 600))
    ping_seconds: float = _option(90.0, "a number from 5 to 3600", _between(5, 3600))
    unsent_kib: int = _option(1024, "a number from 64 to 1048576", _between(64, 1 << 20))
    io_threads: int = _option(1, "a number from 1 to 64", _between(1, 64))

    @property
    def most_unauthenticated(self) -> int:
        """At most half of all connections, whatever is configured: the rest is for those who have
        logged in.
        """
        return min(self.strangers, max(1, self.connections // 2))


@dataclass(frozen=True, slots=True)
class HistorySection:
    replay: int = _option(500, "a number from 0 to 10000", _between(0, 10_000))
    tell: bool = _option(True, "true or false", lambda value: True)
    keep_days: int = _option(0, "a number from 0 to 36500", _between(0, 36_500))


def _is_address_and_port(value: str) -> bool:
    return value == "" or _address_and_port(value) is not None


def _address_and_port(value: str) -> tuple[str, int] | None:
    host, _, port = value.rpartition(":")
    with suppress(ValueError):
        if host.startswith("[") and host.endswith("]"):
            host = str(ipaddress.IPv6Address(host[1:-1]))
        else:
            host = str(ipaddress.IPv4Address(host))
        if port.isascii() and port.isdigit() and int(port) <= 65535:
            return host, int(port)
    return None


@dataclass(frozen=True, slots=True)
class MetricsSection:
    listen: str = _option(
        "",
        "an address and a port such as 127.0.0.1:9667 or [::1]:9667, or an empty text for none",
        _is_address_and_port,
    )
    beyond_loopback: bool = _option(False, "true or false", lambda value: True)

    @property
    def address(self) -> tuple[str, int] | None:
        """Where to listen, None for nowhere."""
        return _address_and_port(self.listen)

    @property
    def is_exposed(self) -> bool:
        """Whether other machines may come to it."""
        return self.address is not None and not ipaddress.ip_address(self.address[0]).is_loopback

    def fault(self) -> str:
        """What doesn't fit together; '' when all does."""
        if not self.is_exposed or self.beyond_loopback:
            return ""
        return (
            f"metrics.listen: expected an address of this machine's own, such as 127.0.0.1, not "
            f"{self.listen!r}: nobody is asked for a password there, and nothing is encrypted. If "
            "a firewall lets only the right ones in, say so by beyond_loopback = true"
        )


@dataclass(frozen=True, slots=True)
class StoreSection:
    # What it expects is told by fault(), which never quotes it: there may be a password in it.
    url: str = _option("", "a text", lambda value: True)
    password_file: str = _option("", "the path of a file", _is_path)
    single: bool = _option(False, "true or false", lambda value: True)

    def fault(self) -> str:
        """What doesn't fit together; '' when all does."""
        if not self.url:
            unused = "store.password_file: it is for a url, and there is none"
            return unused if self.password_file else ""
        try:
            parse_location(self.url)
        except UrlError as error:
            return f"store.url: {error}"
        return (
            ""
            if self.url.isprintable()
            else "store.url: expected a text without control characters"
        )


MOST_OF_A_NODE = 32
"""Characters of a node's name."""


def is_node(name: str) -> bool:
    """Whether a node can be called so. It is typed behind commands, so no option looks like it."""
    plain = name.isascii() and name.replace("-", "").isalnum() and not name.startswith("-")
    return plain and len(name) <= MOST_OF_A_NODE


@dataclass(frozen=True, slots=True)
class ClusterSection:
    node: str = _option(
        "",
        f"a name of at most {MOST_OF_A_NODE} letters, digits and '-', or an empty text for none",
        lambda v: v == "" or is_node(v),
    )


@dataclass(frozen=True, slots=True)
class Config:
    """Each section as a frozen value. directory: what relative paths in it start from. origins:
    where those values come from that are no defaults, by `section.key`: the file's path, or "the
    command line".
    """

    server: ServerSection = ServerSection()
    listen: ListenSection = ListenSection()
    web: WebSection = WebSection()
    tls: TlsSection = TlsSection()
    accounts: AccountsSection = AccountsSection()
    limits: LimitsSection = LimitsSection()
    history: HistorySection = HistorySection()
    metrics: MetricsSection = MetricsSection()
    store: StoreSection = StoreSection()
    cluster: ClusterSection = ClusterSection()
    directory: Path = Path()
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    def path(self, text: str) -> Path | None:
        """A path of the file, None for an empty one."""
        # From the file's directory, so that a service finds it whatever its working directory is.
        return self.directory / Path(text).expanduser() if text else None

    def value(self, key: str) -> Any:
        """What stands under `section.key`."""
        section, _, name = key.partition(".")
        return getattr(getattr(self, section), name)

    def with_values(self, section: str, values: Mapping[str, object], where: str) -> Config:
        """The same with other values in one section, checked. Raises ConfigError."""
        changed = _checked(getattr(self, section), section, values, where)
        origins = {**self.origins, **{f"{section}.{key}": where for key in values}}
        return replace(self, origins=origins, **{section: changed})


SECTIONS = [item.name for item in fields(Config) if item.name not in ("directory", "origins")]


def load_config(path: Path | None) -> Config:
    """The file's configuration; the defaults without one. Raises ConfigError."""
    if path is None:
        return Config()
    try:
        content = tomllib.loads(read_named(path).decode())
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    return parse_config(content, path)


def parse_config(content: Mapping[str, object], path: Path) -> Config:
    """The configuration in a parsed file; path is for errors and relative paths."""
    config = Config(directory=path.absolute().parent)
    for section, values in content.items():
        # Refused, as a section that is misspelt would leave a limit at its default unseen.
        if section not in SECTIONS:
            raise ConfigError(
                f"{path}: unknown section [{section}]; expected one of "
                f"{', '.join(f'[{name}]' for name in SECTIONS)}"
            )
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: expected a section [{section}], not a value")
        config = config.with_values(section, values, str(path))
    # Only now, as the sections may stand in any order.
    if config.cluster.node and not config.store.url:
        raise ConfigError(
            f"{path}: cluster.node: expected a database of PostgreSQL, which is what nodes have in "
            "common: name it as url in [store], or leave node out for a server that is alone"
        )
    return config


Section = TypeVar("Section")


def _checked(section: Section, name: str, values: Mapping[str, object], where: str) -> Section:
    options = {item.name: item for item in fields(section)}  # type: ignore[arg-type]
    taken = {key: _as_option(value) for key, value in values.items()}
    for key, value in values.items():
        option = options.get(key)
        if option is None:
            raise ConfigError(
                f"{where}: unknown key {name}.{key}; expected one of {', '.join(options)}"
            )
        if not _fits(taken[key], option.default, option.metadata["check"]):
            expected = option.metadata["expected"]
            raise ConfigError(f"{where}: {name}.{key}: expected {expected}, not {value!r}")
    changed = replace(section, **taken)  # type: ignore[type-var]
    if isinstance(changed, (MetricsSection, StoreSection)) and (fault := changed.fault()):
        raise ConfigError(f"{where}: {fault}")
    return changed


def _as_option(value: object) -> object:
    # Frozen, as all of a configuration is.
    return tuple(value) if isinstance(value, list) else value


def _fits(value: object, default: object, check: Callable[[Any], bool]) -> bool:
    if isinstance(default, float) and type(value) is int:
        value = float(value)
    if isinstance(value, tuple) and not all(isinstance(item, str) for item in value):
        return False
    return type(value) is type(default) and bool(check(value))
