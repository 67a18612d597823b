"""PRIVMSG, NOTICE, TAGMSG: what the server is for.

https://modern.ircdocs.horse/#sending-messages, https://ircv3.net/specs/extensions/message-tags,
https://ircv3.net/specs/extensions/echo-message, and znc.in/self-message, as bouncers have it:
https://wiki.znc.in/Query_buffers
"""

from __future__ import annotations

from collections.abc import Callable

from securechat.core import quota
from securechat.core.channels import channels, permissions
from securechat.core.commands.registry import command
from securechat.core.delivery.labels import label_of
from securechat.core.delivery.line import Line, MessageId
from securechat.core.journal.events.accounts import MessageKeyed
from securechat.core.journal.events.channels import DirectOpened
from securechat.core.model.entities import BOT_TAG, Account, Channel, Direct, Session
from securechat.core.model.membership import MEMBER_MODES, PREFIXES
from securechat.core.model.sent_keys import Kept
from securechat.core.presence.welcome import MAX_TARGETS
from securechat.core.text import fits, is_question
from securechat.core.turn import IrcError, Turn
from securechat.irc import names
from securechat.irc.capabilities import (
    ECHO_MESSAGE,
    MESSAGE_KEY,
    MESSAGE_TAGS,
    SELF_MESSAGE,
    STANDARD_REPLIES,
)
from securechat.irc.message import KEY_TAG, MAX_BODY_BYTES, Message, format_tags, parse_key
from securechat.irc.numerics import Numeric
from securechat.irc.pieces import ACTION_HEAD, ACTION_TAIL, split_text

PASSING = frozenset({"+typing", "+draft/typing"})
"""Client-only tags that say something about this moment; a TAGMSG of only these isn't stored."""


QUESTIONS = {"PRIVMSG": "CTCP", "NOTICE": "CTCPREPLY"}
"""As what the log has them that one program says to another."""

RANKS = {prefix: MEMBER_MODES.index(mode) for mode, prefix in PREFIXES.items()}
"""STATUSMSG=~@+: which members a target like @#channel means, and all above them."""

TOO_LONG = "Your message was too long, and nothing of it was sent; send it in parts"


@command("PRIVMSG", usage="<#channel or nick> :<text>")
def privmsg(turn: Turn, session: Session, message: Message) -> None:
    """Say something to a channel or to a person; a person who is offline gets it later."""
    _say(turn, session, message)


@command("NOTICE", usage="<#channel or nick> :<text>")
def notice(turn: Turn, session: Session, message: Message) -> None:
    """Say something that no program answers."""
    try:
        _say(turn, session, message)
    except IrcError as error:
        refuse(turn, session, message, error)


@command("TAGMSG", usage="<#channel or nick>")
def tagmsg(turn: Turn, session: Session, message: Message) -> None:
    """Send client-only tags, such as a reaction, without a text."""
    _say(turn, session, message)


def _say(turn: Turn, session: Session, message: Message) -> None:
    params = message.params
    if not params or not params[0]:
        raise IrcError(Numeric.ERR_NORECIPIENT, f"No recipient given ({message.command})")
    kind = message.command
    if kind == "TAGMSG":
        text = ""
    elif len(params) > 2:
        text = f"Put a colon before the text: {kind} {channels.word(params[0])} :<text>"
        raise IrcError(Numeric.ERR_CANNOTSENDTOCHAN, channels.word(params[0]), text)
    elif len(params) < 2 or not params[1]:
        raise IrcError(Numeric.ERR_NOTEXTTOSEND, "No text to send")
    else:
        text = params[1]
    tags = message.tags and {key: value for key, value in message.tags.items() if key[0] == "+"}
    if kind == "TAGMSG" and not tags:
        return
    saying = Saying(turn, session, kind, text, tags)
    targets = _targets(params[0]) if "," in params[0] else params[:1]
    if len(targets) > 1:
        turn.charge(session.who, len(targets) - 1)  # each is stored, and sent, as a line of its own
    if message.tags and not saying.take_key(message, params[0], alone=len(targets) == 1):
        return
    for target in targets:
        try:
            saying.to(target)
        except IrcError as error:
            refuse(turn, session, message, error)


def _targets(listed: str) -> list[str]:
    targets = names.distinct(listed.split(","))
    if len(targets) > MAX_TARGETS:
        raise IrcError(
            Numeric.ERR_TOOMANYTARGETS, channels.word(listed), f"At most {MAX_TARGETS} targets"
        )
    return targets


def refuse(turn: Turn, session: Session, message: Message, error: IrcError) -> None:
    """Say that a message isn't sent.

    A NOTICE is never answered, so that programs don't answer each other for ever. Whose client
    knows standard replies, or wants an answer by its label, is told in a form that none answers.
    """
    turn.model.refused["message", error.numeric.name] += 1
    if message.command != "NOTICE":
        turn.numeric(session, error.numeric, *error.params)
    elif session.has(STANDARD_REPLIES) or label_of(session, message.tags):
        turn.standard_reply(session, "FAIL", "NOTICE", error.numeric.name, *error.params)


