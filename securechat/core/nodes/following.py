"""What the turns of other nodes do here: they change the model as they did there, and what they
say is said to those who are here. Hub thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from securechat.core.administration import addresses
from securechat.core.delivery.effects import Broadcast, Effect, Reply
from securechat.core.delivery.line import Line, MessageId
from securechat.core.journal.appliers.channels import log_entry
from securechat.core.journal.apply import apply
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events import accounts as of_accounts
from securechat.core.journal.events import channels as of_channels
from securechat.core.journal.events.facts import FactKept
from securechat.core.model import address_bans
from securechat.core.model.entities import Account, Audience, Channel, Session
from securechat.core.model.state import Model
from securechat.core.model.states import State, Trigger
from securechat.core.nodes.encoding import Encoded, event_of, line_of
from securechat.core.nodes.presence import Key, Presence, change_of
from securechat.core.nodes.telling import ACCOUNT, CHANNEL, MESSAGES, SESSION
from securechat.core.shared import SHARED
from securechat.core.turn import Closing, Turn

REVOKED = "What you have logged in with has been revoked"


SAID = frozenset({"PRIVMSG", "NOTICE", "TAGMSG", "CTCP", "CTCPREPLY", "STATUSMSG"})
"""The kinds of entries that somebody has said, by whom they are shown to be active."""


def take_up(
    turn: Turn,
    presence: Presence,
    body: dict[str, Any],
    administered: Callable[[Sequence[Any]], object],
) -> None:
    """Do what a turn of another node has done. turn: an empty one; afterwards it has what is to be
    said and closed here, and nothing to be stored. administered: takes up the facts of the changes
    that an administrator has made. Raises UnreadableError.
    """
    logged: dict[int, of_channels.Logged] = {}
    for values in body.get("events", ()):
        event = event_of(values)
        if type(event) is of_channels.Logged:
            logged[event.seq] = event
            _log(turn.model, event)
        else:
            _apply(turn, event)
    turn.model.committed_seq = turn.model.last_seq
    for values in body.get("presence", ()):
        presence.take(turn, change_of(values))
    for name, *fields in body.get("shared", ()):
        # One that this version doesn't know limits something that it doesn't know, either.
        if name in SHARED:
            SHARED[name](*fields).apply(turn)
    if changes := body.get("changes", ()):
        administered(changes)
    # It is told by the other node, and what follows here from its events is told behind it.
    follows, turn.effects = turn.effects, []
    for said in body.get("said", ()):
        if said[0] == MESSAGES:
            turn.effects += _messages(turn.model, said, logged)
        elif (effect := _effect(turn, presence, said)) is not None:
            turn.effects.append(effect)
    turn.effects += follows
    for node, number, reason in body.get("closed", ()):
        session = presence.session(Key(node, number))
        if session is not None and session.is_here:
            _close(turn, session, reason)
    presence.end_turn()


def _apply(turn: Turn, event: JournalEvent) -> None:
    apply(turn.model, event)
    further = _FURTHER.get(type(event))
    if further is not None:
        further(turn, event)


def _log(model: Model, event: of_channels.Logged) -> None:
    """Most events are one of these, so this is short."""
    log_entry(model, event)
    model.last_seq = event.seq
    if event.kind != "PRIVMSG":
        model.logged[event.kind] += 1
    if event.kind in SAID and (sender := model.accounts.get(event.sender)) is not None:
        sender.active_ms = event.at_ms


def _target(turn: Turn, event: of_channels.ChannelCreated | of_channels.DirectOpened) -> None:
    turn.model.last_target = max(turn.model.last_target, event.id)


def _delivered(turn: Turn, event: of_accounts.Delivered) -> None:
    """At the node that has told it memory was ahead; here it is not."""
    device = turn.model.accounts[event.account].devices[event.name]
    device.delivered = max(device.delivered, event.delivered)
    device.used_ms = max(device.used_ms, event.used_ms)


def _usage_upto(turn: Turn, _: of_accounts.UsageUpto) -> None:
    turn.model.uncounted.clear()


def _factor_set(turn: Turn, event: of_accounts.FactorSet) -> None:
    turn.model.enrolments.pop(event.account, None)


def _revoked(turn: Turn, event: of_accounts.TokenRevoked | of_accounts.CertificateRevoked) -> None:
    """Who is logging in with it here; of those who are logged in the other node knows."""
    (digest,) = event
    for session in turn.model.here():
        if session.state in (State.PROVEN, State.LOADING) and digest in (
            session.token.digest if session.token is not None else None,
            session.certificate.fingerprint if session.certificate is not None else None,
        ):
            turn.close(session, REVOKED)


def _kept(turn: Turn, event: FactKept) -> None:
    if event.key == address_bans.KEY:
        bans = address_bans.address_bans(event.value)
        for session in turn.model.here():
            ban = bans.find(session.address, turn.now_ms)
            # Those that are logged in the other node ends.
            if ban is not None and session.state is not State.READY:
                turn.close(session, addresses.told(ban))


_FURTHER: dict[type, Callable[[Turn, Any], None]] = {
    of_channels.ChannelCreated: _target,
    of_channels.DirectOpened: _target,
    of_accounts.Delivered: _delivered,
    of_accounts.UsageUpto: _usage_upto,
    of_accounts.FactorSet: _factor_set,
    of_accounts.TokenRevoked: _revoked,
    of_accounts.CertificateRevoked: _revoked,
    FactKept: _kept,
}
"""What an event means here beside what it changes of the model."""


def _effect(turn: Turn, presence: Presence, said: Sequence[Any]) -> Effect | None:
    """What is to be said here; None where nobody of them is here."""
    to, *rest = said
    if to == SESSION:
        *key, text = rest
        session = presence.session(Key(*key))
        if session is None or not session.is_here:
            return None
        return Reply(session, Encoded(text.encode()), session.encoding_group)
    *whose, line = rest
    audience = _audience(turn, presence, to, whose)
    if audience is None or not audience.groups:
        return None
    return Broadcast(audience, line_of(line, turn.model.instance))


def _messages(
    model: Model, said: Sequence[Any], logged: Mapping[int, of_channels.Logged]
) -> Iterator[Effect]:
    """Those of one sender to one channel; nothing where nobody of it is here."""
    _, head, account, numbers = said
    channel = model.targets.get(logged[numbers[0]].target)
    if not isinstance(channel, Channel):
        return
    audience, instance = channel.audience(), model.instance
    if not audience.groups:
        return
    for seq in numbers:
        entry = logged[seq]
        line = Line(head + entry.text, entry.at_ms, MessageId(instance, seq), account, entry.tags)
        yield Broadcast(audience, line)


def _audience(turn: Turn, presence: Presence, to: str, whose: Sequence[Any]) -> Audience | None:
    model = turn.model
    if to == CHANNEL:
        number, rank = whose
        channel = model.targets.get(number)
        if not isinstance(channel, Channel):
            return None
        return channel.audience() if rank is None else channel.ranked(rank)
    if to == ACCOUNT:
        account: Account | None = model.accounts.get(*whose)
        return account.audience() if account is not None else None
    return Audience(_here(presence, whose[0]))


def _here(presence: Presence, keys: Iterable[Sequence[int]]) -> Iterable[Session]:
    for key in keys:
        session = presence.session(Key(*key))
        if session is not None and session.is_here:
            yield session


def _close(turn: Turn, session: Session, reason: str) -> None:
    """As Turn.close(), but for the ERROR, which the other node has said."""
    if session.state is not State.CLOSED:
        session.move(Trigger.CLOSING)
        turn.model.closing += session in turn.model.sessions
        turn.closings.append(Closing(session, reason))
