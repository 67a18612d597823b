"""The index for searching, and searching by it."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from securechat.store.database import Location, open_database
from securechat.store.errors import StoreError
from securechat.store.search import index as search_index
from securechat.store.search.index import PART_ENTRIES, SearchIndex
from securechat.store.search.searcher import FEW_FOR_A_PLACE, NEWEST_ENTRIES, Searcher
from tests.support.search import DEN, DIRECT, MOST, OTHERS, ROOM, Bench, holding, search

OF_SQLITE = pytest.mark.parametrize("new_location", ["sqlite"], indirect=True)
"""What is of the words alone, and the same wherever the log is."""

WORDS = [
    ("That was fast!", "fast"),
    ("Fasting is hard.", "fast"),
    ("Fasting is hard.", "HARD fast"),
    ("Привет, как дела?", "дела привет"),
    ("Приветствую всех", "привет"),
    ("Ёлка стоит", "елка"),
    ("елка стоит", "Ёлка"),
    ("Crème brûlée", "creme brul"),
    ("foo-bar.baz", "foo-bar"),
    ("Größe", "größe"),
    ("今日は天気がいいですね", "天気"),
    ("今日は天気がいいですね", "ね"),
    ("今日は天気がいいですね", "気"),
    ("我喜欢聊天 и чай", "聊天 чай"),
    ("สวัสดีครับ", "ครับ"),
    ("안녕하세요 여러분", "안녕"),
    ("हिन्दी में लिखो", "हिन्दी"),
    ("שלום עולם", "עולם"),
    ("first line\nsecond line", "second"),
    ('say "this" OR that*', '"this" OR that*'),
    ("x" * 300 + " NEAR(a b)", "near(a"),
]


@pytest.fixture
def bench(tmp_path: Path, location: Location) -> Iterator[Bench]:
    made = Bench(tmp_path, location)
    yield made
    made.close()


@pytest.fixture(params=[False, True], ids=["newest", "indexed"])
def settle(request: pytest.FixtureRequest, bench: Bench) -> Callable[[], None]:
    """Has all that was said put into the index, or leaves it to be found without."""
    return bench.index_all if request.param else lambda: None


@OF_SQLITE
@pytest.mark.parametrize(("said", "asked"), WORDS)
def test_words_are_found(bench: Bench, settle: Callable[[], None], said: str, asked: str) -> None:
    """Of any script, by their beginning, in any order and case; nothing of it is a command."""
    bench.says("something else", said)
    settle()
    assert bench.finds(asked) == [said]


def test_each_is_found_among_all(bench: Bench, settle: Callable[[], None]) -> None:
    """Wherever the log is."""
    bench.says(*(said for said, _ in WORDS))
    settle()
    for said, asked in WORDS:
        assert said in bench.finds(asked)


@OF_SQLITE
@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("breakfast", "fast"),
        ("one two", "one three"),
        ("今日は天気", "天日"),
        ("anything", "!!!"),
    ],
)
def test_other_words_are_not(
    bench: Bench, settle: Callable[[], None], said: str, asked: str
) -> None:
    """All of what is asked for must be there."""
    bench.says(said)
    settle()
    assert bench.finds(asked) == []


def test_the_newest_or_the_oldest_come_in_their_order(
    bench: Bench, settle: Callable[[], None]
) -> None:
    """As many as may be, and as many bytes; one at least."""
    bench.says(*(f"word {number}" for number in range(9)))
    settle()
    assert bench.finds("word", limit=2) == ["word 7", "word 8"]
    assert bench.finds("word", limit=2, oldest_first=True) == ["word 0", "word 1"]
    assert bench.finds("word", max_bytes=2 * 16) == ["word 7", "word 8"]
    assert bench.finds("word", max_bytes=1) == ["word 8"]


def test_times_are_bounds(bench: Bench, settle: Callable[[], None]) -> None:
    """What was said at them is within."""
    bench.says(*"12345")
    settle()
    found = bench.finds(since=(2000, True), until=(4000, True))
    assert found == ["2", "3", "4"]
    assert bench.finds(until=(500, True)) == bench.finds(since=(6000, True)) == []


def test_only_what_may_be_read_is_found(bench: Bench, settle: Callable[[], None]) -> None:
    """Channels from a number on, the own conversations, and nothing of others."""
    bench.says("den 1", "den 2")
    bench.says("room 1", target=ROOM)
    bench.says("to me", target=DIRECT, sender=2)
    bench.says("to others", target=OTHERS, sender=2)
    bench.says("den 3")
    bench.says("den program", kind="CTCP")
    settle()
    assert bench.finds() == ["den 1", "den 2", "room 1", "to me", "den 3"]
    assert bench.finds(channels=[(DEN, 1, MOST)]) == ["den 2", "to me", "den 3"]
    assert bench.finds(channels=[(DEN, 0, 5)], directs=[]) == ["den 1", "den 2"]
    assert bench.finds(channels=[]) == ["to me"]
    assert bench.finds(channels=[], directs=[]) == []
    many = [(DIRECT, 0, MOST), (99, 0, MOST)]
    assert bench.finds(channels=[], directs=many) == ["to me"]
    assert bench.finds(sender=2) == ["to me"]
    assert bench.finds(sender=3) == []


def test_who_writes_a_term_of_the_index_speaks_as_nobody(
    bench: Bench, settle: Callable[[], None]
) -> None:
    """Nor is it found elsewhere."""
    bench.says("\ue000s1 \ue000t2 trick", "天\ue000s1 trick", target=DEN, sender=2)
    settle()
    assert bench.finds("trick", sender=1) == []
    assert bench.finds("trick", channels=[(ROOM, 0, MOST)]) == []
    assert len(bench.finds("trick", sender=2)) == 2


@pytest.mark.parametrize("elsewhere", [1, 4 * FEW_FOR_A_PLACE])
@pytest.mark.parametrize("oldest_first", [False, True])
def test_a_word_is_found_however_often_others_say_it(
    bench: Bench, elsewhere: int, oldest_first: bool
) -> None:
    """What has few is looked at in the log, for the others the index knows where it was said."""
    bench.says("word den", "other")
    bench.says(*["word elsewhere"] * elsewhere, target=OTHERS, sender=2)
    bench.says("word room", target=ROOM)
    bench.says("far behind", seq=PART_ENTRIES + 1)
    bench.index_all()
    assert bench.finds("word", oldest_first=oldest_first) == ["word den", "word room"]
    assert bench.finds("word", oldest_first=oldest_first, limit=1) == (
        ["word den"] if oldest_first else ["word room"]
    )
    assert bench.finds("word", sender=2) == []
    newcomer = [(DEN, 1, MOST), (ROOM, MOST, MOST)]
    assert bench.finds("word", channels=newcomer, directs=[]) == []


def test_parts_are_looked_through_in_turn(bench: Bench) -> None:
    """From either end; what is newer than the index comes with them."""
    seqs = [1, PART_ENTRIES - 1, PART_ENTRIES, 3 * PART_ENTRIES + 5]
    for seq in seqs:
        bench.says(f"word {seq}", seq=seq)
    bench.index_all()
    bench.says("word new", seq=3 * PART_ENTRIES + 6)
    texts = [f"word {seq}" for seq in seqs] + ["word new"]
    assert bench.finds("word") == texts
    assert bench.finds("word", limit=2) == texts[-2:]
    assert bench.finds("word", limit=3, oldest_first=True) == texts[:3]


def test_a_search_has_its_time(bench: Bench) -> None:
    """Then it says how far it has come; from there another one goes on."""
    for seq in (1, PART_ENTRIES, 2 * PART_ENTRIES):
        bench.says(f"word {seq}", seq=seq)
    bench.index_all()
    clock = count()
    bench.now = lambda: float(next(clock))
    found = bench.searcher.search(search("word", limit=9))
    assert found.rows == []
    assert found.looked_to_ms is None or found.looked_to_ms > 0
    bench.now = lambda: 0.0
    assert bench.searcher.search(search("word")).looked_to_ms is None


def test_only_the_newest_are_looked_through_without_an_index(bench: Bench) -> None:
    """That costs the same, however far the index is behind."""
    bench.says(*(f"word {number}" for number in range(NEWEST_ENTRIES + 1)))
    assert bench.finds("word", limit=1, oldest_first=True) == ["word 1"]


# --- What was erased -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "erasing",
    [
        "DELETE FROM log WHERE seq = 2",
        "UPDATE log SET kind = 'REDACTED', text = '' WHERE seq = 2",
        "UPDATE log SET text = 'harmless' WHERE seq = 2",
    ],
)
@pytest.mark.parametrize("full", [False, True], ids=["newest part", "full part"])
def test_erased_is_erased(bench: Bench, tmp_path: Path, erasing: str, full: bool) -> None:
    """It is not found from that moment on; and then it is in no file of the index."""
    bench.says("before", "swordfish", "after")
    if full:
        bench.says("far behind", seq=PART_ENTRIES + 1)
    bench.index_all()
    assert bench.finds("swordfish") == ["swordfish"]
    assert holding(tmp_path, "swordfish")
    bench.log.execute(erasing)
    assert bench.finds("swordfish") == []
    bench.index_all()
    bench.log.cut_log()
    assert holding(tmp_path, "swordfish") == []
    kept = bench.finds()
    assert [text for text in kept if text in ("before", "after")] == ["before", "after"]
    assert bench.finds("harmless") == (["harmless"] if "harmless" in erasing else [])


def test_what_is_erased_while_its_part_is_made_anew_is_erased_too(
    bench: Bench, tmp_path: Path
) -> None:
    """The part is then made once more."""
    bench.says(*(f"word{number} swordfish" for number in range(3000)))
    bench.index_all()
    bench.log.execute("DELETE FROM log WHERE seq = 2")
    bench.index.step()
    bench.log.execute("DELETE FROM log WHERE seq > 0")
    assert bench.finds("swordfish") == []
    bench.index_all()
    bench.log.cut_log()
    assert holding(tmp_path, "swordfish") == []


def test_a_rebuilding_that_was_interrupted_is_begun_again(bench: Bench) -> None:
    """As after a crash."""
    bench.says(*(f"word{number}" for number in range(3000)))
    bench.index_all()
    bench.log.execute("DELETE FROM log WHERE seq = 3")
    bench.index.step()
    bench.index.close()
    bench.index = SearchIndex(bench.path, bench.location)
    bench.index_all()
    assert bench.finds("word2", oldest_first=True)[0] == "word20"
    assert bench.finds("word2999") == ["word2999"]


# --- The file ------------------------------------------------------------------------------------


def test_it_is_private(bench: Bench, tmp_path: Path) -> None:
    """All its files, from birth."""
    bench.says("hello")
    bench.index.step()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("search.db*")}
    assert modes == {"search.db": 0o600, "search.db-wal": 0o600, "search.db-shm": 0o600}


def test_the_index_of_another_log_is_thrown_away(bench: Bench) -> None:
    """As after a backup was restored: the numbers are given again."""
    bench.says("swordfish")
    bench.index_all()
    bench.index.close()
    bench.log.execute("UPDATE meta SET value = 'other' WHERE key = 'instance'")
    bench.log.execute("UPDATE log SET text = 'tuna'")
    bench.index = SearchIndex(bench.path, bench.location)
    assert bench.finds("tuna") == ["tuna"]
    bench.index_all()
    assert bench.finds("tuna") == ["tuna"]
    assert bench.finds("swordfish") == []


def test_a_damaged_index_is_made_anew(bench: Bench) -> None:
    """It is nobody's only copy."""
    bench.says("swordfish")
    bench.index_all()
    bench.index.close()
    bench.path.write_bytes(b"not a database, and long enough to be looked at as one" * 100)
    bench.path.with_name("search.db-wal").unlink(missing_ok=True)
    with pytest.raises(StoreError, match="is made anew"):
        SearchIndex(bench.path, bench.location)
    bench.index = SearchIndex(bench.path, bench.location)
    bench.index_all()
    assert bench.finds("swordfish") == ["swordfish"]


