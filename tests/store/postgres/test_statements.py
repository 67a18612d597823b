"""SQLite's words in PostgreSQL's."""

from __future__ import annotations

import pytest

from securechat.store.postgres.statements import translate


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT ? WHERE a = ?", "SELECT %s WHERE a = %s"),
        ("a = :who OR b = :who", "a = %(who)s OR b = %(who)s"),
        ("tags IS ? AND text = ?", "tags IS NOT DISTINCT FROM %s AND text = %s"),
        ("modes LIKE '%q%'", "modes LIKE '%%q%%'"),
        ("kind = 'a?b:c' AND x = ?", "kind = 'a?b:c' AND x = %s"),
        ("length(CAST(text AS BLOB))", "octet_length(text)"),
        ("substr(a, 1, CAST(? AS INTEGER))", "substr(a, 1, CAST(%s AS INTEGER))"),
    ],
)
def test_it_says_the_same(ours: str, theirs: str) -> None:
    """What stands between quotes is a text, whatever is in it; a percent sign is psycopg's."""
    assert translate(ours) == theirs
