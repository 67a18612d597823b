"""Everything that can go wrong in the certificate authority.

    CaError
    ├── BadNameError             not a DNS name, an IP address or an account
    ├── OutsideConstraintsError  a name that the CA may not sign for
    ├── ValidityError            expired, not yet valid, or asked to live too long
    ├── StorageError             a file or directory: missing, unreadable, in the way, too open
    ├── KeyMismatchError         a private key that belongs to another certificate
    ├── PassphraseError          a key's passphrase: missing, wrong or too short
    └── AuthorityError           a certificate that can't do what is asked of it

The text of each says what was expected, what came and what to do, and is fit for a terminal.
No text carries a passphrase or a piece of a key.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from securechat.common.escape import escape_exactly


class CaError(Exception):
    """A failure that the person at the keyboard can mend; ``str()`` tells how."""


class BadNameError(CaError):
    """``name`` is the text that was given, as it came."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"'{escape_exactly(name)}': {problem}")
        self.name = name


class OutsideConstraintsError(CaError):
    """``names`` are those that the CA's name constraints forbid."""

    def __init__(self, names: tuple[str, ...], text: str) -> None:
        super().__init__(text)
        self.names = names


class ValidityError(CaError):
    """Dates: expired, not yet valid, or a lifetime beyond the limit."""


class StorageError(CaError):
    """``path`` is the file or directory that is missing, unreadable, in the way or too open."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


class KeyMismatchError(CaError):
    """A private key and a certificate that don't belong together."""


class PassphraseError(CaError):
    """A passphrase is needed, wrong, too short, or given for a key that has none."""


class AuthorityError(CaError):
    """A certificate that can't serve as what it was given for."""


def _wants_make(argument: str) -> bool:
    """Whether it is a host's name without a dot, which only ``gencerts make`` takes."""
    plain = argument in ("renew", "localhost", "NAME…") or argument.startswith("-")
    return not plain and not set(argument) & set(".:")


def gencerts(directory: Path, *arguments: str) -> str:
    """The command line, quoted for a shell, that an error or a hint tells people to type."""
    where = () if directory == Path("certs") else ("--out", str(directory))
    make = ["make"] if any(map(_wants_make, arguments)) else []
    return " ".join(["gencerts", *make, *arguments, *map(shlex.quote, where)])
