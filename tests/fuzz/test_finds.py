"""A fuzzer that can't find anything is worse than none: with a bug put in, each of these inputs is
found to be at fault, and without it none is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from securechat.client.session.deliveries import Deliveries
from securechat.common import escape
from securechat.core.auth import login
from securechat.core.channels import channels
from securechat.core.journal import apply
from securechat.core.journal.events import channels as channel_events
from securechat.core.model.entities import Channel, Session
from securechat.core.model.state import Model
from securechat.core.presence import online
from securechat.core.turn import Turn
from securechat.irc import message
from securechat.irc.framing import LineBuffer
from securechat.server import node_archive
from tests.fuzz.archive import ARCHIVE
from tests.fuzz.targets import TARGETS

Patch = pytest.MonkeyPatch


def half_a_leave(patch: Patch) -> None:
    """A membership ends for the channel, and not for the account."""

    def left(model: Model, event: channel_events.MemberLeft) -> Callable[[], object]:
        channel, account = model.channel(event.channel), model.accounts[event.account]
        del channel.members[account]
        channel.present.pop(account, None)
        return lambda: None

    patch.setitem(apply._APPLY, channel_events.MemberLeft, left)


def no_undo(patch: Patch) -> None:
    """What could not be stored stays in memory."""
    patch.setattr(Turn, "_run_undo", lambda turn, start, end: None)


def sent_unstored(patch: Patch) -> None:
    """What could not be stored is heard all the same."""
    patch.setattr(Turn, "fail", lambda turn, spans, text: None)


def old_audience(patch: Patch) -> None:
    """An account that has left still hears."""
    patch.setattr(Channel, "forget_audience", lambda channel: None)


def no_worker(patch: Patch) -> None:
    """A login waits for an answer to what nobody was asked."""
    patch.setattr(Turn, "job", lambda turn, job: None)


def bad_farewell(patch: Patch) -> None:
    """A line that no client can read."""
    whole = online.leave

    def leave(turn: Turn, session: Session, reason: str, *, clean: bool) -> None:
        whole(turn, session, reason + "\0", clean=clean)

    patch.setattr(online, "leave", leave)


def leak(patch: Patch) -> None:
    """An unauthenticated connection hears what somebody says."""
    whole = login.advance

    def advance(turn: Turn, session: Session) -> None:
        turn.send(session, ":bob!bob@chat.test PRIVMSG #a :psst")
        whole(turn, session)

    patch.setattr(login, "advance", advance)


def crash(patch: Patch) -> None:
    """The rules survive and log it."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    patch.setattr(channels, "show_topic", broken)


def bare_tags(patch: Patch) -> None:
    """Values of tags are sent as they are."""
    patch.setattr(message, "escape_tag", str)


def lost_rest(patch: Patch) -> None:
    """What waits behind a number of lines is forgotten."""
    whole = LineBuffer.feed

    def feed(buffer: LineBuffer, data: bytes, most: int = -1) -> list[bytes]:
        lines = whole(buffer, data, most)
        buffer.has_line = False
        return lines

    patch.setattr(LineBuffer, "feed", feed)


def seen_all(patch: Patch) -> None:
    """Everything is shown as it came."""
    patch.setattr(escape, "_is_hidden", lambda char: False)


def silent_end(patch: Patch) -> None:
    """What was typed and not sent is not told of."""
    patch.setattr(Deliveries, "give_up", lambda deliveries: [])


def any_file(patch: Patch) -> None:
    """A node's archive may name a file outside of the directory."""
    patch.setattr(node_archive, "NAMES", node_archive.NAMES | {"../evil"})


class Case(NamedTuple):
    bug: Callable[[Patch], None]
    target: str
    data: bytes


LOGIN = b"5PASS dave:right\n5NICK dave\n5USER d 0 * :Dave"

CASES = (
    Case(half_a_leave, "session", b"1PART #a"),
    Case(no_undo, "session", b"F\n0TOPIC #a :tea\nF"),
    Case(sent_unstored, "session", b"F\n0PRIVMSG #a :hi"),
    Case(old_audience, "session", b"1PART #a"),
    Case(no_worker, "session", LOGIN),
    Case(bad_farewell, "session", b"c1"),
    Case(leak, "session", LOGIN),
    Case(crash, "session", b"0TOPIC #a"),
    Case(bare_tags, "message", b"@a=\\s X"),
    Case(lost_rest, "framing", b"\x01\x06a\nb\nc\n"),
    Case(seen_all, "terminal", b"\x1b[2J"),
    Case(silent_end, "client", b"H\n>/join #a\n>hello"),
    Case(
        any_file, "archive", ARCHIVE.words[0].replace(b'"files": {', b'"files": {"../evil": "", ')
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.bug.__name__)
def test_a_bug_is_found(case: Case, monkeypatch: Patch) -> None:
    """By the one input that shows it."""
    check = TARGETS[case.target].check
    check(case.data)
    case.bug(monkeypatch)
    with pytest.raises((AssertionError, message.MessageError)):
        check(case.data)
