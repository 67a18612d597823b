"""The command line client; and, for programs, `from securechat.client import connect` (see api)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from securechat.client.api import Chat, Delivery, Message, Pending, connect

__all__ = ["Chat", "Delivery", "Message", "Pending", "connect"]


def __getattr__(name: str) -> object:
    # Only when it is asked for: each command imports this package, and none of them needs it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from securechat.client import api

    return getattr(api, name)
