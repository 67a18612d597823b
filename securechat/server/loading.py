"""From the database to the model: at the start, and what an administrator changes later."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any

from securechat.core.guard import FAILED
from securechat.core.journal.events.accounts import CertificateRevoked, TokenRevoked
from securechat.core.journal.events.channels import KickedAway
from securechat.core.model.credentials import (
    Certificate,
    Device,
    Factor,
    Token,
    certificate_device,
    token_device,
)
from securechat.core.model.entities import Account, Channel, Direct, Invite, Membership
from securechat.core.model.sent_keys import Kept
from securechat.core.model.state import Model
from securechat.core.presence import live_sessions, online
from securechat.core.presence.live_sessions import Live
from securechat.core.rules import Rules
from securechat.core.turn import Turn
from securechat.net.admission import address_block_of
from securechat.store.admin import LIVE, told
from securechat.store.errors import DamagedError, StoreError
from securechat.store.pepper import Pepper
from securechat.store.sqlite.reader import AccountRow, ChannelRow, Reader

LOGGED_OUT = "Ended by the administrator"


log = logging.getLogger(__name__)


def load_model(reader: Reader, pepper: Pepper) -> Model:
    """Everything the rules keep in memory. pepper: of the reader's database. Raises StoreError."""
    try:
        return _load_model(reader, pepper)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # SQLite has found nothing wrong with a page whose cells are some other page's.
        name = type(error).__name__
        raise DamagedError(
            f"the database is damaged; restore a backup (a row holds nonsense: {name})"
        ) from error


def _load_model(reader: Reader, pepper: Pepper) -> Model:
    model = Model(reader.instance())
    model.last_seq = reader.last_seq()
    model.last_target = reader.last_target()
    for row in reader.accounts():
        model.add_account(_account(row))
        model.last_seq = max(model.last_seq, row.starts_after)
    for number, size in _usage(reader).items():
        if number in model.accounts:
            model.accounts[number].stored_bytes = size
    _load_devices(model, reader)
    model.committed_seq = model.looked_at = model.last_seq
    _load_credentials(model, reader)
    load_invites(model, reader)
    for channel in reader.channels(pepper):
        model.add_channel(_channel(channel))
    for number, low, high, newest in reader.directs():
        if low in model.accounts and high in model.accounts:
            model.add_direct(Direct(number, low, high, newest))
    _load_channel_lists(model, reader)
    for kick in itertools.starmap(KickedAway, reader.kicks()):
        if kick.account in model.accounts:
            model.accounts[kick.account].kicks[kick.name] = kick
    load_familiar(model, reader)
    return model


def _usage(reader: Reader) -> dict[int, int]:
    """What the log holds of each account; nothing where a part of it can't be read, for which the
    server must not stand still.
    """
    try:
        return reader.usage()
    except DamagedError as error:
        log.error("what is kept of the accounts is not counted: %s", error)  # noqa: TRY400
        return {}


def load_familiar(model: Model, reader: Reader) -> None:
    """Where the accounts have logged in from before, so that nobody's guessing slows them there."""
    for name, address in reader.logins():
        account = model.account_named(name)
        if account is not None and address:
            model.login_throttle.right(account.folded, address_block_of(address))


def _load_channel_lists(model: Model, reader: Reader) -> None:
    channels = {channel.id: channel for channel in model.channels.values()}
    for channel_id, account_id, modes, seq in reader.memberships():
        channel, account = channels.get(channel_id), model.accounts.get(account_id)
        if channel is not None and account is not None and not account.deleted:
            channel.members[account] = Membership(modes, seq)
            account.channels[channel] = None
    for channel_id, mask, by, at_ms in reader.bans():
        if channel_id in channels:
            channels[channel_id].bans[mask] = (by, at_ms)
    for channel_id, account_id, by in reader.invitations():
        if channel_id in channels and account_id in model.accounts:
            model.accounts[account_id].invited_to[channels[channel_id]] = by
            channels[channel_id].invited[model.accounts[account_id]] = None


def _load_devices(model: Model, reader: Reader) -> None:
    for number, name, delivered, used_ms in reader.devices():
        account = model.accounts.get(number)
        if account is not None and not account.deleted:
            account.devices[name] = Device(name, delivered, used_ms, delivered)
            # What could not be stored has a number too, which somebody may have acknowledged.
            model.last_seq = max(model.last_seq, delivered)
    for number, slot, key, seq, at_ms in reader.message_keys():
        if number in model.accounts:
            model.accounts[number].sent_keys.put(slot, key, Kept(seq, at_ms))


def _load_credentials(model: Model, reader: Reader) -> None:
    for row in reader.tokens():
        if row.account in model.accounts:
            model.add_token(Token(*row))
    for shown in reader.certificates():
        if shown.account in model.accounts:
            model.add_certificate(Certificate(*shown))
    for account, secret, counter in reader.factors():
        if account in model.accounts:
            model.accounts[account].factor = Factor(secret, counter)
    for digest, account in reader.recovery_codes():
        factor = model.accounts[account].factor if account in model.accounts else None
        if factor is not None:
            factor.recovery.add(digest)


def load_invites(model: Model, reader: Reader) -> None:
    """The invites as they are now."""
    model.invites = {
        row.code_sha256: Invite(row.uses, row.expires_ms, bool(row.admin))
        for row in reader.invites()
        if row.uses
    }


FLAGS = frozenset({"admin", "disabled", "deleted", "bot"})
"""What the database has as 0 or 1."""


def _account(row: AccountRow) -> Account:
    """With all that the row and an account have under the same name."""
    known = Account.__dataclass_fields__
    stored: dict[str, Any] = {
        name: bool(value) if name in FLAGS else value
        for name, value in row._asdict().items()
        if name in known
    }
    return Account(**stored)


