"""Plain values: as frozen dataclasses with the same fields, in all that somebody can see."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.common import record
from securechat.common.record import NEEDED, Record, State


class Base(Record):
    who: str
    at: int = 0


class Made(Base):
    text: str = record.field(default="", repr=False)
    mark: str = record.field(default="", compare=False)
    tags: Mapping[str, str] = record.field(default_factory=dict, compare=False)
    secret: str = record.field(kw_only=True, repr=False)
    at: int = 7

    @property
    def loud(self) -> str:
        return self.text.upper()


@dataclasses.dataclass(frozen=True, slots=True)
class BaseModel:
    who: str
    at: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class MadeModel(BaseModel):
    text: str = dataclasses.field(default="", repr=False)
    mark: str = dataclasses.field(default="", compare=False)
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)
    secret: str = dataclasses.field(kw_only=True, repr=False)
    at: int = 7


class Empty(Record):
    """Nothing in it."""


NAMES = ("who", "at", "text", "mark", "tags", "secret")
SAMPLES: tuple[Any, ...] = ("", "a", 1, 2, None, "who")
ARGUMENTS = st.tuples(
    st.lists(st.sampled_from(SAMPLES), max_size=6),
    st.dictionaries(st.sampled_from((*NAMES, "unknown")), st.sampled_from(SAMPLES)),
)


def made(kind: Any, positional: list[Any], named: dict[str, Any]) -> Any:
    """The value, or the kind of the error where there is none."""
    try:
        return kind(*positional, **named)
    except TypeError:
        return TypeError


def values(of: Any) -> list[Any]:
    return [getattr(of, name) for name in NAMES]


@given(ARGUMENTS)
def test_it_takes_what_a_dataclass_takes(arguments: tuple[list[Any], dict[str, Any]]) -> None:
    """By position, by name, by default; too many, too few, twice and unknown."""
    ours, model = made(Made, *arguments), made(MadeModel, *arguments)
    if model is TypeError:
        assert ours is TypeError
        return
    assert values(ours) == values(model)
    assert repr(ours) == repr(model).replace("MadeModel", "Made")


@given(ARGUMENTS, ARGUMENTS)
def test_it_is_equal_where_a_dataclass_is(
    one: tuple[list[Any], dict[str, Any]], other: tuple[list[Any], dict[str, Any]]
) -> None:
    """Equal values have the same hash."""
    ours = [made(Made, *one), made(Made, *other)]
    models = [made(MadeModel, *one), made(MadeModel, *other)]
    if TypeError in models:
        return
    assert (ours[0] == ours[1]) == (models[0] == models[1])
    if ours[0] == ours[1]:
        assert hash(ours[0]) == hash(ours[1])


def test_another_class_is_never_equal() -> None:
    """Also where the fields and their values are the same."""

    class Other(Record):
        who: str
        at: int = 0

    assert Base("a") == Base("a", 0)
    assert Base("a") != Other("a")
    assert Empty() == Empty()
    assert Empty() != Base("a")


@pytest.mark.parametrize("name", ["who", "at", "unknown"])
def test_it_does_not_change(name: str) -> None:
    """Any thread may read it, so nobody may set a field, or another attribute."""
    value = Base("a")
    with pytest.raises(AttributeError, match=name):
        setattr(value, name, "b")
    with pytest.raises(AttributeError, match=name):
        delattr(value, name)
    assert value == Base("a")
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize(
    ("positional", "named", "words"),
    [
        ((), {}, "Base needs who"),
        ((), {"at": 1}, "Base needs who"),
        (("a", 1, 2), {}, "Base is given too many values"),
        (("a",), {"who": "b"}, "Base is given twice: who"),
        (("a",), {"what": "b"}, "Base has no field what"),
    ],
)
def test_an_error_names_what_is_wrong(
    positional: tuple[Any, ...], named: dict[str, Any], words: str
) -> None:
    """But no value: it may be a secret."""
    kind: Any = Base
    with pytest.raises(TypeError, match=f"^{words}$"):
        kind(*positional, **named)


def test_a_secret_is_not_shown() -> None:
    """A repr may get into a log."""
    assert "hidden" not in repr(Made("a", secret="hidden"))


def test_each_value_has_a_default_of_its_own() -> None:
    """Where the default is made by a factory."""
    one, other = Made("a", secret=""), Made("a", secret="")
    assert one.tags == {}
    assert one.tags is not other.tags


def test_a_copy_has_other_values() -> None:
    """The others stay, those that aren't compared included."""
    value = Made("a", 1, "text", "mark", {"k": "v"}, secret="s")
    other = record.replace(value, who="b")
    assert values(other) == ["b", 1, "text", "mark", {"k": "v"}, "s"]
    assert value.who == "a"
    with pytest.raises(TypeError, match="has no field nobody"):
        record.replace(value, nobody="b")


def test_it_is_taken_apart_by_position() -> None:
    """In a match statement."""
    match Made("a", 1, "text", secret="s"):
        case Made(who, at, text):
            assert (who, at, text) == ("a", 1, "text")
        case _:
            pytest.fail("doesn't match")
    assert "secret" not in Made.__match_args__


def test_its_fields_are_told() -> None:
    """With their types as they are written, for who goes over all of them."""
    told = [(one.name, one.type, one.default is NEEDED) for one in record.fields(Made)]
    assert told[:3] == [("who", "str", True), ("at", "int", False), ("text", "str", False)]
    assert [one.name for one in record.fields(Base)] == ["who", "at"]


def test_a_class_may_have_its_say() -> None:
    """Its own __init__ brings values into form; methods and properties are plain."""

    class Folded(Record):
        name: str

        def __init__(self, name: str) -> None:
            super().__init__(name.lower())

    assert Folded("A") == Folded("a")
    assert Made("a", text="b", secret="").loud == "B"


def test_state_changes() -> None:
    """But has no other attributes, and is equal to itself alone, so that a list finds the one that
    is meant.
    """

    class Counter(State):
        name: str
        seen: list[str] = record.field(default_factory=list)
        count: int = 0

    one, other = Counter("a"), Counter("a")
    one.count += 1
    one.seen.append("x")
    assert repr(one) == repr(record.replace(other, count=1, seen=["x"]))
    assert other.seen == []
    assert [other, one].index(one) == 1
    assert len({one, other}) == 2
    with pytest.raises(AttributeError):
        one.unknown = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="Counter needs name"):
        Counter()  # type: ignore[call-arg]
