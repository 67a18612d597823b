"""Who learns which accounts there are, by the answers to a login or by the time they take: over the
network, against a real server.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count

import pytest

from securechat.core.model.credentials import Factor
from securechat.irc.sasl import encode_chunks, encode_plain
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


def chance(slow: Sequence[float], fast: Sequence[float]) -> float:
    """That of two answers, one of each kind, the first kind's takes longer (Mann and Whitney)."""
    return statistics.mean(float(a > b) for a in slow for b in fast)


KINDS: dict[str, Callable[[int], str]] = {
    "member": lambda number: f"member{number % (ROUNDS // 4)}",
    "protected": lambda number: f"protected{number % (ROUNDS // 4)}",
    "disabled": lambda number: f"disabled{number % (ROUNDS // 4)}",
    "deleted": lambda number: f"deleted{number % (ROUNDS // 4)}",
    "nobody": lambda number: f"nobody{number % (ROUNDS // 4)}",
    "malformed": lambda number: f"!malformed{number}",
}


class Guesses:
    """What each kind of account is answered, by turns with a member, with a password: the answers
    and the seconds they took. Measured once for all kinds.
    """

    def __init__(self, server: ServerUnderTest) -> None:
        self._server = server
        self._found: dict[str, dict[str, list[tuple[list[str], float]]]] = {}

    def __getitem__(self, password: str) -> dict[str, list[tuple[list[str], float]]]:
        if password not in self._found:
            found: dict[str, list[tuple[list[str], float]]] = {kind: [] for kind in KINDS}
            for number in range(ROUNDS):
                for kind, name in KINDS.items():
                    found[kind].append(tries(self._server, name(number), password))
            self._server.forgets_guesses()
            self._found[password] = found
        return self._found[password]


@pytest.fixture(scope="module")
def guesses(server: ServerUnderTest) -> Guesses:
    return Guesses(server)


@pytest.mark.alone
@pytest.mark.parametrize("password", ["wrong password", "wrong password123456"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "member"])
def test_learning_which_accounts_there_are(guesses: Guesses, kind: str, password: str) -> None:
    """By a login's answer or its time: a member's, and that of a name of another kind, can't be
    told apart, with a plain password and with one that ends like a code.
    """
    found = guesses[password]
    said, members = zip(*found["member"], strict=True)
    heard, others = zip(*found[kind], strict=True)
    assert heard == said
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
