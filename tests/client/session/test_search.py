"""Searching: LogSearch, and what the session shows of it.

https://codeberg.org/emersion/soju, doc/ext/search.md
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.client.session.actions import AskMentions, AskMore, AskSearch
from securechat.client.session.asking import PENDING
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.history import (
    MentionsTold,
    SearchPage,
    SearchPaused,
    SearchRefused,
)
from securechat.client.session.events.messages import Said
from securechat.client.session.labels import CAPABILITY as LABELS
from securechat.client.session.search import (
    MENTIONS,
    MOST_AGAIN,
    MOST_RESULTS,
    NOT_OFFERED,
    NOTHING_YET,
    REPLACED,
    RESULTS,
    SEARCH,
    TOO_LONG,
)
from tests.client.dialogue import Talk, online
from tests.client.scripted import OFFER

QUERY = AskSearch("words", typed="words")


def second(number: int) -> str:
    return f"2025-11-22T12:00:{number:02d}.000Z"


def answer(*numbers: int, at: int | None = None) -> list[str]:
    """Messages of bob's, each with a number as its id and its text, said in that second, or all at
    one time.
    """
    lines = [
        f"@batch=s;msgid={n};time={second(n if at is None else at)} :bob!b@h PRIVMSG #lobby :{n}"
        for n in numbers
    ]
    return [f"BATCH +s {SEARCH}", *lines, "BATCH -s"]


def numbers(shown: list[ClientEvent]) -> list[int]:
    """What the only answer has that is shown."""
    [event] = shown
    assert isinstance(event, SearchPage)
    return [int(one.text) for one in event.said]


def test_what_is_asked() -> None:
    """All that was typed, in the form of message tags."""
    talk = online()
    query = AskSearch("two w;rds", "#den", "bob", second(1), second(9))
    assert talk.does(query) == [
        f"SEARCH in=#den;from=bob;after={second(1)};before={second(9)};"
        rf"text=two\sw\:rds;limit={RESULTS}"
    ]
    assert online().does(AskSearch("", sender="bob")) == [f"SEARCH from=bob;limit={RESULTS}"]


def test_what_is_found() -> None:
    """In one piece, with times and places; it is not taken for what is said now."""
    talk = online()
    talk.says("3")
    talk.does(QUERY)
    talk.hears(*answer(3, 4))
    times = [datetime(2025, 11, 22, 12, 0, number, tzinfo=UTC) for number in (3, 4)]
    said = tuple(Said("#lobby", "bob", str(time.second), time=time) for time in times)
    assert talk.shows() == [SearchPage("words", said)]
    talk.hears(*answer(5))  # nobody has asked
    assert isinstance(talk.shows()[0], Said)


def test_more_goes_on_before_the_oldest() -> None:
    """With what was said at that very moment, which is not shown again."""
    talk = online()
    talk.does(QUERY)
    talk.hears(*answer(7, 8))
    talk.shows()
    assert talk.does(AskMore()) == [f"SEARCH before={second(7)};text=words;limit={RESULTS}"]
    talk.hears(*answer(5, 6, 7))
    assert numbers(talk.shows()) == [5, 6]
    talk.does(AskMore())
    talk.hears(*answer(5))
    assert talk.shows() == [SearchPage("words", (), on=True)]


def test_more_goes_on_after_the_newest_of_a_search_from_a_time_on() -> None:
    """Of such the server gives the oldest first."""
    talk = online()
    talk.does(AskSearch("words", after=second(1)))
    talk.hears(*answer(2, 3))
    [found] = talk.shows()
    assert isinstance(found, SearchPage)
    assert found.newer
    assert talk.does(AskMore()) == [f"SEARCH after={second(3)};text=words;limit={RESULTS}"]
    talk.hears(*answer(3, 4))
    assert numbers(talk.shows()) == [4]


def test_more_in_one_moment_than_a_page_has() -> None:
    """As when a script talks: more is asked for at once, so that the search doesn't stand still."""
    everything = list(range(RESULTS * 3))
    talk = online()
    talk.does(QUERY)
    talk.hears(*answer(*everything[-RESULTS:], at=9))
    for begin in (RESULTS, 0):
        talk.shows()
        request = talk.does(AskMore())
        while request:
            limit = int(request[0].rpartition("=")[2])
            request = talk.hears(*answer(*everything[-limit:], at=9))
        assert numbers(talk.shows()) == everything[begin : begin + RESULTS]
    talk.does(AskMore())
    talk.hears(*answer(*everything[-RESULTS:], at=9))
    talk.hears(*answer(*everything[-RESULTS * 2 :], at=9))
    talk.hears(*answer(*everything, at=9))
    assert numbers(talk.shows()) == []


