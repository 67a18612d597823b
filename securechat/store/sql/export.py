"""What is kept of a channel or of a person, read piece by piece, so that no read is long: a server
that writes meanwhile could not begin its write-ahead log anew. The thread that owns the connection
may call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from securechat.irc.names import fold_channel
from securechat.store.database import FAULTS, Connection, fault
from securechat.store.sql.fragments import EVENTS, MESSAGES, UNTOLD
from securechat.store.sql.rows import LogRow

ROWS = 500
"""Of a channel, in one read."""

NUMBERS = 20_000
"""Of the one order, in one read: a person's entries have no index."""

_COLUMNS = "seq, target, sender, at_ms, kind, text, tags"
_PARTS = " UNION ALL ".join(
    f"SELECT * FROM (SELECT {_COLUMNS} FROM log "  # noqa: S608
    f"WHERE target = :target AND seq > :after AND seq <= :upto AND {part} "
    f"ORDER BY seq LIMIT {ROWS}) AS part"
    for part in (MESSAGES, UNTOLD, EVENTS)
)
OF_CHANNEL = f"{_PARTS} ORDER BY seq LIMIT {ROWS}"
OF_PERSON = (
    f"SELECT {_COLUMNS} FROM log WHERE seq > :after AND seq <= :upto AND (sender = :who "  # noqa: S608
    "OR target IN (SELECT id FROM targets WHERE low = :who OR high = :who)) ORDER BY seq"
)


class OpenChannel(NamedTuple):
    """What a list of them tells of each. keep_days: as of ChannelFacts."""

    name: str
    members: int
    modes: str
    topic: str
    created_ms: int
    keep_days: int | None


class ChannelFacts(NamedTuple):
    """founder: a name. ended, has_key: 0 or 1. keep_days: 0 for ever, None as the server's."""

    name: str
    created_ms: int
    ended: int
    founder: str | None
    modes: str
    has_key: int
    member_limit: int | None
    topic: str
    topic_by: str
    topic_ms: int
    metadata: str
    keep_days: int | None


class History:
    """connection: to read through. Raises StoreError from every method."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _all(
        self, sql: str, params: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[object, ...]]:
        try:
            return self._connection.execute(sql, params).fetchall()
        except FAULTS as error:
            raise fault(error) from error

    def channels_named(self, name: str) -> list[tuple[int, str]]:
        """(id, name) of the channel that is called so; without one, of those that were called so
        when they ended.
        """
        folded = fold_channel(name)
        sql = "SELECT id, name FROM targets WHERE folded = ?"
        found = self._all(sql, (folded,)) if folded else []
        if not found and folded:
            sql = "SELECT id, name FROM targets WHERE folded IS NULL AND name IS NOT NULL"
            found = [row for row in self._all(sql) if fold_channel(str(row[1])) == folded]
        return found  # type: ignore[return-value]

    def open_channels(self) -> list[OpenChannel]:
        """Those that there are, by their names."""
        sql = (
            "SELECT name, (SELECT count(*) FROM memberships WHERE channel = id), modes, topic, "
            "created_ms, keep_days FROM targets WHERE folded IS NOT NULL ORDER BY folded"
        )
        return [OpenChannel(*row) for row in self._all(sql)]  # type: ignore[arg-type]

    def channel(self, number: int) -> ChannelFacts:
        """What stands of a channel beside its log; of one that has ended what is left."""
        sql = (
            "SELECT targets.name, targets.created_ms, targets.folded IS NULL, accounts.name, "
            "modes, channel_key IS NOT NULL, member_limit, topic, topic_by, topic_ms, "
            "targets.metadata, keep_days FROM targets LEFT JOIN accounts ON accounts.id = founder "
            "WHERE targets.id = ?"
        )
        return ChannelFacts(*self._all(sql, (number,))[0])  # type: ignore[arg-type]

    def members(self, number: int) -> list[tuple[str, str]]:
        """(name, modes) of a channel's."""
        sql = (
            "SELECT name, modes FROM memberships JOIN accounts ON id = account "
            "WHERE channel = ? ORDER BY folded"
        )
        return self._all(sql, (number,))  # type: ignore[return-value]

    def masks(self, number: int) -> list[tuple[str, str, str, int]]:
        """(kind, mask, by, at_ms) of a channel's lists."""
        sql = "SELECT kind, mask, by, at_ms FROM channel_masks WHERE channel = ? ORDER BY at_ms"
        return self._all(sql, (number,))  # type: ignore[return-value]

    def invitations(self, number: int) -> list[tuple[str, str]]:
        """(of whom, by whom) into a channel."""
        sql = "SELECT name, by FROM invitations JOIN accounts ON id = account WHERE channel = ?"
        return self._all(sql, (number,))  # type: ignore[return-value]

    def places(self) -> dict[int, tuple[str | None, int | None, int | None]]:
        """Of each channel its name; of each direct conversation the two accounts."""
        rows = self._all("SELECT id, name, low, high FROM targets")
        return {row[0]: row[1:] for row in rows}  # type: ignore[misc]

    def of_channel(self, target: int, upto: int, pause: Callable[[], object]) -> Iterator[LogRow]:
        """All of a channel, up to a number, in its order. pause: called between two reads."""
        border = {"target": target, "after": 0, "upto": upto}
        while found := self._all(OF_CHANNEL, border):
            yield from found  # type: ignore[misc]
            border["after"] = found[-1][0]  # type: ignore[assignment]
            pause()

    def of_person(self, account: int, upto: int, pause: Callable[[], object]) -> Iterator[LogRow]:
        """What an account has said and done, and its direct conversations, in their order."""
        after = 0
        while after < upto:
            last = min(after + NUMBERS, upto)
            yield from self._all(  # type: ignore[misc]
                OF_PERSON, {"after": after, "upto": last, "who": account}
            )
            after = last
            pause()

    def channels_of(self, account: int) -> list[tuple[str, str]]:
        """(name, modes) of the channels that the account is a member of."""
        sql = (
            "SELECT name, memberships.modes FROM memberships JOIN targets ON id = channel "
            "WHERE account = ? AND folded IS NOT NULL ORDER BY folded"
        )
        return self._all(sql, (account,))  # type: ignore[return-value]

    def read_markers_of(self, account: int) -> list[tuple[str, int]]:
        """(channel or name, at_ms) up to when its person has read what."""
        sql = "SELECT target, at_ms FROM read_markers WHERE account = ? ORDER BY target"
        return self._all(sql, (account,))  # type: ignore[return-value]
