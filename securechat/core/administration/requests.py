"""What an administrator asks the server to do, by the rules that hold for everybody.

A request is of a kind, such as "channel topic", and has facts. The function that @request() names
does it in a turn, as a command of a member is done, and returns what the administrator is answered.
The answer is an event of the same span: it is stored with what was done, or neither is. Hub thread
only, or the only thread of a process that has loaded the model while no server runs.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from securechat.core.journal.events.requests import RequestAnswered
from securechat.core.turn import IrcError, Turn

log = logging.getLogger(__name__)

DONE, REFUSED = "done", "refused"
"""The key of an answer: what came of it, or why nothing did."""

FAILED = "the server failed at it; its log has the reason. Nothing was changed"


class Request(NamedTuple):
    """number: its own. kind: what is asked for. by: who asks, as the audit names them: `os:` and
    the user of the machine, or an account. facts: what else there is to say; texts, numbers and
    lists. address: from where, where it comes over a connection.
    """

    number: int
    kind: str
    by: str
    facts: Mapping[str, Any]
    address: str = ""


class Refused(Exception):  # noqa: N818 - reads as what it says: `raise Refused`
    """It can't be done. The text says why, and what to do."""


Action = Callable[[Turn, Request], object]
"""Does what a request asks for; returns the answer, of what JSON can hold. Raises Refused."""

ACTIONS: dict[str, Action] = {}


def request(kind: str) -> Callable[[Action], Action]:
    """Declare which function does the requests of a kind."""

    def declare(action: Action) -> Action:
        ACTIONS[kind] = action
        return action

    return declare


def answer(turn: Turn, asked: Request) -> None:
    """Do what is asked for, in a span of its own, and record the answer."""
    start = turn.savepoint()
    found = perform(turn, asked)
    record_answer(turn, asked.number, found)
    turn.finish_span(None, "REQUEST", start)


def perform(turn: Turn, asked: Request) -> dict[str, Any]:
    """Do what is asked for: DONE with what came of it, or REFUSED with the reason. What is refused
    is taken back; so is a bug, which is told as one.
    """
    start = turn.savepoint()
    try:
        check_texts(asked.facts)
        found = {DONE: ACTIONS[asked.kind](turn, asked)}
    except Refused as refused:
        turn.roll_back(start)
        return {REFUSED: str(refused)}
    # As a member would be told it: who and where, and what is wrong.
    except IrcError as error:
        turn.roll_back(start)
        return {REFUSED: ": ".join(filter(None, [" ".join(error.params[:-1]), error.params[-1]]))}
    except Exception:
        turn.roll_back(start)
        log.exception("a bug: the request %r failed and was taken back", asked.kind)
        return {REFUSED: FAILED}
    if asked.address:
        own = turn.audits[start.audits :]
        turn.audits[start.audits :] = [one._replace(address=asked.address) for one in own]
    return found


def check_texts(value: object) -> None:
    """Raises Refused for what could not stand in a line: an argument may hold anything."""
    if isinstance(value, Mapping):
        value = [*value.values()]
    if isinstance(value, list):
        for one in value:
            check_texts(one)
    # Surrogates stand for the bytes of an argument that is not UTF-8.
    elif isinstance(value, str) and re.search("[\r\n\0\ud800-\udfff]", value):
        raise Refused("expected a text of one line in UTF-8, and line ends or other bytes came")


def record_answer(turn: Turn, number: int, found: Mapping[str, object]) -> None:
    """Answer a request. found: DONE with what came of it, or REFUSED with the reason."""
    turn.record(RequestAnswered(json.dumps(found), number))
