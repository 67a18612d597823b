"""Who may connect: so many in all, so many from one address, and fewer of the unauthenticated."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from securechat.net import admission as admission_module
from securechat.net.admission import BARRED_SECONDS, Admission, NotAdmittedError
from securechat.net.connection import Connection, Place


class Door:
    """An admission, and a clock."""

    def __init__(
        self,
        total: int = 100,
        per_address: int = 2,
        unauthenticated: int = 100,
        unauthenticated_per_address: int = 100,
    ) -> None:
        self.now = 1000.0
        self.admission = Admission(
            total=total,
            per_address=per_address,
            unauthenticated=unauthenticated,
            unauthenticated_per_address=unauthenticated_per_address,
            clock=lambda: self.now,
            banned=lambda address: "an old acquaintance" if address == "203.0.113.9" else None,
        )

    def knocks(self, address: str) -> tuple[Connection, Connection | None]:
        """The new connection, and the one that goes for it."""
        connection = Connection(cast(socket.socket, None), address, 4711, 0)
        return connection, self.admission.admit(connection, Place.TALKING)

    def admits(self, address: str) -> Connection:
        connection, gone = self.knocks(address)
        assert gone is None
        return connection

    def refuses(self, address: str) -> str:
        with pytest.raises(NotAdmittedError) as caught:
            self.knocks(address)
        return str(caught.value)


def test_who_is_banned_is_refused_first() -> None:
    """And counts for nothing."""
    door = Door(total=1)
    assert door.refuses("203.0.113.9") == "an old acquaintance"
    door.admits("192.0.2.1")


# --- all connections -----------------------------------------------------------------------------


def test_one_address_has_its_share() -> None:
    """A third connection is refused, with a reason that names the address; others may come."""
    door = Door()
    door.admits("192.0.2.1")
    door.admits("192.0.2.1")
    assert door.refuses("192.0.2.1") == "2 connections from 192.0.2.1 already"
    door.admits("192.0.2.2")


def test_all_together_have_a_limit() -> None:
    """Whatever the addresses, there is an end."""
    door = Door(total=3)
    for number in range(3):
        door.admits(f"192.0.2.{number}")
    assert door.refuses("192.0.2.9") == "all 3 connections are in use"


def test_who_leaves_makes_room() -> None:
    """A released connection may be replaced, for its address and for all."""
    door = Door(total=2)
    one = door.admits("192.0.2.1")
    door.admits("192.0.2.1")
    door.admission.release(one)
    door.admits("192.0.2.7")
    door.refuses("192.0.2.8")


def test_a_refused_one_is_not_counted() -> None:
    """Knocking a thousand times doesn't fill the server."""
    door = Door(total=3)
    for _ in range(2):
        door.admits("192.0.2.1")
    for _ in range(1000):
        door.refuses("192.0.2.1")
    door.admits("192.0.2.2")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),  # the same /64 is one household
        ("::ffff:192.0.2.1", "192.0.2.1"),  # IPv4, as an IPv6 socket shows it
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_what_counts_as_one_address(first: str, second: str) -> None:
    """Nobody gets a second share by writing an address in another way."""
    door = Door(per_address=1)
    door.admits(first)
    door.refuses(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("2001:db8:1:2::1", "2001:db8:1:3::1"), ("192.0.2.1", "192.0.2.2")],
)
def test_neighbours_are_counted_apart(first: str, second: str) -> None:
    """Another /64, another IPv4 address: somebody else."""
    door = Door(per_address=1)
    door.admits(first)
    door.admits(second)


