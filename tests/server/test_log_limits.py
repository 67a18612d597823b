"""How much of a kind of event the log takes, and that every kind has a bound."""

from __future__ import annotations

import ast
import contextlib
import logging
import re
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import securechat
from securechat.server import log_limits
from securechat.server.log_limits import (
    LINES,
    MOST_KINDS,
    REPORT_SECONDS,
    TRACEBACKS,
    LogAllowance,
    LogLimits,
)
from securechat.server.logs import QueuedHandler, TextFormatter
from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest, running


class Log:
    """Limits with a clock that goes when it is told to, and what has passed them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.limits = LogLimits(lambda: self.now)

    def tells(self, message: str, *args: object, failed: bool = False) -> list[str]:
        info = (ValueError, ValueError("x"), None) if failed else None
        made = logging.LogRecord("x", logging.WARNING, __file__, 0, message, args, info)
        return [passed.getMessage() for passed in self.limits.passed(made)]


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_flood_is_some_lines_and_a_number(log: Log) -> None:
    """A disk must not be filled by knocking."""
    passed = [log.tells("refused %s port %d", "192.0.2.7", number) for number in range(1000)]
    assert sum(map(len, passed)) == LINES.lines
    log.now += REPORT_SECONDS
    assert log.tells("refused %s port %d", "192.0.2.7", 9999) == [
        "800 more like these were not listed: refused … port …",
        "refused 192.0.2.7 port 9999",
    ]


def test_one_flood_leaves_room_for_all_else(log: Log) -> None:
    """Each kind has a bound of its own."""
    for number in range(1000):
        log.tells("refused %d", number)
    assert log.tells("login") == ["login"]


def test_a_few_are_all_there(log: Log) -> None:
    """As many as there is room for, for as long as you like."""
    for number in range(1000):
        assert log.tells("refused %d", number) == [f"refused {number}"]
        log.now += LINES.seconds


def test_who_waits_gets_no_more_than_at_once(log: Log) -> None:
    """What was not used up in a week is no reserve for a flood."""
    log.tells("x")
    log.now += 1e6
    assert sum(bool(log.tells("x")) for _ in range(1000)) == LINES.lines


def test_the_number_comes_with_whatever_is_logged_next(log: Log) -> None:
    """A flood that is over is told of all the same."""
    for _ in range(int(LINES.lines) + 5):
        log.tells("refused")
    log.now += REPORT_SECONDS - 1
    assert log.tells("login") == ["login"]
    log.now += 1
    assert log.tells("login") == ["5 more like these were not listed: refused", "login"]
    log.now += 2 * REPORT_SECONDS
    assert log.tells("login") == ["login"]


def test_at_the_end_the_rest_is_told(log: Log) -> None:
    """Or the last flood would be lost."""
    for _ in range(int(LINES.lines) + 5):
        log.tells("refused")
    assert [entry.getMessage() for entry in log.limits.left_out()] == [
        "5 more like these were not listed: refused"
    ]
    assert list(log.limits.left_out()) == []


def test_tracebacks_are_longer_so_there_are_fewer(log: Log) -> None:
    """A bug that somebody can bring up at will fills no disk either."""
    passed = sum(bool(log.tells("a bug: %s", "JOIN", failed=True)) for _ in range(1000))
    assert passed == TRACEBACKS.lines


def test_texts_that_are_made_up_are_one_kind(log: Log) -> None:
    """Of a library, say: the table of kinds doesn't grow without end either."""
    passed = sum(len(log.tells(f"text number {number}")) for number in range(10_000))
    assert passed == MOST_KINDS + LINES.lines
    assert len(log.limits._kinds) == MOST_KINDS + 1


# --- what is in the code -------------------------------------------------------------------------

SOURCE = Path(securechat.__file__).parent
LOGS = {"debug": 0, "info": 0, "warning": 0, "error": 0, "exception": 0, "critical": 0, "log": 1}
"""Methods of a logger, and where their text stands."""


