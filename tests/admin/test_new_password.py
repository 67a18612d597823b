"""Asking for a new password on a real terminal; the rest is in test_admin_users."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from securechat.admin.new_password import PasswordRules
from securechat.store.passwords import verify_password
from tests.support.admin_cli import GOOD, served_once
from tests.support.pepper import PEPPER

RULES = PasswordRules(4, 15, "otterhouse.example", PEPPER)


def test_on_a_terminal_the_password_is_not_seen(tmp_path: Path) -> None:
    """It is asked for twice; what is typed appears nowhere."""
    cli = served_once(tmp_path / "data")
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "securechat.admin.cli"),
            *("--data", str(cli.data), "user", "add", "alice"),
        ],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    seen = b""
    for prompt in (b"New password for alice: ", b"The same again: "):
        while not seen.endswith(prompt):
            seen += os.read(person, 1024)
        os.write(person, GOOD.encode() + b"\n")
    while b"alice has an account." not in seen:
        seen += os.read(person, 1024)
    assert process.wait(60) == 0
    os.close(person)
    assert GOOD.encode() not in seen
    assert cli.knows("alice", GOOD)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("fourteen chars", "this server asks for at least 15"),
        ("otterhouse.example", "consists mainly of the account's name or the server's"),
        ("alice alice alice", "consists mainly of the account's name"),
        ("aaaaaaaaaaaaaaaaaaaa", "easily guessed"),
        ("", "The password is empty"),
        ("\ud800" * 20, "holds a character that can't be used"),
    ],
)
def test_the_rules_say_why_a_password_is_refused(password: str, told: str) -> None:
    """Length, own names, guessability, form."""
    reason = RULES.why_refused(password, "alice")
    assert reason is not None
    assert told in reason


def test_the_rules_store_at_their_cost() -> None:
    """A good password has no reason against it."""
    assert RULES.why_refused(GOOD, "alice") is None
    stored = RULES.stored(GOOD)
    assert "$2b$04$" in stored
    assert verify_password(GOOD, stored, PEPPER)
