"""The settings directory: pinned certificate authorities, the last server, its accounts.

    servers.json          {"last": "chat.example:6697", "accounts": {"chat.example:6697": "alice"}}
    pins/HOST_PORT.pem    the only CA that is trusted for that server

"remember": false in servers.json has no device remembered (tokens.py). No password is ever kept
here. The directory is 0700 and its files are 0600; a pin that others could have written is
refused. Main thread only.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

import platformdirs

from securechat.client import files
from securechat.client.exits import SettingsError, UsageError
from securechat.client.identity import Address, parse_address

VARIABLE = "SECURECHAT_CONFIG_DIR"


def default_directory() -> Path:
    """Where settings belong: SECURECHAT_CONFIG_DIR, or this system's place for them."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(platformdirs.user_config_dir("securechat"))


class Settings:
    """directory: made at the first write."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._servers = directory / "servers.json"

    def pin_file(self, address: Address) -> Path:
        """Where the CA for address is, or would be."""
        host = quote(address.host.lower(), safe="")
        return self.directory / "pins" / f"{host}_{address.port}.pem"

    def pin(self, address: Address) -> str | None:
        """The pinned CA as PEM text, None when there is none. Raises SettingsError."""
        return _read(self.pin_file(address))

    def save_pin(self, address: Address, pem: str) -> None:
        """Trust this CA, and no other, for address from now on. Raises SettingsError."""
        files.write(self.pin_file(address), pem)

    def remember(self, address: Address, account: str) -> None:
        """This was the last server, and our account there. Raises SettingsError."""
        accounts = {**self._accounts(), str(address): account}
        content = {**self._load(), "last": str(address), "accounts": accounts}
        files.write(self._servers, json.dumps(content, ensure_ascii=False, indent=2) + "\n")

    def last(self) -> Address | None:
        """The server of the last login. Raises SettingsError."""
        last = self._load().get("last")
        if last is None:
            return None
        try:
            return parse_address(last if isinstance(last, str) else "")
        except UsageError as error:
            raise SettingsError(f'{self._servers}: "last": {error}') from None

    def account(self, address: Address) -> str | None:
        """Our account at address when we logged in last. Raises SettingsError."""
        return self._accounts().get(str(address))

    @property
    def remembers(self) -> bool:
        """Whether devices may be remembered; true unless switched off. Raises SettingsError."""
        wish = self._load().get("remember", True)
        if not isinstance(wish, bool):
            raise SettingsError(
                f'{self._servers}: "remember": expected true or false; got {wish!r}'
            )
        return wish

    def _accounts(self) -> dict[str, str]:
        accounts = self._load().get("accounts", {})
        if not isinstance(accounts, dict):
            raise SettingsError(f'{self._servers}: expected "accounts" to map servers to names')
        return {server: str(account) for server, account in accounts.items()}

    def _load(self) -> dict[str, object]:
        text = _read(self._servers)
        try:
            content = json.loads(text or "{}")
        except ValueError as error:
            raise SettingsError(
                f"{self._servers}: expected JSON ({error}); delete the file to begin anew"
            ) from None
        if not isinstance(content, dict):
            raise SettingsError(f"{self._servers}: expected an object; delete it to begin anew")
        return content


def _read(path: Path) -> str | None:
    return files.read(
        path,
        0o022,
        f"others may write this file, so it can't be trusted; check it and run: chmod 600 {path}",
    )
