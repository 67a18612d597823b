"""connect(): from what a program says to a connection that is logged in."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from securechat.client.api.chat import Chat
from securechat.client.api.state import State
from securechat.client.commands import assemble
from securechat.client.commands.assemble import Setup
from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.login_credentials import Sources
from securechat.client.credentials.tokens import Tokens, token_directory
from securechat.client.exits import UsageError
from securechat.client.person import Nobody
from securechat.client.session.actions import Quit
from securechat.client.session.handshake import Missed
from securechat.client.settings import SettingsDirectory, default_directory
from securechat.client.wire.rounds import Reconnect
from securechat.common.escape import escape_text

log = logging.getLogger("securechat.client")

PathLike = str | os.PathLike[str]

NOTHING_TO_SHOW = (
    "there is nothing to log in by: give connect() a token_file or a password, or log in once with "
    "`securechat login` as the same user, so that this device is remembered"
)


class _Program(Nobody):
    """Nobody can be asked; what somebody would be told is logged."""

    def tell(self, text: str) -> None:
        """To the log."""
        log.info("%s", escape_text(text))

    def ask_secret(self, question: str, otherwise: str) -> str:
        """Raises UsageError, in a program's words."""
        raise UsageError(NOTHING_TO_SHOW)


def connect(
    where: str | None = None,
    *,
    token_file: PathLike | None = None,
    password: str | None = None,
    certificate: PathLike | None = None,
    ca: PathLike | None = None,
    config_dir: PathLike | None = None,
    conversations: Iterable[str] = (),
    state: PathLike | None = None,
    own: bool = False,
    visible: bool = True,
) -> Chat:
    """Log in, and return the connection.

    where: `[ACCOUNT@]HOST[:PORT]` or a login link; None for where `securechat` was last. By
    token_file (a token or a password, mode 0600), a password, a client certificate, or the token
    that `securechat login` has this device remembered by. ca: a PEM file with the authority to
    trust; without it a link's, or the one that is pinned, or those of the system. config_dir: the
    settings, as of --config-dir.

    conversations: those whose messages are given, none for all of ours. state: a file that
    remembers how far the program has come, so that it goes on there when it is started again: each
    message is given at least once, and again when the program ended while it dealt with it.
    Without one it begins with what is said from now on. own: give what our own account says, too.
    visible: others see that the account is there; not for a program that only sends.

    Raises UsageError, UnreachableError, CertificateError, LoginError, RefusedError (which all are
    ClientError). Any thread.
    """
    named = Path(config_dir) if config_dir else None
    sources = Sources(_path(certificate), None, _path(token_file), password=password)
    person = _Program()
    tokens = (
        Tokens(token_directory(named), Keyring(lambda: None), person.tell) if sources.asks else None
    )
    settings = SettingsDirectory(named or default_directory())
    setup = Setup(settings, sources, _path(ca), tokens, person=person)
    goal = assemble.destination(setup, where)
    kept = State(Path(state), goal.owner.account, str(goal.owner.address)) if state else None
    missed = Missed.FOLLOWED if visible else Missed.LEFT
    running = assemble.enter(setup, goal, missed=missed, reconnect=Reconnect.ALWAYS)
    followed = [conversations] if isinstance(conversations, str) else list(conversations)
    try:
        return Chat(running, followed, kept, own=own)
    except BaseException:
        running.client.submit(Quit())
        raise


def _path(given: PathLike | None) -> Path | None:
    return Path(given) if given is not None else None
