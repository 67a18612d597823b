"""The language in which a program speaks to the person at its terminal: English, or what the
environment asks for, if there is a catalogue for it in securechat/locale.

- What is printed is `_("… {name} …").format(name=…)`, and `ngettext()` where a number decides.
- The help of commands and options is English where it stands; `in_language()` has it translated.
- An error's text is English where it is raised, as logs and the wire have it too. Whoever shows it
  to a person says `translated(error)`. So are the words shown that a server sends, in English.

The catalogue is kept by `make renew`. Nothing is opened before the first text, and nothing at
all for English. Any thread.
"""

from __future__ import annotations

import copy
import gettext
import inspect
import io
import os
import string
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click

DOMAIN = "securechat"

LOCALE = Path(__file__).parent.parent / "locale"

ENGLISH = "en"
"""The language of the source, which needs no catalogue."""

LONGEST = 4096
"""Characters of a text that is looked for among the templates; what a server sends is shorter."""

DEPTH = 4
"""How far texts are looked for within texts: ours go two deep, and another's has no end."""

_LETTERS = 6
"""A template with fewer letters of its own would fit texts that have nothing to do with it."""


def _(text: str) -> str:
    """A text of ours in the reader's language."""
    return _spoken().gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """A text with the form that goes with a number, which English has two of and Russian three."""
    return _spoken().ngettext(one, many, number)


def translated(text: object) -> str:
    """What an error or a server says in English, in the reader's language as far as it is known.

    text: its str() is looked up: as a whole, then among the templates of the catalogue, then what
    stands behind a colon, then what semicolons part. The values within a template may be such texts
    again.
    """
    english = str(text)
    if is_english() or len(english) > LONGEST:
        return english
    return _translated(english, DEPTH)


def is_english() -> bool:
    """Whether the program speaks as its source does."""
    return type(_spoken()) is gettext.NullTranslations