def calls() -> Iterator[tuple[str, ast.expr]]:
    """Every call that logs, in what the server is made of, with the text it logs."""
    for part in ("core", "net", "server", "store"):
        for path in sorted((SOURCE / part).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                place = f"{part}/{path.name}:{node.lineno}"
                match node.func:
                    case ast.Attribute(value=ast.Name(id="log"), attr=name) if name in LOGS:
                        yield place, node.args[LOGS[name]]
                    case ast.Attribute(value=ast.Name(id="turn"), attr="audit"):
                        yield place, node.args[0]


def test_every_kind_stands_in_the_code() -> None:
    """No call makes its text of what others have said: of such kinds there would be no end."""
    found = list(calls())
    assert len(found) > 30
    made_up = [place for place, text in found if not isinstance(text, ast.Constant)]
    assert [place.partition(":")[0] for place in made_up] == ["core/audit.py"] * 2


# --- floods --------------------------------------------------------------------------------------

AT_ONCE = 5


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the log goes meanwhile, with few lines of each kind."""
    monkeypatch.setattr(log_limits, "LINES", LogAllowance(AT_ONCE, 1e6))
    path = tmp_path / "log"
    root, level = logging.getLogger(), logging.getLogger().level
    with path.open("wb") as stream:
        handler = QueuedHandler(stream.fileno(), "utf-8", TextFormatter(), LogLimits())
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        yield path
        root.setLevel(level)
        handler.close()


def kinds(path: Path) -> Counter[str]:
    """How many lines there are of each kind; the numbers of those that are missing don't count."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, QueuedHandler):
            handler.close()
    lines = [line.split(" ", 2)[2] for line in path.read_text().splitlines()]
    events = [line for line in lines if "more like these were not listed" not in line]
    assert len(events) < len(lines)
    return Counter(re.split(r" [0-9.]+| \w+=", line)[0] for line in events)


def plaintext(server: ServerUnderTest, said: bytes, source: str = "127.0.0.1") -> None:
    """One without TLS, or with what is none."""
    with contextlib.suppress(OSError):
        raw = socket.create_connection(("127.0.0.1", server.port), PATIENCE, (source, 0))
        with raw:
            raw.sendall(said)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(1000):
                pass


def test_the_unauthenticated_fill_no_log(tmp_path: Path, listed: Path) -> None:
    """Whatever is refused: plaintext, spoilt TLS, too many connections, registrations, logins."""
    settings: dict[str, dict[str, Any]] = {
        "accounts": {"registration": "invite", "bcrypt_cost": 4},
        "limits": {"strangers_per_address": 10, "connections_per_address": 30},
    }
    with running(tmp_path / "data", "alice", **settings) as server:
        server.lets_unauthenticated_speak()
        for _ in range(3 * AT_ONCE):
            plaintext(server, b"NICK x\r\n")
            plaintext(server, b"\x16\x03\x01\x00\x05hello")
            plaintext(server, b"")
            with server.connect() as eve:
                eve.sends("NICK eve", "USER eve 0 * :eve", "CAP REQ :draft/account-registration")
                eve.sends(*["REGISTER * nocode :violet kettles dance at 4"] * 9)
                eve.hears_until("REGISTER")
                eve.sends("AUTHENTICATE PLAIN", "AUTHENTICATE !", "BLAH", "@", "JOIN #x")
            with server.connect() as eve:
                eve.sends("PASS :alice:wrong and wrong again", "NICK alice", "USER alice 0 * :x")
                eve.hears_the_end()
            server.forgets_guesses()
        crowd = [server.connect(source="127.0.0.9") for _ in range(10)]
        for _ in range(3 * AT_ONCE):
            plaintext(server, b"", "127.0.0.9")
        for one in crowd:
            one.hangs_up()
    found = kinds(listed)
    assert {"info refused", "info registration refused", "info login refused"} <= set(found)
    assert max(found.values()) <= 2 * AT_ONCE  # "refused …" stands in two places
    assert found.total() <= 10 * AT_ONCE


def test_a_member_fills_no_log(tmp_path: Path, listed: Path) -> None:
    """Neither by what is worth a line, nor by what is nonsense, nor by coming and going."""
    with running(tmp_path / "data", "alice", "mallory") as server:
        for _ in range(2 * AT_ONCE):
            mallory = server.member("mallory")
            mallory.sends("JOIN #mine", "MODE #mine +b x!*@*", "KICK #mine alice", "TOPIC #mine :x")
            mallory.sends("TOKEN CREATE x", "TOKEN REVOKE x", "PASSWD :x", "TOTP REMOVE 1")
            mallory.says(*["BLAH", "@", ":x", "PRIVMSG", "\x01" * 400, "NICK ::"] * 5)
            mallory.sends("QUIT :bye")
            mallory.hears_the_end()
            mallory.hangs_up()
        server.wait_for(lambda: not server.service._hub._rules.model.sessions)
    found = kinds(listed)
    assert {"info login", "info token created", "info disconnected"} <= set(found)
    assert max(found.values()) <= AT_ONCE
    assert not any("bye" in kind or "BLAH" in kind for kind in found)
