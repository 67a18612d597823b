"""What administrators ask for over a connection, done by a worker on a real database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from securechat.core.administration.remote import BY_WORKER, OF_ADMINISTRATORS, Act, read_facts
from securechat.core.settings import Settings
from securechat.credentials.link import InviteLink, code_digest
from securechat.server import administering as module
from securechat.server.administering import Administering
from securechat.store.admin import APPLIED, Admin, NewAccount
from securechat.store.audit import AuditRow, Wanted
from securechat.store.passwords import verify_password
from securechat.store.sql.journal import Journal
from tests.server.conftest import ALICE, BOB
from tests.support.pepper import PEPPER

COST = 4
SETTINGS = Settings(name="chat.test", version="test", started_ms=0, keep_days=90)


class Desk:
    """What alice, who administers the server, has done by the worker."""

    def __init__(self, database: Path, journal: Journal, admin: Admin) -> None:
        self.journal = journal
        self.admin = admin
        self._worker = Administering(database, database.parent, PEPPER, effect_seconds=0)

    def asks(self, kind: str, **facts: object) -> Any:
        """The answer; a refusal as a text that begins with an exclamation mark."""
        checked = read_facts(kind, json.dumps(facts))
        act = Act(kind, checked, ALICE, "Alice", "192.0.2.1", SETTINGS)
        outcome = self._worker.do(act, cost=COST)
        assert outcome is not None
        return f"!{outcome.refused}" if outcome.refused else json.loads(outcome.answer)

    @property
    def last(self) -> AuditRow:
        """The newest row of the audit."""
        return next(iter(self.admin.audit.rows(Wanted(last=1))))


@pytest.fixture
def desk(tmp_path: Path, journal: Journal, admin: Admin) -> Desk:
    journal.remember("host", "chat.test")
    journal.remember("port", "6697")
    return Desk(tmp_path / "securechat.db", journal, admin)


def test_all_kinds_are_done() -> None:
    """What the rules hand on, and nothing else."""
    assert module._ACTS.keys() == BY_WORKER.keys()


def test_an_invite_is_a_link_for_members(desk: Desk) -> None:
    """As of `securechat-admin invite`; its list has it, and a revoked one is worth nothing."""
    made = desk.asks("invite", uses=25, note="class 7b")
    link = InviteLink.parse(made["link"])
    [row] = desk.admin.reader.invites()
    assert row.code_sha256 == code_digest(link.code)
    assert (row.uses, row.admin, row.note) == (25, 0, "class 7b")
    assert (made["id"], made["page"]) == (row.code_sha256.hex()[:12], "")
    [listed] = desk.asks("invite list")["rows"]
    assert (listed["id"], listed["uses"]) == (made["id"], 25)
    assert desk.asks("invite revoke", id=made["id"]) == made["id"]
    assert desk.asks("invite list")["rows"] == []
    assert desk.asks("invite revoke", id="ffff").startswith("!no invite has the id")


def test_accounts_are_listed_by_pages(desk: Desk) -> None:
    """By their names, and by a part of them; deleted ones are in none."""
    first = desk.asks("user list", limit=1)
    assert ([one["name"] for one in first["rows"]], first["more"]) == (["Alice"], True)
    rest = desk.asks("user list", after="Alice")
    assert ([one["name"] for one in rest["rows"]], rest["more"]) == (["bob"], False)
    [bob] = desk.asks("user list", search="BO")["rows"]
    assert (bob["admin"], bob["disabled"], bob["tokens"], bob["second_factor"]) == (0, 0, 0, 0)


def test_a_person_is_kept_out_and_let_in(desk: Desk) -> None:
    """With the row that securechat-admin writes, under the account's name and address."""
    assert desk.asks("user disable", name="BOB") == "bob"
    assert desk.admin.reader.account_named("bob").disabled  # type: ignore[union-attr]
    row = desk.last
    assert (row.event, row.account, row.address) == ("account disabled", "Alice", "192.0.2.1")
    desk.asks("user enable", name="bob")
    assert not desk.admin.reader.account_named("bob").disabled  # type: ignore[union-attr]


