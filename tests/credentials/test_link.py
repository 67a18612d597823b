"""Invite links and login links."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.credentials.link import (
    DEFAULT_PORT,
    MOST_ADDRESSES,
    InviteLink,
    Link,
    LinkError,
    LoginLink,
    is_link,
    join_places,
    parse_link,
    split_place,
    split_places,
)

CODE = "Zm9vYmFyMTIz"
PIN = hashlib.sha256(b"a certificate").digest()
PINNED = str(InviteLink("chat.example.org", 6697, CODE, PIN)).rpartition("/")[2]

dns = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z0-9]{1,9}){0,3}", fullmatch=True)
hosts = dns | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)
further = st.lists(st.tuples(hosts, st.integers(1, 65535)), max_size=MOST_ADDRESSES - 1).map(tuple)
links = st.builds(
    InviteLink,
    host=hosts,
    port=st.integers(1, 65535),
    code=st.from_regex(r"[A-Za-z0-9_-]{8,64}", fullmatch=True),
    ca_sha256=st.none() | st.binary(min_size=32, max_size=32),
    further=further,
)


def needs_no_brackets(link: Link) -> bool:
    return not any(":" in host for host, _port in link.places)


@given(links)
def test_a_link_is_read_back_as_it_was_made(link: InviteLink) -> None:
    """Any host, any port, any code, pinned or not."""
    assert InviteLink.parse(str(link)) == link


@given(links.filter(needs_no_brackets))
def test_a_link_needs_no_quotes(link: InviteLink) -> None:
    """A person pastes it behind a command; no shell changes it."""
    assert shlex.quote(str(link)) == str(link)


def test_what_a_link_looks_like() -> None:
    """The address, the code, the fingerprint in 43 letters."""
    assert len(PINNED) == 43
    assert str(InviteLink("chat.example.org", 7000, CODE, PIN)) == (
        f"securechat://chat.example.org:7000/{CODE}/{PINNED}"
    )
    assert str(InviteLink("::1", 6697, CODE, None)) == f"securechat://[::1]:6697/{CODE}/system"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (f"securechat://chat.example.org/{CODE}/system", "chat.example.org", DEFAULT_PORT),
        (f"  securechat://localhost:1/{CODE}/system/\n", "localhost", 1),
        (f"securechat://[::1]/{CODE}/system", "::1", DEFAULT_PORT),
        (f"securechat://[fd00::a:1]:65535/{CODE}/system", "fd00::a:1", 65535),
        (f"securechat://192.168.0.7:6697/{CODE}/system", "192.168.0.7", 6697),
        (f"securechat://чат.example:6697/{CODE}/system", "чат.example", 6697),
    ],
)
def test_links_that_people_paste(text: str, host: str, port: int) -> None:
    """With white space around them, a slash behind them, or without the port."""
    assert InviteLink.parse(text) == InviteLink(host, port, CODE, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "https://chat.example.org/",
        f"chat.example.org:6697/{CODE}/system",
        f"securechat:///{CODE}/system",
        f"securechat://:6697/{CODE}/system",
        f"securechat://::1/{CODE}/system",
        f"securechat://[chat]:6697/{CODE}/system",
        f"securechat://a:b@chat.example.org/{CODE}/system",
        f"securechat://chat.example.org:port/{CODE}/system",
        f"securechat://chat.example.org:/{CODE}/system",
        f"securechat://chat.example.org:٦٦٩٧/{CODE}/system",
        f"securechat://chat.example.org/{CODE}",
        f"securechat://chat.example.org/{CODE}/",
        f"securechat://chat.example.org/{CODE}/none",
        f"securechat://chat.example.org/{CODE}/{PINNED[:-1]}",
        f"securechat://chat.example.org/{CODE}/{PINNED}A",
        f"securechat://chat.example.org/short/{PINNED}",
        f"securechat://chat.example.org/{'x' * 65}/{PINNED}",
        f"securechat://chat.example.org/{CODE}/{PINNED} and more",
    ],
)
def test_what_is_no_link(text: str) -> None:
    """The error says what a link looks like and where it comes from; no half of one is taken."""
    with pytest.raises(LinkError, match=r"expected securechat://HOST:PORT/CODE/FINGERPRINT"):
        InviteLink.parse(text)


@pytest.mark.parametrize(
    "host", ["\x1b[31mred", "a\u202egro", "$(id)", "a;b", "a'b", "a\\b", "a%41"]
)
def test_a_link_s_host_can_t_drive_a_terminal_or_a_shell(host: str) -> None:
    """Links come from anybody, and their host is shown before anything is verified."""
    with pytest.raises(LinkError):
        InviteLink.parse(f"securechat://{host}/{CODE}/system")


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_that_is_none(port: str) -> None:
    """The error names the port and the range."""
    with pytest.raises(LinkError, match=f"port is {port}; expected 1 to 65535"):
        InviteLink.parse(f"securechat://chat.example.org:{port}/{CODE}/system")


@given(st.text())
def test_any_text_gives_a_link_or_a_link_error(text: str) -> None:
    """Nothing that a person pastes raises anything else."""
    for candidate in (text, f"securechat://{text}", f"securechat://a/{text}/{PINNED}"):
        try:
            InviteLink.parse(candidate)
        except LinkError:
            continue


def test_a_link_that_is_logged_keeps_its_code() -> None:
    """The code admits whoever has it, so only str(), which makes the link, holds it."""
    link = InviteLink("chat.example.org", 6697, CODE, PIN)
    assert CODE in str(link)
    assert CODE not in repr(link)
    assert CODE not in f"{[link]}"


# -- as they are pasted


@pytest.mark.parametrize(
    "text",
    [
        "{}.",
        "{},",
        "<{}>",
        "({}).",
        '"{}"',
        "«{}»!",
        "`{}`",
        "{}/",
        "{}/.",
        "\ufeff{}\u200b",
        "{}\r\n",
    ],
)
def test_what_stands_around_a_link(text: str) -> None:
    """A sentence, a mail, a quote: none of these signs can be part of a link."""
    link = InviteLink("chat.example.org", 6697, CODE, PIN)
    assert InviteLink.parse(text.format(link)) == link


@pytest.mark.parametrize("gap", ["\n", "\r\n", " ", "\n    ", "\u200b", "\u00ad"])
@pytest.mark.parametrize("at", [12, 30, 50, 80])
def test_a_link_that_was_broken_into_lines(gap: str, at: int) -> None:
    """As mail programs break it; no link has a space in it."""
    link = InviteLink("chat.example.org", 6697, CODE, PIN)
    text = str(link)
    assert InviteLink.parse(text[:at] + gap + text[at:]) == link


@pytest.mark.parametrize("end", [30, 40, 60, -1])
def test_a_link_whose_end_is_missing(end: int) -> None:
    """Where only the first line was pasted: the error says so."""
    text = str(InviteLink("chat.example.org", 6697, CODE, PIN))[:end]
    with pytest.raises(LinkError, match=r"that link is not whole, .* to its end"):
        InviteLink.parse(text)


# -- login links

accounts = st.sampled_from(["", "alice", "жанна", "a[b]", "{x}|^", "a-b_c"])
login_links = st.builds(
    LoginLink,
    host=hosts,
    port=st.integers(1, 65535),
    ca_sha256=st.none() | st.binary(min_size=32, max_size=32),
    account=accounts,
    further=further,
)


@given(login_links)
def test_a_login_link_is_read_back_as_it_was_made(link: LoginLink) -> None:
    """With an account or without."""
    assert LoginLink.parse(str(link)) == link
    assert parse_link(str(link)) == link
    assert is_link(str(link))


@given(login_links.filter(needs_no_brackets))
def test_a_login_link_needs_no_quotes(link: LoginLink) -> None:
    """Whatever the account is called."""
    assert shlex.quote(str(link)) == str(link)


def test_what_a_login_link_looks_like() -> None:
    """The address, - in the code's place, the fingerprint; and perhaps the account."""
    assert str(LoginLink("chat.example.org", 7000, PIN)) == (
        f"securechat://chat.example.org:7000/-/{PINNED}"
    )
    assert str(LoginLink("::1", 6697, None, "alice")) == "securechat://alice@[::1]:6697/-/system"


