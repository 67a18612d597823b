"""Invite links: where they lead, how long they work, and the first one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.credentials.link import InviteLink, code_digest
from securechat.server.links import DAY_MS, FIRST_DAYS, first_link, login_link, make_link
from securechat.store.admin import Admin, NewAccount
from securechat.store.sql.journal import Journal
from securechat.store.sql.rows import InviteRow
from securechat.store.sqlite.database import FILE_NAME
from tests.support.pepper import PEPPER

PIN = bytes(range(32))


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Admin]:
    """The administrator's access to a database on which a server has run."""
    journal = Journal(tmp_path / FILE_NAME, PEPPER)
    for key, value in {"host": "chat.example", "port": "6698", "ca_sha256": PIN.hex()}.items():
        journal.remember(key, value)
    journal.close()
    admin = Admin(tmp_path / FILE_NAME)
    yield admin
    admin.close()


def stored(admin: Admin, link: InviteLink) -> InviteRow:
    [row] = [r for r in admin.reader.invites() if r.code_sha256 == code_digest(link.code)]
    return row


def test_a_link_leads_to_the_server_that_ran_here(admin: Admin) -> None:
    """Host, port and CA are those it remembered, without asking the administrator."""
    link = make_link(admin, uses=1, days=7)
    assert (link.host, link.port, link.ca_sha256) == ("chat.example", 6698, PIN)
    assert InviteLink.parse(str(link)) == link


def test_a_link_leads_to_all_nodes(admin: Admin, tmp_path: Path) -> None:
    """An invite and a login link; once to each, whatever list the nodes have."""
    journal = Journal(tmp_path / FILE_NAME, PEPPER)
    journal.remember("addresses", "chat.example:6698,b.example,c.example:443,b.example")
    journal.close()
    further = (("b.example", 6697), ("c.example", 443))
    assert make_link(admin, uses=1, days=7).further == further
    assert login_link(admin.reader, "alice").further == further


def test_a_certificate_of_a_public_ca_isn_t_pinned(admin: Admin, tmp_path: Path) -> None:
    """The client trusts its system's store then."""
    journal = Journal(tmp_path / FILE_NAME, PEPPER)
    journal.remember("ca_sha256", "")
    journal.close()
    assert make_link(admin, uses=1, days=7).ca_sha256 is None


def test_before_any_server_ran_the_defaults_stand_in(tmp_path: Path) -> None:
    """A link can be made, and its host and port are what a server would take."""
    admin = Admin(tmp_path / FILE_NAME)
    link = make_link(admin, uses=1, days=7)
    assert (link.host, link.port) == ("localhost", 6697)
    admin.close()


def test_a_link_has_its_uses_and_its_time(admin: Admin) -> None:
    """As asked for."""
    before = int(time.time() * 1000)
    row = stored(admin, make_link(admin, uses=5, days=0.5, note="for the class"))
    assert (row.uses, row.admin, row.note) == (5, 0, "for the class")
    assert before + DAY_MS // 2 <= row.expires_ms <= int(time.time() * 1000) + DAY_MS // 2


def test_the_code_itself_is_not_stored(admin: Admin, tmp_path: Path) -> None:
    """A stolen database lets nobody in."""
    link = make_link(admin, uses=1, days=7)
    admin.close()
    assert link.code.encode() not in (tmp_path / FILE_NAME).read_bytes()


def test_no_two_links_are_alike(admin: Admin) -> None:
    """Codes are random: 128 bits."""
    codes = {make_link(admin, uses=1, days=7).code for _ in range(20)}
    assert len(codes) == 20
    assert {len(code) for code in codes} == {22}


def test_the_first_link_makes_the_administrator(admin: Admin) -> None:
    """Once, within a week."""
    link = first_link(admin)
    assert link is not None
    row = stored(admin, link)
    assert (row.uses, row.admin) == (1, 1)
    assert row.expires_ms - row.created_ms == FIRST_DAYS * DAY_MS


def test_a_second_start_revokes_the_first_link(admin: Admin) -> None:
    """Its code stood on a screen that nobody looks at any more."""
    first, second = first_link(admin), first_link(admin)
    assert first is not None
    assert second is not None
    assert stored(admin, first).uses == 0
    assert stored(admin, second).uses == 1


def test_with_an_account_there_is_no_first_link(admin: Admin) -> None:
    """A deleted one doesn't count: the server must not be left without a way in."""
    admin.add([NewAccount("alice", "alice", "alice", "hash")], 0)
    assert first_link(admin) is None
    admin.delete(admin.find("alice", "alice"))
    assert first_link(admin) is not None
