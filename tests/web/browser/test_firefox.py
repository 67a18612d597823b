"""The page in Firefox: the first minute, a draft, history, a server that is killed, and `open`.

The rest is tried in Chromium. This Firefox trusts the server's own authority, which may vouch for
no other names, as after `securechat trust browsers`.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from importlib import resources

import pytest

from securechat.server.data import DataDirectory
from tests.support.opened import opened
from tests.support.server import PASSWORD
from tests.web.browser.firefox import ENTER, Firefox, Tab, firefox
from tests.web.browser.long_room import OTHER, READER, ROOM, TO_THE_TOP, fill, told
from tests.web.browser.people import invite
from tests.web.browser.restarted import Restarted
from tests.web.conftest import module_of

COUNT = 500

LOST = "can’t establish a connection|was interrupted"
"""What its console has of a server that can't be reached."""

AXE = """
    () => axe.run({resultTypes: ['violations']}).then(({violations}) =>
        violations.map(({id, nodes}) => [id, nodes.map(({html}) => html)]))
"""

KEPT = """
    async () => {
        await navigator.serviceWorker.ready;
        while (!(await caches.match('./'))) await new Promise(requestAnimationFrame);
    }
"""
"""Until the page's worker has its files."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    firefox()
    directory = tmp_path_factory.mktemp("firefox") / "server"
    fill(DataDirectory(directory), COUNT)
    found = Restarted(directory, accounts={"registration": "invite"})
    yield found
    found.process.close()


@pytest.fixture(scope="module")
def browser(server: Restarted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    authority = ssl.PEM_cert_to_DER_cert(server.process.ca.read_text())
    with Firefox(tmp_path_factory.mktemp("profile") / "firefox", authority) as found:
        yield found


def logs_in(tab: Tab) -> None:
    """As READER, who wants to be remembered, and goes to ROOM."""
    tab.fills("Account", READER)
    tab.fills("Password", PASSWORD)
    tab.clicks("label", "Remember me")
    tab.clicks("button", "Log in")
    opens(tab, ROOM)


def opens(tab: Tab, room: str) -> None:
    tab.clicks("nav .list button", room)
    tab.sees("h1", room)


def stored(tab: Tab, text: str) -> None:
    """A message is shown as on the server's disk."""
    tab.sees("[role=log] li:has(.text)", text)
    tab.sees("[role=log] li:last-child", "on the server's disk")


def test_an_invite_link_leads_to_the_first_message(browser: Firefox, server: Restarted) -> None:
    """And its device is remembered, with what was half typed; nothing is hidden from anybody."""
    bob = server.process.member(OTHER)
    code = invite(server.process.data.path)
    with browser.person(server.address, code) as alice:
        alice.fills("Name", "alice")
        alice.fills("New password", PASSWORD)
        alice.clicks("label", "Remember me")
        alice.fills("The same again", PASSWORD + ENTER)
        opens(alice, "#lobby")
        alice.says("Good morning!")
        stored(alice, "Good morning!")
        assert "PRIVMSG #lobby :Good morning!" in bob.hears_until("Good morning!")[-1]
        bob.says("PRIVMSG #lobby :alice: good morning to you")
        alice.sees("[role=log] li", "good morning to you")
        assert "invite" not in alice.value("() => location.href"), "the code stays in the history"
        alice.types("half a thought")
        alice.reloads()
        alice.sees("[role=log] li", "Good morning!")
        assert alice.value("() => document.getElementById('said').value") == "half a thought"
        module_of("axe_playwright_python")
        script = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
        alice.calls(f"() => {{ {script} }}")
        assert alice.value(AXE) == []


def test_scrolling_reaches_the_first_message(browser: Firefox, server: Restarted) -> None:
    with browser.person(server.address) as reader:
        logs_in(reader)
        reader.sees("[role=log] li", f" {COUNT - 1} ")
        print(told(f"back to the first of {COUNT:,}", reader.value(TO_THE_TOP)))
        reader.sees("[role=log] li", "0 0 0 ")
        reader.clicks("button", "To the newest")
        reader.sees("[role=log] li", f" {COUNT - 1} ")


def test_a_killed_server_costs_nothing(browser: Firefox, server: Restarted) -> None:
    """Typed before, and meanwhile: also if the page was loaded anew, which its worker does."""
    with browser.person(server.address, expected=LOST) as reader:
        logs_in(reader)
        reader.says("before it dies")
        stored(reader, "before it dies")
        reader.calls(KEPT)
        server.killed()
        reader.sees("[role=status]", "connection")
        reader.says("while it is dead")
        reader.sees("[role=log] li", "on its way")
        reader.reloads()
        reader.sees("[role=log] li", "while it is dead")
        server.restarts()
        reader.sees("[role=log] li", "on its way", count=0)
        for text in ("before it dies", "while it is dead"):
            reader.sees("[role=log] li", text, count=1)


def test_open_needs_no_login(browser: Firefox, server: Restarted) -> None:
    """By HTTP on this machine, until the command ends."""
    with opened(server.process, READER) as page:
        address = f"http://127.0.0.1:{page.port}"
        with browser.person(address, page.path, expected=LOST) as reader:
            opens(reader, ROOM)
            reader.says("from my own page")
            stored(reader, "from my own page")
            page.stops()
            reader.sees("[role=status]", "securechat open has ended")
            assert reader.value("() => localStorage.length + sessionStorage.length") == 0
