"""Where the switcher can go: rooms and people, in the order in which they are wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from securechat.client.screens.composer import CHANNEL_SIGN, target_problem
from securechat.client.screens.full.views.picking import Fit, fit
from securechat.client.session.identity import fold
from securechat.client.timeline.conversations import Conversations
from securechat.client.timeline.timeline import Timeline
from securechat.common.record import Record

SHOWN: Final = 100
"""Choices shown at once; who has more goes on typing."""


class Doing(StrEnum):
    """What going there means."""

    GO = "go"
    JOIN = "join"
    WRITE = "write"


class Choice(Record):
    """A place to go to. by: who has asked us in. known: whether there is such a place, as far as we
    know; others are chosen only on purpose. here: it is the one that is shown. recent: the lower,
    the later it was used.
    """

    name: str
    doing: Doing = Doing.GO
    unread: int = 0
    mentions: int = 0
    more_unread: bool = False
    topic: str = ""
    by: str = ""
    known: bool = True
    here: bool = False
    recent: int = 0


def choices(
    conversations: Conversations, recent: Sequence[str] = (), people: Iterable[str] = ()
) -> list[Choice]:
    """All places that there are. recent: conversations, the last used first. people: those who are
    in our channels.
    """
    used = {fold(name): at for at, name in reversed(list(enumerate(recent)))}
    found = {
        fold(one.name): _open(one, conversations.here, used.get(fold(one.name), len(used)))
        for one in conversations
    }
    for channel, by in conversations.invitations.items():
        known = found.get(fold(channel))
        if known is None or known.doing is Doing.JOIN:
            found[fold(channel)] = Choice(channel, Doing.JOIN, by=by, recent=len(used))
    for nick in people:
        if fold(nick) != fold(conversations.nick):
            found.setdefault(fold(nick), Choice(nick, Doing.WRITE, recent=len(used) + 1))
    return list(found.values())


def wanted(all_of_them: Iterable[Choice], typed: str) -> list[Choice]:
    """Those that fit what is typed, what is wanted most first; behind them what doesn't exist yet,
    as far as we know. With nothing typed: all that is open, and where we are invited. A # at the
    beginning asks for channels, an @ for people.
    """
    typed = typed.strip()
    known = list(all_of_them)
    asked = [one for one in known if _is_of_kind(typed, one.name)]
    fitting = [(how, one) for one in asked if (how := fit(typed, one.name)) is not None]
    if not typed:
        fitting = [(how, one) for how, one in fitting if one.doing is not Doing.WRITE]
    fitting.sort(key=lambda pair: _order(*pair))
    return [one for _how, one in fitting] + _new(typed, {fold(one.name) for one in known})


def sure(found: Sequence[Choice], typed: str) -> bool:
    """Whether Enter alone may go to the first one. A slip of the finger makes no new channel."""
    return bool(found) and (found[0].known or typed.strip().startswith(CHANNEL_SIGN))


def _open(timeline: Timeline, here: str, recent: int) -> Choice:
    is_room = timeline.name.startswith(CHANNEL_SIGN)
    return Choice(
        timeline.name,
        Doing.JOIN if is_room and not timeline.joined else Doing.GO,
        timeline.unread,
        timeline.mentions,
        timeline.more_unread,
        timeline.topic,
        here=fold(timeline.name) == fold(here),
        recent=recent,
    )


def _is_of_kind(typed: str, name: str) -> bool:
    if typed[:1] not in (CHANNEL_SIGN, "@"):
        return True
    return name.startswith(CHANNEL_SIGN) is typed.startswith(CHANNEL_SIGN)


def _order(how: Fit, one: Choice) -> tuple[object, ...]:
    # The whole name wins over all that is unread: who types it means it.
    return (
        how is not Fit.WHOLE,
        how is Fit.WITHIN,
        one.here,
        not one.mentions,
        not one.unread,
        one.recent,
        how,
        fold(one.name),
    )


def _new(typed: str, known: set[str]) -> list[Choice]:
    """What somebody may mean who types a name that nobody has told us."""
    name = typed.lstrip("@")
    if not name or name == CHANNEL_SIGN or target_problem(name) is not None:
        return []
    if name.startswith(CHANNEL_SIGN):
        new = [Choice(name, Doing.JOIN, known=False)]
    else:
        new = [
            Choice(CHANNEL_SIGN + name, Doing.JOIN, known=False),
            Choice(name, Doing.WRITE, known=False),
        ]
    return [one for one in new if fold(one.name) not in known]
