"""A database that a failing disk, a bad copy or another version has left behind: it is refused with
a clear word, or what is sound in it is served; nothing is written over, nobody sees a traceback.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.core.journal.events.accounts import AccountCreated
from securechat.core.journal.events.channels import ChannelCreated, Logged, MemberJoined
from securechat.irc.names import account_name
from securechat.server.cli import main
from securechat.server.data import DataDirectory
from securechat.server.loading import load_model
from securechat.server.storage_health import DAMAGED
from securechat.store import passwords
from securechat.store.errors import DamagedError, StoreError
from securechat.store.pepper import find_pepper
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from securechat.store.sqlite.database import FILE_NAME
from tests.support import forked
from tests.support.client import Client
from tests.support.damage import PAGE, leaves, page_with, spoil
from tests.support.long_form import times
from tests.support.server import COST, PASSWORD, ServerUnderTest, config

TEA, COFFEE = 11, 12
"""Channels; the index of the log has the messages of the lower one first."""
MESSAGES = 1200
"""In each channel: some leaves of the index, and many of the log."""


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    """A directory in which much has been said in two channels; nobody has read any of it."""
    made = DataDirectory(tmp_path / "data")
    made.create()
    pepper = find_pepper(made.database, made.pepper)
    stored = passwords.hash_password(PASSWORD, cost=COST, pepper=pepper)
    forms = [account_name(name) for name in ("alice", "bob", "carol")]
    with closing(Journal(made.database, pepper)) as journal:
        journal.commit(
            [
                *(
                    AccountCreated(n, f.display, f.folded, f.skeleton, stored, False, 1, 0)
                    for n, f in enumerate(forms, 1)
                ),
                ChannelCreated(10, "#lobby", "#lobby", "#lobby", None, "nt", 1),
                ChannelCreated(TEA, "#tea", "#tea", "#tea", 1, "nt", 1),
                ChannelCreated(COFFEE, "#coffee", "#coffee", "#coffee", 1, "nt", 1),
                *(
                    MemberJoined(channel, n, "", 0)
                    for channel in (10, TEA, COFFEE)
                    for n in (1, 2, 3)
                ),
                *(said(seq) for seq in range(1, 2 * MESSAGES + 1)),
            ]
        )
    return made


def said(seq: int) -> Logged:
    return Logged(seq, (COFFEE, TEA)[seq % 2], 1, 1000 + seq, "PRIVMSG", f"text {seq:06}.", None)


# --- what is not served --------------------------------------------------------------------------


def cut(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def without_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE log")


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "half of it": (lambda path: cut(path, path.stat().st_size // 2), "the database is damaged"),
    "a hundred bytes": (lambda path: cut(path, 100), "database"),
    "a text": (lambda path: path.write_text("long ago " * 999), "not a securechat database"),
    "without its first page": (lambda path: spoil(path, 1), "not a securechat database"),
    "another's": (without_log, "no such table: log"),
    "a newer one": (newer, "was made by a newer securechat"),
    "without a page of accounts": (
        lambda path: spoil(path, page_with(path, "carol")),
        "the database is damaged; restore a backup",
    ),
    "without a page of the index": (
        lambda path: spoil(path, leaves(path, "log_messages")[-1]),
        "the database is damaged; restore a backup",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_one_is_refused(data: DataDirectory, what: str) -> None:
    """In one line, with code 1; it stays as it was, for whoever can save something of it."""
    spoils, told = BAD[what]
    spoils(data.database)
    before = data.database.read_bytes()
    ended = forked.run(main, "--data", data.path, "--port", 0)
    assert ended.code == 1
    assert ended.text.startswith("securechat-server: ")
    assert told in ended.text
    assert ended.text.count("\n") == 1
    assert data.database.read_bytes() == before


def test_whatever_stands_in_it_is_served_or_refused(data: DataDirectory) -> None:
    """Bytes anywhere are changed to others: the model is made, or the store tells why not."""
    whole = data.database.read_bytes()
    chance = random.Random(7)
    pepper = find_pepper(data.database, data.pepper)
    refused = 0
    for _ in range(times(60, 3000)):
        spoilt = bytearray(whole)
        for _ in range(chance.choice((1, 1, 4, 16))):
            at = chance.randrange(100, len(whole) if chance.random() < 0.3 else 12 * PAGE)
            spoilt[at : at + 4] = chance.randbytes(4)
        path = data.path / "spoilt" / FILE_NAME
        path.parent.mkdir(exist_ok=True)
        for old in path.parent.iterdir():
            old.unlink()
        path.write_bytes(spoilt[: len(whole)])
        try:
            with closing(Journal(path, pepper)) as journal:
                reader = Reader(journal.connection)
                load_model(reader, pepper)
                reader.missed([(TEA, 0), (COFFEE, 0)], 2 * MESSAGES, MESSAGES, lambda error: None)
        except StoreError:
            refused += 1
    assert refused


# --- what goes on --------------------------------------------------------------------------------


@pytest.fixture
def server(data: DataDirectory) -> Iterator[ServerUnderTest]:
    """A server on the directory, to be opened by the test; a replay may be as long as all of it."""
    server = ServerUnderTest(
        data.path, config(history={"replay": 5000}, limits={"unsent_kib": 8192})
    )
    yield server
    server.close()


def arrives(server: ServerUnderTest, name: str) -> tuple[Client, list[str]]:
    """Somebody and what it has missed of the old messages, by their numbers."""
    person = server.connect()
    return person, person.logs_in(name, caps="server-time")


def numbers(lines: list[str], channel: str) -> list[int]:
    return [int(line[-7:-1]) for line in lines if f" PRIVMSG {channel} :text " in line]


def test_a_bad_page_of_the_log(
    data: DataDirectory, server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """In the middle of old messages: who has missed them gets all but those on it, and is told;
    both channels go on, and who reads nothing of it doesn't notice.
    """
    spoil(data.database, page_with(data.database, "text 001200."))
    server.open()
    alice, lines = arrives(server, "alice")
    for channel in ("#tea", "#coffee"):
        found = numbers(lines, channel)
        assert found == sorted(set(found))
        lost = sorted(set(range(found[0], found[-1] + 1, 2)) - set(found))
        assert lost == list(range(lost[0], lost[-1] + 1, 2))
        assert 1000 < lost[0] <= 1201
        assert 1199 <= lost[-1] < 1500
        assert found[0] < lost[0] < lost[-1] < found[-1]
        assert found[-1] > 2 * MESSAGES - 2
    assert sum("can't be read: the server's database is damaged" in line for line in lines) == 1
    assert "2 channels or conversations can't be read: the database is damaged" in caplog.text
    alice.sends("PRIVMSG #tea :cheers", "PRIVMSG #coffee :cheers")
    bob, lines = arrives(server, "bob")
    assert [line.endswith(":cheers") for line in lines].count(True) == 2
    bob.sends("PRIVMSG #tea :hello")
    assert alice.hears_until(" PRIVMSG ")[-1].endswith("#tea :hello")


def test_a_bad_page_of_an_index(data: DataDirectory, server: ServerUnderTest) -> None:
    """In the place where the messages of one channel go: they can't be stored, and all others can,
    also those of the same moment. Everybody is told once.
    """
    page = page_for_tea(data)
    server.open()
    alice, bob = (server.member(name, caps="echo-message") for name in ("alice", "bob"))
    bob.hears()
    for pragma in ("cache_size = 1", "shrink_memory"):  # much else has been read meanwhile
        server.service._journal.connection.execute(f"PRAGMA {pragma}")
    spoil(data.database, page)
    alice.sends("PRIVMSG #tea :lost", "PRIVMSG #coffee :kept", "PRIVMSG #tea :lost")
    heard = alice.hears() + alice.hears()  # all are told behind all else of that moment
    assert sum(" 400 alice PRIVMSG :Not stored" in line for line in heard) == 2
    assert sum(line.endswith("PRIVMSG #coffee :kept") for line in heard) == 1
    for person, lines in ((alice, heard), (bob, bob.hears())):
        assert sum(DAMAGED in line for line in lines) == 1, person.nick
        assert not any(line.endswith(":lost") for line in lines)
    alice.sends("PRIVMSG #tea :lost", "PRIVMSG bob :kept")
    alice.hears_until(":kept")
    assert [line.endswith(":kept") for line in bob.hears()] == [True]


def page_for_tea(data: DataDirectory) -> int:
    """The page of the index that a new message in TEA wants, and one in COFFEE doesn't."""
    pepper = find_pepper(data.database, data.pepper)
    copy = data.path / "copy.db"
    for page in leaves(data.database, "log_messages"):
        copy.write_bytes(data.database.read_bytes())
        spoil(copy, page)
        with closing(Journal(copy, pepper)) as journal:
            journal.commit([said(9002)])
            try:
                journal.commit([said(9001)])
            except DamagedError:
                return page
    raise AssertionError("no page is TEA's alone")


