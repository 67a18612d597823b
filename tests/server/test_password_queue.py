"""Passwords that wait: whose turn it is, and who has to go."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.core.jobs import HashPassword, VerifyPassword
from securechat.core.model.states import Trigger
from securechat.server.password_queue import PasswordJob, PasswordQueue
from tests.support.rules import RulesUnderTest

STAGE = RulesUnderTest()


def login(network: str, password: str = "x", *, known: bool = False) -> VerifyPassword:
    session = STAGE.connect(address=network).session
    return VerifyPassword(session, 1, "alice", password, known=known)


def does_one(queue: PasswordQueue) -> PasswordJob | None:
    """What a thread does: it takes a job, and is done with it."""
    job = queue.take()
    if job is not None:
        queue.done(job)
    return job


def taken(queue: PasswordQueue) -> list[PasswordJob]:
    jobs = []
    while (job := does_one(queue)) is not None:
        jobs.append(job)
    return jobs


def hangs_up(job: PasswordJob) -> None:
    job.session.move(Trigger.CLOSING)


def test_networks_take_turns() -> None:
    """A flood from one costs the flood: another one's login is the second, not the hundredth."""
    queue = PasswordQueue(256, 1)
    flood = [login("evil") for _ in range(100)]
    for job in flood:
        assert queue.put(job) is None
    late = login("home")
    assert queue.put(late) is None
    assert does_one(queue) is flood[0]
    assert does_one(queue) is late
    assert taken(queue) == flood[1:]


def test_a_network_s_own_are_in_their_order() -> None:
    """First come, first served."""
    queue = PasswordQueue(256, 1)
    jobs = [login("home") for _ in range(5)]
    for job in jobs:
        queue.put(job)
    assert taken(queue) == jobs


def test_known_networks_have_every_second_turn() -> None:
    """However many unknown ones there are; and these aren't starved either."""
    queue = PasswordQueue(256, 1)
    crowd = [login(f"bot{number}") for number in range(50)]
    friends = [login(f"home{number}", known=True) for number in range(3)]
    for job in (*crowd, *friends):
        queue.put(job)
    order = taken(queue)
    assert [order.index(job) for job in friends] in ([0, 2, 4], [1, 3, 5])
    assert [job for job in order if job in crowd] == crowd


def test_when_it_is_full_the_longest_has_to_give() -> None:
    """The newest of the network with the most; a network with few keeps them."""
    queue = PasswordQueue(10, 1)
    flood = [login("evil") for _ in range(9)]
    for job in (login("home"), *flood):
        assert queue.put(job) is None
    late = login("cafe")
    assert queue.put(late) is flood[-1]
    one_more = login("evil")
    assert queue.put(one_more) is one_more
    assert len(queue) == 10
    assert late in taken(queue)


def test_those_who_have_waited_are_not_the_ones_to_go() -> None:
    """Where all have one each it is the newest: of a crowd somebody must come in."""
    queue = PasswordQueue(10, 1)
    crowd = [login(f"bot{number}") for number in range(10)]
    for job in crowd:
        queue.put(job)
    late = login("late")
    assert queue.put(late) is late
    assert taken(queue) == crowd


def test_known_networks_and_unknown_ones_have_half_of_the_places() -> None:
    """A crowd of addresses with one job each doesn't push out an office with several, nor does an
    office keep others out.
    """
    queue = PasswordQueue(10, 1)
    crowd = [login(f"bot{number}") for number in range(10)]
    office = [login("office", known=True) for _ in range(5)]
    for job in crowd:
        queue.put(job)
    assert [queue.put(job) for job in office] == crowd[:4:-1]
    one_more = login("office", known=True)
    assert queue.put(one_more) is one_more


def test_a_site_has_one_turn_however_many_networks_it_has() -> None:
    """A /48 of IPv6 is one machine's owner's; who comes from elsewhere is the second."""
    queue = PasswordQueue(256, 1)
    flood = [login(f"2001:db8:1:{number:x}::/64") for number in range(200)]
    for job in flood:
        queue.put(job)
    owner, other = login("198.51.100.7"), login("2001:db8:2:1::/64")
    queue.put(owner)
    queue.put(other)
    order = taken(queue)
    assert [order.index(job) for job in (owner, other)] == [1, 2]
    assert [job for job in order if job in flood] == flood


def test_a_site_gives_its_own_when_the_queue_is_full() -> None:
    """Of the network there that has the most; its neighbours keep theirs."""
    queue = PasswordQueue(10, 1)
    flood = [login("2001:db8:1:1::/64") for _ in range(5)]
    neighbours = [login(f"2001:db8:1:{number}::/64") for number in (2, 3)]
    others = [login(f"198.51.100.{number}") for number in range(3)]
    for job in (*flood, *neighbours, *others):
        queue.put(job)
    assert [queue.put(login(f"203.0.113.{number}")) for number in range(3)] == flood[:1:-1]


