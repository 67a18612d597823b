"""What the person wants, as plain values: made by the input thread, done by the session."""

from __future__ import annotations

from dataclasses import dataclass, field

from securechat.client.session.events import TextKind


@dataclass(frozen=True, slots=True)
class Action:
    """Base of all actions."""


@dataclass(frozen=True, slots=True)
class Say(Action):
    """Send text, one line of any length, to a channel or an account."""

    target: str
    text: str
    kind: TextKind = TextKind.MESSAGE


@dataclass(frozen=True, slots=True)
class ServerCommand(Action):
    """Send a command whose answer is shown as it comes, such as JOIN or WHO.

    params: for PASSWD and TOTP they are secrets, so no repr shows them.
    """

    name: str
    params: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Adopt(Action):
    """Log in with this token when the connection has to be replaced.

    A password costs the server much more to check, and the code of a second factor is good once.
    """

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Quit(Action):
    """End the session once all that was said is stored.

    patience: seconds to wait for the echoes still to come before giving up on them.
    """

    reason: str = ""
    patience: float = 3.0
