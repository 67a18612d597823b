"""Which rows of a timeline are seen, and that none of them jumps."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.client.screens.full.layout import Layout
from securechat.client.screens.full.spans import Setting
from securechat.client.screens.full.viewport import Viewport
from securechat.client.timeline.mentions import Mentions
from securechat.client.timeline.timeline import Timeline
from tests.client.timeline.said import NOON, joined, said

HEIGHT = 6
NOBODY = Mentions("")


class Window:
    """Somebody who looks at a timeline of messages of one row each."""

    def __init__(self, count: int = 0, limit: int = 10_000) -> None:
        self.timeline = Timeline("#lobby", limit)
        self.timeline.at_start = True
        self.layout = Layout(Setting(60, UTC), lambda: NOON)
        self.view = Viewport(self.timeline, self.layout)
        self.height = HEIGHT
        self.says(count)

    def says(self, count: int, text: str = "") -> None:
        """Somebody says something; texts are numbers unless given."""
        for _number in range(count):
            self.timeline.say(said(text or str(len(self.timeline)), nick="bob"), mention=False)

    def older(self, *texts: str) -> None:
        """A page from before comes in."""
        self.timeline.extend_back([said(text, -9000) for text in texts], NOBODY)

    def rows(self) -> list[str]:
        """What is seen of the texts."""
        rows = ["".join(span.text for span in seen.row) for seen in self.view.fill(self.height)]
        return [row.partition("│ ")[2].strip() or row.strip("─ ") for row in rows]

    def scrolls(self, rows: int) -> list[str]:
        self.view.scroll(rows)
        return self.rows()


def numbers(first: int, count: int = HEIGHT) -> list[str]:
    return [str(number) for number in range(first, first + count)]


def test_a_short_timeline_stands_at_the_bottom() -> None:
    """Below its beginning and its day."""
    window = Window(2)
    assert window.rows() == [
        *("", ""),
        "this is the beginning of #lobby",
        "Sunday, 29 November 2026",
        *("0", "1"),
    ]


def test_it_follows_the_end() -> None:
    """As long as nobody scrolls."""
    window = Window(20)
    assert window.rows() == numbers(14)
    window.says(3)
    assert window.rows() == numbers(17)
    assert window.view.following


def test_scrolled_up_it_stays() -> None:
    """Whatever is said below, and loaded above."""
    window = Window(20)
    window.rows()
    assert window.scrolls(-4) == numbers(10)
    window.says(3)
    window.older("a", "b", "c")
    assert window.rows() == numbers(10)
    assert window.scrolls(-1) == numbers(9)
    assert window.scrolls(100) == numbers(17)
    assert window.view.following


def test_at_the_top_older_messages_come_in_above() -> None:
    """What was at the top stays where it is on the screen."""
    window = Window(20)
    window.timeline.at_start = False
    window.rows()
    before = window.scrolls(-100)
    assert before == [
        "older messages aren't loaded yet",
        "Sunday, 29 November 2026",
        *numbers(0, 4),
    ]
    window.older("a", "b", "c")
    rows = window.rows()
    assert rows == ["c", "Sunday, 29 November 2026", *numbers(0, 4)]
    assert window.scrolls(-2)[:3] == ["a", "b", "c"]


def test_what_is_wrapped_anew_stays() -> None:
    """At another width the first message of the window is still there."""
    window = Window()
    for number in range(20):
        window.says(1, f"{number} " + "word " * 20)
    window.rows()
    window.scrolls(-9)
    first = next(seen.item for seen in window.view.seen if seen.at == 0)
    y = [seen.item for seen in window.view.seen].index(first)
    window.layout.change(Setting(40, UTC))
    window.rows()
    assert next(seen for seen in window.view.seen if seen.at == 0).item is first
    assert window.view.seen[y].item is first


def test_what_falls_out_at_the_other_end_moves_nothing() -> None:
    """The oldest are forgotten while somebody reads behind them."""
    window = Window(100, limit=100)
    window.rows()
    before = window.scrolls(-50)
    window.says(20)
    assert len(window.timeline) < 120
    assert window.rows() == before


def test_when_all_is_gone_it_follows_the_end() -> None:
    """Another window into the conversation."""
    window = Window(50)
    window.rows()
    window.scrolls(-20)
    window.timeline.replace([said(f"n{number}") for number in range(9)], NOBODY, at_end=True)
    assert window.rows() == [f"n{number}" for number in range(3, 9)]


def test_a_window_in_the_past_ends_with_a_line() -> None:
    """What comes behind it comes in below, and nothing moves."""
    window = Window()
    window.timeline.replace([said(text) for text in numbers(0, 20)], NOBODY, at_end=False)
    assert window.rows() == [*numbers(15, 5), "newer messages below"]
    window.timeline.extend_on([said(text) for text in numbers(20, 20)], NOBODY)
    assert window.rows() == numbers(15)


def test_what_is_held_stays_also_at_the_end() -> None:
    """While a message is selected new ones don't push it off."""
    window = Window(20)
    window.rows()
    window.view.held = window.timeline[19]
    window.rows()
    window.says(3)
    assert window.rows() == numbers(14)
    window.view.held = None
    assert window.scrolls(3) == numbers(17)