def test_a_moment_with_more_than_the_server_gives_is_passed() -> None:
    """To the millisecond before it; and a server that never comes to an end is given up."""
    talk = online()
    talk.does(QUERY)
    talk.hears(*answer(*range(MOST_RESULTS), at=9))
    talk.shows()
    request = talk.does(AskMore())
    while f"before={second(9)}" in request[0]:
        request = talk.hears(*answer(*range(MOST_RESULTS), at=9))
    assert request[0].startswith("SEARCH before=2025-11-22T12:00:08.999Z;")
    for _ in range(MOST_AGAIN):
        request = request and talk.hears(*answer(*range(MOST_RESULTS), at=9))
    assert request == []
    assert numbers(talk.shows()) == []


@pytest.mark.parametrize(("after", "border"), [("", "before"), (second(1), "after")])
def test_a_search_that_took_too_long(after: str, border: str) -> None:
    """Tells how far it has looked, and goes on from there."""
    talk = online()
    talk.does(AskSearch("words", after=after))
    talk.hears(*answer(), f"WARN SEARCH INCOMPLETE {second(5)} :Only some of it")
    until = datetime(2025, 11, 22, 12, 0, 5, tzinfo=UTC)
    assert talk.shows()[1] == SearchPaused(until, newer=bool(after))
    [request] = talk.does(AskMore())
    assert f"{border}={second(5)}" in request


@pytest.mark.parametrize("at", ["soon", "2025-13-99T00:00:00.000Z"])
def test_a_warning_that_says_no_time_is_shown_as_it_is(at: str) -> None:
    """So is one of which nobody knows."""
    talk = online()
    talk.does(QUERY)
    talk.hears(*answer(), f"WARN SEARCH INCOMPLETE {at} :Only some of it")
    assert talk.shows()[1] == Problem("Only some of it")
    talk = online()
    talk.hears(f"WARN SEARCH INCOMPLETE {second(1)} :Only some of it")
    assert talk.shows() == [Problem("Only some of it")]


def test_a_refusal() -> None:
    """In the server's words; then another one can be asked."""
    talk = online()
    talk.does(QUERY)
    assert talk.does(AskMore()) == []
    assert talk.shows() == [SearchRefused(PENDING, remote=False, typed="words")]
    talk.hears("FAIL SEARCH INVALID_PARAMS in :There is no such channel")
    assert talk.shows() == [SearchRefused("There is no such channel", typed="words")]
    assert talk.does(QUERY)


@pytest.mark.parametrize(
    "answered", [[*answer(7, 8)], ["FAIL SEARCH INVALID_PARAMS in :There is no such channel"]]
)
def test_another_search_takes_the_place_of_one_that_is_on_its_way(answered: list[str]) -> None:
    """Of several the last one; what the server says of the first is told to nobody."""
    talk = online()
    talk.does(QUERY)
    for words in ("second", "third"):
        assert talk.does(AskSearch(words, typed=words)) == []
    assert talk.shows() == [
        SearchRefused(REPLACED, remote=False, typed="words"),
        SearchRefused(REPLACED, remote=False, typed="second"),
    ]
    talk.hears(f"WARN SEARCH INCOMPLETE {second(5)} :Only some of it")
    assert talk.hears(*answered) == [f"SEARCH text=third;limit={RESULTS}"]
    assert talk.shows() == []
    talk.hears(*answer(3))
    [found] = talk.shows()
    assert isinstance(found, SearchPage)
    assert (found.typed, found.said[0].msgid, found.said[0].conversation) == (
        "third",
        "3",
        "#lobby",
    )