def test_a_bad_page_of_accounts(
    data: DataDirectory, server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """Found when it is read: whose it is can't log in, and is told to try again; everybody else
    can, and who is there talks on.
    """
    many = [f"user{number:03}" for number in range(200)]
    server.add(*many)
    server.open()
    alice = server.member("alice", caps="echo-message")
    alice.hears()
    first, *_, last = leaves(data.database, "accounts")
    hit = names_on(data.database, last, many)
    spoil(data.database, last)
    server.service._workers._stand_ins._until = 0.0  # they are counted again, as every minute
    assert "can't check that now; try again in a minute" in refused(server, hit[0])
    for name in sorted(names_on(data.database, first, many))[:2]:
        assert server.member(name).hears() == []
    alice.sends("PRIVMSG #lobby :still here")
    alice.hears_until(":still here")
    assert "not all accounts can be read: the database is damaged" in caplog.text


def names_on(path: Path, page: int, names: list[str]) -> list[str]:
    """Those names that stand on a page."""
    content = path.read_bytes()[(page - 1) * PAGE : page * PAGE]
    return [name for name in names if name.encode() in content]


def refused(server: ServerUnderTest, name: str) -> str:
    """What somebody is told who may not log in."""
    person = server.connect()
    person.sends(f"PASS :{name}:{PASSWORD}", f"NICK {name}", f"USER {name} 0 * :x")
    return person.hears_the_end()[-1]
