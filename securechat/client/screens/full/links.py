"""Links within a text: only http and https, and only what is seen is where they lead. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LINK = 2000
"""Characters; terminals refuse longer ones. https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda"""

_LINK = re.compile(r"\bhttps?://[^\s<>\"`|\\^{}]+", re.IGNORECASE)
_HOST = re.compile(r"[^/?#]+")
_CLOSING = {")": "(", "]": "["}


class Link(NamedTuple):
    """Where in the text it stands, and where it leads."""

    start: int
    end: int
    target: str


def links(text: str) -> list[Link]:
    """The links of an escaped text."""
    if "://" not in text:
        return []
    found = []
    for match in _LINK.finditer(text):
        target = _trimmed(match[0])
        host = _HOST.match(target.partition("://")[2])
        # A letter that only looks like one of ASCII leads elsewhere; and OSC 8 has no others. So
        # does a name before an @, which looks like the host.
        if match[0].isascii() and host and "@" not in host[0] and len(target) <= MAX_LINK:
            found.append(Link(match.start(), match.start() + len(target), target))
    return found


def _trimmed(target: str) -> str:
    """Without what belongs to the sentence around it."""
    while target:
        last = target[-1]
        alone = last in _CLOSING and target.count(last) > target.count(_CLOSING[last])
        if not (alone or last in ".,;:!?'*_~"):
            break
        target = target[:-1]
    return target
