"""What a conversation needs of the server's history, and which question a page answers.

Pure; of the thread of the front. https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from securechat.client.limits import PAGE
from securechat.client.session.actions import AskRange
from securechat.client.session.moments import server_time
from securechat.common.record import Record


class Purpose(StrEnum):
    """What a page is for."""

    NEWEST = "the newest messages, in the place of what is in the window"
    SINCE = "what was said since the window ended"
    OLDER = "what was said before it"
    NEWER = "what was said behind it, where it ends in the past"
    AROUND = "what was said around a message or a time"


class Question(Record):
    """A page on its way, for a conversation."""

    target: str
    purpose: Purpose
    asked: AskRange
    key: str = ""
    """Of AROUND: the message that is looked for."""


def newest(target: str, since: str = "") -> Question:
    """The newest page; since: a mark behind which it begins, '' for any."""
    asked = AskRange(("LATEST", target, since or "*", str(PAGE)))
    return Question(target, Purpose.SINCE if since else Purpose.NEWEST, asked)


def older(target: str, mark: str) -> Question:
    """The page before a mark."""
    return Question(target, Purpose.OLDER, AskRange(("BEFORE", target, mark, str(PAGE))))


def newer(target: str, mark: str) -> Question:
    """The page behind a mark."""
    return Question(target, Purpose.NEWER, AskRange(("AFTER", target, mark, str(PAGE))))


def around(target: str, mark: str, key: str = "") -> Question:
    """The page with a mark in its middle."""
    asked = AskRange(("AROUND", target, mark, str(PAGE)))
    return Question(target, Purpose.AROUND, asked, key)


def time_mark(time: datetime) -> str:
    """The mark of a time, aware."""
    return f"timestamp={server_time(time.astimezone(UTC))}"
