"""The log: one line an event, and nothing in it drives a terminal or fakes a line."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.common.escape import escape_exactly
from securechat.server import logs
from securechat.server.logs import (
    JsonFormatter,
    QueuedHandler,
    TextFormatter,
    is_utf8,
    json_text,
)


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
        assert "\\u" in line.lower()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_control_characters_are_inert_for_programs(hostile: str) -> None:
    """Escaped as JSON has it, so that a parser gets back what was there."""
    for readable in (True, False):
        line = JsonFormatter(readable=readable).format(record("x", facts={"name": hostile}))
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line)["name"] == hostile


@given(st.text(st.characters(exclude_categories=())))
def test_every_text_becomes_one_printable_line(message: str) -> None:
    """Whatever comes over the network."""
    assert escape_exactly(message).isprintable()
    made = record("%s", logging.INFO, None, message)
    assert TextFormatter().format(made).isprintable()
    assert json.loads(JsonFormatter().format(made))["event"] == message


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_json_is_for_people_too(message: str, readable: bool) -> None:
    """Printable, one line, and the same for a parser; in ASCII where that is asked for."""
    line = json_text({"name": message}, readable=readable)
    assert line.isprintable()
    assert json.loads(line) == {"name": message}
    assert readable or line.isascii()


def test_json_keeps_names_of_every_script() -> None:
    """A search of the log for Алиса finds her; in what isn't UTF-8 she is escaped."""
    made = record("login", facts={"account": "Алиса 花子 👍", "by": "a\x1b\u202eb"})
    line = JsonFormatter().format(made)
    assert '"account": "Алиса 花子 👍"' in line
    assert '"by": "a\\u001b\\u202eb"' in line
    assert JsonFormatter(readable=False).format(made).isascii()
    assert [is_utf8(name) for name in ("utf-8", "UTF8", None, "ascii", "latin-1")] == [
        *(True, True, True),
        *(False, False),
    ]


def test_what_is_printable_stays() -> None:
    """Names of every script are to be read."""
    assert escape_exactly("Алиса 花子 café 👍") == "Алиса 花子 café 👍"


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


def threads() -> int:
    return sum(thread.name == "log" for thread in threading.enumerate())


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_log_goes_to_standard_error(
    root: logging.Logger, capfd: pytest.CaptureFixture[str], log_format: logs.Format
) -> None:
    """Once, however often it is set up; from INFO on. The end leaves no thread behind."""
    logs.set_up(log_format)
    log = logs.set_up(log_format)
    assert root.handlers == [log]
    assert threads() == 1
    logging.getLogger("securechat.test").info("started")
    logging.getLogger("securechat.test").debug("detail")
    log.close()
    log.close()
    assert (root.handlers, threads()) == ([], 0)
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count("started") == 1
    assert "detail" not in said.err
    assert said.err.startswith("{") is (log_format == "json")


def test_verbose_tells_details(root: logging.Logger, capfd: pytest.CaptureFixture[str]) -> None:
    """From DEBUG on."""
    with closing(logs.set_up("text", verbose=True)):
        logging.getLogger("securechat.test").debug("detail")
    assert capfd.readouterr().err.endswith(" debug detail\n")


