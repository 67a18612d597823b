"""How much a browser has to load: nothing is minified, so there has to be little of it."""

from __future__ import annotations

from securechat.web.site import site

MOST_BYTES = 224 * 1024
MOST_SENT = 88 * 1024


def test_the_page_stays_small() -> None:
    """As it is, and as it is sent: by gzip."""
    page = site()
    sent = sum(len(file.packed) for path, file in page.files.items() if path.startswith("v/"))
    assert page.size <= MOST_BYTES
    assert sent <= MOST_SENT
