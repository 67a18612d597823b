"""What is searched for: the words of the terminal's /search."""

from __future__ import annotations

import pytest

from tests.web.page.conftest import Run

BAD = (
    "from: and in: take a word, after: and before: a date (2026-01-31, 2026-01-31T15:30), "
    "each once."
)

WANTED = "try { return it.wanted(given); } catch ({text}) { return text; }"


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("two  words", {"text": "two words"}),
        ("from:bob In:#lab", {"from": "bob", "in": "#lab", "text": ""}),
        ("a: https://x from", {"text": "a: https://x from"}),
        (
            "x after:2026-01-31T15:30Z before:2026-02-01T00:00Z",
            {
                "after": "2026-01-31T15:30:00.000Z",
                "before": "2026-02-01T00:00:00.000Z",
                "text": "x",
            },
        ),
        ("from:", BAD),
        ("in:a in:b", BAD),
        *((f"after:{bad}", BAD) for bad in ("yesterday", "1", "2026-13-01", "31.01.2026")),
    ],
)
def test_a_search_has_words_and_what_narrows_it(run: Run, typed: str, wanted: object) -> None:
    assert run(WANTED, "views/search", given=typed) == wanted


def test_a_day_begins_where_one_is(run: Run) -> None:
    code = """
        const {after} = it.wanted('after:2026-01-31');
        return +new Date(after) === new Date(2026, 0, 31).getTime();
    """
    assert run(code, "views/search")
