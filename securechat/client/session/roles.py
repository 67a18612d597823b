"""Who somebody is in a channel: roles, and the modes that give and take them.

Pure; any thread may call. https://modern.ircdocs.horse/#prefix-parameter,
https://modern.ircdocs.horse/#chanmodes-parameter
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from securechat.common.record import Record

DEFAULT_PREFIXES: Final = "~&@%+"

_DEFAULT_MODES: Final = "qaohv"

# Lists, what always has a parameter, what has one when it is set, and what never has.
_DEFAULT_KINDS: Final = "beI,k,l,"


class Member(Record):
    """Somebody in a channel. roles: their prefixes, the highest first. away: whether they are known
    to be. account: '' when it isn't known.
    """

    nick: str
    roles: str = ""
    away: bool = False
    account: str = ""


class RoleChange(NamedTuple):
    """Somebody is given a role, or has one no more. prefix: of the role."""

    nick: str
    prefix: str
    given: bool


class Roles:
    """The roles that a server has. prefixes: the highest first."""

    def __init__(self) -> None:
        self.prefixes = DEFAULT_PREFIXES
        self._modes = _DEFAULT_MODES
        self._kinds = _DEFAULT_KINDS

    def learn(self, tokens: Mapping[str, str]) -> None:
        """What the server says of itself in 005: PREFIX=(qov)~@+ and CHANMODES=b,k,l,imnst."""
        modes, closed, prefixes = tokens.get("PREFIX", "").removeprefix("(").partition(")")
        if closed and len(modes) == len(prefixes):
            self._modes, self.prefixes = modes, prefixes
        if tokens.get("CHANMODES", "").count(",") >= 3:
            self._kinds = tokens["CHANMODES"]

    def changes(self, change: Sequence[str]) -> Iterator[RoleChange]:
        """What a MODE of a channel changes of roles. change: letters, then their parameters."""
        letters, *params = change or ("",)
        listed, always, when_set, *_ = self._kinds.split(",")
        given = True
        for letter in letters:
            if letter in "+-":
                given = letter == "+"
                continue
            at = self._modes.find(letter)
            has_param = letter in listed + always or (given and letter in when_set)
            if at < 0 and not has_param:
                continue
            param = params.pop(0) if params else ""
            if at >= 0 and param:
                yield RoleChange(param, self.prefixes[at], given)

    def changed(self, roles: str, change: RoleChange) -> str:
        """Somebody's roles after a change, the highest first."""
        kept = set(roles) - {change.prefix} | ({change.prefix} if change.given else set())
        return "".join(prefix for prefix in self.prefixes if prefix in kept)
