"""What is asked before many lines are sent."""

from __future__ import annotations

from securechat.client.screens.full.views.pasting import question
from securechat.client.session.multiline import Limits


def test_few_lines_are_sent_unasked() -> None:
    """Line ends around them don't count."""
    assert question("\n".join("x" * 10) + "\n\n", "#lab", Limits(8192, 64)) == ""


def test_many_lines_are_counted_with_the_limits() -> None:
    """Once for all of them."""
    asked = question("\n" * 4 + "\n".join("x" * 37), "#lab", Limits(8192, 64))
    assert "Send 37 lines to #lab?" in asked
    assert "64 lines and 8192 bytes" in asked


def test_a_server_that_takes_lines_only() -> None:
    """Each is a message of its own."""
    assert "of its own" in question("\n".join("x" * 37), "#lab\x1b[2J", None)
    assert "\x1b" not in question("\n".join("x" * 37), "#lab\x1b[2J", None)
