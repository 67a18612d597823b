"""A client that is logged in, as the commands hand it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from securechat.client.exits import ClientError, Exit, LoginError
from securechat.client.say import say
from securechat.client.session.events import Registered, Stopped, Waiting
from securechat.client.session.identity import Login, Registration
from securechat.client.session.session import Session
from securechat.client.text.render import QUOTE
from securechat.client.trust.authorities import Dialer
from securechat.client.wire.receiver import Client


@dataclass(slots=True)
class Running:
    """credential: what the server accepted."""

    session: Session
    client: Client
    credential: Login | Registration


def start(
    credential: Login | Registration,
    dialer: Dialer,
    *,
    quiet: bool = False,
    registered: Callable[[], None] = lambda: None,
) -> Running:
    """Connect and log in, once. registered: is called as soon as there is an account, whatever
    comes then. Raises ClientError. Main thread.
    """
    session = Session(credential, quiet=quiet)
    client = Client(session, dialer, reconnect=not quiet)

    def told(event: Waiting | Registered) -> None:
        if isinstance(event, Registered):
            registered()
        else:
            say(f"{QUOTE}{event.text}")

    client.start()
    stopped = client.wait_ready(told)
    if stopped is not None:
        raise failure(stopped)
    return Running(session, client, credential)


def failure(stopped: Stopped) -> ClientError:
    """The error that a client's end stands for."""
    if stopped.code is Exit.LOGIN:
        return LoginError(stopped.text, stopped.ask_again)
    error = ClientError(stopped.text)
    error.code = stopped.code
    return error