@pytest.mark.parametrize(("index", "first"), [(14, 14), (13, 13), (3, 3), (19, 14)])
def test_revealing_moves_no_further_than_needed(index: int, first: int) -> None:
    """Up to the top edge, or not at all."""
    window = Window(20)
    window.rows()
    window.view.reveal(index)
    assert window.rows() == numbers(first)


def test_revealing_below() -> None:
    """Up to the bottom edge."""
    window = Window(20)
    window.rows()
    window.scrolls(-10)
    window.view.reveal(10)
    assert window.rows() == numbers(5)


def test_a_stored_message_keeps_its_place() -> None:
    """Its key is another one then."""
    window = Window(20)
    from securechat.client.session.events.deliveries import Queued

    window.timeline.queue(Queued(1, "#lobby", "mine"), "alice")
    window.rows()
    window.view.held = window.timeline[20]
    window.rows()
    window.timeline.stored(1, "msgid", NOON)
    window.says(2)
    assert window.rows()[-1] == "mine ✓"


def test_empty_items_take_no_row() -> None:
    """A timeline of nothing shows nothing."""
    assert Window().rows() == [""] * HEIGHT


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["say", "older", "join", "scroll", "height", "width", "start", "share"]),
        st.integers(-12, 12),
    ),
    max_size=25,
)


@given(ACTS)
def test_the_window_is_always_full(acts: list[tuple[str, int]]) -> None:
    """As high as it has to be, its rows in the order of the timeline, whatever happens."""
    window = Window(5)
    for number, (act, by) in enumerate(acts):
        match act:
            case "say":
                window.says(abs(by), f"{number} " + "word " * abs(by))
            case "older":
                window.older(*(f"{number}-{one}" for one in range(abs(by))))
            case "join":
                window.timeline.move(f"n{by}", joined("x").time, came=by > 0)
            case "scroll":
                window.view.scroll(by)
            case "height":
                window.height = abs(by) + 1
            case "width":
                window.layout.change(Setting(50 + by * 2, UTC))
            case "start":
                window.view.to_start()
            case "share":
                window.view.to_share(abs(by) / 12)
        seen = window.view.fill(window.height)
        assert len(seen) == window.height
        order = [item.key for item in window.timeline]
        shown = [order.index(one.item.key) for one in seen if one.item is not None]
        assert shown == sorted(shown)


def test_a_refusal_of_older_messages_is_not_told_as_the_beginning() -> None:
    """The server's words are escaped, and there is a key to ask again."""
    window = Window(20)
    window.timeline.at_start, window.timeline.refused = False, "no\x1b[2J"
    window.rows()
    assert window.scrolls(-100)[0] == "older messages didn't come (no^[[2J); PgUp asks again"