def chosen(environ: Mapping[str, str]) -> str:
    """The language that the environment asks for and we have; else English.

    As gettext(1) has it: LANGUAGE names several in their order, then come LC_ALL, LC_MESSAGES and
    LANG; who sets LC_ALL=C, as scripts do, gets English whatever LANGUAGE says.
    """
    if environ.get("LC_ALL") in ("C", "POSIX"):
        return ENGLISH
    values = (environ.get(name) for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    wanted = next(filter(None, values), ENGLISH)
    # A path would lead to another's catalogue, and sudo lets these variables through. None of them
    # is passed over: click's texts are looked for by gettext itself, which takes paths.
    if "/" in wanted:
        return ENGLISH
    for name in wanted.split(":"):
        # No catalogue is looked for behind English: who reads both is spoken to in this one.
        if name.partition("_")[0].partition(".")[0] in (ENGLISH, "C", "POSIX"):
            break
        if gettext.find(DOMAIN, LOCALE, [name]):
            return name
    return ENGLISH


@contextmanager
def english(wanted: bool = True) -> Iterator[None]:
    """Speak English meanwhile, as to programs. wanted: False to change nothing."""
    before = _to_programs.set(wanted or _to_programs.get())
    try:
        yield
    finally:
        _to_programs.reset(before)


def in_language(command: click.Command) -> click.Command:
    """A command whose help, and whose errors that are click's own, are in the reader's language."""
    if is_english():
        return command
    # click asks for its texts in the default domain: we have those that appear.
    gettext.bindtextdomain(DOMAIN, str(LOCALE))
    gettext.textdomain(DOMAIN)
    return _with_help(command)


def shown(error: click.ClickException) -> str:
    """What click shows of an error, line by line, with our own words within it translated."""
    text = io.StringIO()
    error.show(text)
    if not error.message or is_english():
        return text.getvalue()
    return text.getvalue().replace(error.message, translated(error.message))


def known() -> list[str]:
    """The languages that there are."""
    found = sorted(path.parent.parent.name for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return [ENGLISH, *found]


def spoken() -> str:
    """The language of the texts now."""
    return ENGLISH if is_english() else _wanted().partition(".")[0].partition("_")[0]


def speak(name: str) -> None:
    """Speak one of known() from now on, whatever the environment asks for. Main thread."""
    forget()
    _wish.append(name)


def forget() -> None:
    """Choose the language again, as the environment asks."""
    _wish.clear()
    _catalogue.cache_clear()
    _templates.cache_clear()


_wish: list[str] = []
"""What speak() was given last, if it was called."""


def _wanted() -> str:
    return _wish[-1] if _wish else chosen(os.environ)


_ENGLISH = gettext.NullTranslations()
_to_programs: ContextVar[bool] = ContextVar("to programs", default=False)


def _spoken() -> gettext.NullTranslations:
    return _ENGLISH if _to_programs.get() else _catalogue()


@cache
def _catalogue() -> gettext.NullTranslations:
    language = _wanted()
    if language == ENGLISH or not _can_print("я"):
        return _ENGLISH
    return gettext.translation(DOMAIN, LOCALE, [language])


def _can_print(letter: str) -> bool:
    """Whether the terminal's encoding has a letter: rather English than question marks."""
    try:
        letter.encode(getattr(sys.stderr, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _with_help(command: click.Command) -> click.Command:
    """A copy of a command, and of all below it, with translated help."""
    # A copy, as the commands belong to their modules, and a process may run several.
    here = copy.copy(command)
    here.help, here.epilog = _known(here.help), _known(here.epilog)
    here.params = [copy.copy(param) for param in here.params]
    for param in here.params:
        if isinstance(param, click.Option):
            param.help = _known(param.help)
    if isinstance(here, click.Group):
        here.commands = {name: _with_help(part) for name, part in here.commands.items()}
    return here


def _known(text: str | None) -> str | None:
    # As a docstring is indented, or isn't, as the version of Python has it. For the empty text
    # gettext would answer with the catalogue's head.
    return _(inspect.cleandoc(text)) if text else text


# --- texts that others have put together ---------------------------------------------------------


class _Template(NamedTuple):
    """A text with names in braces. pieces: what stands around them, one more than there are."""

    text: str
    names: tuple[str, ...]
    pieces: tuple[str, ...]


@cache
def _templates() -> tuple[_Template, ...]:
    """Those of the catalogue, the most telling ones first."""
    path = gettext.find(DOMAIN, LOCALE, [_wanted()])
    texts = _texts(Path(str(path)).read_bytes()) if path else ()
    found = [template for text in texts if (template := _template(text))]
    return tuple(sorted(found, key=_own_letters, reverse=True))


def _texts(catalogue: bytes) -> Iterator[str]:
    """The English texts of a compiled catalogue (GNU gettext's MO file)."""
    order = "<" if catalogue[:4] == b"\xde\x12\x04\x95" else ">"
    count, table = struct.unpack_from(f"{order}8xII", catalogue)
    for number in range(count):
        length, at = struct.unpack_from(f"{order}II", catalogue, table + 8 * number)
        yield catalogue[at : at + length].partition(b"\0")[0].decode()


def _template(text: str) -> _Template | None:
    """None for a text without names, or with too few letters of its own."""
    names: list[str] = []
    pieces = [""]
    try:
        for literal, name, _spec, _conversion in string.Formatter().parse(text):
            pieces[-1] += literal
            if name is not None:
                names.append(name)
                pieces.append("")
    except ValueError:  # a brace that is no name's
        return None
    template = _Template(text, tuple(names), tuple(pieces))
    return template if names and _own_letters(template) >= _LETTERS else None


def _own_letters(template: _Template) -> int:
    return sum(map(str.isalpha, "".join(template.pieces)))


def _translated(text: str, depth: int) -> str:
    if (known := _whole(text, depth) or _behind_colon(text, depth)) or "; " not in text:
        return known or text
    return "; ".join(_translated(part, depth) for part in text.split("; "))


def _whole(text: str, depth: int) -> str | None:
    """The translation of a whole text, or None."""
    # Also as a sentence's beginning: what the system says is told within one.
    for form in (text, text[:1].upper() + text[1:]) if text.strip() else ():
        if (known := _(form)) != form:
            return known
    for template in _templates():
        values = _values(template.pieces, text)
        if values is not None and (named := _named(template.names, values)) is not None:
            inner = {name: _inner(value, depth) for name, value in named.items()}
            return _filled(_(template.text), inner)
    return _before_parenthesis(text)


def _before_parenthesis(text: str) -> str | None:
    """For `what it means (what another program says of it)`."""
    head, mark, tail = text.partition(" (")
    while mark and text.endswith(")"):
        if (known := _(head)) != head:
            return f"{known} ({tail}"
        more, mark, tail = tail.partition(" (")
        head = f"{head} ({more}"
    return None


def _named(names: Iterable[str], values: Iterable[str]) -> dict[str, str] | None:
    """None where one name stands for two values: then another has made the text."""
    named: dict[str, str] = {}
    for name, value in zip(names, values, strict=True):
        if named.setdefault(name, value) != value:
            return None
    return named


def _filled(template: str, named: Mapping[str, str]) -> str | None:
    """A template with its values; None where one is missing."""
    # Not by format(): the values are texts already, so a date's or a number's form doesn't fit.
    filled = ""
    for literal, name, _spec, _conversion in string.Formatter().parse(template):
        if name is not None and name not in named:
            return None
        filled += literal + named.get(name or "", "")
    return filled


def _values(pieces: tuple[str, ...], text: str) -> list[str] | None:
    """What stands between the pieces of a template; None when text isn't made by it.

    Each piece is looked for once, from left to right: it takes no longer for a text that was made
    to take long.
    """
    first, *middle, last = pieces
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return None
    values = []
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return None
        values.append(text[at:found])
        at = found + len(piece)
    return [*values, text[at:end]]


def _inner(value: str, depth: int) -> str:
    """A value within a text: a reason, perhaps. What has no space is a name, and stays."""
    return _translated(value, depth - 1) if depth and " " in value else value


def _behind_colon(text: str, depth: int) -> str | None:
    """For `FILE: what is wrong with it`: what stands behind the first colon that is followed by a
    text we know.
    """
    head, colon, tail = text.partition(": ")
    while colon:
        # A single word is a name, even if it is one of ours.
        if " " in tail and (known := _whole(tail, depth)) is not None:
            return f"{head}: {known}"
        more, colon, tail = tail.partition(": ")
        head = f"{head}: {more}"
    return None
