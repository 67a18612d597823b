"""What the rules say to the log."""

from __future__ import annotations

import logging

import pytest

from tests.support.stage import RIGHT, WEAK, Stage, plain

SECRETS = [RIGHT, WEAK, "wrong-one", "code-of-an-invite", "psst"]


def facts(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, object]]]:
    return [(record.message, record.__dict__["facts"]) for record in caplog.records]


def test_logins_and_refusals_are_noted(caplog: pytest.LogCaptureFixture) -> None:
    """Who and from where; a name that is nobody's may be a password, and is not."""
    caplog.set_level(logging.INFO, "securechat.audit")
    stage = Stage("alice")
    stage.member("alice")
    stage.stranger().logs_in("hunter2", password="wrong-one")
    stage.stranger().logs_in("alice", password="wrong-one")
    assert facts(caplog) == [
        ("login", {"account": "alice", "address": "192.0.2.1"}),
        ("login refused", {"account": "-", "address": "192.0.2.1"}),
        ("login refused", {"account": "alice", "address": "192.0.2.1"}),
    ]


def test_registrations_are_noted(caplog: pytest.LogCaptureFixture) -> None:
    """With whether an administrator was made."""
    caplog.set_level(logging.INFO, "securechat.audit")
    stage = Stage()
    stage.invite("code-of-an-invite", admin=True)
    person = stage.stranger()
    person.says("NICK carol", "REGISTER * * pw", f"REGISTER * code-of-an-invite {WEAK}")
    person.says("REGISTER * code-of-an-invite pw")
    found = facts(caplog)
    assert [(event, fact.get("reason")) for event, fact in found] == [
        ("registration refused", "INVALID_EMAIL"),
        ("registration refused", "WEAK_PASSWORD"),
        ("account registered", None),
        ("login", None),
    ]
    assert found[2][1]["admin"] is True


def test_no_secret_and_no_text_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is said, at any level."""
    caplog.set_level(logging.DEBUG)
    stage = Stage("alice", "bob")
    stage.invite("code-of-an-invite")
    alice = stage.member("alice")
    alice.says("PRIVMSG bob :psst", "QUIT :psst")
    person = stage.stranger()
    person.says(
        "NICK carol",
        f"REGISTER * code-of-an-invite {WEAK}",
        "PASS alice:wrong-one",
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain('alice', 'wrong-one')}",
        "wrong-one psst",
    )
    logged = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "registration refused" in logged
    assert [secret for secret in SECRETS if f"'{secret}'" in logged or f":{secret}" in logged] == []
    for secret in ("wrong-one", "code-of-an-invite", "psst"):
        assert secret not in logged
