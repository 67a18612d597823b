"""The wall clock jumps by hours, both ways: a battery that is empty, a time server that is wrong.

What is stored keeps its order, nobody is sent away, and what depends on the date follows the clock.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from securechat.server import hub
from tests.support.server import ServerUnderTest, running

HOUR = 3600.0
JUMPS = [5 * HOUR, -11 * HOUR, 24 * 365 * HOUR, -24 * 365 * HOUR, 0.0]
"""Seconds off the true time, one after the other."""


class Wall:
    """A clock on the wall that can be put forward and back; the monotonic one runs on."""

    def __init__(self) -> None:
        self.off = 0.0

    def time(self) -> float:
        return time.time() + self.off

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """What the hub takes for the time."""
    wall = Wall()
    monkeypatch.setattr(hub, "time", wall)
    return wall


@pytest.fixture
def server(tmp_path: Path, wall: Wall) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "data", "alice", "bob", accounts={"registration": "invite"}) as server:
        yield server


def said(lines: list[str]) -> list[str]:
    return [line.rpartition(" :")[2] for line in lines if " PRIVMSG #lobby :" in line]


def stamps(lines: list[str]) -> list[datetime]:
    return [
        datetime.fromisoformat(found[1])
        for line in lines
        if (found := re.match(r"@time=([^; ]+)\S* \S+ PRIVMSG #lobby :", line))
    ]


def test_messages_keep_their_order(server: ServerUnderTest, wall: Wall) -> None:
    """Live and replayed, as each was said; their stamps tell what the clock showed."""
    alice, bob = (
        server.member("alice", caps="echo-message"),
        server.member("bob", caps="server-time"),
    )
    for number, wall.off in enumerate(JUMPS):
        alice.sends(f"PRIVMSG #lobby :live {number}")
        alice.hears_until(f":live {number}")
    live = bob.hears()
    assert said(live) == [f"live {number}" for number in range(len(JUMPS))]
    for stamp, off in zip(stamps(live), JUMPS, strict=True):
        assert abs((stamp - datetime.now(UTC)).total_seconds() - off) < 60
    bob.sends("QUIT")
    bob.hears_the_end()
    for number, wall.off in enumerate(JUMPS):
        alice.sends(f"PRIVMSG #lobby :later {number}")
        alice.hears_until(f":later {number}")
    missed = server.connect().logs_in("bob", caps="server-time")
    assert said(missed) == [f"later {number}" for number in range(len(JUMPS))]


def test_nobody_is_sent_away(server: ServerUnderTest, wall: Wall) -> None:
    """Deadlines and PINGs go by a clock that doesn't jump; nobody is idle for less than 0 s."""
    alice, bob, client = server.member("alice"), server.member("bob"), server.connect()
    for wall.off in JUMPS[1:4]:
        moment = server.service._hub._next_tick
        server.wait_for(lambda moment=moment: server.service._hub._next_tick > moment)  # type: ignore[misc]
        alice.sends("WHOIS bob")
        [idle] = [line for line in alice.hears_until(" 318 ") if " 317 " in line]
        assert int(idle.split(" ")[4]) >= 0
        assert client.hears() == []
    assert not any("QUIT" in line for line in [*alice.hears(), *bob.hears()])


def test_an_invite_follows_the_clock(server: ServerUnderTest, wall: Wall) -> None:
    """A clock a year ahead makes it expire, and its return makes it good again; it is used once."""
    with server.admin() as admin:
        now = int(time.time() * 1000)
        code = admin.invites.make(uses=1, expires_ms=now + 7 * 24 * 3_600_000, now_ms=now)
        server.wait_for(admin.in_effect)
    wall.off = 365 * 24 * HOUR
    assert "expired or unknown" in registers(server, "zelda", code)
    wall.off = -365 * 24 * HOUR
    assert "REGISTER SUCCESS zelda" in registers(server, "zelda", code)
    assert "used up, expired or unknown" in registers(server, "yolanda", code)


def registers(server: ServerUnderTest, name: str, code: str) -> str:
    """The answer to who wants an account."""
    person = server.connect()
    person.sends(f"NICK {name}", f"REGISTER * {code} :violet kettles dance 4")
    return person.hears_until("REGISTER")[-1]


def test_a_clock_before_1970(server: ServerUnderTest, wall: Wall) -> None:
    """A machine without a battery: what can't be is still said, stored and replayed."""
    alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
    bob.sends("QUIT")
    bob.hears_the_end()
    wall.off = -time.time() - HOUR
    alice.sends("PRIVMSG #lobby :before time", "TOPIC #lobby", "MODE #lobby", "WHOIS alice")
    alice.hears_until(" 318 ")
    missed = server.connect().logs_in("bob", caps="server-time")
    assert said(missed) == ["before time"]
    assert [stamp.year for stamp in stamps(missed)] == [1969]
