"""Links within what people write."""

from __future__ import annotations

import pytest

from securechat.client.screens.full.links import links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing", []),
        ("see https://a.b/c?d=1#e.", ["https://a.b/c?d=1#e"]),
        ("(http://a.b/c_(d)) and HTTPS://A.B!", ["http://a.b/c_(d)", "HTTPS://A.B"]),
        ("<https://a.b>, “https://a.b/”", ["https://a.b"]),
        ("ftp://a.b file:///etc/passwd javascript://a data:text/html,x", []),
        ("xhttps://a.b", []),
        ("https:// http://.", []),
        ("https://a.b/<U+202E>c", ["https://a.b/"]),
        ("https://bаnk.example/", []),
        ("https://a.b/" + "x" * 3000, []),
        ("https://bank.example@evil.test/ https://a.b:c@evil.test", []),
        ("https://a.b/@c?d=e@f", ["https://a.b/@c?d=e@f"]),
        ("https:///a.b https://?a https://#a", []),
    ],
)
def test_only_what_leads_where_it_says(text: str, expected: list[str]) -> None:
    """http and https, as it stands there, in ASCII: a letter that looks like one of it leads
    elsewhere.
    """
    found = links(text)
    assert [link.target for link in found] == expected
    assert [text[link.start : link.end] for link in found] == expected
