"""A client that is logged in, as the commands hand it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from securechat.client.exits import ClientError, Exit, LoginError, say
from securechat.client.session.events import Delayed, Registered, Stopped
from securechat.client.session.identity import Login, NewAccount
from securechat.client.session.session import ClientSession
from securechat.client.text.render import QUOTE
from securechat.client.trust.authorities import Dialer
from securechat.client.wire.receiver import Client


@dataclass(slots=True)
class LoggedIn:
    """credential: what the server accepted."""

    session: ClientSession
    client: Client
    credential: Login | NewAccount


def start(
    credential: Login | NewAccount,
    dialer: Dialer,
    *,
    quiet: bool = False,
    registered: Callable[[], None] = lambda: None,
) -> LoggedIn:
    """Connect and log in, once. registered: is called as soon as there is an account, whatever
    comes then. Raises ClientError. Main thread.
    """
    session = ClientSession(credential, quiet=quiet)
    client = Client(session, dialer, reconnect=not quiet)

    def told(event: Delayed | Registered) -> None:
        if isinstance(event, Registered):
            registered()
        else:
            say(f"{QUOTE}{event.text}")

    client.start()
    stopped = client.wait_ready(told)
    if stopped is not None:
        raise failure(stopped)
    return LoggedIn(session, client, credential)


def failure(stopped: Stopped) -> ClientError:
    """The error that a client's end stands for."""
    if stopped.code is Exit.LOGIN:
        return LoginError(stopped.text, stopped.ask_again)
    error = ClientError(stopped.text)
    error.code = stopped.code
    return error
