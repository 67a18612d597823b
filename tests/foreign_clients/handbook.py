"""The commands of docs/clients.md and README.md, word for word but for the names that stand for the
reader's.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securechat.credentials.link import InviteLink
from securechat.server.links import make_link
from tests.foreign_clients.driver import CHECKOUT, LOG_TIME, weechat_is_fast
from tests.support.process import ServerProcess
from tests.support.server import PASSWORD, ServerUnderTest, running

Running = ServerUnderTest | ServerProcess
"""In this process, or as one of its own."""


def block(label: str) -> str:
    """The code block of docs/clients.md that bears a label, as it stands there."""
    text = (CHECKOUT / "docs/clients.md").read_text()
    found = re.findall(rf"^```{re.escape(label)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"expected one block {label}, found {len(found)}"
    return str(found[0])


def readme_block(program: str) -> str:
    """The code block of README.md behind the paragraph that begins with the name of a program."""
    text = (CHECKOUT / "README.md").read_text()
    found = re.findall(rf"^{program}\b(?:.+\n)+?```\n((?:(?!```).*\n)+)```$", text, re.MULTILINE)
    assert len(found) == 1, f"expected one block for {program}, found {len(found)}"
    return str(found[0])


def for_reader(
    text: str,
    server: Running,
    account: str,
    *,
    password: str = PASSWORD,
    code: str = "*",
    pin: str = "",
    local_port: int = 6667,
) -> str:
    """A block with a reader's own names in place of the handbook's."""
    text = text.replace("/home/alice", str(server.data.path.parent))
    names = {
        "chat.example": "localhost",
        "10.0.0.5": "127.0.0.1",
        "6697": str(server.port),
        "alice": account,
        "robot": account,
        "PASSWORD": password,
        "CODE": code,
        "PIN": pin,
        "6667": str(local_port),
    }
    pattern = "|".join(rf"\b{re.escape(name)}\b" for name in names)
    return re.sub(pattern, lambda found: names[found[0]], text)


def commands(label: str, server: Running, account: str, **others: Any) -> list[str]:
    """The commands of a block, a line each, for a reader with an account of that name."""
    return for_reader(block(label), server, account, **others).splitlines()


def weechat_speed() -> str:
    """The label of the block about WeeChat's speed that is for the one which is installed."""
    return "weechat-speed-4" if weechat_is_fast() else "weechat-speed-3"


@contextlib.contextmanager
def open_house(home: Path, *names: str, **sections: dict[str, Any]) -> Iterator[ServerUnderTest]:
    """A running server whose CA is where the handbook has it: ~/ca.pem."""
    with running(home / "server", *names, **sections) as server:
        shutil.copy(server.ca, home / "ca.pem")
        yield server


def invite(server: ServerUnderTest) -> InviteLink:
    """A link for one account, in effect."""
    with server.admin() as admin:
        link = make_link(admin, uses=1, days=1)
        server.wait_for(admin.in_effect)
    return link


HOURS = 2


def put_back(home: Path) -> None:
    """Make all that has been said two hours older. The server must not be running."""
    with contextlib.closing(sqlite3.connect(home / "server" / "securechat.db")) as database:
        database.execute("UPDATE log SET at_ms = at_ms - ?", (HOURS * 3_600_000,))
        database.commit()


def hours_ago(line: str) -> str:
    """Two hours before a line's server-time tag, as the programs log times."""
    stamp = re.match(r"@time=(\S+)\.\d{3}Z ", line)
    assert stamp, line
    return (datetime.fromisoformat(stamp[1]) - timedelta(hours=HOURS)).strftime(LOG_TIME)
