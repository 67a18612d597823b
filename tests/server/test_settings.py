"""From the configuration to what each part is told of it: settings."""

from __future__ import annotations

import pytest

from securechat.server.settings import policy_since, rules_settings
from tests.support.server import config


@pytest.mark.parametrize(
    ("kept", "since"),
    [(None, "365 2000"), ("365 1000", "365 1000"), ("30 1000", "365 2000"), ("", "365 2000")],
)
def test_since_when_the_history_is_kept_so_long(kept: str | None, since: str) -> None:
    """From before the start where that changed nothing; whoever was here before is told once."""
    year = config(history={"keep_days": 365})
    assert policy_since(kept, year, 2000) == since
    assert rules_settings(year, policy=since).policy_since_ms == int(since.split()[1])


@pytest.mark.parametrize(
    ("address", "addresses", "told"),
    [
        ("", (), ()),
        ("a.example", (), ()),
        ("a.example", ("a.example",), ()),
        ("a.example", ("a.example:6697", "b.example:443"), ("a.example", "b.example:443")),
        (
            "a.example:443",
            ("b.example", "2001:db8::1"),
            ("a.example:443", "b.example", "[2001:db8::1]"),
        ),
        ("", ("b.example",), ("b.example",)),
    ],
)
def test_which_addresses_members_are_told(
    address: str, addresses: tuple[str, ...], told: tuple[str, ...]
) -> None:
    """Those that somebody has configured, this node's own first, where there are several. What a
    machine takes for its own address may lead others nowhere, and is told to nobody.
    """
    several = config(server={"address": address, "addresses": list(addresses)})
    assert rules_settings(several, port=6697).addresses == told
    assert rules_settings(several).addresses == ()