def test_each_kind_says_what_the_other_is_for() -> None:
    """A person takes the wrong command for the right link."""
    invite = InviteLink("chat.example.org", 6697, CODE, PIN)
    with pytest.raises(LinkError, match="securechat LINK") as refused:
        LoginLink.parse(str(invite))
    assert str(invite.login) in str(refused.value)
    assert CODE not in str(refused.value)
    with pytest.raises(LinkError, match=f"`securechat {invite.login}`"):
        InviteLink.parse(str(invite.login))


@pytest.mark.parametrize(
    "account", ["chat.example", "a:b", "a/b", "a%2Fb", "a%40b", "%ff", "a%20b", "a%0Ab", "a%1b", ""]
)
def test_an_account_that_is_none(account: str) -> None:
    """One with a dot could pass for the host in front of the real one."""
    with pytest.raises(LinkError):
        LoginLink.parse(f"securechat://{account}@evil.test/-/{PINNED}")


def test_an_invite_names_no_account() -> None:
    """Whoever registers chooses the name."""
    with pytest.raises(LinkError):
        parse_link(f"securechat://alice@chat.example.org/{CODE}/{PINNED}")


# -- several addresses


def test_what_a_link_to_several_addresses_looks_like() -> None:
    """As a connection string of PostgreSQL: the first with its port, others where they need it."""
    further = (("b.example", 443), ("::1", 6697), ("::1", 7000))
    link = LoginLink("a.example", 6697, PIN, "alice", further)
    places = "a.example:6697,b.example:443,[::1],[::1]:7000"
    assert str(link) == f"securechat://alice@{places}/-/{PINNED}"
    assert link.places == (("a.example", 6697), *further)
    assert InviteLink("a.example", 6697, CODE, PIN, further).login.further == further


