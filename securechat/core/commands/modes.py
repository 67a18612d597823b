"""MODE: of channels and of oneself.

https://modern.ircdocs.horse/#mode-message. What each mode is: core.channels.modes.
"""

from __future__ import annotations

from securechat.core import quota
from securechat.core.channels import channels
from securechat.core.channels.actors import Actor
from securechat.core.channels.modes import MAX_LETTERS, WITH_PARAMETER, change_modes, text_of
from securechat.core.commands.registry import command
from securechat.core.model.entities import Channel, Session
from securechat.core.presence.welcome import BOT_MODE, USER_MODES
from securechat.core.turn import IrcError, Turn
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

LISTS = {
    "b": (Numeric.RPL_BANLIST, Numeric.RPL_ENDOFBANLIST, "ban"),
    "e": (Numeric.RPL_EXCEPTLIST, Numeric.RPL_ENDOFEXCEPTLIST, "exception"),
    "I": (Numeric.RPL_INVEXLIST, Numeric.RPL_ENDOFINVEXLIST, "invite exception"),
}
"""How each is shown: the numeric of a mask and that of the end, and what it is called."""

OWN_MODES = {BOT_MODE: "bot", "i": "invisible"}
"""Those that one may change, with the session's attribute."""


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
    # Before it is asked who may change: lists are for all members to see.
    elif _asks_for_lists(changes):
        _show_lists(turn, session, channel, changes[0].lstrip("+"))
    else:
        _change(turn, session, channels.find_run(turn, session, target), changes)


# One's own modes


def _user_mode(turn: Turn, session: Session, target: str, changes: list[str]) -> None:
    account = turn.model.account_named(target)
    if account is None or not account.usable:
        raise IrcError(Numeric.ERR_NOSUCHNICK, channels.word(target), "No such nick/channel")
    if account is not session.who:
        raise IrcError(Numeric.ERR_USERSDONTMATCH, "You can change your own modes only")
    if not changes:
        turn.numeric(session, Numeric.RPL_UMODEIS, "+" + _own_modes(session))
        return
    _set_own(turn, session, changes[0])


def _set_own(turn: Turn, session: Session, wanted: str) -> None:
    sign, changed, unknown = "+", "", False
    for letter in wanted:
        if letter in "+-":
            sign = letter
        elif letter in OWN_MODES:
            setattr(session, OWN_MODES[letter], sign == "+")
            changed += letter
        else:
            # o is the administrator's to give and w isn't used; clients ask for both by habit.
            unknown = unknown or letter not in "ow"
    if unknown:
        turn.numeric(session, Numeric.ERR_UMODEUNKNOWNFLAG, "Unknown MODE flag; there are B and i")
    account = session.who
    turn.model.settle_modes(account)
    if changed:
        # As it is now, and not as it was asked for: -B doesn't make an administrator's bot a
        # person.
        told = [("+" if letter in _own_modes(session) else "-", letter, "") for letter in OWN_MODES]
        shown = text_of([one for one in told if one[1] in changed])
        body = f":{account.source(turn.settings.name)} MODE {account.name} {shown}"
        line = turn.line_of(account, body)
        turn.send_line(session, line)


def _own_modes(session: Session) -> str:
    """As they are shown: an account that the administrator has made a bot is one everywhere."""
    bot = session.bot or session.who.bot
    has = {BOT_MODE: bot, "i": session.invisible, "o": session.who.admin}
    return "".join(letter for letter in USER_MODES if has[letter])


# A channel's modes


def _show(turn: Turn, session: Session, channel: Channel) -> None:
    letters, params = channel.modes, []
    if channel.key is not None:
        letters += "k"
        # Members have the key already, but may not all pass it on.
        params.append(channel.key if channel.runs(session.who) else "*")
    if channel.limit is not None:
        letters += "l"
        params.append(str(channel.limit))
    server, nick = turn.settings.name, session.shown_nick
    shown = " ".join(["+" + letters, *params])
    turn.send(session, f":{server} {Numeric.RPL_CHANNELMODEIS} {nick} {channel.name} {shown}")
    made = str(channel.created_ms // 1000)
    turn.numeric(session, Numeric.RPL_CREATIONTIME, channel.name, made)


def _asks_for_lists(changes: list[str]) -> bool:
    letters = changes[0].lstrip("+")
    return bool(letters) and len(changes) == 1 and set(letters) <= LISTS.keys()


def _show_lists(turn: Turn, session: Session, channel: Channel, letters: str) -> None:
    if session.who not in channel.members and not channel.runs(session.who):
        raise IrcError(Numeric.ERR_NOTONCHANNEL, channel.name, "You're not on that channel")
    # Each list once, however often its letter stands there.
    for letter in dict.fromkeys(letters):
        row, end, text = LISTS[letter]
        for mask, (by, at_ms) in channel.masks(letter).items():
            turn.numeric(session, row, channel.name, mask, by, str(at_ms // 1000))
        turn.numeric(session, end, channel.name, f"End of channel {text} list")


def _change(turn: Turn, session: Session, channel: Channel, changes: list[str]) -> None:
    quota.check(turn, session.who, "MODE")
    # Before anything is changed.
    _check_key_is_whole(channel, changes)
    change_modes(
        Actor(turn, session),
        channel,
        changes[0][:MAX_LETTERS],
        changes[1:],
        lambda error: turn.numeric(session, error.numeric, *error.params),
    )


def _check_key_is_whole(channel: Channel, changes: list[str]) -> None:
    """The first word of a key must not become the key. Raises IrcError (525)."""
    sign, words, sets_key = "+", 0, False
    for letter in changes[0]:
        if letter in "+-":
            sign = letter
            continue
        # -l takes no parameter, all others of these do.
        words += letter in WITH_PARAMETER and (letter, sign) != ("l", "-")
        sets_key = sets_key or (letter, sign) == ("k", "+")
    if sets_key and len(changes) - 1 > words:
        raise IrcError(
            Numeric.ERR_INVALIDKEY, channel.name, "A key is one word; more came behind it"
        )
