"""Promise 7: a stolen database yields no passwords; logs hold no secrets; remote text can't drive
a terminal.
"""

from __future__ import annotations

import json
import re
import signal
import sqlite3
from pathlib import Path

import bcrypt
import pytest

from securechat.store.sqlite.database import FILE_NAME
from tests.support.client import Client, sasl_plain
from tests.support.process import ServerProcess, add_accounts, serving, write_config
from tests.support.server import running

RIGHT = "the quick brown otter 7"
WRONG = "seventeen green herons"
NEW = "violet kettles dance 4"
CODE = "no-such-invite-code"
TEXTS = ["a message to all", "a message to one", "a topic of ours", "reason to part", "farewells"]
KEY = "roomkey99"


def lives_a_day(server: ServerProcess) -> None:
    """Everything that has to do with secrets, done right and done wrong."""
    alice = server.member("alice", caps="echo-message")
    fails(server, f"PASS :alice:{WRONG}", "NICK alice", "USER alice 0 * :A")
    fails(server, f"PASS :{WRONG}", "NICK nobody", "USER nobody 0 * :N")
    payload = sasl_plain("alice", WRONG)
    fails(server, *["AUTHENTICATE PLAIN", f"AUTHENTICATE {payload}"] * 3)
    with server.connect() as person:
        person.sends("NICK zelda", f"REGISTER * {CODE} :{NEW}")
        assert " FAIL REGISTER " in person.hears_line()
        person.sends(f"REGISTER * * :{NEW}", "USER zelda 0 * :Z")
        person.hears_until(" 422 ")
        person.says(f"PASS :zelda:{NEW}", f"AUTHENTICATE {NEW}", f"OPER zelda {NEW}")
    alice.sends("JOIN #den", f"MODE #den +k {KEY}", f"PRIVMSG #lobby :{TEXTS[0]}")
    alice.sends(f"PRIVMSG zelda :{TEXTS[1]}", f"TOPIC #den :{TEXTS[2]}", f"PART #den :{TEXTS[3]}")
    alice.sends("PRIVMSG #lobby", f"NONSENSE {TEXTS[0]}", f"QUIT :{TEXTS[4]}")
    alice.hears_the_end()
    alice.hangs_up()


def fails(server: ServerProcess, *lines: str) -> None:
    with server.connect() as person:
        person.sends(*lines)
        person.hears_the_end()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_what_a_server_leaves_behind_holds_no_secret(tmp_path: Path, log_format: str) -> None:
    """Its log neither passwords, invite codes nor texts; its files no password and no code, also
    while it runs and has not tidied up.
    """
    data = tmp_path / "data"
    add_accounts(data, "alice")
    config = write_config(tmp_path / "config.toml")
    with serving(data, "--config", config, "--log-format", log_format) as server:
        lives_a_day(server)
        running_files = b"".join(path.read_bytes() for path in data.glob(FILE_NAME + "*"))
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
    secrets = [RIGHT, WRONG, NEW, CODE]
    assert [s for s in [*secrets, KEY, *TEXTS, "$2b$"] if s in server.log] == []
    assert server.log.count("login") >= 3
    left = running_files + b"".join(path.read_bytes() for path in data.glob(FILE_NAME + "*"))
    assert TEXTS[0].encode() in left
    assert [s for s in secrets if s.encode() in left] == []


def test_a_first_invite_is_printed_and_never_logged(tmp_path: Path) -> None:
    """It is for the person at the terminal; a log may be read by others. The database has a hash
    of it.
    """
    data = tmp_path / "data"
    with serving(data) as server:
        [code] = re.findall(r"securechat://[^/]+/([^/]+)/", server.greeting)
        with server.connect() as person:
            person.registers("alice", password=NEW, code=code)
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
    assert code not in server.log
    assert "registration account=alice" in server.log
    assert code.encode() not in (data / FILE_NAME).read_bytes()


@pytest.mark.parametrize("cost", [4, 6])
def test_stored_passwords_are_bcrypt_with_the_configured_cost(tmp_path: Path, cost: int) -> None:
    """Each with a salt of its own: the same password is stored twice in two forms."""
    accounts = {"bcrypt_cost": cost}
    with running(tmp_path / "data", accounts=accounts) as server:
        for name in ("zelda", "yvonne"):
            with server.connect() as person:
                person.registers(name, password=NEW)
        stored = passwords(server.data.database)
    hashes = [re.fullmatch(r".*?(\$2b\$(\d\d)\$[./A-Za-z0-9]{53})", text) for text in stored]
    assert [found and int(found[2]) for found in hashes] == [cost, cost]
    assert len({found and found[1] for found in hashes}) == 2
    assert not any(bcrypt.checkpw(NEW.encode(), f[1].encode()) for f in hashes if f)  # pre-hashed


def passwords(database: Path) -> list[str]:
    connection = sqlite3.connect(database)
    found = [text for (text,) in connection.execute("SELECT password FROM accounts")]
    connection.close()
    return found


def test_a_login_after_the_cost_was_raised_makes_a_new_hash(tmp_path: Path) -> None:
    """So that old accounts get the protection of the day, with their next login."""
    add_accounts(tmp_path / "data", "alice")
    config = write_config(tmp_path / "config.toml", accounts={"bcrypt_cost": 5})
    with serving(tmp_path / "data", "--config", config) as server:
        server.member("alice").hangs_up()
        server.member("alice").hangs_up()
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
    [stored] = passwords(tmp_path / "data" / FILE_NAME)
    assert "$2b$05$" in stored


EVIL = "\x1b]0;owned\x07\x1b[2J\u202egnp\x9b31m\r2026-01-01 00:00:00 info login account=root"


def annoys(person: Client) -> None:
    """Control sequences wherever a client may put a text."""
    nasty = EVIL.replace("\r", "\x85")
    for line in ("NICK {}", "USER {} 0 * :{}", "PASS {}", "CAP REQ :{}", "{}", "REGISTER {} {} {}"):
        person.sends(line.format(nasty, nasty, nasty))
    person.sock.sendall(b"\x1b[31m\xff\xfe\r\nPRIVMSG\x00\x1b x :y\r\n")
    person.hears()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_remote_text_can_t_drive_the_terminal_of_who_reads_the_log(
    tmp_path: Path, log_format: str
) -> None:
    """No control character, no direction override and no line of a client's reaches it."""
    data = tmp_path / "data"
    add_accounts(data, "alice")
    config = write_config(tmp_path / "config.toml")
    with serving(data, "--config", config, "--log-format", log_format) as server:
        with server.connect() as client:
            annoys(client)
        with server.member("alice") as alice:
            alice.sends(f"PRIVMSG #lobby :{EVIL}", f"AWAY :{EVIL}", f"JOIN #{EVIL}")
            annoys(alice)
            alice.sends("QUIT :" + EVIL.replace("\r", ""))
            alice.hears_the_end()
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
    assert all(c.isprintable() or c == "\n" for c in server.log)
    assert "owned" not in server.log
    assert "account=root" not in server.log
    if log_format == "json":
        assert all(isinstance(json.loads(line), dict) for line in server.log.splitlines())
