"""Has a device remembered: trades the password of a login for a token. Main thread."""

from __future__ import annotations

import socket
from pathlib import Path

from securechat.client.commands.inquiry import UNKNOWN, Inquiry, inquiring
from securechat.client.credentials.tokens import StoredToken, TokenOwner, Tokens
from securechat.client.exits import RefusedError, SettingsError, UnreachableError
from securechat.client.person import Person
from securechat.client.session.actions import Adopt
from securechat.client.session.events.answers import InquiryAnswer
from securechat.client.wire.receiver import Client
from securechat.common.language import _, translated
from securechat.credentials.device import MAX_NAME_CHARS, is_token

# Names tried: an account has at most 20 tokens, so one of 21 is free.
ATTEMPTS = 21

BIND = "BIND"
"""A flag of TOKEN CREATE: this session is of the token's device, and ends when it is revoked."""

# Refusals that the person isn't told of, as nothing can be done: the next login asks again.
_UNTOLD = UNKNOWN | {"REAUTHENTICATE"}


def machine_name(host: str) -> str:
    """A token's name made of a host name: its first label, without what a name can't have."""
    label = host.strip().partition(".")[0].lstrip(":")
    name = "".join(char for char in label if char.isprintable() and not char.isspace())
    return name[:MAX_NAME_CHARS] or "device"


def remember(client: Client, tokens: Tokens, owner: TokenOwner, person: Person) -> None:
    """Get a token for this machine, keep it, and reconnect by it. Says what came of it.

    client: logged in with the password. Raises nothing: the login is good without a token.
    """
    try:
        with inquiring(client) as inquiry:
            token = _create(inquiry, machine_name(socket.gethostname()))
            path = _keep(inquiry, tokens, owner, token)
    except RefusedError as refused:
        if refused.reason not in _UNTOLD:
            person.tell(
                _("this device can't be remembered: {error}").format(error=translated(refused))
            )
    except (UnreachableError, SettingsError) as error:
        person.tell(_("this device can't be remembered: {error}").format(error=translated(error)))
    else:
        client.submit(Adopt(token.text), wait=True)
        person.tell(
            _("This device is remembered as {name}; `securechat logout` forgets it.").format(
                name=token.name
            )
        )
        if path is not None:
            person.tell(
                _("Its secret is in a file that only you can read: {path}").format(path=path)
            )


def create(inquiry: Inquiry, name: str, *flags: str) -> StoredToken:
    """Have the server make a token. Raises RefusedError or UnreachableError."""
    return _made(inquiry.ask("CREATED", "TOKEN", "CREATE", name, *flags), name)


def _create(inquiry: Inquiry, base: str) -> StoredToken:
    name = base
    for number in range(2, ATTEMPTS + 2):
        try:
            return create(inquiry, name, BIND)
        except RefusedError as refused:
            if refused.reason != "NAME_TAKEN":
                raise
        suffix = f"-{number}"
        name = base[: MAX_NAME_CHARS - len(suffix)] + suffix
    raise RefusedError(f"{base} is taken, and so is every name like it", "NAME_TAKEN")


def _made(reply: InquiryAnswer, name: str) -> StoredToken:
    """The token in the server's answer."""
    if len(reply.context) != 2 or not is_token(reply.context[1]):
        raise RefusedError("the server's answer holds no token", "CREATED")
    # By the name that we asked for and not the server's word for it, as it is shown, and kept.
    return StoredToken(name, reply.context[1])


def _keep(inquiry: Inquiry, tokens: Tokens, owner: TokenOwner, token: StoredToken) -> Path | None:
    """Store token, or have it revoked when it can't be stored. Returns the file it is in."""
    try:
        return tokens.save(owner, token)
    except (SettingsError, KeyboardInterrupt):  # Ctrl-C, as when the keyring doesn't answer
        # Nobody would ever use it, and it would take one of the account's places.
        inquiry.ask("REVOKED", "TOKEN", "REVOKE", token.name)
        raise
