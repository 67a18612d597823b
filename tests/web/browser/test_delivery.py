"""What somebody types gets there, or they are told: after a reload, in two tabs, without a network,
with a server that is killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.process import add_accounts
from tests.web.browser.people import LOST, Person, expect
from tests.web.browser.restarted import Restarted

KEPT = """async () => {
    while (!(await caches.match('./'))) await new Promise((next) => setTimeout(next, 50));
}"""
"""Waits until the page needs no server."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    directory = tmp_path_factory.mktemp("delivery") / "server"
    add_accounts(directory, "alice", "bob")
    opened = Restarted(directory)
    opened.process.member("alice").says("JOIN #den", "JOIN #club")
    opened.process.member("bob").says("JOIN #den")
    yield opened
    opened.process.close()


@pytest.fixture(scope="module")
def alice(browser: Any, server: Restarted) -> Iterator[Person]:
    with Person(browser, server.address) as person:
        person.expected = LOST
        person.logs_in("alice", remember=True)
        person.opens("#den")
        yield person


def test_what_is_said_without_a_network_waits(alice: Person, server: Restarted) -> None:
    """Shown as on its way, also when the page was loaded anew meanwhile, which its worker does;
    with a network again it is on the disk, once, in its order.
    """
    bob = server.process.member("bob")
    alice.page.evaluate(KEPT)
    alice.context.set_offline(True)
    alice.says("first of the tunnel")
    alice.says("second of the tunnel")
    expect(alice.line("first of the tunnel")).to_contain_text("on its way")
    alice.page.reload()
    expect(alice.page.get_by_text("The server can't be reached.")).to_be_visible()
    expect(alice.room("#club")).to_be_visible()
    for text in ("first of the tunnel", "second of the tunnel"):
        expect(alice.line(text)).to_contain_text("on its way")
    alice.context.set_offline(False)
    expect(alice.line("second of the tunnel")).to_contain_text("on the server's disk")
    heard = [line.rpartition(":")[2] for line in bob.hears_until("second of") if "PRIVMSG" in line]
    assert heard == ["first of the tunnel", "second of the tunnel"]


def test_a_killed_server_costs_nothing(alice: Person, server: Restarted) -> None:
    """Typed before, meanwhile and after."""
    alice.says("before it dies")
    expect(alice.line("before it dies")).to_contain_text("on the server's disk")
    server.killed()
    expect(alice.page.get_by_role("status").filter(has_text="connection")).to_be_visible()
    alice.says("while it is dead")
    alice.box.fill("and a draft")
    # Pressed in vain: once the server is back, the page may have found it before anybody presses.
    alice.page.get_by_role("button", name="Try now").click(force=True)
    server.restarts()
    expect(alice.line("while it is dead")).to_contain_text("on the server's disk")
    expect(alice.box).to_have_value("and a draft")
    alice.box.fill("")
    for text in ("before it dies", "while it is dead"):
        expect(alice.line(text)).to_have_count(1)


def test_a_draft_outlives_a_reload(alice: Person) -> None:
    """Of each conversation."""
    alice.box.fill("half a thought")
    alice.opens("#club")
    alice.box.fill("another\nhalf")
    alice.page.reload()
    expect(alice.box).to_have_value("another\nhalf")
    alice.opens("#den")
    expect(alice.box).to_have_value("half a thought")
    alice.box.fill("")


def test_what_is_refused_says_why_and_can_be_tried_again(alice: Person, server: Restarted) -> None:
    bob = server.process.member("bob")
    bob.says("JOIN #quiet", "MODE #quiet +m")
    alice.box.fill("/join #quiet")
    alice.box.press("Enter")
    expect(alice.page.get_by_role("heading", level=1)).to_have_text("#quiet")
    alice.says("May I?")
    line = alice.line("May I?")
    expect(line).to_contain_text("refused")
    bob.says("MODE #quiet +v alice")
    line.get_by_role("button", name="Try again").click()
    expect(alice.line("May I?")).to_contain_text("on the server's disk")
    assert "May I?" in bob.hears_until("May I?")[-1]


def test_two_tabs_share_drafts_settings_and_logout(alice: Person) -> None:
    second = alice.new_page()
    second.goto(alice.address)
    expect(second.get_by_role("navigation")).to_contain_text("alice…")
    alice.opens("#den")
    second.get_by_role("navigation").get_by_text("#club").click()
    alice.says("from the first tab")
    expect(second.get_by_role("navigation").get_by_role("button", name="#den")).to_be_visible()
    second.get_by_role("navigation").get_by_text("#den").click()
    line = second.get_by_role("log").get_by_role("listitem").filter(has_text="from the first tab")
    expect(line).to_have_count(1)
    alice.page.get_by_role("button", name="alice…").click()
    alice.page.get_by_label("Theme").select_option("Dark")
    expect(second.locator("html")).to_have_attribute("data-theme", "dark")
    alice.page.get_by_role("button", name="Log out").click()
    for page in (alice.page, second):
        expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_page_of_another_version_asks_to_reload(browser: Any, server: Restarted) -> None:
    with Person(browser, server.address) as bob:
        bob.context.route("**/version.json", lambda route: route.fulfill(json={"version": "next"}))
        bob.logs_in("bob")
        expect(bob.page.get_by_text("a newer version of this page")).to_be_visible()
        bob.context.unroute_all()
        bob.page.get_by_role("button", name="Reload").click()
        expect(bob.page.get_by_role("button", name="Log in")).to_be_visible()
