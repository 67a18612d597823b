"""A room with more messages than a page keeps: back to the first one by scrolling, and to the end.

How long the frames took is printed (`pytest -s`); `python tools/web_frames.py` measures more.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.long_form import times
from tests.web.browser.long_room import OTHER, READER, ROOM, TO_THE_TOP, long_room, told
from tests.web.browser.people import Person, address_of, expect

COUNT = times(3_000, 10_000)


def test_scrolling_reaches_the_first_message(
    browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With few of them in the page; and a button leads back to what is new meanwhile."""
    directory = tmp_path_factory.mktemp("long") / "server"
    with (
        long_room(directory, COUNT) as server,
        Person(browser, address_of(server)).logs_in(READER) as person,
    ):
        person.opens(ROOM)
        expect(person.line(f" {COUNT - 1} ")).to_be_visible()
        print(told(f"back to the first of {COUNT:,}", person.page.evaluate(TO_THE_TOP)))
        expect(person.line("0 0 0 ").first).to_be_visible()
        assert person.log.get_by_role("listitem").count() < 500
        other = server.member(OTHER)
        other.says(f"JOIN {ROOM}", f"PRIVMSG {ROOM} :meanwhile")
        person.page.get_by_role("button", name="To the newest").click()
        expect(person.line("meanwhile")).to_be_visible()
        other.sends(*(f"PRIVMSG {ROOM} :flood {n}" for n in range(2000)))
        expect(person.line("flood 1999")).to_be_visible()  # the end stays in sight
        person.says("here I am")
        expect(person.line("here I am")).to_contain_text("on the server's disk")
