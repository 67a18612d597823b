"""Who owns a channel when its last owner is gone. Hub thread only.

The rule: of the members that may log in, the operator who has been a member for longest; without an
operator the voiced member, without one of these the member. The lobby has no owner by itself.
"""

from __future__ import annotations

from securechat.core.channels import channels
from securechat.core.delivery.line import Line
from securechat.core.journal.events.channels import (
    ChannelClosed,
    FounderRemoved,
    MemberModesChanged,
)
from securechat.core.model.entities import Account, Channel
from securechat.core.model.membership import MEMBER_MODES
from securechat.core.turn import Turn


def owners(channel: Channel) -> list[Account]:
    """Those who have the mode."""
    return [account for account, member in channel.members.items() if "q" in member.modes]


def with_mode(modes: str, letter: str) -> str:
    """A member's modes and one more, the highest first."""
    # In the order of the letters, on which rank() and the prefixes rely.
    return "".join(one for one in MEMBER_MODES if one in modes or one == letter)


def heir(channel: Channel) -> Account | None:
    """The member who comes next, by the rule."""
    # Who can't log in could do nothing with a channel.
    usable = [account for account in channel.members if account.usable]
    return min(usable, key=lambda one: _place(channel, one), default=None)


def _place(channel: Channel, account: Account) -> tuple[int, int]:
    # The seq of joining is the time of joining: the smaller, the longer a member.
    return channel.rank(account), channel.members[account].seq


def leave(turn: Turn, channel: Channel, account: Account) -> None:
    """End a membership. The channel ends with its last one, and gets an owner when its last one
    goes; the lobby never ends.
    """
    # Before the membership ends, with which the modes are gone.
    was_owner = "q" in channel.modes_of(account)
    channels.depart(turn, channel, account)
    if channel is channels.lobby_of(turn):
        return
    # Nobody could ever enter it by an invitation, and its name would be taken for nothing.
    if not channel.members:
        turn.record(ChannelClosed(channel.id))
    elif was_owner and not owners(channel):
        pass_on(turn, channel)


def pass_on(turn: Turn, channel: Channel) -> None:
    """Give a channel without an owner to who comes next; its members are told by the server."""
    after = heir(channel)
    if after is None:
        return
    had = channel.modes_of(after)
    has = with_mode(had, "q")
    entry = turn.log(channel.id, None, "MODE", f"+q {after.name}")
    turn.record(MemberModesChanged(has, channel.id, after.id))
    facts = {"channel": channel.name, "of": after.name, "had": had, "has": has}
    # By nobody's session: the server does it.
    turn.audit_own("role changed", by="no owner was left", **facts)
    body = f":{turn.settings.name} MODE {channel.name} +q {after.name}"
    turn.broadcast(channel.audience(), Line(body, turn.now_ms, msgid=turn.model.msgid(entry.seq)))


def mend(turn: Turn) -> None:
    """At the start: what was changed while no server ran, or by an older one, ends as if one had
    been running.
    """
    lobby = channels.lobby_of(turn)
    for channel in list(turn.model.channels.values()):
        # A span for each channel: one that can't be stored doesn't keep the others from it.
        start = turn.savepoint()
        if channel is lobby:
            if channel.founder is not None:
                turn.record(FounderRemoved(channel.id))
        elif not channel.members:
            turn.record(ChannelClosed(channel.id))
        elif not owners(channel):
            pass_on(turn, channel)
        turn.finish_span(None, "START", start)
