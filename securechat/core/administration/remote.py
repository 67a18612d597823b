"""What an administrator may ask for over a connection, and with which facts. Pure.

The facts come as JSON from outside, so each is checked here before anything is done with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from securechat.core.administration.channels import MOST_AT_ONCE, ROLES
from securechat.core.administration.requests import Refused, check_texts
from securechat.core.settings import Settings

MOST_ROWS = 50
"""Of a page: the audit's rows have some 300 bytes."""

MOST_CHARS = 300
"""Of a text: a line holds little more."""

MOST_USES, MOST_INVITE_DAYS, MOST_NOTE = 100_000, 3650, 200
"""Of an invite."""

MOST_KEPT_DAYS = 36_500
"""A century, as in the configuration."""

MOST_NUMBER = 1 << 53
"""JSON of a browser has no larger one that is exact."""

OF_ADMINISTRATORS = (
    "Accounts that administer the server are administered on its machine, by securechat-admin"
)
"""Who has got hold of one of them must not get hold of all."""


class Act(NamedTuple):
    """What a worker does, by the functions that `securechat-admin` uses. kind, facts: as in KINDS.
    by, name: the id and the name of the account that asks, from an address. settings: the server's.
    """

    kind: str
    facts: Mapping[str, Any]
    by: int
    name: str
    address: str
    settings: Settings

    def __repr__(self) -> str:
        # A repr may reach a log, and a fact may be an invite's link.
        return f"Act({self.kind!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """answer: what came of an act, as JSON; it may have a secret, so there is no repr. refused: why
    nothing did. in_effect: whether the running server has taken it up.
    """

    answer: str = ""
    refused: str = ""
    in_effect: bool = True


# --- facts ---------------------------------------------------------------------------------------

_REQUIRED = object()


class Fact(NamedTuple):
    """fits: whether a value is one. expected: in words. default: where none is given."""

    fits: Callable[[Any], bool]
    expected: str
    default: object = _REQUIRED


def _text(most: int = MOST_CHARS, default: object = _REQUIRED) -> Fact:
    fits = lambda value: isinstance(value, str) and len(value) <= most  # noqa: E731
    return Fact(fits, f"a text of at most {most} characters", default)


def _number(lowest: int, highest: int, default: object = _REQUIRED) -> Fact:
    # Not isinstance(): true and false are integers, too.
    fits = lambda value: type(value) is int and lowest <= value <= highest  # noqa: E731
    return Fact(fits, f"a number from {lowest} to {highest}", default)


def _texts(most: int, default: object = _REQUIRED) -> Fact:
    def fits(value: Any) -> bool:
        return isinstance(value, list) and len(value) <= most and all(map(_WORD.fits, value))

    return Fact(fits, f"a list of at most {most} texts", default)


def _or_null(fact: Fact, default: object = _REQUIRED) -> Fact:
    fits = lambda value: value is None or fact.fits(value)  # noqa: E731
    return Fact(fits, f"{fact.expected}, or null", default)


_WORD = _text()
_REASON = _text(default="")
_OF_CHANNEL = {"channel": _WORD}
_OF_PERSON = {"name": _WORD}
_PAGE = {
    "search": _text(default=""),
    "after": _text(default=""),
    "limit": _number(1, MOST_ROWS, MOST_ROWS),
}

BY_WORKER: dict[str, dict[str, Fact]] = {
    "invite": {
        "uses": _number(1, MOST_USES, 1),
        "days": _number(1, MOST_INVITE_DAYS, 7),
        "note": _text(MOST_NOTE, ""),
    },
    "invite list": {},
    "invite revoke": {"id": _text(64)},
    "user list": _PAGE,
    "user disable": _OF_PERSON,
    "user enable": _OF_PERSON,
    "user passwd": _OF_PERSON,
    "user remove-factor": _OF_PERSON,
    "channel list": _PAGE,
    "channel retention": _OF_CHANNEL | {"days": _or_null(_number(0, MOST_KEPT_DAYS))},
    "audit": {
        "account": _text(default=""),
        "event": _text(default=""),
        "before": _number(0, MOST_NUMBER, 0),
        "limit": _number(1, MOST_ROWS, MOST_ROWS),
    },
    "kept": {},
}
"""Which facts belong to what a worker does."""

BY_RULES: dict[str, dict[str, Fact]] = {
    "channel create": _OF_CHANNEL
    | {"owner": _text(default=""), "topic": _text(default=""), "modes": _text(default="")},
    "channel add": _OF_CHANNEL | {"names": _texts(MOST_AT_ONCE)},
    "channel present": _OF_CHANNEL,
    "channel rename": _OF_CHANNEL | {"to": _WORD, "reason": _REASON},
    "channel drop": _OF_CHANNEL | {"reason": _REASON},
    "channel topic": _OF_CHANNEL | {"topic": _WORD},
    "channel mode": _OF_CHANNEL | {"modes": _WORD, "params": _texts(MOST_AT_ONCE, [])},
    "channel role": _OF_CHANNEL
    | _OF_PERSON
    | {"role": Fact(lambda value: value in list(ROLES), f"one of {', '.join(ROLES)}")},
    "channel kick": _OF_CHANNEL | _OF_PERSON | {"reason": _REASON},
    "channel ban": _OF_CHANNEL
    | {
        "who": _WORD,
        "kick": Fact(lambda value: isinstance(value, bool), "true or false", False),
        "reason": _REASON,
    },
    "channel unban": _OF_CHANNEL | {"who": _WORD},
    "sessions": _OF_PERSON,
    "logout": _OF_PERSON | {"session": _or_null(_text(64), None)},
}
"""Which facts belong to what is done in the turn, see core.administration.requests."""

KINDS = BY_WORKER | BY_RULES

READING = frozenset(
    {"invite list", "user list", "channel list", "audit", "kept", "channel present"} | {"sessions"}
)
"""What changes nothing."""


def read_facts(kind: str, text: str) -> dict[str, Any]:
    """The facts of a request, all that belong to its kind. text: a JSON object, or '' for none.

    Raises Refused with what is expected.
    """
    try:
        given = json.loads(text or "{}")
    # The second is of an object within an object within …, of which a line has room for hundreds.
    except (ValueError, RecursionError):
        raise Refused("expected a JSON object behind the words") from None
    expected = KINDS[kind]
    if not isinstance(given, dict) or not given.keys() <= expected.keys():
        raise Refused(f"expected a JSON object with {', '.join(expected) or 'nothing'} in it")
    check_texts(given)
    return {name: _checked(name, fact, given) for name, fact in expected.items()}


def _checked(name: str, fact: Fact, given: Mapping[str, Any]) -> Any:
    value = given.get(name, fact.default)
    if value is _REQUIRED or not (value is fact.default or fact.fits(value)):
        raise Refused(f"expected {name} as {fact.expected}")
    return value
