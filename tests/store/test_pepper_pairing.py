"""A database knows its pepper: another one is refused, a lost one never replaced in silence."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from securechat.store.database import Location, format_of, open_database
from securechat.store.errors import StoreError
from securechat.store.pepper import (
    PEPPER_ID,
    Pepper,
    PepperError,
    check_pepper,
    create_pepper,
    find_pepper,
)
from securechat.store.sql.reader import Reader
from tests.support.postgres import PostgresServer
from tests.support.stored import holds

Find = Callable[[Location, Path], object]


@dataclass(frozen=True)
class Place:
    """Where database and pepper belong."""

    database: Location
    file: Path

    def finds(self) -> Pepper:
        return find_pepper(self.database, self.file)

    def refuses(self, find: Find = find_pepper) -> str:
        with pytest.raises(PepperError) as caught:
            find(self.database, self.file)
        return str(caught.value)

    def facts(self) -> dict[str, str]:
        with closing(open_database(self.database)) as connection:
            return dict(connection.execute("SELECT key, value FROM meta").fetchall())


@pytest.fixture
def place(location: Location, tmp_path: Path) -> Place:
    """With nothing there yet."""
    if isinstance(location, Path):
        location.unlink()
    return Place(location, tmp_path / "pepper")


def test_the_first_start_makes_both(place: Place) -> None:
    """The database keeps the pepper's fingerprint; the next start finds the same pepper."""
    pepper = place.finds()
    assert place.file.read_bytes() == pepper.key
    assert place.facts()[PEPPER_ID] == pepper.fingerprint()
    assert place.finds() == pepper


def test_those_who_start_at_once_have_the_same(place: Place) -> None:
    """A server and `securechat-admin` may both be the first to bring a database up to date."""
    open_database(place.database).close()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: place.finds(), range(4))) == {place.finds()}


def test_a_pepper_that_waits_is_taken(place: Place) -> None:
    """A crash between the two leaves one beside a database that doesn't know it yet."""
    pepper = create_pepper(place.file)
    assert place.finds() == pepper


@pytest.mark.parametrize("find", [find_pepper, check_pepper])
def test_a_lost_pepper_is_never_replaced(place: Place, find: Find) -> None:
    """It is told what belongs where and what to do, and nothing is made in its place."""
    place.finds()
    place.file.unlink()
    told = place.refuses(find)
    assert told.startswith(f"{place.file} is missing: ")
    assert f"Restore it from a backup to {place.file}, with mode 0600" in told
    assert not place.file.exists()


@pytest.mark.parametrize("find", [find_pepper, check_pepper])
def test_a_foreign_pepper_is_refused(place: Place, find: Find) -> None:
    """Before anybody's password is found wrong; both files stay as they are."""
    place.finds()
    place.file.write_bytes(b"f" * 32)
    before = place.facts()
    told = place.refuses(find)
    assert f"{place.file} is the key of another database than {place.database}" in told
    assert "Restore both from the same backup" in told
    assert place.facts() == before
    assert place.file.read_bytes() == b"f" * 32


@pytest.mark.parametrize("find", [find_pepper, check_pepper])
def test_a_damaged_pepper_is_told(place: Place, find: Find) -> None:
    """Also before the database has one of its own."""
    place.file.write_bytes(b"short")
    assert "expected the 32 bytes of a pepper, found 5" in place.refuses(find)
    assert place.file.read_bytes() == b"short"


def test_a_check_makes_nothing(place: Place) -> None:
    """Neither where there is nothing, nor where there is a database without a pepper."""
    check_pepper(place.database, place.file)
    assert list(place.file.parent.iterdir()) == []
    open_database(place.database).close()
    check_pepper(place.database, place.file)
    assert not place.file.exists()
    assert PEPPER_ID not in place.facts()


def test_a_check_makes_no_tables(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """Where a database of PostgreSQL is and nothing in it."""
    location = postgres_server.database()
    check_pepper(location, tmp_path / "pepper")
    assert format_of(location) == 0


def test_a_check_finds_what_is_in_order(place: Place) -> None:
    """A pair is one."""
    place.finds()
    check_pepper(place.database, place.file)


@pytest.mark.parametrize("find", [find_pepper, check_pepper])
def test_what_is_no_database_is_told(tmp_path: Path, find: Find) -> None:
    """And no pepper is made for it."""
    (tmp_path / "chat.db").write_bytes(b"not a database at all, just text " * 100)
    with pytest.raises(StoreError, match="restore a backup"):
        find(tmp_path / "chat.db", tmp_path / "pepper")
    assert not (tmp_path / "pepper").exists()


# --- databases from before -----------------------------------------------------------------------


def of_before(place: Place) -> None:
    """A database without a pepper, with a channel's key and a secret in the clear."""
    with closing(open_database(place.database)) as connection:
        connection.execute("INSERT INTO meta VALUES ('cost_key', ?)", ("5ec2e7" * 10,))
        channels = [(10, "#den", "otter-key-of-before"), (11, "#lab", None)]
        connection.executemany(
            "INSERT INTO targets (id, name, folded, skeleton, channel_key) VALUES (?, ?, ?, ?, ?)",
            [(number, name, name, name, key) for number, name, key in channels],
        )
        entries = ["+k otter-key-of-before", "+ol mark 5", "+kl otter-key-of-before 5"]
        kinds = [*((text, "MODE") for text in entries), ("+k is for keys", "PRIVMSG")]
        connection.executemany(
            "INSERT INTO log (seq, target, sender, at_ms, text, kind) VALUES (?, 10, 1, 0, ?, ?)",
            [(seq, *kind) for seq, kind in enumerate(kinds, 1)],
        )


def test_a_database_from_before_gets_a_pepper(place: Place) -> None:
    """Its channels keep their keys, and nothing is left of it in the clear, in no byte."""
    of_before(place)
    assert holds(place.database, "otter-key-of-before")
    pepper = place.finds()
    with closing(Reader(place.database)) as reader:
        keys = {channel.name: channel.channel_key for channel in reader.channels(pepper)}
    assert keys == {"#den": "otter-key-of-before", "#lab": None}
    assert "cost_key" not in place.facts()
    for secret in ("otter-key-of-before", "5ec2e7"):
        assert not holds(place.database, secret)
    left = b"".join(path.read_bytes() for path in place.file.parent.iterdir())
    assert b"otter-key-of-before" not in left
    assert b"5ec2e7" not in left


def test_the_log_from_before_forgets_keys(place: Place) -> None:
    """Of an entry that has one its letters stay; what else was logged stays as it is."""
    of_before(place)
    place.finds()
    with closing(open_database(place.database)) as connection:
        texts = [text for (text,) in connection.execute("SELECT text FROM log ORDER BY seq")]
    assert texts == ["+k", "+ol mark 5", "+kl", "+k is for keys"]


def test_what_is_sealed_is_not_sealed_again(place: Place) -> None:
    """Only the first start with a pepper looks for what is in the clear."""
    of_before(place)
    pepper = place.finds()
    assert place.finds() == pepper
    with closing(Reader(place.database)) as reader:
        keys = {channel.name: channel.channel_key for channel in reader.channels(pepper)}
    assert keys == {"#den": "otter-key-of-before", "#lab": None}
