"""When two names are the same name. Pure; any thread may call."""

from __future__ import annotations

from securechat.irc import names


def fold(name: str) -> str:
    """The form by which a channel or an account is compared, and found: the server's own.

    Of what can't be a name there, such as the server's own, only the case of ASCII doesn't count.
    """
    return names.fold(name) or (name.lower() if name.isascii() else name)


def same(one: str, other: str) -> bool:
    """Whether both mean the same channel or account."""
    return one == other or fold(one) == fold(other)
