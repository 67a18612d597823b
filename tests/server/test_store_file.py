"""Where a data directory's database is: what a start may choose, and what the others find."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from securechat.server.data import DataDirectory, DataError
from securechat.store.postgres.location import PostgresLocation, parse_location

URL = "postgresql://chat@db.example/chat"
THERE = PostgresLocation(URL)


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path / "data")
    directory.create()
    return directory


def refusal(data: DataDirectory, wanted: PostgresLocation | None) -> str:
    with pytest.raises(DataError) as caught:
        DataDirectory(data.path).choose(wanted)
    return str(caught.value)


def test_without_more_it_is_a_file_in_it(data: DataDirectory) -> None:
    """And nothing says so in the directory."""
    data.choose(None)
    data.keep_choice()
    assert data.location == data.path / "securechat.db"
    assert list(data.path.iterdir()) == []


def test_a_choice_is_found_by_all(data: DataDirectory, tmp_path: Path) -> None:
    """By those, too, who know no configuration."""
    there = PostgresLocation(URL, tmp_path / "password")
    data.choose(there)
    assert not data.store.exists()  # a start may still fail, and its url be mended
    data.keep_choice()
    assert DataDirectory(data.path).location == there
    assert stat.S_IMODE(data.store.stat().st_mode) == 0o600
    assert there.password_file in DataDirectory(data.path)._secrets()


def test_nobody_begins_anew_in_another_place(data: DataDirectory) -> None:
    """Neither where the configuration is forgotten, nor where it has another database."""
    data.choose(THERE)
    data.keep_choice()
    assert "the configuration names none" in refusal(data, None)
    assert "and the configuration names postgresql://chat@db.example/other" in refusal(
        data, parse_location("postgresql://chat@db.example/other")
    )


def test_a_file_with_something_in_it_is_not_passed_over(data: DataDirectory) -> None:
    """An empty one, which a start that failed may have left, is none."""
    data.database.touch(mode=0o600)
    DataDirectory(data.path).choose(THERE)
    data.database.write_bytes(b"SQLite format 3\0")
    assert f"`securechat-admin move '{THERE.url}'` brings the one over" in refusal(data, THERE)


@pytest.mark.parametrize(
    "other",
    [
        PostgresLocation(URL, Path("/run/password")),
        PostgresLocation("postgresql://server@db.example/chat?sslmode=verify-full"),
        PostgresLocation("postgresql://chat@b.example,db.example/chat?target_session_attrs=any"),
    ],
)
def test_another_way_to_the_same_one_is_taken(data: DataDirectory, other: PostgresLocation) -> None:
    """Another user, another password file, TLS, a standby more: it stays the same database."""
    data.choose(THERE)
    data.keep_choice()
    again = DataDirectory(data.path)
    again.choose(other)
    again.keep_choice()
    assert DataDirectory(data.path).location == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/chat?host=/run/one", "/chat?host=/run/other"),
        ("/chat?host=a,b&port=1,2", "/chat?host=a,b&port=2,1"),
        ("/?host=a&dbname=chat", "/?host=a&dbname=other"),
        ("a:1,b:1/chat", "a:2,c:1/chat"),
    ],
)
def test_another_machine_has_another_database(data: DataDirectory, one: str, other: str) -> None:
    """It may stand behind the question mark, and its port is a part of it."""
    data.choose(parse_location(f"postgresql://{one}"))
    data.keep_choice()
    assert "and the configuration names" in refusal(data, parse_location(f"postgresql://{other}"))


def test_a_port_may_hold_for_all_machines(data: DataDirectory) -> None:
    data.choose(parse_location("postgresql:///chat?host=a&port=1"))
    data.keep_choice()
    DataDirectory(data.path).choose(parse_location("postgresql:///chat?host=a,b&port=1"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        json.dumps({"url": 1, "password_file": ""}).encode(),
        json.dumps({"url": "mysql://chat@db/chat", "password_file": ""}).encode(),
        json.dumps({"url": URL, "password_file": 7}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_says_nothing_is_refused(data: DataDirectory, content: bytes) -> None:
    """With a word on what to do, and without what stands in it."""
    data.store.write_bytes(content)
    with pytest.raises(DataError, match="expected the url and the password_file"):
        _ = data.location


def test_a_password_in_it_is_not_told(data: DataDirectory) -> None:
    """Whoever has written one there must not find it in the log."""
    data.store.write_text(json.dumps({"url": "postgresql://a:hush@db/c", "password_file": ""}))
    assert "hush" not in refusal(data, None)
