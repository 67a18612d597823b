"""An administrator says something to everybody: as a NOTICE of the server, at once, and for a while
to those who log in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unicodedata import category

from securechat.core.administration.requests import Refused, Request, request
from securechat.core.delivery.line import Line
from securechat.core.journal.events.facts import FactKept
from securechat.core.model.announcements import (
    KEY,
    MOST,
    Announcement,
    Announcements,
    announcements,
)
from securechat.core.model.entities import Audience, Session
from securechat.core.model.states import State
from securechat.core.shared import AnnouncementShown
from securechat.core.text import fill
from securechat.core.turn import Turn

MOST_LINES = 12
"""A screen holds more; nobody reads more of what they have not asked for."""

LINE_BYTES = 350
"""A longer line is told as several."""

HEAD = "Announcement: {text}"


@request("announce")
def announce(turn: Turn, asked: Request) -> dict[str, int]:
    """Tell it to all who are online; for so many `seconds`, None for not at all, to those who log
    in as well. Its number, 0 where it is not kept, and how many accounts have heard it.
    """
    lines, seconds = _lines(asked.facts["lines"]), asked.facts["seconds"]
    heard = [one for one in turn.model.sessions if one.state is State.READY]
    if not heard and not seconds:
        raise Refused("nobody is online to hear it; --for keeps it for those who log in meanwhile")
    number = _keep(turn, asked, lines, seconds) if seconds else 0
    turn.audit_own("announced", actor=asked.by, text="\n".join(lines))
    audience = Audience(heard)
    for line in lines:
        # To nobody by name, so that one line is encoded for all.
        body = f":{turn.settings.name} NOTICE * :{line}"
        turn.broadcast(audience, Line(body, turn.now_ms))
    _note(turn, AnnouncementShown(number))
    return {"number": number, "heard": len({session.who for session in heard})}


def _lines(given: Sequence[str]) -> tuple[str, ...]:
    """As they are told. Raises Refused."""
    # Anything of the kind would be for the terminal, or for the program at the other end (CTCP).
    if any(category(char) == "Cc" for line in given for char in line):
        raise Refused("expected plain text, and a control character came")
    lines = tuple(part for line in given for part in _parts(line))
    if not lines:
        raise Refused("expected a text, and none came")
    if len(lines) > MOST_LINES:
        raise Refused(
            f"expected at most {MOST_LINES} lines of {LINE_BYTES} bytes; {len(lines)} came"
        )
    return HEAD.format(text=lines[0]), *lines[1:]


def _parts(line: str) -> Iterator[str]:
    for part in fill(line.split(), LINE_BYTES - len(HEAD)):
        # One word can be longer than a line.
        while part:
            cut = part.encode()[: LINE_BYTES - len(HEAD)].decode(errors="ignore")
            yield cut
            part = part[len(cut) :]


def _keep(turn: Turn, asked: Request, lines: tuple[str, ...], seconds: int) -> int:
    there = announcements(turn.model.kept.get(KEY))
    standing = there.now(turn.now_ms)
    if len(standing) >= MOST:
        raise Refused(f"{MOST} stand already, as many as may: `announce --end NUMBER` ends one")
    number, until_ms = there.last + 1, turn.now_ms + seconds * 1000
    made = Announcement(number, lines, asked.by, turn.now_ms, until_ms)
    turn.record(FactKept(KEY, Announcements(number, (*standing, made)).text()))
    return number


@request("announcements")
def standing(turn: Turn, asked: Request) -> list[Announcement]:
    """Those that are shown to who logs in."""
    return announcements(turn.model.kept.get(KEY)).now(turn.now_ms)


@request("announcement end")
def end(turn: Turn, asked: Request) -> int:
    """The one of that number is shown no more. Its number."""
    number: int = asked.facts["number"]
    there = announcements(turn.model.kept.get(KEY))
    left = tuple(one for one in there.now(turn.now_ms) if one.id != number)
    if len(left) == len(there.now(turn.now_ms)):
        shown = ", ".join(str(one.id) for one in left) or "none"
        raise Refused(f"no announcement {number} stands; standing: {shown}")
    turn.record(FactKept(KEY, there._replace(standing=left).text()))
    turn.audit_own("announcement ended", actor=asked.by, number=str(number))
    return number


def show(turn: Turn, session: Session) -> None:
    """To one who has logged in, what stands, once for each device while the server runs."""
    kept = turn.model.kept.get(KEY)
    # A program can do nothing with it, and would tell it on.
    if kept is None or session.who.bot:
        return
    device = session.device
    seen = device.announced if device is not None else 0
    new = [one for one in announcements(kept).now(turn.now_ms) if one.id > seen]
    for one in new:
        for line in one.lines:
            turn.notice(session, line)
    if new and device is not None:
        _note(turn, AnnouncementShown(new[-1].id, session.who.id, device.name))


def _note(turn: Turn, shown: AnnouncementShown) -> None:
    """Not to be shown again, unless it is not stored that it was there."""
    marks = turn.share(shown)

    def take_back() -> None:
        turn.unshare(shown)
        for device, before in marks.items():
            device.announced = before

    turn.on_failure(take_back)
