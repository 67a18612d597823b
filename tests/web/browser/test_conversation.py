"""Three people talk in three browsers; one of them has a terminal open as well."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest, running
from tests.web.browser.people import Person, expect, people

TERMINAL = "draft/read-marker echo-message message-tags server-time"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    directory = tmp_path_factory.mktemp("three") / "server"
    web = {"host": "127.0.0.1", "port": 0}
    with running(directory, "alice", "bob", "carol", web=web) as opened:
        for name in ("alice", "bob", "carol"):
            opened.member(name).says("JOIN #den", "JOIN #club")
        yield opened


@pytest.fixture(scope="module")
def three(browser: Any, server: ServerUnderTest) -> Iterator[list[Person]]:
    with people(browser, server, "alice", "bob", "carol") as found:
        for person in found:
            person.opens("#den")
        yield found


@pytest.fixture
def terminal(server: ServerUnderTest) -> Iterator[Client]:
    """Of bob, beside his browser."""
    with server.member("bob", caps=TERMINAL) as client:
        yield client


def types_until(person: Person, shown: Any) -> None:
    """That somebody types is told every few seconds, and shown for some: a page that was busy
    meanwhile is told again.
    """
    deadline = time.monotonic() + PATIENCE
    while not shown.is_visible():
        assert time.monotonic() < deadline, "nobody is shown to be typing"
        person.box.press_sequentially("Who ")


def test_what_one_says_the_others_read(three: list[Person]) -> None:
    """With who types before, and on several lines."""
    alice, bob, carol = three
    for other in (bob, carol):
        types_until(alice, other.page.get_by_text("alice is typing…"))
    alice.says("Who comes on Friday?\nAnd who brings what?")
    for person in three:
        expect(person.line("Who comes on Friday?")).to_contain_text("And who brings what?")
    expect(bob.page.get_by_text("alice is typing…")).to_have_count(0)


def test_a_mention_is_marked_and_counted(three: list[Person]) -> None:
    alice, bob, carol = three
    bob.opens("#club")
    alice.says("bob: have you got the key?")
    expect(bob.room("#den")).to_contain_text("1 message for you")
    expect(bob.page).to_have_title(re.compile(r"^\(1\) #club"))
    expect(carol.line("have you got the key?")).not_to_have_class(re.compile("mention"))
    bob.opens("#den")
    expect(bob.line("have you got the key?")).to_have_class(re.compile("mention"))
    expect(bob.room("#den").locator(".count")).to_have_count(0)
    bob.page.get_by_role("button", name="What was said to you").click()
    expect(bob.dialog).to_contain_text("have you got the key?")
    bob.presses("Escape")


def test_a_reply_quotes_and_leads_back(three: list[Person]) -> None:
    alice, bob, carol = three
    bob.says("It hangs in the kitchen")
    line = carol.line("It hangs in the kitchen")
    line.hover()
    line.get_by_label("Reply").click()
    carol.says("Not any more")
    for person in three:
        quote = person.line("Not any more").locator(".quote")
        expect(quote).to_have_text(re.compile("bob: It hangs in the kitchen"))
    alice.line("Not any more").locator(".quote").click()
    expect(alice.line("It hangs in the kitchen").first).to_be_focused()


def test_a_reaction_comes_and_goes(three: list[Person]) -> None:
    alice, bob, carol = three
    bob.says("Pizza it is")
    alice.menu("Pizza it is")
    alice.dialog.get_by_role("button", name="🎉").click()
    for person in three:
        expect(person.line("Pizza it is").get_by_role("button", name="🎉 1")).to_be_visible()
    carol.line("Pizza it is").get_by_role("button", name="🎉 1").click()
    expect(bob.line("Pizza it is").get_by_role("button", name="🎉 2")).to_be_visible()
    carol.line("Pizza it is").get_by_role("button", name="🎉 2").click()
    expect(bob.line("Pizza it is").get_by_role("button", name="🎉 1")).to_be_visible()


def test_what_is_taken_back_is_gone(three: list[Person]) -> None:
    _, bob, carol = three
    carol.says("The password is 1234")
    expect(bob.line("The password is 1234")).to_be_visible()
    carol.menu("The password is 1234")
    carol.dialog.get_by_role("button", name="Take back").click()
    carol.dialog.get_by_label("Reason").fill("not here")
    carol.dialog.get_by_role("button", name="Take back").click()
    for person in three:
        expect(person.line("carol took this message back. not here")).to_be_visible()
        expect(person.log).not_to_contain_text("1234")


def test_what_a_terminal_has_read_is_read_here(three: list[Person], terminal: Client) -> None:
    """And the other way round: one account, two devices."""
    alice, bob, _ = three
    bob.opens("#club")
    alice.says("Somebody at the door!")
    expect(bob.room("#den").locator(".count")).to_have_text(re.compile("^1"))
    [heard] = [line for line in terminal.hears_until("at the door!") if "at the door!" in line]
    time = re.search(r"time=([^; ]+)", heard)
    assert time
    terminal.says(f"MARKREAD #den timestamp={time[1]}")
    expect(bob.room("#den").locator(".count")).to_have_count(0)

    alice.says("It was the post")
    expect(bob.room("#den").locator(".count")).to_have_text(re.compile("^1"))
    bob.opens("#den")
    assert "MARKREAD #den timestamp=" in terminal.hears_until("MARKREAD #den")[-1]


def test_what_is_half_typed_in_a_dialog_stays_when_somebody_talks(three: list[Person]) -> None:
    alice, bob, _ = three
    alice.page.get_by_role("button", name="About #den").click()
    name = alice.dialog.get_by_label("Name of the room")
    name.fill("#dens")
    bob.says("Is somebody there?")
    expect(alice.page.locator("li", has_text="Is somebody there?")).to_have_count(1)
    expect(name).to_have_value("#dens")
    alice.presses("Escape")


def test_others_see_what_one_wants_to_be_called(
    three: list[Person], server: ServerUnderTest
) -> None:
    """Beside the name, at once, after the next login, and with what else somebody tells."""
    alice, bob, carol = three
    bob.page.get_by_role("button", name="bob…").click()
    bob.dialog.get_by_label("Display name").fill("Bob Müller, 7b")
    bob.dialog.get_by_role("button", name="Save").click()
    member = alice.page.get_by_role("complementary").get_by_role("button", name="bob")
    expect(member).to_contain_text("Bob Müller, 7b")
    bob.presses("Escape")
    server.member("bob").says("METADATA * SET homepage :https://bob.example")
    member.click()
    expect(alice.dialog).to_contain_text("https://bob.example")
    alice.presses("Escape")
    carol.logs_in("carol").opens("#den")
    again = carol.page.get_by_role("complementary").get_by_role("button", name="bob")
    expect(again).to_contain_text("Bob Müller, 7b")


def test_an_invitation_to_a_private_room_opens_it(
    three: list[Person], server: ServerUnderTest
) -> None:
    """It is in no list, and so the invitation is the way in."""
    carol = three[2]
    server.member("bob").says("JOIN #cellar", "MODE #cellar +is", "INVITE carol #cellar")
    told = carol.page.get_by_role("status").filter(has_text="bob invites you to #cellar")
    told.get_by_role("button", name="Enter").click()
    expect(carol.page.get_by_role("textbox", name="Message to #cellar")).to_be_visible()
    expect(told).to_have_count(0)
    carol.opens("#den")


def test_a_terminal_and_a_page_talk_as_one(three: list[Person], terminal: Client) -> None:
    alice, bob, _ = three
    terminal.says("PRIVMSG #den :from my terminal")
    expect(bob.line("from my terminal").locator(".name")).to_have_text("bob")
    bob.says("from my browser")
    assert ":bob!" in terminal.hears_until("from my browser")[-1]
    terminal.says("PRIVMSG alice :only for you")
    expect(bob.room("alice")).to_be_visible()
    expect(alice.room("bob")).to_contain_text("1 message for you")
