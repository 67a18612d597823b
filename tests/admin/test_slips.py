"""The slips that are handed out: what is on them, whatever is in the names."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from securechat.admin.slips import QR_BYTES, Handout, Slip, as_html, as_text, qr_code
from securechat.common.fingerprints import grouped
from securechat.credentials.link import LoginLink, parse_link

PIN = bytes(range(32))
LINK = LoginLink("192.168.1.10", 6697, PIN, "ليلى")
HOSTILE = '<script>alert(1)</script>"&\u202e'
HANDOUT = Handout(
    "chat.test",
    [
        Slip("ليلى", "ليلى عبد الرحمن", "acid-acorn", LINK),
        Slip("bob", HOSTILE, '<&"pass,word', LoginLink("chat.test", 6697, None, "bob")),
    ],
)


class Seen(HTMLParser):
    """What a browser finds in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_holds_all_it_needs_and_names_run_nothing() -> None:
    """Nothing is fetched; what a name holds is text."""
    page = as_html(HANDOUT)
    seen = Seen(page)
    assert (seen.addresses, seen.tags.count("script"), seen.tags.count("svg")) == ([], 0, 2)
    assert "url(" not in page
    assert "@import" not in page
    for word in (HOSTILE, '<&"pass,word', "acid-acorn", "ليلى عبد الرحمن", str(LINK)):
        assert word in seen.text


def test_the_page_for_browsers_is_told_where_there_is_one() -> None:
    """On the slip, and in its code for a phone's camera."""
    page = "https://chat.test:8443/"
    handout = Handout("chat.test", HANDOUT.slips, page)
    assert as_text(handout).count(f"In a browser:   {page}\n") == 2
    assert "In a browser" not in as_text(HANDOUT)
    assert as_html(handout).count(qr_code(page)) == 2
    assert qr_code(page) not in as_html(HANDOUT)


def test_a_code_for_a_camera_has_as_many_addresses_as_go_into_it() -> None:
    """The text beside it has all of them."""
    nodes = tuple((f"node{number}.chat.example.org", 6697) for number in range(7))
    link = LoginLink("chat.example.org", 6697, PIN, "bob", nodes)
    page = as_html(Handout("chat.test", [Slip("bob", "", "acid-acorn", link)]))
    small = link.within(QR_BYTES)
    assert 0 < len(small.further) < len(nodes)
    assert small.further == nodes[: len(small.further)]
    assert qr_code(str(small)) in page
    assert str(link) in Seen(page).text
    more = ", ".join(f"{host} {port}" for host, port in nodes)
    assert f"login by SASL PLAIN; also {more}" in Seen(page).text
    # 57 modules, and the border of two on both sides.
    assert 'viewBox="0 0 61 61"' in qr_code(str(small).ljust(QR_BYTES, "x"))


def test_a_text_holds_the_link_in_one_piece() -> None:
    """So that it can be copied; and nothing in a name drives a terminal."""
    text = as_text(HANDOUT)
    [line] = re.findall(r"^In a terminal: +securechat (\S+:6697/-/[^s]\S+)$", text, re.M)
    assert parse_link(line) == LINK
    assert grouped(PIN) in text
    assert "\u202e" not in text
    assert text.count("8< - -") == 1


def test_without_an_authority_of_its_own_there_is_no_fingerprint() -> None:
    """The system's store knows who has signed."""
    [slip] = [Handout("chat.test", HANDOUT.slips[1:])]
    assert "SHA-256" not in as_text(slip) + as_html(slip)
