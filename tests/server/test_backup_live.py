"""A backup of a server that is talked on, restored elsewhere and compared row by row."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from securechat.core.auth import totp
from securechat.core.journal.events.accounts import CertificateAdded, FactorSet, RecoveryCodeAdded
from securechat.irc.message import KEY_TAG
from securechat.server.data import DataDirectory
from securechat.store.pepper import find_pepper
from securechat.store.sql.journal import Journal
from securechat.store.sqlite.database import open_database
from tests.support.admin_cli import AdminCli
from tests.support.client import Client, sasl_plain
from tests.support.data_directory import contents
from tests.support.links import PATIENCE
from tests.support.server import PASSWORD, ServerUnderTest, running

SECRET = b"twenty bytes of TOTP"
LOG_LIMITS = {"history": {"replay": 10_000}, "limits": {"unsent_kib": 64 * 1024}}


@dataclass
class Talk:
    """Somebody who talks without a pause, in a thread. echoed: what the server has stored."""

    person: Client
    echoed: list[str] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while not self.ending.is_set():
            text = f"message {len(self.echoed)}"
            self.person.sends(f"PRIVMSG #den :{text}")
            self.person.hears_until(f"PRIVMSG #den :{text}")
            self.echoed.append(text)

    def goes_on(self, count: int = 50) -> None:
        """Returns when so many more are stored."""
        deadline, goal = time.monotonic() + PATIENCE, len(self.echoed) + count
        while len(self.echoed) < goal:
            assert time.monotonic() < deadline, "nothing is stored any more"
            time.sleep(0.005)

    def ends(self) -> None:
        self.ending.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


def protect(server: ServerUnderTest, name: str) -> None:
    """Give somebody a second factor, with a recovery code, on a stopped server."""
    data = server.data
    pepper = find_pepper(data.database, data.pepper)
    with server.admin() as admin:
        account = admin.find(name, name).id
    with closing(Journal(data.database, pepper)) as journal:
        sealed = pepper.seal(SECRET, f"totp {account}")
        digest = pepper.digest(f"recovery {account} abcde-fgh27")
        journal.commit([FactorSet(account, sealed, 0, 1), RecoveryCodeAdded(digest, account)])
        journal.commit([CertificateAdded(b"fingerprint", account, "laptop", 1)])


@dataclass(frozen=True)
class Case:
    """A server's day. token: bob's. before, after: what alice had said when the backup was begun,
    and when it was made. source: its database in the end. restored: the other directory.
    """

    server: ServerUnderTest
    token: str
    before: list[str]
    after: list[str]
    source: Path
    restored: DataDirectory


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    directory = tmp_path_factory.mktemp("live")
    file = directory / "b.tar"
    restored = DataDirectory(directory / "elsewhere/data")
    with running(directory / "server", "alice", "bob", "carol"):
        pass  # there are the tables now
    with running(directory / "server", **LOG_LIMITS) as server:
        cli = AdminCli(server.data.path)
        token = cli("token create bob laptop").out.strip()
        cli("invite --uses 3")
        furnish(server)
    protect(server, "carol")
    with running(directory / "server", **LOG_LIMITS) as server:
        talk = Talk(server.member("alice", caps="echo-message"))
        try:
            talk.goes_on()
            before = list(talk.echoed)
            said = cli(f"backup {file}")
            after = list(talk.echoed)
            talk.goes_on()
        finally:
            talk.ends()
    assert said.code == 0
    assert AdminCli(restored.path)(f"restore {file}").code == 0
    return Case(server, token, before, after, server.data.database, restored)


def furnish(server: ServerUnderTest) -> None:
    """Channels, roles, a ban, an invitation, a topic, a key, a direct conversation."""
    with (
        server.member("alice", caps=[KEY_TAG]) as alice,
        server.member("bob") as bob,
        server.member("carol") as carol,
    ):
        alice.says("JOIN #den", "TOPIC #den :tea", "MODE #den +k keyhole", "MODE #den +b eve!*@*")
        bob.says("JOIN #den keyhole", "PRIVMSG alice :between us")
        carol.says("JOIN #den keyhole", "JOIN #lab")
        alice.sends(f"@{KEY_TAG}=1;+x=y TAGMSG #den")
        alice.says("MODE #den +o bob", "JOIN #attic", "INVITE bob #attic")
        alice.says("MARKREAD #den timestamp=2020-01-01T00:00:00.000Z")
        carol.sends("QUIT")
        carol.hears_the_end()
        alice.says("KICK #den carol :while away")


Tables = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def then(case: Case) -> Tables:
    """What the backup holds."""
    return contents(case.restored.database)


@pytest.fixture(scope="module")
def now(case: Case) -> Tables:
    """What the server held in the end, some messages later."""
    return contents(case.source)


def test_there_is_something_in_every_table(then: Tables) -> None:
    """Or comparing them would show nothing."""
    empty = {name for name, rows in then.items() if not rows}
    # Nothing was erased: of the index, which is in no backup. Nothing is asked for, nobody renamed.
    assert empty == {"search_stale", "requests", "former_names"}


def test_the_log_is_that_of_one_moment(case: Case, then: Tables, now: Tables) -> None:
    """All that was stored when the backup began, in its order, and nothing after a gap; nothing
    that came after it.
    """
    log = sorted(then["log"])  # by number
    assert log == sorted(now["log"])[: len(log)]
    said = [str(row[5]) for row in log if str(row[5]).startswith("message ")]
    assert said[: len(case.before)] == case.before
    # One more may have been stored and not have been echoed yet.
    assert len(case.before) <= len(said) <= len(case.after) + 1
    assert len(log) < len(now["log"])


CHANNELS = ["targets", "memberships", "channel_masks", "invitations"]
CREDENTIALS = ["message_keys", "invites", "tokens", "factors", "recovery_codes"]


@pytest.mark.parametrize("table", ["accounts", *CHANNELS, *CREDENTIALS, "changes"])
def test_every_other_table_is_the_same(then: Tables, now: Tables, table: str) -> None:
    """To the last column."""
    assert then[table] == now[table]


def test_devices_are_the_same_but_for_what_has_arrived_since(then: Tables, now: Tables) -> None:
    """Alice's client has answered for more of it."""
    before, after = (
        {(number, name): int(str(mark)) for number, name, mark, _ in tables["devices"]}
        for tables in (then, now)
    )
    assert before.keys() == after.keys()
    assert all(mark <= after[device] for device, mark in before.items())