def test_a_link_to_several_addresses_as_people_write_it() -> None:
    """No address needs a port."""
    found = parse_link(f"<securechat://a.example,b.example:443,[::1]/-/{PINNED}/>.")
    assert found.places == (("a.example", DEFAULT_PORT), ("b.example", 443), ("::1", DEFAULT_PORT))


@pytest.mark.parametrize(
    "places",
    [",", "a,", ",a", "a,,b", "a;b", "a, b@c", "a,bob@b", "a:1,b:port", "a,::1", "a,[x]", "a|b"],
)
def test_what_is_no_list_of_addresses(places: str) -> None:
    """An account stands before the first one alone."""
    with pytest.raises(LinkError, match="expected securechat://HOST"):
        parse_link(f"securechat://{places}/-/{PINNED}")


def test_a_port_among_several_that_is_none() -> None:
    """It is named."""
    with pytest.raises(LinkError, match="port is 65536; expected 1 to 65535"):
        parse_link(f"securechat://a.example:443,b.example:65536/-/{PINNED}")


def test_more_addresses_than_a_link_may_have() -> None:
    """Who follows it would try them for minutes."""
    most = ",".join(["a.example"] * MOST_ADDRESSES)
    assert len(parse_link(f"securechat://{most}/-/{PINNED}").places) == MOST_ADDRESSES
    with pytest.raises(LinkError, match="the link has 9 addresses; expected at most 8"):
        parse_link(f"securechat://{most},a.example/-/{PINNED}")


@given(links, st.integers(1, 60))
def test_a_link_that_was_cut_is_none(link: InviteLink, missing: int) -> None:
    """Of several addresses none is taken for a whole one either: the fingerprint is at the end."""
    if link.ca_sha256 is not None:
        with pytest.raises(LinkError):
            parse_link(str(link)[:-missing])


@given(login_links, st.integers(1, 400))
def test_what_has_little_room_gets_fewer_addresses(link: LoginLink, most: int) -> None:
    """The first ones, and as many as there is room for; always one."""
    small = link.within(most)
    assert link.places[: len(small.places)] == small.places
    assert len(str(small).encode()) <= most or not small.further
    if small != link:
        more = link.further[: len(small.further) + 1]
        assert len(str(replace(link, further=more)).encode()) > most


@given(st.lists(st.tuples(hosts, st.integers(1, 65535))).map(tuple))
def test_addresses_that_are_kept_are_read_back(places: tuple[tuple[str, int], ...]) -> None:
    """By whoever makes links of them."""
    assert split_places(join_places(places)) == places


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    """What is one can stand in a link."""
    place = split_place(text)
    if place is not None:
        assert parse_link(f"securechat://{text}/-/system").places == ((place[0], place[1] or 6697),)
