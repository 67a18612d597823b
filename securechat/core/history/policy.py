"""What people are told of what is kept, and of who may read it. Hub thread only."""

from __future__ import annotations

from securechat.core.model.entities import Channel, Session
from securechat.core.model.states import State
from securechat.core.settings import Settings
from securechat.core.shared import PolicyTold
from securechat.core.turn import Turn

SINCE_JOINING = "each member may read what was said after joining"
THE_TWO = "both may read it"
SINCE_OPENED = "newcomers may read what was said since the channel was opened to them (+H)"


def text(settings: Settings, channel: Channel) -> str:
    """Of one channel, in a sentence."""
    # Not `or`: 0 is a value of its own, for ever.
    howlong = _howlong(settings.keep_days if channel.keep_days is None else channel.keep_days)
    who = SINCE_OPENED if "H" in channel.modes else SINCE_JOINING
    return f"What is said in {channel.name} is kept on this server{howlong}; {who}"


def between_two(settings: Settings) -> str:
    """Of what two people say to each other, in a sentence."""
    howlong = _howlong(settings.keep_days)
    return f"What two people say to each other is kept on this server{howlong}; {THE_TWO}"


def everywhere(settings: Settings) -> str:
    """Of all that is said on the server, in a sentence."""
    howlong = _howlong(settings.keep_days)
    more = "POLICY tells more (in securechat: /history policy)"
    return f"What is said here is kept on this server{howlong}, unless a channel differs; {more}"


def greet(turn: Turn, session: Session, *, known: bool) -> None:
    """Tell a session that has logged in, where its account doesn't know of it yet. known: it was
    told just now.
    """
    account = session.who
    known = known or account.policy_told_ms >= turn.settings.policy_since_ms
    turn.share(PolicyTold((account.id,), turn.now_ms))
    if turn.settings.tell_policy and not known:
        turn.notice(session, everywhere(turn.settings))


def tell_change(turn: Turn, before: Settings) -> None:
    """The settings have changed: whoever is here is told where this is another one."""
    if turn.settings.keep_days == before.keep_days or not turn.settings.tell_policy:
        return
    ready = [session for session in turn.model.here() if session.state is State.READY]
    turn.share(PolicyTold([*{session.who.id for session in ready}], turn.now_ms))
    for session in ready:
        turn.notice(session, everywhere(turn.settings))


def _howlong(days: int) -> str:
    if days == 1:
        return " for 1 day"
    return f" for {days} days" if days else ""


def show(turn: Turn, session: Session, channel: Channel) -> None:
    """Tell a session whose account has become a member just now."""
    if turn.settings.tell_policy:
        turn.notice(session, text(turn.settings, channel))


def show_all(turn: Turn, channel: Channel) -> None:
    """Tell those who are in a channel now: something of it has changed."""
    for account in channel.present:
        for session in account.sessions:
            show(turn, session, channel)
