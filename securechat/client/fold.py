"""When two names are the same name. Pure; any thread may call."""

from __future__ import annotations

from unicodedata import normalize


def fold(name: str) -> str:
    """name without differences of case and width, for comparing and as a key.

    A little wider than the server's own rule (RFC 8265), which is safe here: it only decides
    which of our own messages an answer belongs to, and which room an event is shown in.
    """
    return name.lower() if name.isascii() else normalize("NFKC", normalize("NFKC", name).casefold())


def same(one: str, other: str) -> bool:
    """Whether both mean the same room or account."""
    return one == other or fold(one) == fold(other)
