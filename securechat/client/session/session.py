"""The client's session: messages and actions in, lines and events out.

It lives longer than a connection: what was typed, which channels we are in and what was already
shown survive a reconnect. No socket, no clock, no thread: `now` is in seconds of a monotonic
clock, and only the receiving thread may call, except where a docstring says otherwise.
"""

from __future__ import annotations

from enum import Enum, auto

from securechat.client.session.actions import (
    Action,
    Adopt,
    AskMentions,
    AskPage,
    AskRange,
    AskSearch,
    Command,
    MarkRead,
    Question,
    Quit,
    React,
    Redact,
    Say,
    SendLine,
    ServerCommand,
    Type,
)
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.deliveries import REPLY_TAG, Deliveries, Outgoing, text_space
from securechat.client.session.events.answers import CommandRefused
from securechat.client.session.events.base import Problem
from securechat.client.session.events.connection import Delayed, LoginRefused, Ready
from securechat.client.session.events.deliveries import Doubt, Rejected
from securechat.client.session.events.history import MentionsTold, SearchRefused
from securechat.client.session.handshake import (
    QUIET,
    REGISTERS,
    Handshake,
    HandshakePhase,
    Missed,
)
from securechat.client.session.identity import AccountRequest, Address, Login
from securechat.client.session.inbound import Inbound, pong
from securechat.client.session.labels import CAPABILITY as LABELS
from securechat.client.session.labels import LABEL, Labels
from securechat.client.session.liveness import Liveness, Verdict
from securechat.client.session.markers import CAPABILITY as MARKERS
from securechat.client.session.multiline import Limits, batch_lines
from securechat.client.session.output import Output
from securechat.client.session.pages import CHATHISTORY
from securechat.client.session.search import SEARCH
from securechat.client.session.typing import Typing
from securechat.common.record import replace
from securechat.irc.message import KEY_TAG, Message, format_key, format_message

# Seconds from the connection to the end of the replay; a busy server hashes passwords in turn.
LOGIN_PATIENCE = 60.0

GOODBYE = 2.0
"""Seconds the server has to close the connection after QUIT."""

SYNC = "securechat-in-sync"
"""The token of the PING that we send after the welcome. Its PONG comes after the replay."""


class Stage(Enum):
    """Where the session is."""

    OFFLINE = auto()
    LOGIN = auto()
    REPLAY = auto()
    ONLINE = auto()
    LEAVING = auto()


