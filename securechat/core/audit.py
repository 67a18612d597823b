"""What the rules have to say to the log: an event's name and its facts, never a secret or a text.

The fields are those that a person who looks into an incident asks for: who, from where, what. What
concerns the server's security is stored as well, see Turn.audit.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable

from securechat.core.journal.events import Audited
from securechat.core.model.levels import Levels

log = logging.getLogger("securechat.audit")


REFUSALS = 1000
"""Refusals that may be stored at once; a day's work for an attacker is a few thousand rows."""

REFUSAL_SECONDS = 6.0
"""In so much time one more may be."""


ACTS, ACT_SECONDS = 60, 10.0
"""Acts in channels that are kept of an account at once, and then one in so many seconds: a lesson's
moderation. Anybody may do as many as lines pass, in a channel of their own.
"""

ACCOUNTS = 10_000
"""Whose acts are counted at once."""

as_json = json.JSONEncoder(ensure_ascii=False).encode
"""The facts of an audit: what there is to say beside who, from where and how it went."""

TEXT = "text"
"""The fact that is somebody's words, as of a report: for the audit alone, and not for the log."""

NO_FACTS = as_json({})


class Refusals:
    """How many refusals the audit still takes: strangers cause them, and must not fill the disk.

    clock: monotonic seconds. Hub thread only.
    """

    def __init__(self) -> None:
        self._left = float(REFUSALS)
        self._at = 0.0
        self._left_out = 0

    def take(self, clock: float) -> int | None:
        """Room for one more: how many were left out before it. None when there is no room."""
        earned = max(0.0, clock - self._at) / REFUSAL_SECONDS
        self._left, self._at = min(self._left + earned, REFUSALS), clock
        if self._left < 1:
            self._left_out += 1
            return None
        self._left -= 1
        # The next row that is stored tells how many are missing before it.
        left_out, self._left_out = self._left_out, 0
        return left_out


class Acts:
    """How many acts in channels the audit still takes of each account. Hub thread only."""

    def __init__(self) -> None:
        self._levels = Levels(ACT_SECONDS, ACTS, ACCOUNTS)
        self._left_out: dict[int, int] = {}

    def take(self, account: int, clock: float) -> int | None:
        """Room for one more: how many were left out before it. None when there is no room."""
        if self._levels.wait(account, clock):
            self._left_out[account] = self._left_out.get(account, 0) + 1
            return None
        self._levels.add(account, clock)
        return self._left_out.pop(account, 0)


def note(event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """One event. facts: shown as key=value, or as keys of a JSON object."""
    log.log(level, event, extra={"facts": facts})


def tell(audits: Iterable[Audited]) -> None:
    """To the log what the audit has, once a turn has tried to store it."""
    for audited in audits:
        facts: dict[str, object] = {"account": audited.account, "address": audited.address}
        event = audited.event
        if audited.result != "ok":
            # So that one can search the log for what was refused.
            event, facts["reason"] = f"{event} refused", audited.result
        if audited.facts != NO_FACTS:
            # Mostly there are none, and nothing is parsed.
            facts |= {k: v for k, v in json.loads(audited.facts).items() if k != TEXT}
        log.info(event, extra={"facts": facts})
