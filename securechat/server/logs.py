"""The log: one line an event, for people or, as JSON, for programs. Goes to standard error, or to
a file of its own.

Whoever reads it may stall: a terminal that is stopped, a pipe to a program that hangs. The chat
must not wait for that, so a thread of the log's own writes, and everybody else only queues.
"""

from __future__ import annotations

import codecs
import json
import logging
import os
import select
import stat
import sys
import threading
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from securechat.common.escape import escape_exactly
from securechat.server.log_file import LogFile
from securechat.server.log_limits import LogLimits

Format = Literal["text", "json"]

MAX_WAITING = 10_000
"""Lines that may wait for a reader, some 2 MB: minutes of a busy server, then they are dropped."""

CLOSE_SECONDS = 2.0
"""How long the end waits for what is queued; a reader that stalls must not keep the server."""

GATHER_SECONDS = 0.01
"""From the first line that waits to their writing: a thread that is woken for each of many lines
holds up the others.
"""

DROPPED = "%d log entries were dropped, as they could not be written"


def set_up(log_format: Format, *, verbose: bool = False, path: Path | None = None) -> QueuedHandler:
    """Configure the root logger of this process, to a file, or to standard error. Main thread.

    Close what is returned at the end, or what was logged last may not be written. Raises OSError.
    """
    place, encoding = _standard_error() if path is None else (LogFile(path), "utf-8")
    formatter = (
        JsonFormatter(readable=is_utf8(encoding)) if log_format == "json" else TextFormatter()
    )
    handler = QueuedHandler(place, encoding, formatter, LogLimits())
    root = logging.getLogger()
    before, root.handlers[:] = root.handlers[:], [handler]
    for other in before:
        if isinstance(other, QueuedHandler):
            other.close()
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    _leave_out_what_no_line_has()
    return handler


def _leave_out_what_no_line_has() -> None:
    """The caller's file, the thread, the process: to find them is half of what an entry costs
    (https://docs.python.org/3/howto/logging.html#optimization).
    """
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _standard_error() -> tuple[int, str]:
    """Its file descriptor and encoding."""
    if sys.stderr is None:  # its number may be that of the next file opened: the database, say
        return os.open(os.devnull, os.O_WRONLY), "utf-8"
    # A byte that is a letter in one encoding drives a terminal of another.
    return sys.stderr.fileno(), sys.stderr.encoding


class QueuedHandler(logging.Handler):
    """Writes to a file descriptor, in a thread of its own. Lines are made in the thread that logs,
    so that no error with its frames, nor any other object, lives on in the queue. place: the
    descriptor, or a file that is asked for it before each write.

    The descriptor and not sys.stderr, whose lock a stalled write would hold when Python ends.
    """

    def __init__(
        self,
        place: int | LogFile,
        encoding: str,
        formatter: logging.Formatter,
        limits: LogLimits | None = None,
    ) -> None:
        super().__init__()
        self._limits = limits
        self.setFormatter(formatter)
        self._place = place
        self._encoding = encoding, "backslashreplace"
        self._lines: list[str] = []
        self._dropped = 0
        self._closing = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or count it when the queue is full. Any thread; never waits."""
        for passed in self._limits.passed(record) if self._limits else (record,):
            self._queue(passed)

    def _queue(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as error:
            name = type(error).__name__
            line = self._said("an entry of %s can't be formatted: %s", record.name, name)
        with self._news:
            if len(self._lines) < MAX_WAITING:
                self._lines.append(line)
                if len(self._lines) == 1:
                    self._news.notify()
            else:
                self._dropped += 1

    def size(self) -> int | None:
        """Bytes of the file that it writes to; None for a terminal or a pipe. Any thread."""
        try:
            place = self._place
            found = os.fstat(place if isinstance(place, int) else place.fd)
        except OSError:  # it has been closed
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def _descriptor(self) -> int:
        place = self._place
        return place if isinstance(place, int) else place.current()

    def close(self) -> None:
        """Write what is queued, for two seconds at most. Harmless when it is closed already."""
        logging.getLogger().removeHandler(self)
        if self._limits is not None:
            self.acquire()
            for passed in self._limits.left_out():
                self._queue(passed)
            self.release()
        with self._news:
            if self._closing:
                return
            self._closing = True
            self._news.notify()
        self._thread.join(CLOSE_SECONDS)
        super().close()

    def _said(self, message: str, *args: object) -> str:
        record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, message, args, None)
        return self.format(record)

    # The log's own thread, from here on

    def _run(self) -> None:
        while True:
            lines, dropped = self._take()
            if not lines and not dropped:
                return
            # What had no room came after what was waiting, so that is where it is told of.
            text = [*lines, self._said(DROPPED, dropped)] if dropped else lines
            try:
                _write(
                    self._descriptor(),
                    "".join(f"{line}\n" for line in text).encode(*self._encoding),
                )
            except OSError:  # a full disk, or a pipe that nobody reads any more
                if self._closing:
                    return
                with self._news:
                    self._dropped += len(lines) + dropped

    def _take(self) -> tuple[list[str], int]:
        """All lines that wait, and the number of those that had no room. Nothing at the end."""
        with self._news:
            self._news.wait_for(lambda: self._lines or self._closing)
            self._news.wait_for(lambda: self._closing, GATHER_SECONDS)
            lines, self._lines = self._lines, []
            dropped, self._dropped = self._dropped, 0
        return lines, dropped


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:  # another program has made our terminal or pipe non-blocking
            select.select([], [fd], [])


def _facts(record: logging.LogRecord) -> dict[str, object]:
    facts = getattr(record, "facts", None)
    return facts if isinstance(facts, dict) else {}


class TextFormatter(logging.Formatter):
    """2026-01-31 23:59:59 info login account=alice address=192.0.2.7"""

    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {key}={_quoted(value)}" for key, value in _facts(record).items())
        level = record.levelname.lower()
        event = escape_exactly(record.getMessage())
        text = f"{_local_time(int(record.created))} {level} {event}{facts}"
        if record.exc_info:
            # Indented, so that an error which quotes what it failed at can't fake a line either.
            lines = self.formatException(record.exc_info).split("\n")
            text += "".join(f"\n    {escape_exactly(line)}" for line in lines)
        return text


@lru_cache(maxsize=2)
def _local_time(second: int) -> str:
    """Of a second, as people read it; all lines of that second have the same."""
    return f"{datetime.fromtimestamp(second).astimezone():%Y-%m-%d %H:%M:%S}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line. readable: as with json_text()."""

    def __init__(self, *, readable: bool = True) -> None:
        super().__init__()
        self._readable = readable

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json_text(entry, readable=self._readable)


def json_text(value: object, *, readable: bool, indent: int | None = None) -> str:
    """value as JSON. readable: letters of all scripts stay as they are, and all that could drive a
    terminal or turn a line's direction is an escape of JSON's; else all but ASCII is one.
    """
    if not readable:
        return json.dumps(value, indent=indent, default=str)
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    if text.isprintable():
        return text
    # Not by escape_exactly(): the line ends are JSON's own, and beyond U+FFFF it has another form.
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def is_utf8(encoding: str | None) -> bool:
    """Whether a stream's encoding is JSON's (RFC 8259, section 8.1); one without any is no file."""
    return encoding is None or codecs.lookup(encoding).name == "utf-8"


def _quoted(value: object) -> str:
    text = escape_exactly(str(value))
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text


def size() -> int | None:
    """Bytes of the file that the log goes to; None where it goes to no file. Any thread."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, QueuedHandler):
            return handler.size()
    return None
