"""Who tries passwords: over the network, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.core.auth import throttle as guesses_module
from securechat.irc.sasl import encode_chunks, encode_plain
from tests.security.stranger.test_telling_accounts import tries
from tests.support.client import Client
from tests.support.server import ServerUnderTest, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """With a member for each test."""
    names = [f"member{number}" for number in range(1, 5)]
    with running(tmp_path_factory.mktemp("guessing"), *names) as opened:
        yield opened


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


def test_guessing_on_many_connections_at_once(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempts that wait are few for each address; the others are turned away."""
    monkeypatch.setattr(guesses_module, "FREE", -20)
    monkeypatch.setattr(guesses_module, "MAX_WAIT_SECONDS", 600.0)  # none ends before the last one
    answers = []
    for _ in range(12):
        person = server.connect(source="127.8.2.1")
        person.sends("CAP REQ sasl", "NICK member4", "USER m 0 * :x")
        answers.append(guesses(person, "member4", "wrong password"))
    held, turned_away = answers[: guesses_module.MAX_HELD], answers[guesses_module.MAX_HELD :]
    assert all(" WAIT " in answer for answer in held)
    assert all(" TEMPORARILY_UNAVAILABLE " in answer for answer in turned_away)
    server.forgets_guesses()


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
