"""All timelines of an account, by their names. Pure; of the thread of the front."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from securechat.client.session.identity import fold
from securechat.client.timeline.timeline import LIMIT, Timeline

# Timelines kept; a hostile server names conversations without end.
MAX_CONVERSATIONS = 2000

# Characters kept of all together, about; a hostile server says much everywhere.
MAX_SIZE = 100_000_000


class Timelines:
    """limit: items kept of each conversation."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._known: dict[str, Timeline] = {}
        self.here = ""
        """The conversation that is shown, '' for none."""

    def __iter__(self) -> Iterator[Timeline]:
        return iter(list(self._known.values()))

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: str) -> Timeline | None:
        """The timeline of a conversation, if there is one."""
        return self._known.get(fold(name))

    def make(self, name: str) -> Timeline:
        """The timeline of a conversation, made if there is none."""
        key = fold(name)
        if key not in self._known:
            if len(self._known) >= MAX_CONVERSATIONS:
                self._forget_one()
            self._known[key] = Timeline(name, self._limit)
        return self._known[key]

    def remove(self, name: str) -> None:
        """Forget a conversation."""
        self._known.pop(fold(name), None)

    def rename(self, old: str, new: str) -> Timeline | None:
        """A conversation has another name now; its timeline, if there is one."""
        known = self._known.pop(fold(old), None)
        if known is not None:
            known.name = new
            self._known[fold(new)] = known
        return known

    def lighten(self) -> None:
        """When all are too large, forget what was said where nobody looks, up to half of it."""
        size = sum(one.size for one in self)
        if size <= MAX_SIZE:
            return
        for key in sorted(self._others(), key=self._newest):
            size -= self._known[key].size
            self._known[key].clear()
            if size <= MAX_SIZE // 2:
                return
        # What is left is where somebody looks.
        if size > MAX_SIZE and (here := self.get(self.here)):
            here.halve()

    def _forget_one(self) -> None:
        """The one that was silent for longest, and that nobody looks at."""
        self._known.pop(min(self._others(), key=self._newest))

    def _others(self) -> list[str]:
        return [key for key in self._known if key != fold(self.here)]

    def _newest(self, key: str) -> datetime:
        return self._known[key].newest or datetime.min.replace(tzinfo=UTC)
