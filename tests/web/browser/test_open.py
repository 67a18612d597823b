"""The page of `securechat open`: it is logged in, talks, and knows when the command has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.opened import opened
from tests.support.server import ServerUnderTest, running
from tests.web.browser.people import Person, expect


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One without a page of its own."""
    with running(tmp_path_factory.mktemp("open") / "server", "alice", "bob") as server:
        yield server


def test_somebody_talks_without_a_certificate_or_a_login(
    browser: Any, server: ServerUnderTest
) -> None:
    bob = server.member("bob")
    bob.sends("JOIN #lobby")
    with opened(server, "alice") as page, Person(browser, page.page.address) as alice:
        alice.comes()
        expect(alice.page.get_by_role("navigation")).to_contain_text("alice…")
        alice.opens("#lobby")
        alice.says("Good morning!")
        expect(alice.line("Good morning!")).to_contain_text("on the server's disk")
        bob.hears_until("Good morning!")
        bob.sends("PRIVMSG #lobby :Good morning, alice")
        expect(alice.line("Good morning, alice")).to_be_visible()

        alice.page.reload()
        expect(alice.line("Good morning, alice")).to_be_visible()

        page.stops()
        told = alice.page.get_by_text("securechat open has ended. Run it again.")
        expect(told.first).to_be_visible()
        alice.page.get_by_role("button", name="Try now").click()
    assert page.said == []
