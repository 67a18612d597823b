"""What the rules have to say to the log: an event's name and its facts, never a secret or a text.

The fields are those that a person who looks into an incident asks for: who, from where, what. What
concerns the server's security is stored as well, see Turn.audit.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable

from securechat.core.events import Audited

log = logging.getLogger("securechat.audit")


def note(event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """One event. facts: shown as key=value, or as keys of a JSON object."""
    log.log(level, event, extra={"facts": facts})


def tell(audits: Iterable[Audited]) -> None:
    """To the log what the audit has, once a turn has tried to store it."""
    for audited in audits:
        facts: dict[str, object] = {"account": audited.account, "address": audited.address}
        event = audited.event
        if audited.result != "ok":
            event, facts["reason"] = f"{event} refused", audited.result
        log.info(event, extra={"facts": facts | json.loads(audited.facts)})
