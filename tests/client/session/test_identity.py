"""Where to connect and as whom, and when two names are the same: Address, Login, fold()."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securechat.client.exits import UsageError
from securechat.client.session.identity import (
    AccountRequest,
    Address,
    Login,
    fold,
    parse_target,
    same,
)
from securechat.irc import names
from tests.irc.awkward import texts


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
    assert parse_target(text) == (account, [address])


def test_several_addresses_of_one_server() -> None:
    """Each is read as one alone, and is there once, in whatever spelling."""
    a, b, six = Address("a.example"), Address("b.example", 443), Address("::1")
    assert parse_target("alice@a.example,b.example:443,::1") == ("alice", [a, b, six])
    assert parse_target("A.example:6697,[::1],a.example") == (None, [a, six])


def test_more_addresses_than_one_server_has() -> None:
    """Each may cost some seconds."""
    with pytest.raises(UsageError, match="expected at most 8 addresses of one server; got 9"):
        parse_target(",".join(f"{letter}.example" for letter in "abcdefghi"))


@pytest.mark.parametrize(
    "spellings",
    [
        ["chat.example", "CHAT.Example", "chat.example.", "chat。example", "ｃhat.example"],
        ["bücher.example", "xn--bcher-kva.example", "BÜCHER.example", "bu\u0308cher.example"],
        ["::1", "0:0:0:0:0:0:0:1", "0000::0001"],
        ["fd00::a", "FD00::A", "fd00:0:0::a"],
        ["127.0.0.1", "::ffff:127.0.0.1", "::FFFF:7f00:1", "127.1", "0x7f000001", "127.0.0.1."],
    ],
)
def test_all_spellings_of_a_host_are_one_address(spellings: list[str]) -> None:
    """What is trusted belongs to the host: otherwise a capital letter would be another host."""
    assert len({Address(text) for text in spellings}) == 1


@pytest.mark.parametrize(
    "host", ["", ".", "..", "a..b", "x" * 70, "\udcff", "fe80::1%eth0", "1.2.3.x"]
)
def test_what_is_no_host_stays_as_it_is(host: str) -> None:
    """The connection tells what is wrong with it."""
    assert Address(host).host == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@host",
        "alice@",
        "host:0",
        "host:65536",
        "host:abc",
        "host:٣",
        "[::1",
        "a b",
        "x/y",
        "a,",
        ",a",
        "a,bob@b",
        "alice@a,alice@b",
    ],
)
def test_a_malformed_target_is_refused(text: str) -> None:
    """With a text that says what is expected."""
    with pytest.raises(UsageError, match="expected"):
        parse_target(text)


def test_an_address_is_written_as_it_is_read() -> None:
    """IPv6 in brackets."""
    assert str(Address("::1", 7000)) == "[::1]:7000"
    assert parse_target(str(Address("::1", 7000)))[1] == [Address("::1", 7000)]


def test_secrets_are_in_no_repr() -> None:
    """A repr may reach a log."""
    assert "secret" not in repr(Login("alice", "secret"))
    assert "secret" not in repr(AccountRequest("alice", "secret", "secret-code"))


@pytest.mark.parametrize(
    ("one", "other"), [("#Lobby", "#lobby"), ("Жанна", "жАННА"), ("ＢＯＢ", "bob")]
)
def test_case_and_width_do_not_count(one: str, other: str) -> None:
    """In any script."""
    assert same(one, other)


def test_different_names_stay_different() -> None:
    """Brackets too, as the server's mapping of ASCII has none of RFC 1459's."""
    assert not same("bob", "rob")
    assert not same("a[", "a{")


def folded(text: str) -> str | None:
    """As the server does it that makes an account or a channel of the text."""
    make = names.channel_name if text.startswith("#") else names.account_name
    try:
        return make(text).folded
    except names.InvalidName:
        return None


@given(texts | texts.map("#{}".format), texts | texts.map("#{}".format))
@example("Ελένῃ", "Ελένηι")
@example("#ᾳ", "#αι")
@example("ΑΙ", "ᾼ")
def test_names_are_the_same_where_the_server_takes_them_for_one(one: str, other: str) -> None:
    """And different where it keeps them apart, whatever the script."""
    forms = folded(one), folded(other)
    if None not in forms:
        assert same(one, other) == (forms[0] == forms[1])


@pytest.mark.parametrize(
    ("one", "other"), [("Ελένῃ", "Ελένηι"), ("ᾳβ", "αιβ"), ("straße", "strasse")]
)
def test_names_that_the_server_keeps_apart_are_two(one: str, other: str) -> None:
    """An iota below a letter, and one beside it, are two people."""
    assert folded(one) != folded(other)
    assert not same(one, other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    """A key may be folded again."""
    assert fold(fold(text)) == fold(text)
