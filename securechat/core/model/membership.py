"""What an account is in a channel: its modes there, and since when it has been a member.

https://modern.ircdocs.horse/#channel-membership-prefixes. Hub thread only.
"""

from __future__ import annotations

from dataclasses import dataclass

MEMBER_MODES = "qov"
"""Owner, operator, voice: the highest first. PREFIX=(qov)~@+. A member may have several."""

PREFIXES = {"q": "~", "o": "@", "v": "+"}

FOUNDER_MODES = "qo"
"""What a founder is in their channel. Clients, and programs that look for operators, know @."""


@dataclass(slots=True, eq=False)
class Membership:
    """modes: a set, as letters of MEMBER_MODES in their order. seq: the newest log entry when the
    account joined.
    """

    modes: str
    seq: int
