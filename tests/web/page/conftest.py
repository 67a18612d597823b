"""The page's modules in Chromium, without a server: each test is a piece of JavaScript."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import securechat

PAGE = Path(securechat.__file__).parent / "web" / "page"

ORIGIN = "https://page.test/"
"""Of nobody: what is asked for there is read from the package."""

TEXTS = "await (await import('/text/index.js')).ready;"
"""Which views need, and are loaded apart."""

Run = Callable[..., Any]


def answer(route: Any) -> None:
    """A request of a page: files of the package, else an empty page."""
    path = PAGE / urlsplit(route.request.url).path.lstrip("/")
    if path.is_file():
        kind = mimetypes.guess_type(path.name)[0] or "text/plain"
        route.fulfill(status=200, content_type=kind, body=path.read_bytes())
    elif path.name == "version.json":
        route.fulfill(json={"version": "of nobody"})
    else:
        route.fulfill(status=200, content_type="text/html", body="<!doctype html>")


@pytest.fixture(scope="module")
def run(browser: Any) -> Iterator[Run]:
    """Run the body of an asynchronous function, with `given` and all that the modules export."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.route("**/*", answer)
    page.goto(ORIGIN)

    def run(code: str, *modules: str, given: object = None) -> Any:
        imports = "".join(f"Object.assign(it, await import('/{name}.js'));" for name in modules)
        return page.evaluate(
            f"async (given) => {{ const it = {{}}; {imports} {TEXTS} {code} }}",
            given,
        )

    yield run
    context.close()
