"""The keys (+k) of rooms, which are stored sealed: they are passwords, though weak ones.

Any thread.
"""

from __future__ import annotations

from securechat.store.pepper import Pepper


def seal_room_key(pepper: Pepper, room: int, key: str | None) -> str | None:
    """How the key of a room is stored; None for a room without one."""
    return None if key is None else pepper.seal(key.encode(), _context(room))


def open_room_key(pepper: Pepper, room: int, sealed: str | None) -> str | None:
    """The key of a room from how it is stored. Raises SealError."""
    return None if sealed is None else pepper.unseal(sealed, _context(room)).decode()


def _context(room: int) -> str:
    return f"key of room {room}"
