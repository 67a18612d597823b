"""Who tries passwords: over the network, against a real server."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from securechat.core.auth import throttle as guesses_module
from securechat.core.model.credentials import Factor
from securechat.irc.sasl import encode_chunks, encode_plain
from tests.support.client import Client
from tests.support.server import ServerUnderTest, running

COST = 6
"""Of bcrypt: about 4 ms, far above the network's own spread, and far below a test's patience."""

ROUNDS = 40
"""Attempts at each kind of account. Each account is tried less often than costs a wait."""

CHANCE = 0.3
"""How far from an even chance an attacker's guess at the kind of an account may be: of two answers,
one of each kind, the slower one's kind must come out at 0.2 to 0.8. With 40 of each, even chances
stay within that but for one time in 300,000; a skipped bcrypt, or one twice as dear, gives 0 or 1.
"""

_sources = (f"127.9.{number >> 8}.{number & 255}" for number in count(1))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """With members, with and without a second factor, and accounts that are disabled or deleted."""
    directory = tmp_path_factory.mktemp("guessing")
    groups = ("member", "disabled", "deleted", "protected")
    names = [f"{group}{number}" for group in groups for number in range(ROUNDS // 4)]
    with running(directory, accounts={"bcrypt_cost": COST, "registration": "invite"}) as opened:
        opened.add(*names, cost=COST)
        with opened.admin() as admin:
            for name in names:
                row = admin.find(name, name)
                if name.startswith("disabled"):
                    admin.set_disabled(row, disabled=True)
                elif name.startswith("deleted"):
                    admin.delete(row)
            opened.wait_for(admin.in_effect)
        for name in names:
            if name.startswith("protected"):
                model = opened.service._hub._rules.model
                model.by_name[name].factor = Factor("not looked at with a wrong password", 0)
        yield opened


def tries(server: ServerUnderTest, name: str, password: str) -> tuple[list[str], float]:
    """One attempt from an address of its own: the answer, and the seconds it took."""
    person = server.connect(source=next(_sources))
    person.sends("CAP REQ sasl", "NICK guest", "USER guest 0 * :x", "AUTHENTICATE PLAIN")
    person.hears_until("AUTHENTICATE +")
    [chunk] = encode_chunks(encode_plain(name, password))
    before = time.perf_counter()
    person.sends(f"AUTHENTICATE {chunk}")
    heard = person.hears_until(lambda line: line.split(" ")[1] in ("904", "903"))
    took = time.perf_counter() - before
    person.hangs_up()
    return heard, took


def chance(slow: list[float], fast: list[float]) -> float:
    """That of two answers, one of each kind, the first kind's takes longer (Mann and Whitney)."""
    return statistics.mean(float(a > b) for a in slow for b in fast)


KINDS: dict[str, Callable[[int], str]] = {
    "protected": lambda number: f"protected{number % (ROUNDS // 4)}",
    "disabled": lambda number: f"disabled{number % (ROUNDS // 4)}",
    "deleted": lambda number: f"deleted{number % (ROUNDS // 4)}",
    "nobody": lambda number: f"nobody{number % (ROUNDS // 4)}",
    "malformed": lambda number: f"!malformed{number}",
}


@pytest.mark.alone
@pytest.mark.parametrize("password", ["wrong password", "wrong password123456"])
@pytest.mark.parametrize("kind", KINDS)
def test_learning_which_accounts_there_are(
    server: ServerUnderTest, kind: str, password: str
) -> None:
    """By a login's answer or its time: a member's, and that of a name of another kind, can't be
    told apart, with a plain password and with one that ends like a code.
    """
    members, others = [], []
    for number in range(ROUNDS):
        said, took = tries(server, f"member{number % (ROUNDS // 4)}", password)
        members.append(took)
        other, took = tries(server, KINDS[kind](number), password)
        others.append(took)
        assert said == other
    server.forgets_guesses()
    assert abs(chance(members, others) - 0.5) < CHANCE, (
        f"a member's answer takes {statistics.median(members) * 1000:.1f} ms, "
        f"that of {kind} {statistics.median(others) * 1000:.1f} ms"
    )


@pytest.mark.alone
def test_the_statistics_find_a_difference(server: ServerUnderTest) -> None:
    """That of a skipped bcrypt: the test above can fail."""
    wrong = [tries(server, f"member{number % 4}", "wrong password")[1] for number in range(8)]
    quick = [took / 4 for took in wrong]
    server.forgets_guesses()
    assert abs(chance(wrong, quick) - 0.5) > CHANCE


def guesses(person: Client, name: str, password: str) -> str:
    """Begin one attempt; the first line of its answer."""
    person.sends("AUTHENTICATE PLAIN")
    person.hears_until("AUTHENTICATE +")
    [chunk] = encode_chunks(encode_plain(name, password))
    person.sends(f"AUTHENTICATE {chunk}")
    return person.hears_line()


