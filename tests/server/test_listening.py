"""Which sockets there are for a configuration, and what becomes of them when it changes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from securechat.net.binding import ListenError
from securechat.server.config import Config, parse_config
from securechat.server.listening import Bound, bind_listeners

HERE = "127.0.0.1"
Asks = Callable[..., Bound]


def config(listen: dict[str, Any], web: dict[str, Any]) -> Config:
    return parse_config({"listen": {"host": HERE, **listen}, "web": web}, Path("test.toml"))


@pytest.fixture
def asks() -> Iterator[Asks]:
    """Binds what is asked for, and closes all of it in the end."""
    found: list[Bound] = [Bound()]

    def ask(listen: dict[str, Any], web: dict[str, Any] | None = None) -> Bound:
        found.append(bind_listeners(config(listen, web or {}), found[-1]))
        return found[-1]

    yield ask
    for bound in found:
        bound.close_new(Bound())


def port_of(sockets: object) -> int:
    (sock,) = sockets.values()  # type: ignore[attr-defined]
    assert isinstance(sock, socket.socket)
    return int(sock.getsockname()[1])


def free_port() -> int:
    with socket.create_server((HERE, 0)) as sock:
        return int(sock.getsockname()[1])


def test_without_web_there_is_the_chat_only(asks: Asks) -> None:
    """As it is unless somebody asks for more."""
    bound = asks({"port": 0})
    assert len(bound.chat) == 1
    assert not bound.web


def test_both_take_free_ports_of_their_own(asks: Asks) -> None:
    """Though they are asked for in the same words; and they keep them when all else changes."""
    bound = asks({"port": 0}, {"host": HERE, "port": 0})
    assert port_of(bound.chat) != port_of(bound.web)
    again = asks({"port": 0}, {"host": HERE, "port": 0})
    assert again == bound


def test_web_on_moved_and_off(asks: Asks) -> None:
    """The chat's socket stays the same throughout."""
    off = asks({"port": 0})
    on = asks({"port": 0}, {"host": HERE, "port": free_port()})
    moved = asks({"port": 0}, {"host": HERE, "port": free_port()})
    off_again = asks({"port": 0})
    assert off.chat == on.chat == moved.chat == off_again.chat
    assert port_of(on.web) != port_of(moved.web)
    assert not off_again.web


def test_they_may_swap_their_ports(asks: Asks) -> None:
    """A socket that there is goes over to the other, and nobody is refused meanwhile."""
    one, two = free_port(), free_port()
    before = asks({"port": one}, {"host": HERE, "port": two})
    after = asks({"port": two}, {"host": HERE, "port": one})
    assert list(after.chat.values()) == list(before.web.values())
    assert list(after.web.values()) == list(before.chat.values())


def test_one_port_for_both_is_refused(asks: Asks) -> None:
    """One of them would hear nothing; what there was goes on."""
    before = asks({"port": 0})
    port = free_port()
    with pytest.raises(ListenError, match=f"can't listen on {HERE} port {port}"):
        asks({"port": port}, {"host": HERE, "port": port})
    assert all(sock.fileno() >= 0 for sock in before.sockets())
    socket.create_server((HERE, port)).close()


def test_a_port_in_use_closes_all_that_is_new(asks: Asks) -> None:
    """The chat's own too, so that another try finds them free."""
    port = free_port()
    with (
        socket.create_server((HERE, 0)) as other,
        pytest.raises(ListenError, match="another program listens there"),
    ):
        asks({"port": port}, {"host": HERE, "port": other.getsockname()[1]})
    socket.create_server((HERE, port)).close()


def test_every_address_of_the_pages_host_is_listened_on(asks: Asks) -> None:
    """With one port, as it is one page."""
    bound = asks({"port": 0}, {"host": "localhost", "port": 0})
    assert len({sock.getsockname()[1] for sock in bound.web.values()}) == 1


def test_all_are_closed_together(asks: Asks) -> None:
    """Also those whose words are the same."""
    bound = asks({"port": 0}, {"host": HERE, "port": 0})
    assert len(bound.sockets()) == 2
    bound.close_new(bound)
    assert all(sock.fileno() >= 0 for sock in bound.sockets())
    bound.close_new(Bound())
    assert all(sock.fileno() < 0 for sock in bound.sockets())
