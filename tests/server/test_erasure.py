"""What was taken back is in no file of the database any more."""

from __future__ import annotations

import time
from pathlib import Path

from securechat.server import checkpointer
from tests.support.client import of
from tests.support.server import running

PATIENCE = 20.0
SECRET = "swordfish-7281"
CAPS = "draft/message-redaction echo-message message-tags"


def holding(directory: Path, text: str) -> list[str]:
    """The files that hold a text."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


def test_a_redacted_text_is_in_no_file(tmp_path: Path) -> None:
    """Nor in the write-ahead log, as soon as that is cut."""
    with running(tmp_path, "alice") as server:
        alice = server.member("alice", caps=CAPS)
        (said,) = of(alice.says(f"PRIVMSG #lobby :{SECRET}"), "PRIVMSG")
        assert holding(tmp_path, SECRET)
        alice.says(f"REDACT #lobby {said.tags['msgid']}")
        end = time.monotonic() + PATIENCE
        while holding(tmp_path, SECRET) and time.monotonic() < end:
            time.sleep(checkpointer.INTERVAL_SECONDS / 10)
        assert holding(tmp_path, SECRET) == []
