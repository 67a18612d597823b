"""Lines of the wire, as the page reads and writes them."""

from __future__ import annotations

from typing import Any

import pytest

from securechat.irc.message import parse as parse_by_package
from tests.web.page.conftest import Run

MODULE = "irc/message"


def parse(run: Run, line: str) -> Any:
    return run("return it.parse(given)", MODULE, given=line)


def format_line(run: Run, *given: object) -> str:
    return str(run("return it.format(...given)", MODULE, given=list(given)))


@pytest.mark.parametrize(
    "line",
    [
        "PING :",
        "JOIN #den",
        ":alice!alice@chat.example PRIVMSG #den :hi :there  you",
        "@time=2026-11-30T01:45:51.828Z;msgid=c7-3;+draft/reply=a\\sb\\:\\\\c :bob NOTICE bob x",
        ":chat.example 005 alice NETWORK=x CHANTYPES=# :are supported by this server",
        ":chat.example 353 alice = #den :~@alice +bob",
    ],
)
def test_a_line_is_read_as_the_server_means_it(run: Run, line: str) -> None:
    """The page and the package read the same."""
    ours, theirs = parse(run, line), parse_by_package(line)
    assert (ours["command"], ours["params"]) == (theirs.command, theirs.params)
    assert ours["tags"] == theirs.tags
    assert ours["source"] == (theirs.source or "")


@pytest.mark.parametrize("line", ["", " ", "@", "@a=b", ":", ":only.a.source", "\x00", "#den"])
def test_what_is_no_line_is_none(run: Run, line: str) -> None:
    assert parse(run, line) is None


def test_a_tag_by_the_name_of_a_prototype_is_a_tag(run: Run) -> None:
    code = "const {tags} = it.parse(given); return [tags.__proto__, tags.toString ?? null]"
    assert run(code, MODULE, given="@__proto__=x PING a") == ["x", None]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("PRIVMSG", ["#den", "hi"]), "PRIVMSG #den hi"),
        (("PRIVMSG", ["#den", "hi there"]), "PRIVMSG #den :hi there"),
        (("TOPIC", ["#den", ""]), "TOPIC #den :"),
        (("PRIVMSG", ["#den", ":)"]), "PRIVMSG #den ::)"),
        (
            ("TAGMSG", ["#den"], {"+typing": "a b", "x": None, "y": ""}),
            "@+typing=a\\sb;y TAGMSG #den",
        ),
    ],
)
def test_a_line_is_written(run: Run, given: tuple[object, ...], line: str) -> None:
    assert format_line(run, *given) == line


def test_no_second_command_is_made_of_a_text(run: Run) -> None:
    """Nor of a name: what would part the line is taken out."""
    assert format_line(run, "PRIVMSG", ["#den", "a\r\nQUIT\0"]) == "PRIVMSG #den :a  QUIT "
    assert format_line(run, "KICK", ["#den", "a b", "why"]) == "KICK #den ab why"


@pytest.mark.parametrize("text", ["", "a", "hello wide world  of otters ", "😀" * 9, "x" * 25])
def test_pieces_are_small_enough_and_lose_nothing(run: Run, text: str) -> None:
    pieces = run("return it.pieces(given, 10)", MODULE, given=text)
    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= 10 for piece in pieces)


def test_a_password_is_sent_in_chunks(run: Run) -> None:
    """https://ircv3.net/specs/extensions/sasl-3.1: 400 bytes each, and an end."""
    lines = run("return it.saslPlain('alice', 'x'.repeat(293))", MODULE)
    assert [len(line) for line in lines] == [413, 14]
    assert lines[1] == "AUTHENTICATE +"