def test_a_warning_of_a_search_that_was_replaced() -> None:
    """Comes behind its answer, and is no warning of the next one."""
    talk = online(offer=f"{OFFER} {LABELS}")
    [first] = talk.does(QUERY)
    talk.does(AskSearch("second", typed="second"))
    talk.shows()
    label = first.partition(" ")[0]
    begin, end = answer()
    [sent] = talk.hears(f"{label} BATCH +l labeled-response", f"@batch=l {begin}", end)
    talk.hears(f"@batch=l WARN SEARCH INCOMPLETE {second(5)} :Only some of it", "BATCH -l")
    assert talk.shows() == []
    talk.hears(f"{sent.partition(' ')[0]} {begin}", end)
    assert talk.shows() == [SearchPage("second", ())]
    assert "before=" not in talk.does(AskMore())[0]


def test_a_server_without_search() -> None:
    """Is told in plain words, also when it has the capability and not the command."""
    talk = online(offer=OFFER.replace(SEARCH, ""))
    assert talk.does(QUERY) == []
    assert talk.shows() == [SearchRefused(NOT_OFFERED, remote=False, typed="words")]
    talk = online()
    talk.does(QUERY)
    talk.hears("421 alice SEARCH :Unknown command")
    assert talk.shows() == [SearchRefused(NOT_OFFERED, remote=False, typed="words")]


def test_what_cannot_be_asked() -> None:
    """More of nothing, and more than a line holds."""
    talk: Talk = online()
    assert talk.does(AskMore()) == []
    assert talk.does(AskSearch("ж" * 300)) == []
    assert talk.shows() == [SearchRefused(NOTHING_YET, False), SearchRefused(TOO_LONG, False)]


# --- what has our name in it ---------------------------------------------------------------------


def labelled(talk: Talk, request: str, *numbers: int) -> None:
    """The answer to a request with a label."""
    begin, *rest = answer(*numbers)
    talk.hears(f"{request.partition(' ')[0]} {begin}", *rest)


def test_mentions_are_asked_for_beside_a_search() -> None:
    """Each has its own answer, and the search goes on as if nothing had been."""
    talk = online(offer=f"{OFFER} {LABELS}")
    [words] = talk.does(QUERY)
    [name] = talk.does(AskMentions())
    assert name.endswith(f" SEARCH text=alice;limit={MENTIONS}")
    assert talk.does(AskMentions()) == []
    labelled(talk, name, 3)
    labelled(talk, words, 7, 8)
    [mentions, found] = talk.shows()
    assert isinstance(mentions, MentionsTold)
    assert ([one.text for one in mentions.said], mentions.more) == (["3"], False)
    assert isinstance(found, SearchPage)
    assert f"before={second(7)};text=words" in talk.does(AskMore())[0]


def test_mentions_that_took_too_long() -> None:
    """Tell how far the server has looked; a search before them is another one's."""
    talk = online(offer=f"{OFFER} {LABELS}")
    [name] = talk.does(AskMentions())
    labelled(talk, name, *range(MENTIONS))
    label = name.partition(" ")[0]
    talk.hears(f"{label} WARN SEARCH INCOMPLETE {second(5)} :Only some of it")
    [mentions, paused] = talk.shows()
    assert isinstance(mentions, MentionsTold)
    assert mentions.more
    assert paused == MentionsTold(until=datetime(2025, 11, 22, 12, 0, 5, tzinfo=UTC))


def test_mentions_that_nobody_tells() -> None:
    """Each reason is for who has asked, and no line of the conversation."""
    talk = online()  # without labels
    assert talk.does(AskMentions()) == []
    [refused] = talk.shows()
    assert isinstance(refused, MentionsTold)
    assert "no search" in refused.problem
    talk = online(offer=f"{OFFER} {LABELS}")
    label = talk.does(AskMentions())[0].partition(" ")[0]
    talk.hears(f"{label} FAIL SEARCH INTERNAL_ERROR :Try again later")
    assert talk.shows() == [MentionsTold(problem="Try again later")]
    talk.loses()
    talk.does(AskMentions())
    assert isinstance(talk.shows()[-1], MentionsTold)
