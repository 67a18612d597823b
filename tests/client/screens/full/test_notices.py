"""Notices: each terminal gets what it knows, and nothing of what others wrote drives it."""

from __future__ import annotations

import pytest

from securechat.client.screens.full.look import Ground, Look, ground_of, name_style
from securechat.client.screens.full.notices import Notify, Way, notice, title, way
from securechat.client.timeline.items import Message
from securechat.client.timeline.mentions import Mention

HOSTILE = "b;ob\x1b]0;x\x07\x1b\\\n\x9b2J"


def mention(nick: str = "bob", where: str = "#lobby") -> Mention:
    return Mention(where, Message("m", None, nick, "a secret"))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color"}, Way.NONE),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, Way.NONE),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Way.ITERM),
        ({"TERM": "xterm-kitty"}, Way.KITTY),
        ({"TERM": "foot-direct"}, Way.RXVT),
        ({"TERM": "tmux-256color", "TMUX": "x", "TERM_PROGRAM": "tmux"}, Way.NONE),
        ({"TERM": "screen", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, Way.KITTY),
    ],
)
def test_a_terminal_is_asked_for_what_it_knows(environ: dict[str, str], expected: Way) -> None:
    """Others get the bell only."""
    assert way(environ) is expected


def test_a_notice_says_who_and_where() -> None:
    """Not what; in tmux it is passed through."""
    kitty = {"TERM": "xterm-kitty"}
    assert notice(mention(), Notify.DESKTOP, kitty) == (
        "\a\x1b]99;i=securechat;bob in #lobby\x1b\\"
    )
    assert notice(mention(where="bob"), Notify.DESKTOP, {"TERM": "foot"}) == (
        "\a\x1b]777;notify;securechat;bob writes to you\x1b\\"
    )
    assert notice(mention(), Notify.DESKTOP, {**kitty, "TMUX": "x"}) == (
        "\a\x1bPtmux;\x1b\x1b]99;i=securechat;bob in #lobby\x1b\x1b\\\x1b\\"
    )
    assert notice(mention(), Notify.BELL, kitty) == "\a"
    assert notice(mention(), Notify.OFF, kitty) == ""


@pytest.mark.parametrize(
    "environ", [{"TERM": "xterm-kitty"}, {"TERM": "foot"}, {"LC_TERMINAL": "iTerm2"}]
)
def test_a_hostile_name_stays_in_its_sequence(environ: dict[str, str]) -> None:
    """It neither ends it, nor has another field in it."""
    told = notice(mention(HOSTILE, HOSTILE), Notify.DESKTOP, environ)
    assert told.count("\x1b") == 2
    assert told.count("\a") == 1
    assert "\x9b" not in told
    assert "\n" not in told
    plain = notice(mention(), Notify.DESKTOP, environ)
    assert told.count(";") == plain.count(";")


def test_the_title_is_inert() -> None:
    """With the count of what is for us."""
    assert title("#lobby", 0) == "\x1b]2;#lobby – securechat\x1b\\"
    assert title("", 2) == "\x1b]2;(2) securechat\x1b\\"
    told = title(HOSTILE, 0)
    assert told.count("\x1b") == 2
    assert "\a" not in told


@pytest.mark.parametrize(
    ("answer", "ground"),
    [
        (b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62c", Ground.DARK),
        (b"\x1b]11;rgb:fd/f6/e3\x07\x1b[?62c", Ground.LIGHT),
        (b"\x1b[?1;2c", Ground.UNKNOWN),
        (b"", Ground.UNKNOWN),
        (b"\x1b]11;rgb:zz/zz/zz\x07", Ground.UNKNOWN),
    ],
)
def test_the_background_is_understood(answer: bytes, ground: Ground) -> None:
    """As terminals tell it, in two or four digits; else it is not known."""
    assert ground_of(answer) is ground


@pytest.mark.parametrize("ground", Ground)
def test_every_look_has_every_style(ground: Ground) -> None:
    """And one can tell people apart."""
    look, other = Look(ground), Look(Ground.DARK)
    for name in ("time", "mention", "unread", name_style("bob"), "here count"):
        assert look.style(name) is look.style(name)
        assert look.style(name).bgcolor is None
    assert name_style("Bob") == name_style("bob")
    assert other.colour("faint").startswith("#")
    assert Look().colour("faint") == "ansi_default"
