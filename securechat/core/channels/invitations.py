"""Invitations into channels: whose count, and how many somebody may have open. Hub thread only."""

from __future__ import annotations

from collections import Counter

from securechat.core.journal.events.channels import InvitationEnded, InvitationMade
from securechat.core.model.entities import Account, Channel
from securechat.core.turn import Turn
from securechat.irc import names

MAX_OPEN = 100
"""Of one account that it has not followed: each is told at its logins."""

MAX_OF_ONE = 10
"""Of these by one inviter, so that nobody fills the places of all others."""


def counts(turn: Turn, channel: Channel, account: Account) -> bool:
    """Whether somebody has invited the account who operates the channel now: a plain member's
    invitation into an open channel must not outlive its closing, nor one of somebody who is gone.
    """
    # Asked when it is used, and not when it was made: roles change in between.
    inviter = turn.model.known_as(_inviter(account.invited_to.get(channel, "")))
    return inviter is not None and inviter.usable and channel.runs(inviter)


def invite(turn: Turn, channel: Channel, by: Account, account: Account) -> None:
    """Remember that an account may enter, unless one that opens more is remembered already."""
    # One of a plain member's must not replace that of an operator, which opens +i.
    if not channel.runs(by) and counts(turn, channel, account):
        # Nobody hears of it all the same if the JOIN of who invites can't be stored.
        turn.on_failure(lambda: None)
        return
    # A second one into the same channel takes the place of the first.
    if channel not in account.invited_to:
        _make_place(turn, by, account)
    turn.record(InvitationMade(channel.id, account.id, by.source(turn.settings.name)))


def _make_place(turn: Turn, by: Account, account: Account) -> None:
    """Nobody is kept from inviting: the oldest goes of this inviter, or of who has the most."""
    inviters = {channel: _inviter(source) for channel, source in account.invited_to.items()}
    numbers = Counter(inviters.values())
    if numbers[by.folded] >= MAX_OF_ONE:
        whose = by.folded
    elif len(inviters) >= MAX_OPEN:
        # Whoever fills the list loses out of it, and not the one who invited once.
        whose = max(numbers, key=numbers.__getitem__)
    else:
        return
    # The dict has them in the order in which they came.
    oldest = next(channel for channel, name in inviters.items() if name == whose)
    turn.record(InvitationEnded(oldest.id, account.id))


def _inviter(source: str) -> str:
    """By the folded name, as its spelling may have changed since."""
    nick = source.partition("!")[0]
    return names.fold_account(nick) or nick
