"""What a running server takes up of another configuration, and what waits for its next start."""

from __future__ import annotations

from dataclasses import fields, replace

from securechat.server.config import SECTIONS, Config

AT_ONCE = frozenset(
    [
        "server.address",
        "server.addresses",
        "server.motd",
        "server.contact",
        "listen.host",
        "listen.port",
        "listen.also",
        "listen.proxies",
        "web.host",
        "web.port",
        "web.url",
        "web.origins",
        "web.hsts_days",
        "tls.cert",
        "tls.key",
        "tls.client_ca",
        "tls.min_version",
        "tls.key_exchange",
        "accounts.registration",
        "accounts.require_second_factor",
        "accounts.bcrypt_cost",
        "accounts.min_password_length",
        "limits.connections",
        "limits.connections_per_address",
        "limits.strangers",
        "limits.strangers_per_address",
        "limits.sessions_per_account",
        "limits.logins_per_minute",
        "limits.rooms_per_account",
        "limits.lines_per_second",
        "limits.burst_lines",
        "limits.account_mib",
        "limits.database_mib",
        "limits.free_disk_mib",
        "limits.login_seconds",
        "limits.ping_seconds",
        "limits.unsent_kib",
        "history.replay",
        "history.tell",
        "history.keep_days",
    ]
)
"""The keys that Service.reload() takes up. A new key stands here or below."""

NEXT_START = {
    "server.name": "clients know everybody's address by it, and would take them for others",
    "server.network": "clients keep what they know of this chat under that name",
    "server.lobby": "everybody who is here would have to be moved",
    "metrics.listen": "who watches would be cut off",
    "metrics.beyond_loopback": "it belongs to metrics.listen",
    "store.url": "all that was said stands there, and `securechat-admin move` takes it elsewhere",
    "store.password_file": "it belongs to store.url",
    "store.single": "it belongs to store.url",
    "cluster.node": "the other nodes know this one by it",
    "limits.io_threads": "each connection belongs to one thread for life",
}
"""All other keys, each with the reason."""


def reloaded(running: Config, new: Config) -> Config:
    """The configuration of a running server, with what of a new one takes effect at once."""
    for section in SECTIONS:
        theirs = getattr(new, section)
        values = {
            item.name: getattr(theirs, item.name)
            for item in fields(theirs)
            if f"{section}.{item.name}" in AT_ONCE
        }
        running = replace(running, **{section: replace(getattr(running, section), **values)})
    late = {key: where for key, where in running.origins.items() if key in NEXT_START}
    early = {key: where for key, where in new.origins.items() if key in AT_ONCE}
    return replace(running, origins={**late, **early})


KEYS = [
    f"{section}.{item.name}" for section in SECTIONS for item in fields(getattr(Config(), section))
]
"""All that there are, in the order in which they are explained."""


def differences(one: Config, other: Config) -> list[str]:
    """The keys, each with its section, that are not the same in both."""
    return [key for key in KEYS if one.value(key) != other.value(key)]
