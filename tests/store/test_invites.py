"""What the administrator does to invites, on the database alone."""

from __future__ import annotations

import pytest

from securechat.credentials.link import code_digest
from securechat.store.admin import Admin
from securechat.store.database import Location
from securechat.store.errors import UnknownError
from securechat.store.invites import invite_id
from tests.support.stored import holds


def test_an_invite_is_kept_as_a_hash(admin: Admin, location: Location) -> None:
    """Its code has 128 bits and is nowhere in the database."""
    code = admin.invites.make(uses=3, expires_ms=5000, now_ms=1000, admin=True, note="for Bob")
    [row] = admin.reader.invites()
    assert row == (code_digest(code), 3, 5000, 1, 1000, "for Bob")
    assert len(code) >= 22
    assert code not in repr(row)
    assert not holds(location, code)


def test_no_two_codes_are_the_same(admin: Admin) -> None:
    """They are drawn at random."""
    assert len({admin.invites.make(uses=1, expires_ms=1, now_ms=1) for _ in range(20)}) == 20


def test_an_id_does_not_give_the_code_away(admin: Admin) -> None:
    """It's the beginning of the hash."""
    code = admin.invites.make(uses=1, expires_ms=1, now_ms=1)
    [row] = admin.reader.invites()
    assert invite_id(row) == code_digest(code).hex()[:12]


def test_revoking_ends_one_invite(admin: Admin) -> None:
    """By the beginning of its id, in any case of letters; the row stays."""
    for note in ("one", "two"):
        admin.invites.make(uses=5, expires_ms=1, now_ms=1, note=note)
    one, two = sorted(admin.reader.invites(), key=lambda row: row.note)
    assert admin.invites.revoke(invite_id(one).upper()).note == "one"
    left = {row.note: row.uses for row in admin.reader.invites()}
    assert left == {"one": 0, "two": two.uses}


@pytest.mark.parametrize("prefix", ["", "xyz", "%", "_"])
def test_an_unknown_id_revokes_nothing(admin: Admin, prefix: str) -> None:
    """The empty one fits every invite and means none."""
    admin.invites.make(uses=1, expires_ms=1, now_ms=1)
    with pytest.raises(UnknownError, match="no invite has the id"):
        admin.invites.revoke(prefix)
    assert admin.reader.invites()[0].uses == 1


def test_an_ambiguous_id_revokes_nothing(admin: Admin) -> None:
    """Seventeen ids of sixteen digits: two begin alike."""
    for _ in range(17):
        admin.invites.make(uses=1, expires_ms=1, now_ms=1)
    firsts = [invite_id(row)[0] for row in admin.reader.invites()]
    shared = next(digit for digit in firsts if firsts.count(digit) > 1)
    with pytest.raises(UnknownError, match="several invites have an id beginning with"):
        admin.invites.revoke(shared)
    assert all(row.uses for row in admin.reader.invites())
