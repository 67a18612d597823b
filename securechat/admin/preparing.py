"""Puts together what a further node of a cluster needs, from what a node has. Main thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from securechat.admin.context import AdminContext
from securechat.ca import files, passphrase, pem
from securechat.ca.authority import load_authority, sign_server
from securechat.ca.check import check_server_files, is_for
from securechat.ca.names import parse_name, parse_names
from securechat.server.config import MOST_FURTHER, Config, load_config, split_address
from securechat.server.identity import is_loopback, is_wildcard, pin_of, server_name
from securechat.server.node_archive import (
    CA,
    CERTIFICATE,
    CLIENT_CA,
    KEY,
    LOCAL,
    PASSWORD,
    STAY,
    JoinError,
    NodeArchive,
    files_of_url,
    keeps_to_itself,
)
from securechat.server.reloading import KEYS
from securechat.store.pepper import FILE_NAME as PEPPER
from securechat.store.postgres.location import parse_location


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. hosts: by which clients reach the node. certificate, key: given ones.
    passphrase_file: of the authority's key.
    """

    node: str
    hosts: Sequence[str]
    certificate: Path | None
    key: Path | None
    passphrase_file: Path | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Prepared:
    """names, not_after: of the node's certificate. warnings: to tell."""

    archive: NodeArchive
    names: Sequence[str]
    not_after: datetime
    warnings: Sequence[str]


def prepare_node(context: AdminContext, order: Order) -> Prepared:
    """Raises JoinError, ConfigError, DataError, StoreError, CaError."""
    parse_names(order.hosts)  # a slip of the pen is told before all else
    config = node_configuration(context.file)
    if config.cluster.node == order.node:
        raise JoinError(f"{order.node} is the name of this node: give the other one another name")
    data = context.data
    data.choose(parse_location(config.store.url, config.path(config.store.password_file)))
    pepper = context.pepper.key
    url, named = _files_of(config)
    names, chain, key, not_after = _certificate(context, config, order)
    contents = {PEPPER: pepper, CERTIFICATE: chain, KEY: key}
    if _has_own(context, config):
        contents[CA] = files.read(data.tls / "ca.pem")
    for name, path in named.items():
        contents[name] = files.read(path)
    values = _values(config, order, url)
    return Prepared(
        NodeArchive(order.node, values, contents), names, not_after, _warnings(config, order)
    )


def node_configuration(file: Path | None) -> Config:
    """A node's own. Raises JoinError where it is none, ConfigError."""
    if file is None:
        raise JoinError(
            "expected the configuration that this server runs with, which the other node is to "
            "have, too: name it by --config FILE"
        )
    config = load_config(file)
    if not config.cluster.node:
        raise JoinError(
            f"{file}: this server is no node yet: give it a name as node in [cluster], which takes "
            "a database of PostgreSQL in [store], and start it again; docs/cluster.md tells how"
        )
    return config


def _files_of(config: Config) -> tuple[str, dict[str, Path]]:
    """The url of the database without files, and what of this machine's files goes along."""
    url, named = files_of_url(config.store.url)
    if not keeps_to_itself(url):
        raise JoinError(
            f"store.url: expected none of {', '.join(STAY)} in it, which name files that another "
            "machine hasn't: leave them out, and use password_file for the password"
        )
    password = config.path(config.store.password_file)
    client_ca = config.path(config.tls.client_ca)
    if password is not None:
        named[PASSWORD] = password
    if client_ca is not None:
        named[CLIENT_CA] = client_ca
    return url, named


# --- the certificate -----------------------------------------------------------------------------


def _certificate(
    context: AdminContext, config: Config, order: Order
) -> tuple[Sequence[str], bytes, bytes, datetime]:
    """Names, chain, key and end of the node's."""
    if order.certificate is not None:
        return _given(context, order, order.certificate)
    data = context.data
    if not _has_own(context, config):
        raise JoinError(
            "this server's certificate is not from its own authority, so nothing here can sign one "
            f"for the other node: get one for {', '.join(order.hosts)} from where this one is "
            "from, and name it by --cert X.pem --key X-key.pem. It may be the same file, if it is "
            "for these names too"
        )
    authority = load_authority(data.tls)
    if not authority.key_path.exists():
        raise JoinError(
            f"the key of this server's authority, {authority.key_path}, is not on this machine: do "
            "this at the node that has it; or, where it is kept apart, sign there by `gencerts "
            f"--out DIR {' '.join(order.hosts)}`, and name what comes out by --cert "
            "DIR/server.pem --key DIR/server-key.pem"
        )
    unlock = passphrase.unlock(authority.key_path, order.passphrase_file)
    # Beside its own names those that links have, which lead to it as well.
    server = config.server
    shared = [server.public[0], *(host for host, _ in server.further), server_name(config)]
    more = [name for name in map(parse_name, filter(None, shared)) if authority.permits(name)]
    wanted = tuple(dict.fromkeys([*parse_names(order.hosts), *more]))
    signed = sign_server(authority, wanted, now=order.now, passphrase=unlock)
    return [*map(str, wanted)], signed.chain, signed.key, signed.leaf.not_valid_after_utc


