"""From the database to the model, at the start. What changes later: server.changes."""

from __future__ import annotations

import itertools
import logging
from typing import Any

from securechat.core.journal.events.channels import KickedAway
from securechat.core.model import address_bans, announcements, reports
from securechat.core.model.credentials import Certificate, Device, Factor, Invite, Token
from securechat.core.model.entities import Account, Channel, Direct
from securechat.core.model.login_places import Place, place_of
from securechat.core.model.membership import Membership
from securechat.core.model.sent_keys import Kept
from securechat.core.model.state import Model
from securechat.irc import names
from securechat.net.address_blocks import address_block_of
from securechat.store.errors import DamagedError
from securechat.store.pepper import Pepper
from securechat.store.sql.fragments import ROW_BYTES
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow, ChannelRow

log = logging.getLogger(__name__)

KEPT = (address_bans.KEY, announcements.KEY, reports.KEY)
"""The keys of Model.kept."""


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
    model = Model(reader.instance(), row_bytes=ROW_BYTES)
    model.last_seq = reader.last_seq()
    model.last_target = reader.last_target()
    for row in reader.accounts():
        model.add_account(account_of(row))
        # Its entries may have been erased, and a number must never be given twice.
        model.last_seq = max(model.last_seq, row.starts_after)
    _load_former_names(model, reader)
    for number, size in _usage(reader).items():
        if number in model.accounts:
            model.accounts[number].stored_bytes = size
    # Before committed_seq is set, as it may raise last_seq.
    _load_devices(model, reader)
    # All that is loaded is stored, and nobody has been sent anything yet.
    model.committed_seq = model.looked_at = model.first_seq = model.last_seq
    _load_credentials(model, reader)
    load_invites(model, reader)
    for channel in reader.channels(pepper):
        model.add_channel(_channel(channel))
    for number, low, high, newest in reader.directs():
        # A row that is damaged or orphaned must not keep the server from starting.
        if low in model.accounts and high in model.accounts:
            model.add_direct(Direct(number, low, high, newest))
    _load_channel_lists(model, reader)
    for kick in itertools.starmap(KickedAway, reader.kicks()):
        if kick.account in model.accounts:
            model.accounts[kick.account].kicks[kick.name] = kick
    for key in KEPT:
        if (value := reader.remembered(key)) is not None:
            model.kept[key] = value
    # Last, as it looks accounts up by their names.
    load_familiar(model, reader)
    return model


def _load_former_names(model: Model, reader: Reader) -> None:
    for folded, skeleton, name, number in reader.former_names():
        if number in model.accounts:
            account = model.accounts[number]
            former = {**account.former, folded: (name, skeleton)}
            model.name_account(account, account.forms, former)


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
    seen: dict[tuple[int, str, str], tuple[int, int, int]] = {}
    for name, address, device, first, last, at_ms, bound in reader.logins():
        account = model.known_as(names.fold_account(name))
        if account is None or not address:
            continue
        block = address_block_of(address)
        model.login_throttle.right(account.folded, block)
        where = place_of(block, device)
        # The login of who makes a token is by the password, a moment ago.
        for made_at, begin, end in (("", first, last), (place_of(block, ""), bound, bound)):
            if begin:
                place = account.id, where, made_at
                earlier = seen.get(place, (begin, end, at_ms))
                seen[place] = min(begin, earlier[0]), max(end, earlier[1]), at_ms
    _load_places(model, seen)


def _load_places(model: Model, seen: dict[tuple[int, str, str], tuple[int, int, int]]) -> None:
    """seen: the account and the place, with the numbers of the first login from there and of the
    last, and its time; or with the place where a client made the token for itself, when it did.
    """
    places = model.login_places
    # What is between an account's first and last login from a place changes nothing.
    steps = [(n, *place, at_ms) for place, (*both, at_ms) in seen.items() for n in both]
    for _, number, where, made_at, at_ms in sorted(steps):
        account = model.accounts[number]
        if made_at:
            places.add_bound(number, made_at, where)
        elif places.add(number, where):
            if not account.bot:
                places.keep(number, Place(number, account.name, where, "", at_ms))
        elif not places.is_doubted(number, where):
            places.settle(number)


def _load_channel_lists(model: Model, reader: Reader) -> None:
    channels = {channel.id: channel for channel in model.channels.values()}
    for channel_id, account_id, modes, seq in reader.memberships():
        channel, account = channels.get(channel_id), model.accounts.get(account_id)
        # Deleted while no server ran: what else is to follow from it, ownership.mend() does.
        if channel is not None and account is not None and not account.deleted:
            channel.members[account] = Membership(modes, seq)
            account.channels[channel] = None
    for channel_id, kind, mask, by, at_ms in reader.masks():
        if channel_id in channels:
            channels[channel_id].masks(kind).put(mask, (by, at_ms))
    for channel_id, account_id, by in reader.invitations():
        if channel_id in channels and account_id in model.accounts:
            model.accounts[account_id].invited_to[channels[channel_id]] = by
            channels[channel_id].invited[model.accounts[account_id]] = None


def _load_devices(model: Model, reader: Reader) -> None:
    for number, name, delivered, used_ms in reader.devices():
        account = model.accounts.get(number)
        if account is not None and not account.deleted:
            account.devices[name] = Device(name, delivered, used_ms, delivered)
            account.policy_told_ms = max(account.policy_told_ms, used_ms)
            # What could not be stored has a number too, which somebody may have acknowledged.
            model.last_seq = max(model.last_seq, delivered)
    for number, target, at_ms in reader.read_markers():
        if number in model.accounts:
            model.accounts[number].read_markers[target] = at_ms
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
        # A used-up invite stays in the database for the administrator to see.
        if row.uses
    }


FLAGS = frozenset({"admin", "disabled", "deleted", "bot"})
"""What the database has as 0 or 1."""


def account_of(row: AccountRow) -> Account:
    """With all that the row and an account have under the same name."""
    known = Account.__dataclass_fields__
    # By name, so a new column of this kind needs no change here.
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
        metadata=row.metadata,
        last_seq=row.last_seq,
        history_from=row.history_from,
        keep_days=row.keep_days,
    )
