"""What each mode of a channel takes, and how it is changed: the lists b, e and I, k, l, the flags,
and q, o, v, which are its members'. Hub thread only.

https://modern.ircdocs.horse/#channel-modes
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from securechat.core.channels import channels, ownership
from securechat.core.channels.actors import Actor
from securechat.core.journal.events.channels import (
    HistoryOpened,
    MaskAdded,
    MaskRemoved,
    MemberModesChanged,
    ModesChanged,
)
from securechat.core.model.entities import Account, Channel
from securechat.core.model.mask_list import ACCOUNT_MASK, KINDS, account_mask
from securechat.core.model.membership import MEMBER_MODES
from securechat.core.presence.welcome import CHANNEL_FLAGS, MAX_KEY_BYTES, MAX_MODES
from securechat.core.text import fits
from securechat.core.turn import IrcError, Turn
from securechat.irc import masks
from securechat.irc.numerics import Numeric

MAX_LETTERS = 32
"""Of one MODE, signs included: each can be a change to store."""

MAX_MASK_BYTES = 120
"""Of one of a list: what is left of a line beside the longest names."""


@dataclass(slots=True)
class ModeChange:
    """One MODE command as it is worked through."""

    actor: Actor
    channel: Channel
    params: list[str]
    done: list[tuple[str, str, str]] = field(default_factory=list)
    """(sign, letter, parameter or '') of what has changed."""

    @property
    def turn(self) -> Turn:
        """The one that it is done in."""
        return self.actor.turn

    def parameter(self, letter: str, what: str) -> str:
        """The next parameter. Raises IrcError (696) when there is none."""
        if not self.params:
            raise IrcError(
                Numeric.ERR_INVALIDMODEPARAM, self.channel.name, letter, "*", f"Expected {what}"
            )
        # From the front: modes take their parameters in the order of their letters.
        return self.params.pop(0)

    def record(self, **values: object) -> None:
        """Change the flags, the key or the limit."""
        channel = self.channel
        # All three each time, as the event sets them together; so its undo is one as well.
        state: dict[str, object] = {
            "modes": channel.modes,
            "key": channel.key,
            "limit": channel.limit,
        }
        self.turn.record(ModesChanged(**{**state, **values}, channel=channel.id))  # type: ignore[arg-type]


def change_mode(change: ModeChange, sign: str, letter: str) -> None:
    """Set (+) or take away (-) what a letter stands for. Raises IrcError; then nothing changes."""
    if letter in CHANNEL_FLAGS:
        _flag(change, sign, letter)
    elif letter in WITH_PARAMETER:
        WITH_PARAMETER[letter](change, sign, letter)
    else:
        raise IrcError(
            Numeric.ERR_UNKNOWNMODE,
            channels.word(letter),
            f"is not a mode of {change.channel.name}",
        )


def _flag(change: ModeChange, sign: str, letter: str) -> None:
    before = set(change.channel.modes)
    # A set: setting what is set already must tell nobody anything.
    after = before | {letter} if sign == "+" else before - {letter}
    if after != before:
        # Sorted, so that the same modes are always the same text.
        change.record(modes="".join(sorted(after)))
        if letter == "H" and sign == "+":  # what was said before was said to those who were there
            turn = change.turn
            turn.record(HistoryOpened(turn.model.last_seq, change.channel.id))
        change.done.append((sign, letter, ""))


def _key(change: ModeChange, sign: str, letter: str) -> None:
    if sign == "-":
        if change.params:
            change.params.pop(0)  # a key is asked for by the specification, any one is taken
        if change.channel.key is not None:
            change.record(key=None)
            # What key it was is nothing for those who hear of its end.
            change.done.append(("-", "k", "*"))
        return
    key = change.parameter(letter, "a key")
    # A comma parts the keys of a JOIN, and a colon in front would begin a trailing parameter.
    if not key or len(key.encode()) > MAX_KEY_BYTES or "," in key or " " in key or key[0] == ":":
        raise IrcError(
            Numeric.ERR_INVALIDKEY,
            change.channel.name,
            f"Expected a key of 1 to {MAX_KEY_BYTES} bytes without space or comma",
        )
    change.record(key=key)
    change.done.append(("+", "k", key))


def _limit(change: ModeChange, sign: str, letter: str) -> None:
    if sign == "-":
        if change.channel.limit is not None:
            change.record(limit=None)
            change.done.append(("-", "l", ""))
        return
    text = change.parameter(letter, "a number of members")
    # isdecimal() alone takes the digits of any script.
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and int(text)):
        raise IrcError(
            Numeric.ERR_INVALIDMODEPARAM,
            change.channel.name,
            "l",
            channels.word(text),
            "Expected a number from 1 to 999999",
        )
    change.record(limit=int(text))
    # As it is stored: 007 would be told, and 7 be shown.
    change.done.append(("+", "l", str(int(text))))


def _mask(change: ModeChange, sign: str, letter: str) -> None:
    text = change.parameter(letter, "a mask nick!user@host")
    # None for ~a: with a name that nobody can have: it would match nobody, for ever.
    mask = account_mask(text) if text[:1] == "~" else masks.normalise_mask(text)
    if not text or mask is None or not _is_mask(mask) or (sign == "+" and masks.too_wild(mask)):
        raise IrcError(
            Numeric.ERR_INVALIDMODEPARAM,
            change.channel.name,
            letter,
            channels.word(text),
            f"Expected a mask nick!user@host of at most {MAX_MASK_BYTES} bytes and "
            f"{masks.MAX_WILDCARDS} wildcards, without space, or {ACCOUNT_MASK}account",
        )
    listed = change.channel.masks(letter)
    # Several, as lists of an older version may hold the same mask in two spellings.
    equal = listed.equal_to(mask)
    if sign == "-":
        for found in equal:
            change.turn.record(MaskRemoved(change.channel.id, letter, found))
            change.done.append(("-", letter, found))
        return
    if equal:
        return
    limit = change.turn.settings.max_bans
    if len(listed) >= limit:
        text = f"The list is full, at {limit} masks"
        raise IrcError(Numeric.ERR_BANLISTFULL, change.channel.name, letter, text)
    by, at_ms = change.actor.name, change.turn.now_ms
    change.turn.record(MaskAdded(change.channel.id, letter, mask, by, at_ms))
    change.done.append(("+", letter, mask))


def _is_mask(mask: str) -> bool:
    """Whether it can stand in a line."""
    return " " not in mask and mask[0] != ":" and len(mask.encode()) <= MAX_MASK_BYTES


def _member_mode(change: ModeChange, sign: str, letter: str) -> None:
    channel, actor = change.channel, change.actor
    nick = change.parameter(letter, "a nick")
    other = change.turn.model.account_named(nick)
    if other is None or not (other.usable or other in channel.members):
        raise IrcError(Numeric.ERR_NOSUCHNICK, channels.word(nick), "No such nick/channel")
    if other not in channel.members:
        text = "They aren't on that channel"
        raise IrcError(Numeric.ERR_USERNOTINCHANNEL, channels.word(nick), channel.name, text)
    had = channel.modes_of(other)
    # In both: to take an owner's other modes away is to change an owner, too.
    if "q" in had + letter and not _may_change_owners(actor, channel):
        text = "Only an owner (~) can change an owner"
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, channel.name, text)
    has = ownership.with_mode(had, letter) if sign == "+" else had.replace(letter, "")
    if has == had:
        return
    if (sign, letter) == ("-", "q"):
        # Else the channel would be without an owner.
        _check_not_only_owner(change, other)
    change.turn.record(MemberModesChanged(has, channel.id, other.id))
    facts = {"channel": channel.name, "of": other.name, "had": had, "has": has}
    actor.audit("role changed", **facts)
    change.done.append((sign, letter, other.name))


def _may_change_owners(actor: Actor, channel: Channel) -> bool:
    return actor.stands_above or (
        actor.account is not None and "q" in channel.modes_of(actor.account)
    )


def _check_not_only_owner(change: ModeChange, owner: Account) -> None:
    """Raises IrcError (482). The lobby needs no owner."""
    lobby = channels.lobby_of(change.turn)
    if change.channel is not lobby and ownership.owners(change.channel) == [owner]:
        text = f"{owner.name} is its only owner (~); make somebody else one first"
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, change.channel.name, text)


WITH_PARAMETER: dict[str, Callable[[ModeChange, str, str], None]] = {
    **dict.fromkeys(KINDS, _mask),
    "k": _key,
    "l": _limit,
    "q": _member_mode,
    "o": _member_mode,
    "v": _member_mode,
}


def change_modes(
    actor: Actor,
    channel: Channel,
    letters: str,
    params: list[str],
    wrong: Callable[[IrcError], object],
) -> None:
    """Do all of a MODE that can be done, and tell it. letters: with their signs. params: in the
    order of the letters that take one. wrong: called with what is wrong with one of them.
    """
    change = ModeChange(actor, channel, list(params))
    sign, variable = "+", 0
    for letter in letters:
        if letter in "+-":
            sign = letter
            continue
        variable += letter in WITH_PARAMETER
        # What is over the limit is dropped without a word, as everywhere; MODES= says it.
        if variable > MAX_MODES:
            break
        try:
            change_mode(change, sign, letter)
        except IrcError as error:
            # One letter that is wrong doesn't keep the others from being done.
            wrong(error)
    if change.done:
        _audit(change)
        _tell(change)


def _audit(change: ModeChange) -> None:
    """All but the modes of members, each of which has a row of its own."""
    changed = [_without_key(done) for done in change.done if done[1] not in MEMBER_MODES]
    if changed:
        change.actor.audit("modes changed", channel=change.channel.name, modes=text_of(changed))


def _tell(change: ModeChange) -> None:
    actor, channel = change.actor, change.channel
    head = f":{actor.source} MODE {channel.name} "
    part: list[tuple[str, str, str]] = []
    for done in [*change.done, None]:
        # A line that would be too long is told, and logged, as several.
        if part and (done is None or not fits(head + text_of([*part, done]))):
            logged = text_of([_without_key(one) for one in part])
            msgid = actor.log(channel, "MODE", logged)
            actor.tell(channel, actor.line(f"MODE {channel.name} {text_of(part)}", msgid))
            part = []
        if done is not None:
            part.append(done)


def _without_key(done: tuple[str, str, str]) -> tuple[str, str, str]:
    """As it is logged: the log stands in the database as text, and a key is a secret."""
    sign, letter, _ = done
    return (sign, letter, "*") if letter == "k" else done


def text_of(changes: list[tuple[str, str, str]]) -> str:
    """Changes as they stand in a MODE: the letters, then their parameters."""
    letters, last = "", ""
    for sign, letter, _ in changes:
        # The sign is written where it changes: +ov-b.
        letters += letter if sign == last else sign + letter
        last = sign
    return " ".join([letters, *(param for _, _, param in changes if param)])
