"""Somebody at a browser: what they do with the page, and what nobody's page may do."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support.admin_cli import AdminCli
from tests.support.links import PATIENCE
from tests.support.server import PASSWORD, ServerUnderTest
from tests.web.conftest import module_of

VIOLATIONS = """
    addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI, sample}) =>
        console.error(`CSP: ${violatedDirective} ${blockedURI} ${sample}`));
"""

LOST = "ERR_(INTERNET_DISCONNECTED|CONNECTION_REFUSED|CONNECTION_RESET|NETWORK_CHANGED)|WebSocket"
"""What a browser's console has of a server that can't be reached."""

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}


def expect(shown: Any) -> Any:
    """What Playwright expects of an element, waiting until it is so."""
    sync_api = module_of("playwright.sync_api")
    sync_api.expect.set_options(timeout=PATIENCE * 1000)
    return sync_api.expect(shown)


def address_of(server: ServerUnderTest) -> str:
    """Of its page."""
    return f"https://localhost:{server.service.web_addresses[0][1]}/"


def invite(data: Path) -> str:
    """The fragment of the link that an administrator gives to somebody with a browser. data: the
    server's directory.
    """
    told = AdminCli(data)("invite")
    said = told.out + told.err
    found = re.search(r"https://\S+?(#invite=\S+)", said)
    assert found, said
    return found[1]


class Person:
    """A browser of one person, with what it keeps: a context of Playwright, and a page in it.

    troubles: what went wrong that nobody should see; expected: a pattern of what a test brings
    about, such as a lost connection.
    """

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.address = address
        self.troubles: list[str] = []
        self.expected = "^$"
        self.context = browser.new_context(locale="en-GB", **options)
        self.context.set_default_timeout(PATIENCE * 1000)
        self.context.add_init_script(VIOLATIONS)
        self.context.on("request", lambda request: self._asks(request.url))
        self.context.on("console", self._hears)
        self.context.on("weberror", lambda error: self.troubles.append(str(error.error)))
        self.page = self.new_page()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self.context.close()
        if not failed:
            found = [one for one in self.troubles if not re.search(self.expected, one)]
            assert not found, found

    def new_page(self) -> Any:
        """Another tab."""
        page = self.context.new_page()
        page.on("websocket", lambda socket: self._asks(socket.url))
        page.on("dialog", self._is_asked)
        return page

    def _asks(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.address).netloc:
            self.troubles.append(f"asks another host: {url}")

    def _hears(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def _is_asked(self, dialog: Any) -> None:
        self.troubles.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    # Coming in

    def comes(self, path: str = "") -> Self:
        """Loads the page."""
        self.page.goto(self.address + path)
        return self

    def logs_in(self, name: str, *, remember: bool = False) -> Self:
        self.enters(name, remember=remember)
        expect(self.page.get_by_role("navigation")).to_contain_text(f"{name}…")
        return self

    def enters(self, name: str, *, remember: bool = False) -> None:
        """As `logs_in`, on a phone, too, where the rooms are in a drawer."""
        self.comes()
        self.page.get_by_label("Account").fill(name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_label("Remember me").set_checked(remember)
        self.page.get_by_role("button", name="Log in").click()

    # What is there

    @property
    def log(self) -> Any:
        """What was said in the open conversation."""
        return self.page.get_by_role("log")

    @property
    def box(self) -> Any:
        """Where one types."""
        return self.page.locator("#said")

    @property
    def dialog(self) -> Any:
        return self.page.get_by_role("dialog")

    def line(self, text: str) -> Any:
        """A message in the timeline."""
        return self.log.get_by_role("listitem").filter(has_text=text)

    def room(self, name: str) -> Any:
        """In the list of conversations."""
        return self.page.get_by_role("navigation").locator(".list button").filter(has_text=name)

    # What is done

    def opens(self, name: str) -> None:
        self.room(name).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)

    def picks(self, name: str) -> None:
        """As `opens`, on a phone; the room that opens by itself takes the drawer away."""
        expect(self.log).to_be_visible()
        self.page.get_by_role("button", name="Rooms and people").tap()
        self.room(name).tap()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)

    def says(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def presses(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def menu(self, text: str) -> None:
        """Opens what can be done with a message."""
        line = self.line(text)
        line.hover()
        line.get_by_label("Message of").click()


@contextlib.contextmanager
def people(browser: Any, server: ServerUnderTest, *names: str) -> Iterator[list[Person]]:
    """Each in a browser of their own, logged in."""
    with contextlib.ExitStack() as stack:
        address = address_of(server)
        yield [stack.enter_context(Person(browser, address)).logs_in(name) for name in names]
