"""What several statements say in the same words."""

from __future__ import annotations

from collections.abc import Sequence

FORMAT_KEY = "format"
"""Under this key meta has the number of migrations, where the engine has no place for that."""

EVERY = 2**62
"""As a limit: all there are."""

ROW_BYTES = 100
"""Of the database, for an entry of the log beside its text and its tags."""

STORED_BYTES = f"{ROW_BYTES} + length(CAST(text AS BLOB)) + coalesce(length(CAST(tags AS BLOB)), 0)"
"""What an entry of the log takes, as SQL; core.journal counts the same."""

MESSAGES = "(kind = 'PRIVMSG' OR kind = 'NOTICE')"
UNTOLD = "(kind = 'CTCP' OR kind = 'CTCPREPLY' OR kind = 'REDACTED')"
EVENTS = (
    "(kind <> 'PRIVMSG' AND kind <> 'NOTICE' "
    "AND kind <> 'CTCP' AND kind <> 'CTCPREPLY' AND kind <> 'REDACTED')"
)
"""The three classes of the log: what people read; what nobody is told later, as programs have said
it to each other, or as it was redacted; and what else has happened. A statement that has these very
words uses the index.
"""

PART_BITS = 18
"""A part of the search's index has so many numbers of the log: 2 to the power of this."""


def put(table: str, *, key: Sequence[str], rest: Sequence[str]) -> str:
    """The statement that puts a row in the place of the one that has the same key, if there is one.
    Its values come in the order of the columns: key, rest.
    """
    columns = [*key, *rest]
    values = ", ".join("?" * len(columns))
    new = ", ".join(f"{name} = excluded.{name}" for name in rest)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) "  # noqa: S608 - ours
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {new}"
    )


KEEP_FACT = put("meta", key=("key",), rest=("value",))
"""Its values: a key and a text, of what the server keeps of itself."""


def own_key(key: str, node: str) -> str:
    """Under which key a node of a name keeps a fact of its own beside that of the others."""
    return f"{key}@{node}" if node else key
