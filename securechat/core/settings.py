"""What the rules can be told: plain values, checked by whoever reads the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RegistrationMode = Literal["invite", "open", "closed"]
FactorPolicy = Literal["none", "administrators", "all"]
"""Who logs in with a password and a code only; bots never do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The rules' part of the configuration.

    name: the server's name on the wire, also the host part of every member's address.
    lobby: the channel everybody joins at login, or None. motd: its lines.
    contact: how to reach who runs the server, for ADMIN. addresses: at which it is found, as they
    stand in links; empty unless there are several.
    min_password_length: characters. max_channels: channels an account may be in.
    max_sessions: connections an account may have at once. logins_per_minute: of one account.
    account_bytes: what the log may hold of one, 0 for any number.
    max_held_lines: lines a session may send ahead of a worker's answer.
    max_bans: entries of each list of a channel (b, e, I). replay, replay_bytes: messages given
    back at a login, and what they may take.
    tell_policy: whether who joins a channel is told what is kept of it. keep_days: for how long, 0
    for ever. policy_since_ms: since when it is so long, milliseconds since 1970 (UTC).
    login_seconds: time to log in. ping_seconds: silence after which a session is asked.
    dead_seconds: silence after which it is closed.
    """

    name: str
    version: str
    started_ms: int
    network: str = "securechat"
    contact: str = ""
    addresses: tuple[str, ...] = ()
    lobby: str | None = "#lobby"
    motd: tuple[str, ...] = ()
    registration: RegistrationMode = "invite"
    require_second_factor: FactorPolicy = "none"
    min_password_length: int = 15
    external: bool = False
    max_channels: int = 100
    max_sessions: int = 20
    logins_per_minute: float = 60.0
    account_bytes: int = 0
    max_held_lines: int = 100
    max_bans: int = 100
    max_login_failures: int = 3
    replay: int = 500
    replay_bytes: int = 512 * 1024
    tell_policy: bool = True
    keep_days: int = 0
    policy_since_ms: int = 0
    login_seconds: float = 60.0
    ping_seconds: float = 60.0
    dead_seconds: float = 120.0
