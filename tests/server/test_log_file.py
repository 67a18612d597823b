"""The log's own file: rotated by whoever likes to, without a lost line."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.server import logs
from securechat.server.log_file import LogFile
from tests.support.links import PATIENCE

ROTATION = """
{log} {{
    rotate 3
    create
    delaycompress
    compress
}}
"""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The file of a log, whose lines are said by `securechat.test`."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    path = tmp_path / "chat.log"
    with closing(logs.set_up("text", path=path)):
        yield path
    root.handlers[:], root.level = handlers, level


def waits_for(log: Path) -> None:
    """Until something is in it."""
    deadline = time.monotonic() + PATIENCE
    while not log.exists() or not log.stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def write(file: LogFile, text: bytes) -> None:
    os.write(file.current(), text)


def test_it_is_private_and_grows(tmp_path: Path) -> None:
    """Addresses are in it. What is there already stays."""
    for number in range(2):
        file = LogFile(tmp_path / "chat.log")
        write(file, b"%d\n" % number)
        file.close()
    assert (tmp_path / "chat.log").read_text() == "0\n1\n"
    assert (tmp_path / "chat.log").stat().st_mode & 0o777 == 0o600


def test_no_line_is_lost_when_it_is_moved_away(log: Path) -> None:
    """However often, and whatever is said meanwhile."""

    def says(name: str) -> None:
        # Each of a kind of its own, as of one kind only so many are logged.
        for number in range(150):
            logging.getLogger("securechat.test").info(f"{name} says %d", number)

    names = [f"thread{number}" for number in range(8)]
    for number, name in enumerate(names):
        speaker = threading.Thread(target=says, args=(name,))
        speaker.start()
        waits_for(log)
        log.rename(log.with_name(f"chat.log.{number}"))
        speaker.join()
    logging.getLogger().handlers[0].close()
    files = log.parent.glob("chat.log*")
    said = [line.split(" ", 3)[3] for file in files for line in file.read_text().splitlines()]
    assert sorted(said) == sorted(f"{name} says {n}" for name in names for n in range(150))


@pytest.mark.skipif(shutil.which("logrotate") is None, reason="logrotate isn't installed")
def test_logrotate_rotates_it(log: Path, tmp_path: Path) -> None:
    """As docs/watching.md has it: with neither a signal nor copytruncate."""
    say = logging.getLogger("securechat.test").info
    (tmp_path / "rotation").write_text(ROTATION.format(log=log))
    (tmp_path / "rotation").chmod(0o600)
    command = ["logrotate", "--force", "--state", f"{tmp_path}/state", f"{tmp_path}/rotation"]
    say("before")
    waits_for(log)
    subprocess.run(command, check=True, env={"PATH": os.environ["PATH"] + ":/usr/sbin"})
    say("after")
    logging.getLogger().handlers[0].close()
    assert log.read_text().endswith(" info after\n")
    assert "before" in log.with_name("chat.log.1").read_text()


def test_where_no_new_file_can_be_made_the_old_one_goes_on(tmp_path: Path) -> None:
    """Such as on a full disk; and when one can be made again, it is."""
    directory, away = tmp_path / "logs", tmp_path / "away"
    directory.mkdir()
    file = LogFile(directory / "chat.log")
    write(file, b"1\n")
    directory.rename(away)
    write(file, b"2\n")
    directory.mkdir()
    write(file, b"3\n")
    file.close()
    assert (away / "chat.log").read_text() == "1\n2\n"
    assert (directory / "chat.log").read_text() == "3\n"


def test_its_size_is_told(log: Path) -> None:
    """For who watches the disk; a log that goes to no file has none."""
    logging.getLogger("securechat.test").info("said")
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logs.QueuedHandler)
    waits_for(log)
    assert logs.size() == log.stat().st_size
    out, into = os.pipe()
    with closing(logs.QueuedHandler(into, "utf-8", logging.Formatter())) as piped:
        assert piped.size() is None
    os.close(out)
    os.close(into)


@pytest.mark.parametrize("name", ["pipe", "directory", "loop", "missing/below", "/dev/null"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    """At once: a pipe that nobody reads would hold up the start for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match=re.escape(name)):
        LogFile(tmp_path / name)
