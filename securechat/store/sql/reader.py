"""Reading: what the server starts from, what workers look up. One Reader belongs to one thread."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Iterable, Iterator
from math import inf
from typing import Any

from securechat.irc.multiline import wire_bytes
from securechat.store.database import FAULTS, Connection, Location, fault, open_database
from securechat.store.errors import DamagedError
from securechat.store.passwords import HEAD_CHARS, cost_of
from securechat.store.pepper import Pepper, open_channel_key
from securechat.store.sql.erasure import HIGHEST
from securechat.store.sql.fragments import EVENTS, MESSAGES, STORED_BYTES, UNTOLD, own_key
from securechat.store.sql.pages import ENTRY, Pages
from securechat.store.sql.rows import (
    AccountRow,
    CertificateRow,
    ChannelRow,
    DeviceRow,
    FactorRow,
    InviteRow,
    LogRow,
    TokenRow,
)

NEWEST_AUDITED = 50_000
"""Rows of the audit that are looked through for logins: a moment's work, however long it is."""


_ACCOUNT = f"SELECT {', '.join(AccountRow._fields)} FROM accounts"  # noqa: S608 - no input in it
_CERTIFICATES = f"SELECT {', '.join(CertificateRow._fields)} FROM certificates"  # noqa: S608
_LAST_OF = "coalesce((SELECT max(seq) FROM log WHERE target = targets.id AND {}), 0)"
_LAST_SEQ = ", ".join(_LAST_OF.format(part) for part in (MESSAGES, UNTOLD, EVENTS))
_LAST_SEQ = f"max({_LAST_SEQ})"
_CHANNELS = (
    f"SELECT {', '.join(ChannelRow._fields[:-1])}, {_LAST_SEQ} "  # noqa: S608 - no input in it
    "FROM targets WHERE folded IS NOT NULL"
)
_DIRECTS = f"SELECT id, low, high, {_LAST_SEQ} FROM targets WHERE low IS NOT NULL"  # noqa: S608
_HEADS = f"SELECT substr(password, 1, {HEAD_CHARS})"
# Their numbers are read from the index alone: what is not wanted in the end costs next to nothing.
_MISSED = (
    "SELECT seq FROM log WHERE target = ? AND seq > ? AND seq <= ? "  # noqa: S608 - no input in it
    f"AND {MESSAGES} ORDER BY seq DESC LIMIT ?"
)