def test_networks_of_a_site_take_turns() -> None:
    """A neighbour of a flood comes second there."""
    queue = PasswordQueue(256, 1)
    flood = [login("2001:db8:1:1::/64") for _ in range(20)]
    for job in flood:
        queue.put(job)
    neighbour = login("2001:db8:1:2::/64")
    queue.put(neighbour)
    assert taken(queue).index(neighbour) == 1


def test_a_member_s_new_password_waits_among_the_known() -> None:
    """A flood of logins doesn't keep anybody from changing it."""
    queue, rules = PasswordQueue(256, 1), RulesUnderTest("alice")
    crowd = [login(f"bot{number}") for number in range(50)]
    for job in crowd:
        queue.put(job)
    change = HashPassword(rules.member("alice").session, "alice", "x")
    queue.put(change)
    assert taken(queue).index(change) < 2


def test_registrations_wait_among_the_unknown() -> None:
    """They cost the same bcrypt."""
    queue = PasswordQueue(256, 1)
    job = HashPassword(STAGE.connect().session, "carol", "x")
    queue.put(job)
    assert taken(queue) == [job]


def test_one_thread_is_for_the_known_alone() -> None:
    """So a flood of strangers never has all threads, and a class that comes back has."""
    queue = PasswordQueue(256, 3)
    crowd = [login("evil") for _ in range(5)]
    for job in crowd:
        queue.put(job)
    assert [queue.take() for _ in range(3)] == [*crowd[:2], None]
    friends = [login("school", known=True) for _ in range(2)]
    for job in friends:
        queue.put(job)
    assert [queue.take() for _ in range(3)] == [*friends, None]
    queue.done(friends[0])
    assert queue.take() is None
    queue.done(crowd[0])
    assert [queue.take() for _ in range(2)] == [crowd[2], None]


def test_the_only_thread_is_for_everybody() -> None:
    """One after the other."""
    queue = PasswordQueue(256, 1)
    jobs = [login("home"), login("home")]
    for job in jobs:
        queue.put(job)
    assert [queue.take() for _ in range(2)] == [jobs[0], None]
    queue.done(jobs[0])
    assert queue.take() is jobs[1]


def test_a_stranger_s_turn_ends_also_when_it_has_become_somebody() -> None:
    """The thread says so after the answer, by which the session is an account's."""
    queue, rules = PasswordQueue(256, 1), RulesUnderTest("alice")
    first, second = login("home"), login("home")
    for job in (first, second):
        queue.put(job)
    assert queue.take() is first
    first.session.account = rules.account("alice")
    queue.done(first)
    assert queue.take() is second


@pytest.mark.parametrize("known", [False, True])
def test_who_has_hung_up_takes_no_place(*, known: bool) -> None:
    """Clients that give up and come again turn nobody away: not even themselves."""
    queue = PasswordQueue(10, 1)
    early = [login(f"home{number % 3}", known=known) for number in range(10)]
    for job in early:
        queue.put(job)
    for job in early[1:9]:
        hangs_up(job)
    again = [login("home1", known=known) for _ in range(8)]
    assert [queue.put(job) for job in again] == [None] * 8
    assert len(queue) == 10
    one_more = login("home2", known=known)
    assert queue.put(one_more) is again[-1]
    order = taken(queue)
    assert sorted(map(id, order)) == sorted(map(id, [early[0], early[9], *again[:-1], one_more]))
    assert len(queue) == 0


NETWORKS = ("a", "b", "2001:db8:1:1::/64", "2001:db8:1:2::/64")


@given(st.lists(st.tuples(st.sampled_from(NETWORKS), st.booleans()) | st.none(), max_size=60))
def test_nothing_is_lost_and_nothing_comes_twice(steps: list[tuple[str, bool] | None]) -> None:
    """Whatever is put and taken: each job is taken, dropped or waiting, once."""
    queue = PasswordQueue(7, 1)
    put: list[PasswordJob] = []
    out: list[PasswordJob] = []
    for step in steps:
        if step is None:
            job = does_one(queue)
            assert (job is None) == (len(put) == len(out))
            out += [job] if job else []
        else:
            new = login(step[0], known=step[1])
            put.append(new)
            dropped = queue.put(new)
            out += [dropped] if dropped else []
        assert len(queue) == len(put) - len(out) <= 7
    out += taken(queue)
    assert Counter(map(id, out)) == Counter(map(id, put))
