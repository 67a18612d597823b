"""What came of all that was said: Outcome."""

from __future__ import annotations

import pytest

from securechat.client.exits import Exit
from securechat.client.screens.outcome import Outcome
from securechat.client.session.events import (
    ClientEvent,
    Doubt,
    Rejected,
    Stopped,
    Stored,
    Unconfirmed,
)

GOOD = Stopped(Exit.OK)


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([Stored("#x", "hi"), GOOD], Exit.OK),
        ([Rejected("#x", "hi", "no"), GOOD], Exit.REFUSED),
        ([Unconfirmed("#x", "hi", Doubt.UNSENT), GOOD], Exit.UNREACHABLE),
        ([Unconfirmed("#x", "hi", Doubt.UNKNOWN), GOOD], Exit.UNREACHABLE),
        ([Unconfirmed("#x", "hi", Doubt.SILENT), Stored("#x", "hi"), GOOD], Exit.OK),
        ([Unconfirmed("#x", "hi", Doubt.CUT), Stored("#x", "hi"), GOOD], Exit.OK),
        ([Rejected("#x", "hi", "no"), Stopped(Exit.LOGIN)], Exit.LOGIN),
        ([Stopped(Exit.CERTIFICATE)], Exit.CERTIFICATE),
    ],
)
def test_the_exit_code(events: list[ClientEvent], code: Exit) -> None:
    """How the client ended comes first, then refusals, then what was never confirmed."""
    outcome = Outcome()
    outcome.notice(events)
    assert outcome.code is code
