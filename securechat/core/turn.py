"""One turn of the hub: what a batch of input does, gathered before any of it is stored or sent.

The order is: the rules run on every input and fill a turn; the turn's events are stored in one
transaction; only then is its output handed on. When storing fails, fail() takes back what the
failed spans changed and said, and tells those who asked. Hub thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from securechat.core.audit import as_json, tell
from securechat.core.delivery.effects import Broadcast, Effect, Reply
from securechat.core.delivery.labels import LABEL, Tagged
from securechat.core.delivery.line import BareLine, Line, MessageId
from securechat.core.jobs import Job
from securechat.core.journal.appliers import Undo
from securechat.core.journal.appliers.channels import log_entry
from securechat.core.journal.apply import apply
from securechat.core.journal.events import Audited, JournalEvent
from securechat.core.journal.events.channels import SERVER, Logged
from securechat.core.model.entities import Account, Audience, Session
from securechat.core.model.state import Model
from securechat.core.model.states import State, Trigger
from securechat.core.ports import Outside, Vault
from securechat.core.settings import Settings
from securechat.core.text import fits, shorten
from securechat.irc.message import MAX_BODY_BYTES, format_tags
from securechat.irc.numerics import Numeric

log = logging.getLogger(__name__)


Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)

_new = tuple.__new__
"""Makes a named tuple from a tuple as its class does, in a third of the time: for those that every
line needs.
"""


class IrcError(Exception):
    """A command can't be done; answered with a numeric. params: between the nick and the text."""

    def __init__(self, numeric: Numeric, *params: str) -> None:
        super().__init__(numeric, *params)
        self.numeric = numeric
        self.params = params


class Savepoint(NamedTuple):
    """How long the turn's lists were at some point."""

    events: int
    effects: int
    undo: int
    audits: int


class CommandSpan(NamedTuple):
    """What one command put into the turn: everything between two savepoints."""

    session: Session | None
    command: str
    start: Savepoint
    end: Savepoint
    label: str


class Closing(NamedTuple):
    """A session to be closed once its output is written. reason: for the log."""

    session: Session
    reason: str


class Shared(Protocol[Result_co]):
    """Something of core.shared."""

    def apply(self, turn: Turn) -> Result_co:
        """Do it at this node."""


