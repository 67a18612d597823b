"""What is served below a secret path. tests/security/stranger/test_local_page.py attacks it."""

from __future__ import annotations

import pytest

from securechat.web.http import HttpConnection, Rules
from securechat.web.site import static_file

PAGE = static_file(b"page", b"text/plain", b"no-store")
RULES = Rules(find={"": PAGE}.get, origins=lambda host: [f"http://{host}"], below="secret/")


def answer(path: str) -> bytes:
    asked = f"GET {path} HTTP/1.1\r\nHost: chat.test\r\n\r\n"
    return HttpConnection(RULES).receive(asked.encode())


@pytest.mark.parametrize("path", ["/", "/secret", "/secreT/", "/secre/", "/x/secret/", "/socket"])
def test_nothing_is_found_beside_what_all_paths_begin_with(path: str) -> None:
    assert answer(path).startswith(b"HTTP/1.1 404")
    assert answer("/secret/").endswith(b"page")
