"""The rules for the new passwords that are given to somebody."""

from __future__ import annotations

import pytest

from securechat.store.password_rules import PasswordRules
from securechat.store.passwords import verify_password
from tests.support.admin_cli import GOOD
from tests.support.pepper import PEPPER

RULES = PasswordRules(4, 15, "otterhouse.example", PEPPER)


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
