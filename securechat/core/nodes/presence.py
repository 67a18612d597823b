"""Who is logged in where: the sessions of all nodes, and how each knows those of the others.

A node tells what is another than it was of an account with its sessions, whoever has changed it.
Hub thread only.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any, NamedTuple

from securechat.core.delivery import acknowledgements
from securechat.core.model.credentials import Device
from securechat.core.model.entities import ELSEWHERE, Account, Session
from securechat.core.model.state import Model
from securechat.core.model.states import State
from securechat.core.presence import monitors, online, sight
from securechat.core.turn import Turn

OFF, UNSEEN, SEEN = range(3)
"""What others are shown of an account: nothing, as it isn't there; nothing, though it is there; or
that it is online.
"""


HEARD_MS = 600_000
"""So exactly others know when a session was heard last: a list of sessions shows which of them
nobody sits at any more, and who is idle must not cost a turn for each answer to a PING.
"""


class Key(NamedTuple):
    """A session, at all nodes. node: the epoch of the one that its connection is at."""

    node: int
    number: int


class AccountFacts(NamedTuple):
    """What is not stored of an account. sight: OFF, UNSEEN or SEEN. The rest: as of an Account."""

    sight: int
    away: str | None
    signed_on_ms: int
    login_name: str


class SessionFacts(NamedTuple):
    """What other nodes know of a session, as of a Session. token, certificate: in hexadecimal, or
    None. opened_ms: milliseconds since 1970 (UTC). heard: when something has come of it last, in
    HEARD_MS since then. delivered: only where its device has another
    session, perhaps at another node.
    """

    address: str
    address_block: str
    opened_ms: int
    heard: int
    caps: int
    away: str | None
    bot: bool
    invisible: bool
    device: str | None
    after: int
    token: str | None
    certificate: str | None
    proven: bool
    id: str
    delivered: int | None
    monitored: tuple[tuple[str, str], ...]
    subscriptions: tuple[str, ...]


class AccountChange(NamedTuple):
    """What is another than it was. there: those sessions that are new or have changed. gone: those
    that there are no more.
    """

    account: int
    facts: AccountFacts
    there: tuple[tuple[Key, SessionFacts], ...]
    gone: tuple[Key, ...]


class Row(NamedTuple):
    """A session as it stands in the database, for a node that begins. facts: of both."""

    node: int
    number: int
    account: int
    facts: tuple[AccountFacts, SessionFacts]


class Presence:
    """node: this one's epoch."""

    def __init__(self, model: Model, node: int) -> None:
        self._model = model
        self._node = node
        self._numbers = count(1)
        self._sessions: dict[Key, Session] = {}
        self._keys: dict[Session, Key] = {}
        self._told: dict[Account, tuple[AccountFacts, dict[Session, SessionFacts]]] = {}
        """As all nodes know it."""
        self._changing: dict[int, Account] = {}
        """Of which changes() has told; one of them may be no account any more."""
        self._left: dict[Key, Session] = {}
        """Those that have gone with the turn that is being taken up: something may be said to them
        still.
        """

    def key(self, session: Session) -> Key:
        """What all nodes call a session that is logged in."""
        key = self._keys.get(session)
        if key is None:
            key = self._keys[session] = Key(self._node, next(self._numbers))
            self._sessions[key] = session
        return key

    def session(self, key: Key) -> Session | None:
        """The session of a key, where it is known."""
        return self._sessions.get(key) or self._left.get(key)

    def of_nodes(self, nodes: Iterable[int]) -> list[Session]:
        """The sessions at some nodes."""
        wanted = frozenset(nodes)
        return [session for key, session in self._sessions.items() if key.node in wanted]

    def nodes(self) -> set[int]:
        """The other nodes that have sessions."""
        return {key.node for key in self._sessions} - {self._node}

    # What this node has to tell

    def changes(self, accounts: Iterable[Account], turn: Turn) -> list[AccountChange]:
        """What the others don't know yet of some accounts."""
        return [
            change for account in accounts if (change := self._change(account, turn)) is not None
        ]

    def _change(self, account: Account, turn: Turn) -> AccountChange | None:
        facts = self._facts(account)
        before = self._told.get(account)
        known = before[1] if before is not None else {}
        there = []
        for session in account.sessions:
            told = known.get(session)
            now = _session_facts(session, turn, told)
            if now != told:
                there.append((self.key(session), now))
        here = frozenset(account.sessions)
        gone = tuple(self._keys[session] for session in known if session not in here)
        if before is not None and before[0] == facts and not there and not gone:
            return None
        if before is None and facts.sight == OFF and not there:
            return None
        self._changing[account.id] = account
        return AccountChange(account.id, facts, tuple(there), gone)

    def _facts(self, account: Account) -> AccountFacts:
        seen = SEEN if account in self._model.online else UNSEEN if account.unseen else OFF
        if seen == OFF:
            return AccountFacts(OFF, None, 0, "")
        return AccountFacts(seen, account.away, account.signed_on_ms, account.login_name)

    def told(self, changes: Iterable[AccountChange]) -> None:
        """They are stored: the others know."""
        for change in changes:
            self._remember(self._changing[change.account], change)

    def _remember(self, account: Account, change: AccountChange) -> None:
        _, sessions = self._told.get(account, (None, {}))
        for key, facts in change.there:
            sessions[self._sessions[key]] = facts
        for key in change.gone:
            session = self._sessions.pop(key, None)
            if session is not None:
                sessions.pop(session, None)
                self._keys.pop(session, None)
                self._left[key] = session
        if sessions or change.facts.sight != OFF:
            self._told[account] = change.facts, sessions
        else:
            self._told.pop(account, None)

    def rows(self, changes: Iterable[AccountChange]) -> list[Row]:
        """Of all sessions of those accounts, as they are once the changes are made."""
        found = []
        for change in changes:
            account = self._changing[change.account]
            there = dict(change.there)
            known = self._told[account][1] if account in self._told else {}
            for session in account.sessions:
                key = self.key(session)
                facts = there.get(key) or known[session]
                found.append(Row(*key, change.account, (change.facts, facts)))
        return found

    # What another node tells

    def take(self, turn: Turn, change: AccountChange) -> None:
        """Make a change of another node's. turn: has the time, and nothing is said in it."""
        account = self._model.accounts.get(change.account)
        if account is None:  # it has been removed since
            return
        for key in change.gone:
            if (session := self._sessions.get(key)) is not None:
                self._remove(account, session)
        for key, facts in change.there:
            self._put(turn, account, key, facts)
        _show(turn, account, change.facts)
        self._remember(account, change)

    def load(self, turn: Turn, rows: Iterable[Row]) -> None:
        """What is there already when this node begins."""
        # An account's sessions are listed by their age.
        for row in sorted(rows, key=lambda row: row.facts[1].opened_ms):
            whole, facts = row.facts
            there = ((Key(row.node, row.number), facts),)
            self.take(turn, AccountChange(row.account, whole, there, ()))
            if (account := self._model.accounts.get(row.account)) is not None:
                account.active_ms = facts.opened_ms

    def end_turn(self) -> None:
        """All that was said in a turn is said."""
        self._left.clear()
        self._changing.clear()

    def _put(self, turn: Turn, account: Account, key: Key, facts: SessionFacts) -> None:
        session = self._sessions.get(key)
        if session is not None and session.is_here:
            # Of what is here others know less; they only name it, to list it.
            session.id = facts.id
            return
        if session is None:
            session = self._add(turn, account, key, facts)
        _set(turn, account, session, facts)
        self._model.settle_modes(account)
        account.forget_audience()

    def _add(self, turn: Turn, account: Account, key: Key, facts: SessionFacts) -> Session:
        session = Session(
            None,
            io=ELSEWHERE,
            address=facts.address,
            fingerprint=None,
            opened_at=turn.clock - (turn.now_ms - facts.opened_ms) / 1000,
            address_block=facts.address_block,
        )
        session.state, session.login, session.account = State.READY, None, account
        session.arrived_at = turn.clock
        self._sessions[key], self._keys[session] = session, key
        self._model.sessions[session] = None
        self._model.arrived += 1
        account.sessions.append(session)
        account.active_ms = turn.now_ms
        return session

    def _remove(self, account: Account, session: Session) -> None:
        """A session that there is no more, be it here or elsewhere."""
        model = self._model
        if session in account.sessions:
            account.sessions.remove(session)
            model.settle_modes(account)
            model.arrived -= 1
            model.unconfirmed.pop(session, None)
            monitors.clear(model, session)
            acknowledgements.advance(model, session)
            account.forget_audience()
        if not session.is_here:
            model.sessions.pop(session, None)

    def forget(self, session: Session) -> None:
        """A session at another node has been closed by this one: nothing more comes of it."""
        self._model.closing -= session in self._model.sessions
        self._model.sessions.pop(session, None)


