"""For everybody: each view by axe-core in both themes, the keyboard alone, and a phone."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import pytest

from securechat.core.auth import totp
from tests.support.server import PASSWORD, ServerUnderTest, running
from tests.web.browser.people import PHONE, Person, address_of, expect
from tests.web.conftest import module_of

RUN = """
    (rules) => axe.run(document.querySelector('dialog') ?? document,
        {resultTypes: ['violations'], ...rules})
"""
RULES = {
    "light": {},
    "dark": {"runOnly": ["color-contrast"]},  # all else is the same
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    directory = tmp_path_factory.mktemp("accessible") / "server"
    web = {"host": "127.0.0.1", "port": 0}
    with running(directory, "bob", "carol", web=web) as opened:
        opened.add("alice", admin=True)
        alice, bob = opened.member("alice"), opened.member("bob", caps="message-tags echo-message")
        alice.says("JOIN #den", "TOPIC #den :Where we meet", "JOIN #club")
        heard = bob.says("JOIN #den", "PRIVMSG #den :alice: see https://example.org and `code`")
        msgid = re.findall(r"msgid=([^; ]+)", heard[-1])[0]
        bob.says(f"@+draft/react=🎉;+draft/reply={msgid} TAGMSG #den", "PRIVMSG alice :psst")
        bob.says(f"@+draft/reply={msgid} PRIVMSG #den :and so on", "AWAY :at lunch")
        yield opened


@pytest.fixture(scope="module")
def alice(browser: Any, server: ServerUnderTest) -> Iterator[Person]:
    with Person(browser, address_of(server), reduced_motion="reduce") as person:
        yield person


@pytest.fixture(scope="module")
def audit() -> Callable[[Any, str], None]:
    """Have axe-core look at a page as it is, in both themes. where: for the failure's text."""
    module_of("axe_playwright_python")
    script = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()

    def audit(page: Any, where: str) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(script)
        for theme, rules in RULES.items():
            page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
            found = page.evaluate(RUN, rules)["violations"]
            faults = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
            assert faults == [], f"{where}, {theme}"

    return audit


def test_the_login_is_for_everybody(
    alice: Person, server: ServerUnderTest, audit: Callable[[Any, str], None]
) -> None:
    """With the commands for a page that the browser trusts, as they are to be typed."""
    alice.comes()
    alice.page.get_by_text("Does the browser warn").click()
    expect(alice.page.get_by_text(f"securechat open localhost:{server.port}")).to_be_visible()
    audit(alice.page, "login")
    alice.page.get_by_role("button", name="Make an account").click()
    expect(alice.page.get_by_label("The same again")).to_be_visible()
    audit(alice.page, "registration")


def test_each_view_is_for_everybody(
    alice: Person, server: ServerUnderTest, audit: Callable[[Any, str], None]
) -> None:
    alice.logs_in("alice").opens("#den")
    page = alice.page
    server.member("bob").says("JOIN #bobs", "INVITE alice #bobs")
    told = page.get_by_role("status").filter(has_text="bob invites you")
    place, log = told.bounding_box(), alice.log.bounding_box()
    assert place["y"] + place["height"] <= log["y"], "a notice covers names"
    expect(alice.log.get_by_role("button", name="🎉 1")).to_be_visible()
    audit(page, "a conversation")
    alice.menu("and so on")
    audit(page, "a message")
    alice.presses("Escape")

    def opened(name: str) -> None:
        page.get_by_role("button", name=name).first.click()
        expect(alice.dialog).to_be_visible()
        expect(alice.dialog.get_by_text("…", exact=True)).to_have_count(0)
        audit(page, name)

    names = ("All rooms", "What was said to you", "About #den", "Search", "Go to a day", "Go to")
    for name in (*names, "alice…"):
        opened(name)
        alice.presses("Escape")
        expect(alice.dialog).to_have_count(0)
    page.get_by_role("complementary").get_by_text("bob").click()
    audit(page, "a person")
    alice.presses("Escape")
    for name in ("Devices and password", "Keys"):
        page.get_by_role("button", name="alice…").click()
        opened(name)
        alice.presses("Escape")
    page.get_by_role("button", name="Administration").click()
    for tab in ("Invite", "Accounts", "Rooms", "Audit", "What is kept"):
        alice.dialog.get_by_role("button", name=tab, exact=True).click()
        expect(alice.dialog.get_by_text("…", exact=True)).to_have_count(0)
        audit(page, f"Administration: {tab}")
    alice.dialog.get_by_role("button", name="Invite", exact=True).click()
    alice.dialog.get_by_role("button", name="Make a link").click()
    expect(alice.dialog.get_by_role("img", name="QR code")).to_be_visible()
    audit(page, "an invite")
    alice.presses("Escape")


