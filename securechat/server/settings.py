"""From the configuration to the settings of the rules."""

from __future__ import annotations

from securechat import __version__
from securechat.core.quota import MIB
from securechat.core.settings import Settings
from securechat.server.config import Config
from securechat.server.identity import server_name

SILENCE_SECONDS = 60.0
"""After ping_seconds without an answer, this much longer until a client is taken for dead."""


def rules_settings(config: Config, started_ms: int = 0) -> Settings:
    """started_ms: when the server started, milliseconds since 1970 (UTC)."""
    limits = config.limits
    return Settings(
        name=server_name(config),
        version=f"securechat-{__version__}",
        started_ms=started_ms,
        network=config.server.network,
        contact=config.server.contact,
        lobby=config.server.lobby or None,
        motd=tuple(config.server.motd.splitlines()),
        registration=config.accounts.registration,
        external=bool(config.tls.client_ca),
        max_channels=limits.rooms_per_account,
        max_sessions=limits.sessions_per_account,
        logins_per_minute=limits.logins_per_minute,
        account_bytes=limits.account_mib * MIB,
        replay=config.history.replay,
        tell_policy=config.history.tell,
        keep_days=config.history.keep_days,
        # Half of what may wait for a slow client: the other half is for what is said meanwhile.
        replay_bytes=limits.unsent_kib * 1024 // 2,
        login_seconds=limits.login_seconds,
        ping_seconds=limits.ping_seconds,
        dead_seconds=limits.ping_seconds + SILENCE_SECONDS,
    )
