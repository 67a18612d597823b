"""Who may connect: so many in all, so many from one address."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from securechat.net.admission import Admission


def door(total: int = 100, per_address: int = 2) -> Admission:
    return Admission(total=total, per_address=per_address)


def test_one_address_has_its_share() -> None:
    """A third connection is refused, with a reason that names the address; others may come."""
    admission = door()
    assert admission.admit("192.0.2.1") is None
    assert admission.admit("192.0.2.1") is None
    assert admission.admit("192.0.2.1") == "2 connections from 192.0.2.1 already"
    assert admission.admit("192.0.2.2") is None


def test_all_together_have_a_limit() -> None:
    """Whatever the addresses, there is an end."""
    admission = door(total=3)
    for number in range(3):
        assert admission.admit(f"192.0.2.{number}") is None
    assert admission.admit("192.0.2.9") == "all 3 connections are in use"


def test_who_leaves_makes_room() -> None:
    """A released connection may be replaced, for its address and for all."""
    admission = door(total=2)
    admission.admit("192.0.2.1")
    admission.admit("192.0.2.1")
    admission.release("192.0.2.1")
    assert admission.admit("192.0.2.7") is None
    assert admission.admit("192.0.2.8") is not None


def test_a_refused_one_is_not_counted() -> None:
    """Knocking a thousand times doesn't fill the house."""
    admission = door(total=3)
    for _ in range(1000):
        admission.admit("192.0.2.1")
    assert admission.admit("192.0.2.2") is None


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
    admission = door(per_address=1)
    assert admission.admit(first) is None
    assert admission.admit(second) is not None


@pytest.mark.parametrize(
    ("first", "second"),
    [("2001:db8:1:2::1", "2001:db8:1:3::1"), ("192.0.2.1", "192.0.2.2")],
)
def test_neighbours_are_counted_apart(first: str, second: str) -> None:
    """Another /64, another IPv4 address: somebody else."""
    admission = door(per_address=1)
    assert admission.admit(first) is None
    assert admission.admit(second) is None


def test_threads_may_come_and_go_at_once() -> None:
    """The accept thread counts in while I/O threads count out: the sum stays right."""
    admission = door(total=1000, per_address=1000)

    def visit(number: int) -> None:
        for _ in range(200):
            assert admission.admit(f"192.0.2.{number}") is None
            admission.release(f"192.0.2.{number}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(visit, [1, 1, 2, 2]))
    refusals = [admission.admit("192.0.2.1") for _ in range(1001)]
    assert refusals.count(None) == 1000
