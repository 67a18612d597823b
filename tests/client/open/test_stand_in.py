"""What the page logs in by, and what the server gets in its place."""

from __future__ import annotations

import base64

import pytest

from securechat.client.open.stand_in import StandIn
from securechat.client.session.identity import Login
from securechat.irc.sasl import Assembler


def line(password: str, head: str = "AUTHENTICATE") -> bytes:
    payload = base64.b64encode(f"\0alice\0{password}".encode())
    return head.encode() + b" " + payload


def test_the_secret_is_put_in_its_place() -> None:
    """Wherever the page has put its label."""
    stand_in = StandIn(Login("alice", "otters 7"))
    assert stand_in.put_in(line(stand_in.text)) == [line("otters 7")]
    labelled = "@label=1 AUTHENTICATE"
    assert stand_in.put_in(line(stand_in.text, labelled)) == [line("otters 7", labelled)]


def test_a_long_secret_takes_several_chunks() -> None:
    stand_in = StandIn(Login("alice", "o" * 600))
    chunks = Assembler()
    found = [
        chunks.feed(sent.decode().partition(" ")[2])
        for sent in stand_in.put_in(line(stand_in.text))
    ]
    assert found == [None, None, f"\0alice\0{'o' * 600}".encode()]


@pytest.mark.parametrize(
    "said",
    [
        line("what somebody types"),
        b"AUTHENTICATE PLAIN",
        b"AUTHENTICATE *",
        b"AUTHENTICATE",
        b"",
        "AUTHENTICATE \xe9".encode(),
        b"PRIVMSG #den :hi",
    ],
)
def test_all_else_is_passed_on_as_it_is(said: bytes) -> None:
    assert StandIn(Login("alice", "otters 7")).put_in(said) == [said]


def test_it_is_put_in_nowhere_else() -> None:
    """The page can't have it said to a channel."""
    stand_in = StandIn(Login("alice", "otters 7"))
    for said in (f"PRIVMSG #den {stand_in.text}".encode(), line(stand_in.text, "PRIVMSG #den")):
        assert stand_in.put_in(said) == [said]
