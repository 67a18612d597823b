"""Masks that ban somebody: which one a server takes for a name, and whom one means.

Pure; any thread. https://ircv3.net/specs/extensions/account-extban
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_TOKENS: Final = ("EXTBAN", "ACCOUNTEXTBAN", "draft/ACCOUNTREQUIRED")

_OF_ACCOUNT: Final = re.compile(r"[~$]?(?:a|account):([^*?!@]+)")
"""A mask that bans an account, however a server writes it; and its name."""


class BanMasks:
    """What bans a name on a server, which tells that in 005. Receiving thread; of() for any."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self.head = ""
        """Before the name of an account, in a mask that bans it; '' where only nicks are banned."""

    def learn(self, tokens: Mapping[str, str]) -> None:
        """Tokens of 005."""
        self._tokens.update((key, tokens[key]) for key in _TOKENS if key in tokens)
        sign, comma, _kinds = self._tokens.get("EXTBAN", "").partition(",")
        kind = self._tokens.get("ACCOUNTEXTBAN", "").partition(",")[0]
        # Only where each name is an account's: else it would ban another, or nobody.
        named = comma and kind and "draft/ACCOUNTREQUIRED" in self._tokens
        self.head = f"{sign}{kind}:" if named else ""

    def of(self, name: str) -> str:
        """The mask that bans somebody."""
        # Never by the host: where hosts are hidden, it is everybody's.
        return self.head + name if self.head else f"{name}!*@*"


def whom(mask: str) -> str:
    """The name, where a mask is that of one account or one nick; else the mask."""
    nick, bang, rest = mask.partition("!")
    if bang and rest == "*@*" and not {"*", "?"} & set(nick):
        return nick
    account = _OF_ACCOUNT.fullmatch(mask)
    return account[1] if account else mask
