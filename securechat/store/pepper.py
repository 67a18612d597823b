"""The pepper: a key of the server that is kept beside its database and never in it.

Who has a copy of the database alone lacks it: passwords can't be guessed, what is sealed can't be
read, and short codes can't be found by trying them all. Each use has a key of its own, derived from
the pepper by its label, so that nothing made for one of them fits another.

A database and its pepper belong together: the database knows its pepper by a fingerprint. A lost
pepper is never replaced by a new one in silence: every password would be wrong from then on, and
nobody would know why.

Specifications: RFC 5869 (HKDF), NIST SP 800-38D (AES-GCM), RFC 2104 (HMAC). A Pepper may be used
by any thread.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from securechat.common import files
from securechat.store.database import (
    FAULTS,
    Connection,
    Location,
    Transaction,
    fault,
    format_of,
    open_database,
)
from securechat.store.errors import StoreError

FILE_NAME = "pepper"

KEY_BYTES = 32

PEPPER_ID = "pepper_id"
"""Under this key of the table meta."""

_SEALED = "sp1,"  # with a comma, which no channel key has: it is never taken for one
_NONCE_BYTES = 12  # random; safe for 2^32 seals, and a server makes some thousands
_TAG_BYTES = 16


class PepperError(StoreError):
    """The pepper's file is missing, damaged or of another database; the text says what to do."""


class SealError(StoreError):
    """Something sealed can't be opened: it was changed, or sealed elsewhere or for another place.

    Its text holds neither the secret nor the sealed text.
    """


@dataclass(frozen=True)
class Pepper:
    """key: KEY_BYTES random bytes. Raises ValueError for another number."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise ValueError(f"a pepper has {KEY_BYTES} bytes, not {len(self.key)}")

    @cached_property
    def password_key(self) -> bytes:
        """Keys the digest of a password that bcrypt gets; 48 bytes."""
        return self._derived("password", 48)

    @cached_property
    def cost_key(self) -> bytes:
        """By which a name that nobody has gets its bcrypt cost; 32 bytes."""
        return self._derived("cost of a name", 32)

    def fingerprint(self) -> str:
        """What a database keeps to know its pepper again: 32 hex digits that tell nothing of it."""
        return self._derived("fingerprint", 16).hex()

    def random(self, size: int) -> bytes:
        """So many bytes that nobody can foretell."""
        return secrets.token_bytes(size)

    def digest(self, text: str) -> bytes:
        """HMAC-SHA-256, for codes that are short enough to be found from a plain digest."""
        return hmac.digest(self._digest_key, text.encode(), "sha256")

    def seal(self, secret: bytes, context: str) -> str:
        """Encrypt and authenticate, by AES-256-GCM with a random nonce.

        context: what the secret is and whose; what was sealed for one doesn't open for another.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret, context.encode())
        return _SEALED + base64.urlsafe_b64encode(sealed).decode("ascii")

    def unseal(self, sealed: str, context: str) -> bytes:
        """The secret again. Raises SealError."""
        raw = _sealed_bytes(sealed)
        if len(raw) < _NONCE_BYTES + _TAG_BYTES:
            raise SealError(_closed(context))
        try:
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise SealError(_closed(context)) from None

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._derived("seal", 32))

    @cached_property
    def _digest_key(self) -> bytes:
        return self._derived("digest", 32)

    def _derived(self, label: str, size: int) -> bytes:
        info = f"securechat pepper v1: {label}".encode()
        return HKDF(algorithm=SHA256(), length=size, salt=None, info=info).derive(self.key)


