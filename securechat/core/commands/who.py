"""WHO: who is online, in a channel, by name or by a mask; and which of their facts are asked for.

https://modern.ircdocs.horse/#who-message, https://ircv3.net/specs/extensions/whox
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from securechat.core.channels import channels
from securechat.core.commands.registry import LOOKED_AT_ONCE, command
from securechat.core.model.answers import NumericReply, Parts
from securechat.core.model.entities import Account, Channel, Session
from securechat.core.presence.welcome import BOT_MODE
from securechat.core.turn import Turn
from securechat.irc import masks
from securechat.irc.capabilities import MULTI_PREFIX
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

MAX_WHO = 500
"""Rows of one WHO by a mask; of a channel all members are shown."""

FIELDS = "tcuihsnfdlaor"
"""Of WHOX, in the order in which they are told."""

MAX_TOKEN_DIGITS = 3

NO_TOKEN = "0"  # noqa: S105 - of an answer, and no secret
"""Told where 't' is asked for without a token that is one."""

NO_ADDRESS = "255.255.255.255"
"""Nobody's address is shown."""


class _Question(NamedTuple):
    """What a WHO asks for. fields: of WHOX, None for an ordinary one. token: to be given back.
    admins: those only who administer the server.
    """

    fields: frozenset[str] | None
    token: str
    admins: bool


def _question(option: str) -> _Question:
    """option: what stands behind the mask: flags, then '%', the fields, ',' and a token."""
    flags, percent, rest = option.partition("%")
    fields, _, token = rest.partition(",")
    # It is repeated in each row, so it must be short and can't be a text.
    valid = token.isascii() and token.isdigit() and len(token) <= MAX_TOKEN_DIGITS
    return _Question(
        frozenset(fields).intersection(FIELDS) if percent else None,
        token if valid else NO_TOKEN,
        "o" in flags,
    )


@command("WHO", usage="<#channel, nick or mask> [[o]%<fields>[,<token>]]")
def who(turn: Turn, session: Session, message: Message) -> Parts:
    """Show who is online: of a channel, by name, or by a mask such as a*; behind it may stand o,
    for administrators only, and % with letters of what to tell (WHOX).
    """
    params = message.params
    named = params[0] if params and params[0] else "*"
    mask = "*" if named == "0" else named  # RFC 2812 has it so
    question = _question(params[1] if len(params) > 1 else "")
    channel = turn.model.channel_named(mask) if mask[:1] == "#" else None
    for account in _asked_for(turn, session, mask, channel):
        if account is None:
            yield None
        elif account.admin or not question.admins:
            yield _row(turn, session, channel, account, question)
    yield Numeric.RPL_ENDOFWHO, channels.word(named), "End of WHO list"


def _asked_for(
    turn: Turn, session: Session, mask: str, channel: Channel | None
) -> Iterator[Account | None]:
    """None where nobody was found for a while."""
    if mask[:1] != "#":
        yield from _matching(turn, session, mask)
    # A secret channel has an empty list, as one that isn't there.
    elif channel is not None and channels.visible(channel, session.who):
        # A copy: others come and go between the parts of this answer.
        yield from list(channel.shown_to(session.who))


def _matching(turn: Turn, session: Session, mask: str) -> Iterator[Account | None]:
    # A name before a mask: brackets are letters in a nick, and nothing in a mask.
    exact = turn.model.account_named(mask)
    # Also an invisible one: +i hides from searches, not from who knows the name.
    if exact is not None and exact.sessions and (not exact.unseen or exact is session.who):
        yield exact
        return
    if masks.too_much(mask):
        return
    matches, found = masks.matcher(mask), 0
    whole = "!" in mask or "@" in mask
    for number, account in enumerate(list(turn.model.online)):
        if (number + 1) % LOOKED_AT_ONCE == 0:
            yield None
        text = account.source(turn.settings.name) if whole else account.name
        if matches(masks.fold(text)) and _visible(session.who, account):
            yield account
            found += 1
            if found == MAX_WHO:
                return


def _visible(asking: Account, account: Account) -> bool:
    """Whether a mask finds the account: +i hides it from those who share no channel with it."""
    return (
        not account.hidden
        or account is asking
        or not asking.channels.keys().isdisjoint(account.channels)
    )


def _row(
    turn: Turn, asking: Session, channel: Channel | None, account: Account, question: _Question
) -> NumericReply | None:
    if question.fields is None:
        server, nick = turn.settings.name, account.name
        where = channel.name if channel is not None else "*"
        flags, real_name = _flags(asking, channel, account), f"0 {account.real_name}"
        return Numeric.RPL_WHOREPLY, where, nick, server, server, nick, flags, real_name
    told = tuple(
        _fact(field, turn, asking, channel, account, question.token)
        for field in FIELDS
        if field in question.fields
    )
    # Without any field that is known there is nothing to say.
    return (Numeric.RPL_WHOSPCRPL, *told) if told else None


def _fact(
    field: str,
    turn: Turn,
    asking: Session,
    channel: Channel | None,
    account: Account,
    token: str,
) -> str:
    """One field of WHOX."""
    if field == "t":
        return token
    if field == "c":
        return _where(asking, channel, account)
    if field in "una":  # the nick is the account's name, and so is the user's
        return account.name
    if field in "hs":
        return turn.settings.name
    if field == "f":
        return _flags(asking, channel, account)
    # From the last message, as in WHOIS, and not from the last PING.
    if field == "l":
        return str(max(0, turn.now_ms - account.active_ms) // 1000)
    # d: hops, of one server. o: no level of an operator is known here.
    return {"i": NO_ADDRESS, "d": "0", "o": "n/a", "r": account.real_name}[field]


def _where(asking: Session, channel: Channel | None, account: Account) -> str:
    """The channel asked for, else one of theirs that whoever asks may know of."""
    if channel is not None:
        return channel.name
    return next((one.name for one in channels.shared(asking.who, account)), "*")


def _flags(asking: Session, channel: Channel | None, account: Account) -> str:
    flags = "G" if account.away is not None else "H"
    if account.admin:
        flags += "*"
    if channel is not None:
        flags += channels.prefix(channel, account, every=asking.has(MULTI_PREFIX))
    return flags + BOT_MODE if account.is_bot else flags
