"""Lines from standard input: InputLines."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from securechat.client.screens.lines import CHUNK, MAX_LINE, InputLines


def piped(*chunks: bytes) -> InputLines:
    """A pipe with these bytes in it, and an end."""
    reading, writing = os.pipe()
    for chunk in chunks:
        os.write(writing, chunk)
    os.close(writing)
    return InputLines(reading)


def test_lines_come_without_their_ends() -> None:
    """The last one may lack it."""
    assert list(piped(b"one\n\nt", b"wo\nthree")) == ["one", "", "two", "three"]
    assert list(piped()) == []


def test_letters_may_be_torn_between_reads() -> None:
    """They are put together again; what isn't UTF-8 becomes a replacement character."""
    text = "я" * CHUNK
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as pipe:
            pipe.write(text.encode())

    writer = threading.Thread(target=write)
    writer.start()
    assert list(InputLines(reading)) == [text]
    writer.join()
    assert list(piped(b"a\xffb\n\xd0")) == ["a\ufffdb", "\ufffd"]


def test_a_file_can_be_read(tmp_path: Path) -> None:
    """As standard input may be one; an endless line comes in parts."""
    file = tmp_path / "lines"
    file.write_text("x" * (MAX_LINE * 2) + "\nend")
    with file.open() as opened:
        lines = list(InputLines(opened.fileno()))
    assert lines[-1] == "end"
    assert max(map(len, lines)) <= MAX_LINE + CHUNK
    assert sum(map(len, lines)) == MAX_LINE * 2 + 3


def test_waiting_can_be_ended() -> None:
    """By another thread, while nothing comes."""
    reading, writing = os.pipe()
    lines = InputLines(reading)
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.extend(lines))
    thread.start()
    lines.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert seen == []
    os.close(writing)


def test_no_line_comes_after_the_stop() -> None:
    """Also when more have been read already."""
    lines = piped(b"one\ntwo\n")
    seen = []
    for line in lines:
        seen.append(line)
        lines.stop()
    assert seen == ["one"]