def _sealed_bytes(sealed: str) -> bytes:
    """Nonce, ciphertext and tag; empty for what is no sealed text."""
    if not sealed.startswith(_SEALED):
        return b""
    try:
        return base64.b64decode(sealed[len(_SEALED) :], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return b""


def _closed(context: str) -> str:
    return (
        f"the {context} in the database can't be opened: it was changed, or sealed with another "
        "pepper; put database and pepper back from the same backup"
    )


# --- the keys (+k) of channels --------------------------------------------------------------------


def seal_channel_key(pepper: Pepper, channel: int, key: str | None) -> str | None:
    """How the key of a channel is stored, as it is a password, though a weak one; None for a
    channel without one. Any thread.
    """
    return None if key is None else pepper.seal(key.encode(), _channel_context(channel))


def open_channel_key(pepper: Pepper, channel: int, sealed: str | None) -> str | None:
    """The key of a channel from how it is stored. Raises SealError. Any thread."""
    return None if sealed is None else pepper.unseal(sealed, _channel_context(channel)).decode()


def _channel_context(channel: int) -> str:
    # Not "of channel": what was sealed before the word changed must still open.
    return f"key of room {channel}"


# --- the file of a pepper -------------------------------------------------------------------------


def load_pepper(file: Path) -> Pepper:
    """Raises PepperError when the file is missing, can't be read or holds something else.

    Who may read it, the caller has checked.
    """
    try:
        with file.open("rb") as stream:
            key = stream.read(KEY_BYTES + 1)
    except FileNotFoundError:
        raise PepperError(f"{file} is missing; restore it from a backup, with mode 0600") from None
    except OSError as error:
        raise PepperError(
            f"{file} can't be read: {error.strerror}; check its owner and mode"
        ) from error
    if len(key) != KEY_BYTES:
        found = f"{len(key)}" if len(key) < KEY_BYTES else "more"
        raise PepperError(
            f"{file}: expected the {KEY_BYTES} bytes of a pepper, found {found}; restore it from a "
            "backup"
        )
    return Pepper(key)


def create_pepper(file: Path) -> Pepper:
    """A new one, on the disk when this returns; if another process makes one meanwhile, that one.

    The file is 0600 from birth and never there in part. Raises PepperError.
    """
    draft = files.draft_of(file)
    try:
        try:
            files.write_new(draft, secrets.token_bytes(KEY_BYTES))
            os.link(draft, file)  # unlike a rename, it replaces nothing
        except FileExistsError:
            return load_pepper(file)
        finally:
            draft.unlink(missing_ok=True)
        files.sync_directory(file.parent)
    except OSError as error:
        raise PepperError(
            f"{file} can't be written: {error.strerror}; check the owner and mode of its directory"
        ) from error
    return load_pepper(file)


# --- the database of a pepper ---------------------------------------------------------------------

# The log of before has the channels' keys in it, as "+k KEY". Of such an entry its letters stay.
_FORGET_LOGGED_KEYS = """
UPDATE log SET text = substr(text, 1, instr(text, ' ') - 1)
WHERE kind = 'MODE' AND instr(substr(text, 1, instr(text, ' ')), 'k') > 0
"""


def find_pepper(database: Location, file: Path) -> Pepper:
    """The pepper of a database, both of which are made when this is the first start.

    A database from before there were peppers gets one, and what it kept in the clear is sealed.
    Raises PepperError when the pepper is missing beside a database that had one, is damaged or
    another database's, StoreError when the database fails. Any thread.
    """
    with closing(open_database(database)) as connection:
        if _known(connection) is None:
            pepper = load_pepper(file) if file.exists() else create_pepper(file)
            _pair(connection, pepper)
        return _own_pepper(connection, database, file)


def check_pepper(database: Location, file: Path) -> None:
    """See that a server could start on them, and make nothing. Raises as find_pepper does."""
    if format_of(database):
        with closing(open_database(database, read_only=True)) as connection:
            if _known(connection) is not None:
                _own_pepper(connection, database, file)
                return
    if file.exists():
        load_pepper(file)


def _known(connection: Connection) -> str | None:
    """The fingerprint of the database's pepper; None before there is one."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (PEPPER_ID,)).fetchone()
    except FAULTS as error:
        raise fault(error) from error
    return str(row[0]) if row else None


def _own_pepper(connection: Connection, database: Location, file: Path) -> Pepper:
    if not file.exists():
        raise PepperError(
            f"{file} is missing: the key that the passwords and second factors in {database} were "
            f"stored with. Restore it from a backup to {file}, with mode 0600; without it nobody "
            "can log in, and a new one would not help"
        )
    pepper = load_pepper(file)
    if pepper.fingerprint() != _known(connection):
        raise PepperError(
            f"{file} is the key of another database than {database}: with it every password would "
            f"be wrong. Restore both from the same backup, the key to {file}, with mode 0600"
        )
    return pepper


def _pair(connection: Connection, pepper: Pepper) -> None:
    with Transaction(connection):
        if _known(connection) is not None:
            return  # another process was faster
        connection.execute("INSERT INTO meta VALUES (?, ?)", (PEPPER_ID, pepper.fingerprint()))
        connection.execute("DELETE FROM meta WHERE key = 'cost_key'")  # of before: a secret
        _seal_channel_keys(connection, pepper)
        connection.execute(_FORGET_LOGGED_KEYS)
    with suppress(StoreError):  # takes what stood there before off the disk
        connection.cut_log()


def _seal_channel_keys(connection: Connection, pepper: Pepper) -> None:
    rows = connection.execute("SELECT id, channel_key FROM targets WHERE channel_key IS NOT NULL")
    sealed = [(seal_channel_key(pepper, channel, key), channel) for channel, key in rows]
    connection.executemany("UPDATE targets SET channel_key = ? WHERE id = ?", sealed)