def test_an_index_that_is_damaged_inside_is_made_anew(bench: Bench) -> None:
    """Also where that shows only when it is written to."""
    bench.says("swordfish")
    bench.index_all()
    bench.index.close()
    damaged = bytearray(bench.path.read_bytes())
    damaged[4096:] = bytes(len(damaged) - 4096)
    bench.path.write_bytes(damaged)
    bench.says("tuna")
    for _ in range(2):
        try:
            bench.index = SearchIndex(bench.path, bench.location)
            bench.index_all()
        except StoreError:
            continue
    assert bench.finds("swordfish") == ["swordfish"]
    assert bench.finds("tuna") == ["tuna"]


def test_a_damaged_log_leaves_the_index(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be made in vain, again and again."""
    bench.says("swordfish")
    bench.index_all()
    monkeypatch.setattr(search_index, "_STALE", "SELECT raise_nothing()")
    with pytest.raises(StoreError):
        bench.index.step()
    assert bench.path.exists()


def test_the_writer_of_the_log_waits_for_nothing(bench: Bench) -> None:
    """Neither while the index is written, nor for what it reads."""
    bench.says(*(f"word {number}" for number in range(1500)))
    bench.log.wait_at_most(0)
    for _ in range(3):
        bench.log.begin()
        bench.says("one more")
        bench.index.step()
        bench.log.commit()
    bench.index_all()
    assert bench.finds("more", limit=9) == ["one more"] * 3


def test_without_an_index_the_newest_are_not_found_either(
    tmp_path: Path, location: Location
) -> None:
    """It is an error, which the asker is told."""
    open_database(location).close()
    searcher = Searcher(location, tmp_path / "search.db")
    with pytest.raises(StoreError):
        searcher.search(search("x"))
    sqlite3.connect(tmp_path / "search.db").close()
    searcher.close()
