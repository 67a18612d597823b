"""A long answer to a command: what it consists of, and how far a session has got with it.

The handler of such a command is a generator; core.dispatch asks it for some parts in each turn.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

from securechat.core.delivery.line import Line
from securechat.irc.numerics import Numeric

NumericReply = tuple[Numeric, *tuple[str, ...]]
"""A numeric with its parameters, the last of which is the trailing one."""


@dataclass(slots=True, eq=False)
class Lookup:
    """What a command has to read in the log before it can go on, or what an administrator has
    done. query: a Query of core.history.queries, or an Act of core.administration.remote. found:
    what a worker has read or done; None when it can't, and why is in the log.
    """

    query: NamedTuple
    found: Any = None


# The hub asks between parts whether it is others' turn, so no answer may be made as one list.
Parts = Generator[NumericReply | Line | Lookup | None, Any, None]
"""A long answer, as a generator. It yields replies and lines; None where nothing was found for a
while, and others may come between; and a Lookup that it waits for. That yield gives it the turn in
which it goes on.
"""


class Answering(NamedTuple):
    """An answer that is given in parts. command: its name. parts: what is left of it. awaited: what
    it waits for. resumes: that has been found, and the next step is given the turn.
    """

    command: str
    parts: Parts
    labelled: bool = False
    awaited: Lookup | None = None
    resumes: bool = False
