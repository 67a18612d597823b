"""SESSIONS: where one's own account is logged in, and how to end that."""

from __future__ import annotations

from securechat.core.commands.registry import command
from securechat.core.commands.verbs import VerbRefused, note, run, shown
from securechat.core.model.entities import Session
from securechat.core.presence import live_sessions, online
from securechat.core.presence.live_sessions import Live
from securechat.core.text import iso
from securechat.core.turn import Turn
from securechat.irc.message import Message

OTHERS = "others"

ENDED = "Ended by another session of your account"

OUT_OF_REACH = (
    "It has shown the password or a certificate itself, and you have a device token only: connect "
    "with your password to end it"
)


@command("SESSIONS", usage="LIST | END <id> | END others", min_params=1)
def sessions(turn: Turn, session: Session, message: Message) -> None:
    """Show where your account is logged in, or end one of these sessions or all but this."""
    run(turn, session, message, _SESSIONS)


def _list(turn: Turn, session: Session, _: str) -> None:
    found = live_sessions.sessions_of(turn, session.who)
    for item in found.values():
        _tell(turn, session, live_sessions.describe(turn, item), here=item is session)
    note(turn, session, "SESSIONS", "END", str(len(found)), f"{len(found)} sessions")


def _tell(turn: Turn, session: Session, item: Live, *, here: bool) -> None:
    heard = iso(item.heard_ms)
    text = f"{item.by} {item.name}".rstrip() + f", last heard {heard}" + ", this session" * here
    note(
        turn,
        session,
        *("SESSIONS", "ENTRY", item.id, item.by, item.name or "*", iso(item.since_ms), heard),
        *(_one_word(item.address), "here" if here else "elsewhere", text),
    )


def _one_word(address: str) -> str:
    """A parameter can't begin with a colon, as an IPv6 address may."""
    # `0::1` is the same address as `::1`.
    return "0" + address if address.startswith(":") else address or "*"


def _end(turn: Turn, session: Session, wanted: str) -> None:
    found = live_sessions.sessions_of(turn, session.who)
    if wanted.lower() == OTHERS:
        others = [item for item in found.values() if item is not session]
        ended = [item for item in others if _may_end(session, item)]
        if others and not ended:
            raise VerbRefused("REAUTHENTICATE", OUT_OF_REACH, OTHERS)
    elif wanted.lower() not in found:
        text = "You have no session of that id; SESSIONS LIST shows them"
        raise VerbRefused("NO_SUCH_SESSION", text, shown(wanted))
    else:
        ended = [found[wanted.lower()]]
        if not _may_end(session, ended[0]):
            raise VerbRefused("REAUTHENTICATE", OUT_OF_REACH, ended[0].id)
    for item in ended:
        # Before they end, as it is this session's act, whatever becomes of them.
        turn.audit("session ended", session, ended=item.id, address_of_ended=item.address)
    note(turn, session, "SESSIONS", "ENDED", *_what(wanted, ended))
    # Behind the span, as a session that was closed can't be opened again.
    turn.after_span(lambda: online.end_all(turn, ended, ENDED))


def _may_end(session: Session, other: Session) -> bool:
    """A thief of a token must not be able to end its owner's session, however often."""
    return session.proven or not other.proven


def _what(wanted: str, ended: list[Session]) -> tuple[str, str]:
    if wanted.lower() == OTHERS:
        return OTHERS, f"{len(ended)} sessions have ended"
    return ended[0].id, "The session has ended; its client may log in again by its credential"


_SESSIONS = {"LIST": _list, "END": _end}