class ClientSession:
    """One account's session. credential: for the first login. missed: of Missed."""

    def __init__(
        self, credential: Login | AccountRequest, *, missed: Missed = Missed.REPLAYED
    ) -> None:
        self.channels = JoinedChannels()
        self.stage = Stage.OFFLINE
        self.finished = False
        self.was_online = False
        self._credential = credential
        self._missed = missed
        self._deliveries = Deliveries()
        self._labels = Labels()
        self._inbound = Inbound(self.channels, self._deliveries, self._labels)
        self._handshake = Handshake(credential, missed=missed)
        self._typing = Typing()
        self._liveness = Liveness(0.0)
        self._deadline = 0.0
        self._queued = False
        self._leave: Quit | None = None
        self._leave_at = 0.0

    @property
    def full(self) -> bool:
        """Whether actions should wait before they are given to act()."""
        return self._deliveries.full

    @property
    def nick(self) -> str:
        """Our name. Any thread may read."""
        return self._inbound.nick or self._credential.account

    @property
    def addresses(self) -> tuple[Address, ...] | None:
        """Where the server says that it can be found, which may be nothing; None before it has let
        us in.
        """
        return self._inbound.addresses if self.stage is Stage.ONLINE else None

    @property
    def min_password(self) -> int | None:
        """The characters that a new password has at least, as far as the server says. Any thread
        may read.
        """
        return self._handshake.min_password

    @property
    def unanswered(self) -> bool:
        """Whether there was a connection, on which nothing came that a chat server says. Any thread
        may read.
        """
        handshake = self._handshake
        return handshake.phase is HandshakePhase.LISTING and not handshake.answered

    @property
    def may_begin_anew(self) -> bool:
        """Whether the login may be begun on another connection: an account that is being made may
        be made already. Any thread may read.
        """
        credential = self._credential
        makes = isinstance(credential, AccountRequest) and bool(credential.password)
        return not (makes and self._handshake.phase in REGISTERS)

    @property
    def multiline(self) -> Limits | None:
        """What the server takes as one message of several lines, None for none. Any thread may
        read.
        """
        return self._deliveries.multiline

    def too_much(self, target: str, text: str) -> str:
        """Why a text of several lines can't be one message; '' when it can, or when such are sent
        line by line. Any thread may call.
        """
        limits = self._deliveries.multiline
        space = text_space(self._inbound.prefix, "PRIVMSG", target)
        return limits.problem(text, space) if limits else ""

    def opened(self, now: float) -> Output:
        """A connection is up."""
        out = Output()
        self.stage = Stage.LOGIN
        self._deadline = now + LOGIN_PATIENCE
        self._queued = False
        self._liveness = Liveness(now)
        self._handshake = Handshake(self._credential, missed=self._missed)
        self._handshake.start(out)
        return out

    def receive(self, message: Message, now: float) -> Output:
        """The server sent a message."""
        out = Output()
        self._liveness.heard(now)
        if message.command == "PING":
            out.lines.append(pong(message, quiet=self._missed in QUIET))
        elif self.stage is Stage.LEAVING:
            return out  # QUIT is sent: nothing that comes now is shown
        elif self.stage is Stage.LOGIN:
            self._log_in(message, now, out)
        elif message.command == "PONG" and LABEL not in message.tags:
            self._in_sync(message, now, out)
        else:
            self._inbound.receive(message, now, out)
            # The message of the day, or its lack, ends the welcome, and the replay follows. Our
            # PING is answered in order, so behind all of it.
            if message.command in ("376", "422") and self.stage is Stage.REPLAY:
                out.lines.append(format_message("PING", SYNC))
        self._proceed(now, out)
        return out

    def act(self, action: Action, now: float) -> Output:
        """The person wants something."""
        out = Output()
        if isinstance(action, Quit):
            self._leave, self._leave_at = action, now + action.patience
        elif isinstance(action, Adopt):
            self._credential = Login(self._credential.account, action.token)
        elif isinstance(action, Question):
            self._ask(action, now, out)
        elif isinstance(action, Type | MarkRead) and self.stage is not Stage.ONLINE:
            pass  # it would be too late once there is a connection
        elif isinstance(action, MarkRead) and not self._inbound.markers.may(action):
            pass  # the server keeps no markers, or knows that more is read
        elif isinstance(action, Type) and not self._may_type(action, now):
            pass  # it is known, or would be in the way of what we say
        elif isinstance(action, Say | Command):
            out.events += self._deliveries.put(action)
            if isinstance(action, Say):
                self._typing.said(action.target)
            if isinstance(action, Say) and self.stage is not Stage.ONLINE and self.was_online:
                waiting = Outgoing(action.target, action.text, action.kind, id=action.id)
                out.events.append(waiting.doubt(Doubt.QUEUED))
        self._proceed(now, out)
        return out

    def tick(self, now: float) -> Output:
        """Time has passed; to be called at wake_at() at the latest, also without a connection."""
        out = Output()
        out.events += [late.doubt(Doubt.SILENT) for late in self._deliveries.overdue(now)]
        out.events += self._labels.overdue(now)
        if self.stage in (Stage.LOGIN, Stage.REPLAY) and now >= self._deadline:
            out.hangup = "the login was not finished in time"
        elif self.stage is Stage.LEAVING and now >= self._deadline:
            out.hangup = ""  # the server has had its time to close the connection after QUIT
        elif self.stage is not Stage.OFFLINE:
            self._watch(now, out)
        self._proceed(now, out)
        return out

    def closed(self) -> Output:
        """The connection is gone."""
        out = Output()
        if self.stage is not Stage.LEAVING:  # then _part_ways() has told of all that was open
            lost = self._deliveries.cut_off()
            out.events += [delivery.doubt(Doubt.CUT) for delivery in lost]
            out.events += self._labels.lost()
        self._inbound.fetching.lost(out)
        self.stage = Stage.OFFLINE
        return out

    def abandon(self) -> Output:
        """There will be no other connection. The events tell what isn't known to be stored."""
        self.finished = True
        out = Output()
        out.events.extend(self._deliveries.give_up())
        return out

    def wake_at(self) -> float | None:
        """When tick() is due, or None when only something from outside can happen next."""
        times = [self._deliveries.next_deadline(), self._labels.deadline()]
        times.append(self._inbound.fetching.deadline())
        if self._leave:
            times.append(self._leaving_time(self._leave))
        if self.stage is not Stage.OFFLINE:
            times.append(self._liveness.deadline())
        if self.stage in (Stage.LOGIN, Stage.REPLAY, Stage.LEAVING):
            times.append(self._deadline)
        return min((time for time in times if time is not None), default=None)

    # -- steps

    def _log_in(self, message: Message, now: float, out: Output) -> None:
        handshake, credential = self._handshake, self._credential
        handshake.receive(message, out)
        if handshake.phase is HandshakePhase.WELCOMED:
            self.stage = Stage.REPLAY
            self._deliveries.keyed = KEY_TAG in handshake.enabled
            self._deliveries.multiline = handshake.multiline
            self._labels.on = {LABELS, "batch"} <= handshake.enabled
            self._inbound.restart(handshake.nick)
            batches = "batch" in handshake.enabled
            pages = batches and handshake.offers(CHATHISTORY)
            self._inbound.pages.restart(out, offered=pages)
            self._inbound.fetching.restart(out, offered=pages)
            searches = batches and SEARCH in handshake.enabled
            self._inbound.search.restart(out, offered=searches)
            self._inbound.mentions.restart(out, offered=searches and self._labels.on)
            self._inbound.markers.restart(on=MARKERS in handshake.enabled)
            self._typing.restart(on="message-tags" in handshake.enabled)
            self._inbound.presence.restart(wanted=self._missed is Missed.FETCHED)
            if isinstance(credential, AccountRequest):  # the account is made: the next time log in
                self._credential = Login(credential.account, credential.password)
            elif credential.code:  # that of a second factor is good once
                self._credential = replace(credential, code="")
        for event in [*out.events]:
            if isinstance(event, LoginRefused):
                self.finished = True
                out.hangup = "login refused"
            elif isinstance(event, Delayed):
                self._deadline = now + event.seconds + LOGIN_PATIENCE
                # The server says it again and again, so that nobody thinks it has gone.
                if event.queued and self._queued:
                    out.events.remove(event)
                self._queued |= event.queued

    def _in_sync(self, message: Message, now: float, out: Output) -> None:
        if self.stage is not Stage.REPLAY or message.params[-1:] != [SYNC]:
            return
        self.stage = Stage.ONLINE
        self._inbound.settle(out)
        out.events.append(Ready(self._inbound.nick, again=self.was_online))
        self.was_online = True
        again = self._deliveries.resume()
        why = Doubt.ASKED if self._deliveries.keyed else Doubt.RESENT
        out.events += [delivery.doubt(why) for delivery in again]

    def _ask(self, action: Question, now: float, out: Output) -> None:
        if isinstance(action, AskRange):
            self._inbound.fetching.ask(action, out, online=self.stage is Stage.ONLINE)
        elif self.stage is not Stage.ONLINE:
            text = "there is no connection now; ask again when it is back"
            if isinstance(action, AskMentions):
                out.events.append(MentionsTold(problem=text))
            elif isinstance(action, AskSearch):
                out.events.append(SearchRefused(text, remote=False, typed=action.typed))
            else:
                out.events.append(Problem(text, remote=False))
        elif isinstance(action, AskPage):
            self._inbound.pages.ask(action, now, out)
        elif isinstance(action, AskSearch):
            self._inbound.search.ask(action, now, out)
        elif isinstance(action, AskMentions):
            self._inbound.mentions.ask(self._inbound.nick, now, out)
        else:
            self._inbound.search.more(now, out)

    def _may_type(self, action: Type, now: float) -> bool:
        return self._typing.may(action, now, busy=not self._deliveries.settled)

    def _watch(self, now: float, out: Output) -> None:
        verdict = self._liveness.tick(now)
        if verdict is Verdict.ASK:
            out.lines.append("PING alive")
        elif verdict is Verdict.DEAD:
            out.hangup = "the server doesn't answer any more"

    def _proceed(self, now: float, out: Output) -> None:
        """Send what may be sent, and leave when it is time to."""
        while self.stage is Stage.ONLINE:
            item = self._deliveries.next(self._inbound.prefix, now)
            out.events += self._deliveries.parted
            self._deliveries.parted.clear()
            if item is None:
                break
            self._send(item, now, out)
        if self.stage is Stage.ONLINE:
            self._inbound.fetching.proceed(now, out)
            self._inbound.presence.proceed(now, out)
        leave = self._leave
        waiting = self._inbound.waiting or self._labels.waiting
        done = self._deliveries.settled and not waiting
        if leave and (done or now >= self._leaving_time(leave)):
            self._part_ways(leave, now, out)

    def _leaving_time(self, leave: Quit) -> float:
        # From the last echo on: while these come, the server is only slow.
        return max(self._leave_at, self._deliveries.progress + leave.patience)

    def _send(self, item: Outgoing | Command, now: float, out: Output) -> None:
        try:
            if isinstance(item, Outgoing):
                out.lines += self._lines_of(item)
                return
            label = self._labels.of(item)
            out.lines.append(command_line(item, label))
            self._labels.sent(label, item, now)
            if isinstance(item, ServerCommand) and item.name == "NAMES":
                self._inbound.ask_names(item.params[0])
        except ValueError as error:  # a target with a space in it, for one
            if isinstance(item, Outgoing):
                self._deliveries.refuse([item.target], now)
                out.events.append(Rejected(item.target, item.text, str(error), item.id))
            elif isinstance(item, ServerCommand | SendLine | React | Redact):
                name = item.target if isinstance(item, React | Redact) else "the line"
                name = item.name if isinstance(item, ServerCommand) else name
                text = f"{name} can't be sent: {error}"
                out.events.append(CommandRefused(text, remote=False, action=item))

    def _lines_of(self, item: Outgoing) -> list[str]:
        """Raises ValueError when it can't be sent."""
        item.label = self._labels.new()
        tags = {LABEL: item.label} if item.label else {}
        if self._deliveries.keyed:
            tags[KEY_TAG] = format_key(item.key)
        tags |= item.client_tags
        if item.several:
            space = text_space(self._inbound.prefix, item.command, item.target)
            return batch_lines(item.command, item.target, item.text, space, tags)
        return [format_message(item.command, item.target, item.wire, tags=tags)]

    def _part_ways(self, leave: Quit, now: float, out: Output) -> None:
        self._leave = None
        self.finished = True
        out.events += self._deliveries.give_up()
        if self.stage is Stage.OFFLINE:
            return
        out.lines.append(format_message("QUIT", leave.reason) if leave.reason else "QUIT")
        self.stage = Stage.LEAVING
        self._deadline = now + GOODBYE


def command_line(action: Command, label: str = "") -> str:
    """The line that does what is wanted. label: by which its answer is known, '' for none. Raises
    ValueError when it can't be sent.
    """
    tags = {LABEL: label} if label else {}
    match action:
        case ServerCommand(name, params):
            return format_message(name, *params, tags=tags)
        case SendLine(line):
            if not {"\r", "\n", "\0"}.isdisjoint(line):
                raise ValueError("NUL, CR and LF can't be sent in a message")
            # What is typed with tags has them all.
            return f"@{LABEL}={label} {line}" if label and line[:1] != "@" else line
        case React(target, msgid, reaction, ended):
            verb = "unreact" if ended else "react"
            tags |= {f"+draft/{verb}": reaction, REPLY_TAG: msgid}
            return format_message("TAGMSG", target, tags=tags)
        case Redact(target, msgid, reason):
            return format_message("REDACT", target, msgid, *filter(None, [reason]), tags=tags)
        case Type(target, ended):
            tags |= {"+typing": "done" if ended else "active"}
            return format_message("TAGMSG", target, tags=tags)
        case MarkRead(target, time):
            return format_message("MARKREAD", target, f"timestamp={time}", tags=tags)
