"""Fingerprints in groups: grouped()."""

from __future__ import annotations

from securechat.common.fingerprints import grouped


def test_the_digits_stand_in_groups() -> None:
    """Of four, from bytes or from digits."""
    assert grouped(bytes.fromhex("0123456789ab")) == "0123 4567 89ab"
    assert grouped("0123456789") == "0123 4567 89"
    assert len(grouped(bytes(32)).split()) == 16
