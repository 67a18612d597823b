"""What the tables have of a person beside the log: read for an export, and erased with what the
person has said. The thread that owns the connection may call.

Which column of the schema is exported, and what takes it away, is decided column by column, in a
table of the tests that fails for a new one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from securechat.irc.names import fold_account
from securechat.store.database import FAULTS, Connection, fault
from securechat.store.sql.rows import AccountRow

_NAMED = " UNION ".join(
    f"SELECT json_extract(facts, '$.{key}') FROM audit WHERE json_valid(facts)"  # noqa: S608
    for key in ("account", "of")
)
"""Whom the facts of the audit name."""


_REPORTS = "reports"
"""Under this key meta has what is reported and not closed yet: core.model.reports writes it."""


class ErasedWords(NamedTuple):
    """How many of each there were."""

    names: int
    keys: int
    topics: int
    reasons: int
    reports: int = 0


class Report(NamedTuple):
    """by, of: names. place: a channel, a message id or ''."""

    id: int
    at_ms: int
    by: str
    of: str
    place: str
    reason: str


class Mask(NamedTuple):
    """kind: b, e or I. by: who has set it."""

    channel: str
    kind: str
    mask: str
    by: str
    at_ms: int


class Kick(NamedTuple):
    """of: who was put out, and has not been told yet."""

    of: str
    channel: str
    by: str
    reason: str
    at_ms: int


class Personal:
    """account: whose. Raises StoreError from every method."""

    def __init__(self, connection: Connection, account: AccountRow) -> None:
        self._connection = connection
        self._account = account
        former = self._all("SELECT folded FROM former_names WHERE account = ?", (account.id,))
        self._names = {account.folded, *(folded for (folded,) in former)}

    def _all(self, sql: str, params: Sequence[object] = ()) -> list[Any]:
        try:
            return self._connection.execute(sql, params).fetchall()
        except FAULTS as error:
            raise fault(error) from error

    def _is(self, source: str) -> bool:
        """Whether a nick, or a nick!user@host, is the person's: by any name they have had, in any
        spelling.
        """
        return fold_account(source.partition("!")[0]) in self._names

    def founded(self) -> list[str]:
        """The open channels that the person has made."""
        sql = "SELECT name FROM targets WHERE founder = ? AND folded IS NOT NULL ORDER BY folded"
        return [name for (name,) in self._all(sql, (self._account.id,))]

    def topics(self) -> list[tuple[int, str, str]]:
        """(channel's number, its name, topic) of the topics that stand and are the person's, those
        of channels that have ended too.
        """
        rows = self._all("SELECT id, name, topic, topic_by FROM targets WHERE topic <> ''")
        return [(number, name, topic) for number, name, topic, by in rows if self._is(by)]

    def masks(self) -> list[Mask]:
        """Those that the person has set, and those that name the person."""
        rows = self._all(
            "SELECT name, kind, mask, by, at_ms FROM channel_masks "
            "JOIN targets ON id = channel ORDER BY at_ms"
        )
        return [Mask(*row) for row in rows if self._is(row[3]) or self._named_by(row[2])]

    def _named_by(self, mask: str) -> bool:
        return self._is(mask.removeprefix("~a:"))

    def invitations(self) -> list[tuple[str, str, str]]:
        """(channel, who is invited, by whom) of those to the person and by the person."""
        rows = self._all(
            "SELECT targets.name, accounts.name, by FROM invitations "
            "JOIN targets ON targets.id = channel JOIN accounts ON accounts.id = account"
        )
        return [row for row in rows if self._is(row[1]) or self._is(row[2])]

    def kicks(self) -> list[Kick]:
        """Those of the person and by the person that are still to be told."""
        rows = self._all(
            "SELECT accounts.name, kicks.name, by, reason, at_ms FROM kicks "
            "JOIN accounts ON accounts.id = account ORDER BY at_ms"
        )
        return [Kick(*row) for row in rows if self._is(row[0]) or self._is(row[2])]

    def devices(self) -> list[tuple[str, int]]:
        """(name, used_ms) of the devices that are told apart."""
        sql = "SELECT name, used_ms FROM devices WHERE account = ? ORDER BY name"
        return self._all(sql, (self._account.id,))

    def reports(self) -> list[Report]:
        """What the person has reported of others, as long as it isn't closed."""
        return [one for one in self._reports()[1] if self._is(one.by)]

    def _reports(self) -> tuple[int, list[Report]]:
        rows = self._all("SELECT value FROM meta WHERE key = ?", (_REPORTS,))
        last, found = json.loads(rows[0][0]) if rows else (0, [])
        return last, [Report(*row) for row in found]

    def _erase_reports(self) -> int:
        last, found = self._reports()
        left = [one._replace(reason="") if self._is(one.by) else one for one in found]
        if left == found:
            return 0
        sql = "UPDATE meta SET value = ? WHERE key = ?"
        self._connection.execute(sql, (json.dumps([last, left]), _REPORTS))
        return sum(one != before for one, before in zip(left, found, strict=True))

    def audited(self) -> list[tuple[int, str, str, str, str, str]]:
        """(at_ms, event, account, address, result, facts) of what the person has done, and of what
        was done to the person; not who has reported them.
        """
        # It has names as they were then, and somebody may have changed the case of theirs since.
        named = self._all(f"SELECT account FROM audit UNION {_NAMED}")  # noqa: S608
        spellings = [name for (name,) in named if isinstance(name, str) and self._is(name)]
        if not spellings:  # PostgreSQL knows no empty list
            return []
        marks = ", ".join("?" * len(spellings))
        sql = (
            "SELECT at_ms, event, account, address, result, "  # noqa: S608 - marks
            "CASE WHEN json_valid(facts) THEN facts ELSE json_quote(facts) END FROM audit "
            f"WHERE account IN ({marks}) OR (json_valid(facts) AND ("
            f"json_extract(facts, '$.account') IN ({marks}) "
            f"OR (event <> 'report' AND json_extract(facts, '$.of') IN ({marks})))) ORDER BY id"
        )
        return self._all(sql, spellings * 3)

    def has_words(self) -> bool:
        """Whether erase_words() has something to do."""
        row = self._account
        reasons = any(kick.reason for kick in self.kicks() if self._is(kick.by))
        reported = any(one.reason for one in self.reports())
        return bool(row.chosen_name or row.metadata or reasons or reported or self.topics())

    def erase_words(self) -> ErasedWords:
        """Take away the person's own words that stand beside the log: the real name, the metadata,
        topics that stand, reasons of kicks that are still to be told and of reports that are
        open. To be called in a transaction.
        """
        execute, row = self._connection.execute, self._account
        topics = [number for number, _, _ in self.topics()]
        for number in topics:
            execute(
                "UPDATE targets SET topic = '', topic_by = '', topic_ms = 0 WHERE id = ?", (number,)
            )
        reasons = 0
        for account, name, by in self._all("SELECT account, name, by FROM kicks"):
            if self._is(by):
                sql = "UPDATE kicks SET reason = '' WHERE account = ? AND name = ?"
                reasons += execute(sql, (account, name)).rowcount
        execute("UPDATE accounts SET chosen_name = '', metadata = '' WHERE id = ?", (row.id,))
        # They tell when something was said.
        execute("DELETE FROM message_keys WHERE account = ?", (row.id,))
        names, keys = int(bool(row.chosen_name)), int(bool(row.metadata))
        return ErasedWords(names, keys, len(topics), reasons, self._erase_reports())
