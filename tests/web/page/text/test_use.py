"""The page's texts beside its code: each that is asked for is there, and each is asked for."""

from __future__ import annotations

import re

from tests.web.page.conftest import PAGE

KEY = re.compile(r'^  (?:"([^"]+)"|(\w+)): ', re.M)
ASKED = re.compile(r'\bt\("([^"]+)"(?! \+)')
PLACE = r"\$\{[^`{}]*\}"
MADE = re.compile(rf"`((?:[\w.]|{PLACE})+)`|\"([\w.]+\.)\" \+|\"(\.[\w.]+)\"")
"""Keys that are put together, such as `event.${what}` and "refused." + code."""

SOURCE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted(PAGE.rglob("*.js"))
    if path.parent.name not in ("vendor", "text") or path.name in ("index.js", "told.js")
)


def keys() -> set[str]:
    text = (PAGE / "text" / "en.js").read_text(encoding="utf-8")
    return {quoted or plain for quoted, plain in KEY.findall(text)}


WORDS = {*re.findall(r"""["'`]([\w.~@+-]+)["'`]""", SOURCE), *re.findall(r"\b(\w+):", SOURCE)}
"""Literals, and names of properties."""


def is_used(key: str) -> bool:
    """By a literal of its own, as the name of a property, or put together."""
    if key in WORDS:
        return True
    return any(re.fullmatch(made, key) for made in PUT_TOGETHER)


PUT_TOGETHER = [
    re.sub(PLACE, r"[\\w.~@+]+", whole) if whole else f"{re.escape(before)}.+{re.escape(after)}"
    for whole, before, after in MADE.findall(SOURCE)
    if "." in re.sub(PLACE, "", whole) + before + after
]


def test_what_is_asked_for_is_there() -> None:
    assert set(ASKED.findall(SOURCE)) - keys() == set()


def test_what_is_there_is_asked_for() -> None:
    assert [key for key in sorted(keys()) if not is_used(key)] == []
