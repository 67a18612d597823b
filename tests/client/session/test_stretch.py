"""A stretch of a conversation, page by page."""

from __future__ import annotations

from securechat.client.session.events.messages import Said
from securechat.client.session.stretch import Pages, Stretch


def said(*texts: str) -> tuple[Said, ...]:
    return tuple(Said("#a", "bob", text, mark=f"msgid={text}") for text in texts)


def questions(pages: Pages, *answers: tuple[Said, ...]) -> list[str]:
    """What is asked, each question answered by the next answer."""
    found = []
    for answer in answers:
        asked = pages.next()
        assert asked is not None
        found.append(" ".join(asked.params))
        pages.take(answer)
    return found


def test_the_newest() -> None:
    """Page by page backwards, as many as are wanted; told in their order."""
    pages = Pages(Stretch("#a", 3))
    asked = questions(pages, said("c", "d"), said("x", "b"))
    assert asked == ["LATEST #a * 3", "BEFORE #a msgid=c 1"]
    assert pages.next() is None
    assert [one.text for one in pages.messages()] == ["b", "c", "d"]


def test_from_somewhere_on() -> None:
    """Page by page on, up to the end or to where it is to end."""
    pages = Pages(Stretch("#a", 300, after="msgid=a", before="msgid=z"))
    asked = questions(pages, said("b", "c"), said())
    assert asked == ["BETWEEN #a msgid=a msgid=z 100", "BETWEEN #a msgid=c msgid=z 100"]
    assert pages.next() is None
    pages = Pages(Stretch("#a", 2, after="msgid=a"))
    assert questions(pages, said("b", "c", "d")) == ["AFTER #a msgid=a 2"]
    assert [one.text for one in pages.messages()] == ["b", "c"]


def test_a_page_that_leads_nowhere() -> None:
    """A server that gives the same again is not asked for ever."""
    pages = Pages(Stretch("#a", 300))
    questions(pages, said("b"), said("b"))
    assert pages.next() is None