def test_a_new_password_is_made_here(desk: Desk) -> None:
    """It is told this once; the database and the audit have no trace of it."""
    made = desk.asks("user passwd", name="bob")
    stored = desk.admin.reader.password(BOB)
    assert stored is not None
    assert verify_password(made["password"], stored, PEPPER)
    assert desk.last.event == "password set by the administrator"
    assert made["password"] not in f"{[*desk.admin.audit.rows(Wanted())]}{stored}"


@pytest.mark.parametrize("kind", ["user disable", "user passwd", "user remove-factor"])
def test_administrators_are_administered_on_the_machine(desk: Desk, kind: str) -> None:
    """Oneself included: whoever has one of them must not get hold of all."""
    assert desk.asks(kind, name="alice") == f"!{OF_ADMINISTRATORS}"
    assert desk.asks(kind, name="nobody").startswith("!there is no account nobody")


def test_who_has_lost_the_rights_is_refused(desk: Desk) -> None:
    """They may have been taken while the request waited."""
    desk.admin.set_admin(desk.admin.find("alice", "alice"), admin=False)
    for kind in ("kept", "invite"):
        assert desk.asks(kind) == "!you don't administer this server any more"


def test_the_audit_goes_back_by_pages(desk: Desk) -> None:
    """The newest first, and only what is asked for."""
    desk.asks("user disable", name="bob")
    desk.asks("user enable", name="bob")
    page = desk.asks("audit", account="BOB", limit=1)
    assert ([one["event"] for one in page["rows"]], page["more"]) == (["account enabled"], True)
    page = desk.asks("audit", account="bob", before=page["rows"][0]["id"])
    assert [one["event"] for one in page["rows"]] == ["account disabled"]
    assert page["rows"][0]["facts"] == {"account": "bob"}


def test_channels_and_how_long_they_are_kept(desk: Desk) -> None:
    """A channel's own days stand beside the server's."""
    [den] = desk.asks("channel list", search="de")["rows"]
    assert (den["name"], den["members"], den["keep_days"]) == ("#Den", 2, None)
    assert desk.asks("channel list", after="#DEN")["rows"] == []
    assert desk.asks("channel retention", channel="#den", days=30) == "#Den"
    kept = desk.asks("kept")
    assert (kept["keep_days"], kept["channels"]) == (90, [{"name": "#Den", "keep_days": 30}])
    assert kept["files"]["database"] > 0
    assert kept["oldest_ms"].keys() == {"log", "audit"}


def test_it_is_told_whether_a_change_is_in_effect(desk: Desk) -> None:
    """The hub says how far it has come; without it nobody waits for ever."""
    act = Act("user disable", {"name": "bob"}, ALICE, "Alice", "", SETTINGS)
    outcome = desk._worker.do(act, cost=COST)
    assert outcome is not None
    assert not outcome.in_effect
    desk.journal.remember(APPLIED, str(desk.admin.reader.last_change() + 1))
    outcome = desk._worker.do(act, cost=COST)
    assert outcome is not None
    assert outcome.in_effect


def test_what_the_disk_refuses_is_in_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """And its asker hears that the log has it."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "securechat.db").write_text("no database " * 100)
    worker = Administering(
        tmp_path / "other" / "securechat.db", tmp_path / "other", PEPPER, effect_seconds=0
    )
    assert worker.do(Act("kept", {}, ALICE, "Alice", "", SETTINGS), cost=COST) is None
    assert "can't be done: kept" in caplog.text


def test_new_names_are_found_at_once(desk: Desk) -> None:
    """Of any script."""
    desk.admin.add([NewAccount("Мария", "мария", "mapnr", "hash")], 1)
    assert [one["name"] for one in desk.asks("user list", search="МАР")["rows"]] == ["Мария"]