class _TooLong(Exception):  # noqa: N818 - not an error yet
    """space: bytes that a line has for the text."""

    def __init__(self, space: int) -> None:
        super().__init__(space)
        self.space = space


class Saying:
    """One message of one session on its way to its targets. tags: the client-only ones."""

    __slots__ = ("account", "key", "kind", "session", "stored", "tags", "text", "turn")

    def __init__(
        self, turn: Turn, session: Session, kind: str, text: str, tags: dict[str, str]
    ) -> None:
        self.turn = turn
        self.session = session
        self.account = session.who
        self.kind = kind
        self.text = text
        self.tags = format_tags(tags) if tags else None
        if self.account.is_bot:  # kept with the message, as what it was said by
            self.tags = f"{BOT_TAG};{self.tags}" if tags else BOT_TAG
        self.key: int | None = None
        """By which the message is known when it comes again."""
        self.stored = kind != "TAGMSG" or not tags.keys() <= PASSING

    def to(self, target: str) -> None:
        """Send it to a target. Raises IrcError."""
        send = self._to if self.key is None else self._keyed(self.key)
        try:
            send(target)
        except _TooLong as too_long:
            self._in_parts(target, send, too_long.space)

    def _keyed(self, key: int) -> Callable[[str], None]:
        known = self.account.sent_keys.find(key)
        return self._to if known is None else _Again(self, known)

    def take_key(self, message: Message, target: str, *, alone: bool) -> bool:
        """Look whether the message has a key; False when that is refused. message: with the tags.
        alone: it goes to one target.
        """
        if KEY_TAG not in message.tags or not self.session.has(MESSAGE_KEY):
            return True
        self.key = parse_key(message.tags[KEY_TAG])
        if self.key is not None and alone:
            return True
        text = f"Expected {KEY_TAG} with 1 to 15 hexadecimal digits, not 0, and one target"
        shown = channels.word(target)
        self.turn.standard_reply(self.session, "FAIL", self.kind, "INVALID_KEY", shown, text)
        return False

    def _in_parts(self, target: str, send: Callable[[str], None], space: int) -> None:
        parts = self._parts(target, space)
        self.turn.charge(self.account, len(parts) - 1)
        whole = self.text
        for self.text in parts:
            send(target)
        self.text = whole  # for the next target

    def _parts(self, target: str, space: int) -> list[str]:
        """The text in messages that can be relayed whole: clients guess how long their name in
        front is, and some are a few bytes wrong. Nothing is lost by that. Raises IrcError.
        """
        if is_question(self.text):  # what a program reads must be whole
            raise IrcError(Numeric.ERR_CANNOTSENDTOCHAN, channels.word(target), TOO_LONG)
        if not self.text.startswith(ACTION_HEAD):
            return split_text(self.text, space)
        text = self.text.removeprefix(ACTION_HEAD).removesuffix(ACTION_TAIL)
        pieces = split_text(text, space - len(ACTION_HEAD) - len(ACTION_TAIL))
        return [f"{ACTION_HEAD}{piece}{ACTION_TAIL}" for piece in pieces]

    def _to(self, target: str) -> None:
        if self.stored:
            quota.check(self.turn, self.account, self.kind)
        if target[:1] == "#":
            self._to_channel(channels.find(self.turn, self.session, target))
        elif target[:1] in RANKS and target[1:2] == "#":
            self._to_rank(target[0], channels.find(self.turn, self.session, target[1:]))
        else:
            self._to_account(target)

    def _to_channel(self, channel: Channel) -> None:
        permissions.check_may_speak(self.turn, channel, self.account)
        if "C" in channel.modes:
            self._check_no_question(channel)
        line = self._line(self.body(channel.name), channel.id)
        session = self.session
        if not session.caps & ECHO_MESSAGE:
            self.turn.broadcast(channel.audience(), line, session)
            return
        self.turn.broadcast(channel.audience(), line)
        if self.account not in channel.members:
            self.turn.send_line(session, line)

    def _check_no_question(self, channel: Channel) -> None:
        """Raises IrcError (404)."""
        if is_question(self.text):
            text = "Cannot send to channel: no CTCP here but ACTION (+C)"
            raise IrcError(Numeric.ERR_CANNOTSENDTOCHAN, channel.name, text)

    def _to_rank(self, prefix: str, channel: Channel) -> None:
        """To those of a channel who have a rank, or a higher one: https://modern.ircdocs.horse/
        #statusmsg-parameter. It is for those who are there: roles change, so nobody reads it later.
        """
        permissions.check_may_speak(self.turn, channel, self.account)
        if "C" in channel.modes:
            self._check_no_question(channel)
        audience = channel.ranked(RANKS[prefix])
        line = self._line(self.body(prefix + channel.name), channel.id, prefix)
        exclude = None if self.session.has(ECHO_MESSAGE) else self.session
        self.turn.broadcast(audience, line, exclude)
        if self.session not in audience.sessions:
            self._show_own(line)

    def _to_account(self, target: str) -> None:
        other = self.turn.model.account_named(target)
        if other is None or not other.usable:
            why = channels.nobody(self.turn, target)
            raise IrcError(Numeric.ERR_NOSUCHNICK, channels.word(target), why)
        body = self.body(other.name)
        target_id = _conversation(self.turn, self.account, other).id if self.stored else 0
        line = self._line(body, target_id)
        if other is self.account and self.session.has(ECHO_MESSAGE):
            self.turn.send_line(self.session, line)  # beside what comes to it as to any receiver
        self.turn.broadcast(other.audience(), line)
        if other is not self.account:
            self._show_own(line)
        if self.kind == "PRIVMSG":
            self._tell_absence(other)

    def _show_own(self, line: Line) -> None:
        """To those of the sender's sessions that know their own words, here or from another device:
        the others would take them for somebody else's.
        """
        sessions = self.account.sessions
        shown = [session for session in sessions if self._is_shown_to(session)]
        unaware = len(sessions) - len(shown)
        if not unaware:  # the audience of the answers: one write for all of them
            self.turn.broadcast(self.account.audience(), line)
        elif unaware == 1 and self.session not in shown:
            self.turn.broadcast(self.account.audience(), line, self.session)
        else:
            for session in shown:
                self.turn.send_line(session, line)

    def _is_shown_to(self, session: Session) -> bool:
        if session.has(ECHO_MESSAGE):
            return True
        elsewhere = session is not self.session and not is_question(self.text)
        return elsewhere and session.has(SELF_MESSAGE)

    def _tell_absence(self, other: Account) -> None:
        if not other.sessions and other.bot:
            text = "is a bot and offline; it gets only what is said while it is there"
        elif not other.sessions or (other.unseen and not other.bot):
            text = "is offline; your message is kept and delivered at the next login"
        elif other.away is not None:
            text = other.away
        else:
            return
        self.turn.numeric(self.session, Numeric.RPL_AWAY, other.name, text)

    def body(self, receiver: str) -> str:
        """The line as it is relayed. Raises _TooLong when that would have to be cut."""
        head = f":{self.account.source(self.turn.settings.name)} {self.kind} {receiver}"
        body = head if self.kind == "TAGMSG" else f"{head} :{self.text}"
        if len(body) * 4 > MAX_BODY_BYTES and not fits(body):
            raise _TooLong(MAX_BODY_BYTES - len(head.encode()) - len(" :"))
        return body

    def _line(self, body: str, target_id: int, rank: str = "") -> Line:
        """Store the message and make its line. rank: the prefix of those that it is for."""
        turn = self.turn
        msgid = None
        if self.stored:
            kind, text = self.kind, self.text
            if text[:1] == "\x01" and is_question(text):
                kind = QUESTIONS[kind]
            if rank:
                kind, text = "STATUSMSG", f"{rank} {kind} {text}"
            entry = turn.log(target_id, self.account, kind, text, self.tags)
            self.account.active_ms = turn.now_ms
            msgid = turn.model.msgid(entry.seq)
            if self.key is not None:  # of the first part, if there are several
                slot = self.account.sent_keys.slot
                keyed = MessageKeyed(self.account.id, slot, self.key, entry.seq, entry.at_ms)
                turn.record(keyed)
                self.key = None
        return self.line(body, turn.now_ms, msgid)

    def line(self, body: str, at_ms: int, msgid: MessageId | None) -> Line:
        """The line as its receivers get it."""
        # By their places: names would be put into a dictionary first, for each message.
        line = Line(body, at_ms, msgid, self.account.name, self.tags)
        if self.kind == "TAGMSG":
            line.requires = MESSAGE_TAGS
        return line


class _Again:
    """A message that is stored comes again, as its echo was lost: it is echoed to who asks, and
    nobody else hears of it.

    That holds whatever has happened since: it was said, also if its sender may not speak any more.
    """

    def __init__(self, saying: Saying, known: Kept) -> None:
        self._saying = saying
        self._seq, self._at_ms = known

    def __call__(self, target: str) -> None:
        turn, session = self._saying.turn, self._saying.session
        line = self._saying.line(
            self._saying.body(target), self._at_ms, turn.model.msgid(self._seq)
        )
        # One of this very turn isn't stored yet, and its own echo is on its way to the session.
        if self._seq <= turn.model.committed_seq and session.has(ECHO_MESSAGE):
            turn.send_line(session, line)
        self._seq += 1  # of the next part


def _conversation(turn: Turn, account: Account, other: Account) -> Direct:
    direct = account.directs.get(other)
    if direct is None:
        low, high = sorted((account.id, other.id))
        turn.record(DirectOpened(turn.new_target(), low, high))
        direct = account.directs[other]
    return direct
