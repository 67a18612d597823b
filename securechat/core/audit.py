"""What the rules have to say to the log: an event's name and its facts, never a secret or a text.

The fields are those that a person who looks into an incident asks for: who, from where, what.
"""

from __future__ import annotations

import logging

log = logging.getLogger("securechat.audit")


def note(event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """One event. facts: shown as key=value, or as keys of a JSON object."""
    log.log(level, event, extra={"facts": facts})
