"""The browser that tries the page: Chromium of this machine, driven by Playwright. What is tried in
Firefox drives that by itself (browser/firefox.py).

Both come by other ways than `.[test]`, so without them these tests are skipped; where a browser has
to be there, as in .ci/run, that is a failure.
"""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

NEEDED = "SECURECHAT_NEEDS_BROWSER"
"""Set in the environment where these tests mustn't be skipped."""

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--ignore-certificate-errors",  # of a server's own authority, also by a worker
)


def skip_without(missing: str) -> None:
    """Skip the test, or fail it where that mustn't be."""
    if os.environ.get(NEEDED):
        pytest.fail(f"{NEEDED} is set, and {missing}")
    pytest.skip(missing)


def module_of(package: str) -> Any:
    """A module of the extra `web-test`, or the test is skipped."""
    try:
        return importlib.import_module(package)
    except ImportError:
        skip_without("the extra web-test isn't installed: pip install -e '.[test,web-test]'")


def chromium() -> str:
    """Where Chromium is, or the test is skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        skip_without("Chromium isn't installed (Debian: apt-get install chromium)")
    return str(found)


def shell() -> str:
    """Where Chromium without its windows is, which opens a page for a third of the CPU time; else
    Chromium.
    """
    return shutil.which("chromium-headless-shell") or chromium()


@pytest.fixture(scope="package")
def launch() -> Iterator[Callable[[str], Any]]:
    """Starts a browser from its program. For these directories only: as long as Playwright runs, no
    other test of this process can run a loop of asyncio.
    """
    sync_api = module_of("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        yield lambda program: playwright.chromium.launch(executable_path=program, args=FLAGS)


@pytest.fixture(scope="package")
def browser(launch: Callable[[str], Any]) -> Iterator[Any]:
    """One for all tests of a process; browser/test_first_minute.py has that which people have."""
    started = launch(shell())
    yield started
    started.close()
