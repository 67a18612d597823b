"""An administrator's first week, in the programs that people have: what is done with a class that
talks, from its list of names to the answer to somebody who wants to be forgotten.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.preloaded import run_program
from tests.support.process import ServerProcess, serving, write_config
from tests.support.server import PASSWORD

HANDBOOK = Path(__file__).parents[2] / "docs" / "operating.md"
PROGRAMS = Path(sys.executable).parent
NEVER_HERE = "192.0.2.0/24"  # of RFC 5737: of examples only


class Administrator:
    """At the machine that the server runs on. home: where it runs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / ".local/share/securechat/server"
        self.data.parent.mkdir(parents=True)
        self.config = home / "chat.toml"
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "PATH": f"{PROGRAMS}:/usr/bin:/bin",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }

    def writes_config(self, **history: object) -> None:
        write_config(self.config, history=history)

    def types(self, *words: str, typed: str = "", code: int = 0) -> str:
        """One command of securechat-admin; what it prints. code: how it is to end."""
        called = [str(PROGRAMS / "securechat-admin"), *words]
        done = run_program(
            "securechat.admin.cli", called, typed=typed, seconds=60, env=self.environment
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr if code else done.stdout

    def asks(self, *words: str) -> list[dict[str, Any]]:
        """One that answers programs: the objects."""
        return [json.loads(line) for line in self.types(*words).splitlines()]

    def runs_script(self, text: str) -> str:
        """Lines for a shell; what they print."""
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", text],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def hears(person: Client, text: str) -> str:
    """The first line with a text in it, of all that comes."""
    return person.hears_until(text)[-1]


def monday(office: Administrator, server: ServerProcess) -> tuple[Client, Client, Client]:
    """The class comes: accounts from a list, and a channel with all of them."""
    rows = "".join(f"{name},{PASSWORD}\n" for name in ("anna", "ben", "carl"))
    office.types("user", "import", "-", typed=f"name,password\n{rows}")
    office.types("user", "admin", "anna")
    people = server.member("anna"), server.member("ben"), server.member("carl")
    office.types("channel", "create", "#club", "--owner", "anna", "--all", "--topic", "Otters")
    for person in people:
        assert "#club" in hears(person, "JOIN #club")
    office.types("channel", "topic", "#club", "Otters, and homework")
    assert hears(people[1], "TOPIC #club :").endswith("Otters, and homework")
    people[1].says("PRIVMSG #club :ben is here")
    return people


def tuesday(office: Administrator, people: tuple[Client, Client, Client]) -> None:
    """Somebody misbehaves."""
    anna, ben, carl = people
    carl.says("PRIVMSG #club :carl says something nasty")
    ben.says("REPORT carl #club :he is mean")
    assert "he is mean" in office.types("reports")
    office.types("channel", "kick", "#club", "carl", "--reason", "be nice")
    for person in people:
        assert hears(person, " KICK #club carl").endswith(":be nice")
    office.types("channel", "ban", "#club", "carl")
    assert any(" 474 " in line for line in carl.says("JOIN #club"))
    office.types("user", "ban", NEVER_HERE, "--for", "12h", "--reason", "flooding", "--yes")
    assert NEVER_HERE in office.types("user", "bans")
    office.types("announce", "The club meets on Friday", "--for", "1h")
    for person in people:
        assert "The club meets on Friday" in hears(person, "NOTICE")
    assert "still-here" in "".join(anna.says("PING still-here") + ben.says("PING still-here"))


def wednesday(office: Administrator, people: tuple[Client, ...]) -> None:
    """The school decides for how long all is kept; a file with a mistake changes nothing."""
    office.writes_config(tell=True, keep_days=365)
    assert "history.keep_days" in office.types("reload")
    for person in people:
        assert "kept on this server for 365 days" in hears(person, "NOTICE")
    office.config.write_text("[history]\nkeep_days = 'a year'\n")
    assert "keep_days" in office.types("reload", code=1)
    assert "365 days" in "".join(people[0].says("POLICY"))
    office.writes_config(tell=True, keep_days=365)
    assert re.search(r"history.keep_days +365 ", office.types("config", "--changed"))


def thursday(office: Administrator) -> None:
    """A backup is restored beside the server, by the very lines of docs/operating.md."""
    [script] = [text for text in blocks("sh") if "mktemp" in text]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    password = office.home / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)
    until = f"until (echo > /dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.1; done\n"
    script = script.replace("16697", str(port)).replace("sleep 5\n", until)
    script = script.replace("'#lobby'", "'#club'").replace("alice@", "ben@")
    script = re.sub(
        r"^securechat history.*", rf"\g<0> --password-file {password}", script, flags=re.M
    )
    assert "ben is here" in office.runs_script(script)


def blocks(language: str) -> list[str]:
    """The handbook's blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", HANDBOOK.read_text(), re.DOTALL)


def friday(office: Administrator, people: tuple[Client, ...]) -> None:
    """Carl leaves, wants all that is kept of him, and to be forgotten."""
    office.types("user", "disable", "carl")
    assert people[2].hears_the_end()
    kept = office.asks("export", "user", "carl", "-")
    assert "carl says something nasty" in [row.get("text") for row in kept]
    office.types("user", "erase", "carl", "--yes")
    office.types("user", "delete", "carl", "--yes")
    office.types("channel", "retention", "#club", "30")
    said = [row.get("text") for row in office.asks("export", "channel", "#club", "-")]
    assert "ben is here" in said
    assert "carl says something nasty" not in said
    for file in office.data.glob("*.db*"):
        assert b"nasty" not in file.read_bytes(), file


def weekend(office: Administrator) -> None:
    """All of it is in the audit, by whom and when, and the server is in order."""
    found = office.asks("audit", "--all", "--json")
    by_hand = {row["event"] for row in found if row["account"].startswith("os:")}
    assert by_hand >= {
        *("account created", "channel created", "topic changed", "kick", "account disabled"),
        *("address banned", "backup made", "history exported", "messages erased"),
        *("account deleted", "retention set"),
    }, by_hand
    now = json.loads(office.types("status", "--json", code=1))
    [warning] = now["warnings"]
    assert "bcrypt_cost is 4" in warning  # as all tests have it, to be quick
    office.types("check")


@pytest.mark.timeout(240)
def test_an_administrators_first_week(tmp_path: Path) -> None:
    """Beside people who talk: nobody is dropped who wasn't to be, and a restart has it all."""
    office = Administrator(tmp_path)
    office.writes_config(tell=True)
    with serving(office.data, "--config", office.config) as server:
        people = monday(office, server)
        tuesday(office, people)
        wednesday(office, people)
        thursday(office)
        friday(office, people)
        weekend(office)
        assert people[0].says("PING still-here")
        server.tell(signal.SIGTERM)
        assert server.ends() == 0
    with serving(office.data, "--config", office.config) as server:
        ben = server.member("ben", caps="draft/chathistory batch server-time")
        heard = ben.says("CHATHISTORY LATEST #club * 100")
        assert any("ben is here" in line for line in heard)
        assert not any("nasty" in line for line in heard)
