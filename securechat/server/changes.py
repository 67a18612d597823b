"""What an administrator changes in the database, taken up by the hub of a running server.

Hub thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from securechat.core.delivery.effects import Reply
from securechat.core.guard import FAILED
from securechat.core.history import policy
from securechat.core.journal.events.accounts import CertificateRevoked, TokenRevoked
from securechat.core.model.credentials import Certificate, Token, certificate_device, token_device
from securechat.core.model.entities import Account, Channel
from securechat.core.model.state import Model
from securechat.core.presence import online
from securechat.core.rules import Rules
from securechat.core.turn import CommandSpan, Savepoint, Turn
from securechat.server.forgetting import forget_entries, forget_words
from securechat.server.loading import account_of, load_invites
from securechat.server.requests import Requests
from securechat.store.admin import APPLIED, RETENTION, WORDS
from securechat.store.errors import StoreError
from securechat.store.sql import erasure
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow

log = logging.getLogger(__name__)

DELETED = "Your account has been deleted"

Change = tuple[int, str, int | None]
"""Its number and kind, and the account that it is about."""


class TakenUp(NamedTuple):
    """The changes that a turn has taken up. newest: the last one's number; all that follows from
    them stands in the turn between start and end.
    """

    newest: int
    start: Savepoint
    end: Savepoint

    def has(self, span: CommandSpan) -> bool:
        """Whether a span follows from them."""
        return self.start <= span.start and span.end <= self.end


class Changes:
    """rules: where they take effect. journal: asked for whether there are any, and keeps how far
    they are taken up. reader: has them. last: the newest that the rules' model has in it. requests:
    looked for at the same time.
    """

    def __init__(
        self, rules: Rules, journal: Journal, reader: Reader, last: int, requests: Requests
    ) -> None:
        self._rules = rules
        self._journal = journal
        self._reader = reader
        self._requests = requests
        self._last = last
        self._taken: TakenUp | None = None
        self.found: list[Change] = []
        """What the present turn has taken up, for the other nodes."""
        self._behind = True
        """There may be some that are not taken up, or not said to be: at the start those that were
        made while no server ran.
        """

    def look(self, turn: Turn) -> None:
        """Take up what there is."""
        start = turn.savepoint()
        try:
            # Asked in each case, as it also takes note of the present state.
            if self._journal.changed_by_others() or self._behind:
                erased = self._rules.model.erased
                newest = take_changes(self._rules, turn, self._reader, self._last)
                self.found = self._reader.changes(self._last) if newest != self._last else []
                # Behind the changes, as they are about what there is.
                self._requests.look(turn)
                self._taken = TakenUp(newest, start, turn.savepoint())
                # For the checkpointer: until the write-ahead log is emptied, what was erased is
                # still in it.
                self._journal.erasure_count += self._rules.model.erased > erased
        except StoreError as error:
            self._fall_behind(error)

    def not_stored(self, spans: Iterable[CommandSpan]) -> None:
        """Some spans of the turn are taken back: if one follows from the changes, they are taken up
        again with the next look.
        """
        # Only if it follows from them: commands that failed beside them don't matter here.
        if self._taken is not None and any(map(self._taken.has, spans)):
            self._taken, self.found, self._behind = None, [], True

    def keep(self) -> None:
        """The turn is stored: remember how far its changes go."""
        taken, self._taken = self._taken, None
        if taken is None:
            return
        # Now, and not when they were taken up: by then they could still be taken back.
        self._last = taken.newest
        try:
            self._journal.remember(APPLIED, str(taken.newest))
        except StoreError as error:
            self._fall_behind(error)
        else:
            self._behind = False

    # Where there are several nodes, one of them takes up each change

    def write(self) -> None:
        """Remember how far the changes of the turn go, within it. Raises StoreError."""
        if self._taken is not None and (self._behind or self._taken.newest != self._last):
            self._journal.remember(APPLIED, str(self._taken.newest))

    def written(self) -> None:
        """That is stored, with all that follows from them."""
        if self._taken is not None:
            self._last, self._behind = self._taken.newest, False
        self._taken, self.found = None, []

    def take_back(self) -> None:
        """It is not."""
        if self._taken is not None:
            self._taken, self.found, self._behind = None, [], True

    def know_accounts(self, changes: Sequence[Change]) -> None:
        """Another node has taken these up, and what it did then may be about accounts that an
        administrator has made. Raises StoreError.
        """
        model = self._rules.model
        for _, _, number in changes:
            if number is not None and number not in model.accounts:
                row = self._reader.account(number)
                if row is not None:
                    model.add_account(account_of(row))

    def follow(self, turn: Turn, changes: Sequence[Change]) -> None:
        """Take up the facts of what another node has taken up: it has done, and told, what follows
        from them. turn: closes those who are about to log in here, and must not. Raises StoreError.
        """
        aside = self._rules.turn(turn.now_ms, turn.clock)
        for change in changes:
            _take(self._rules, aside, self._reader, change, followed=True)
            self._last = max(self._last, change[0])
        closed = {closing.session for closing in aside.closings}
        turn.closings += aside.closings
        turn.effects += [
            one for one in aside.effects if isinstance(one, Reply) and one.session in closed
        ]

    def _fall_behind(self, error: StoreError) -> None:
        # Said once: it is tried four times a second.
        if not self._behind:
            log.error("can't see what the administrator has changed: %s", error)
        self._behind = True


def take_changes(rules: Rules, turn: Turn, reader: Reader, after: int) -> int:
    """Take up what an administrator has changed since a change's number; the newest number.

    A bug that one of them brings up is taken back and logged; the others are taken up, and it is
    not tried again. Hub thread. Raises StoreError.
    """
    changes = reader.changes(after)
    for change in changes:
        start = turn.savepoint()
        try:
            _take(rules, turn, reader, change)
        # No bug: the look is ended, and the next one begins here again.
        except StoreError:
            raise
        except Exception:
            turn.roll_back(start)
            log.exception(
                "a bug: change %d (%s) of the administrator's takes effect at the next start only",
                *change[:2],
            )
            # The safe side: it may have been a password or a token that was taken away.
            _close_all(rules, turn, change[2])
    return changes[-1][0] if changes else after


def _close_all(rules: Rules, turn: Turn, account: int | None) -> None:
    """Whoever is logged in as an account may be somebody who should not be any more."""
    for session in list(rules.model.sessions):
        if session.account is not None and session.account.id == account:
            turn.close(session, FAILED)


def _take(
    rules: Rules, turn: Turn, reader: Reader, change: Change, *, followed: bool = False
) -> None:
    """followed: another node has done what follows from it, and here it is the facts alone."""
    number, kind, account = change
    erased = erasure.told(kind)
    # First, as these kinds carry numbers with them.
    if erased is not None:
        forget_entries(rules.model, reader, number, erased)
    elif kind == "invites":
        load_invites(rules.model, reader)
    elif kind.startswith(RETENTION):
        _keep(rules.model, turn, kind)
    elif account is not None:
        # As it is now: of several changes each finds the last one's result.
        row = reader.account(account)
        if row is not None and kind == WORDS:
            forget_words(turn, reader, row)
        elif row is not None:
            _take_account(
                rules, turn, reader, row, new_password=kind == "password", followed=followed
            )
        elif account in rules.model.accounts:
            _forget_account(rules, turn, rules.model.accounts[account], followed=followed)


def _keep(model: Model, turn: Turn, kind: str) -> None:
    """For how long a channel's history is kept has changed; its members who are here are told."""
    number, days = kind.removeprefix(RETENTION).split()
    channel = model.targets.get(int(number))
    # It may have been closed since.
    if isinstance(channel, Channel):
        before = channel.keep_days
        channel.keep_days = None if days == "-" else int(days)
        if channel.keep_days != before:
            policy.show_all(turn, channel)


