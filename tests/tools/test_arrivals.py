"""How a user of the load comes in, as a server sees it."""

from __future__ import annotations

import os
import time
from typing import cast

import pytest
from benchlib import proc
from benchlib.client import Client, User
from benchlib.link import Link, LostError


class Wire:
    """Stands in for a connection: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.secured = self.is_open = True

    def ready(self, events: int) -> bytes:
        return b""

    def send(self, lines: list[bytes]) -> None:
        self.sent += [line.decode().removesuffix("\r\n") for line in lines]


class Arrival:
    """A client that has just connected, and what it has come to."""

    def __init__(self, user: User, *, enters: bool = False) -> None:
        self.wire = Wire()
        self.progress = 0
        self.client = Client(
            user, cast(Link, self.wire), frozenset(), self._progressed, enters=enters
        )
        self.client.on_event(0)
        self.said()

    def _progressed(self, client: Client) -> None:
        self.progress += 1

    def hears(self, *lines: str) -> Arrival:
        for line in lines:
            self.client.sink(line.encode() + b"\r\n")
        return self

    def said(self) -> list[str]:
        """Since the last time."""
        sent, self.wire.sent = self.wire.sent, []
        return sent


END = ":s 422 load1 :No message of the day"


@pytest.mark.parametrize(
    ("user", "mechanism", "proof"),
    [
        (User(1, "load1", password="open sesame"), "PLAIN", "AGxvYWQxAG9wZW4gc2VzYW1l"),
        (User(1, "load1", certificate="load1.pem"), "EXTERNAL", "+"),
    ],
)
def test_a_login_is_by_password_or_by_certificate(user: User, mechanism: str, proof: str) -> None:
    """A token stands in the password's place; a certificate has spoken in the handshake."""
    arrival = Arrival(user)
    arrival.hears("CAP * LS :multi-prefix sasl=PLAIN")
    assert arrival.said() == ["CAP REQ :sasl"]
    arrival.hears("CAP * ACK :sasl")
    assert arrival.said() == [f"AUTHENTICATE {mechanism}"]
    arrival.hears("AUTHENTICATE +")
    assert arrival.said() == [f"AUTHENTICATE {proof}"]
    arrival.hears(":s 903 load1 :Welcome")
    assert arrival.said() == ["CAP END"]
    assert arrival.progress == 0
    arrival.hears(END)
    assert arrival.progress == 1


def test_a_refused_login_is_lost() -> None:
    """With the server's reason, and without the password."""
    arrival = Arrival(User(1, "load1", password="open sesame"))
    with pytest.raises(LostError, match="load1 is not let in: 904 load1 :Wrong") as lost:
        arrival.hears(":s 904 load1 :Wrong")
    assert "sesame" not in str(lost.value)


def test_who_is_to_enter_a_room_is_in_at_the_end_of_its_names() -> None:
    """After the welcome it asks for the room; another room's names don't count."""
    arrival = Arrival(User(1, "load1", room="#den"), enters=True).hears(END)
    assert arrival.said() == ["JOIN #den"]
    arrival.hears(":s 366 load1 #lobby :End")
    assert arrival.progress == 0
    arrival.hears(":s 366 load1 #den :End")
    assert arrival.progress == 1


@pytest.mark.parametrize("lines", [(END, ":s 366 load1 #den :End"), (":s 366 load1 #den :E", END)])
def test_a_member_is_brought_into_its_room(lines: tuple[str, str]) -> None:
    """It asks for nothing, and is in once it has heard both, in whatever order."""
    arrival = Arrival(User(1, "load1", room="#den", member=True), enters=True)
    arrival.hears(lines[0])
    assert arrival.progress == 0
    arrival.hears(lines[1])
    assert arrival.progress == 1
    assert arrival.said() == []


def test_a_servers_farewell_is_an_error_unless_it_is_expected() -> None:
    """As it is before a restart."""
    arrival = Arrival(User(1, "load1")).hears(END)
    with pytest.raises(LostError, match="the server says: ERROR :Bye"):
        arrival.hears("ERROR :Bye")
    arrival.client.leaving = True
    arrival.hears("ERROR :Bye")


# --- what the kernel tells -----------------------------------------------------------------------


def test_the_cpu_time_of_a_process_is_known_to_the_microsecond() -> None:
    """The same that the process itself is told."""
    before = time.process_time()
    found = proc.cpu_seconds(os.getpid())
    assert before <= found <= time.process_time()


def test_a_process_that_has_ended_is_an_error() -> None:
    """And no CPU time of nothing."""
    pid = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(pid, 0)
    with pytest.raises(proc.MachineError, match="has ended"):
        proc.cpu_seconds(pid)


def test_too_many_connections_for_this_machine_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what may be changed."""
    monkeypatch.setattr(proc, "files_allowed", lambda: 1000.0)
    with pytest.raises(proc.MachineError, match=r"ulimit -Hn.*fewer --connections"):
        proc.allow_files(1001)
