"""What is put into the index of the log, and how it is asked for. One Terms belongs to one thread.

A message stands there as its words, and with terms of its target, of its sender and, in a direct
conversation, of both people. These begin with a character that no text is indexed with. Words are
those of SQLite's unicode61: of any script, without regard to case and most accents. Scripts that
put no spaces between words (Han, Kana, Thai and others) stand there as pairs of neighbours.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from itertools import pairwise

MARK = "\ue000"
"""Private use, which unicode61 takes for part of a word."""

# Of any other script a combining mark is part of its word as well: of Devanagari, for one.
TOKENIZER = "unicode61 remove_diacritics 2 categories 'L* N* M* Co'"

PART_OPTIONS = f"content='', columnsize=0, detail=none, prefix='1 2 3', tokenize=\"{TOKENIZER}\""
"""No text is kept, no place in a text, no length: what is found is read in the log. What a word
begins with is in an index of its own as far as three letters: it may be very common.
"""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
_UNSPACED += "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_RUN = re.compile(f"[{_UNSPACED}]+")

DOCUMENT = f"""
CASE WHEN text GLOB '*[{_UNSPACED}]*' THEN spaced(text)
ELSE replace(replace(replace(text, '{MARK}', ' '), 'ё', 'е'), 'Ё', 'Е') END
|| ' {MARK}t' || target || ' {MARK}s' || sender
|| coalesce(' {MARK}d' || low || ' {MARK}d' || high, '')
"""
"""As SQL, of an entry of the log and of its target. spaced() is of prepare()."""

ENTRIES = (
    "SELECT seq, log.target, sender, text, low, high FROM log "
    "LEFT JOIN targets ON targets.id = log.target "
    "WHERE seq > ? AND seq <= ? AND kind IN ('PRIVMSG', 'NOTICE')"
)
"""Of the log, what put_into() takes: those after a number, up to another."""


def put_into(table: str) -> str:
    """The statement that puts an entry into a table of documents; its values are an entry's."""
    return (
        f"INSERT INTO {table} (rowid, words) SELECT seq, {DOCUMENT} FROM "  # noqa: S608 - ours
        "(SELECT ? AS seq, ? AS target, ? AS sender, ? AS text, ? AS low, ? AS high)"
    )


def prepare(connection: sqlite3.Connection) -> None:
    """Let a connection make documents."""
    connection.create_function("spaced", 1, spaced, deterministic=True)


def spaced(text: str) -> str:
    """A text with spaces between all pairs of neighbours in scripts that have none; the last letter
    of a run stands alone, so that each is some word's beginning.
    """
    text = text.replace(MARK, " ").replace("ё", "е").replace("Ё", "Е")
    return _RUN.sub(_pairs, text)


def _pairs(run: re.Match[str]) -> str:
    letters = run[0]
    return f" {' '.join(map(''.join, pairwise(letters)))} {letters[-1]} "


def target_term(target: int) -> str:
    """Of a channel or a conversation."""
    return f'"{MARK}t{target}"'


def sender_term(account: int) -> str:
    """Of what an account has said."""
    return f'"{MARK}s{account}"'


def directs_term(account: int) -> str:
    """Of all conversations of an account."""
    return f'"{MARK}d{account}"'


def either(terms: Iterable[str]) -> str:
    """One of them."""
    return f"({' OR '.join(terms)})"


class Terms:
    """Cuts what is asked for into words just as the index was cut: by SQLite itself."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )
        self._connection.executescript(
            f'CREATE VIRTUAL TABLE asked USING fts5(words, tokenize="{TOKENIZER}");'
            "CREATE VIRTUAL TABLE cut USING fts5vocab(asked, instance);"
        )

    def close(self) -> None:
        self._connection.close()

    def of(self, text: str) -> list[str]:
        """The terms that all must be found; each is what a word begins with. None when there is no
        word in the text.
        """
        self._connection.execute("DELETE FROM asked")
        # In an unspaced run the last letter alone says nothing more.
        cut = _RUN.sub(
            lambda run: run[0] if len(run[0]) == 1 else _pairs(run)[:-2],
            text.replace(MARK, " ").replace("ё", "е").replace("Ё", "Е"),
        )
        self._connection.execute("INSERT INTO asked VALUES (?)", (cut,))
        found = self._connection.execute("SELECT DISTINCT term FROM cut ORDER BY offset")
        return ['"{}"*'.format(term.replace('"', '""')) for (term,) in found]
