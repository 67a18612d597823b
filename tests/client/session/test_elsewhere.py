"""Where else a server can be found, by its own words: a token of 005."""

from __future__ import annotations

import logging
import time

import pytest

from securechat.client.session.elsewhere import ADDRESSES, is_here, told_addresses
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Address, Login
from securechat.credentials.link import MOST_ADDRESSES, join_places
from tests.client.dialogue import Talk, arrival, handshake, online

A, B = Address("a.example"), Address("b.example", 443)
TOLD = f"005 alice {ADDRESSES}=a.example,b.example:443 WHOX :are supported by this server"


def test_they_have_the_form_of_links() -> None:
    """As `join_places()` makes it, and each counts once in whatever spelling."""
    places = [("a.example", 6697), ("b.example", 443), ("2001:db8::1", 7000), ("10.0.0.5", 6697)]
    told = told_addresses(join_places(places) + ",A.Example.:6697")
    assert told == tuple(Address(*place) for place in places)


@pytest.mark.parametrize(
    ("part", "address"),
    [
        ("[2001:DB8:0::1]", Address("2001:db8::1")),
        ("[::ffff:10.0.0.5]:443", Address("10.0.0.5", 443)),
        ("чат.example", Address("xn--80a0bn.example")),
        ("xn--80a0bn.example:65535", Address("xn--80a0bn.example", 65535)),
    ],
)
def test_forms_of_one_host(part: str, address: Address) -> None:
    """Become the one by which a host is known."""
    assert told_addresses(part) == (address,)


@pytest.mark.parametrize(
    "part",
    [
        *("", " ", "a b", "a.example:", "a.example:0", "a.example:70000", "a.example:6697x"),
        *("a.example:6697:1", "alice@a.example", "securechat://a.example", "a.example/x"),
        *("[a.example]", "[::1", "::1]", "2001:db8::1", "[1:2]", "[::::]:1", "[]", "[]:6697"),
        *("...", "-", "a\x1b[2J.example", "a\x00.example", "a\u202e.example", "a\ud800.example"),
        *("../../etc/passwd", "a.example;id", "a.example\\x20", "x" * 256, "x" * 8192, "ы" * 200),
    ],
)
def test_what_is_no_address_is_left_out(part: str, caplog: pytest.LogCaptureFixture) -> None:
    """And told to who looks for it, without what would drive a terminal; the others stay."""
    with caplog.at_level(logging.DEBUG, "securechat.client"):
        assert told_addresses(f"a.example,{part},b.example:443") == (A, B)
    [record] = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.getMessage().isprintable()
    assert len(record.getMessage()) < 1000


def test_there_are_at_most_as_many_as_in_a_link() -> None:
    """The first ones, and of the others nobody looks at one: a line of a hostile server may hold a
    thousand.
    """
    many = [f"n{number}.example" for number in range(1000)]
    began = time.process_time()
    told = told_addresses(",".join(many))
    assert told == tuple(map(Address, many[:MOST_ADDRESSES]))
    assert told_addresses("," * 100_000) == ()
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "host", ["localhost", "a.localhost", "127.0.0.1", "127.9", "::1", "0.0.0.0", "::", "0"]
)
def test_some_mean_the_machine_of_who_connects(host: str) -> None:
    """Whatever that is."""
    assert is_here(Address(host))


@pytest.mark.parametrize("host", ["a.example", "localhost.example", "10.0.0.5", "2001:db8::1"])
def test_others_mean_one_machine(host: str) -> None:
    """Also private ones."""
    assert not is_here(Address(host))


def known(talk: Talk) -> tuple[Address, ...] | None:
    return talk.session.addresses


@pytest.mark.parametrize("missed", list(Missed))
def test_a_session_knows_them_once_it_is_in(missed: Missed) -> None:
    """Whatever it is for; before that it knows nothing, as what comes then isn't believed yet."""
    talk = Talk(Login("alice", "secret"), missed=missed)
    talk.opens()
    talk.hears(TOLD)
    assert known(talk) is None
    handshake(talk)
    talk.hears(TOLD)
    welcome, *rest, in_sync = arrival()
    talk.hears(welcome, TOLD, *rest)
    assert known(talk) is None
    talk.hears(in_sync)
    assert known(talk) == (A, B)


def test_what_was_said_before_the_welcome_does_not_count() -> None:
    """Nor what another connection has told."""
    talk = Talk(Login("alice", "secret"))
    handshake(talk)
    talk.hears(TOLD, *arrival())
    assert known(talk) == ()
    talk.hears(TOLD)
    assert known(talk) == (A, B)
    talk.loses()
    assert known(talk) is None
    handshake(talk)
    talk.hears(*arrival())
    assert known(talk) == ()


def test_the_newest_list_counts() -> None:
    """A server whose configuration was read again tells the token once more; a list of junk is
    none, and other tokens leave it as it was.
    """
    talk = online()
    talk.hears(TOLD)
    for value in ("", " ", "!", "[,]"):
        talk.hears(f"005 alice {ADDRESSES}={value} :are supported")
    talk.hears(f"005 alice {ADDRESSES} WHOX :are supported", "005 alice MODES=4 :are supported")
    assert known(talk) == (A, B)
    talk.hears(f"005 alice {ADDRESSES}=b.example:443 :are supported")
    assert known(talk) == (B,)
