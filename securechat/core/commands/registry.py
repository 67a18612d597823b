"""The table of commands: what each needs before it runs is data, checked in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from securechat.core.model.answers import Parts
from securechat.core.model.entities import Session
from securechat.core.model.states import State
from securechat.core.turn import IrcError, Turn
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

Handler = Callable[[Turn, Session, Message], Parts | None]
"""A long answer is a generator: its parts are asked for a few at a time, with others between. It
changes nothing, save after a Lookup, and then in the turn that it is given.
"""

LOOKED_AT_ONCE = 100
"""Of what a long answer looks through, before it lets others come between."""

ANY_NUMBER = 1000
"""Of parameters: a line holds fewer."""

BEFORE_LOGIN = frozenset({State.CONNECTED, State.CHALLENGED, State.PROVEN})
LOGGED_IN = frozenset({State.READY})
# Not the states in which a worker's answer is due: their lines are held.
ALWAYS = BEFORE_LOGIN | LOGGED_IN


class Command(NamedTuple):
    """min_params, max_params: with fewer or more it is answered with 461; max_params is ANY_NUMBER
    where more change nothing, as clients send them by habit. last: what the last parameter is that
    may hold spaces. states: in others the command is refused. usage: the parameters as HELP shows
    them. help: one sentence. hidden: whether only who administers the server is told of it.
    """

    name: str
    handler: Handler
    min_params: int
    max_params: int
    last: str
    states: frozenset[State]
    usage: str
    help: str
    hidden: bool = False


COMMANDS: dict[str, Command] = {}


def command(
    name: str,
    *,
    usage: str = "",
    min_params: int = 0,
    max_params: int = ANY_NUMBER,
    last: str = "",
    states: frozenset[State] = LOGGED_IN,
    hidden: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler; the first sentence of its docstring is its help text."""

    def register(handler: Handler) -> Handler:
        # Up to the blank line: what follows is for readers of the code.
        text = " ".join((handler.__doc__ or "").split("\n\n")[0].split())
        COMMANDS[name] = Command(
            name, handler, min_params, max_params, last, states, usage, text, hidden
        )
        return handler

    return register


MAX_COMMAND_SHOWN = 40
"""Characters of a command that isn't known, in what is answered."""


def unknown(command: str) -> IrcError:
    """The answer to a command that there isn't, or not for who has said it."""
    shown = command[:MAX_COMMAND_SHOWN]
    return IrcError(Numeric.ERR_UNKNOWNCOMMAND, shown, "Unknown command; HELP lists all")
