"""https://ircv3.net/specs/extensions/read-marker, section by section, in wire lines."""

from __future__ import annotations

import pytest

from securechat.core.history.markers import MOST_MARKERS
from securechat.irc.message import parse
from tests.support.client import Client, of
from tests.support.rules import RulesUnderTest

CAPS = "draft/read-marker"
EARLY, LATE = "timestamp=2019-01-04T14:33:26.123Z", "timestamp=2020-03-15T10:00:00.000Z"


@pytest.fixture
def rules() -> RulesUnderTest:
    return RulesUnderTest("alice", "bob")


@pytest.fixture
def alice(rules: RulesUnderTest) -> Client:
    return rules.member("alice", caps=CAPS)


def marks(client: Client, line: str) -> list[list[str]]:
    """The parameters of each MARKREAD that comes for a line."""
    return [message.params for message in of(client.says(line), "MARKREAD")]


# --- MARKREAD set and get -------------------------------------------------------------------------


def test_what_is_set_is_told(alice: Client) -> None:
    """Client set command and get command: by the very same text, and once."""
    alice.says("JOIN #den")
    assert marks(alice, f"MARKREAD #den {EARLY}") == [["#den", EARLY]]
    assert marks(alice, "MARKREAD #den") == [["#den", EARLY]]
    assert marks(alice, f"MARKREAD bob {LATE}") == [["bob", LATE]]
    assert marks(alice, "MARKREAD BOB") == [["BOB", LATE]]


def test_what_was_never_read_is_a_star(alice: Client) -> None:
    """Server command: also of what there is not, which is no error."""
    assert marks(alice, "MARKREAD #nowhere") == [["#nowhere", "*"]]
    assert marks(alice, "MARKREAD bob") == [["bob", "*"]]


def test_a_marker_only_ever_goes_on(rules: RulesUnderTest, alice: Client) -> None:
    """Read timestamp notes: an older one is answered with what is stored."""
    alice.says(f"MARKREAD bob {LATE}")
    stored = list(rules.stored)
    for older in (EARLY, LATE):
        assert marks(alice, f"MARKREAD bob {older}") == [["bob", LATE]]
    assert rules.stored == stored


def test_what_is_to_come_is_not_read(rules: RulesUnderTest, alice: Client) -> None:
    """Implementation considerations: clamped to the present."""
    now = "timestamp=2023-11-14T22:13:20.000Z"
    assert marks(alice, "MARKREAD bob timestamp=2262-01-01T00:00:00.000Z") == [["bob", now]]


# --- Command flows --------------------------------------------------------------------------------


def test_a_join_tells_the_marker(rules: RulesUnderTest, alice: Client) -> None:
    """Between the JOIN and the end of the names; it outlives the channel."""
    commands = [parse(line).command for line in alice.says("JOIN #den")]
    assert commands == ["JOIN", "MARKREAD", "353", "366"]
    alice.says(f"MARKREAD #den {EARLY}")
    alice.says("PART #den")
    assert marks(alice, "JOIN #den") == [["#den", EARLY]]


def test_a_login_tells_the_markers(rules: RulesUnderTest, alice: Client) -> None:
    """As it joins the channels of the account."""
    alice.says("JOIN #den", f"MARKREAD #den {EARLY}")
    heard = rules.connect().logs_in("alice", caps=CAPS)
    assert [message.params for message in of(heard, "MARKREAD")] == [["#den", EARLY]]


def test_the_other_devices_are_told(rules: RulesUnderTest, alice: Client) -> None:
    """Those that have the capability; nobody else ever is (Security considerations)."""
    phone, old = rules.member("alice", caps=CAPS), rules.member("alice")
    bob = rules.member("bob", caps=CAPS)
    alice.says(f"MARKREAD bob {EARLY}")
    assert [message.params for message in of(phone.hears(), "MARKREAD")] == [["bob", EARLY]]
    assert [old.hears(), bob.hears()] == [[], []]
    assert marks(bob, "MARKREAD bob") == [["bob", "*"]]


# --- Errors and warnings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "params"),
    [
        ("MARKREAD", ["NEED_MORE_PARAMS"]),
        ("MARKREAD #den *", ["INVALID_PARAMS", "*"]),
        ("MARKREAD #den timestamp=now", ["INVALID_PARAMS", "timestamp=now"]),
        ("MARKREAD #den 2019-01-04T14:33:26.123Z", ["INVALID_PARAMS", "2019-01-04T14:33:26.123Z"]),
        (f"MARKREAD #den {EARLY} {EARLY}", ["INVALID_PARAMS", "#den"]),
        ("MARKREAD b@d", ["INVALID_PARAMS", "b@d"]),
    ],
)
def test_a_bad_request_is_answered(alice: Client, line: str, params: list[str]) -> None:
    """What is wrong, and with what."""
    (heard,) = alice.says(line)
    assert parse(heard).params[:-1] == ["MARKREAD", *params]


# --- What is kept ---------------------------------------------------------------------------------


def test_the_oldest_gives_way(rules: RulesUnderTest, alice: Client) -> None:
    """An account has so many; nothing that somebody sends makes the server keep more."""
    for number in range(MOST_MARKERS + 1):
        at = f"2020-01-01T00:{number // 60:02}:{number % 60:02}.000Z"
        alice.says(f"MARKREAD #n{number} timestamp={at}")
    assert len(rules.account("alice").read_markers) == MOST_MARKERS
    assert marks(alice, "MARKREAD #n0") == [["#n0", "*"]]
    assert marks(alice, "MARKREAD #n1") != [["#n1", "*"]]


def test_what_is_not_stored_is_not_known(rules: RulesUnderTest, alice: Client) -> None:
    """Nothing is told of it, and the next one counts."""
    rules.full = True
    assert marks(alice, f"MARKREAD bob {EARLY}") == []
    rules.full = False
    assert marks(alice, "MARKREAD bob") == [["bob", "*"]]
