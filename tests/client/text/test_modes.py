"""What each mode of a channel means."""

from __future__ import annotations

import pytest

from securechat.client.text import modes
from securechat.core.model.membership import MEMBER_MODES
from securechat.core.presence.welcome import CHANNEL_FLAGS, WITH_PARAMETER


def told(*change: str) -> list[str]:
    return modes.sentences("alice", "#lab", change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("+o", "bob"), "alice makes bob an operator of #lab"),
        (("-o", "bob"), "bob is no operator of #lab any more (by alice)"),
        (("+q", "bob"), "alice makes bob an owner of #lab"),
        (("+q", "*!*@evil"), "alice silences *!*@evil in #lab"),
        (("+v", "bob"), "alice gives bob a voice in #lab"),
        (("+b", "~a:bob"), "alice bans bob from #lab: they may neither come in nor speak"),
        (("-b", "bob!*@*"), "alice lifts the ban of bob in #lab: they may come again"),
        (("+b", "b*!*@*"), "alice bans b*!*@* from #lab: they may neither come in nor speak"),
        (("+b", "$a:bob"), "alice bans bob from #lab: they may neither come in nor speak"),
        (
            ("+is",),
            "alice makes #lab private: only who is invited comes in, and others can't see it",
        ),
        (("-s+i",), None),
        (("+k", "secret"), "alice gives #lab a key, without which nobody comes in"),
        (("-k", "*"), "alice takes the key of #lab away"),
        (("-k",), "alice takes the key of #lab away"),
        (("+l", "30"), "alice lets 30 people into #lab at the most"),
        (("-l",), "alice lets any number of people into #lab"),
        (("+Z", "x"), "alice sets +Z x in #lab"),
        (("+oZ", "bob", "x"), "alice sets +oZ bob x in #lab"),
        (("+o",), "alice sets +o in #lab"),
        ((), "alice sets  in #lab"),
        (("+",), "alice sets + in #lab"),
    ],
)
def test_a_change_in_words(change: tuple[str, ...], sentence: str | None) -> None:
    """One that isn't known wholly is told as it is: nobody knows whose word is whose."""
    if sentence is not None:
        assert told(*change) == [sentence]


def test_several_changes_at_once() -> None:
    """A sentence each, with its own word; i and s of one sign are told together."""
    assert told("+oi-v+s", "bob", "carol") == [
        "alice makes #lab private: only who is invited comes in, and others can't see it",
        "alice makes bob an operator of #lab",
        "carol has no voice in #lab any more (by alice)",
    ]
    assert len(told("+i-s")) == 2


def test_all_modes_of_our_server_are_known() -> None:
    """Set and taken away, and as they are."""
    assert set(CHANNEL_FLAGS) == modes.FLAGS.keys()
    assert set(WITH_PARAMETER) <= modes.ROLES.keys() | modes.LISTS.keys() | {"k", "l"}
    assert set(MEMBER_MODES) <= modes.ROLES.keys()
    for letter in CHANNEL_FLAGS:
        for sign in "+-":
            assert not told(sign + letter)[0].startswith("alice sets")


def test_how_a_channel_is_set() -> None:
    """A row for each mode, with its letter; a key where we may know it."""
    assert modes.set_now(("+imsk", "*")) == [
        "private: only who is invited comes in, and others can't see it (+is)",
        "only who has a role or a voice may speak (+m)",
        "nobody comes in without its key (+k)",
    ]
    assert modes.set_now(("+Zkl", "word", "5")) == [
        "+Z",
        "nobody comes in without its key, which is word (+k)",
        "5 people at the most (+l)",
    ]
    assert modes.set_now(()) == modes.set_now(("+",)) == []


def test_remote_words_are_escaped() -> None:
    """All of them: names, masks, keys, letters."""
    bad = "a\x1b[2J\u202e"
    rows = [
        *modes.sentences(bad, bad, ("+ob", bad, bad)),
        *modes.sentences(bad, bad, (bad, bad)),
        *modes.set_now((f"+kl{bad}", bad, bad)),
        modes.whom(f"{bad}!*@*"),
        modes.whom(f"~a:{bad}"),
    ]
    for row in rows:
        assert "\x1b" not in row
        assert "\u202e" not in row
