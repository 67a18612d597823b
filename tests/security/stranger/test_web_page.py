"""A web page makes its visitor's browser send a request to the chat's port (cross-protocol attack).

The browser speaks TLS, shows the visitor's client certificate if it has one, and comes from inside
the network. What the page puts into the request's body are lines of IRC.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.server import ServerUnderTest, running

PASSWORD = "violet kettles dance at 4"
HEADERS = [
    "Host: chat.test:6697",
    "Origin: https://evil.example",
    "Content-Type: text/plain;charset=UTF-8",
    "Content-Length: 300",
    "",
]
BODY = [
    "CAP LS 302",
    "NICK eve",
    "USER eve 0 * :eve",
    "CAP REQ :sasl draft/account-registration",
    f"REGISTER * * :{PASSWORD}",
    "CAP END",
    "PRIVMSG #lobby :from your colleague's browser",
]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PRI"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """A server where anybody may register, so that the lines of the body could do something."""
    with running(tmp_path_factory.mktemp("server") / "data", "alice") as server:
        yield server


@pytest.mark.parametrize("method", METHODS)
def test_a_request_with_commands_in_its_body(server: ServerUnderTest, method: str) -> None:
    """Is over with its first line: a browser always begins with one that gives it away."""
    alice = server.member("alice")
    with server.connect() as browser:
        browser.sends(f"{method} / HTTP/1.1", *HEADERS, *BODY)
        heard = browser.hears_the_end()
    assert len(heard) == 1
    assert heard[0].startswith("ERROR :")
    assert alice.hears() == []


def test_the_same_commands_from_a_client_work(server: ServerUnderTest) -> None:
    """So that the refusals above mean something."""
    with server.connect() as client:
        client.sends(*BODY)
        assert "REGISTER SUCCESS eve" in client.hears_until("REGISTER")[-1]
