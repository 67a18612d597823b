"""The file of the index: what becomes of searching when it is taken away, damaged or cut short."""

from __future__ import annotations

import contextlib
import pickle
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.store.database import Location
from securechat.store.errors import StoreError
from securechat.store.search.index import SearchIndex
from tests.support.search import Bench

KEEPER = """
import pickle
import sys
from pathlib import Path
from securechat.store.search.index import SearchIndex
index = SearchIndex(Path(sys.argv[1]), pickle.loads(bytes.fromhex(sys.argv[2])))
while index.step():
    print("a step", flush=True)
"""


@pytest.fixture
def bench(tmp_path: Path, location: Location) -> Iterator[Bench]:
    made = Bench(tmp_path, location)
    yield made
    made.close()


def made_anew(bench: Bench) -> None:
    bench.index.close()
    bench.index = SearchIndex(bench.path, bench.location)
    bench.index_all()


def test_one_that_was_removed_is_made_anew(bench: Bench) -> None:
    """Who keeps it sees that it is lost, and who searches is told until there is another one."""
    bench.says("swordfish")
    bench.index_all()
    assert bench.finds("swordfish") == ["swordfish"]
    assert not bench.index.is_lost
    bench.path.unlink()
    assert bench.index.is_lost
    with pytest.raises(StoreError):
        bench.finds("swordfish")
    made_anew(bench)
    assert not bench.index.is_lost
    assert bench.finds("swordfish") == ["swordfish"]
    (count,) = bench.index._connection.execute("SELECT sum(upto) FROM parts").fetchone()
    assert count == 1


def test_where_a_part_cannot_be_read_it_is_removed(bench: Bench) -> None:
    """Who keeps it has read that part for the last time long ago: it would never notice."""
    bench.says(*(f"word{number}" for number in range(300)))
    bench.index_all()
    bench.index.close()
    with contextlib.closing(sqlite3.connect(bench.path)) as index:
        index.execute("UPDATE part_0_0_data SET block = x'ffff' WHERE id > 10")
        index.commit()
    with pytest.raises(StoreError, match="damaged"):
        bench.finds("word7")
    assert not bench.path.exists()
    made_anew(bench)
    assert bench.finds("word299") == ["word299"]


def test_where_the_log_cannot_be_read_the_index_stays(bench: Bench) -> None:
    """It would be made in vain."""
    bench.says("swordfish")
    bench.index_all()
    bench.log.execute("ALTER TABLE log RENAME TO elsewhere")
    with pytest.raises(StoreError):
        bench.finds("swordfish")
    assert bench.path.exists()


def test_one_whose_keeper_was_killed_goes_on_where_it_was(bench: Bench) -> None:
    """Whatever the moment: nothing is missing in it, and nothing is in it twice."""
    bench.says(*(f"swordfish number{number}" for number in range(6000)))
    location = pickle.dumps(bench.location).hex()
    command = [sys.executable, "-c", KEEPER, str(bench.path), location]
    bench.index.close()
    for steps in (1, 2, 1):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as keeper:
            assert keeper.stdout is not None
            for _ in range(steps):
                assert keeper.stdout.readline()
            keeper.send_signal(signal.SIGKILL)
    made_anew(bench)
    with contextlib.closing(sqlite3.connect(bench.path)) as index:
        found = index.execute(
            "SELECT rowid FROM part_0_0 WHERE part_0_0 MATCH 'swordfish' ORDER BY rowid"
        ).fetchall()
    assert found == [(seq,) for seq in range(1, 6001)]
