"""The login keychain of macOS, which Safari and Chrome go by there: security(1)."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

from securechat.client.stores.authority import Authority
from securechat.client.stores.outcome import Outcome, Run, State, call, last_line
from securechat.common.language import _

LOGIN: Final = "Library/Keychains/login.keychain-db"


class Keychain:
    """run: calls programs; the system asks its user to agree, in a window."""

    def __init__(self, home: Path, run: Run = call, platform: str = sys.platform) -> None:
        self._path = home / LOGIN
        self._run = run
        self._is_there = platform == "darwin"

    def put(self, authority: Authority, kept: Path) -> Outcome | None:
        """Have this user's programs trust an authority; None elsewhere. kept: a file with it."""
        if not self._is_there:
            return None
        if self._has(authority):
            return Outcome(self._place, State.SAME, _("trusts it already"))
        trust = ["add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k", str(self._path)]
        return self._outcome([*trust, str(kept)], _("trusts it now"))

    def take(self, authority: Authority, kept: Path) -> Outcome | None:
        """Have them trust it no longer."""
        if not self._is_there:
            return None
        if not self._has(authority):
            return Outcome(self._place, State.SAME, _("doesn't have it"))
        distrusted = self._outcome(["remove-trusted-cert", str(kept)], "")
        if distrusted.state is State.FAILED:
            return distrusted
        delete = ["delete-certificate", "-Z", _digest(authority), str(self._path)]
        return self._outcome(delete, _("trusts it no longer"))

    @property
    def _place(self) -> str:
        return _("Safari, Chrome (the login keychain)")

    def _has(self, authority: Authority) -> bool:
        listed = self._run("security", "find-certificate", "-a", "-Z", str(self._path))
        return _digest(authority) in listed.stdout

    def _outcome(self, words: list[str], text: str) -> Outcome:
        done = self._run("security", *words)
        if done.returncode != 0:
            return Outcome(self._place, State.FAILED, f"security: {last_line(done)}")
        return Outcome(self._place, State.DONE, text)


def _digest(authority: Authority) -> str:
    """As security(1) has it, in capitals."""
    return sha256(authority.der).hexdigest().upper()
