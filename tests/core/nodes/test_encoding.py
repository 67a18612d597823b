"""What nodes tell each other comes out as it went in, and what isn't known is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.core.delivery.line import BareLine, Line, MessageId
from securechat.core.delivery.multiline import MultilineLine
from securechat.core.nodes.encoding import (
    EVENTS,
    VERSION,
    Encoded,
    UnreadableError,
    body_text,
    event_of,
    event_values,
    line_of,
    line_values,
    read_body,
    values_of,
)
from securechat.core.shared import SHARED
from securechat.irc.capabilities import NAMES
from securechat.irc.multiline import Part

INSTANCE = "here"
ALL = sum(NAMES.values())

texts = st.text(st.characters(codec="utf-8"), max_size=20)
st.register_type_strategy(str, texts)
numbers: st.SearchStrategy[Any] = st.lists(st.integers())


def through(value: Any) -> Any:
    """On its way to another node."""
    [found] = read_body(body_text({"all": [value]}))["all"]
    return found


def made(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any of a kind of named tuple."""
    hints = get_type_hints(kind)
    # Of what is shared, which has lists of numbers beside plain values.
    given_by = {Sequence[int]: numbers, int | Sequence[int]: st.integers() | numbers}
    fields = (
        given_by[hint] if (hint := hints[one]) in given_by else st.from_type(hint)
        for one in kind._fields
    )
    return st.builds(kind, *fields)


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS)
def test_an_event_comes_out_as_it_went_in(kind: type[Any]) -> None:
    """With bytes and with what is not there."""

    @given(made(kind))
    def comes_out(event: Any) -> None:
        found = event_of(through(event_values(event)))
        assert found == event
        assert type(found) is kind
        assert [*map(type, found)] == [*map(type, event)]

    comes_out()


@pytest.mark.parametrize("kind", SHARED.values(), ids=SHARED)
def test_what_is_shared_comes_out_as_it_went_in(kind: type[Any]) -> None:
    """But for tuples, which it takes as lists as well."""

    @given(made(kind))
    def comes_out(fact: Any) -> None:
        name, *fields = through(values_of(fact))
        assert through(values_of(SHARED[name](*fields))) == [name, *fields]

    comes_out()


tags = st.none() | texts.filter(bool)


@given(
    body=texts,
    at_ms=st.integers(0, 2**41),
    seq=st.none() | st.integers(1, 2**40),
    account=tags,
    client_tags=tags,
    extended=tags,
    requires=st.sampled_from([0, *NAMES.values()]),
    batch=tags,
)
def test_a_line_is_written_to_everybody_as_at_its_own_node(
    seq: int | None, body: str, at_ms: int, account: str, client_tags: str, **named: Any
) -> None:
    """Whatever they have asked for."""
    msgid = MessageId(INSTANCE, seq) if seq is not None else None
    line = Line(body, at_ms, msgid, account, client_tags, **named)
    found = line_of(through(line_values(line)), INSTANCE)
    for caps in (0, ALL, *NAMES.values()):
        assert found.encode(caps) == line.encode(caps)


@given(parts=st.lists(st.builds(Part, texts, st.booleans()), min_size=1), batch=tags)
def test_so_is_one_of_several_lines(parts: list[Part], batch: str | None) -> None:
    """As a batch or as single lines."""
    parts[0] = Part("first", joined=False)
    named: dict[str, Any] = {"account": "alice", "client_tags": "+a=b", "batch": batch}
    msgid = MessageId(INSTANCE, 7)
    line = MultilineLine("a!a@s", "PRIVMSG", "#a", parts, 1_000, msgid=msgid, **named)
    found = line_of(through(line_values(line)), INSTANCE)
    for caps in (0, ALL, *NAMES.values()):
        assert found.encode(caps) == line.encode(caps)


def test_a_bare_line_has_no_tags() -> None:
    line = line_of(through(line_values(BareLine("PING :x"))), INSTANCE)
    assert line.encode(ALL) == b"PING :x\r\n"


def test_a_line_to_one_is_encoded_by_the_node_that_says_it() -> None:
    assert Encoded(b"@a=b PING :x\r\n").encode(0) == b"@a=b PING :x\r\n"


def test_a_body_of_a_newer_version_is_refused() -> None:
    """Nobody knows what would be left out."""
    newer = json.dumps({"v": VERSION + 1, "events": []})
    with pytest.raises(UnreadableError, match=f"of version {VERSION + 1}.*install that version"):
        read_body(newer)


def test_an_unknown_event_is_refused() -> None:
    with pytest.raises(UnreadableError, match=r"tells of Levitated.*install that version"):
        event_of(["Levitated", 1])


def test_an_unknown_kind_of_line_is_refused() -> None:
    with pytest.raises(UnreadableError, match=r"of the kind 'sung'.*install that version"):
        line_of(["sung", 1, None, None, None, None, "la"], INSTANCE)


def test_what_is_empty_is_not_told() -> None:
    assert body_text({"events": [], "said": [1]}) == f'{{"v":{VERSION},"said":[1]}}'