def test_a_second_factor_is_for_everybody(
    browser: Any, server: ServerUnderTest, audit: Callable[[Any, str], None]
) -> None:
    """From its key as a QR code to the recovery codes; the next login asks for one of them."""
    with Person(browser, address_of(server)).logs_in("carol") as carol:
        page = carol.page
        page.get_by_role("button", name="carol…").click()
        page.get_by_role("button", name="Devices and password").click()
        carol.dialog.get_by_text("Password, second factor").click()
        carol.dialog.get_by_label("Password", exact=True).fill(PASSWORD)
        audit(page, "the password once more")
        carol.dialog.get_by_role("button", name="Next").click()
        carol.dialog.get_by_role("button", name="Begin a second factor").click()
        expect(carol.dialog.get_by_role("img", name="QR code")).to_be_visible()
        audit(page, "a second factor")
        key = carol.dialog.locator("code").inner_text().replace(" ", "")
        code = totp.code_of(base64.b32decode(key), int(time.time()) // 30).decode()
        carol.dialog.get_by_role("textbox", name="Code").fill(code)
        carol.dialog.get_by_role("button", name="Switch it on").click()
        expect(page.get_by_role("dialog", name="Recovery codes")).to_be_visible()
        audit(page, "recovery codes")
        recovery = carol.dialog.locator("pre").inner_text().split()[0]
        carol.enters("carol")
        page.get_by_label("Code").fill(recovery)
        audit(page, "a login with a code")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("navigation")).to_contain_text("carol…")


def test_a_keyboard_is_enough(alice: Person) -> None:
    """From the room to another one, to a message, its menu, a reaction, a reply, and back."""
    page = alice.page
    alice.opens("#club")
    alice.presses("Control+k")
    expect(alice.dialog.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("den")
    alice.presses("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("#den")
    expect(alice.box).to_be_focused()
    alice.presses("Shift+F6")
    expect(alice.log).to_be_focused()
    alice.presses("ArrowUp")
    expect(alice.line("and so on")).to_be_focused()
    alice.presses("Enter")
    expect(alice.dialog.get_by_role("button", name="👍")).to_be_focused()
    alice.presses("Enter")
    expect(alice.line("and so on").get_by_role("button", name="👍 1")).to_be_visible()
    expect(alice.line("and so on")).to_be_focused()
    alice.presses("r")
    expect(alice.box).to_be_focused()
    page.keyboard.type("by keys")
    alice.presses("Shift+Enter")
    page.keyboard.type("alone")
    alice.presses("Enter")
    expect(alice.line("by keys").locator(".quote")).to_contain_text("and so on")
    alice.presses("F6")
    expect(page.get_by_role("complementary").get_by_role("button").first).to_be_focused()
    alice.presses("ArrowDown", "Enter")
    expect(alice.dialog).to_be_visible()
    alice.presses("Escape")
    expect(alice.dialog).to_have_count(0)
    alice.presses("Alt+ArrowUp")
    expect(page.get_by_role("heading", level=1)).to_have_text("#club")


def test_a_phone_has_it_all(
    browser: Any, server: ServerUnderTest, audit: Callable[[Any, str], None]
) -> None:
    """In one column, with drawers; nothing is wider than the screen."""
    with Person(browser, address_of(server), **PHONE) as bob:
        page = bob.page
        bob.enters("bob")
        bob.picks("#den")
        expect(bob.line("and so on").first).to_be_visible()
        bob.box.fill("from the tram")
        page.get_by_role("button", name="Send").tap()
        expect(bob.line("from the tram")).to_contain_text("on the server's disk")
        bob.line("from the tram").locator(".text").tap()
        bob.line("from the tram").get_by_label("Message of").tap()
        bob.dialog.get_by_role("button", name="👀").tap()
        expect(bob.line("from the tram").get_by_role("button", name="👀 1")).to_be_visible()
        page.get_by_role("button", name="Who is here").tap()
        expect(page.get_by_role("complementary")).to_contain_text("alice")
        audit(page, "a phone")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
