"""What is typed: commands, and what a word may become."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.page.conftest import Run

CALLS = """
    const calls = [];
    const actions = 'say join part talk setTopic kick ban setRole setAway show'.split(' ');
    for (const name of actions)
      it.app[name] = (...all) => void calls.push([name, ...all]);
    it.app.state.current = 'kim';
    const room = {key: '#lab', name: '#lab'};
    let refused = null;
    try { await it.run(room, given, 'm1'); } catch (problem) { refused = problem.text; }
    return [calls, refused];
"""


def typed(run: Run, text: str) -> Any:
    return run(CALLS, "app", "views/commands", given=text)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("hello\nyou", [["say", "#lab", "hello\nyou", {"reply": "m1"}]]),
        ("//path", [["say", "#lab", "/path", {"reply": "m1"}]]),
        ("/me waves", [["say", "#lab", "waves", {"action": True}]]),
        ("/join den key", [["join", "#den", "key"]]),
        ("/part", [["part", "#lab"]]),
        ("/PART #Den", [["part", "#den"]]),
        ("/msg kim how are you", [["talk", "kim"], ["say", "kim", "how are you"]]),
        ("/topic Lab day", [["setTopic", "#lab", "Lab day"]]),
        ("/kick kim too loud", [["kick", "#lab", "kim", "too loud"]]),
        ("/unban kim", [["ban", "#lab", "kim", False]]),
        (
            "/op kim al",
            [["setRole", "#lab", "kim", "@", True], ["setRole", "#lab", "al", "@", True]],
        ),
        ("/back", [["setAway", ""]]),
        ("/search from:bob x", [["show", {"name": "search", "query": "from:bob x"}]]),
    ],
)
def test_a_command_does_what_it_is_called(run: Run, text: str, calls: list[object]) -> None:
    assert typed(run, text) == [calls, None]


@pytest.mark.parametrize(
    "text", ["/nope", "/constructor x", "/__proto__ x", "/kick", "/msg kim", "/ "]
)
def test_a_command_that_is_unknown_or_too_short_says_nothing(run: Run, text: str) -> None:
    calls, refused = typed(run, text)
    assert calls == []
    assert refused


OFFERS = """
    const member = (name) => [name.toLowerCase(), {name, roles: '', away: null, bot: false}];
    const state = {me: {account: 'lena'}, conversations: new Map([['#lab', {name: '#lab'}]])};
    const room = {items: [{author: 'Kirsten'}, {author: 'kim'}],
      members: new Map(['Kai', 'kim', 'lena', 'Kirsten'].map(member))};
    return it.offers(state, room, given).found;
"""


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ("k", ["kim: ", "Kirsten: ", "Kai: "]),
        ("so @ki", ["kim ", "Kirsten "]),
        ("le", []),
        ("see #l", ["#lab "]),
        ("/to", ["/topic "]),
        ("a /to", []),
        ("", []),
    ],
)
def test_a_word_may_become_what_begins_with_it(run: Run, before: str, found: list[str]) -> None:
    assert run(OFFERS, "views/complete", given=before) == found
