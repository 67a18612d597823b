"""Whom the others see: an account comes in sight by its first session that is somebody's. Hub
thread only.

A client that says before its welcome that it runs by itself (AWAY *) is "as though the connection
did not exist at all" (https://ircv3.net/specs/extensions/pre-away). So a script that logs in, says
something and goes shows nothing but what it says: neither JOIN nor QUIT. In the model its account
is `unseen`, and not in Model.online; it is among those present in its channels, as they hear what
is said there.
"""

from __future__ import annotations

from collections.abc import Iterable

from securechat.core import metadata
from securechat.core.channels import channels
from securechat.core.model.entities import Account, Audience, Channel, Session
from securechat.core.presence import monitors
from securechat.core.turn import Turn

ABSENT = "*"
"""As an away message: a client runs by itself."""


def is_somebody(account: Account) -> bool:
    """Whether a session of the account is somebody's, and not one that runs by itself."""
    return any(session.away != ABSENT for session in account.sessions)


def come_unseen(turn: Turn, account: Account) -> None:
    """All of the account's sessions run by themselves, and nobody is shown that it is there."""
    turn.touch(account)
    account.unseen = True
    for channel in account.channels:
        channel.present[account] = None
    account.forget_audience()


def come(turn: Turn, account: Account) -> None:
    """The account is in sight from now on; tell_coming() and tell_join() tell the others."""
    turn.touch(account)
    model = turn.model
    account.unseen = False
    account.signed_on_ms = turn.now_ms
    model.online[account] = None
    model.admins_online += account.admin
    model.hidden_online += account.hidden
    # For LUSERS (265); since the start only, as it is nothing to store.
    model.most_online = max(model.most_online, len(model.online))
    for channel in account.channels:
        channel.present[account] = None
        # Who was unseen there was in its audience, and in no list of its names.
        channel.forget_names()


def tell_coming(turn: Turn, account: Account) -> None:
    """To those who follow the account: it has come."""
    monitors.tell_online(turn, account)
    for follower in turn.model.monitors.get(account.folded, ()):
        if metadata.aware(follower):
            metadata.tell_later(turn, follower, account.name)


def tell_join(turn: Turn, channel: Channel, account: Account, others: Audience) -> None:
    """To the others of a channel: a member has come back."""
    turn.broadcast(others, channels.join_line(turn, channel, account))
    if modes := channel.modes_of(account):
        # Clients know of its modes by a MODE alone: with the QUIT they were gone.
        text = channels.given(account, modes)
        turn.broadcast(others, channels.modes_line(turn, channel, text))


def settle(turn: Turn, account: Account) -> None:
    """To be called when a session of the account has changed its away message: one that is
    somebody's brings the account in sight.
    """
    if account.unseen and is_somebody(account):
        appear(turn, account)


def appear(turn: Turn, account: Account) -> None:
    """An account that is there unseen comes in sight, and the others are told."""
    if not account.unseen:
        return
    come(turn, account)
    tell_coming(turn, account)
    for channel in account.channels:
        tell_join(turn, channel, account, without(channel.audience().sessions, account))


def without(sessions: Iterable[Session], account: Account) -> Audience:
    """Those of the sessions that aren't the account's: it knows that it is there."""
    return Audience(one for one in sessions if one.account is not account)
