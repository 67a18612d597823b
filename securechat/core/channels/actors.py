"""Who does something to a channel: a member by a session, or the administrator of the machine.

The acts in this package are the same for both; who may do them is asked before. Hub thread only.
"""

from __future__ import annotations

from dataclasses import dataclass

from securechat.core.delivery.line import Line, MessageId
from securechat.core.model.entities import Account, Channel, Session
from securechat.core.text import shorten
from securechat.core.turn import Turn
from securechat.irc.message import MAX_BODY_BYTES


@dataclass(frozen=True, slots=True)
class Actor:
    """session: of the member; None for the administrator of the machine, whom people see as the
    server. by: who that is, as the audit names them.
    """

    turn: Turn
    session: Session | None
    by: str = ""

    @property
    def account(self) -> Account | None:
        """The member's."""
        return self.session.who if self.session is not None else None

    @property
    def name(self) -> str:
        """As people are told it: a nick, or the server's name."""
        return self.account.name if self.account is not None else self.turn.settings.name

    @property
    def source(self) -> str:
        """In front of the lines."""
        server = self.turn.settings.name
        return self.account.source(server) if self.account is not None else server

    @property
    def stands_above(self) -> bool:
        """Whether no role in a channel counts for it."""
        return self.account is None or self.account.admin

    def log(self, channel: Channel, kind: str, text: str) -> MessageId:
        """Put an event into the channel's log; what it is called by."""
        account = self.account
        tags = account.line_tags if account is not None else None
        entry = self.turn.log(channel.id, account, kind, text, tags)
        return self.turn.model.msgid(entry.seq)

    def line(self, what: str, msgid: MessageId | None = None) -> Line:
        """A line by which it is told, cut where the protocol's limit is. what: all behind the
        source.
        """
        body = shorten(f":{self.source} {what}", MAX_BODY_BYTES)
        if self.account is not None:
            return self.turn.line_of(self.account, body, msgid)
        return Line(body, self.turn.now_ms, msgid=msgid)

    def tell(self, channel: Channel, line: Line) -> None:
        """To all of the channel, and to itself where it acts from outside, as an administrator
        may.
        """
        self.turn.broadcast(channel.audience(), line)
        if self.session is not None and self.session.who not in channel.members:
            self.turn.send_line(self.session, line)

    def audit(self, event: str, **facts: str) -> None:
        """As of Turn.audit_act()."""
        if self.session is not None:
            self.turn.audit_act(event, self.session, **facts)
        else:
            self.turn.audit_own(event, actor=self.by, **facts)

    def charge(self, lines: int) -> None:
        """Have a member pay for so many lines more than it has said."""
        if self.account is not None:
            self.turn.charge(self.account, lines)
