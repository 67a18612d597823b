"""MODE: of channels and of oneself.

https://modern.ircdocs.horse/#mode-message. Channel modes are b, k, l, the flags imnst, and the
modes of members q, o, v.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from securechat.core import quota
from securechat.core.channels import channels, ownership
from securechat.core.commands.registry import command
from securechat.core.delivery.line import Line
from securechat.core.journal.events.channels import (
    BanAdded,
    BanRemoved,
    MemberModesChanged,
    ModesChanged,
)
from securechat.core.model.entities import MEMBER_MODES, Account, Channel, Session
from securechat.core.presence.welcome import CHANNEL_FLAGS, MAX_KEY_BYTES, MAX_MODES
from securechat.core.text import fits
from securechat.core.turn import IrcError, Turn
from securechat.irc import masks
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

MAX_LETTERS = 32
"""Of one MODE, signs included: each can be a change to store."""

MAX_MASK_BYTES = 120
"""Of a ban: what is left of a line beside the longest names."""


@command("MODE", usage="<#channel or nick> [<modes> [<parameters>]]", min_params=1)
def mode(turn: Turn, session: Session, message: Message) -> None:
    """Show or change the modes of a channel, such as +i (invite only) or +o (operator)."""
    target, *changes = message.params
    if target[:1] != "#":
        _user_mode(turn, session, target, changes)
        return
    channel = channels.find(turn, session, target)
    if not changes:
        _show(turn, session, channel)
    elif _asks_for_bans(changes):
        _show_bans(turn, session, channel)
    else:
        _change(turn, session, channels.find_run(turn, session, target), changes)


# One's own modes


def _user_mode(turn: Turn, session: Session, target: str, changes: list[str]) -> None:
    account = turn.model.account_named(target)
    if account is None or not account.usable:
        raise IrcError(Numeric.ERR_NOSUCHNICK, channels.word(target), "No such nick/channel")
    if account is not session.who:
        raise IrcError(Numeric.ERR_USERSDONTMATCH, "You can change your own modes only")
    sign, unknown = "+", False
    for letter in changes[0] if changes else "":
        if letter in "+-":
            sign = letter
        elif letter == "i":
            session.invisible = sign == "+"
        else:
            unknown = unknown or letter not in "ow"
    if unknown:
        turn.numeric(session, Numeric.ERR_UMODEUNKNOWNFLAG, "Unknown MODE flag; there is i")
    if changes:
        source = session.who.source(turn.settings.name)
        if "i" in changes[0]:
            shown = "+i" if session.invisible else "-i"
            turn.send(session, f":{source} MODE {session.who.name} {shown}")
        return
    modes = ("i" if session.invisible else "") + ("o" if session.who.admin else "")
    turn.numeric(session, Numeric.RPL_UMODEIS, "+" + modes)


# A channel's modes


def _show(turn: Turn, session: Session, channel: Channel) -> None:
    letters, params = channel.modes, []
    if channel.key is not None:
        letters += "k"
        params.append(channel.key if channel.runs(session.who) else "*")
    if channel.limit is not None:
        letters += "l"
        params.append(str(channel.limit))
    server, nick = turn.settings.name, session.shown_nick
    shown = " ".join(["+" + letters, *params])
    turn.send(session, f":{server} {Numeric.RPL_CHANNELMODEIS} {nick} {channel.name} {shown}")
    made = str(channel.created_ms // 1000)
    turn.numeric(session, Numeric.RPL_CREATIONTIME, channel.name, made)


def _asks_for_bans(changes: list[str]) -> bool:
    return changes[0].lstrip("+") == "b" and len(changes) == 1


def _show_bans(turn: Turn, session: Session, channel: Channel) -> None:
    if session.who not in channel.members and not channel.runs(session.who):
        raise IrcError(Numeric.ERR_NOTONCHANNEL, channel.name, "You're not on that channel")
    for mask, (by, at_ms) in channel.bans.items():
        turn.numeric(session, Numeric.RPL_BANLIST, channel.name, mask, by, str(at_ms // 1000))
    turn.numeric(session, Numeric.RPL_ENDOFBANLIST, channel.name, "End of channel ban list")


@dataclass(slots=True)
class _Change:
    """One MODE command as it is worked through."""

    turn: Turn
    session: Session
    channel: Channel
    params: list[str]
    done: list[tuple[str, str, str]] = field(default_factory=list)
    """(sign, letter, parameter or '') of what has changed."""

    @property
    def by(self) -> Account:
        return self.session.who

    def parameter(self, letter: str, what: str) -> str:
        """The next parameter. Raises IrcError (696) when there is none."""
        if not self.params:
            raise IrcError(
                Numeric.ERR_INVALIDMODEPARAM, self.channel.name, letter, "*", f"Expected {what}"
            )
        return self.params.pop(0)

    def record(self, **values: object) -> None:
        """Change the flags, the key or the limit."""
        channel = self.channel
        state: dict[str, object] = {
            "modes": channel.modes,
            "key": channel.key,
            "limit": channel.limit,
        }
        self.turn.record(ModesChanged(**{**state, **values}, channel=channel.id))  # type: ignore[arg-type]


def _change(turn: Turn, session: Session, channel: Channel, changes: list[str]) -> None:
    quota.check(turn, session, "MODE")
    _check_key_is_whole(channel, changes)
    change = _Change(turn, session, channel, changes[1:])
    sign, variable = "+", 0
    for letter in changes[0][:MAX_LETTERS]:
        if letter in "+-":
            sign = letter
            continue
        variable += letter in _WITH_PARAMETER
        if variable > MAX_MODES:
            break
        try:
            _change_one(change, sign, letter)
        except IrcError as error:
            turn.numeric(session, error.numeric, *error.params)
    if change.done:
        _audit(change)
        _tell(change)


def _check_key_is_whole(channel: Channel, changes: list[str]) -> None:
    """The first word of a key must not become the key. Raises IrcError (525)."""
    sign, words, sets_key = "+", 0, False
    for letter in changes[0]:
        if letter in "+-":
            sign = letter
            continue
        words += letter in _WITH_PARAMETER and (letter, sign) != ("l", "-")
        sets_key = sets_key or (letter, sign) == ("k", "+")
    if sets_key and len(changes) - 1 > words:
        raise IrcError(
            Numeric.ERR_INVALIDKEY, channel.name, "A key is one word; more came behind it"
        )


def _change_one(change: _Change, sign: str, letter: str) -> None:
    if letter in CHANNEL_FLAGS:
        _flag(change, sign, letter)
    elif letter in _WITH_PARAMETER:
        _WITH_PARAMETER[letter](change, sign, letter)
    else:
        raise IrcError(
            Numeric.ERR_UNKNOWNMODE,
            channels.word(letter),
            f"is not a mode of {change.channel.name}",
        )


def _flag(change: _Change, sign: str, letter: str) -> None:
    before = set(change.channel.modes)
    after = before | {letter} if sign == "+" else before - {letter}
    if after != before:
        change.record(modes="".join(sorted(after)))
        change.done.append((sign, letter, ""))


def _key(change: _Change, sign: str, letter: str) -> None:
    if sign == "-":
        if change.params:
            change.params.pop(0)  # a key is asked for by the specification, any one is taken
        if change.channel.key is not None:
            change.record(key=None)
            change.done.append(("-", "k", "*"))
        return
    key = change.parameter(letter, "a key")
    if not key or len(key.encode()) > MAX_KEY_BYTES or "," in key or " " in key or key[0] == ":":
        raise IrcError(
            Numeric.ERR_INVALIDKEY,
            change.channel.name,
            f"Expected a key of 1 to {MAX_KEY_BYTES} bytes without space or comma",
        )
    change.record(key=key)
    change.done.append(("+", "k", key))


def _limit(change: _Change, sign: str, letter: str) -> None:
    if sign == "-":
        if change.channel.limit is not None:
            change.record(limit=None)
            change.done.append(("-", "l", ""))
        return
    text = change.parameter(letter, "a number of members")
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and int(text)):
        raise IrcError(
            Numeric.ERR_INVALIDMODEPARAM,
            change.channel.name,
            "l",
            channels.word(text),
            "Expected a number from 1 to 999999",
        )
    change.record(limit=int(text))
    change.done.append(("+", "l", str(int(text))))


def _ban(change: _Change, sign: str, letter: str) -> None:
    text = change.parameter(letter, "a mask nick!user@host")
    mask = masks.normalise_mask(text)
    if (
        not text
        or " " in mask
        or mask[0] == ":"
        or len(mask.encode()) > MAX_MASK_BYTES
        or (sign == "+" and masks.too_wild(mask))
    ):
        raise IrcError(
            Numeric.ERR_INVALIDMODEPARAM,
            change.channel.name,
            "b",
            channels.word(text),
            f"Expected a mask nick!user@host of at most {MAX_MASK_BYTES} bytes and "
            f"{masks.MAX_WILDCARDS} wildcards, without space",
        )
    equal = _equal_bans(change.channel, mask)
    if sign == "-":
        for found in equal:
            change.turn.record(BanRemoved(change.channel.id, found))
            change.done.append(("-", "b", found))
        return
    if equal:
        return
    limit = change.turn.settings.max_bans
    if len(change.channel.bans) >= limit:
        raise IrcError(
            Numeric.ERR_BANLISTFULL, change.channel.name, "b", f"The list is full, at {limit} masks"
        )
    change.turn.record(BanAdded(change.channel.id, mask, change.by.name, change.turn.now_ms))
    change.done.append(("+", "b", mask))


def _equal_bans(channel: Channel, mask: str) -> list[str]:
    """The bans that match as a mask does: neither case nor composition counts. Lists from before
    that rule may hold several.
    """
    folded = masks.fold(mask)
    return [ban for ban in channel.bans if masks.fold(ban) == folded]


def _member_mode(change: _Change, sign: str, letter: str) -> None:
    channel, by = change.channel, change.by
    nick = change.parameter(letter, "a nick")
    other = change.turn.model.account_named(nick)
    if other is None or other not in channel.members:
        text = "They aren't on that channel"
        raise IrcError(Numeric.ERR_USERNOTINCHANNEL, channels.word(nick), channel.name, text)
    had = channel.modes_of(other)
    if not by.admin and "q" in had + letter and "q" not in channel.modes_of(by):
        text = "Only an owner (~) can change an owner"
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, channel.name, text)
    has = ownership.with_mode(had, letter) if sign == "+" else had.replace(letter, "")
    if has == had:
        return
    if (sign, letter) == ("-", "q"):
        _check_not_only_owner(change, other)
    change.turn.record(MemberModesChanged(has, channel.id, other.id))
    facts = {"channel": channel.name, "of": other.name, "had": had, "has": has}
    change.turn.audit_act("role changed", change.session, **facts)
    change.done.append((sign, letter, other.name))


def _check_not_only_owner(change: _Change, owner: Account) -> None:
    """Raises IrcError (482). The lobby needs no owner."""
    lobby = channels.lobby_of(change.turn)
    if change.channel is not lobby and ownership.owners(change.channel) == [owner]:
        text = f"{owner.name} is its only owner (~); make somebody else one first"
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, change.channel.name, text)


_WITH_PARAMETER: dict[str, Callable[[_Change, str, str], None]] = {
    "b": _ban,
    "k": _key,
    "l": _limit,
    "q": _member_mode,
    "o": _member_mode,
    "v": _member_mode,
}


def _audit(change: _Change) -> None:
    """All but the modes of members, each of which has a row of its own."""
    changed = [_without_key(done) for done in change.done if done[1] not in MEMBER_MODES]
    if changed:
        facts = {"channel": change.channel.name, "modes": _text(changed)}
        change.turn.audit_act("modes changed", change.session, **facts)


def _tell(change: _Change) -> None:
    turn, channel, by = change.turn, change.channel, change.by
    head = f":{by.source(turn.settings.name)} MODE {channel.name} "
    part: list[tuple[str, str, str]] = []
    for done in [*change.done, None]:
        if part and (done is None or not fits(head + _text([*part, done]))):
            turn.log(channel.id, by, "MODE", _text([_without_key(one) for one in part]))
            line = Line(head + _text(part), turn.now_ms, account=by.name)
            channels.tell(turn, change.session, channel, line)
            part = []
        if done is not None:
            part.append(done)


def _without_key(done: tuple[str, str, str]) -> tuple[str, str, str]:
    """As it is logged: the log stands in the database as text, and a key is a secret."""
    sign, letter, _ = done
    return (sign, letter, "*") if letter == "k" else done


def _text(changes: list[tuple[str, str, str]]) -> str:
    """Changes as they stand in a MODE: the letters, then their parameters."""
    letters, last = "", ""
    for sign, letter, _ in changes:
        letters += letter if sign == last else sign + letter
        last = sign
    return " ".join([letters, *(param for _, _, param in changes if param)])
