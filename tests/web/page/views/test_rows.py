"""Which rows a timeline has, and which part of them is drawn."""

from __future__ import annotations

from typing import Any

from tests.web.page.conftest import Run

MAKE = """
    const day = Date.UTC(2026, 0, 10, 12);
    let serial = 0;
    const said = (author, minutes, more = {}) => ({kind: 'message', key: `k${++serial}`, author,
      at: day + 60000 * minutes, text: '', action: false, reply: null, mine: false, ...more});
    const event = (what, who, minutes) => ({kind: 'event', key: `k${++serial}`, what, who,
      at: day + 60000 * minutes});
    const shown = (items, how = {}) => it.rows(items, {unreadFrom: 0, events: true, ...how})
      .map((row) => row.kind === 'message' ? `${row.head ? row.item.author : ''}.` :
        row.kind + (row.items?.length ?? ''));
"""


def rows(run: Run, code: str) -> Any:
    return run(MAKE + code, "views/rows")


def test_who_goes_on_talking_is_named_once(run: Run) -> None:
    code = "return shown([said('al', 0), said('al', 4), said('bo', 5), said('al', 5)])"
    assert rows(run, code) == ["day", "al.", ".", "bo.", "al."]


def test_after_a_while_a_reply_or_an_action_the_name_stands_again(run: Run) -> None:
    code = """return shown([said('al', 0), said('al', 6), said('al', 6, {reply: 'm'}),
        said('al', 6, {action: true})])"""
    assert rows(run, code) == ["day", "al.", "al.", "al.", "al."]


def test_each_day_has_its_line(run: Run) -> None:
    code = "return shown([said('al', 0), said('al', 60 * 48), said('al', 60 * 48 + 1)])"
    assert rows(run, code) == ["day", "al.", "day", "al.", "."]


def test_people_who_come_and_go_stand_in_one_row(run: Run) -> None:
    code = """return shown([event('join', 'al', 0), event('part', 'al', 1), event('topic', 'al', 2),
        event('quit', 'bo', 3)])"""
    assert rows(run, code) == ["day", "event2", "event1", "event1"]


def test_people_who_come_and_go_can_be_left_out(run: Run) -> None:
    code = "return shown([event('join', 'al', 0), event('topic', 'al', 1)], {events: false})"
    assert rows(run, code) == ["day", "event1"]


def test_the_unread_line_stands_before_the_first_message_of_others(run: Run) -> None:
    code = """return shown([said('al', 0), said('bo', 1), said('bo', 2)],
        {unreadFrom: day + 30000})"""
    assert rows(run, code) == ["day", "al.", "unread", "bo.", "."]


def test_what_one_says_oneself_is_no_news(run: Run) -> None:
    code = "return shown([said('al', 0), said('me', 1, {mine: true})], {unreadFrom: day + 30000})"
    assert rows(run, code) == ["day", "al.", "me."]


DRAWN = """
    const items = Array.from({length: 1000}, (_, at) => ({key: `k${at}`}));
    const drawn = (...given) => it.drawn(items, it.part(items, ...given));
"""


def test_at_the_end_the_newest_are_drawn(run: Run) -> None:
    assert run(DRAWN + "return it.drawn(items, {count: 100})", "views/rows") == [900, 1000]


def test_never_more_than_so_many_are_drawn(run: Run) -> None:
    code = """return [drawn(100, 900), drawn(100, 900, 'to'), drawn(-50, 20), drawn(950, 1050)]"""
    expected = [[100, 400], [600, 900], [0, 20], [950, 1000]]
    assert run(DRAWN + code, "views/rows") == expected


def test_a_part_that_has_left_the_window_begins_with_its_oldest(run: Run) -> None:
    code = "return it.drawn(items.slice(500), {first: 'k10', last: 'k90'})"
    assert run(DRAWN + code, "views/rows") == [0, 100]
