"""Who is online, and how they go; arrivals.py has how they come. Hub thread only.

The account is the member of a channel; all its sessions see the same channels. The others see JOIN
when its first session comes and QUIT when its last one goes; the membership stays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from securechat.core.channels import permissions
from securechat.core.delivery import acknowledgements
from securechat.core.model.credentials import Certificate, Token
from securechat.core.model.entities import Account, Audience, Session
from securechat.core.model.state import Departure
from securechat.core.model.states import State
from securechat.core.presence import monitors, sight
from securechat.core.shared import Done, LoginsEnded
from securechat.core.turn import Turn
from securechat.irc import names
from securechat.irc.capabilities import ACCOUNT_NOTIFY, AWAY_NOTIFY, CHGHOST, SETNAME

AFTER_CHANGE = "Your password has been changed; log in with the new one"
"""Told to every session that the old one had let in."""

AWAY = "Away"
"""Told of those whose own words a channel doesn't hear, and of those who give no reason."""

MAX_DEPARTED, MAX_DEPARTURES = 1000, 10
"""Accounts remembered for WHOWAS, and of each how often it went."""

DEPARTED_MS = 7 * 86_400_000
"""Older ones are nobody's business any more. In memory alone, so a restart forgets them all."""


def leave(turn: Turn, session: Session, reason: str, *, clean: bool) -> None:
    """A session ends; the others see QUIT if it was the account's last.

    clean: the client has said so, and so has received what its socket took, if it ever answered a
    PING (a script that only sends does not, and nothing is taken from its owner by it). What this
    turn says is not among it: QUIT was on its way before.
    """
    account = session.account
    if account is None or session not in account.sessions:
        return
    if clean and session.delivered is not None and turn.outside.taken(session):
        # Not last_seq: what this turn adds was not sent yet when the client said QUIT.
        session.delivered = max(session.delivered, turn.model.committed_seq)
        session.answered_at = turn.clock
        acknowledgements.advance(turn.model, session)
    # Before it is detached: afterwards its channels don't know it any more.
    witnesses = neighbours(account) - {session}
    if not detach(turn, session):
        return
    if account.unseen:
        go_offline(turn, account)
        return
    if account in turn.model.lingering and session.away == sight.ABSENT:
        return  # as if it had never been there
    wait = turn.model.departures.wait(account.id, turn.clock)
    if wait:
        # A client that reconnects every few seconds would fill its channels with JOIN and QUIT.
        turn.model.lingering[account] = (turn.clock + wait, reason)
    else:
        _depart(turn, account, reason, witnesses)


def _depart(turn: Turn, account: Account, reason: str, witnesses: Iterable[Session]) -> None:
    """The others see that the account is gone."""
    turn.share(Done("departures", account.id))
    turn.model.lingering.pop(account, None)
    go_offline(turn, account)
    if account.sessions:  # all of them run by themselves
        sight.come_unseen(turn, account)
    body = f":{account.source(turn.settings.name)} QUIT :{reason}"
    turn.broadcast(
        # One for all channels, so that who shares several hears it once.
        Audience(witnesses),
        turn.line_of(account, body),
    )
    monitors.tell_offline(turn, account)


def end_lingering(turn: Turn, *, at_once: bool = False) -> None:
    """Who has come and gone often, and has not come back by now, is gone. at_once: nobody is waited
    for, as another node doesn't know who has to be.
    """
    # A copy, as _depart() takes entries out.
    for account, (until, reason) in list(turn.model.lingering.items()):
        # Another node may have shown that they went.
        if sight.is_somebody(account) or account not in turn.model.online:
            del turn.model.lingering[account]
        elif at_once or turn.clock >= until:
            _depart(turn, account, reason, neighbours(account).difference(account.sessions))


def end_orphans(turn: Turn, reason: str) -> None:
    """Who was kept in sight by a node that is gone, though they had no session, is gone."""
    model = turn.model
    for account in [*model.online]:
        if not account.sessions and account not in model.lingering:
            _depart(turn, account, reason, neighbours(account))


def neighbours(account: Account) -> frozenset[Session]:
    """The sessions of all who share a channel with an account, its own included."""
    return frozenset().union(*(channel.audience().sessions for channel in account.channels))


def settle_away(turn: Turn, account: Account) -> None:
    """To be called when a session goes away, comes back, arrives or ends: a person is away when all
    their devices are. The others are told of a change.
    """
    sight.settle(turn, account)
    if account.unseen or (account in turn.model.lingering and not sight.is_somebody(account)):
        return
    # A client that runs by itself doesn't count while another session is there.
    there = [one for one in account.sessions if one.away != sight.ABSENT] or account.sessions
    away = None
    if there and all(session.away is not None for session in there):
        away = max(there, key=lambda session: session.away_at).away
    if away == sight.ABSENT:
        away = AWAY
    if away != account.away:
        account.away = away
        followers = monitors.followers(turn.model, account, AWAY_NOTIFY)
        tell_away(turn, account, neighbours(account).union(followers))


def tell_away(turn: Turn, account: Account, sessions: Iterable[Session]) -> None:
    """To those of the sessions that asked: the account is away, or back.

    https://ircv3.net/specs/extensions/away-notify
    """
    # Its own sessions know it from 305 and 306.
    told = [s for s in sessions if s.has(AWAY_NOTIFY) and s.account is not account]
    away = account.away
    # An away message is a text that channels see: who may not speak there could speak by it.
    if away is not None and permissions.silenced(turn, account):
        away = AWAY
    tail = f" :{away}" if away is not None else ""
    body = f":{account.source(turn.settings.name)} AWAY{tail}"
    turn.broadcast(Audience(told), turn.line_of(account, body))


