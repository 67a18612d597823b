"""The tokens by which this device is remembered, each bound to the server that made it.

A token is kept in the system's keyring or, where there is no usable one, in a file of its own:
0600, in a directory of 0700. Its entry names the server, the account and the trust (the pinned CA)
that it belongs to, and it is sent to no other. Main thread.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from securechat.client.credentials.keyrings import Keyring, KeyringTroubleError
from securechat.client.exits import SettingsError
from securechat.client.session.identity import Address, fold
from securechat.client.settings import (
    PROFILE,
    VARIABLE,
    of_profile,
    of_system,
    read_private,
    remove_private,
    write_private,
)
from securechat.common.record import Record, field
from securechat.credentials.device import is_token, is_token_name

T = TypeVar("T")

TOO_OPEN = (
    "others can read this file, and so may know the token in it; delete the file, log in with "
    "your password, and end the token by `securechat token revoke` (`token list` has its name)"
)
DAMAGED = "expected a token of securechat, found something else; {}, then log in with your password"


class TokenOwner(Record):
    """The account that a token logs in, at one server. trust: Trust.identity of the server."""

    address: Address
    trust: str
    account: str

    @property
    def key(self) -> tuple[str, str]:
        """Server and account, in one form each."""
        return str(self.address).lower(), fold(self.account)


class StoredToken(Record):
    """A token that this device keeps. name: the device's, as `token list` shows it."""

    name: str
    text: str = field(repr=False)


def token_directory(named: Path | None, profile: str = "") -> Path:
    """The directory of the files: below the settings directory when that was named, else in this
    system's place for a program's state. profile: as of default_directory(). Raises UsageError.
    """
    chosen = named or os.environ.get(VARIABLE)
    base = Path(chosen) if chosen else of_system(state=True)
    return of_profile(base, profile or ("" if named else os.environ.get(PROFILE, ""))) / "tokens"


class Tokens:
    """Keeps tokens in the keyring, or in files.

    directory: for what the keyring can't take. say: tells the person a line.
    """

    def __init__(self, directory: Path, keyring: Keyring, say: Callable[[str], None]) -> None:
        self._directory = directory
        self._keyring = keyring
        self._say = say
        self.locked_out = False
        """Whether the keyring has failed. There may be tokens in it all the same."""

    def path(self, owner: TokenOwner) -> Path:
        """The path of the owner's file, whether there is one or not."""
        # A digest, as an account's name may be longer than a file's.
        name = sha256("\0".join(owner.key).encode(errors="replace")).hexdigest()[:32]
        return self._directory / f"{name}.json"

    def find(self, owner: TokenOwner) -> StoredToken | None:
        """The token to log in with. Raises SettingsError when there is something else instead."""
        path = self.path(owner)
        entry = read_private(path, 0o077, TOO_OPEN)  # first, as it needs no keyring to be loaded
        if entry is not None:
            return _decode(entry, owner, f"{path}: {DAMAGED.format('delete the file')}")
        entry = self._try(lambda keyring: keyring.get(*owner.key))
        if entry is None:
            return None
        advice = DAMAGED.format("run `securechat logout`")
        return _decode(entry, owner, f"the keyring's entry for {owner.address}: {advice}")

    def save(self, owner: TokenOwner, token: StoredToken) -> Path | None:
        """Keep token in the place of any other. Returns the file it is in, None for the keyring.

        Raises SettingsError.
        """
        entry, path = _encode(owner, token), self.path(owner)
        if self._try(lambda keyring: keyring.put(*owner.key, entry)):
            remove_private(path)  # an older token, which find() would find first
            return None
        write_private(path, entry)
        return path

    def forget(self, owner: TokenOwner) -> None:
        """Keep nothing for owner, whatever there is. Raises SettingsError."""
        remove_private(self.path(owner))
        self._try(lambda keyring: keyring.drop(*owner.key))

    def _try(self, call: Callable[[Keyring], T]) -> T | None:
        """A call of the keyring; after one that failed it is left alone."""
        if self.locked_out:  # each try may have the person wait for a minute
            return None
        try:
            return call(self._keyring)
        except KeyringTroubleError as error:
            self.locked_out = True
            self._say(
                f"The keyring of this system can't be used: {error}. The token of this device is "
                f"kept in a file that only you can read instead, in "
                f"{self._directory}. {error.advice}"
            )
            return None


def _encode(owner: TokenOwner, token: StoredToken) -> str:
    server, account = owner.key
    content = {
        "server": server,
        "account": account,
        "trust": owner.trust,
        "name": token.name,
        "token": token.text,
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def _decode(entry: str, owner: TokenOwner, damaged: str) -> StoredToken | None:
    """The token in entry, None when it is another owner's. Raises SettingsError."""
    try:
        content = json.loads(entry)
        bound = (content["server"], content["account"], content["trust"])
        token = StoredToken(content["name"], content["token"])
        if not (is_token(token.text) and is_token_name(token.name)):
            raise ValueError("not a token")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SettingsError(damaged) from None  # not its cause, which may hold the token
    # An entry is found by address and account. After a change of the server's CA it belongs to
    # another server, perhaps, and a token goes to nobody else than the one that made it.
    return token if bound == (*owner.key, owner.trust) else None