def test_without_standard_error_there_is_no_log(
    root: logging.Logger, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its file descriptor may be another file's by now."""
    monkeypatch.setattr(sys, "stderr", None)
    with closing(logs.set_up("text")):
        logging.getLogger("securechat.test").error("detail")
    assert capfd.readouterr().err == ""


# --- the queue -----------------------------------------------------------------------------------


class Pipe:
    """A log with a reader that may stall."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.out, self.into = os.pipe()
        self.log = QueuedHandler(self.into, encoding, logging.Formatter("%(message)s"))

    def stall(self) -> None:
        """Fill the pipe, so that whoever writes has to wait."""
        os.set_blocking(self.into, False)
        with suppress(BlockingIOError):
            while True:
                os.write(self.into, b"." * 4096)
        os.set_blocking(self.into, True)

    def says(self, *messages: str) -> None:
        for message in messages:
            self.log.handle(record(message))

    def reads_all(self) -> list[str]:
        """What is read once the reader goes on, up to an orderly end; without the filling."""
        read: list[bytes] = []

        def drain() -> None:
            while data := os.read(self.out, 65_536):
                read.append(data)

        reader = threading.Thread(target=drain)
        reader.start()
        self.log.close()
        self.log._thread.join()  # close() may have given up on it while nobody read
        os.close(self.into)
        reader.join()
        os.close(self.out)
        return b"".join(read).decode().lstrip(".").splitlines()


def test_all_that_is_queued_is_written_at_the_end() -> None:
    """In its order, after a stall as well."""
    pipe = Pipe()
    pipe.stall()
    said = [f"line {number}" for number in range(1000)]
    pipe.says(*said)
    assert pipe.reads_all() == said


def test_a_burst_is_written_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that writes is woken by the first line, not by each."""
    monkeypatch.setattr(logs, "GATHER_SECONDS", 20.0)  # the end doesn't wait for that
    pipe, writes, write = Pipe(), [], os.write

    def watched(fd: int, data: bytes) -> int:
        writes.append(fd)
        return write(fd, data)

    monkeypatch.setattr(os, "write", watched)
    pipe.says("one", "two", "three")
    assert pipe.reads_all() == ["one", "two", "three"]
    assert writes == [pipe.into]


def test_a_reader_that_stalls_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit lines are dropped; when it moves again, a line in their place counts them."""
    monkeypatch.setattr(logs, "MAX_WAITING", 20)
    pipe = Pipe()
    pipe.stall()
    said = [f"line {number}" for number in range(100)]
    pipe.says(*said)
    found = pipe.reads_all()
    written = [line for line in found if line in said]
    told = [line for line in found if line not in said]
    assert written == sorted(written, key=said.index)
    assert written[:20] == said[:20]
    assert len(written) <= 40  # as many again may be on their way
    counts = [int(line.split(" ")[0]) for line in told]
    assert told == [logs.DROPPED % count for count in counts]
    assert len(written) + sum(counts) == len(said)


def test_the_end_does_not_wait_for_a_reader_that_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for long, that is."""
    monkeypatch.setattr(logs, "CLOSE_SECONDS", 0.01)
    pipe = Pipe()
    pipe.stall()
    pipe.says("never read")
    pipe.log.close()
    pipe.reads_all()


def test_what_can_not_be_written_is_counted_too() -> None:
    """Such as on a full disk; the log goes on."""
    pipe = Pipe()
    written, failed = os.write, threading.Event()

    def full(fd: int, data: bytes) -> int:
        if fd != pipe.into:
            return written(fd, data)
        failed.set()
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", full)
        pipe.says("lost")
        assert failed.wait(20)
    pipe.says("kept")
    assert pipe.reads_all() == ["kept", logs.DROPPED % 1]


def test_a_pipe_that_nobody_reads_ends_nothing() -> None:
    """Neither the chat, nor the log's own end."""
    pipe = Pipe()
    os.close(pipe.out)
    pipe.says("a", "b")
    pipe.log.close()
    pipe.says("c")
    os.close(pipe.into)
    assert threads() == 0


def test_a_non_blocking_descriptor_is_waited_for() -> None:
    """A terminal is shared with programs that make it so."""
    pipe = Pipe()
    pipe.stall()
    os.set_blocking(pipe.into, False)
    said = ["x" * 50_000, "y" * 50_000]
    pipe.says(*said)
    assert pipe.reads_all() == said


def test_the_encoding_is_the_terminals() -> None:
    """Where it has no such letter, it is escaped: in UTF-8 this one holds a byte that other
    terminals take for the beginning of a command.
    """
    pipe = Pipe("latin-1")
    pipe.says("\u011b")
    assert pipe.reads_all() == ["\\u011b"]


def test_a_queued_line_keeps_nothing_alive() -> None:
    """It is made at once, traceback and all, so a stalled log holds no session or frame."""

    class Held:
        def __str__(self) -> str:
            return "held"

    pipe = Pipe()
    pipe.stall()
    held = Held()
    gone = weakref.ref(held)
    pipe.log.handle(record("it was %s", logging.INFO, None, held))
    del held
    assert gone() is None
    pipe.log.handle(failed())
    lines = pipe.reads_all()
    assert lines[:3] == ["it was held", "a bug", "Traceback (most recent call last):"]
    assert lines[-1] == "second line"


def test_an_entry_that_can_not_be_formatted_is_told() -> None:
    """A bug in what is logged costs that entry only."""
    pipe = Pipe()
    pipe.log.handle(record("%d", logging.INFO, None, "no number"))
    pipe.says("next")
    assert pipe.reads_all() == [
        "an entry of securechat.test can't be formatted: TypeError",
        "next",
    ]
