"""How long the texts may be that 005 promises: whatever the names, they are relayed whole."""

from __future__ import annotations

from functools import cache

from securechat.irc.message import MAX_BODY_BYTES
from securechat.irc.names import MAX_ACCOUNT_BYTES, MAX_CHANNEL_BYTES

TEXT_BYTES = 255
"""Of an away message, and of the reason of PART. The longest names leave an away message more, and
cut a reason, of which nothing is promised.
"""

REAL_NAME_BYTES = 150
"""Of a real name: the longest nick leaves it more, also in WHOIS and in an extended JOIN."""

_NICK, _CHANNEL = "n" * MAX_ACCOUNT_BYTES, "#" * MAX_CHANNEL_BYTES


@cache
def topic_bytes(server: str) -> int:
    """Of a topic. server: the server's name."""
    return _left(server, f"TOPIC {_CHANNEL}")


@cache
def kick_bytes(server: str) -> int:
    """Of the reason of a KICK."""
    return _left(server, f"KICK {_CHANNEL} {_NICK}")


def _left(server: str, command: str) -> int:
    """Bytes of a relayed line behind its longest head."""
    return MAX_BODY_BYTES - len(f":{_NICK}!{_NICK}@{server} {command} :")
