"""A search: what is asked, what has come, what is said of it."""

from __future__ import annotations

from securechat.client.screens.commands import COMMANDS
from securechat.client.screens.composer import Composed, Composer
from securechat.client.screens.full.views.finding import Finding
from securechat.client.session.actions import AskMore, AskSearch
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.events.base import Problem
from securechat.client.session.events.connection import Lost
from securechat.client.session.events.history import SearchPage, SearchPaused
from tests.client.timeline.said import at, said


def parse(typed: str) -> Composed:
    """As /search does."""
    nobody = Composer(JoinedChannels(), lambda *_: [])
    return COMMANDS["search"].run(nobody, typed)


def finding() -> Finding:
    return Finding(parse)


def texts(found: Finding) -> list[str]:
    return [hit.text for hit in found.hits]


def test_a_search_and_more_of_it() -> None:
    """The newest first; `more` goes on, and nothing comes twice."""
    found = finding()
    assert found.begin(" keys in:#lab ") == [AskSearch("keys", "#lab", typed="keys in:#lab")]
    assert found.waiting
    found.take(SearchPage("keys in:#lab", (said("a key", 2), said("keys", 3))))
    assert (texts(found), found.more, found.waiting) == (["keys", "a key"], True, False)
    assert found.words == ["keys"]
    assert found.on() == [AskMore()]
    assert found.on() == []
    found.take(SearchPage("keys in:#lab", (said("old keys", 1), said("a key", 2)), on=True))
    assert texts(found) == ["keys", "a key", "old keys"]
    found.on()
    found.take(SearchPage("keys in:#lab", (), on=True))
    assert (found.told, found.more) == ("that is all", False)


def test_with_after_the_oldest_come_first() -> None:
    """As the server gives them."""
    found = finding()
    found.begin("keys after:2026-01-31")
    found.take(SearchPage("keys after:2026-01-31", (said("1", 1), said("2", 2)), newer=True))
    assert texts(found) == ["1", "2"]


def test_nothing_found_and_nothing_offered() -> None:
    """Both are told, in words."""
    found = finding()
    found.begin("keys")
    found.take(SearchPage("keys", ()))
    assert found.told == "nothing found"
    found.begin("keys")
    found.take(Problem("this server offers no search", remote=False))
    assert (found.told, found.waiting) == ("this server offers no search", False)
    found.begin("keys")
    found.take(Lost("gone", 3.0))
    assert "connection is lost" in found.told


def test_what_is_no_search_is_told_and_not_asked() -> None:
    """With what a search looks like; what was found before stays."""
    found = finding()
    found.begin("keys")
    found.take(SearchPage("keys", (said("keys"),)))
    assert found.begin("keys after:soon") == []
    assert "2026-01-31" in found.told
    assert texts(found) == ["keys"]


def test_a_search_that_took_too_long() -> None:
    """It says how far it has looked, and can go on, also without a hit."""
    found = finding()
    found.begin("keys")
    found.take(SearchPage("keys", ()))
    found.take(SearchPaused(at(1)))
    assert "looked only as far as" in found.told
    assert found.on() == [AskMore()]


def test_the_late_answer_of_another_search_is_shown_as_what_it_is() -> None:
    """Its words are those of its own question."""
    found = finding()
    found.begin("keys")
    found.begin("doors")
    found.take(Problem("still on its way", remote=False))
    found.take(SearchPage("keys", (said("keys"),)))
    assert (found.typed, found.words, texts(found)) == ("keys", ["keys"], ["keys"])


def test_problems_of_others_are_none_of_the_search() -> None:
    """While nothing is searched."""
    found = finding()
    found.take(Problem("no such channel"))
    assert found.told == ""