def _session_facts(session: Session, turn: Turn, told: SessionFacts | None) -> SessionFacts:
    opened_ms = turn.now_ms - int((turn.clock - session.opened_at) * 1000)
    heard_ms = turn.now_ms - int((turn.clock - session.heard_at) * 1000)
    device = session.device
    if device is not None and session.who.devices.get(device.name) is not device:
        device = None  # forgotten, as its token was revoked
    shared = device is not None and any(
        other.device is device for other in session.who.sessions if other is not session
    )
    return SessionFacts(
        session.address,
        session.address_block,
        # As it was told first: two clocks don't go quite alike.
        told.opened_ms if told is not None else opened_ms,
        heard_ms // HEARD_MS if told is None or session.is_here else told.heard,
        session.caps,
        session.away,
        session.bot,
        session.invisible,
        device.name if device is not None else None,
        session.after,
        session.token.digest.hex() if session.token is not None else None,
        session.certificate.fingerprint.hex() if session.certificate is not None else None,
        session.proven,
        session.id,
        session.delivered if shared else None,
        tuple(session.monitored.items()),
        tuple(session.subscriptions),
    )


def _set(turn: Turn, account: Account, session: Session, facts: SessionFacts) -> None:
    model = turn.model
    if facts.away != session.away:
        session.away, session.away_at = facts.away, turn.clock
    session.set_caps(facts.caps)
    session.bot, session.invisible, session.id = facts.bot, facts.invisible, facts.id
    session.after = facts.after
    heard_ms = max(facts.heard * HEARD_MS, facts.opened_ms)
    session.heard_at = turn.clock - (turn.now_ms - heard_ms) / 1000
    session.device = None
    if facts.device is not None:
        # It is stored within a second; until then it is known by its session alone.
        made = Device(facts.device, facts.after, turn.now_ms)
        session.device = account.devices.setdefault(facts.device, made)
    session.token = model.tokens.get(bytes.fromhex(facts.token)) if facts.token else None
    shown = bytes.fromhex(facts.certificate) if facts.certificate else b""
    session.certificate = model.certificates.get(shown)
    session.proved_at = session.opened_at if facts.proven else None
    if facts.delivered is not None and facts.delivered != session.delivered:
        session.delivered, session.answered_at = facts.delivered, turn.clock
    monitors.clear(model, session)
    for folded, shown_as in facts.monitored:
        monitors.add(model, session, folded, shown_as)
    session.subscriptions = dict.fromkeys(facts.subscriptions)


