"""What of another configuration a running server takes up, and what waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from securechat.server.config import Config
from securechat.server.reloading import AT_ONCE, KEYS, NEXT_START, differences, reloaded


@pytest.mark.parametrize("key", KEYS)
def test_each_key_is_taken_up_or_waits(key: str) -> None:
    """It stands in one of the two tables; where it waits, with the reason."""
    assert (key in AT_ONCE) != (key in NEXT_START)
    assert len(NEXT_START.get(key, "a reason in words")) > 10


def test_the_tables_have_no_other_key() -> None:
    """As of one that has been renamed."""
    assert AT_ONCE | set(NEXT_START) == set(KEYS)


def test_what_a_running_server_takes_over() -> None:
    """What waits stays as it was, and can be named."""
    before = Config().with_values("listen", {"port": 7000}, "the command line")
    new = (
        before.with_values("server", {"motd": "Hi", "network": "other"}, "x")
        .with_values("accounts", {"registration": "open", "bcrypt_cost": 13}, "x")
        .with_values("tls", {"client_ca": "ca.pem"}, "x")
        .with_values("limits", {"connections": 5, "io_threads": 2}, "x")
    )
    after = reloaded(before, new)
    assert differences(before, after) == [
        "server.motd",
        "tls.client_ca",
        "accounts.registration",
        "accounts.bcrypt_cost",
        "limits.connections",
    ]
    assert differences(after, new) == ["server.network", "limits.io_threads"]
    assert differences(before, before) == []


def test_where_a_value_comes_from_goes_with_it() -> None:
    """Of one that waits, the running one's origin is told."""
    before = Config(directory=Path("/etc")).with_values("server", {"network": "a"}, "here")
    new = before.with_values("server", {"network": "b", "motd": "Hi"}, "there")
    assert reloaded(before, new).origins == {"server.network": "here", "server.motd": "there"}
