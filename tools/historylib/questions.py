"""What is asked: pages of history at random places, searches for all kinds of words, and what
anybody else says meanwhile.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchlib.orders import Question
from benchlib.seed import FIRST_MS, STEP_MS
from benchlib.servers import nick, room_name

from historylib.log import channels_of
from historylib.words import WORDS, word

PAGE = 100

FULL_FROM = 1_000_000
"""Messages of a log in whose middle every page is full."""

PAGES_END, SEARCH_END = " BATCH -history", " BATCH -search"

Maker = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Log:
    """instance: what message ids begin with. messages: how many there are in it."""

    instance: str
    messages: int


class Asking:
    """One account's questions. log: that they are about. seed: of what is drawn."""

    def __init__(self, log: Log, account: int, seed: int) -> None:
        self._log = log
        self._account = account
        self._rng = random.Random(seed * 1000 + account)

    def pages(self, count: int) -> list[Question]:
        """Of channels of each size, by each subcommand in turn."""
        kinds = ("LATEST", "BEFORE", "AFTER", "AROUND")
        return [self._page(kinds[number % len(kinds)]) for number in range(count)]

    def _page(self, kind: str) -> Question:
        place = "*" if kind == "LATEST" else self._place()
        line = f"CHATHISTORY {kind} {self._channel()} {place} {PAGE}"
        # In a small log little was said in a small channel, and perhaps nothing on one side.
        least = PAGE if self._log.messages >= FULL_FROM else int(kind in ("LATEST", "AROUND"))
        return Question(kind, line, PAGES_END, least=least)

    def searches(self, count: int) -> list[Question]:
        """Of each kind in turn."""
        kinds = list(self._searches().items())
        return [
            Question(kind, f"SEARCH {make()}", SEARCH_END)
            for kind, make in (kinds[number % len(kinds)] for number in range(count))
        ]

    def _searches(self) -> dict[str, Maker]:
        return {
            "a frequent word": lambda: f"text={self._word(0, 20)}",
            "an ordinary word": lambda: f"text={self._word(200, 5000)}",
            "a rare word": lambda: f"text={self._word(WORDS - 20_000, WORDS)}",
            "a word that nobody said": lambda: f"text=zzq{self._word(200, 5000)}",
            "a Cyrillic word": lambda: f"text={self._word(200, 20_000, script=1)}",
            "what three letters begin": lambda: f"text={self._word(200, WORDS)[:3]}",
            "what one letter begins": lambda: f"text={self._word(0, WORDS)[:1]}",
            "two words": lambda: rf"text={self._word(0, 100)}\s{self._word(200, 5000)}",
            "in=, an ordinary word": lambda: f"in={self._channel()};text={self._word(200, 5000)}",
            "in=, a rare word": lambda: f"in={self._channel()};text={self._word(20_000, WORDS)}",
            "from=": lambda: f"from={self._somebody()}",
            "from=, an ordinary word": lambda: (
                f"from={self._somebody()};text={self._word(20, 1000)}"
            ),
            "before=, an ordinary word": lambda: (
                f"before={self._time()};text={self._word(200, 5000)}"
            ),
            "after=, an ordinary word": lambda: (
                f"after={self._time()};text={self._word(200, 5000)}"
            ),
        }

    def _channel(self) -> str:
        return room_name(self._rng.choice(channels_of(self._account)))

    def _somebody(self) -> str:
        return nick(self._rng.randrange(500))

    def _word(self, low: int, high: int, script: int | None = None) -> str:
        rank = self._rng.randrange(low, high)
        return word(rank if script is None else rank // 2 * 2 + script)

    def _seq(self) -> int:
        """Not so near the ends that a page would be short."""
        return int(self._rng.uniform(0.1, 0.9) * self._log.messages)

    def _place(self) -> str:
        if self._rng.random() < 0.5:
            return f"timestamp={self._time()}"
        return f"msgid={self._log.instance}-{self._seq():x}"

    def _time(self) -> str:
        at_ms = FIRST_MS + self._seq() * STEP_MS
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"


def talk(room: int) -> Sequence[Sequence[Question]]:
    """What others do, two at a time: one asks whether the server is there, and says something that
    the other one hears.
    """
    said = f"PRIVMSG {room_name(room)} :is anybody here %d."
    return [
        [
            Question("PING", "PING here-%d.", "here-%d."),
            Question("PRIVMSG", said, "is anybody here %d.", heard_by=1),
        ],
        [],
    ]
