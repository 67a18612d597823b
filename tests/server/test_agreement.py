"""What a node that starts must have in common with those that run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from securechat.server.agreement import (
    AGREED,
    ALIKE,
    ClusterError,
    check_agreement,
    check_clock,
    check_format,
    check_pepper_id,
)
from securechat.server.config import Config
from securechat.server.identity import Identity
from securechat.server.settings import remembered_facts

PIN = "a1b2" * 16
FACTS = {
    "name": "chat.example",
    "network": "Example",
    "lobby": "#lobby",
    "ca_sha256": PIN,
    "registration": "invite",
    "bcrypt_cost": "12",
    "min_password_length": "15",
    "keep_days": "0",
    "host": "10.0.0.1",
}
OTHERS = ["north", "south"]


def refusal(**other: str) -> str:
    with pytest.raises(ClusterError) as caught:
        check_agreement({**FACTS, **other}, FACTS, OTHERS)
    return str(caught.value)


def test_who_has_the_same_may_run_beside_the_others() -> None:
    """Where a node listens is its own affair."""
    assert check_agreement({**FACTS, "host": "10.0.0.2"}, FACTS, OTHERS) == []


@pytest.mark.parametrize("key", AGREED)
def test_what_clients_know_a_chat_by_is_the_same_everywhere(key: str) -> None:
    """The text says what was expected, what came, and what to do."""
    assert refusal(**{key: "other"}) == (
        f"server.{key}: expected {FACTS[key]!r}, as the nodes that run have it (north, "
        "south), got 'other': write that into the configuration; or, to change it, end all nodes "
        "first, and start each with the new one"
    )


def test_a_lobby_and_none_are_not_the_same() -> None:
    """An empty text is a value, too."""
    assert "expected '#lobby'" in refusal(lobby="")


@pytest.mark.parametrize(("pin", "shown"), [("cd" * 32, "SHA-256 cdcd cdcd"), ("", "a public one")])
def test_another_authority_is_refused(pin: str, shown: str) -> None:
    """Both are told as people compare them."""
    told = refusal(ca_sha256=pin)
    assert "(north, south): SHA-256 a1b2 a1b2" in told
    assert f"got one of another: {shown}" in told
    assert "`securechat-admin nodes prepare`" in told


def test_where_no_other_runs_all_may_change() -> None:
    """As with a single server, whose next start brings another name."""
    assert check_agreement({**FACTS, "name": "new", "ca_sha256": ""}, FACTS, []) == []


def test_what_the_database_does_not_know_yet_is_no_fault() -> None:
    """A server of before has not told it."""
    assert check_agreement(FACTS, {}, OTHERS) == []


def test_what_a_reload_changes_is_warned_of() -> None:
    """As it may be on its way to this node's configuration."""
    found = check_agreement({**FACTS, "registration": "open", "keep_days": "7"}, FACTS, OTHERS)
    assert [text.partition(" is ")[0] for text in found] == [
        "accounts.registration",
        "history.keep_days",
    ]
    assert "open here, and invite at the nodes that run (north, south)" in found[0]


def test_a_start_has_all_of_it_to_tell() -> None:
    """Or a check would pass over it."""
    here, end = Path("server.pem"), datetime(2027, 1, 1, tzinfo=UTC)
    identity = Identity(here, here, None, bytes(32), 90, end, ("chat.example",), ())
    assert {*AGREED, *ALIKE, "ca_sha256"} <= set(remembered_facts(Config(), identity, 6697, 0))


@pytest.mark.parametrize(("ours", "got"), [(None, "got no pepper"), ("cd" * 16, "got another one")])
def test_another_pepper_is_refused(ours: str | None, got: str) -> None:
    """With how a node gets the right one."""
    with pytest.raises(ClusterError) as caught:
        check_pepper_id(ours, "ab" * 16, OTHERS)
    assert f"that the nodes which run have (north, south), {got}" in str(caught.value)
    assert "`securechat-server --join`" in str(caught.value)


def test_the_pepper_of_a_single_server_is_looked_at_elsewhere() -> None:
    """Which knows what to restore; and a new database has none yet."""
    check_pepper_id(None, "ab" * 16, [])
    check_pepper_id("ab" * 16, "ab" * 16, OTHERS)
    check_pepper_id(None, None, OTHERS)


# --- versions ------------------------------------------------------------------------------------


def test_the_same_format_is_what_counts() -> None:
    """Nodes are upgraded one after the other."""
    check_format(27, 27, {"north": "0.9.0"})


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (28, "are of a newer securechat (north: 0.9.0, south: 0.9.1). Install that version here"),
        (26, "which nodes of an older securechat use (north: 0.9.0, south: 0.9.1). Install their"),
    ],
)
def test_another_format_is_refused_while_others_run(found: int, told: str) -> None:
    """What is in use stays as it is."""
    with pytest.raises(ClusterError) as caught:
        check_format(found, 27, {"north": "0.9.0", "south": "0.9.1"})
    text = str(caught.value)
    assert text.startswith(f"expected a database of format 27, got one of format {found}")
    assert told in text


def test_alone_a_node_decides_by_itself() -> None:
    """As a single server does."""
    check_format(26, 27, {})


# --- clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "database", "after"),
    [(1000.0, 1000.1, 1000.2), (1000.0, 998.1, 1000.0), (1000.0, 1001.9, 1000.0)],
)
def test_a_clock_that_is_right_enough(before: float, database: float, after: float) -> None:
    """Two seconds are nobody's trouble."""
    assert check_clock(before, database, after) == ""


def test_a_slow_answer_is_no_wrong_clock() -> None:
    """It was the database's time somewhere on the way."""
    assert check_clock(1000.0, 1001.0, 1060.0) == ""
    assert check_clock(1000.0, 1059.0, 1060.0) == ""


def test_a_clock_that_is_a_little_wrong_is_told() -> None:
    """With the least that it must be wrong by."""
    assert check_clock(1010.0, 1000.0, 1011.0) == (
        "this machine's clock is off by +10 seconds from that of the database, which all nodes go "
        "by: set it right, by NTP for example (`timedatectl set-ntp true`)"
    )
    assert " +2 seconds " in check_clock(1000.0, 998.0, 1000.0)
    assert " -29 seconds " in check_clock(1000.0, 1030.0, 1001.0)


@pytest.mark.parametrize(("database", "off"), [(1031.0, "-30"), (970.0, "+30")])
def test_a_clock_that_is_very_wrong_starts_nothing(database: float, off: str) -> None:
    """A second factor's codes would be refused, and times be nonsense."""
    with pytest.raises(ClusterError) as caught:
        check_clock(1000.0, database, 1001.0)
    text = str(caught.value)
    assert text.startswith(
        "expected this machine's clock to be at most 30 seconds off that of the "
    )
    assert f"; it is off by {off} seconds. Set it right" in text