class Turn:
    """now_ms: milliseconds since 1970 (UTC), for stamps. clock: seconds, monotonic, for waits.
    outside: asked for numbers, sockets and the log, see core.ports.
    """

    __slots__ = (
        "_then",
        "arrived",
        "audits",
        "charges",
        "clock",
        "closings",
        "effects",
        "events",
        "jobs",
        "model",
        "now_ms",
        "outside",
        "settings",
        "shared",
        "spans",
        "touched",
        "undo",
        "vault",
    )

    def __init__(
        self,
        model: Model,
        settings: Settings,
        vault: Vault,
        now_ms: int,
        clock: float,
        outside: Outside,
    ) -> None:
        self.model = model
        self.settings = settings
        self.vault = vault
        self.now_ms = now_ms
        self.clock = clock
        self.outside = outside
        self.events: list[JournalEvent] = []
        self.effects: list[Effect] = []
        self.undo: list[Undo] = []
        self.spans: list[CommandSpan] = []
        self.jobs: list[Job] = []
        self.closings: list[Closing] = []
        self.arrived: list[Session] = []
        """Whose login is complete; some may be closed again by the end of the turn."""
        self.audits: list[Audited] = []
        """Stored with the events; if they can't be, the log still has them."""
        self.shared: list[Shared[object]] = []
        """What was done that all nodes have to remember; see core.shared."""
        self.touched: dict[Account, None] = {}
        """Of whom something may have changed that is not stored, such as whether they are there, or
        what a session asks for: other nodes have to hear of it. A line or an answer of a worker may
        do so to its own account.
        """
        self.charges: list[tuple[Account, int]] = []
        """What was done beside the lines that came, as (whose, how many lines it is worth)."""
        self._then: list[Callable[[], object]] = []

    # What a command may do

    def send(self, session: Session, text: str) -> None:
        """One line, without CR LF, to one session; cut where the protocol's limit is."""
        if not fits(text):
            text = shorten(text, MAX_BODY_BYTES)
        self.send_line(session, BareLine(text))

    def send_line(self, session: Session, line: Line) -> None:
        """One line to one session, with the tags it asked for."""
        self.effects.append(_new(Reply, (session, line, session.encoding_group)))

    def numeric(self, session: Session, numeric: Numeric, *params: str) -> None:
        """A numeric reply; the last parameter becomes the trailing one, and may be any text."""
        *middles, last = params
        head = " ".join([f":{self.settings.name} {numeric} {session.shown_nick}", *middles])
        self.send(session, f"{head} :{last}")

    def standard_reply(self, session: Session, kind: str, *params: str) -> None:
        """FAIL, WARN or NOTE (https://ircv3.net/specs/extensions/standard-replies)."""
        *middles, last = params
        self.send(session, " ".join([f":{self.settings.name} {kind}", *middles, ":" + last]))

    def notice(self, session: Session, text: str) -> None:
        """A NOTICE of the server."""
        self.send(session, f":{self.settings.name} NOTICE {session.shown_nick} :{text}")

    def broadcast(self, audience: Audience, line: Line, exclude: Session | None = None) -> None:
        """One line to all of an audience but one."""
        self.effects.append(_new(Broadcast, (audience, line, exclude)))

    def line_of(self, account: Account, body: str, msgid: MessageId | None = None) -> Line:
        """What an account does, as others are told of it. body: the line without its tags."""
        tags = account.line_tags
        return Line(body, self.now_ms, msgid=msgid, account=account.name, client_tags=tags)

    def record(self, event: JournalEvent) -> None:
        """Change what outlives the process; stored before the turn's output is sent."""
        self.undo.append(apply(self.model, event))
        self.events.append(event)

    def log(
        self, target: int, sender: Account | None, kind: str, text: str, tags: str | None = None
    ) -> Logged:
        """Put a message or an event of a channel into the one order, and store it. sender: None for
        the server.
        """
        model = self.model
        if kind != "PRIVMSG":  # those are counted as the rest of all
            model.logged[kind] += 1
        model.last_seq = seq = self.outside.next_seq(model.last_seq)
        number = sender.id if sender is not None else SERVER
        entry = _new(Logged, (seq, target, number, self.now_ms, kind, text, tags))
        self.undo.append(log_entry(model, entry))
        self.events.append(entry)
        return entry

    def new_target(self) -> int:
        """A number for a new channel or conversation."""
        model = self.model
        model.last_target = self.outside.next_target(model.last_target)
        return model.last_target

    def audit(
        self, event: str, session: Session, *, account: str = "", result: str = "ok", **facts: str
    ) -> None:
        """Something about the server's security. account: whose; the session's own when empty.

        result: 'ok', or why not; of refusals only so many are stored. facts: what else there is to
        know; never a secret, and a text as audit.TEXT alone.
        """
        if not account:
            account = session.account.name if session.account else "-"
        left_out = 0 if result == "ok" else self.model.refusals.take(self.clock)
        if result != "ok":
            self.model.refused[event, result] += 1
        if left_out:
            facts["left_out"] = str(left_out)
        audited = Audited(self.now_ms, event, account, session.address, result, as_json(facts))
        if left_out is None:
            tell([audited])
        else:
            self.audits.append(audited)

    def audit_act(self, event: str, session: Session, **facts: str) -> None:
        """What a member has done in a channel to others or to the channel; of each account only so
        many are kept. facts: as of audit().
        """
        left_out = self.model.acts.take(session.who.id, self.clock)
        if left_out:
            facts["left_out"] = str(left_out)
        if left_out is not None:
            self.audit(event, session, **facts)

    def audit_own(self, event: str, *, actor: str = "-", **facts: str) -> None:
        """Something that no session has done: the server by itself, or an administrator of the
        machine, whom `actor` names. facts: as of audit().
        """
        self.audits.append(Audited(self.now_ms, event, actor, "", "ok", as_json(facts)))

    def share(self, fact: Shared[Result]) -> Result:
        """Do something that all nodes have to remember, here and there."""
        self.shared.append(fact)
        return fact.apply(self)

    def unshare(self, fact: Shared[object]) -> None:
        """It is taken back here, and the others don't hear of it."""
        self.shared = [one for one in self.shared if one is not fact]

    def touch(self, account: Account) -> None:
        """Have other nodes told what is another than it was of an account and its sessions."""
        self.touched[account] = None

    def on_failure(self, undo: Undo) -> None:
        """Have something taken back, beside the recorded events, when the span can't be stored."""
        self.undo.append(undo)

    def charge(self, account: Account, lines: int) -> None:
        """Have an account pay for so many lines more than it has said."""
        self.charges.append((account, lines))

    def job(self, job: Job) -> None:
        """Work for a worker."""
        self.jobs.append(job)

    def close(self, session: Session, reason: str) -> None:
        """End a session: ERROR with the reason, then close once that is written."""
        if session.state is State.CLOSED:
            return
        session.move(Trigger.CLOSING)
        self.model.closing += session in self.model.sessions
        self.send(session, f"ERROR :Closing link: {reason}")
        self.closings.append(Closing(session, reason))

    # Spans, and taking them back

    def savepoint(self) -> Savepoint:
        """The point that a span starts at."""
        return _new(
            Savepoint, (len(self.events), len(self.effects), len(self.undo), len(self.audits))
        )

    def after_span(self, action: Callable[[], object]) -> None:
        """Have something done behind the present span, as it is not taken back with it: a session
        that was closed stays closed, and the others must hear of it.
        """
        self._then.append(action)

    def finish_span(
        self, session: Session | None, command: str, start: Savepoint, label: str = ""
    ) -> None:
        """Remember what came since start as one span, if it has something to store or to take back.

        A login with nothing to store is one too: what it replays may be of this very turn.
        """
        undone = len(self.undo)
        if undone > start.undo:  # each event has one
            lengths = len(self.events), len(self.effects), undone, len(self.audits)
            span = session, command, start, _new(Savepoint, lengths), label
            self.spans.append(_new(CommandSpan, span))
        if self._then:
            then, self._then = self._then, []
            for action in then:
                action()

    def roll_back(self, start: Savepoint) -> None:
        """Take back everything since start: a command failed half-way."""
        while self.spans and self.spans[-1].start >= start:
            self.spans.pop()
        self._run_undo(start.undo, len(self.undo))
        del self.undo[start.undo :]
        del self.events[start.events :]
        del self.effects[start.effects :]
        del self.audits[start.audits :]
        self._then.clear()

    def set_aside(self) -> None:
        """Take back what was changed, and keep what was recorded and said."""
        self._run_undo(0, len(self.undo))
        self.undo.clear()

    def clear(self) -> None:
        """Forget what was recorded and said, which has been set aside."""
        for part in (self.events, self.effects, self.spans, self.audits, self.charges):
            part.clear()

    def fail(
        self,
        spans: Iterable[CommandSpan],
        text: str,
        texts: Mapping[CommandSpan, str] | None = None,
    ) -> None:
        """Take back spans that could not be stored; their output becomes an error to the asker.

        spans: of this turn, all of them or some, in any order. text: what went wrong and what to
        do; texts: where that is something else. The other spans' output stays as it is.
        """
        texts = texts or {}
        for span in sorted(spans, key=lambda span: span.start, reverse=True):
            self._run_undo(span.start.undo, span.end.undo)
            self.effects[span.start.effects : span.end.effects] = self._failure(
                span, texts.get(span, text)
            )
            audits = slice(span.start.audits, span.end.audits)
            self.audits[audits] = map(_not_done, self.audits[audits])

    def done(self) -> None:
        """Nothing of it can be taken back any more. What would have done so refers to the turn, and
        the turn to it: only the garbage collection would find that, and stop all threads meanwhile.
        """
        self.undo.clear()

    def _failure(self, span: CommandSpan, text: str) -> list[Effect]:
        session = span.session
        if session is None:
            return []
        nick, server = session.shown_nick, self.settings.name
        number = Numeric.ERR_UNKNOWNERROR
        line: Line = BareLine(f":{server} {number} {nick} {span.command} :{text}")
        if span.label:
            line = Tagged(line, format_tags({LABEL: span.label}))
        return [Reply(session, line, session.encoding_group)]

    def _run_undo(self, start: int, end: int) -> None:
        for undo in reversed(self.undo[start:end]):
            try:
                undo()
            except Exception:  # the rest must be taken back all the same, and the server go on
                log.exception("a bug: what failed could not be taken back wholly")


def _not_done(audited: Audited) -> Audited:
    """What was audited of a span that has been taken back."""
    return audited._replace(result="not stored") if audited.result == "ok" else audited