def _has_own(context: AdminContext, config: Config) -> bool:
    """Whether the server's authority is in its directory, and in use."""
    ca = context.data.tls / "ca.pem"
    kept = context.admin.reader.remembered("ca_sha256")
    return not config.tls.cert and ca.exists() and kept in (None, pem.fingerprint(ca))


def _given(
    context: AdminContext, order: Order, certificate: Path
) -> tuple[Sequence[str], bytes, bytes, datetime]:
    key = order.key or pem.key_path_for(certificate)
    report = check_server_files(certificate, key, now=order.now)
    missing = [host for host in order.hosts if not is_for(report.names, host)]
    if missing:
        raise JoinError(
            f"{certificate} is for {', '.join(report.names)}, and not for {', '.join(missing)}: "
            "name one that is, or leave these hosts out"
        )
    pin = pin_of(certificate, report)
    kept = context.admin.reader.remembered("ca_sha256")
    if kept is not None and kept != (pin.hex() if pin else ""):
        raise JoinError(
            f"{certificate} is from another authority than this server's certificate, or lacks "
            "its authority's at its end: who trusts the one is refused by the other. Have it "
            "signed by the same, and put that one's certificate behind it in the file"
        )
    return report.names, files.read(certificate), files.read(key, secret=True), report.not_after


# --- the configuration ---------------------------------------------------------------------------


def _values(config: Config, order: Order, url: str) -> dict[str, dict[str, object]]:
    """What isn't a default, by sections, as it is right for the other node."""
    default = Config()
    own_address, addresses = _addresses(config, order.hosts)
    values: dict[str, dict[str, object]] = {}
    own = {
        "server.name": server_name(config),
        "server.address": own_address,
        "server.addresses": addresses,
        "listen.host": _elsewhere(config.listen.host, order.hosts),
        "listen.also": tuple(filter(_is_everywhere, config.listen.also)),
        "web.host": _elsewhere(config.web.host, order.hosts) if config.web.host else "",
        "store.url": url,
        "cluster.node": order.node,
    }
    for key in KEYS:
        value = own.get(key, config.value(key))
        if key not in LOCAL and value != default.value(key):
            section, _, name = key.partition(".")
            values.setdefault(section, {})[name] = value
    return values


def _listed(config: Config, hosts: Sequence[str]) -> str:
    """Which of the addresses of all nodes is the other one's; '' if none is."""
    names = [*map(str, parse_names(hosts))]
    listed = zip(config.server.addresses, config.server.further, strict=True)
    return next((text for text, (host, _port) in listed if host in names), "")


def _addresses(config: Config, hosts: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """What links name that the other node makes: its own address, and those of all."""
    server, listed = config.server, _listed(config, hosts)
    if not server.addresses:  # one that leads to all nodes
        return server.address or hosts[0], ()
    # What this node is reached by may be on no list of it: nobody else would tell of it.
    unlisted = server.address if server.public not in server.further else ""
    more = filter(None, ("" if listed else hosts[0], unlisted))
    return listed or hosts[0], (*server.addresses, *more)[:MOST_FURTHER]


def _elsewhere(host: str, hosts: Sequence[str]) -> str:
    """Where another machine listens, if this one does so at host."""
    if _is_of_any(host):
        return host
    addresses = [str(name) for name in map(parse_name, hosts) if not isinstance(name, str)]
    return addresses[0] if addresses else "0.0.0.0"  # noqa: S104 - as clients come from elsewhere


def _is_of_any(host: str) -> bool:
    """Whether it means the same at each machine."""
    return is_wildcard(host) or is_loopback(host)


def _is_everywhere(address: str) -> bool:
    split = split_address(address)
    return split is not None and _is_of_any(split[0])


def _warnings(config: Config, order: Order) -> list[str]:
    found, server = [], config.server
    if server.addresses and not _listed(config, order.hosts):
        found.append(
            f"links don't name the other node yet: put {order.hosts[0]} into addresses in [server] "
            "of each node, and reload them"
        )
    if not server.address and not server.addresses:
        found.append(
            "links name only the node that makes them: put into [server] of each a name that leads "
            "to all nodes as address, or all their addresses as addresses"
        )
    location = parse_location(config.store.url)
    if location.is_local:
        found.append(
            f"{location} is a database on this machine, which no other one reaches by that url"
        )
    if not config.store.password_file and not location.is_local:
        found.append(
            "the file has no password of the database, as store.password_file names none: the "
            "other machine has to know it, as by ~/.pgpass"
        )
    if is_loopback(config.listen.host):
        found.append(
            "by its configuration this server listens on this machine only, and so would the other "
            "node: give it --host 0.0.0.0 beside --join"
        )
    if config.metrics.listen:
        found.append("what stands in [metrics] is not in the file: set it at the other machine")
    return found
