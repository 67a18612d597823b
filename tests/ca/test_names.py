"""DNS names, addresses and accounts, as people type them."""

from __future__ import annotations

import ipaddress
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.ca.errors import BadNameError
from securechat.ca.names import (
    MAX_COMMON_NAME,
    default_names,
    parse_account,
    parse_name,
    parse_names,
)

LABEL = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20)
HOST = st.lists(LABEL, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "org"]))


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("localhost", "localhost"),
        ("Chat.Example.ORG", "chat.example.org"),
        ("chat.example.org.", "chat.example.org"),
        ("  laptop ", "laptop"),
        ("3com.example", "3com.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("127.0.0.1", ipaddress.ip_address("127.0.0.1")),
        ("::1", ipaddress.ip_address("::1")),
        ("[fd00::1]", ipaddress.ip_address("fd00::1")),
        ("FE80:0:0::1", ipaddress.ip_address("fe80::1")),
    ],
)
def test_a_name_is_read_as_people_write_it(typed: str, parsed: object) -> None:
    """Case, a final dot, brackets and scripts are taken as they come."""
    assert parse_name(typed) == parsed


@pytest.mark.parametrize(
    ("typed", "explained"),
    [
        ("", "got nothing"),
        (".", "got nothing"),
        ("a..b", "each part between dots is 1 to 63"),
        ("-a.example", "not '-a'"),
        ("a-.example", "not 'a-'"),
        ("my_host", "not 'my_host'"),
        ("two words", "not 'two words'"),
        ("x" * 64, "1 to 63"),
        (".".join(["abcdefgh"] * 30), "at most 253 characters, not 269"),
        ("192.168.1.300", "four numbers from 0 to 255"),
        ("192.168.01.1", "without leading 0"),
        ("1.2.3", "malformed IP address"),
        ("127.0x1", "malformed IP address"),
        ("0.0.0.0", "no client can connect"),
        ("::", "no client can connect"),
        ("224.0.0.1", "no client can connect"),
        ("fe80::1%eth0", "leave out '%'"),
        ("fe80::12345", "malformed IPv6 address"),
        ("10.0.0.0/8", "not a range"),
        ("https://example.org", "not a URL"),
        ("example.org:6697", "without a port"),
        ("[::1]:6697", "without a port"),
        ("*.example.org", "wildcards are not signed"),
        ("faß.example", "read in two ways"),
        ("a\u200db.example", "read in two ways"),
        ("\u2764" * 70 + ".example", "not a valid international DNS name"),
        ("xn--\x7f", "malformed DNS name"),
        ("xn--0.example", "not a valid xn-- form"),
    ],
)
def test_a_malformed_name_is_refused_with_its_reason(typed: str, explained: str) -> None:
    """The error says what was wrong and carries what was typed."""
    with pytest.raises(BadNameError) as caught:
        parse_name(typed)
    assert explained in str(caught.value)
    assert caught.value.name == typed


def test_an_error_shows_no_control_characters() -> None:
    """A name with an escape sequence can't drive the terminal."""
    with pytest.raises(BadNameError) as caught:
        parse_name("evil\x1b[2J\u202e")
    assert "evil\\u001b[2J\\u202e" in str(caught.value)
    assert str(caught.value).isprintable()


@given(HOST)
def test_every_plain_host_name_reads_as_itself(host: str) -> None:
    """And reading is idempotent."""
    assert parse_name(host) == parse_name(host.upper() + ".") == host


@given(st.ip_addresses())
def test_every_address_that_can_be_connected_to_reads_as_itself(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Either the same address, or a refusal for unspecified and multicast ones."""
    if address.is_unspecified or address.is_multicast:
        with pytest.raises(BadNameError):
            parse_name(str(address))
    else:
        assert parse_name(str(address)) == address


@given(st.text(max_size=80))
def test_any_text_is_a_good_name_or_a_clear_error(text: str) -> None:
    """What comes out is fit for a certificate and reads the same again; nothing else is raised."""
    complaint, name = "", None
    try:
        name = parse_name(text)
    except BadNameError as error:
        complaint = str(error)
    if name is None:
        assert complaint
        assert complaint.isprintable()
    else:
        assert parse_name(str(name)) == name
        assert str(name).isascii()
        assert len(str(name)) <= 253


def test_repeated_names_are_taken_once_in_their_order() -> None:
    """However they are written."""
    assert parse_names(["b.org", "a.org", "B.ORG.", "a.org"]) == ("b.org", "a.org")


@pytest.mark.parametrize(
    ("hostname", "added"),
    [
        ("Laptop", ["laptop"]),
        ("my_host", []),
        ("", []),
        ("localhost", []),
        ("пример", ["xn--e1afmkfd"]),
    ],
)
def test_default_names_hold_the_hosts_name_if_it_is_valid(hostname: str, added: list[str]) -> None:
    """A host's name that DNS couldn't carry is left out."""
    assert default_names(hostname) == ("localhost", "127.0.0.1", "::1", *added)


def test_default_names_ask_the_system() -> None:
    """Without a name given; whatever this machine is called, the result is valid."""
    assert parse_names(default_names())[0] == "localhost"


@pytest.mark.parametrize("account", ["alice", "Иван", "[x]", "a_b-c", "я" * (MAX_COMMON_NAME // 2)])
def test_accounts_of_any_script_are_accepted(account: str) -> None:
    """As long as they fit into a common name."""
    assert parse_account(account) == account


@pytest.mark.parametrize(
    ("account", "explained"),
    [
        ("", "not an account"),
        ("two words", "without spaces"),
        ("a\u202eb", "not an account"),
        ("john.smith", "a dot or a slash"),
        ("..", "a dot or a slash"),
        ("../../etc/passwd", "a dot or a slash"),
        ("я" * 33, "room for 64 bytes of UTF-8, this account takes 66"),
    ],
)
def test_what_can_be_no_account_is_refused(account: str, explained: str) -> None:
    """So that the certificate verifies, and its file stays in its directory."""
    with pytest.raises(BadNameError, match=explained):
        parse_account(account)


def test_an_accounts_wide_letters_are_normalised() -> None:
    """RFC 8265 maps fullwidth letters, and the certificate carries the mapped form."""
    assert parse_account("ａlice") == "alice"
