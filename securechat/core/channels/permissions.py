"""Who may enter a channel, and whom it hears. Hub thread only.

https://modern.ircdocs.horse/#channel-modes
"""

from __future__ import annotations

from math import ceil

from securechat.core.channels import invitations
from securechat.core.model.entities import Account, Channel
from securechat.core.model.mask_list import MaskList
from securechat.core.shared import Done
from securechat.core.turn import IrcError, Turn
from securechat.irc import masks
from securechat.irc.numerics import Numeric


def banned(turn: Turn, channel: Channel, account: Account) -> bool:
    """Whether a mask of the channel's ban list matches the account, and none of its exceptions."""
    # Before the source is made and folded: most channels have no bans, and this is asked often.
    if not channel.bans:
        return False
    return _matches(turn, channel.bans, account) and not _matches(turn, channel.exceptions, account)


def _matches(turn: Turn, listed: MaskList, account: Account) -> bool:
    """By its name, or by one that it had before: an administrator who renames somebody changes
    nothing of who is banned.
    """
    server = turn.settings.name
    if listed.matches(account.folded, masks.fold(account.source(server))):
        return True
    return any(
        listed.matches(folded, masks.fold(f"{name}!{name}@{server}"))
        for folded, (name, _) in account.former.items()
    )


def needs_invitation(turn: Turn, channel: Channel, account: Account) -> bool:
    """Whether the channel is for those who are invited, and no mask lets the account in (+I)."""
    return "i" in channel.modes and not _matches(turn, channel.invite_exceptions, account)


def why_silent(turn: Turn, channel: Channel, account: Account) -> str | None:
    """Why a channel doesn't hear what somebody says; None when it does.

    It is asked of each text that a channel gets to see: also a farewell, a topic, a real name.
    """
    member = channel.members.get(account)
    if member is None:
        # Moderated, it can't hear outsiders either, who have no voice in it.
        if "n" in channel.modes or "m" in channel.modes:
            return "you are not a member; JOIN it first"
    # Before the bans: whoever has a voice has been given it by name.
    elif member.modes:
        return None
    elif "m" in channel.modes:
        return "the channel is moderated (+m)"
    if channel.bans and banned(turn, channel, account):
        return "you are banned"
    return None


def check_may_speak(turn: Turn, channel: Channel, account: Account) -> None:
    """Raises IrcError (404) when the channel doesn't hear the account."""
    why = why_silent(turn, channel, account)
    if why is not None:
        raise IrcError(Numeric.ERR_CANNOTSENDTOCHAN, channel.name, f"Cannot send to channel: {why}")


def silenced(turn: Turn, account: Account) -> bool:
    """Whether a channel of the account doesn't hear it: what all of them see has no text then."""
    return any(why_silent(turn, channel, account) for channel in account.channels)


def check_may_enter(turn: Turn, account: Account, channel: Channel, key: str = "") -> None:
    """Raises IrcError when the channel's modes keep the account out."""
    # The founder too: else operators could lock the owner out of the channel.
    if account.admin or channel.founder == account.id:
        return
    if banned(turn, channel, account):  # first, as an invitation doesn't lift it
        raise IrcError(
            Numeric.ERR_BANNEDFROMCHAN, channel.name, "Cannot join channel: you are banned (+b)"
        )
    # It lifts +i, +k and +l.
    if invitations.counts(turn, channel, account):
        return
    if needs_invitation(turn, channel, account):
        raise IrcError(
            Numeric.ERR_INVITEONLYCHAN, channel.name, "Cannot join channel: invite only (+i)"
        )
    if channel.key is not None:
        _check_key(turn, account, channel, key)
    # Members and not those present: a membership lasts while its account is offline.
    if channel.limit is not None and len(channel.members) >= channel.limit:
        raise IrcError(
            Numeric.ERR_CHANNELISFULL, channel.name, "Cannot join channel: it is full (+l)"
        )


def _check_key(turn: Turn, account: Account, channel: Channel, key: str) -> None:
    """Raises IrcError (475). Nobody tries out keys as fast as lines pass; a client that has none,
    and joins all that it remembers, tries nothing.
    """
    # By account and channel, so a second connection gives no further tries.
    tries, who = turn.model.wrong_keys, (account.id, channel.id)
    fault = "wrong key"
    # Asked before the key is looked at: a right guess must not get in either.
    if wait := tries.wait(who, turn.clock):
        fault = f"too many wrong keys; try again in {ceil(wait)} seconds"
    elif key == channel.key:
        return
    elif key:
        turn.share(Done("wrong_keys", who))
    raise IrcError(Numeric.ERR_BADCHANNELKEY, channel.name, f"Cannot join channel: {fault} (+k)")
