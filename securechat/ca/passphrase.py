"""Reads the passphrase of an encrypted CA key: from a file or the terminal, never from the
arguments, which other users of the machine can read.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from securechat.ca import files, pem
from securechat.ca.errors import PassphraseError
from securechat.ca.pem import Passphrase
from securechat.common.escape import escape_exactly
from securechat.common.language import _

#: The key file may be copied and guessed at for years; NIST SP 800-63B wants 15 for accounts,
#: where guessing is slower. Asked only of new passphrases.
MIN_LENGTH = 15
#: What OpenSSL can take.
MAX_LENGTH = 1023


def from_file(path: Path) -> bytes:
    """The first line of a file, without its end.

    :raises StorageError: unreadable, or readable by others.
    :raises PassphraseError: the line is empty.
    """
    lines = files.read(path, secret=True).splitlines()
    if not lines or not lines[0]:
        raise PassphraseError(
            f"{path}: expected the passphrase in the first line, found an empty one"
        )
    return lines[0]


def new(path: Path | None) -> bytes:
    """A passphrase for a new key: from the file, or asked twice on the terminal.

    :raises PassphraseError: too short or too long, or no terminal to ask on.
    """
    secret = from_file(path) if path else _ask(_("Passphrase for the new CA key"), confirm=True)
    if not MIN_LENGTH <= len(secret) <= MAX_LENGTH:
        raise PassphraseError(
            f"the passphrase has {len(secret)} bytes, expected {MIN_LENGTH} to {MAX_LENGTH}: "
            f"take a few unrelated words"
        )
    return secret


def unlock(key: Path, path: Path | None) -> Passphrase | None:
    """The passphrase of an existing key, taken from the file or asked now; None if it needs none.

    :raises PassphraseError: there is no terminal to ask on, or the key has no passphrase.
    """
    if not key.exists():
        return None
    if not pem.is_encrypted(key):
        if path is not None:
            raise PassphraseError(
                f"{key}: this key is not encrypted, so there is no use for a passphrase: leave "
                f"--passphrase-file out, or encrypt it with 'openssl pkey -aes256'"
            )
        return None
    # Now and not when the key is read, since that happens under the directory's lock, which nobody
    # should hold while somebody thinks.
    secret = (
        from_file(path)
        if path
        else _ask(_("Passphrase of {key}").format(key=escape_exactly(str(key))))
    )
    return lambda _key: secret


def _ask(text: str, *, confirm: bool = False) -> bytes:
    if not sys.stdin.isatty():
        raise PassphraseError(
            "the CA key needs a passphrase and there is no terminal to ask on: "
            "put it into a file and give --passphrase-file"
        )
    secret: str = click.prompt(text, hide_input=True, confirmation_prompt=confirm, err=True)
    return secret.encode()
