"""The only place where what outlives the process changes in memory.

apply(model, event) makes the change and returns what undoes it, for a turn that can't be stored. A
table from events to small functions, which are in journal.appliers. Hub thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from securechat.core.journal.appliers import Undo, accounts, channels, set_facts, set_item
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events import accounts as account_events
from securechat.core.journal.events import channels as channel_events
from securechat.core.journal.events import facts as fact_events
from securechat.core.journal.events import requests as request_events
from securechat.core.model.state import Model


def apply(model: Model, event: JournalEvent) -> Undo:
    """Change the model as the event says; the result, called, changes it back."""
    # An event without a row in the table has a table() of its own.
    return _once(_APPLY.get(type(event), _set_table)(model, event))


def _once(undo: Undo) -> Undo:
    # A list, as popping from it is done once whatever happens in between.
    left = [undo]
    return lambda: left.pop()() if left else None


def _set_table(model: Model, event: Any) -> Undo:
    """What an event with a table() does."""
    # The last field is whose facts they are, by the rule in things.py.
    *values, whose = event
    thing = model.accounts[whose] if event.table() == "accounts" else model.channel(whose)
    return set_facts(thing, **dict(zip(event._fields, values, strict=False)))


def _fact_kept(model: Model, event: fact_events.FactKept) -> Undo:
    before = model.kept.get(event.key)
    model.kept[event.key] = event.value

    def undo() -> None:
        # Set anew by a later one, which stays.
        if model.kept.get(event.key) == event.value:
            set_item(model.kept, event.key, before)

    return undo


def _unknown_to_the_model(model: Model, event: Any) -> Undo:
    """What an event does that is only for the store."""
    return lambda: None


_APPLY: dict[type, Callable[[Model, Any], Undo]] = {
    channel_events.Logged: channels.log_entry,
    account_events.AccountCreated: accounts.account_created,
    account_events.AccountRenamed: accounts.account_renamed,
    account_events.AccountRespelled: accounts.account_respelled,
    account_events.PasswordChanged: accounts.password_changed,
    account_events.PasswordRehashed: accounts.password_changed,
    account_events.TokenCreated: accounts.token_created,
    account_events.TokenUsed: accounts.token_used,
    account_events.TokenRevoked: accounts.token_revoked,
    account_events.CertificateAdded: accounts.certificate_added,
    account_events.CertificateUsed: accounts.certificate_used,
    account_events.CertificateRevoked: accounts.certificate_revoked,
    account_events.FactorSet: accounts.factor_set,
    account_events.FactorUsed: accounts.factor_used,
    account_events.FactorRemoved: accounts.factor_removed,
    account_events.RecoveryCodeAdded: accounts.recovery_code_added,
    account_events.RecoveryCodesCleared: accounts.recovery_codes_cleared,
    account_events.RecoveryCodeUsed: accounts.recovery_code_used,
    account_events.UsageCounted: accounts.usage_counted,
    account_events.UsageUpto: accounts.usage_upto,
    account_events.Delivered: accounts.delivered,
    account_events.DeviceForgotten: accounts.device_forgotten,
    account_events.ReadMarked: accounts.read_marked,
    account_events.ReadMarkForgotten: accounts.read_mark_forgotten,
    account_events.MessageKeyed: accounts.message_keyed,
    account_events.InviteUsed: accounts.invite_used,
    channel_events.Redacted: channels.redacted,
    channel_events.ChannelCreated: channels.channel_created,
    channel_events.ChannelClosed: channels.channel_closed,
    channel_events.ChannelRenamed: channels.channel_renamed,
    channel_events.FounderRemoved: channels.founder_removed,
    channel_events.DirectOpened: channels.direct_opened,
    channel_events.MemberJoined: channels.joined,
    channel_events.MemberLeft: channels.left,
    channel_events.KickedAway: channels.kicked_away,
    channel_events.KicksTold: channels.kicks_told,
    channel_events.MemberModesChanged: channels.member_modes_changed,
    channel_events.ModesChanged: channels.modes_changed,
    channel_events.MaskAdded: channels.mask_added,
    channel_events.MaskRemoved: channels.mask_removed,
    channel_events.InvitationMade: channels.invited,
    channel_events.InvitationEnded: channels.invitation_ended,
    fact_events.FactKept: _fact_kept,
    request_events.RequestAnswered: _unknown_to_the_model,
}
