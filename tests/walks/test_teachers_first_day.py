"""A teacher's first day, in the programs that people have: from the first start over a class of
slips to the mistakes of the list and what was said, on one server.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.terminal import Terminal
from tests.support.preloaded import ROOT, run_program
from tests.support.process import ServerProcess, serving, write_config

CLASS = (
    "\ufeffPassword;Name;Display\r\n"
    ";maria;Мария Ивановна Кузнецова\r\n"
    "violet kettles; dance 4;ben;Ben Okafor\r\n"
    ";ليلى;ليلى عبد الرحمن\r\n"
    ";alcie;Alice Smith\r\n"
).replace("violet kettles; dance 4", '"violet kettles; dance 4"')

SLIP = re.compile(r"Login name: +(\S+)\nPassword: +(.+)\nIn a terminal: .* (\S+)\n")


class Teacher:
    """At the machine that the server runs on. home: of her files."""

    def __init__(self, server: ServerProcess, home: Path) -> None:
        self.data = str(server.data.path)
        self.home = home
        self.environment = {
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "LANGUAGE": "en",
        }

    def types(self, *words: str, code: int = 0) -> str:
        """One command of securechat-admin; all that it says. code: how it is to end."""
        done = run_program(
            "securechat.admin.cli",
            ["securechat-admin", "--data", self.data, *words],
            seconds=60,
            env={**os.environ, **self.environment},
            start_new_session=True,  # no terminal to show a password on
        )
        told = done.stdout + done.stderr
        assert done.returncode == code, (words, told)
        assert "Traceback" not in told
        return told

    def terminal(self, who: str, *words: str, module: str = "securechat") -> Terminal:
        """One of our programs on somebody's terminal, with settings of their own."""
        settings = {"SECURECHAT_CONFIG_DIR": str(self.home / who)}
        return Terminal(
            *words, env={"PYTHONPATH": str(ROOT), **self.environment, **settings}, module=module
        )


@pytest.fixture
def teacher(tmp_path: Path) -> Iterator[Teacher]:
    config = write_config(tmp_path / "chat.toml", accounts={"registration": "invite"})
    with serving(tmp_path / "data", "--config", config, anew=True) as server:
        teacher = Teacher(server, tmp_path)
        registers(teacher, server.greeting)
        yield teacher


def registers(teacher: Teacher, greeting: str) -> None:
    """She makes her own account with the line that the first start prints, and takes the
    passphrase that is offered.
    """
    [link] = re.findall(r"securechat (securechat://\S+)", greeting)
    with teacher.terminal("teacher", link) as terminal:
        terminal.shows("Name of your account at")
        terminal.types("teacher\r")
        terminal.shows("A password has at least 15 characters")
        terminal.shows("Enter alone takes this one")
        terminal.shows("New password for teacher: ")
        terminal.types("\r")
        terminal.shows("written it down")
        terminal.types("\r")
        terminal.shows("#lobby>")
        terminal.types("exit\r")
        assert terminal.ends() == 0


def talks(terminal: Terminal, text: str) -> None:
    """Says something in the lobby, and leaves."""
    terminal.shows("#lobby>")
    terminal.types(f"{text}\r")
    terminal.shows(f"> {text}")
    terminal.types("exit\r")
    assert terminal.ends() == 0


def test_a_class_is_made_and_talks(teacher: Teacher) -> None:
    """Accounts from a spreadsheet, slips, logins by their words, a late-comer, a misspelt name, a
    renamed pupil, a forgotten password, and what was said in the end.
    """
    sheet, slips = teacher.home / "class.csv", teacher.home / "slips.txt"
    sheet.write_bytes(CLASS.encode())
    made = ("--make-passwords", "--slips", str(slips), "--slips", str(slips.with_suffix(".html")))
    assert "4 accounts were added." in teacher.types("user", "import", str(sheet), *made)
    people = {name: (word, link) for name, word, link in SLIP.findall(slips.read_text())}
    assert list(people) == ["maria", "ben", "ليلى", "alcie"]
    assert people["ben"][0] == "violet kettles; dance 4"

    # A pupil types what is on the slip.
    password, link = people["maria"]
    with teacher.terminal("maria", link, "--no-remember") as terminal:
        terminal.shows("Password of maria at")
        terminal.types(f"{password}\r")
        talks(terminal, "hello, this is maria")
        assert password not in terminal.text

    # Somebody who isn't on the list makes an account by an invite.
    [invite] = re.findall(r"^securechat://\S+$", teacher.types("invite"), re.MULTILINE)
    with teacher.terminal("noor", invite, "--account", "noor") as terminal:
        terminal.shows("New password for noor: ")
        terminal.types("\r")
        terminal.shows("written it down")
        terminal.types("\r")
        talks(terminal, "noor is here")

    # A name was misspelt: nobody has heard of it, so it can be freed, and the list be mended.
    teacher.types("user", "delete", "alcie", "--yes")
    assert "The name alcie is free" in teacher.types("user", "free", "alcie")
    sheet.write_bytes(CLASS.replace("alcie", "alice").encode())
    again = ("--make-passwords", "--slips", str(teacher.home / "more.txt"))
    told = teacher.types("user", "import", str(sheet), *again)
    assert "One account was added.\n3 were there already, and stay as before." in told
    teacher.types("user", "delete", "maria", code=2)  # a script must say --yes

    # Another one is renamed while she is there, and comes back by what is on her slip.
    with teacher.terminal("maria", link, "--no-remember") as terminal:
        terminal.shows("Password of maria at")
        terminal.types(f"{password}\r")
        terminal.shows("#lobby>")
        teacher.types("user", "rename", "maria", "marusya")
        terminal.shows("maria is now marusya")
        terminal.shows("The administrator has changed your name")
    with teacher.terminal("maria", link, "--no-remember") as terminal:
        terminal.shows("Password of maria at")
        terminal.types(f"{password}\r")
        terminal.shows("#lobby>")
        terminal.types("still me\r")
        terminal.shows("<marusya> still me")

    # One has forgotten the password: the new one is shown on the terminal alone.
    assert "on a terminal only" in teacher.types("user", "passwd", "ben", "--generate", code=2)
    words = ("--data", teacher.data, "user", "passwd", "ben", "--generate")
    with teacher.terminal("teacher", *words, module="securechat.admin.cli") as terminal:
        terminal.shows("The password of ben, which is shown this once")
        assert terminal.ends() == 0
        assert re.search(r"\n\s+[a-z]+(-[a-z]+){4}\s", terminal.text)

    # In the end, what was said.
    said = teacher.home / "lobby.jsonl"
    teacher.types("export", "channel", "#lobby", str(said))
    entries = [json.loads(line) for line in said.read_text().splitlines()]
    texts = {entry["text"]: entry for entry in entries if entry.get("text")}
    assert {"hello, this is maria", "noor is here", "still me"} <= texts.keys()
    assert "marusya" in json.dumps(texts["hello, this is maria"])
