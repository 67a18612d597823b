"""The page's texts: the same in both languages."""

from __future__ import annotations

import re
from typing import Any

from tests.web.page.conftest import Run


def texts(run: Run, language: str) -> dict[str, Any]:
    found: dict[str, Any] = run("return it.default", f"text/{language}")
    return found


def values(text: str | dict[str, str]) -> set[str]:
    """What stands for something else in a text; of a plural in its general form."""
    whole = text if isinstance(text, str) else text.get("many", text["other"])
    return set(re.findall(r"\{(\w+)\}", whole))


def test_each_text_is_there_in_both_languages(run: Run) -> None:
    """With the same values in it; refusals that aren't in English are told as the server does."""
    english, russian = texts(run, "en"), texts(run, "ru")
    more = russian.keys() - english.keys()
    assert english.keys() <= russian.keys()
    assert [key for key in more if not key.startswith("refused.")] == []
    assert set().union(*(values(russian[key]) for key in more)) <= {"text"}
    assert {key: values(english[key]) for key in english} == {
        key: values(russian[key]) for key in english
    }


def test_plurals_have_a_form_for_one_and_for_the_others(run: Run) -> None:
    """Those that a language has beside these may be the same as `other`."""
    for language in ("en", "ru"):
        for text in texts(run, language).values():
            assert isinstance(text, str) or {"one", "other"} <= set(text)


def test_a_text_takes_values_and_counts(run: Run) -> None:
    code = """
        await it.setLanguage('ru');
        const people = [1, 3, 7].map((n) => it.t('people', {n}));
        await it.setLanguage('en');
        const nested = it.t('invited', {who: '{name}', name: 'x'});
        return [...people, it.t('people', {n: 1}), it.t('no.such'), nested];
    """
    assert run(code, "text/index") == [
        *("1 человек", "3 человека", "7 человек", "1 person", "no.such"),
        "{name} invites you to x",
    ]