def _channel(row: ChannelRow) -> Channel:
    return Channel(
        row.id,
        row.name,
        row.folded,
        row.skeleton,
        row.founder,
        row.created_ms,
        modes=row.modes,
        key=row.channel_key,
        limit=row.member_limit,
        topic=row.topic,
        topic_by=row.topic_by,
        topic_ms=row.topic_ms,
        last_seq=row.last_seq,
    )


def take_changes(
    rules: Rules, turn: Turn, reader: Reader, after: int, remember: Callable[[str, str], object]
) -> int:
    """Take up what an administrator has changed since a change's number; the newest number.

    remember: keeps the answer to a question under a key. A bug that one of them brings up is taken
    back and logged; the others are taken up, and it is not tried again. Hub thread. Raises
    StoreError.
    """
    changes = reader.changes(after)
    for change in changes:
        start = turn.savepoint()
        try:
            _take(rules, turn, reader, remember, change)
        except StoreError:
            raise
        except Exception:
            turn.roll_back(start)
            log.exception(
                "a bug: change %d (%s) of the administrator's takes effect at the next start only",
                *change[:2],
            )
            _close_all(rules, turn, change[2])
    return changes[-1][0] if changes else after


def _close_all(rules: Rules, turn: Turn, account: int | None) -> None:
    """Whoever is logged in as an account may be somebody who should not be any more."""
    for session in list(rules.model.sessions):
        if session.account is not None and session.account.id == account:
            turn.close(session, FAILED)


def _take(
    rules: Rules,
    turn: Turn,
    reader: Reader,
    remember: Callable[[str, str], object],
    change: tuple[int, str, int | None],
) -> None:
    number, kind, account = change
    if kind == "invites":
        load_invites(rules.model, reader)
    elif kind == "sessions":
        remember(LIVE, told(number, _live(rules, turn, account)))
    elif kind.startswith("logout"):
        _log_out(rules, turn, account, kind.removeprefix("logout").strip())
    elif account is not None:
        row = reader.account(account)
        if row is not None:
            _take_account(rules, turn, reader, row, new_password=kind == "password")


def _live(rules: Rules, turn: Turn, account: int | None) -> list[Live]:
    found = rules.model.accounts.get(account or 0)
    return live_sessions.listed(turn, found) if found is not None else []


def _log_out(rules: Rules, turn: Turn, account: int | None, wanted: str) -> None:
    """wanted: a session's id; '' for all, those that are only half logged in included."""
    found = rules.model.accounts.get(account or 0)
    if found is None:
        return
    if wanted:
        ended = [
            one for id_, one in live_sessions.sessions_of(turn, found).items() if id_ == wanted
        ]
    else:
        ended = [session for session in rules.model.sessions if session.account is found]
    online.end_all(turn, ended, LOGGED_OUT)


def _take_account(
    rules: Rules, turn: Turn, reader: Reader, row: AccountRow, *, new_password: bool
) -> None:
    account = rules.model.accounts.get(row.id)
    if account is None:
        account = _account(row)
        rules.model.add_account(account)
    account.disabled, account.deleted = bool(row.disabled), bool(row.deleted)
    if account in rules.model.online:
        rules.model.admins_online += row.admin - account.admin
    account.admin, account.bot = bool(row.admin), bool(row.bot)
    if account.deleted:
        rules.account_removed(turn, account, "Your account has been deleted")
    elif account.disabled:
        rules.end_sessions(turn, account, "Your account has been disabled")
    elif new_password:
        rules.end_sessions(turn, account, online.AFTER_CHANGE)
        _revoke_all(turn, account)
    _take_credentials(turn, reader, account)


def _revoke_all(turn: Turn, account: Account) -> None:
    """Also the tokens and certificates that somebody has made by the old password since the new
    one was set.
    """
    start = turn.savepoint()
    for token in list(account.tokens.values()):
        turn.record(TokenRevoked(token.digest))
    for certificate in list(account.certificates.values()):
        turn.record(CertificateRevoked(certificate.fingerprint))
    turn.finish_span(None, "PASSWORD", start)


def _take_credentials(turn: Turn, reader: Reader, account: Account) -> None:
    """An administrator makes and revokes tokens and certificates, and removes a second factor."""
    _end_what_is_gone(turn, reader, account)
    model = turn.model
    ending: set[bytes] = {e.digest for e in turn.events if isinstance(e, TokenRevoked)}
    ending |= {e.fingerprint for e in turn.events if isinstance(e, CertificateRevoked)}
    for token in reader.tokens_of(account.id):
        if token.digest not in model.tokens and token.digest not in ending:
            model.add_token(Token(*token))
    for shown in reader.certificates_of(account.id):
        if shown.fingerprint not in model.certificates and shown.fingerprint not in ending:
            model.add_certificate(Certificate(*shown))
    if not reader.has_factor(account.id):
        account.factor = None


def _end_what_is_gone(turn: Turn, reader: Reader, account: Account) -> None:
    """The tokens and certificates that the database has no more."""
    digests = {row.digest for row in reader.tokens_of(account.id)}
    for token in list(account.tokens.values()):
        if token.digest not in digests:
            turn.model.remove_token(token)
            account.forget_device(token_device(token.name))
            online.end_token(turn, token)
    shown = {row.fingerprint for row in reader.certificates_of(account.id)}
    for certificate in list(account.certificates.values()):
        if certificate.fingerprint not in shown:
            turn.model.remove_certificate(certificate)
            account.forget_device(certificate_device(certificate.name))
            online.end_certificate(turn, certificate)
