"""A payload wherever somebody can write: it becomes no element, no script and no request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.server import ServerUnderTest, running
from tests.web.browser.people import Person, address_of, expect

MARKUP = "<img src=//evil.test/x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>"
TEXTS = (
    MARKUP,
    "\"'><b class=evil>bold</b><style>*{display:none}</style>",
    "javascript:alert(1) data:text/html,<b>x</b> [x](javascript:alert(1)) ${alert(1)} {{7*7}}",
    "\x02bold\x03" + "04,01red\x1b[2J\u202egnirts\u2066 \x01",
)
ROOM = "#<b>x</b><img/src=x/onerror=alert(1)>"
HOSTILE = "constructor"
"""A name that every object of JavaScript has."""
KNOWS = (
    "message-tags draft/multiline draft/message-redaction batch draft/channel-rename echo-message"
)

INJECTED = (
    "img, iframe, object, embed, form[action], [onerror], [onload], style, .evil, body script"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    directory = tmp_path_factory.mktemp("hostile") / "server"
    web = {"host": "127.0.0.1", "port": 0}
    with running(directory, "alice", HOSTILE, "hasOwnProperty", web=web) as opened:
        yield opened


@pytest.fixture(scope="module")
def mallory(server: ServerUnderTest) -> Client:
    client = server.member(HOSTILE, caps=KNOWS)
    client.says(f"JOIN {ROOM}", f"TOPIC {ROOM} :{MARKUP}")
    client.says(f"INVITE alice {ROOM}")
    return client


@pytest.fixture(scope="module")
def alice(browser: Any, server: ServerUnderTest, mallory: Client) -> Iterator[Person]:
    server.member("alice").says(f"JOIN {ROOM}")
    with Person(browser, address_of(server)) as person:
        person.logs_in("alice").opens(ROOM)
        yield person


def is_inert(person: Person) -> None:
    """Nothing was made of what somebody wrote, and nobody was asked for it."""
    expect(person.page.locator(INJECTED)).to_have_count(0)
    expect(person.page.locator("a:not([href^='http'], [href='#said'])")).to_have_count(0)
    assert person.troubles == []


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays_a_text(alice: Person, mallory: Client, text: str) -> None:
    """As a message, an action, a notice, a topic, and to one person."""
    mallory.says(f"PRIVMSG {ROOM} :{text}", f"NOTICE {ROOM} :{text}")
    mallory.says(f"PRIVMSG {ROOM} :\x01ACTION {text}\x01", f"TOPIC {ROOM} :{text}")
    mallory.says(f"PRIVMSG alice :{text} end")
    alice.opens(HOSTILE)
    expect(alice.line("end")).to_have_count(1 + TEXTS.index(text))
    alice.opens(ROOM)
    is_inert(alice)


def test_tags_stay_texts(alice: Person, mallory: Client) -> None:
    """Reactions, replies to nothing, who types, and tags that nobody knows."""
    escaped = MARKUP.replace(" ", r"\s").replace(";", r"\:")
    heard = mallory.says(f"@label=x PRIVMSG {ROOM} :react to this")
    msgid = next(line for line in heard if "react" in line).partition("msgid=")[2].split(";")[0]
    msgid = msgid.split(" ")[0]
    mallory.says(
        f"@+draft/react={escaped[:60]};+draft/reply={msgid} TAGMSG {ROOM}",
        f"@+draft/react=__proto__;+draft/reply={msgid} TAGMSG {ROOM}",
        f"@+draft/reply={escaped} PRIVMSG {ROOM} :a reply to nothing",
        f"@+draft/reply=__proto__;+evil={escaped} PRIVMSG {ROOM} :of nobody",
        f"@+draft/channel-context={escaped} PRIVMSG alice :of nowhere",
        f"@+typing={escaped} TAGMSG {ROOM}",
    )
    line = alice.line("react to this").first
    expect(line.get_by_role("button", name="<img")).to_be_visible()
    expect(alice.line("a reply to nothing").locator(".quote")).to_have_text("an earlier message")
    is_inert(alice)


def test_reasons_stay_texts(alice: Person, mallory: Client, server: ServerUnderTest) -> None:
    """Of who leaves, is put out, or takes back; modes, and the name of a room."""
    other = server.member("hasOwnProperty")
    other.says(f"JOIN {ROOM}", f"PART {ROOM} :{MARKUP}", f"JOIN {ROOM}")
    mallory.says(f"KICK {ROOM} hasOwnProperty :{MARKUP}", f"MODE {ROOM} +k <b>x</b>")
    heard = mallory.says(f"PRIVMSG {ROOM} :taken back")
    msgid = next(line for line in heard if "taken back" in line).partition("msgid=")[2]
    msgid = msgid.split(";")[0].split(" ")[0]
    mallory.says(f"REDACT {ROOM} {msgid} :{MARKUP}")
    expect(alice.line("took this message back. <img")).to_be_visible()
    expect(alice.log).to_contain_text(f"{HOSTILE} put hasOwnProperty out. <img")
    is_inert(alice)


def test_what_people_tell_of_themselves_stays_text(alice: Person, mallory: Client) -> None:
    """In each key that the server keeps, beside a name and in what is told of a person."""
    mallory.says("METADATA * SET display-name :\x02\u202e" + MARKUP)
    keys = ("avatar", "homepage", "status", "pronouns", "color", "__proto__", "about/x")
    for key in keys:
        mallory.says(f"METADATA * SET {key} :{key} javascript:alert(1) {MARKUP}")
    beside = alice.page.get_by_role("complementary").get_by_role("button", name=HOSTILE)
    expect(beside).to_contain_text("<img src=//evil.test/x onerror=alert(1)>")
    beside.click()
    for key in keys:
        expect(alice.dialog).to_contain_text(f"{key} javascript:alert(1) <img")
    expect(alice.dialog.locator("dt")).to_contain_text(["Display name", "Home page", "__proto__"])
    is_inert(alice)
    alice.presses("Escape")
    alice.opens(HOSTILE)
    expect(alice.page.get_by_role("main").locator("header")).to_contain_text("<img src=")
    is_inert(alice)
    alice.opens(ROOM)


def test_dialogs_show_texts(alice: Person, mallory: Client) -> None:
    """All rooms, the room, a person, a message, what a search finds, and the switcher."""
    mallory.says(f"SETNAME :{MARKUP}", f"AWAY :{MARKUP}", f"PRIVMSG {ROOM} :alice: findme {MARKUP}")
    page = alice.page
    page.get_by_role("button", name="All rooms").click()
    expect(alice.dialog).to_contain_text(ROOM)
    is_inert(alice)
    alice.presses("Escape")
    page.get_by_label(f"About {ROOM}").click()
    expect(alice.dialog).to_contain_text(ROOM)
    is_inert(alice)
    alice.presses("Escape")
    page.get_by_role("complementary").get_by_text(HOSTILE).click()
    expect(alice.dialog).to_contain_text("<svg onload")
    is_inert(alice)
    alice.presses("Escape")
    alice.menu("findme")
    expect(alice.dialog).to_contain_text("findme <img")
    is_inert(alice)
    alice.presses("Escape")
    page.get_by_role("button", name="What was said to you").click()
    expect(alice.dialog).to_contain_text("findme <img")
    is_inert(alice)
    alice.presses("Escape")
    alice.presses("Control+k")
    alice.dialog.get_by_label("Room or person").fill("<b>x")
    expect(alice.dialog.get_by_role("option").first).to_contain_text(ROOM)
    is_inert(alice)
    alice.presses("Escape")
