"""What somebody may have meant who has mistyped a name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

from securechat.irc.lookalikes import skeleton

MOST_NAMES = 20_000
"""That are compared: that many take some tenths of a second."""


def nearest(typed: str, names: Iterable[str]) -> str:
    """'; did you mean NAME?' with the one that is most like it, or ''."""
    forms = {skeleton(name.lower()): name for name in islice(names, MOST_NAMES)}
    found = difflib.get_close_matches(skeleton(typed[:64].lower()), forms, n=1, cutoff=0.6)
    return f"; did you mean {forms[found[0]]}?" if found else ""
