"""The only place where what outlives the process changes in memory.

apply(model, event) makes the change and returns what undoes it, for a turn that can't be stored.
Hub thread only. A table, one small function per event.

What undoes a change never raises, and does nothing the second time. It takes back its own change
only: an administrator may have removed the same thing meanwhile, or have made another one in its
place, and what is in the database counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events import accounts as account_events
from securechat.core.journal.events import channels as channel_events
from securechat.core.model.credentials import (
    Certificate,
    Device,
    Factor,
    Token,
    certificate_device,
    token_device,
)
from securechat.core.model.entities import Account, Channel, Direct, Membership
from securechat.core.model.sent_keys import Kept
from securechat.core.model.state import Model

Undo = Callable[[], object]

ROW_BYTES = 100
"""Of the database, for an entry of the log beside its text and its tags."""


def apply(model: Model, event: JournalEvent) -> Undo:
    """Change the model as the event says; the result, called, changes it back."""
    return _once(_APPLY.get(type(event), _set_facts)(model, event))


def _once(undo: Undo) -> Undo:
    left = [undo]
    return lambda: left.pop()() if left else None


def log_entry(model: Model, event: channel_events.Logged) -> Undo:
    """What apply() does with an entry of the log: of all events the only one that must be fast."""
    target = model.targets[event.target]
    before = target.last_seq
    target.last_seq = event.seq
    model.recent.append(event)
    sender, text, tags = model.accounts[event.sender], event.text, event.tags
    size = ROW_BYTES + (len(text) if text.isascii() else len(text.encode()))
    if tags:
        size += len(tags.encode())
    sender.stored_bytes += size
    model.uncounted[sender] = None

    def undo() -> None:
        nonlocal size
        sender.stored_bytes, size = sender.stored_bytes - size, 0
        if target.last_seq == event.seq:  # else a later step was stored that this one was not
            target.last_seq = before
        if model.recent and model.recent[-1] is event:
            model.recent.pop()
        elif event in model.recent:
            model.recent.remove(event)

    return undo


def _account_created(model: Model, event: account_events.AccountCreated) -> Undo:
    account = Account(event.id, event.name, event.folded, event.skeleton, event.admin)
    account.starts_after = event.starts_after
    model.add_account(account)
    return lambda: model.remove_account(account)


def _password_changed(
    model: Model, event: account_events.PasswordChanged | account_events.PasswordRehashed
) -> Undo:
    return lambda: None  # hashes are not kept in memory


def _token_created(model: Model, event: account_events.TokenCreated) -> Undo:
    token = Token(event.digest, event.account, event.name, event.created_ms)
    model.add_token(token)
    return lambda: model.remove_token(token)


def _token_used(model: Model, event: account_events.TokenUsed) -> Undo:
    return _set(model.tokens[event.digest], used_ms=event.used_ms)


def _token_revoked(model: Model, event: account_events.TokenRevoked) -> Undo:
    token = model.tokens[event.digest]
    model.remove_token(token)
    account = model.accounts[token.account]
    restore = _forget_device(account, token_device(token.name))

    def undo() -> None:
        known = token.digest in model.tokens
        here = model.accounts.get(account.id) is account
        if here and not known and token.name not in account.tokens:
            model.add_token(token)
            restore()

    return undo


def _forget_device(account: Account, name: str) -> Undo:
    before = account.starts_after
    device = account.forget_device(name)

    def undo() -> None:
        if device is None or name in account.devices:
            return
        account.devices[name] = device
        if account.starts_after == device.delivered:  # else another one, newer, is forgotten too
            account.starts_after = before

    return undo


def _certificate_added(model: Model, event: account_events.CertificateAdded) -> Undo:
    certificate = Certificate(event.fingerprint, event.account, event.name, event.created_ms)
    model.add_certificate(certificate)
    return lambda: model.remove_certificate(certificate)


def _certificate_used(model: Model, event: account_events.CertificateUsed) -> Undo:
    return _set(model.certificates[event.fingerprint], used_ms=event.used_ms)


def _certificate_revoked(model: Model, event: account_events.CertificateRevoked) -> Undo:
    certificate = model.certificates[event.fingerprint]
    model.remove_certificate(certificate)
    account = model.accounts[certificate.account]
    restore = _forget_device(account, certificate_device(certificate.name))

    def undo() -> None:
        known = certificate.fingerprint in model.certificates
        here = model.accounts.get(account.id) is account
        if here and not known and certificate.name not in account.certificates:
            model.add_certificate(certificate)
            restore()

    return undo


def _factor_set(model: Model, event: account_events.FactorSet) -> Undo:
    return _set(model.accounts[event.account], factor=Factor(event.secret, event.counter))


def _factor_used(model: Model, event: account_events.FactorUsed) -> Undo:
    return _set(_factor(model, event.account), counter=event.counter)


def _factor_removed(model: Model, event: account_events.FactorRemoved) -> Undo:
    return _set(model.accounts[event.account], factor=None)


def _recovery_code_added(model: Model, event: account_events.RecoveryCodeAdded) -> Undo:
    codes = _factor(model, event.account).recovery
    codes.add(event.digest)
    return lambda: codes.discard(event.digest)


def _recovery_codes_cleared(model: Model, event: account_events.RecoveryCodesCleared) -> Undo:
    return _set(_factor(model, event.account), recovery=set())


def _recovery_code_used(model: Model, event: account_events.RecoveryCodeUsed) -> Undo:
    codes = _factor(model, event.account).recovery
    codes.remove(event.digest)
    return lambda: codes.add(event.digest)


def _factor(model: Model, account: int) -> Factor:
    factor = model.accounts[account].factor
    if factor is None:
        raise LookupError(f"account {account} has no second factor")
    return factor


def _delivered(model: Model, event: account_events.Delivered) -> Undo:
    devices = model.accounts[event.account].devices
    device = devices.get(event.name)
    if device is not None:  # memory is ahead of what is stored
        return _set(device, stored=event.delivered)
    made = Device(event.name, event.delivered, event.used_ms, event.delivered)
    devices[event.name] = made
    return lambda: devices.get(event.name) is made and devices.pop(event.name)


def _message_keyed(model: Model, event: account_events.MessageKeyed) -> Undo:
    kept = Kept(event.seq, event.at_ms)
    return model.accounts[event.account].sent_keys.put(event.slot, event.key, kept)


def _device_forgotten(model: Model, event: account_events.DeviceForgotten) -> Undo:
    return _forget_device(model.accounts[event.account], event.name)


def _usage_counted(model: Model, event: account_events.UsageCounted) -> Undo:
    return lambda: None  # in memory it is counted with every entry


def _usage_upto(model: Model, event: account_events.UsageUpto) -> Undo:
    return lambda: None


def _invite_used(model: Model, event: account_events.InviteUsed) -> Undo:
    invite = model.invites[event.code_sha256]
    invite.uses -= 1

    def undo() -> None:
        invite.uses += 1  # others may have used it as well

    return undo


def _channel_created(model: Model, event: channel_events.ChannelCreated) -> Undo:
    channel = Channel(
        event.id, event.name, event.folded, event.skeleton, event.founder, event.created_ms
    )
    channel.modes = event.modes
    model.add_channel(channel)
    return lambda: model.remove_channel(channel)


def _channel_closed(model: Model, event: channel_events.ChannelClosed) -> Undo:
    channel = model.channel(event.id)
    model.remove_channel(channel)
    invited = {account: account.invited_to.pop(channel) for account in channel.invited}

    def undo() -> None:
        if channel.folded not in model.channels and channel.skeleton not in model.channel_skeletons:
            model.add_channel(channel)
        while invited:
            account, by = invited.popitem()
            account.invited_to.setdefault(channel, by)

    return undo


def _founder_removed(model: Model, event: channel_events.FounderRemoved) -> Undo:
    return _set(model.channel(event.channel), founder=None)


def _direct_opened(model: Model, event: channel_events.DirectOpened) -> Undo:
    direct = Direct(event.id, event.low, event.high)
    model.add_direct(direct)
    return lambda: model.remove_direct(direct)


def _joined(model: Model, event: channel_events.MemberJoined) -> Undo:
    channel, account = model.channel(event.channel), model.accounts[event.account]
    member = Membership(event.modes, event.seq)
    _enter(channel, account, member)
    return lambda: _leave(channel, account, member)


def _left(model: Model, event: channel_events.MemberLeft) -> Undo:
    channel, account = model.channel(event.channel), model.accounts[event.account]
    member = channel.members[account]
    _leave(channel, account, member)

    def undo() -> None:
        if account not in channel.members:
            _enter(channel, account, member)

    return undo


def _enter(channel: Channel, account: Account, member: Membership) -> None:
    channel.members[account] = member
    account.channels[channel] = None
    if account.sessions:
        channel.present[account] = None
    channel.forget_audience()


def _leave(channel: Channel, account: Account, member: Membership) -> None:
    if channel.members.get(account) is not member:
        return
    del channel.members[account]
    account.channels.pop(channel, None)
    channel.present.pop(account, None)
    channel.forget_audience()


def _kicked_away(model: Model, event: channel_events.KickedAway) -> Undo:
    account = model.accounts[event.account]
    return _set(account, kicks={**account.kicks, event.name: event})


def _kicks_told(model: Model, event: channel_events.KicksTold) -> Undo:
    return _set(model.accounts[event.account], kicks={})


def _member_modes_changed(model: Model, event: channel_events.MemberModesChanged) -> Undo:
    channel = model.channel(event.channel)
    member = channel.members[model.accounts[event.account]]
    set_back = _set(member, modes=event.modes)
    channel.forget_audience()

    def undo() -> None:
        set_back()
        channel.forget_audience()

    return undo


def _modes_changed(model: Model, event: channel_events.ModesChanged) -> Undo:
    channel = model.channel(event.channel)
    return _set(channel, modes=event.modes, key=event.key, limit=event.limit)


def _ban_added(model: Model, event: channel_events.BanAdded) -> Undo:
    channel = model.channel(event.channel)
    before = channel.bans.get(event.mask)
    ban = channel.bans[event.mask] = (event.by, event.at_ms)

    def undo() -> None:
        if channel.bans.get(event.mask) is ban:
            _ban(channel, event.mask, before)

    return undo


def _ban_removed(model: Model, event: channel_events.BanRemoved) -> Undo:
    channel = model.channel(event.channel)
    before = channel.bans[event.mask]
    _ban(channel, event.mask, None)

    def undo() -> None:
        if event.mask not in channel.bans:
            _ban(channel, event.mask, before)

    return undo


def _ban(channel: Channel, mask: str, ban: tuple[str, int] | None) -> None:
    """None lifts it."""
    if ban is not None:
        channel.bans[mask] = ban
    else:
        channel.bans.pop(mask, None)
        channel.ban_matchers.pop(mask, None)


def _invited(model: Model, event: channel_events.InvitationMade) -> Undo:
    channel, account = model.channel(event.channel), model.accounts[event.account]
    before = account.invited_to.get(channel)
    _invite(channel, account, event.by)

    def undo() -> None:
        if account.invited_to.get(channel) == event.by:
            _invite(channel, account, before)

    return undo


def _invitation_ended(model: Model, event: channel_events.InvitationEnded) -> Undo:
    channel, account = model.channel(event.channel), model.accounts[event.account]
    by = account.invited_to[channel]
    _invite(channel, account, None)

    def undo() -> None:
        if channel not in account.invited_to and model.targets.get(channel.id) is channel:
            _invite(channel, account, by)

    return undo


def _invite(channel: Channel, account: Account, by: str | None) -> None:
    """Both sides of an invitation; None ends it."""
    if by is None:
        account.invited_to.pop(channel, None)
        channel.invited.pop(account, None)
    else:
        account.invited_to[channel] = by
        channel.invited[account] = None


def _set_facts(model: Model, event: Any) -> Undo:
    """What an event with a table() does."""
    *values, whose = event
    thing = model.accounts[whose] if event.table() == "accounts" else model.channel(whose)
    return _set(thing, **dict(zip(event._fields, values, strict=False)))


def _set(
    item: Account | Channel | Membership | Token | Certificate | Factor | Device,
    **values: object,
) -> Undo:
    before = {name: getattr(item, name) for name in values}
    _assign(item, values)

    def undo() -> None:
        if all(getattr(item, name) == value for name, value in values.items()):
            _assign(item, before)

    return undo


def _assign(item: object, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(item, name, value)


_APPLY: dict[type, Callable[[Model, Any], Undo]] = {
    channel_events.Logged: log_entry,
    account_events.AccountCreated: _account_created,
    account_events.PasswordChanged: _password_changed,
    account_events.PasswordRehashed: _password_changed,
    account_events.TokenCreated: _token_created,
    account_events.TokenUsed: _token_used,
    account_events.TokenRevoked: _token_revoked,
    account_events.CertificateAdded: _certificate_added,
    account_events.CertificateUsed: _certificate_used,
    account_events.CertificateRevoked: _certificate_revoked,
    account_events.FactorSet: _factor_set,
    account_events.FactorUsed: _factor_used,
    account_events.FactorRemoved: _factor_removed,
    account_events.RecoveryCodeAdded: _recovery_code_added,
    account_events.RecoveryCodesCleared: _recovery_codes_cleared,
    account_events.RecoveryCodeUsed: _recovery_code_used,
    account_events.UsageCounted: _usage_counted,
    account_events.UsageUpto: _usage_upto,
    account_events.Delivered: _delivered,
    account_events.DeviceForgotten: _device_forgotten,
    account_events.MessageKeyed: _message_keyed,
    account_events.InviteUsed: _invite_used,
    channel_events.ChannelCreated: _channel_created,
    channel_events.ChannelClosed: _channel_closed,
    channel_events.FounderRemoved: _founder_removed,
    channel_events.DirectOpened: _direct_opened,
    channel_events.MemberJoined: _joined,
    channel_events.MemberLeft: _left,
    channel_events.KickedAway: _kicked_away,
    channel_events.KicksTold: _kicks_told,
    channel_events.MemberModesChanged: _member_modes_changed,
    channel_events.ModesChanged: _modes_changed,
    channel_events.BanAdded: _ban_added,
    channel_events.BanRemoved: _ban_removed,
    channel_events.InvitationMade: _invited,
    channel_events.InvitationEnded: _invitation_ended,
}
