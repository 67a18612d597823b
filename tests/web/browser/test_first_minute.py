"""From an invite link to the first message, without any other program; and being remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.server import PASSWORD, ServerUnderTest, running
from tests.web.browser.people import LOST, Person, address_of, expect, invite
from tests.web.conftest import chromium

LATE = "(time) => { document.querySelector('.late').style.animationDuration = time }"
"""After which time it is told that the page can't go on."""


@pytest.fixture(scope="module")
def browser(launch: Callable[[str], Any]) -> Iterator[Any]:
    """As people have it, with its windows."""
    started = launch(chromium())
    yield started
    started.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    directory = tmp_path_factory.mktemp("first") / "server"
    web = {"host": "127.0.0.1", "port": 0}
    with running(directory, "bob", accounts={"registration": "invite"}, web=web) as opened:
        yield opened


def test_an_invite_link_leads_to_the_first_message(browser: Any, server: ServerUnderTest) -> None:
    """In a browser that has never been here; whoever is there already reads it."""
    bob = server.member("bob")
    with Person(browser, address_of(server)).comes(invite(server.data.path)) as alice:
        page = alice.page
        page.get_by_label("Name", exact=True).fill("alice")
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The same again").fill("another")
        page.get_by_role("button", name="Make the account").click()
        expect(page.get_by_role("alert").filter(has_text="differ")).to_be_visible()
        page.get_by_label("The same again").fill(PASSWORD)
        assert "invite" not in page.url, "the code stays in the history"
        page.get_by_label("Remember me").check()
        page.keyboard.press("Enter")
        alice.opens("#lobby")
        alice.says("Good morning!")
        expect(alice.line("Good morning!")).to_contain_text("on the server's disk")
        assert "PRIVMSG #lobby :Good morning!" in bob.hears_until("Good morning!")[-1]

        page.reload()  # remembered by a token, which its owner sees
        expect(alice.line("Good morning!")).to_be_visible()
        alice.presses("Control+k")
        page.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="alice…").click()
        page.get_by_role("button", name="Devices and password").click()
        expect(alice.dialog).to_contain_text("This device.")
        alice.presses("Escape")
        page.get_by_role("button", name="alice…").click()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        page.reload()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        assert page.evaluate("Object.keys(localStorage) + document.cookie") == "settings"


def test_a_used_invite_says_so(browser: Any, server: ServerUnderTest) -> None:
    code = invite(server.data.path)
    server.connect().registers("carol", code=code.removeprefix("#invite="))
    with Person(browser, address_of(server)).comes(code) as dave:
        dave.page.get_by_label("Name", exact=True).fill("dave")
        dave.page.get_by_label("New password").fill(PASSWORD)
        dave.page.get_by_label("The same again").fill(PASSWORD)
        dave.page.get_by_role("button", name="Make the account").click()
        expect(dave.page.get_by_role("alert").filter(has_text="used up")).to_be_visible()


def test_a_wrong_password_and_no_server_say_what_to_do(
    browser: Any, server: ServerUnderTest
) -> None:
    with Person(browser, address_of(server)).comes() as bob:
        bob.expected = LOST
        bob.page.get_by_label("Account").fill("bob")
        bob.page.get_by_label("Password", exact=True).fill("not that")
        bob.page.keyboard.press("Enter")
        alert = bob.page.get_by_role("alert")
        expect(alert.filter(has_text="Caps Lock")).to_be_visible()
        bob.context.set_offline(True)
        bob.page.keyboard.press("Enter")
        expect(alert.filter(has_text="can't be reached")).to_be_visible()


def test_a_page_that_came_in_parts_says_so(browser: Any, server: ServerUnderTest) -> None:
    """As when the network changes just then; nothing of the page can run without all of it."""
    with Person(browser, address_of(server)) as bob:
        bob.expected = "ERR_FAILED"
        bob.page.route("**/views/app.js", lambda route: route.abort())
        bob.comes()
        told = bob.page.get_by_text("reload the page")
        bob.page.evaluate(LATE, "600s")
        expect(told).to_be_hidden()
        bob.page.evaluate(LATE, "0s")
        expect(told).to_be_visible()
        bob.page.unroute("**/views/app.js")
        bob.page.reload()
        expect(bob.page.get_by_role("button", name="Log in")).to_be_visible()
        expect(told).to_have_count(0)