def tell_name(turn: Turn, account: Account, before: str) -> None:
    """To all who see the account, itself included: its name is shown in another case or form.
    before: the source of its lines until now.

    https://modern.ircdocs.horse/#nick-message, https://ircv3.net/specs/extensions/account-notify,
    https://ircv3.net/specs/extensions/chghost
    """
    # Its own are among the neighbours only if it is in a channel.
    told = neighbours(account).union(account.sessions)
    body = f":{before} NICK {account.name}"
    turn.broadcast(Audience(told), turn.line_of(account, body))
    server = turn.settings.name
    # The user is the account's name as well, and NICK says nothing of it.
    body = f":{account.name}!{before.partition('!')[2]} CHGHOST {account.name} {server}"
    _tell_who_asked(turn, account, told, CHGHOST, body)
    # NICK tells what is shown; ACCOUNT that the account's name, which others compare, is it too.
    body = f":{account.source(server)} ACCOUNT {account.name}"
    _tell_who_asked(turn, account, told, ACCOUNT_NOTIFY, body)


def _tell_who_asked(
    turn: Turn, account: Account, sessions: frozenset[Session], bit: int, body: str
) -> None:
    """Those of the sessions that have a capability, and its followers that do."""
    followers = monitors.followers(turn.model, account, bit)
    asked = frozenset(one for one in sessions if one.has(bit)).union(followers)
    turn.broadcast(Audience(asked), turn.line_of(account, body))


def tell_real_name(turn: Turn, account: Account) -> None:
    """To those who asked and see the account, itself included: its real name is another one.

    https://ircv3.net/specs/extensions/setname
    """
    told = {*account.sessions, *monitors.followers(turn.model, account, SETNAME)}
    for channel in account.channels:
        if (
            permissions.why_silent(turn, channel, account) is None
        ):  # else it hears no text of theirs
            told |= channel.audience().sessions.keys()
    body = f":{account.source(turn.settings.name)} SETNAME :{account.real_name}"
    line = turn.line_of(account, body)
    turn.broadcast(Audience(one for one in told if one.has(SETNAME)), line)


def detach(turn: Turn, session: Session) -> bool:
    """Take a session out of the broadcast set; True when it was the account's last."""
    account = session.who
    turn.touch(account)
    account.sessions.remove(session)
    # With one session less all of them may be bots or hidden, or not any more.
    turn.model.settle_modes(account)
    turn.model.arrived -= 1
    turn.model.unconfirmed.pop(session, None)
    monitors.clear(turn.model, session)
    acknowledgements.advance(
        turn.model, session
    )  # it may be the one of its device that kept back the mark
    account.forget_audience()
    # If the one that was there has gone, and all others are away, the account is away now.
    if account.sessions:
        settle_away(turn, account)
    return not account.sessions


def go_offline(turn: Turn, account: Account, *, was_seen: bool = True) -> None:
    """The account is not shown any more; it has no session. was_seen: others have been shown it."""
    turn.touch(account)
    model, seen = turn.model, not account.unseen
    if seen:
        del model.online[account]
        model.admins_online -= account.admin
        model.hidden_online -= account.hidden
        if was_seen:
            _remember_departed(turn, account)
    account.away, account.hidden, account.unseen = None, False, False
    for channel in account.channels:
        channel.present.pop(account, None)
    account.forget_audience()


def _remember_departed(turn: Turn, account: Account) -> None:
    departed = turn.model.departed
    # Taken out and put in again, so that the dict has who went last at its end.
    gone = departed.pop(account.folded, None) or deque(maxlen=MAX_DEPARTURES)
    gone.append(Departure(account.name, account.real_name, turn.now_ms))
    departed[account.folded] = gone
    if len(departed) > MAX_DEPARTED:
        del departed[next(iter(departed))]


def departures_of(turn: Turn, name: str) -> list[Departure]:
    """When somebody of that name has gone, the newest first."""
    gone = turn.model.departed.get(names.fold_account(name) or "", ())
    since = turn.now_ms - DEPARTED_MS
    return [departure for departure in reversed(gone) if departure.at_ms > since]


def end_all(turn: Turn, sessions: Iterable[Session], reason: str) -> None:
    """Close sessions, whatever state they are in."""
    # A copy: leave() takes them out of the lists that they may come from.
    for session in list(sessions):
        # Not clean: what has arrived there is known only as far as it has confirmed.
        leave(turn, session, reason, clean=False)
        turn.close(session, reason)


def end_account(turn: Turn, account: Account, reason: str, keep: Session | None = None) -> None:
    """Whatever is logged in as the account, or about to be, ends, save one session.

    Whose password is only being checked will hear that it is wrong, and no more: it may be a
    stranger, who must not learn of the account.
    """
    end_all(turn, [session for session in account.sessions if session is not keep], reason)
    # Who lingers has no session, so nothing above has told the others that it is gone.
    if account in turn.model.lingering and not account.sessions:
        _depart(turn, account, reason, neighbours(account))
    turn.share(LoginsEnded(account.id, reason))


def end_token(turn: Turn, token: Token, *, only_logins: bool = False) -> None:
    """A device token is revoked: whatever is logged in with it ends. only_logins: another node has
    ended those that were in the broadcast set.
    """
    reason = f"The device token {token.name} has been revoked"
    _end(turn, [s for s in turn.model.sessions if s.token is token], reason, only_logins)


def end_certificate(turn: Turn, certificate: Certificate, *, only_logins: bool = False) -> None:
    """The same of a client certificate."""
    reason = f"The certificate {certificate.name} has been revoked"
    found = [s for s in turn.model.sessions if s.certificate is certificate]
    _end(turn, found, reason, only_logins)


def _end(turn: Turn, sessions: Iterable[Session], reason: str, only_logins: bool) -> None:
    end_all(turn, [s for s in sessions if s.state is not State.READY or not only_logins], reason)
