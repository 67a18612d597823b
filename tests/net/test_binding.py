"""Listening sockets: where, and what goes wrong there."""

from __future__ import annotations

import errno
import os
import select
import socket

import pytest

from securechat.net import binding as module
from securechat.net.binding import ListenError, bind, bind_all, close_new, listen


def refused(host: str, port: int) -> str:
    with pytest.raises(ListenError) as caught:
        bind(host, port)
    return str(caught.value)


# --- where ---------------------------------------------------------------------------------------


def test_port_0_is_a_free_port() -> None:
    """And the socket says which."""
    [sock] = bind("127.0.0.1", 0)
    with sock:
        assert sock.getsockname()[1] > 0
        assert not sock.getblocking()


def test_a_name_of_several_addresses_has_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """All its addresses listen on the same free port, so that one number can be told."""
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),  # named twice
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    one, two = bind("both.example", 0)
    with one, two:
        assert one.getsockname()[1] == two.getsockname()[1]
        assert two.getsockname()[0] == "127.0.0.2"


def test_a_port_in_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    [sock] = bind("127.0.0.1", 0)
    with sock:
        port = sock.getsockname()[1]
        text = refused("127.0.0.1", port)
    assert f"can't listen on 127.0.0.1 port {port}" in text
    assert "another program listens there; end it, or choose another --port" in text


def test_nothing_stays_open_when_one_address_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a listener is none: the sockets that were made are closed."""
    [taken] = bind("127.0.0.2", 0)
    with taken:
        port = taken.getsockname()[1]
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert "another program listens there" in refused("both.example", port)
        monkeypatch.undo()
        [again] = bind("127.0.0.1", port)
        again.close()


def test_a_foreign_address_is_told() -> None:
    """TEST-NET-1 (RFC 5737) is no address of this machine."""
    assert "this machine doesn't have that address" in refused("192.0.2.1", 0)


def test_what_is_no_address_is_told() -> None:
    """A name that nobody knows, by the rules of RFC 6761."""
    text = refused("nowhere.invalid", 0)
    assert "can't listen on 'nowhere.invalid': expected an address or a name" in text
    assert "0.0.0.0" in text


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EACCES, "AmbientCapabilities=CAP_NET_BIND_SERVICE"),
        (errno.EIO, "choose another --host"),
    ],
)
def test_other_errors_are_told(monkeypatch: pytest.MonkeyPatch, number: int, hint: str) -> None:
    """Whatever it is, the text says what to do."""

    def bind_one(*_: object, **__: object) -> socket.socket:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, "_bind_one", bind_one)
    assert hint in refused("127.0.0.1", 80)


# --- other addresses while some are open ---------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [("127.0.0.1", "0.0.0.0"), ("0.0.0.0", "127.0.0.1"), ("0.0.0.0", "::"), ("::", "127.0.0.1")],
)
def test_ours_stand_in_nobodys_way(one: str, other: str) -> None:
    """The old one is open until the new one is: as nobody is to be turned away in between."""
    before = bind_all([(one, 0)], {})
    [sock] = before.values()
    port = sock.getsockname()[1]
    after = bind_all([(other, port)], before)
    [new] = after.values()
    assert new is not sock
    close_new(before, {})
    client = socket.create_connection(("127.0.0.1", port))
    new.accept()[0].close()
    client.close()
    # And it is no invitation to a second server.
    assert "another program listens there" in refused(other, port)
    new.close()


def test_two_that_overlap_are_both_opened() -> None:
    """All IPv4 addresses, and all of IPv6, which wants the former as well."""
    [taken] = bind("127.0.0.1", 0)
    port = taken.getsockname()[1]
    taken.close()
    found = bind_all([("::", port), ("0.0.0.0", port)], {})
    assert [sock.family for sock in found.values()] == [socket.AF_INET6, socket.AF_INET]
    close_new(found, {})


def test_what_is_still_wanted_is_taken_over() -> None:
    """Port 0 included, which stays the one that was found; and an address that is named twice."""
    before = bind_all([("127.0.0.1", 0)], {})
    after = bind_all([("127.0.0.2", 0), ("127.0.0.1", 0), ("127.0.0.1", 0)], before)
    assert len(after) == 2
    assert set(before.values()) < set(after.values())
    close_new(after, {})


def test_what_fails_leaves_all_as_it_was() -> None:
    """New ones are closed again, and the old ones go on."""
    before = bind_all([("127.0.0.1", 0)], {})
    [sock] = before.values()
    port = sock.getsockname()[1]
    with pytest.raises(ListenError, match="doesn't have that address"):
        bind_all([("0.0.0.0", port), ("192.0.2.1", port)], before)
    client = socket.create_connection(("127.0.0.1", port))
    sock.accept()[0].close()
    client.close()
    # No other one that listens there is left.
    close_new(before, {})
    [again] = bind("0.0.0.0", port)
    again.close()


# --- listening later -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"), [("127.0.0.1", "0.0.0.0"), ("0.0.0.0", "::"), ("127.0.0.1", "127.0.0.2")]
)
def test_who_comes_before_it_listens_is_refused(one: str, other: str) -> None:
    """The port is taken meanwhile; and of several none stands in another's way afterwards."""
    found = bind_all([(one, 0)], {}, listens=False)
    [port] = {sock.getsockname()[1] for sock in found.values()}
    both = bind_all([(one, 0), (other, port)], found, listens=False)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    listen(both.values())
    for sock in both.values():
        sock.setblocking(True)
    for host in (one, other):
        address = {"0.0.0.0": "127.0.0.3", "::": "::1"}.get(host, host)
        with socket.create_connection((address, port)):
            accepted_by = [sock for sock in both.values() if select.select([sock], [], [], 0)[0]]
            assert len(accepted_by) == 1
            accepted_by[0].accept()[0].close()
    # And it is no invitation to a second server.
    assert "another program listens there" in refused(other, port)
    close_new(both, {})


def test_a_port_in_use_is_told_before_it_is_to_listen() -> None:
    """Nobody has to wait for that until all else is there."""
    [taken] = bind("127.0.0.1", 0)
    with taken, pytest.raises(ListenError, match="another program listens there"):
        bind_all([taken.getsockname()[:2]], {}, listens=False)


def test_another_program_may_have_begun_to_listen_meanwhile() -> None:
    """Of two that are to the second one is told."""
    one = bind_all([("127.0.0.1", 0)], {}, listens=False)
    [sock] = one.values()
    other = bind_all([sock.getsockname()[:2]], {}, listens=False)
    listen(one.values())
    with pytest.raises(ListenError, match="another program listens there"):
        listen(other.values())
    close_new({**other}, {})
    close_new(one, {})
