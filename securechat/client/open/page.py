"""What is served: the page below a secret path, and by what it logs in. Pure."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Final

from securechat.client.open.stand_in import StandIn
from securechat.web.http import Rules
from securechat.web.site import NEVER_KEPT, TYPES, StaticFile, site, static_file

LOOPBACK: Final = "127.0.0.1"
"""To browsers a page from here is as trustworthy as one by TLS."""

SECRET_BYTES: Final = 32

LOGIN: Final = "local.json"
"""Where the page finds by what it logs in; no other server has it."""


class LocalPage:
    """The page of one run of the command.

    port: where it is served. server: its address, as people see it. came: is called each time that
    the page itself is asked for, by any thread; set before it is served. made: whether the account
    was made just now, so that its person was told nothing by a page yet.
    """

    def __init__(self, port: int, stand_in: StandIn, server: str, *, made: bool = False) -> None:
        self._host = f"{LOOPBACK}:{port}"
        self._below = f"{secrets.token_urlsafe(SECRET_BYTES)}/"
        self.came: Callable[[], None] = _untold
        told = {
            "account": stand_in.account,
            "token": stand_in.text,
            "server": server,
            "made": made,
        }
        self._login = static_file(json.dumps(told).encode(), TYPES[".json"], NEVER_KEPT)

    @property
    def address(self) -> str:
        """Its URL, with the secret in it."""
        return f"http://{self._host}/{self._below}"

    def rules(self) -> Rules:
        """That nothing is answered but what the page itself asks for."""
        origin = f"http://{self._host}"
        return Rules(
            find=self._find,
            origins=lambda _host: [origin],
            # Else a web page could lead a name of its own to this address (DNS rebinding).
            hosts=lambda host: host == self._host,
            below=self._below,
        )

    def _find(self, path: str) -> StaticFile | None:
        if not path:
            self.came()
        return self._login if path == LOGIN else site().files.get(path)


def _untold() -> None:
    """Nobody wants to know."""
