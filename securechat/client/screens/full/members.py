"""The list of who is in a channel: by their roles, and who is away. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from securechat.client.screens.full.cells import Row, spread
from securechat.client.screens.full.look import name_style
from securechat.client.session.identity import fold
from securechat.client.session.roles import Member
from securechat.common.escape import escape_name
from securechat.common.language import _

AWAY: Final = "zz"
"""Behind the name of somebody who is away."""

MOST: Final = 500
"""Names that are listed; nobody looks through more of them."""

_ROLES: Final = ("~", "&", "@", "%", "+", "")
"""By the highest prefix. https://modern.ircdocs.horse/#channel-membership-prefixes"""


def rows(members: Iterable[Member], width: int) -> list[Row]:
    """The rows of the list, for so many cells."""
    by_role: dict[str, list[Member]] = {role: [] for role in _ROLES}
    for member in members:
        role = next((role for role in _ROLES if role and role in member.roles), "")
        by_role[role].append(member)
    found: list[Row] = []
    listed = 0
    for role, those in by_role.items():
        if not those or listed >= MOST:
            continue
        if found:
            found.append([])
        found.append(spread([("heading", _role(role))], [("faint", f" {len(those)}")], width))
        for member in sorted(those, key=lambda one: fold(one.nick))[: MOST - listed]:
            found.append(_row(role, member, width))
        listed += len(those)
    return found


def _row(role: str, member: Member, width: int) -> Row:
    style = "away" if member.away else name_style(member.nick)
    left: Row = [("role", role or " "), (style, escape_name(member.nick))]
    return spread(left, [("away", f" {AWAY}")] if member.away else [], width)


def _role(role: str) -> str:
    match role:
        case "~":
            return _("Owners")
        case "&":
            return _("Protected")
        case "@":
            return _("Operators")
        case "%":
            return _("Half-operators")
        case "+":
            return _("With voice")
        case _:
            return _("Members")