def wears_out(server: ServerUnderTest, name: str, source: str) -> None:
    """Guess at an account from an address until guesses are held back."""
    for _ in range(12):
        person = server.connect(source=source)
        person.sends("CAP REQ sasl", f"NICK {name}", f"USER {name} 0 * :x")
        answer = guesses(person, name, "wrong password")
        person.hangs_up()
        if " WAIT " in answer:
            return
    raise AssertionError("guesses are not slowed")


def test_guessing_as_fast_as_the_line_is(server: ServerUnderTest) -> None:
    """After a few wrong ones each attempt has to wait, and is told so, from that address and at
    that account.
    """
    wears_out(server, "member1", "127.8.0.1")
    for name, source in [("member2", "127.8.0.1"), ("member1", "127.8.0.2")]:
        person = server.connect(source=source)
        person.sends("CAP REQ sasl", f"NICK {name}", f"USER {name} 0 * :x")
        assert " NOTE AUTHENTICATE WAIT " in guesses(person, name, "wrong password")
    server.forgets_guesses()


def test_locking_the_owner_out_by_guessing(server: ServerUnderTest) -> None:
    """The owner, at an address known from before, doesn't even notice; at a new one a login takes
    as long as one attempt does, and not until the attacker stops.
    """
    home = server.connect(source="127.8.1.1")
    home.logs_in("member3")
    wears_out(server, "member3", "127.8.1.2")
    again = server.connect(source="127.8.1.1")
    again.logs_in("member3")
    elsewhere = server.connect(source="127.8.1.3")
    elsewhere.logs_in("member3")
    server.forgets_guesses()


def test_guessing_on_many_connections_at_once(server: ServerUnderTest) -> None:
    """Attempts that wait are few for each address; the others are turned away."""
    wears_out(server, "member4", "127.8.2.1")
    answers = []
    for _ in range(12):
        person = server.connect(source="127.8.2.1")
        person.sends("CAP REQ sasl", "NICK member4", "USER m 0 * :x")
        answers.append(guesses(person, "member4", "wrong password"))
    assert " TEMPORARILY_UNAVAILABLE " in answers[-1]
    assert sum(" WAIT " in answer for answer in answers) <= 8
    server.forgets_guesses()


@pytest.mark.alone
def test_a_flood_of_logins_from_one_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fills its own queue: a login from another address is answered before the flood is."""
    monkeypatch.setattr(guesses_module, "FREE", 99)  # none of it is held back, or turned away
    with running(tmp_path, "alice", "bob", accounts={"bcrypt_cost": 10}) as server:
        flood = []
        for number in range(60):
            person = server.connect(source="127.8.3.1")
            person.sends("CAP REQ sasl", f"NICK bot{number}", "USER b 0 * :b", "AUTHENTICATE PLAIN")
            person.hears_until("AUTHENTICATE +")
            flood.append(person)
        [chunk] = encode_chunks(encode_plain("bob", "wrong password"))
        for person in flood:
            person.sends(f"AUTHENTICATE {chunk}")
        server.connect(source="127.8.3.2").logs_in("alice")
        unanswered = [person for person in flood if not person.has_heard()]
        assert unanswered


@pytest.mark.parametrize("end", ["disabled", "deleted", "another password"])
def test_learning_of_an_account_by_its_end(tmp_path: Path, end: str) -> None:
    """Who has an attempt waiting, at a member or at nobody, hears the same of what happens to the
    member meanwhile: nothing.
    """
    with running(tmp_path, "alice") as server, server.admin() as admin:
        wears_out(server, "alice", "127.8.4.1")
        waiting = []
        for name in ("alice", "nobody"):
            person = server.connect(source="127.8.4.1")
            person.sends("CAP REQ sasl", "NICK guest", "USER guest 0 * :x")
            assert " WAIT " in guesses(person, name, "wrong password")
            waiting.append(person)
        row = admin.find("alice", "alice")
        if end == "deleted":
            admin.delete(row)
        elif end == "disabled":
            admin.set_disabled(row, disabled=True)
        else:
            admin.set_password(row, "of no interest")
        server.wait_for(admin.in_effect)
        heard = [person.hears_until(" 904 ") for person in waiting]
        assert heard[0] == heard[1]


@pytest.mark.parametrize("how", ["a revoked token", "another's token", "a mangled token"])
def test_using_a_token_that_is_none(tmp_path: Path, how: str) -> None:
    """It is a wrong password like any other."""
    with running(tmp_path, "alice", "bob") as server:
        alice = server.member("alice")
        alice.sends("TOKEN CREATE laptop")
        token = alice.hears_until(" CREATED ")[-1].split(" ")[5]
        if how == "a revoked token":
            alice.sends("TOKEN REVOKE laptop")
            alice.hears_until(" REVOKED ")
        name = "bob" if how == "another's token" else "alice"
        tried = token[:-1] + ("A" if token[-1] != "A" else "B") if "mangled" in how else token
        said, _ = tries(server, name, tried)
        assert [line.split(" ")[1] for line in said] == ["904"]
