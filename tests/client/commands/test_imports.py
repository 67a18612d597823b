"""What a command loads before it has anything to do: people wait for it each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import securechat.client

CLIENT = Path(securechat.client.__file__).parent

SELDOM = {
    *("prompt_toolkit", "textual", "rich", "pygments", "wcwidth"),
    *("cryptography", "keyring", "secretstorage", "jeepney", "bcrypt", "qrcode", "segno"),
    *("asyncio", "concurrent", "logging", "sqlite3", "difflib", "email", "importlib.metadata"),
    *("precis_i18n", "platformdirs", "tempfile", "importlib.resources", "getpass"),
    *("click.shell_completion", "securechat.client.screens.full"),
    *("securechat.client.api", "securechat.client.screens.prompt"),
    *("securechat.core", "securechat.store", "securechat.server"),
    *(
        "securechat.client.open",
        "securechat.client.stores",
        "subprocess",
        "securechat.web",
        "h11",
        "websockets",
        "webbrowser",
    ),
}
"""What few commands need, or those alone that ask or show something."""

CONNECTED = {
    *("ssl", "socket", "selectors", "shutil"),
    *("securechat.client.session.events", "securechat.client.wire", "securechat.net"),
}
"""What those need that talk to a server, and help doesn't."""

COMMANDS = "securechat.client.commands"
LOGS_IN = [f"{COMMANDS}.{name}" for name in ("tail", "assemble", "history", "rooms", "sessions")]


def loaded(module: str) -> set[str]:
    """The modules that importing one loads, beside what Python itself does, which an installation
    for development adds to.
    """
    code = (
        f"import sys; before = {{*sys.modules}}; import {module}; print(*{{*sys.modules}} - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert module.partition(",")[0] in found
    return found


@pytest.mark.parametrize("module", ["securechat.client", f"{COMMANDS}.cli"])
def test_what_takes_long_is_loaded_only_where_it_is_used(module: str) -> None:
    """Screens, keyrings, certificates, the server's own packages, and the network."""
    assert loaded(module) & (SELDOM | CONNECTED) == set()


def test_a_command_that_logs_in_loads_what_it_needs() -> None:
    """No screen, and nothing that belongs to another command's work."""
    assert loaded(", ".join([*LOGS_IN, f"{COMMANDS}.cli"])) & SELDOM == set()


def test_plain_values_are_records() -> None:
    """A dataclass takes ten times as long to load. Those of the API are for programs, which know
    the functions of dataclasses, and the full screen takes longer than any of them.
    """
    with_dataclasses = {
        path.relative_to(CLIENT).as_posix()
        for path in CLIENT.rglob("*.py")
        if "from dataclasses import" in path.read_text("utf-8")
    }
    elsewhere = {name for name in with_dataclasses if not name.startswith("screens/full/")}
    assert elsewhere == {"api/values.py"}
