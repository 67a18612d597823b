"""What the commands about an account's own credentials and sessions have in common: a verb as their
first parameter, and answers as standard replies, so that any client shows them and ours understands
them: https://ircv3.net/specs/extensions/standard-replies
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from securechat.core.model.entities import Session
from securechat.core.turn import Turn
from securechat.irc.message import Message

FRESH_SECONDS = 600.0
"""How long after its login with the password a session may change credentials (OWASP ASVS 5,
7.5.1): longer, and whoever finds it unattended could.
"""

MAX_WORD_SHOWN = 40

Verbs = Mapping[str, Callable[[Turn, Session, str], None]]
"""By name; each is given what stands behind it, so that a word too many is not passed over."""


class VerbRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Answered by a FAIL. code, context, text: as in a standard reply."""

    def __init__(self, code: str, text: str, *context: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.params = (*context, text)


def run(turn: Turn, session: Session, message: Message, verbs: Verbs) -> None:
    """Do what the first parameter names; a refusal becomes a FAIL."""
    action = verbs.get(message.params[0].upper())
    try:
        if action is None:
            expected = ", ".join(sorted(verbs))
            raise VerbRefused("UNKNOWN_SUBCOMMAND", f"Expected one of {expected}")
        # Joined: a name with a space in it is refused as such, and not cut at the space.
        action(turn, session, " ".join(message.params[1:]))
    except VerbRefused as refused:
        fail(turn, session, message.command, refused)


def fail(turn: Turn, session: Session, command_name: str, refused: VerbRefused) -> None:
    """Say that it isn't done."""
    turn.standard_reply(session, "FAIL", command_name, refused.code, *refused.params)


def note(turn: Turn, session: Session, *params: str) -> None:
    """Answer: command, code, what belongs to it, and a text at the end."""
    turn.standard_reply(session, "NOTE", *params)


def check_fresh(turn: Turn, session: Session) -> None:
    """The session must have shown the password itself, not long ago. Raises VerbRefused."""
    if session.proved_at is None or turn.clock - session.proved_at > FRESH_SECONDS:
        minutes = f"{FRESH_SECONDS / 60:.0f}"
        text = (
            "Connect again with your password, or say AUTHENTICATE with it; this can be done for "
            f"{minutes} minutes after it"
        )
        raise VerbRefused("REAUTHENTICATE", text)


def shown(words: str) -> str:
    """What was refused, as one parameter."""
    # Cut, as it may be a password that somebody has put into the wrong place.
    word = words.split(" ")[0][:MAX_WORD_SHOWN]
    return word if word and not word.startswith(":") else "*"
