"""What each mode of a channel means, in sentences: of a change, and of how a channel is set. Pure.

Modes that aren't here, as other servers have them, are told as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from securechat.client.session import bans
from securechat.common.escape import escape_name, escape_text
from securechat.common.language import _, translated


class Flag(NamedTuple):
    """What is told when a flag is set, when it is taken away, and where it is set."""

    on: str
    off: str
    now: str


FLAGS: Final = {
    "i": Flag(
        "{by} closes {channel}: only who is invited comes in",
        "{by} opens {channel}: nobody needs an invitation any more",
        "only who is invited comes in",
    ),
    "s": Flag(
        "{by} hides {channel}: only those who are in it see that it is there",
        "{by} shows {channel} to all: it is listed now",
        "only those who are in it see that it is there",
    ),
    "m": Flag(
        "{by} moderates {channel}: only who has a role or a voice may speak",
        "{by} lets all in {channel} speak again",
        "only who has a role or a voice may speak",
    ),
    "n": Flag(
        "{by} lets only those speak who are in {channel}",
        "{by} lets people speak in {channel} who aren't in it",
        "only who is in it may speak",
    ),
    "t": Flag(
        "{by} lets only operators set the topic of {channel}",
        "{by} lets everybody set the topic of {channel}",
        "only operators set the topic",
    ),
    "C": Flag(
        "{by} keeps requests of programs (CTCP) out of {channel}",
        "{by} lets requests of programs (CTCP) into {channel}",
        "requests of programs (CTCP) are kept out",
    ),
    "H": Flag(
        "{by} opens the history of {channel}: who joins reads what is said from now on",
        "{by} closes the history of {channel}: who joins reads nothing from before",
        "who joins reads what was said before",
    ),
}
"""Without a word."""

ROLES: Final = {
    "q": ("{by} makes {name} an owner of {channel}", "{name} is no owner of {channel} any more"),
    "a": (
        "{by} makes {name} an administrator of {channel}",
        "{name} is no administrator of {channel} any more",
    ),
    "o": (
        "{by} makes {name} an operator of {channel}",
        "{name} is no operator of {channel} any more",
    ),
    "h": (
        "{by} makes {name} a half-operator of {channel}",
        "{name} is no half-operator of {channel} any more",
    ),
    "v": ("{by} gives {name} a voice in {channel}", "{name} has no voice in {channel} any more"),
}
"""Given, and taken away; by whom stands behind that."""

LISTS: Final = {
    "b": (
        "{by} bans {name} from {channel}: they may neither come in nor speak",
        "{by} lifts the ban of {name} in {channel}: they may come again",
    ),
    "e": (
        "{by} excepts {name} from the bans of {channel}",
        "{by} excepts {name} no more from the bans of {channel}",
    ),
    "I": (
        "{by} lets {name} into {channel} without an invitation",
        "{by} lets {name} into {channel} by invitation only",
    ),
}

PRIVATE: Final = Flag(
    "{by} makes {channel} private: only who is invited comes in, and others can't see it",
    "{by} opens {channel} to all: nobody needs an invitation, and it is listed",
    "private: only who is invited comes in, and others can't see it",
)
"""Of i and s together, as /private sets them."""

KEY: Final = (
    "{by} gives {channel} a key, without which nobody comes in",
    "{by} takes the key of {channel} away",
)
LIMIT: Final = (
    "{by} lets {count} people into {channel} at the most",
    "{by} lets any number of people into {channel}",
)

QUIET: Final = (
    "{by} silences {name} in {channel}",
    "{by} lets {name} speak in {channel} again",
)
"""Of a mask under q, which is a role on some servers and a list on others."""


class Change(NamedTuple):
    """One letter of a change, with its word."""

    sign: str
    letter: str
    word: str = ""


def sentences(by: str, channel: str, change: Sequence[str]) -> list[str]:
    """What somebody has changed; escaped. change: letters, then their words."""
    parts = _parted(change)
    if parts is None:
        text = _("{by} sets {modes} in {channel}")
        modes = escape_text(" ".join(change))
        return [text.format(by=escape_name(by), modes=modes, channel=escape_name(channel))]
    told: list[str] = []
    for sign in "+-":
        private = [part for part in parts if part.sign == sign and part.letter in "is"]
        if {part.letter for part in private} == {"i", "s"}:
            parts = [part for part in parts if part not in private]
            told.append(_filled(PRIVATE.on if sign == "+" else PRIVATE.off, by, channel))
    return told + [_told(part, by, channel) for part in parts]


def set_now(modes: Sequence[str]) -> list[str]:
    """How a channel is set, a row for each mode; escaped. modes: letters, then their words."""
    letters, *words = modes or ("",)
    letters = letters.removeprefix("+")
    rows: list[str] = []
    if {"i", "s"} <= set(letters):
        rows.append(translated(PRIVATE.now) + " (+is)")
        letters = letters.replace("i", "").replace("s", "")
    for letter in letters:
        if letter in FLAGS:
            rows.append(f"{translated(FLAGS[letter].now)} (+{letter})")
        elif letter == "k":
            key = escape_text(words.pop(0)) if words else "*"
            text = _("nobody comes in without its key (+k)")
            if key != "*":
                text = _("nobody comes in without its key, which is {key} (+k)")
            rows.append(text.format(key=key))
        elif letter == "l":
            count = escape_text(words.pop(0)) if words else "?"
            rows.append(_("{count} people at the most (+l)").format(count=count))
        else:
            rows.append(f"+{escape_text(letter)}")
    return rows


def whom(mask: str) -> str:
    """Whom a mask means: a name, where it is that of an account or of a nick alone; escaped."""
    return escape_name(bans.whom(mask))


def _parted(change: Sequence[str]) -> list[Change] | None:
    """Each letter with its word; None where one isn't known, as nobody knows then whose word is
    whose.
    """
    letters, *words = change or ("",)
    sign, parts = "+", []
    for letter in letters:
        if letter in "+-":
            sign = letter
        elif letter in FLAGS:
            parts.append(Change(sign, letter))
        elif letter in ROLES or letter in LISTS or letter == "k" or (letter, sign) == ("l", "+"):
            if not words and letter != "k":
                return None
            parts.append(Change(sign, letter, words.pop(0) if words else ""))
        elif letter == "l":
            parts.append(Change(sign, letter))
        else:
            return None
    return parts or None


def _told(part: Change, by: str, channel: str) -> str:
    off, letter = part.sign == "-", part.letter
    if letter in FLAGS:
        return _filled(FLAGS[letter].off if off else FLAGS[letter].on, by, channel)
    if letter == "k":
        return _filled(KEY[off], by, channel)
    if letter == "l":
        return _filled(LIMIT[off], by, channel, count=part.word)
    if letter == "q" and {"!", "@", "*", "$", "~"} & set(part.word):
        return _filled(QUIET[off], by, channel, mask=part.word)
    if letter in LISTS:
        return _filled(LISTS[letter][off], by, channel, mask=part.word)
    text = _filled(ROLES[letter][off], by, channel, name=part.word)
    return text + (_(" (by {name})").format(name=escape_name(by)) if off else "")


def _filled(
    text: str, by: str, channel: str, *, name: str = "", mask: str = "", count: str = ""
) -> str:
    return translated(text).format(
        by=escape_name(by),
        channel=escape_name(channel),
        name=whom(mask) if mask else escape_name(name),
        count=escape_text(count),
    )
