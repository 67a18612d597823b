"""How much a browser has to load: nothing is minified, so there has to be little of it."""

from __future__ import annotations

from importlib.resources import files

import pytest

from securechat.web.site import first_modules, read_page, static_file

PAGE = read_page(files("securechat.web").joinpath("page"))

BEFORE_ANY_MODULE = ["index.html", "style.css"]


def sizes(paths: list[str]) -> tuple[float, float]:
    """KiB of these files, and of them as they are sent: by gzip."""
    bodies = [PAGE[path] for path in paths]
    sent = [static_file(body, b"", b"").packed for body in bodies]
    return sum(map(len, bodies)) / 1024, sum(map(len, sent)) / 1024


def test_the_page_stays_small() -> None:
    size, sent = sizes(list(PAGE))
    assert size <= 250
    assert sent <= 98


@pytest.mark.parametrize("language", ["en", "ru"])
def test_little_of_it_is_loaded_at_first(language: str) -> None:
    """What one needs to log in and talk, in one language; dialogs come when they are opened."""
    first = [*BEFORE_ANY_MODULE, *first_modules(PAGE), f"text/{language}.js"]
    size, sent = sizes(first)
    assert len(first) <= 41
    assert size <= 195
    assert sent <= 76
