"""What the session tells those who show it: plain values that the receiving thread makes.

They aren't changed afterwards, so any thread may read them. Texts are as they came over the
network: whoever shows one escapes it. What the person wants is in session/actions.py.
"""

from __future__ import annotations

from securechat.common.record import Record, field


class ClientEvent(Record):
    """Base of all events."""


class Info(ClientEvent):
    """A line worth showing. remote: its words are the server's."""

    text: str
    remote: bool = True


class Problem(ClientEvent):
    """Something went wrong. remote: the words are the server's. code: of its numeric, '' for none.
    about: what it names between our name and its last words, which are words.
    """

    text: str
    remote: bool = True
    code: str = field(default="", compare=False)
    about: tuple[str, ...] = field(default=(), compare=False)
    words: str = field(default="", compare=False)
