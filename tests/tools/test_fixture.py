"""The fixtures of formats and dialogues: how they are made."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import fixture
import pytest
import record


def test_a_dump_makes_the_same_database(tmp_path: Path) -> None:
    """With its format, which SQLite's own dump leaves out."""
    with closing(sqlite3.connect(tmp_path / "one.db")) as one:
        one.executescript("CREATE TABLE t (x TEXT) STRICT; INSERT INTO t VALUES ('a;b');")
        one.execute("PRAGMA user_version = 7")
    text = fixture.dump(tmp_path / "one.db")
    with closing(sqlite3.connect(":memory:")) as other:
        other.executescript(text)
        assert other.execute("SELECT x FROM t").fetchall() == [("a;b",)]
        assert other.execute("PRAGMA user_version").fetchone() == (7,)


def test_the_code_of_the_second_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 6238, appendix B, of its last six digits."""
    monkeypatch.setattr(time, "time", lambda: 59.0)
    assert fixture.totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") == "287082"


def test_what_differs_each_time_is_taken_out_of_a_dialogue() -> None:
    """A code of the link, a token."""
    link = "securechat://127.0.0.1:6697/8yTkQ8yTkQ8yTkQ8yTkQ8y/b0Qk3b0Qk3b0Qk3b0Qk3b"
    said = "C: REGISTER * b0Qk3b0Qk3b0Qk3b0Qk3b :x\nS: NOTE TOKEN CREATED home sct_abc :Keep it"
    assert record._plain(said, link) == (
        "C: REGISTER * {code} :x\nS: NOTE TOKEN CREATED home {token} :Keep it"
    )
