"""From the configuration to what each part is told of it."""

from __future__ import annotations

from typing import TypedDict

from securechat import __version__
from securechat.core.quota import MIB
from securechat.core.settings import Settings
from securechat.credentials.link import join_places
from securechat.net.admission import VISITORS
from securechat.net.throttle import ALL_OUT_BYTES, IoLimits, Rate
from securechat.server.config import Config, LimitsSection, split_address
from securechat.server.identity import (
    Identity,
    further_places,
    public_host,
    public_port,
    server_name,
    web_url,
)
from securechat.store.postgres.location import PostgresLocation, parse_location
from securechat.store.sql.fragments import own_key

SILENCE_SECONDS = 60.0
"""After ping_seconds without an answer, this much longer until a client is taken for dead."""


def rules_settings(
    config: Config, started_ms: int = 0, policy: str = "", port: int = 0
) -> Settings:
    """started_ms: when the server started, milliseconds since 1970 (UTC). policy: what
    policy_since() gave. port: the one that is listened on; 0 where nobody is let in.
    """
    limits = config.limits
    return Settings(
        name=server_name(config),
        version=f"securechat-{__version__}",
        started_ms=started_ms,
        network=config.server.network,
        contact=config.server.contact,
        addresses=_told_addresses(config, port) if port else (),
        lobby=config.server.lobby or None,
        motd=tuple(config.server.motd.splitlines()),
        registration=config.accounts.registration,
        require_second_factor=config.accounts.require_second_factor,
        external=bool(config.tls.client_ca),
        max_channels=limits.rooms_per_account,
        max_sessions=limits.sessions_per_account,
        logins_per_minute=limits.logins_per_minute,
        account_bytes=limits.account_mib * MIB,
        replay=config.history.replay,
        tell_policy=config.history.tell,
        keep_days=config.history.keep_days,
        policy_since_ms=int(policy.partition(" ")[2] or 0),
        # Half of what may wait for a slow client: the other half is for what is said meanwhile.
        replay_bytes=limits.unsent_kib * 1024 // 2,
        login_seconds=limits.login_seconds,
        ping_seconds=limits.ping_seconds,
        dead_seconds=limits.ping_seconds + SILENCE_SECONDS,
    )


def _told_addresses(config: Config, port: int) -> tuple[str, ...]:
    """Those of links, where there are several, but for one that nobody has configured: what this
    machine takes for its own address may lead others nowhere, and who is told of it has come by
    one that does.
    """
    host, given = config.server.public
    own = [(host, given or port)] if host else []
    further = further_places(config, port)
    places = dict.fromkeys([*own, *further])
    return tuple(join_places([place]) for place in places) if len(places) > len(own) else ()


def io_limits(limits: LimitsSection) -> IoLimits:
    """Of each I/O thread."""
    return IoLimits(
        out_bytes=limits.unsent_kib * 1024,
        # A bound for the process, of which each thread has its share.
        all_out_bytes=ALL_OUT_BYTES // limits.io_threads,
        rate=Rate(limits.lines_per_second, limits.burst_lines),
    )


class AdmissionLimits(TypedDict):
    """The arguments of Admission, and of its change()."""

    total: int
    per_address: int
    unauthenticated: int
    unauthenticated_per_address: int


def admission_limits(limits: LimitsSection) -> AdmissionLimits:
    """Of all connections together."""
    return {
        "total": limits.connections,
        "per_address": limits.connections_per_address,
        "unauthenticated": limits.most_unauthenticated,
        "unauthenticated_per_address": limits.strangers_per_address,
    }


def listen_addresses(config: Config) -> list[tuple[str, int]]:
    """Hosts and ports; links name the first."""
    also = map(split_address, config.listen.also)
    # All of them could be split when the configuration was read.
    return [(config.listen.host, config.listen.port), *filter(None, also)]


def web_addresses(config: Config) -> list[tuple[str, int]]:
    """Host and port of the listener for browsers; none where there is none."""
    return [(config.web.host, config.web.port)] if config.web.host else []


def most_visitors(config: Config) -> int:
    """Connections that load the page, beside all others."""
    return VISITORS if config.web.host else 0


def policy_since(kept: str | None, config: Config, now_ms: int) -> str:
    """What the database keeps of for how many days the history is kept, and since when that is so:
    the one number and the other. kept: of before.
    """
    days = str(config.history.keep_days)
    return kept if kept and kept.partition(" ")[0] == days else f"{days} {now_ms}"


def remembered_facts(
    config: Config, identity: Identity, port: int, web_port: int
) -> dict[str, str]:
    """What is kept in the database for `securechat-admin`, which need not know the command line and
    the configuration, and for other nodes, which compare it with their own. port, web_port: those
    that are listened on.
    """
    accounts, pin = config.accounts, identity.ca_sha256
    own = _own_facts(config, identity, port, web_port)
    return {
        **own,
        **{own_key(key, config.cluster.node): value for key, value in own.items()},
        # Written also when it is empty: another start may have left one there.
        "ca_sha256": pin.hex() if pin else "",
        "name": server_name(config),
        "network": config.server.network,
        "lobby": config.server.lobby,
        "registration": accounts.registration,
        "bcrypt_cost": str(accounts.bcrypt_cost),
        "min_password_length": str(accounts.min_password_length),
        "keep_days": str(config.history.keep_days),
    }


def _own_facts(config: Config, identity: Identity, port: int, web_port: int) -> dict[str, str]:
    """Those of which each node has its own."""
    given = identity.ca_file is None
    host, _ = config.server.public
    return {
        "host": public_host(config),
        "address": host,
        "listen": config.listen.host,
        "port": str(public_port(config, port)),
        "addresses": join_places(further_places(config, port)),
        "web": web_url(config, web_port),
        "cert": str(identity.certificate.absolute()) if given else "",
        "key": str(identity.key.absolute()) if given else "",
    }


def wanted_database(config: Config) -> PostgresLocation | None:
    """Where [store] has the database; None for a file in the data directory."""
    store = config.store
    return parse_location(store.url, config.path(store.password_file)) if store.url else None


LOW_COST = 10


def config_warnings(config: Config) -> list[str]:
    """What is allowed and not wise."""
    found = []
    cost = config.accounts.bcrypt_cost
    if cost < LOW_COST:
        found.append(
            f"accounts.bcrypt_cost is {cost}: a stolen database would be quick to crack; "
            f"use {LOW_COST} or more, 12 by default"
        )
    if config.metrics.is_exposed:
        found.append(
            f"metrics.listen is {config.metrics.listen}: whoever can connect there sees how busy "
            "the server is, and nobody is asked for a password; let a firewall keep others out"
        )
    return found
