"""Where to connect and as whom: Address, Login, Registration."""

from __future__ import annotations

import pytest

from securechat.client.exits import UsageError
from securechat.client.identity import Address, Login, Registration, parse_target


@pytest.mark.parametrize(
    ("text", "account", "address"),
    [
        ("chat.example", None, Address("chat.example", 6697)),
        ("alice@chat.example", "alice", Address("chat.example", 6697)),
        ("alice@chat.example:7000", "alice", Address("chat.example", 7000)),
        ("жанна@127.0.0.1:1", "жанна", Address("127.0.0.1", 1)),
        ("[::1]:7000", None, Address("::1", 7000)),
        ("[::1]", None, Address("::1", 6697)),
        ("bob@::1", "bob", Address("::1", 6697)),
        ("chat.example.", None, Address("chat.example", 6697)),
    ],
)
def test_a_target_is_read(text: str, account: str | None, address: Address) -> None:
    """[ACCOUNT@]HOST[:PORT], with or without each part."""
    assert parse_target(text) == (account, address)


@pytest.mark.parametrize(
    "text",
    ["", "@host", "alice@", "host:0", "host:65536", "host:abc", "host:٣", "[::1", "a b", "x/y"],
)
def test_a_malformed_target_is_refused(text: str) -> None:
    """With a text that says what is expected."""
    with pytest.raises(UsageError, match="expected"):
        parse_target(text)


def test_an_address_is_written_as_it_is_read() -> None:
    """IPv6 in brackets."""
    assert str(Address("::1", 7000)) == "[::1]:7000"
    assert parse_target(str(Address("::1", 7000)))[1] == Address("::1", 7000)


def test_secrets_are_in_no_repr() -> None:
    """A repr may reach a log."""
    assert "secret" not in repr(Login("alice", "secret"))
    assert "secret" not in repr(Registration("alice", "secret", "secret-code"))
