"""What becomes of the connection and the login."""

from __future__ import annotations

from securechat.client.exits import Exit
from securechat.client.session.events.base import ClientEvent
from securechat.common.record import field


class Delayed(ClientEvent):
    """The server holds our login back for some seconds. queued: as others come first; else because
    of wrong passwords before it.
    """

    text: str
    seconds: int
    queued: bool = False


class RecoveryTold(ClientEvent):
    """The login has begun a second factor; the codes that stand in for its own."""

    codes: tuple[str, ...] = field(repr=False)


class Registered(ClientEvent):
    """The server has made our account."""


class Ready(ClientEvent):
    """We are logged in, as nick, and all that was missed has been shown. again: reconnected."""

    nick: str
    again: bool = False


class LoginRefused(ClientEvent):
    """The server refused us.

    ask_again: "password" or "name" when another may do, "code" when that of the second factor is
    missing, "factor" when one has to be begun, else "". offer: the secret of that, and its URI.
    reason: the code, as refusals.py has it.
    """

    text: str
    ask_again: str = ""
    offer: tuple[str, str] = field(default=("", ""), repr=False)
    reason: str = ""


class Lost(ClientEvent):
    """The connection is gone. seconds: the next attempt comes after so many."""

    reason: str
    seconds: float


class Overrun(ClientEvent):
    """Who takes the events was too slow for them: so many were dropped here. What was said is in
    the server's history.
    """

    count: int


class Stopped(ClientEvent):
    """The client has ended and will not reconnect. text: '' when there is nothing to say. refused:
    how, by the server.
    """

    code: Exit
    text: str = ""
    refused: LoginRefused | None = None
