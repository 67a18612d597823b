"""The page of `securechat open`: logged in by itself, by HTTP on this machine, until that ends."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from tests.support.opened import opened
from tests.support.server import running
from tests.web.browser.people import LOST, Person, expect

LASTING = "async () => [localStorage.length, await indexedDB.databases()]"


def test_it_needs_no_login_and_ends_with_the_command(
    browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("open") / "server"
    with running(directory, "alice", "bob") as server, contextlib.ExitStack() as stack:
        bob = server.member("bob")
        bob.says("JOIN #den")
        server.member("alice").says("JOIN #den")
        with opened(server, "alice") as page:
            address = f"http://127.0.0.1:{page.port}{page.path}"
            alice = stack.enter_context(Person(browser, address)).comes()
            alice.opens("#den")
            alice.says("from my own page")
            expect(alice.line("from my own page")).to_contain_text("on the server's disk")
            assert "from my own page" in bob.hears_until("from my own page")[-1]
            alice.page.reload()
            expect(alice.line("from my own page")).to_be_visible()
            alice.page.locator("#said").fill("half a thought")
            alice.page.wait_for_timeout(400)  # until it is kept
            # A browser that is closed takes it along, also where the command was killed.
            assert alice.page.evaluate(LASTING) == [0, []]
        alice.expected = LOST
        ended = alice.page.get_by_role("status").filter(has_text="securechat open has ended")
        expect(ended).to_be_visible()
        expect(ended.get_by_role("button")).to_have_count(0)  # nothing is there to be tried
        # Whoever has the port next may read what is kept for its pages.
        assert alice.page.evaluate("() => [localStorage.length, sessionStorage.length]") == [0, 0]
        assert alice.page.locator("#said").input_value() == "half a thought"