def test_threads_may_come_and_go_at_once() -> None:
    """The accept thread counts in while I/O threads count out: the sum stays right."""
    door = Door(
        total=1000, per_address=1000, unauthenticated=1000, unauthenticated_per_address=1000
    )

    def visit(number: int) -> None:
        for _ in range(200):
            door.admission.release(door.admits(f"192.0.2.{number}"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(visit, [1, 1, 2, 2]))
    for _ in range(1000):
        door.admits("192.0.2.1")
    door.refuses("192.0.2.1")


# --- those who have not logged in ----------------------------------------------------------------


def test_the_unauthenticated_of_one_address_have_a_smaller_share() -> None:
    """A connection that logs in makes room for the next one there."""
    door = Door(per_address=5, unauthenticated_per_address=2)
    first = door.admits("192.0.2.1")
    door.admits("192.0.2.1")
    assert door.refuses("192.0.2.1") == (
        "2 connections from 192.0.2.1 already that have not logged in"
    )
    door.admission.mark_authenticated(first)
    door.admits("192.0.2.1")
    door.refuses("192.0.2.1")


def test_one_unauthenticated_too_many_goes_and_it_is_one_of_the_crowd() -> None:
    """The oldest of the address that has the most, so who comes alone stays."""
    door = Door(per_address=10, unauthenticated=5)
    door.admits("192.0.2.1")
    crowd = [door.admits("192.0.2.66") for _ in range(3)]
    door.admits("192.0.2.2")
    assert door.knocks("192.0.2.3")[1] is crowd[0]
    assert door.knocks("192.0.2.66")[1] is crowd[1]


def test_among_equals_it_is_the_first_who_goes() -> None:
    """When everybody comes from elsewhere, who has waited longest has had the most time."""
    door = Door(unauthenticated=2)
    one, two = door.admits("192.0.2.1"), door.admits("192.0.2.2")
    assert door.knocks("192.0.2.3")[1] is one
    assert door.knocks("192.0.2.4")[1] is two


def test_members_are_nobodys_crowd() -> None:
    """A connection that has logged in is neither counted nor pushed out."""
    door = Door(per_address=10, unauthenticated=2)
    for _ in range(5):
        door.admission.mark_authenticated(door.admits("192.0.2.1"))
    newcomer = door.admits("192.0.2.2")
    door.admits("192.0.2.3")
    assert door.knocks("192.0.2.4")[1] is newcomer


def test_where_a_member_came_from_nobody_is_pushed_out() -> None:
    """Not by any number of those from elsewhere: who belongs here gets in."""
    door = Door(per_address=10, unauthenticated=3)
    member = door.admits("192.0.2.1")
    door.admission.mark_authenticated(member)
    door.admission.release(member)
    again = door.admits("192.0.2.1")
    crowd = [door.admits("192.0.2.66"), door.admits("192.0.2.67")]
    pushed = [door.knocks(f"192.0.2.{number}")[1] for number in range(100, 150)]
    assert pushed[:2] == crowd
    assert again not in pushed
    assert None not in pushed


def test_those_from_members_addresses_push_out_each_other() -> None:
    """When there is nobody else."""
    door = Door(per_address=10, unauthenticated=2)
    for number in range(1, 4):
        door.admission.mark_authenticated(door.admits(f"192.0.2.{number}"))
    one, two = door.admits("192.0.2.1"), door.admits("192.0.2.2")
    assert door.knocks("192.0.2.3")[1] is one
    newcomer, gone = door.knocks("192.0.2.66")
    assert gone is newcomer
    assert door.knocks("192.0.2.1")[1] is two


def test_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were not seen for longest are forgotten."""
    monkeypatch.setattr(admission_module, "MAX_ADDRESS_BLOCKS", 2)
    door = Door(per_address=10)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3"):
        door.admission.mark_authenticated(door.admits(address))
    assert list(door.admission._known_blocks) == ["192.0.2.1", "192.0.2.3"]


def test_who_was_pushed_out_counts_until_it_is_gone() -> None:
    """Its socket is open as long, and files have an end too."""
    door = Door(total=2, unauthenticated=1)
    first = door.admits("192.0.2.1")
    assert door.knocks("192.0.2.2")[1] is first
    assert "all 2 connections" in door.refuses("192.0.2.3")
    door.admission.release(first)
    door.knocks("192.0.2.3")


def test_nothing_is_kept_of_those_who_have_gone() -> None:
    """However they went: no table grows with the visitors."""
    door = Door(total=100, per_address=50, unauthenticated=10)
    come = [door.knocks(f"192.0.2.{number % 30}")[0] for number in range(60)]
    for connection in come[::3]:
        door.admission.mark_authenticated(connection)
    for connection in come:
        door.admission.release(connection)
    assert (door.admission._count, len(door.admission._by_address)) == (0, 0)
    for left in (door.admission._unauthenticated, door.admission._familiar):
        assert (len(left), left._by_block, left._by_count) == (0, {}, {})


# --- who is barred -------------------------------------------------------------------------------


def test_who_is_barred_comes_again_after_a_minute() -> None:
    """Its neighbours are not, and what it has open stays counted."""
    door = Door()
    culprit = door.admits("192.0.2.66")
    door.admission.bar(culprit)
    assert door.refuses("192.0.2.66") == "192.0.2.66 is barred for a minute, for what it did"
    door.admits("192.0.2.67")
    door.now += BARRED_SECONDS
    door.admits("192.0.2.66")
    assert "2 connections" in door.refuses("192.0.2.66")


def test_those_whose_time_is_over_are_forgotten() -> None:
    """A thousand networks over the years leave nothing."""
    door = Door(total=2000, unauthenticated=2000)
    for number in range(1000):
        door.admission.bar(door.admits(f"2001:db8:0:{number:x}::1"))
        door.now += BARRED_SECONDS
    assert len(door.admission._barred) <= 2


# --- behind a balancer ---------------------------------------------------------------------------


def expects(door: Door) -> Connection:
    """One of a balancer."""
    connection = Connection(cast(socket.socket, None), "10.0.0.5", 1, 0)
    assert door.admission.admit(connection, Place.EXPECTED) is None
    return connection


def test_who_is_expected_has_a_place_and_no_address() -> None:
    """Until its balancer tells whose connection it is; then it counts as that one's."""
    door = Door(total=3)
    expected = expects(door)
    door.admits("10.0.0.5")
    expected.address = "192.0.2.1"
    assert door.admission.admit(expected, Place.TALKING) is None
    door.admits("192.0.2.1")
    assert "all 3 connections" in door.refuses("192.0.2.9")
    door.admission.release(expected)
    door.admits("192.0.2.1")


def test_who_may_not_come_in_is_counted_until_it_is_released() -> None:
    """As its socket is open so long."""
    door = Door(total=3)
    door.admits("192.0.2.1")
    door.admits("192.0.2.1")
    expected = expects(door)
    expected.address = "192.0.2.1"
    with pytest.raises(NotAdmittedError, match=r"2 connections from 192\.0\.2\.1 already"):
        door.admission.admit(expected, Place.TALKING)
    assert "all 3 connections" in door.refuses("192.0.2.2")
    door.admission.release(expected)
    door.admits("192.0.2.2")


def test_a_ban_is_for_the_address_that_the_balancer_tells() -> None:
    """It is not the balancer that is banned, and so all of its clients."""
    door = Door()
    why = {"192.0.2.1": "192.0.2.1 is banned"}
    door.admission._banned = why.get
    expected = expects(door)
    expected.address = "192.0.2.1"
    with pytest.raises(NotAdmittedError, match="is banned"):
        door.admission.admit(expected, Place.TALKING)
    door.admission.release(expected)


def test_those_without_a_header_take_no_more_places_than_strangers() -> None:
    """Where a balancer has gone mad, members still get in by other ways."""
    door = Door(unauthenticated=2)
    for _ in range(2):
        expects(door)
    with pytest.raises(NotAdmittedError, match="2 connections have no header yet"):
        expects(door)
    door.admits("192.0.2.2")


def test_other_limits_are_for_those_who_come() -> None:
    """Whoever is here stays, and counts."""
    door = Door(total=5, per_address=5)
    for _ in range(3):
        door.admits("192.0.2.1")
    door.admission.change(total=4, per_address=3, unauthenticated=4, unauthenticated_per_address=4)
    assert door.refuses("192.0.2.1") == "3 connections from 192.0.2.1 already"
    door.admits("192.0.2.2")
    assert "all 4 connections" in door.refuses("192.0.2.3")


# --- visitors ------------------------------------------------------------------------------------


def visits(door: Door, address: str) -> tuple[Connection, Connection | None]:
    """The new visitor, and the one that goes for it."""
    connection = Connection(cast(socket.socket, None), address, 4711, 0)
    return connection, door.admission.admit(connection, Place.VISITING)


def test_visitors_are_counted_apart() -> None:
    """They take nobody's place, however many there are, and nobody takes theirs."""
    door = Door(total=1, per_address=1, unauthenticated=1)
    for number in range(10):
        assert visits(door, "192.0.2.1")[1] is None
        assert visits(door, f"192.0.2.{number}")[1] is None
    assert door.admission.counts() == (0, 0)
    door.admits("192.0.2.1")
    assert visits(door, "192.0.2.1")[1] is None


def test_a_class_behind_one_address_loads_the_page() -> None:
    """Forty browsers with six connections each."""
    door = Door()
    for _ in range(40 * 6):
        assert visits(door, "192.0.2.1")[1] is None


def serves(door: Door, address: str) -> Connection:
    """A visitor who has had an answer."""
    connection, _ = visits(door, address)
    door.admission.mark_served(connection)
    return connection


def test_one_address_has_its_share_of_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of its own goes for the next one, the oldest; nobody else's."""
    monkeypatch.setattr(admission_module, "VISITORS_PER_BLOCK", 2)
    door = Door()
    visits(door, "192.0.2.2")
    first, _ = visits(door, "192.0.2.1")
    visits(door, "192.0.2.1")
    _, gone = visits(door, "192.0.2.1")
    assert gone is first
    door.admission.release(first)
    _, gone = visits(door, "192.0.2.1")
    assert gone is not None


def test_who_asks_for_nothing_takes_half_of_an_addresss_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many they are; and so do those who were served and stay. Each gets to its turn."""
    monkeypatch.setattr(admission_module, "VISITORS_PER_BLOCK", 8)
    door = Door()
    served = [serves(door, "192.0.2.1") for _ in range(4)]
    silent = [visits(door, "192.0.2.1")[0] for _ in range(4)]
    gone = [visits(door, "192.0.2.1")[1] for _ in range(4)]
    assert gone == silent
    door.admission.mark_served(served[0])  # once more: it is the last now
    gone = []
    for _ in range(4):
        new, first_to_go = visits(door, "192.0.2.1")
        gone.append(first_to_go)
        door.admission.mark_served(new)
    assert served[0] not in gone
    assert not set(silent) & set(gone)
    assert gone[1:] == served[1:]


@pytest.mark.parametrize("come", [visits, lambda door, address: (serves(door, address), None)])
def test_a_browser_is_no_crowd_beside_one_with_many_address_blocks(
    come: Callable[[Door, str], tuple[Connection, Connection | None]],
) -> None:
    """Its six connections are not the largest crowd where somebody who owns a whole /48 opens one
    from each block of it, and goes on.
    """
    door = Door()
    theirs = (f"2001:db8:0:{number:x}::1" for number in itertools.count())
    for _ in range(admission_module.VISITORS):
        come(door, next(theirs))
    browser = {come(door, "192.0.2.1")[0] for _ in range(6)}
    gone = [visits(door, next(theirs))[1] for _ in range(200)]
    assert None not in gone
    assert browser.isdisjoint(gone)


def test_who_was_pushed_out_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer may have been on its way: it takes no place again."""
    monkeypatch.setattr(admission_module, "VISITORS_PER_BLOCK", 1)
    door = Door()
    first, _ = visits(door, "192.0.2.1")
    second, _ = visits(door, "192.0.2.1")
    door.admission.mark_served(first)
    _, gone = visits(door, "192.0.2.1")
    assert gone is second


def test_a_visitor_too_many_has_one_of_the_largest_crowd_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its oldest; never a connection that talks."""
    monkeypatch.setattr(admission_module, "VISITORS", 8)
    door = Door()
    door.admits("192.0.2.7")
    visits(door, "192.0.2.1")
    oldest, *_ = [visits(door, "192.0.2.7")[0] for _ in range(7)]
    _, gone = visits(door, "192.0.2.2")
    assert gone is oldest
    door.admission.release(oldest)  # which was counted out when it was to go
    _, gone = visits(door, "192.0.2.3")
    assert gone is not None
    assert door.admission.counts() == (1, 1)


def test_a_visitor_who_begins_to_talk_is_counted_as_others_are() -> None:
    """From then on, and once."""
    door = Door(total=2, per_address=1)
    talking, _ = visits(door, "192.0.2.1")
    assert door.admission.admit(talking, Place.TALKING) is None
    assert talking.place is Place.TALKING
    assert door.admission.counts() == (1, 1)
    assert door.refuses("192.0.2.1") == "1 connections from 192.0.2.1 already"
    door.admission.mark_authenticated(talking)
    assert door.admission.counts() == (1, 0)
    door.admission.release(talking)
    assert door.admission.counts() == (0, 0)
    door.admits("192.0.2.1")


@pytest.mark.parametrize("full", ["total", "per_address", "unauthenticated_per_address"])
def test_a_visitor_for_whom_there_is_no_room_stays_one(full: str) -> None:
    """And may load the page on; when it goes, it is counted out as one."""
    door = Door(**{full: 1})
    door.admits("192.0.2.1")
    visitor, _ = visits(door, "192.0.2.1")
    with pytest.raises(NotAdmittedError):
        door.admission.admit(visitor, Place.TALKING)
    assert visitor.place is Place.VISITING
    assert door.admission.counts() == (1, 1)
    door.admission.release(visitor)
    assert door.admission.counts() == (1, 1)


def test_a_visitor_who_talks_pushes_out_as_others_do() -> None:
    """One that has not logged in, not one that visits."""
    door = Door(unauthenticated=1)
    first = door.admits("192.0.2.1")
    visitor, _ = visits(door, "192.0.2.2")
    assert door.admission.admit(visitor, Place.TALKING) is first


def test_who_is_banned_or_barred_may_neither_visit_nor_talk() -> None:
    """Also when it is so only since the visit began."""
    door = Door()
    with pytest.raises(NotAdmittedError, match="an old acquaintance"):
        visits(door, "203.0.113.9")
    early, _ = visits(door, "192.0.2.1")
    door.admission.bar(early)
    with pytest.raises(NotAdmittedError, match="barred"):
        visits(door, "192.0.2.1")
    with pytest.raises(NotAdmittedError, match="barred"):
        door.admission.admit(early, Place.TALKING)
    early.address = "203.0.113.9"
    with pytest.raises(NotAdmittedError, match="an old acquaintance"):
        door.admission.admit(early, Place.TALKING)


def test_a_visitor_behind_a_balancer() -> None:
    """It is counted among all until its address is known, and then as a visitor only."""
    door = Door(total=1)
    connection = Connection(cast(socket.socket, None), "192.0.2.254", 4711, 0)
    door.admission.admit(connection, Place.EXPECTED)
    assert door.admission.counts() == (1, 0)
    connection.address = "192.0.2.1"
    assert door.admission.admit(connection, Place.VISITING) is None
    assert door.admission.counts() == (0, 0)
    door.admission.release(connection)
    assert door.admission.counts() == (0, 0)
