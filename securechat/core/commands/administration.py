"""ADMINISTER: what `securechat-admin` does, over the connection of an administrator; ours.

What follows the rules of the chat is done in the turn, as a request of `securechat-admin` is; what
that writes into the database itself is done by a worker, by the same functions. To all others the
command isn't there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import ceil
from typing import Any

from securechat.core.administration import remote, requests
from securechat.core.administration.remote import Act, Outcome
from securechat.core.administration.requests import DONE, REFUSED, Refused, Request
from securechat.core.commands.registry import command, unknown
from securechat.core.commands.verbs import VerbRefused, check_fresh, fail
from securechat.core.delivery.line import BareLine
from securechat.core.model.answers import Lookup, Parts
from securechat.core.model.entities import Session
from securechat.core.shared import Done
from securechat.core.text import shorten
from securechat.core.turn import Turn
from securechat.irc.capabilities import ADMINISTRATION
from securechat.irc.message import MAX_BODY_BYTES, Message

NAME = "ADMINISTER"

COST = 10
"""Lines that somebody pays for what a worker does: a new password takes it a quarter of a second.
"""


@command(NAME, usage="<what> [:<JSON>]", hidden=True)
def administer(turn: Turn, session: Session, message: Message) -> Parts | None:
    """Administer the server as securechat-admin does, with the facts as JSON in one parameter."""
    # As if there were no such command: nobody else learns which servers have it in use, or who.
    if not (session.who.admin and session.has(ADMINISTRATION)):
        raise unknown(message.command)
    try:
        check_fresh(turn, session)
        kind, facts = _asked(message)
        _check_rate(turn, session, kind)
        if kind in remote.BY_WORKER:
            turn.charge(session.who, COST)
            return _by_worker(session, _act(turn, session, kind, facts))
        _by_rules(turn, session, kind, facts)
    except VerbRefused as refused:
        fail(turn, session, NAME, refused)
    except Refused as refused:
        fail(turn, session, NAME, VerbRefused("INVALID_PARAMS", str(refused)))
    return None


def _asked(message: Message) -> tuple[str, dict[str, Any]]:
    """The kind and its facts. Raises VerbRefused, Refused."""
    words = list(message.params)
    text = words.pop() if words and words[-1].startswith("{") else ""
    kind = " ".join(words).lower()
    if kind not in remote.KINDS:
        expected = ", ".join(sorted(remote.KINDS))
        raise VerbRefused("UNKNOWN_SUBCOMMAND", f"Expected one of {expected}")
    return kind, remote.read_facts(kind, text)


def _check_rate(turn: Turn, session: Session, kind: str) -> None:
    if kind in remote.READING:
        return
    levels, key = turn.model.administered, session.who.id
    if wait := levels.wait(key, turn.clock):
        raise VerbRefused("RATE_LIMITED", f"Too much at once; try again in {ceil(wait)} seconds")
    # Counted before it is known to be done: the limit is on trying.
    turn.share(Done("administered", key))


# --- in the turn ---------------------------------------------------------------------------------


def _by_rules(turn: Turn, session: Session, kind: str, facts: dict[str, Any]) -> None:
    who = session.who
    if kind in ("sessions", "logout"):
        facts["account"] = _account(turn, facts.pop("name"), ending=kind == "logout")
    elif kind == "channel create":
        facts["owner"] = facts["owner"] or who.name
    elif kind == "channel mode":
        # Of securechat-admin it comes apart, as its request stands in the database.
        facts["key"] = None
    found = requests.perform(turn, Request(0, kind, who.name, facts, session.address))
    if REFUSED in found:
        raise VerbRefused("REFUSED", found[REFUSED])
    for line in _lines(turn, kind, json.dumps(found[DONE], ensure_ascii=False)):
        turn.send_line(session, line)


def _account(turn: Turn, name: str, *, ending: bool) -> int:
    """An account's number. Raises VerbRefused."""
    account = turn.model.account_named(name)
    if account is None or account.deleted:
        raise VerbRefused("REFUSED", "There is no such account")
    if ending and account.admin:
        raise VerbRefused("REFUSED", remote.OF_ADMINISTRATORS)
    return account.id


# --- by a worker ---------------------------------------------------------------------------------


def _act(turn: Turn, session: Session, kind: str, facts: dict[str, Any]) -> Act:
    who = session.who
    return Act(kind, facts, who.id, who.name, session.address, turn.settings)


def _by_worker(session: Session, act: Act) -> Parts:
    lookup = Lookup(act)
    turn: Turn = yield lookup
    outcome: Outcome | None = lookup.found
    if outcome is None:
        text = "The server failed at it; its log has the reason. Try again later"
        fail(turn, session, NAME, VerbRefused("INTERNAL_ERROR", text))
        return
    if outcome.refused:
        fail(turn, session, NAME, VerbRefused("REFUSED", outcome.refused))
        return
    if not outcome.in_effect:
        text = "This is stored, but the running server has not taken it up; look into its log"
        turn.standard_reply(session, "WARN", NAME, "NOT_IN_EFFECT", text)
    yield from _lines(turn, act.kind, outcome.answer)


def _lines(turn: Turn, kind: str, text: str) -> Iterator[BareLine]:
    """An answer in pieces as long as a line has room for, and its end."""
    head = f":{turn.settings.name} NOTE {NAME} "
    room = MAX_BODY_BYTES - len(f"{head}PART :".encode())
    while text:
        piece = shorten(text, room)
        yield BareLine(f"{head}PART :{piece}")
        text = text[len(piece) :]
    yield BareLine(f"{head}END :{kind}")