def _forget_account(rules: Rules, turn: Turn, account: Account, *, followed: bool) -> None:
    """A name that was given free. Its account was deleted before, which may come with this."""
    account.deleted = True
    for token in [*account.tokens.values()]:
        rules.model.remove_token(token)
    for certificate in [*account.certificates.values()]:
        rules.model.remove_certificate(certificate)
    if followed:
        rules.model.departed.pop(account.folded, None)
    else:
        rules.account_removed(turn, account, DELETED)
    rules.model.remove_account(account)


def _take_account(
    rules: Rules,
    turn: Turn,
    reader: Reader,
    row: AccountRow,
    *,
    new_password: bool,
    followed: bool,
) -> None:
    account = rules.model.accounts.get(row.id)
    # One that the administrator has made.
    if account is None:
        account = account_of(row)
        rules.model.add_account(account)
    account.disabled, account.deleted = bool(row.disabled), bool(row.deleted)
    if account in rules.model.online:
        # Before the attribute changes, as it is counted by the difference.
        rules.model.admins_online += row.admin - account.admin
    account.admin, account.bot = bool(row.admin), bool(row.bot)
    account.quota_mib = row.quota_mib
    rules.model.settle_modes(account)
    if followed:
        if account.deleted:
            rules.model.departed.pop(account.folded, None)
    elif account.deleted:
        rules.account_removed(turn, account, DELETED)
    elif reason := _why_ended(account, new_password=new_password):
        rules.end_sessions(turn, account, reason)
        if new_password and not account.disabled:
            _revoke_all(turn, account)
    _take_credentials(turn, reader, account, followed=followed)


def _why_ended(account: Account, *, new_password: bool) -> str:
    """Why an account's sessions end by what an administrator has changed; '' where they go on."""
    if account.deleted:
        return DELETED
    if account.disabled:
        return "Your account has been disabled"
    return online.AFTER_CHANGE if new_password else ""


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


def _take_credentials(turn: Turn, reader: Reader, account: Account, *, followed: bool) -> None:
    """An administrator makes and revokes tokens and certificates, and removes a second factor."""
    # First what has ended: one of the same name may have been made in its place.
    _end_what_is_gone(turn, reader, account, followed=followed)
    model = turn.model
    # Revoked in this very turn, but still in the database until it is stored.
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


def _end_what_is_gone(turn: Turn, reader: Reader, account: Account, *, followed: bool) -> None:
    """The tokens and certificates that the database has no more."""
    digests = {row.digest for row in reader.tokens_of(account.id)}
    for token in list(account.tokens.values()):
        if token.digest not in digests:
            turn.model.remove_token(token)
            account.forget_device(token_device(token.name))
            online.end_token(turn, token, only_logins=followed)
    shown = {row.fingerprint for row in reader.certificates_of(account.id)}
    for certificate in list(account.certificates.values()):
        if certificate.fingerprint not in shown:
            turn.model.remove_certificate(certificate)
            account.forget_device(certificate_device(certificate.name))
            online.end_certificate(turn, certificate, only_logins=followed)
