"""An administrator closes what people have reported."""

from __future__ import annotations

from securechat.core.administration.requests import Refused, Request, request
from securechat.core.journal.events.facts import FactKept
from securechat.core.model.reports import KEY, Report, reports
from securechat.core.turn import Turn


@request("report close")
def close(turn: Turn, asked: Request) -> Report:
    """The one of that number; it isn't shown any more."""
    there, number = reports(turn.model.kept.get(KEY)), asked.facts["number"]
    found = next((one for one in there.open if one.id == number), None)
    if found is None:
        shown = ", ".join(str(one.id) for one in there.open) or "none"
        raise Refused(f"there is no open report {number}; open: {shown}")
    left = tuple(one for one in there.open if one is not found)
    turn.record(FactKept(KEY, there._replace(open=left).text()))
    facts = {"number": str(number), "of": found.of}
    turn.audit_own("report closed", actor=asked.by, **facts)
    return found
