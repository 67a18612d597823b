"""The keys (+k) of channels, which are stored sealed: they are passwords, though weak ones.

Any thread.
"""

from __future__ import annotations

from securechat.store.pepper import Pepper


def seal_channel_key(pepper: Pepper, channel: int, key: str | None) -> str | None:
    """How the key of a channel is stored; None for a channel without one."""
    return None if key is None else pepper.seal(key.encode(), _context(channel))


def open_channel_key(pepper: Pepper, channel: int, sealed: str | None) -> str | None:
    """The key of a channel from how it is stored. Raises SealError."""
    return None if sealed is None else pepper.unseal(sealed, _context(channel)).decode()


def _context(channel: int) -> str:
    return f"key of room {channel}"
