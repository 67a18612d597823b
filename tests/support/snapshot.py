"""A model by value, to be compared with itself later."""

from __future__ import annotations

from securechat.core.model.entities import Account, Channel
from securechat.core.model.mask_list import KINDS
from securechat.core.model.state import Model


def snapshot(model: Model) -> dict[str, object]:
    """All that a command which can't be stored must leave as it was, by value."""
    return {
        "accounts": {a.id: _account(a) for a in model.accounts.values()},
        "names": {key: a.id for key, a in model.by_name.items()},
        "former names": {key: a.id for key, a in model.former_names.items()},
        "looks": {key: a.id for key, a in model.account_skeletons.items()},
        "channels": {key: _channel(channel) for key, channel in model.channels.items()},
        "channel looks": {key: channel.id for key, channel in model.channel_skeletons.items()},
        "targets": {key: target.last_seq for key, target in model.targets.items()},
        "invites": {key: (i.uses, i.expires_ms, i.admin) for key, i in model.invites.items()},
        "tokens": {t.digest: (t.account, t.name, t.used_ms) for t in model.tokens.values()},
        "certificates": {
            c.fingerprint: (c.account, c.name, c.used_ms) for c in model.certificates.values()
        },
        "kept": dict(model.kept),
        "recent": list(model.recent),
        "redacted": set(model.redacted),
        "online": {a.id for a in model.online},
        "arrived": model.arrived,
        "admins": model.admins_online,
        "hidden": model.hidden_online,
        "secret": {channel.id for channel in model.secret},
    }


def _account(account: Account) -> dict[str, object]:
    return {
        "forms": account.forms,
        "former": dict(account.former),
        "usable": account.usable,
        "says of itself": (account.chosen_name, account.metadata),
        "kicks": dict(account.kicks),
        "markers": dict(account.read_markers),
        "starts after": account.starts_after,
        "bytes": account.stored_bytes,
        "hidden": account.hidden,
        "bot": account.bot,
        "devices": {d.name: d.stored for d in account.devices.values() if d.stored >= 0},
        "keys": account.sent_keys.items(),
        "admin": account.admin,
        "channels": {channel.id for channel in account.channels},
        "directs": {other.id: direct.id for other, direct in account.directs.items()},
        "invited to": {channel.id: by for channel, by in account.invited_to.items()},
        "tokens": set(account.tokens),
        "certificates": set(account.certificates),
        "factor": account.factor
        and (account.factor.secret, account.factor.counter, set(account.factor.recovery)),
        "sessions": list(account.sessions),
        "told": account.audience().sessions,
    }


def _channel(channel: Channel) -> dict[str, object]:
    return {
        "id": channel.id,
        "forms": (channel.name, channel.folded, channel.skeleton),
        "founder": channel.founder,
        "metadata": channel.metadata,
        "invited": {a.id for a in channel.invited},
        "modes": (channel.modes, channel.key, channel.limit),
        "open from": channel.history_from,
        "topic": (channel.topic, channel.topic_by, channel.topic_ms),
        "members": {a.id: (m.modes, m.seq) for a, m in channel.members.items()},
        "present": {a.id for a in channel.present},
        "lists": {kind: dict(channel.masks(kind)) for kind in KINDS},
        "told": channel.audience().sessions,
    }
