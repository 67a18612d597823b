"""In which order the addresses of a server are tried, and for how long."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from securechat.client.exits import CertificateError, ClientError, UnreachableError
from securechat.client.session.identity import Address
from securechat.client.wire.rounds import CONNECT_SECONDS, NEXT_SECONDS, Rounds, in_turn
from securechat.credentials.link import MOST_ADDRESSES

A, B, C = (Address(f"{letter}.example") for letter in "abc")


def test_a_round_has_each_address_once() -> None:
    """The next one begins where this one did."""
    rounds = Rounds([A, B, C])
    assert rounds.begin() == [A, B, C]
    rounds.failed()
    assert rounds.over
    assert rounds.begin() == [A, B, C]


def test_a_round_begins_with_the_address_that_held_last() -> None:
    """Of the last login; one that is none of these any more counts for nothing."""
    assert Rounds([A, B, C], B).begin() == [B, C, A]
    assert Rounds([A, B], C).begin() == [A, B]


def test_an_address_that_lets_us_in_and_drops_us_is_not_the_next() -> None:
    """As a node that serves nobody just now: the others of the round are before it."""
    rounds = Rounds([A, B, C])
    for address, left in ((A, [B, C]), (B, [C])):
        rounds.begin()
        rounds.reached(address)
        assert not rounds.over
        assert rounds.begin() == left
    rounds.reached(C)
    assert rounds.over


def test_a_connection_that_held_begins_a_round_at_once() -> None:
    """Its own address first, as it may be back already."""
    rounds = Rounds([A, B, C])
    rounds.begin()
    rounds.reached(B)
    for _ in range(2):  # told twice, it is the same
        rounds.held()
        assert not rounds.over
        assert rounds.begin() == [B, C, A]


def test_before_a_connection_nothing_has_held() -> None:
    """A client that ends at once."""
    rounds = Rounds([A, B])
    rounds.held()
    assert rounds.begin() == [A, B]


def test_of_a_single_address_each_round_is_over_at_once() -> None:
    """So there is a wait before it is tried again, whatever became of the connection."""
    rounds = Rounds([A])
    rounds.begin()
    rounds.reached(A)
    assert rounds.over
    rounds.held()
    assert rounds.over
    assert rounds.begin() == [A]


class Network:
    """Addresses that answer, or fail in some way. seconds: those that each attempt was given."""

    def __init__(self, **fates: ClientError | str) -> None:
        self.fates = fates
        self.seconds: list[float] = []

    def __call__(self, address: Address, seconds: float) -> str:
        self.seconds.append(seconds)
        fate = self.fates[address.host[0]]
        if isinstance(fate, ClientError):
            raise fate
        return fate


silent: Callable[[str], UnreachableError] = UnreachableError
refused: Callable[[str], CertificateError] = CertificateError


def test_the_first_that_answers_is_taken() -> None:
    """Those behind it are not asked."""
    network = Network(a=silent("a is off"), b="there")
    assert in_turn([A, B, C], network) == (B, "there")
    assert network.seconds == [NEXT_SECONDS, NEXT_SECONDS]


def test_only_the_last_one_has_all_the_time() -> None:
    """A host that answers nothing costs a few seconds before the next is tried; nobody waits
    behind the last, and who has one address loses nothing.
    """
    network = Network(a=silent("a is off"), b=silent("b is off"), c="there")
    assert in_turn([A, B, C], network) == (C, "there")
    assert network.seconds == [NEXT_SECONDS, NEXT_SECONDS, CONNECT_SECONDS]
    assert NEXT_SECONDS <= 5
    alone = Network(a="there")
    in_turn([A], alone)
    assert alone.seconds == [CONNECT_SECONDS]


def test_when_none_answers_all_reasons_are_told() -> None:
    """Each names its address, and has a line of its own."""
    with pytest.raises(UnreachableError, match=r"^a is off\nb is off$"):
        in_turn([A, B], Network(a=silent("a is off"), b=silent("b is off")))


def test_somebody_else_at_an_address_is_passed_over_and_told() -> None:
    """Where another address is the server's."""
    told: list[CertificateError] = []
    wrong = refused("refused a")
    assert in_turn([A, B], Network(a=wrong, b="there"), told.append) == (B, "there")
    assert told == [wrong]


def test_somebody_else_is_what_counts_when_no_address_is_the_servers() -> None:
    """Rather than that another one is off: the person must know."""
    told: list[CertificateError] = []
    with pytest.raises(CertificateError, match="refused b"):
        in_turn([A, B], Network(a=silent("a is off"), b=refused("refused b")), told.append)
    assert told == []


# -- what the server tells of itself


D = Address("d.example")
MANY = [Address(f"n{number}.example") for number in range(MOST_ADDRESSES)]


def connected(*given: Address, at: Address) -> Rounds:
    rounds = Rounds(given, at)
    rounds.begin()
    rounds.reached(at)
    return rounds


def test_who_came_by_one_address_learns_the_others() -> None:
    """They are tried at once when the connection is lost, also where it has not held yet, and so in
    each round.
    """
    rounds = connected(A, at=A)
    assert rounds.told is None
    rounds.learn([A, B, C])
    assert not rounds.over
    assert rounds.begin() == [B, C]
    rounds.reached(C)
    rounds.held()
    assert rounds.begin() == [C, A, B]


def test_an_address_of_ones_own_is_tried_before_those_that_are_told() -> None:
    """As a tunnel's, of which the server knows nothing: who typed it, or a link, meant it."""
    rounds = connected(A, B, at=B)
    rounds.learn([C, D])
    rounds.held()
    assert rounds.begin() == [B, A, C, D]


def test_the_same_addresses_in_another_order_change_nothing() -> None:
    """Each node begins with itself."""
    rounds = connected(A, B, C, at=B)
    rounds.learn([B, A, C])
    assert rounds.begin() == [C, A]
    assert rounds.addresses == (A, B, C)


def test_a_list_is_never_longer_than_a_link_and_never_empty() -> None:
    """Where we are and what was given first stay in it."""
    rounds = connected(A, B, at=B)
    rounds.learn([])
    rounds.learn(MANY)
    assert rounds.addresses == (B, A, *MANY[: MOST_ADDRESSES - 2])
    rounds.learn([])
    assert rounds.told == ()
    assert rounds.addresses[:2] == (B, A)


def test_a_round_ends_whatever_a_server_tells() -> None:
    """Were each list a new round, a hostile server could have us connect without end, and without
    a wait.
    """
    rounds = connected(A, at=A)
    tried = [A]
    for number in range(100):
        rounds.learn([Address(f"x{number}-{one}.example") for one in range(MOST_ADDRESSES)])
        if rounds.over:
            break
        [following, *_] = rounds.begin()
        rounds.reached(following)
        tried.append(following)
    assert len(tried) == MOST_ADDRESSES


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0", "::1"])
def test_the_clients_own_machine_is_not_the_servers(host: str) -> None:
    """Unless it was found there: a server that takes itself for localhost is nobody's but its own,
    and one from elsewhere may not have us knock at our own doors.
    """
    here = Address(host, 22)
    rounds = connected(A, at=A)
    rounds.learn([here, B])
    assert (rounds.told, rounds.addresses) == ((B,), (A, B))
    rounds.learn([here])
    assert (rounds.told, rounds.addresses) == ((), (A, B))
    local = Address("localhost")
    rounds = connected(local, at=local)
    rounds.learn([here, B])
    assert set(rounds.addresses) == {local, here, B}
