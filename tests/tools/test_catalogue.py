"""The catalogues of texts: whole, alike in their names, and compiled."""

from __future__ import annotations

import ast
from pathlib import Path

import catalogue
import pytest
from catalogue import Text


def texts(source: str, name: str = "client/a.py") -> list[str]:
    return [text.one for text in catalogue.in_source(ast.parse(source), name)]


# --- the catalogues as they are ------------------------------------------------------------------


def test_the_catalogues_are_whole() -> None:
    """Each text has its translation, none is left over, and the names in braces are the same.

    `make renew` takes new texts in, and says which lack a translation; CONTRIBUTING.md tells how.
    """
    assert catalogue.all_faults() == []


def test_the_help_of_all_four_programs_is_in_it() -> None:
    """Of their commands at every depth, and of their options."""
    found = [text.one for text in catalogue.in_help()]
    for beginning in ("Run a securechat server.", "Make an account with", "Make the account NAME."):
        assert any(text.startswith(beginning) for text in found), beginning
    assert any(text.startswith("Make a TLS certificate") for text in found)
    assert "TOML file." in found


# --- what is a text ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("_('Hello')", ["Hello"]),
        ("x = _('Hello {name}, '\n  'you').format(name=1)", ["Hello {name}, you"]),
        ("ngettext('{n} day', '{n} days', n)", ["{n} day"]),
        ("raise UsageError('no such file')", ["no such file"]),
        ("raise UsageError(f'no such file: {file.name}')", ["no such file: {name}"]),
        ("raise UsageError(f'{a.x} is not {b.x!r}')", ["{x} is not {x2}"]),
        ("raise E(f'set {{x}} to {\", \".join(names)}')", ["set {{x}} to {names}"]),
        ("raise E('first thing' if x else f'no {x} here')", ["first thing", "no {x} here"]),
        ("raise E(_('marked text'))", ["marked text"]),
        ("raise E(f'{file}: {problem}')", []),
        ("raise E('CODE')", []),
        ("Problem('no such thing', remote=False)", ["no such thing"]),
        ("out.hangup = 'it has ended'", ["it has ended"]),
        ("raise E('CAP REQ {x}')", []),
        ("raise ValueError('for programmers only')", []),
        ("log.error('what a log has')", []),
        ("x = 'some other text'", []),
    ],
)
def test_a_text_is_found(source: str, found: list[str]) -> None:
    """What is looked up, and what errors say where they are raised."""
    assert texts(source) == found


def test_what_the_rules_raise_is_no_text() -> None:
    """It goes over the wire; of it those files are read that TEXTS names, and all of them."""
    source = '"""Of docstrings none."""\nraise IrcError("no such thing")\nX = "Wrong account"'
    assert texts(source, "core/turn.py") == []
    assert texts(source, "core/auth/texts.py") == ["no such thing", "Wrong account"]


@pytest.mark.parametrize("source", ["_(f'Hello {name}')", "_('a' + x)", "ngettext('day', x, n)"])
def test_what_can_not_be_looked_up_is_refused(source: str) -> None:
    """An f-string is filled in before anybody could look for it."""
    with pytest.raises(ValueError, match=r"client/a\.py:1: .* wants a plain text"):
        texts(source)


def test_a_text_that_is_shown_and_not_looked_up_is_told() -> None:
    """Where it stands, so that somebody puts `_()` around it."""
    source = (
        "tell('all is well')\ntell(_('all is well'))\nclick.echo(f'{a}: {b}')\necho(f'{n} of them')"
    )
    assert list(catalogue.unmarked(ast.parse(source), "client/a.py")) == [
        "securechat/client/a.py:1: all is well",
        "securechat/client/a.py:4: {n} of them",
    ]


# --- what is wrong with a catalogue --------------------------------------------------------------

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture
def po(tmp_path: Path) -> Path:
    """A catalogue of Russian."""
    path = tmp_path / "ru" / "LC_MESSAGES" / "securechat.po"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    ("one", "translation", "fault"),
    [
        ("Hello {name}", "Привет, {name}", ""),
        ("Hello {name}", "", "ru: has no translation: 'Hello {name}' (others)"),
        ("Hello {name}", "Привет, {nmae}", "ru: has other names in braces: 'Hello {name}'"),
        ("Hello {name}", "Привет", "ru: has other names in braces: 'Hello {name}'"),
        ("Hello %s", "Привет", "ru: has other names in braces: 'Hello %s'"),
        ("  Hello", "Привет", "ru: begins or ends with other spaces: '  Hello'"),
        ("Goodbye", "До свидания", "ru: has no translation: 'Hello {name}' (others)"),
    ],
)
def test_a_fault_is_told(po: Path, one: str, translation: str, fault: str) -> None:
    """What is missing, left over, or has other names."""
    po.write_text(f'{HEAD}msgid "{one}"\nmsgstr "{translation}"\n')
    po.with_suffix(".mo").write_bytes(catalogue.compiled(catalogue.loaded(po)))
    wanted = "Hello {name}" if one == "Goodbye" else one
    faults = catalogue.faults(po, {wanted: Text(wanted, files=["others"])})
    left_over = ["ru: is in no source: 'Goodbye'"] if one == "Goodbye" else []
    assert faults == [*left_over, *([fault] if fault else [])]


def test_a_catalogue_that_was_not_compiled_is_told(po: Path) -> None:
    """People would not see what was translated."""
    po.write_text(f'{HEAD}msgid "Yes"\nmsgstr "Да"\n')
    text = {"Yes": Text("Yes", files=["others"])}
    fault = ["ru: securechat.mo isn't what securechat.po compiles to"]
    assert catalogue.faults(po, text) == fault
    po.with_suffix(".mo").write_bytes(catalogue.compiled(catalogue.loaded(po)))
    assert catalogue.faults(po, text) == []
    po.write_text(f'{HEAD}msgid "Yes"\nmsgstr "Ага"\n')
    assert catalogue.faults(po, text) == fault


def test_a_translation_is_kept_when_texts_come_and_go(po: Path) -> None:
    """New ones come without a translation, old ones go."""
    po.write_text(f'{HEAD}msgid "Yes"\nmsgstr "Да"\n\nmsgid "Gone"\nmsgstr "Нет"\n')
    new = catalogue.updated(po, [Text("Yes"), Text("{n} day", "{n} days")])
    po.write_bytes(catalogue.as_text(new))
    kept = {catalogue._first(message): message.string for message in catalogue.loaded(po)}
    assert kept == {"": kept[""], "Yes": "Да", "{n} day": ("", "", "")}
