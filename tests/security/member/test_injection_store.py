"""A member writes SQL, format strings and templates into everything that is stored, looked up or
logged. All of it is text: what comes back is what was written, and the tables are as they were.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from securechat.admin import cli
from securechat.client.session.actions import TextKind
from securechat.client.session.events.base import Info
from securechat.client.session.events.channels import TopicIs
from securechat.client.session.events.messages import Said
from securechat.client.text.lines import plain
from securechat.client.text.render import Renderer
from securechat.core.auth import throttle
from securechat.irc.message import parse
from tests.support.client import Client, sasl_plain
from tests.support.forked import run_each
from tests.support.process import add_accounts
from tests.support.server import ServerUnderTest, running

SQL = [
    "'; DROP TABLE accounts; --",
    "x'); DELETE FROM log; --",
    '" OR ""="',
    "' OR '1'='1",
    "' UNION SELECT password FROM accounts --",
    "alice'--",
    "\\'; ATTACH DATABASE '/tmp/evil' AS e; --",
    "%' OR folded LIKE '%",
    "1; PRAGMA writable_schema=1",
    "?1 :name @name $name NULL",
]
TEMPLATES = [
    "%s%s%s%n%d %(password)s %(levelname)s",
    "{} {0} {password} {session.password} {0.__class__.__init__.__globals__}",
    "${HOME} $HOME $(id) `id` #{7919*7919} {{7919*7919}} <%= 7919*7919 %>",
    "\\x41\\u0041\\N{BULLET} \\n \\0 %0a %00",
    "!exec /quote <script>alert(1)</script> &lt; ../../../etc/passwd",
]
TEXTS = [*SQL, *TEMPLATES]

TEXT_FIELDS = [
    "PRIVMSG #den :{}",
    "PRIVMSG bob :{}",
    "NOTICE #den :{}",
    "@+draft/react={tag} PRIVMSG #den :{}",
    "TOPIC #den :{}",
    "AWAY :{}",
    "KICK #den carol :{}",
    "REPORT bob :{}",
    "PART #den :{}",
    "QUIT :{}",
]
WORD_FIELDS = [
    "MODE #den +k {}",
    "MODE #den +b {}",
    "MODE #den -b {}",
    "MODE #den +o {}",
    "JOIN #{}",
    "JOIN {}",
    "INVITE {} #den",
    "INVITE bob #{}",
    "WHO {}",
    "WHOIS {}",
    "WHOWAS {}",
    "NAMES #{}",
    "LIST #{}",
    "ISON {}",
    "USERHOST {}",
    "NICK {}",
    "TOKEN CREATE {}",
    "TOKEN REVOKE {}",
    "TOTP CONFIRM {}",
    "TOTP REMOVE {}",
    "PRIVMSG {} :x",
]


def word(text: str) -> str:
    """The same without spaces, as SQL takes a comment for one."""
    return text.replace(" ", "/**/")


def tag(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\:").replace(" ", "\\s")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """For mallory, bob and carol; nobody waits for having guessed."""
    directory = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(throttle, "FREE", throttle.MAX_LEVEL)
        with running(directory / "data", "mallory", "bob", "carol") as server:
            yield server


@contextmanager
def in_the_den(server: ServerUnderTest, *names: str) -> Iterator[list[Client]]:
    """The first of them owns the channel; with the last one who leaves it ends."""
    people = [server.member(name, caps="echo-message message-tags") for name in names]
    for person in people:
        person.says("JOIN #den")
    for person in people:
        person.hears()
    yield people
    for person in people:
        person.says("PART #den")
        person.hangs_up()


def tables(database: Path) -> tuple[object, ...]:
    """The schema, all accounts with their passwords, and whether the file is sound."""
    connection = sqlite3.connect(database)
    schema = connection.execute("SELECT * FROM sqlite_master ORDER BY name").fetchall()
    accounts = connection.execute("SELECT name, password, admin FROM accounts ORDER BY id")
    found = (schema, accounts.fetchall(), connection.execute("PRAGMA integrity_check").fetchone())
    connection.close()
    return found


def test_what_is_written_is_what_is_heard(server: ServerUnderTest) -> None:
    """By those who are there, and by those who come later, from the tables."""
    before = tables(server.data.database)
    heard: list[str] = []
    with in_the_den(server, "mallory", "bob") as (mallory, bob):
        for text in TEXTS:
            mallory.sends(f"TOPIC #den :{text}", f"@+x={tag(text)} PRIVMSG #den :{text}")
            mallory.sends(f"PRIVMSG bob :{text}", f"PRIVMSG carol :{text}", f"NOTICE #den :{text}")
            lines = [parse(line) for line in bob.hears_until(" NOTICE #den ")]
            heard += [message.params[-1] for message in lines]
            assert [m.tags["+x"] for m in lines if "+x" in m.tags] == [text]
    assert heard == [text for text in TEXTS for _ in range(4)]
    with server.connect() as later:
        missed = later.logs_in("carol")
    assert [parse(line).params[-1] for line in missed if "PRIVMSG carol" in line] == [
        *_dated(missed, TEXTS)
    ]
    assert tables(server.data.database) == before


def _dated(lines: list[str], texts: list[str]) -> list[str]:
    """As a client without server-time gets them, with the time in front."""
    stamps = [parse(line).params[-1][:23] for line in lines if "PRIVMSG carol" in line]
    return [stamp + text for stamp, text in zip(stamps, texts, strict=True)]


@pytest.mark.parametrize("field", [*TEXT_FIELDS, *WORD_FIELDS])
def test_no_field_is_executed(server: ServerUnderTest, field: str) -> None:
    """Each field of each command that reaches a table, a look-up or the log."""
    before = tables(server.data.database)
    with in_the_den(server, "mallory", "bob", "carol") as people:
        mallory, bob, carol = people
        for text in TEXTS:
            said = text if field in TEXT_FIELDS else word(text)
            carol.sends("JOIN #den")
            mallory.sends(field.format(said, tag=tag(text)))
            if field.startswith("QUIT"):
                mallory.hears_the_end()
                people[0] = mallory = server.member("mallory")
            mallory.sends("MODE #den -k *", "JOIN #den")
            for person in (mallory, bob, carol):
                assert not [line for line in person.hears() if " 400 " in line]
    assert tables(server.data.database) == before


def test_a_login_and_a_registration_execute_nothing(server: ServerUnderTest) -> None:
    """Names, passwords and codes before a login: by SASL, by PASS, by REGISTER."""
    before = tables(server.data.database)
    for text in TEXTS:
        payload = sasl_plain(text, text)
        lines = [
            [f"PASS :{text}:{text}", f"NICK {word(text)}", f"USER {word(text)} 0 * :{text}"],
            ["PASS :alice' --:x", "NICK alice", "USER alice 0 * :x"],
            ["CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {payload}"],
            [f"NICK {word(text)}", f"REGISTER * {word(text)} :{text}"],
            [f"REGISTER {word(text)} {word(text)} :{text}", f"CAP REQ :{text}", f"PING :{text}"],
        ]
        for said in lines:
            with server.connect() as client:
                client.sends(*said, "QUIT")
                heard = " ".join(client.hears_the_end())
                assert " 900 " not in heard
                assert " 400 " not in heard
    assert tables(server.data.database) == before


def test_what_is_logged_is_not_formatted(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """An entry of the log is made of what was said, never of what that would mean."""
    caplog.set_level(logging.DEBUG)
    for text in TEMPLATES:
        payload = sasl_plain(word(text), text)
        with server.connect() as client:
            client.sends("AUTHENTICATE PLAIN", f"AUTHENTICATE {payload}")
            client.sends(f"NICK {word(text)}", f"REGISTER * {word(text)} :{text}", f"{word(text)}")
            client.sends(f"QUIT :{text}")
            client.hears_the_end()
    said = " ".join(record.getMessage() + repr(record.__dict__) for record in caplog.records)
    assert "login" in said
    assert not [
        text for text in ("__globals__", "uid=", "62710561", "Logging error") if text in said
    ]
    assert "Logging error" not in capsys.readouterr().err


def test_what_is_shown_is_not_formatted() -> None:
    """Nor does our client make anything of it."""
    renderer = Renderer(lambda: datetime(2025, 11, 22, 12, tzinfo=UTC))
    for text in TEXTS:
        for event in (
            Said("#den", "bob", text, TextKind.MESSAGE),
            TopicIs("#den", text),
            Info(text),
        ):
            [line] = renderer.render(event)
            assert plain(line).endswith(text)


# --- the administrator's command line ------------------------------------------------------------


def leaves(command: click.Command, *words: str) -> Iterator[tuple[list[str], click.Command]]:
    """Every command that does something, with the words that lead to it."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from leaves(inner, *words, name)
        if not command.invoke_without_command:
            return
    yield list(words), command


COMMANDS = {" ".join(words): command for words, command in leaves(cli.command)}


@pytest.mark.parametrize("words", COMMANDS)
def test_an_administrator_s_arguments_are_not_executed(tmp_path: Path, words: str) -> None:
    """A name that somebody asked the administrator to type, a note, an id."""
    data = tmp_path / "data"
    add_accounts(data, "alice", "bob")
    before = tables(data / "securechat.db")
    arguments = [p for p in COMMANDS[words].params if isinstance(p, click.Argument)]
    if any(isinstance(argument.type, click.Path) for argument in arguments):
        pytest.skip("its argument is a file")
    commands = []
    for text in (SQL[0], SQL[3], SQL[4], TEMPLATES[0], TEMPLATES[1]):
        given = [text for _ in arguments]
        note = ["--note", text] if words == "invite" else []
        commands.append(["--data", data, *words.split(" "), *note, "--", *given])
    for ended in run_each(cli.main, *commands):
        assert "Traceback" not in ended.text
        assert ended.code in (0, 1, 2)
    assert tables(data / "securechat.db") == before
