"""The settings directory: pinned certificate authorities, the last server, its accounts.

    servers.json          {"last": "chat.example:6697", "accounts": {"chat.example:6697": "alice"}}
    pins/HOST_PORT.pem    the only CA that is trusted for that server

No password is ever kept here. The directory is 0700 and its files are 0600; a pin that others
could have written is refused. Main thread only.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from urllib.parse import quote

import platformdirs

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
        _write(self.pin_file(address), pem)

    def remember(self, address: Address, account: str) -> None:
        """This was the last server, and our account there. Raises SettingsError."""
        accounts = {**self._accounts(), str(address): account}
        content = {"last": str(address), "accounts": accounts}
        _write(self._servers, json.dumps(content, ensure_ascii=False, indent=2) + "\n")

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
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o022:
                raise SettingsError(
                    f"{path}: others may write this file, so it can't be trusted; "
                    f"check it and run: chmod 600 {path}"
                )
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(f"can't read {path}: {reason}") from None


def _write(path: Path, text: str) -> None:
    """Atomically: a reader finds the old content or the new, also after a power cut."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        for directory in (path.parent.parent, path.parent):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SettingsError(f"can't write {path}: {error.strerror}") from None