class Reader:
    """Raises StoreError from every method when the database fails."""

    def __init__(self, source: Location | Connection, node: str = "") -> None:
        """source: where the database is, or a connection of the same thread to read through. node:
        the name of the node whose facts remembered() tells; '' for a server that is alone.
        """
        if isinstance(source, Location):
            source = open_database(source, read_only=True)
        self._connection = source
        self._node = node
        self.pages = Pages(source)

    def close(self) -> None:
        self._connection.close()

    def _all(self, sql: str, params: Iterable[object] = ()) -> list[tuple[object, ...]]:
        try:
            return self._connection.execute(sql, tuple(params)).fetchall()
        except FAULTS as error:
            raise fault(error) from error

    def instance(self) -> str:
        """The name of this database in message ids."""
        return str(self._all("SELECT value FROM meta WHERE key = 'instance'")[0][0])

    def remembered(self, key: str) -> str | None:
        """A fact that the server has kept about itself, or None; of what each node has for itself,
        as the last one that started where this one has kept nothing.
        """
        sql = "SELECT value FROM meta WHERE key IN (?, ?) ORDER BY length(key) DESC"
        rows = self._all(sql, (own_key(key, self._node), key))
        return str(rows[0][0]) if rows else None

    def last_seq(self) -> int:
        """The highest number that an entry of the log has, or had until it was erased; 0 when there
        was none.
        """
        return max(self._number("SELECT max(seq) FROM log"), int(self.remembered(HIGHEST) or 0))

    def messages_since(self, at_ms: int) -> int:
        """How many messages of people there are since a moment. at_ms: milliseconds since 1970
        (UTC).
        """
        first, end = 0, self._number("SELECT max(seq) FROM log") + 1
        # By halves, as nothing is sorted by time: where a clock was set back it is a little off.
        while first < end:
            middle = (first + end) // 2
            rows = self._all("SELECT at_ms FROM log WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,))
            if rows and int(str(rows[0][0])) < at_ms:
                first = middle + 1
            else:
                end = middle
        sql = "SELECT count(*) FROM log WHERE seq >= ? AND kind IN ('PRIVMSG', 'NOTICE')"
        return int(str(self._all(sql, (first,))[0][0]))

    def logged(self, first: int, last: int) -> set[int]:
        """Which numbers from one to another are of entries of the log."""
        rows = self._all("SELECT seq FROM log WHERE seq BETWEEN ? AND ?", (first, last))
        return {row[0] for row in rows}  # type: ignore[misc]

    def last_target(self) -> int:
        """The highest number of a channel or a conversation."""
        return self._number("SELECT max(id) FROM targets")

    def last_change(self) -> int:
        """The newest of the administrator's changes."""
        return self._number("SELECT max(id) FROM changes")

    def _number(self, sql: str) -> int:
        value = self._all(sql)[0][0]
        return int(value) if isinstance(value, int) else 0

    def usage(self) -> dict[int, int]:
        """The bytes that the log holds of each account, by its id."""
        upto = int(self.remembered("usage_upto") or 0)
        since = f"SELECT sender, {STORED_BYTES} FROM log WHERE seq > ?"  # noqa: S608
        both = f"SELECT account, bytes FROM usage UNION ALL {since}"  # noqa: S608
        sql = f"SELECT account, sum(bytes) FROM ({both}) AS parts GROUP BY account"  # noqa: S608
        rows = self._all(sql, (upto,))
        return dict(rows)  # type: ignore[arg-type]

    def accounts(self) -> list[AccountRow]:
        """All of them, the deleted ones too: the log names them."""
        return [AccountRow(*row) for row in self._all(_ACCOUNT)]  # type: ignore[arg-type]

    def account(self, account: int) -> AccountRow | None:
        """One account, or None."""
        rows = self._all(_ACCOUNT + " WHERE id = ?", (account,))
        return AccountRow(*rows[0]) if rows else None  # type: ignore[arg-type]

    def account_named(self, folded: str) -> AccountRow | None:
        """One account by its folded name, or None."""
        rows = self._all(_ACCOUNT + " WHERE folded = ?", (folded,))
        return AccountRow(*rows[0]) if rows else None  # type: ignore[arg-type]

    def former_names(self) -> list[tuple[str, str, str, int]]:
        """(folded, skeleton, name, account) of the names that accounts had before."""
        sql = "SELECT folded, skeleton, name, account FROM former_names"
        return self._all(sql)  # type: ignore[return-value]

    def names_before(self, account: int) -> list[str]:
        """Those that an account had."""
        sql = "SELECT name FROM former_names WHERE account = ? ORDER BY name"
        return [str(row[0]) for row in self._all(sql, (account,))]

    def former_owner(self, folded: str) -> AccountRow | None:
        """The account that had a name before, by the folded form."""
        sql = " WHERE id = (SELECT account FROM former_names WHERE folded = ?)"
        rows = self._all(_ACCOUNT + sql, (folded,))
        return AccountRow(*rows[0]) if rows else None  # type: ignore[arg-type]

    def password(self, account: int) -> str | None:
        """The stored hash; None for an account that is gone, disabled or deleted."""
        sql = "SELECT password FROM accounts WHERE id = ? AND disabled = 0 AND deleted = 0"
        rows = self._all(sql, (account,))
        return str(rows[0][0]) if rows and rows[0][0] else None

    def cost(self, folded: str) -> int | None:
        """The bcrypt cost of the account with a folded name, in whatever state; None for nobody."""
        rows = self._all(_HEADS + " FROM accounts WHERE folded = ?", (folded,))
        return cost_of(str(rows[0][0])) if rows else None

    def costs(self) -> dict[int, int]:
        """The bcrypt costs of all accounts, in whatever state, each with their number."""
        rows = self._all(_HEADS + ", count(*) FROM accounts GROUP BY 1")
        found = ((cost_of(str(head)), count) for head, count in rows)
        return {cost: count for cost, count in found if cost is not None}  # type: ignore[misc]

    def invites(self) -> list[InviteRow]:
        """All that were ever made, newest last."""
        sql = f"SELECT {', '.join(InviteRow._fields)} FROM invites ORDER BY created_ms"  # noqa: S608
        return [InviteRow(*row) for row in self._all(sql)]  # type: ignore[arg-type]

    def tokens(self) -> list[TokenRow]:
        """The device tokens of all accounts."""
        sql = f"SELECT {', '.join(TokenRow._fields)} FROM tokens ORDER BY account, name"  # noqa: S608
        return [TokenRow(*row) for row in self._all(sql)]  # type: ignore[arg-type]

    def tokens_of(self, account: int) -> list[TokenRow]:
        """The device tokens of one account."""
        sql = f"SELECT {', '.join(TokenRow._fields)} FROM tokens WHERE account = ?"  # noqa: S608
        return [TokenRow(*row) for row in self._all(sql, (account,))]  # type: ignore[arg-type]

    def devices(self) -> list[DeviceRow]:
        """The devices of all accounts."""
        sql = f"SELECT {', '.join(DeviceRow._fields)} FROM devices ORDER BY used_ms"  # noqa: S608
        return [DeviceRow(*row) for row in self._all(sql)]  # type: ignore[arg-type]

    def certificates(self) -> list[CertificateRow]:
        """The client certificates of all accounts."""
        return [CertificateRow(*row) for row in self._all(_CERTIFICATES)]  # type: ignore[arg-type]

    def certificates_of(self, account: int) -> list[CertificateRow]:
        """The client certificates of one account."""
        rows = self._all(_CERTIFICATES + " WHERE account = ?", (account,))
        return [CertificateRow(*row) for row in rows]  # type: ignore[arg-type]

    def message_keys(self) -> list[tuple[int, int, int, int, int]]:
        """(account, slot, key, seq, at_ms), of each account the newest last."""
        return self._all("SELECT * FROM message_keys ORDER BY account, seq")  # type: ignore[return-value]

    def factors(self) -> list[FactorRow]:
        """The second factors of all accounts."""
        sql = "SELECT account, secret, counter FROM factors"
        return [FactorRow(*row) for row in self._all(sql)]  # type: ignore[arg-type]

    def has_factor(self, account: int) -> bool:
        """Whether an account has a second factor."""
        return bool(self._all("SELECT 1 FROM factors WHERE account = ?", (account,)))

    def logins(self) -> list[tuple[str, str, str, int, int, int, int]]:
        """Of the newest logins that the audit has, each account's name, address and device once, in
        the order of the last ones: with the numbers of the first and the last, 0 for none, and its
        time; and when a client made such a token for itself, as the number of the first time, 0 for
        never. The device is a token or certificate as `token laptop`, '' for a password.
        """
        sql = (
            "SELECT account, address, device, "
            "coalesce(min(CASE WHEN event = 'login' THEN id END), 0), "
            "coalesce(max(CASE WHEN event = 'login' THEN id END), 0), max(at_ms), "
            "coalesce(min(CASE WHEN event <> 'login' THEN id END), 0) FROM "
            "(SELECT id, at_ms, account, address, event, CASE WHEN json_valid(facts) THEN "
            "coalesce('token ' || json_extract(facts, '$.token'), "
            "'certificate ' || json_extract(facts, '$.certificate'), '') ELSE '' END AS device "
            "FROM audit "
            "WHERE id > (SELECT max(id) FROM audit) - ? AND result = 'ok' AND (event = 'login' "
            "OR (event = 'token created' AND CASE WHEN json_valid(facts) "
            "THEN json_extract(facts, '$.bound') END = 'yes'))) "
            "AS found GROUP BY account, address, device ORDER BY max(id)"
        )
        return self._all(sql, (NEWEST_AUDITED,))  # type: ignore[return-value]

    def recovery_codes(self) -> list[tuple[bytes, int]]:
        """(digest, account) of all that are left."""
        return self._all("SELECT digest, account FROM recovery_codes")  # type: ignore[return-value]

    def channels(self, pepper: Pepper) -> list[ChannelRow]:
        """The open channels, their keys opened. Raises SealError when one can't be."""
        rows = [ChannelRow(*row) for row in self._all(_CHANNELS)]  # type: ignore[arg-type]
        keys = (open_channel_key(pepper, row.id, row.channel_key) for row in rows)
        return [row._replace(channel_key=key) for row, key in zip(rows, keys, strict=True)]

    def directs(self) -> list[tuple[int, int, int, int]]:
        """(id, low, high, newest seq) of the direct conversations."""
        return self._all(_DIRECTS)  # type: ignore[return-value]

    def memberships(self) -> list[tuple[int, int, str, int]]:
        """(channel, account, modes, seq)."""
        return self._all("SELECT channel, account, modes, seq FROM memberships")  # type: ignore[return-value]

    def masks(self) -> list[tuple[int, str, str, str, int]]:
        """(channel, kind, mask, by, at_ms)."""
        return self._all("SELECT channel, kind, mask, by, at_ms FROM channel_masks")  # type: ignore[return-value]

    def invitations(self) -> list[tuple[int, int, str]]:
        """(channel, account, by)."""
        return self._all("SELECT channel, account, by FROM invitations")  # type: ignore[return-value]

    def kicks(self) -> list[tuple[int, str, str, str, int]]:
        """(account, channel's name, by, reason, at_ms) of those who have not been told yet."""
        return self._all("SELECT * FROM kicks ORDER BY at_ms")  # type: ignore[return-value]

    def topics(self) -> set[int]:
        """The channels that have one, by their numbers."""
        return {row[0] for row in self._all("SELECT id FROM targets WHERE topic <> ''")}  # type: ignore[misc]

    def read_markers(self) -> list[tuple[int, str, int]]:
        """(account, target, at_ms)."""
        return self._all("SELECT account, target, at_ms FROM read_markers")  # type: ignore[return-value]

    def changes(self, after: int) -> list[tuple[int, str, int | None]]:
        """(id, kind, account) of the administrator's changes after one."""
        sql = "SELECT id, kind, account FROM changes WHERE id > ? ORDER BY id"
        return self._all(sql, (after,))  # type: ignore[return-value]

    def requests(self) -> list[tuple[int, str, str, str]]:
        """(id, kind, by, facts) of the administrator's requests that have no answer yet."""
        sql = "SELECT id, kind, by, facts FROM requests WHERE answer IS NULL ORDER BY id"
        return self._all(sql)  # type: ignore[return-value]

    def missed(
        self,
        targets: Iterable[tuple[int, int]],
        upto: int,
        limit: int,
        damaged: Callable[[DamagedError], object] | None = None,
        *,
        max_bytes: float = inf,
        line_bytes: int = 0,
    ) -> tuple[list[LogRow], bool]:
        """The newest messages in targets, in their order, and whether older ones were left out.

        targets: (target, seq after which). upto: the last seq to be read. limit: of them all. Each
        target has an equal share of it for its own newest, so that a flood in one doesn't push out
        what was said in the others; what a target doesn't need goes to the newest of the rest.
        max_bytes: of them all, as UTF-8, each with line_bytes beside its text and tags; no more is
        read. Here too each target has its turn, its newest first.
        damaged: called for each target that can't be read to its end, which then has what can be
        read; without it that is an error, as everywhere.
        """
        bad: dict[int, DamagedError] = {}
        found = {
            target: self._rows(_MISSED, (target, after, upto, limit + 1), target, bad)
            for target, after in targets
        }
        share = limit // max(len(found), 1)
        sure = [seq for seqs in found.values() for (seq,) in seqs[:share]]
        rest = [seq for seqs in found.values() for (seq,) in seqs[share:]]
        more = heapq.nlargest(limit - len(sure), rest)
        cut = len(more) < len(rest)
        rows: list[LogRow] = []
        for target, seq in _in_turns(found, {*sure, *more}):
            for row in self._rows(ENTRY, (seq,), target, bad):
                max_bytes -= wire_bytes(row[5], row[6], line_bytes)
                rows.append(row)
            if max_bytes < 0:
                rows.pop()
                cut = True
                break
        for error in bad.values():
            if damaged is None:
                raise error
            damaged(error)
        return sorted(rows, key=_seq), cut

    def _rows(
        self, sql: str, params: tuple[int, ...], target: int, bad: dict[int, DamagedError]
    ) -> list[Any]:
        """What can be read. bad: takes the fault of a target that can't be read to its end."""
        rows: list[Any] = []
        try:
            rows.extend(self._connection.execute(sql, params))
        except FAULTS as error:
            told = fault(error)
            if not isinstance(told, DamagedError):
                raise told from error
            bad.setdefault(target, told)
        return rows


def _in_turns(
    found: dict[int, list[tuple[int]]], chosen: Container[int]
) -> Iterator[tuple[int, int]]:
    """The chosen ones, as (target, seq): the newest of each target, then each one's second."""
    for rank in range(max(map(len, found.values()), default=0)):
        for target, seqs in found.items():
            if rank < len(seqs) and seqs[rank][0] in chosen:
                yield target, seqs[rank][0]


def _seq(row: LogRow) -> int:
    return row[0]
