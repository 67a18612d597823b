"""What a command loads before it has anything to do: people wait for it each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import securechat.client

CLIENT = Path(securechat.client.__file__).parent

HEAVY = {
    *("ssl", "securechat.client.session.events", "securechat.client.wire", "securechat.net"),
    *("prompt_toolkit", "textual", "rich", "pygments", "wcwidth"),
    *("cryptography", "keyring", "secretstorage", "jeepney", "bcrypt", "qrcode", "segno"),
    *("asyncio", "concurrent", "logging", "sqlite3", "difflib", "email", "importlib.metadata"),
    *(
        "securechat.client.api",
        "securechat.client.screens.full",
        "securechat.client.screens.prompt",
    ),
    *("securechat.core", "securechat.store", "securechat.server"),
}


@pytest.mark.parametrize("module", ["securechat.client", "securechat.client.commands.cli"])
def test_what_takes_long_is_loaded_only_where_it_is_used(module: str) -> None:
    """Screens, keyrings, certificates, the server's own packages."""
    # Beside what Python itself loads, which an installation for development adds to.
    code = (
        f"import sys; before = {{*sys.modules}}; import {module}; print(*{{*sys.modules}} - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    assert loaded & HEAVY == set()


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