def _show(turn: Turn, account: Account, facts: AccountFacts) -> None:
    """What is shown of an account; the lines about it are told by the node that has changed it."""
    model = turn.model
    is_online = account in model.online
    if facts.sight == SEEN and not is_online:
        sight.come(turn, account)
    elif facts.sight != SEEN and (is_online or (account.unseen and facts.sight == OFF)):
        online.go_offline(turn, account)
    if facts.sight == UNSEEN and not account.unseen:
        sight.come_unseen(turn, account)
    if facts.sight != OFF:
        account.away, account.signed_on_ms = facts.away, facts.signed_on_ms
        account.login_name = facts.login_name
    account.forget_audience()


def change_of(values: Any) -> AccountChange:
    """A change that has been JSON."""
    account, facts, there, gone = values
    return AccountChange(
        account,
        AccountFacts(*facts),
        tuple((Key(*key), session_facts_of(told)) for key, told in there),
        tuple(Key(*key) for key in gone),
    )


def row_of(node: int, number: int, account: int, facts: Any) -> Row:
    """A row whose facts have been JSON."""
    whole, told = facts
    return Row(node, number, account, (AccountFacts(*whole), session_facts_of(told)))


def session_facts_of(values: Any) -> SessionFacts:
    """Facts that have been JSON, in which all sequences are lists."""
    *plain, monitored, subscriptions = values
    return SessionFacts._make([*plain, tuple(map(tuple, monitored)), tuple(subscriptions)])
