"""A list of masks of a channel: its bans, the exceptions from them, and who needs no invitation.

Hub thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from securechat.irc import masks, names

ACCOUNT_MASK = "~a:"
"""Begins a mask of an account: EXTBAN=~,a. https://ircv3.net/specs/extensions/account-extban"""

KINDS = {"b": "bans", "e": "exceptions", "I": "invite_exceptions"}
"""The modes whose values are such lists, and which attribute of a channel each is."""


class MaskList(dict[str, tuple[str, int]]):
    """By whom each mask was set, and when, in milliseconds since 1970 (UTC)."""

    __slots__ = ("_matchers",)

    _matchers: dict[str, Callable[[str], object]]
    """The masks as they are matched, made at their first use."""

    def __init__(self) -> None:
        super().__init__()
        self._matchers = {}

    def put(self, mask: str, entry: tuple[str, int] | None) -> None:
        """Set a mask; None takes it away."""
        if entry is not None:
            self[mask] = entry
        else:
            self.pop(mask, None)
            # A pattern that nobody asks for any more would stay in memory for ever.
            self._matchers.pop(mask, None)

    def matches(self, folded: str, source: str) -> bool:
        """Whether one of them matches. folded: the account's name as it is compared. source: its
        nick!user@host, as masks.fold() makes it.
        """
        matchers = self._matchers
        for mask in self:
            matcher = matchers.get(mask)
            if matcher is None:
                # Made once: a list of a hundred masks is asked for each line of a plain member.
                matcher = matchers[mask] = _matcher(mask)
            if matcher(folded if mask.startswith(ACCOUNT_MASK) else source):
                return True
        return False

    def equal_to(self, mask: str) -> list[str]:
        """Those that match as a mask does: neither case nor composition counts. Lists from before
        that rule may hold several.
        """
        # `alice!*@*` and `ALICE!*@*` are one ban, so one MODE -b must end both.
        wanted = _compared(mask)
        return [one for one in self if _compared(one) == wanted]


def _matcher(mask: str) -> Callable[[str], object]:
    if mask.startswith(ACCOUNT_MASK):
        # The account's folded name is compared as it is, so no wildcard gets in here.
        return _compared(mask).removeprefix(ACCOUNT_MASK).__eq__
    return masks.matcher(mask)


def _compared(mask: str) -> str:
    if mask.startswith(ACCOUNT_MASK):
        name = mask.removeprefix(ACCOUNT_MASK)
        return ACCOUNT_MASK + (names.fold_account(name) or name)
    return masks.fold(mask)


def account_mask(text: str) -> str | None:
    """The mask of an account, as it is kept; None where a text names none, or no account."""
    name = text.removeprefix(ACCOUNT_MASK)
    return text if name != text and names.fold_account(name) is not None else None