def test_the_audit_is_the_same_up_to_the_restoration(then: Tables, now: Tables) -> None:
    """The backup itself is told in the server's, the restoration in the other's."""
    *before, last = sorted(then["audit"])
    assert before == sorted(now["audit"])[: len(before)]
    assert last[2] == "backup restored"
    assert "backup made" in [row[2] for row in now["audit"]]


def test_its_messages_are_named_anew(then: Tables, now: Tables) -> None:
    """The rest that the server knows of itself is as it was."""
    before, after = (dict(map(_pair, tables["meta"])) for tables in (now, then))
    assert before.pop("instance") != after.pop("instance")
    assert before.pop("usage_upto") != after.pop("usage_upto")  # it grows with the log
    assert after == before


def _pair(row: tuple[object, ...]) -> tuple[object, object]:
    key, value = row
    return key, value


# --- the restored server runs --------------------------------------------------------------------


@pytest.fixture(scope="module")
def new(case: Case) -> Iterator[ServerUnderTest]:
    with running(case.restored.path, **LOG_LIMITS) as server:
        yield server


def test_members_recognise_it(case: Case, new: ServerUnderTest) -> None:
    """By the authority that they have pinned."""
    assert new.service.identity.ca_sha256 == case.server.service.identity.ca_sha256
    with new.connect(ca=case.server.ca) as alice:
        alice.logs_in("alice")


def test_members_log_in_as_before(case: Case, new: ServerUnderTest) -> None:
    """With the password, a token, the second factor and a recovery code; not without the factor."""
    assert is_let_in(new, "alice", PASSWORD)
    assert is_let_in(new, "bob", case.token)
    assert not is_let_in(new, "carol", PASSWORD)
    code = totp.code_of(SECRET, int(time.time()) // 30).decode()
    assert is_let_in(new, "carol", PASSWORD + code)
    assert not is_let_in(new, "carol", PASSWORD + code)
    assert is_let_in(new, "carol", PASSWORD + "abcde-fgh27")


def is_let_in(server: ServerUnderTest, name: str, password: str) -> bool:
    with server.connect() as person:
        person.sends("CAP REQ sasl", f"NICK {name}", f"USER {name} 0 * :{name}")
        person.sends("AUTHENTICATE PLAIN")
        payload = sasl_plain(name, password)
        person.sends(f"AUTHENTICATE {payload}")
        answer = person.hears_until(lambda line: " 903 " in line or " 904 " in line)[-1]
    return " 903 " in answer


def test_history_is_there(case: Case, new: ServerUnderTest) -> None:
    """A member who was away while the others talked hears it from the new server, in order."""
    with new.connect() as bob:
        heard = bob.logs_in("bob", password=case.token, caps="server-time")
    said = [line.partition("PRIVMSG #den :")[2] for line in heard if "PRIVMSG #den" in line]
    assert said[: len(case.before)] == case.before
    with closing(open_database(case.restored.database, read_only=True)) as connection:
        log = connection.execute(
            "SELECT text FROM log WHERE text LIKE 'message %' ORDER BY seq"
        ).fetchall()
    assert said == [text for (text,) in log]


def test_talk_goes_on(new: ServerUnderTest) -> None:
    """Numbers are given on from where the backup was made."""
    with new.member("alice", caps="echo-message") as alice:
        alice.sends("PRIVMSG #den :we are back")
        alice.hears_until("PRIVMSG #den :we are back")
