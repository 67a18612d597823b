"""The log: one line an event, and nothing in it drives a terminal or fakes a line."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.server import logs
from securechat.server.logs import JsonFormatter, TextFormatter, escape


def record(
    message: str, level: int = logging.INFO, facts: object = None, *args: object
) -> logging.LogRecord:
    made = logging.LogRecord("securechat.test", level, __file__, 1, message, args, None)
    made.created = 1_700_000_000.25
    if facts is not None:
        made.facts = facts
    return made


def text(message: str, **options: object) -> str:
    return TextFormatter().format(record(message, **options))  # type: ignore[arg-type]


def entry(message: str, **options: object) -> dict[str, object]:
    line = JsonFormatter().format(record(message, **options))  # type: ignore[arg-type]
    assert "\n" not in line
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def failed(text: str = "first line\nsecond line") -> logging.LogRecord:
    try:
        raise RuntimeError(text)
    except RuntimeError:
        made = record("a bug", logging.ERROR)
        made.exc_info = sys.exc_info()
    return made


def test_a_line_for_people() -> None:
    """Local time, level, event, facts."""
    line = text("login", facts={"account": "alice", "address": "192.0.2.7"})
    at = datetime.fromtimestamp(1_700_000_000).astimezone()
    assert line == f"{at:%Y-%m-%d %H:%M:%S} info login account=alice address=192.0.2.7"


def test_facts_with_spaces_are_quoted() -> None:
    """And empty ones; a fact can't fake another one."""
    line = text("login refused", facts={"reason": "wrong password", "who": ""})
    assert line.endswith(' info login refused reason="wrong password" who=""')
    assert text("x", facts={"a": 'b" c=d'}).endswith(r' a="b\" c=d"')


def test_a_line_for_programs() -> None:
    """One JSON object with the facts beside time, level and event."""
    assert entry("login %s", level=logging.WARNING, facts={"account": "花子", "port": 6697}) == {
        "time": "2023-11-14T22:13:20.250+00:00",
        "level": "warning",
        "event": "login %s",
        "account": "花子",
        "port": 6697,
    }


def test_arguments_are_filled_in() -> None:
    """In both formats."""
    made = record("%d commands of %s", logging.INFO, None, 3, "alice")
    assert TextFormatter().format(made).endswith("3 commands of alice")
    assert json.loads(JsonFormatter().format(made))["event"] == "3 commands of alice"


def test_what_json_does_not_know_is_written_as_text() -> None:
    """A fact may be a path or a number of another kind; the log must not fail."""
    assert entry("x", facts={"error": ValueError("no")})["error"] == "no"


def test_facts_that_are_none_are_left_out() -> None:
    """Another library's record may have an attribute of that name."""
    assert set(entry("x", facts="nonsense")) == {"time", "level", "event"}


HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07",  # clears the screen, sets the title
    "fine\n2026-01-01 00:00:00 info login account=root",  # fakes a line
    "\r\x08\x7f",
    "\x9b31m",  # CSI in one byte
    "\u202egnp.exe",  # right-to-left override
    "\u2028\u2029",
    "\ud800",  # half a surrogate pair, from an undecodable byte
    "\U000e0041",  # a tag, drawn as nothing
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_control_characters_are_inert_for_people(hostile: str) -> None:
    """In the event and in the facts: the line is one line of printable characters."""
    for line in (text(hostile), text("login refused", facts={"name": hostile})):
        assert line.isprintable()
        assert "\\u" in line


@pytest.mark.parametrize("hostile", HOSTILE)
def test_control_characters_are_inert_for_programs(hostile: str) -> None:
    """ASCII only, and a parser gets back what was there."""
    line = JsonFormatter().format(record("x", facts={"name": hostile}))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["name"] == hostile


@given(st.text(st.characters(exclude_categories=())))
def test_every_text_becomes_one_printable_line(message: str) -> None:
    """Whatever comes over the network."""
    assert escape(message).isprintable()
    made = record("%s", logging.INFO, None, message)
    assert TextFormatter().format(made).isprintable()
    assert json.loads(JsonFormatter().format(made))["event"] == message


def test_what_is_printable_stays() -> None:
    """Names of every script are to be read."""
    assert escape("Алиса 花子 café 👍") == "Алиса 花子 café 👍"


def test_a_traceback_follows_its_line() -> None:
    """For people below it, for programs within the object."""
    lines = TextFormatter().format(failed()).splitlines()
    assert lines[0].endswith(" error a bug")
    assert lines[1] == "    Traceback (most recent call last):"
    traceback = json.loads(JsonFormatter().format(failed()))["traceback"]
    assert traceback.endswith("RuntimeError: first line\nsecond line")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_traceback_is_inert(hostile: str) -> None:
    """An error may quote what it failed at: it neither drives the terminal nor begins a line."""
    first, *rest = TextFormatter().format(failed(hostile)).split("\n")
    assert all(line.isprintable() for line in [first, *rest])
    assert all(line.startswith("    ") for line in rest)


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, which is given back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_log_goes_to_standard_error(
    root: logging.Logger, capsys: pytest.CaptureFixture[str], log_format: logs.Format
) -> None:
    """Once, however often it is set up; from INFO on."""
    logs.set_up(log_format)
    logs.set_up(log_format)
    logging.getLogger("securechat.test").info("started")
    logging.getLogger("securechat.test").debug("detail")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("started") == 1
    assert "detail" not in said.err
    assert said.err.startswith("{") is (log_format == "json")


def test_verbose_tells_details(root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """From DEBUG on."""
    logs.set_up("text", verbose=True)
    logging.getLogger("securechat.test").debug("detail")
    assert capsys.readouterr().err.endswith(" debug detail\n")
