"""The statements of `store/sql/`, in PostgreSQL's words. They are few and fixed, so each is turned
once.
"""

from __future__ import annotations

import re
from functools import cache

_PARTS = re.compile(r"'[^']*'|%|\bIS \?|\?|(?<!:):[a-z_]+|length\(CAST\((\w+) AS BLOB\)\)")
"""What is turned; a text between quotes is matched first, so that nothing in it is."""


@cache
def translate(sql: str) -> str:
    """A statement with SQLite's marks for parameters (`?`, `:name`) as psycopg wants it."""
    return _PARTS.sub(_turned, sql)


def _turned(found: re.Match[str]) -> str:
    text = found[0]
    if text.startswith("'"):
        return text.replace("%", "%%")
    if text == "%":
        return "%%"
    if text == "?":
        return "%s"
    if text == "IS ?":
        return "IS NOT DISTINCT FROM %s"
    if text.startswith(":"):
        return f"%({text[1:]})s"
    return f"octet_length({found[1]})"
