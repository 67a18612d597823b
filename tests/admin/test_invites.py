"""`securechat-admin invite …` on the directory of a stopped server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from securechat.credentials.link import InviteLink, code_digest
from securechat.store.admin import Admin
from securechat.store.sql.rows import InviteRow
from securechat.store.sqlite.database import FILE_NAME
from tests.support.admin_cli import AdminCli, served_once


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    return served_once(tmp_path / "data")


def invites(cli: AdminCli) -> list[InviteRow]:
    admin = Admin(cli.data / FILE_NAME)
    try:
        return admin.reader.invites()
    finally:
        admin.close()


def test_an_invite_is_a_link(cli: AdminCli) -> None:
    """To the server that last ran there, with its CA's fingerprint; for one account, a week."""
    said = cli("invite")
    assert said.code == 0
    link = InviteLink.parse(said.out)
    assert (link.host, link.port, link.ca_sha256) == ("chat.test", 6697, b"\xab" * 32)
    [row] = invites(cli)
    assert row.code_sha256 == code_digest(link.code)
    assert (row.uses, row.admin, row.note) == (1, 0, "")
    assert row.expires_ms - row.created_ms == 7 * 86_400_000


def test_the_way_to_use_it_is_told_beside_it(cli: AdminCli) -> None:
    """On standard error, so that a script gets nothing but the link."""
    said = cli("invite")
    assert said.out.count("\n") == 1
    first, effect = said.err.splitlines()
    assert first == (f"To use it:  securechat {said.out.strip()}  (works once, within 7 days)")
    assert effect.startswith("No server is running")


def test_the_links_open_in_a_browser_where_there_is_a_page(tmp_path: Path) -> None:
    """The invite with its code behind the #; the login link is the page alone."""
    cli = served_once(tmp_path / "data", web="https://chat.test:8443/")
    said = cli("invite")
    code = InviteLink.parse(said.out).code
    assert f"In a browser:  https://chat.test:8443/#invite={code}\n" in said.err
    assert "In a browser:  https://chat.test:8443/\n" in cli("invite --login").err


def test_an_invite_to_order(cli: AdminCli) -> None:
    """--uses, --days, --admin and --note."""
    said = cli("invite --uses 30 --days 1 --admin --note 'for the class of 2031'")
    assert "(works 30 times, within a day)" in said.err
    [row] = invites(cli)
    assert (row.uses, row.admin, row.note) == (30, 1, "for the class of 2031")
    assert row.expires_ms - row.created_ms == 86_400_000


@pytest.mark.parametrize(
    "options",
    ["--uses 0", "--uses 100001", "--days 0", "--days 3651", "--note '\x1b[2J'", "--note 'a\nb'"],
)
def test_what_an_invite_cannot_be(cli: AdminCli, options: str) -> None:
    """A limit for each; a note is a line of text."""
    said = cli(f"invite {options}")
    assert said.code == 2
    assert "\x1b" not in said.err
    assert invites(cli) == []


def test_a_note_has_a_limit(cli: AdminCli) -> None:
    """It has to fit a table."""
    assert cli(f"invite --note {'x' * 200}").code == 0
    assert cli(f"invite --note {'x' * 201}").code == 2


def test_closed_registration_is_told(tmp_path: Path) -> None:
    """The link won't work until that is changed."""
    cli = served_once(tmp_path / "data", registration="closed")
    said = cli("invite")
    assert said.code == 0
    assert "warning: the link will be refused, as registration is closed here" in said.err


@pytest.mark.parametrize("registration", ["open", "invite"])
def test_no_warning_where_invites_work(tmp_path: Path, registration: str) -> None:
    """Both take a code."""
    cli = served_once(tmp_path / "data", registration=registration)
    assert "warning:" not in cli("invite").err


def test_no_link_to_a_server_that_never_ran(tmp_path: Path) -> None:
    """Its address would be a guess."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    Admin(data / FILE_NAME).close()
    said = AdminCli(data)("invite")
    assert (said.code, said.out) == (1, "")
    assert "has never run, so nobody knows its address yet" in said.err
    assert invites(AdminCli(data)) == []


def test_the_list_shows_all_but_the_codes(cli: AdminCli) -> None:
    """Open, ended and expired ones, with their notes made harmless."""
    code = InviteLink.parse(cli("invite --uses 3 --note 'for Bob'").out).code
    cli("invite --admin")
    ids = [row.code_sha256.hex()[:12] for row in invites(cli)]
    cli(f"invite revoke {ids[1]}")
    admin = Admin(cli.data / FILE_NAME)
    admin.invites.make(uses=1, expires_ms=1000, now_ms=0, note="old\x1b[2J")
    admin.close()
    said = cli("invite list")
    assert code not in said.out
    header, *lines = said.out.splitlines()
    assert header.split() == ["ID", "STATE", "USES", "EXPIRES", "FOR", "NOTE"]
    cells = [re.split(r" {2,}", line) for line in lines]
    assert [(row[1], row[2], *row[4:]) for row in cells] == [
        ("expired", "1", "member", "old\\u001b[2J"),
        ("open", "3", "member", "for Bob"),
        ("ended", "0", "admin"),
    ]
    assert [row[0] for row in cells[1:]] == ids


def test_the_list_for_programs(cli: AdminCli) -> None:
    """--json."""
    cli("invite --note 'for Bob'")
    [entry] = json.loads(cli("invite list --json").out)
    assert re.fullmatch(r"[0-9a-f]{12}", entry.pop("id"))
    assert entry.pop("expires").endswith("+00:00")
    assert entry == {"state": "open", "uses": 1, "admin": False, "note": "for Bob"}


def test_an_empty_list_says_how_to_begin(cli: AdminCli) -> None:
    """For people; a program gets an empty list."""
    said = cli("invite list")
    assert (said.code, said.out) == (0, "")
    assert "`invite` makes one" in said.err
    assert json.loads(cli("invite list --json").out) == []


def test_an_invite_is_revoked(cli: AdminCli) -> None:
    """By its id, of which the beginning is enough; the others stay."""
    cli("invite")
    cli("invite")
    first, second = (row.code_sha256.hex()[:12] for row in invites(cli))
    assert first[:6] != second[:6]
    said = cli(f"invite revoke {first[:6].upper()}")
    assert said.out == f"The invite {first} is ended; its link is worth nothing.\n"
    assert [row.uses for row in invites(cli)] == [0, 1]


@pytest.mark.parametrize("which", ["''", "zz", "%"])
def test_an_unknown_invite_is_told(cli: AdminCli, which: str) -> None:
    """And nothing is revoked: an empty id is nobody's."""
    cli("invite")
    said = cli(f"invite revoke {which}")
    assert said.code == 1
    assert "no invite has the id" in said.err
    assert [row.uses for row in invites(cli)] == [1]


def test_an_ambiguous_id_is_told(cli: AdminCli) -> None:
    """Of seventeen invites two begin alike."""
    for _ in range(17):
        cli("invite")
    digits = [row.code_sha256.hex()[0] for row in invites(cli)]
    shared = next(digit for digit in digits if digits.count(digit) > 1)
    said = cli(f"invite revoke {shared}")
    assert said.code == 1
    assert "several invites have an id beginning with" in said.err
    assert all(row.uses for row in invites(cli))


def test_options_before_a_command_are_refused(cli: AdminCli) -> None:
    """`invite --uses 3 list` would make nothing and say nothing."""
    said = cli("invite --uses 3 list")
    assert said.code == 2
    assert "--uses is for making an invite, not for `invite list`" in said.err
