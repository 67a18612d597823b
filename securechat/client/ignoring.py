"""Whom the person ignores: what these people say is shown in no front.

It is kept on this device, and not by the server: what a server keeps of an account, as metadata,
is for everybody to see. What they do to others is shown all the same: that somebody was removed, or
that a message is gone. Pure; of the thread of the front, but hides() is for any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Final

from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import Invited
from securechat.client.session.events.history import HistoryPage, SearchPage
from securechat.client.session.events.messages import IsTyping, Reacted, Said
from securechat.client.session.identity import fold
from securechat.common.record import replace

MOST: Final = 1000


class Ignored:
    """names: those that there are. changing: gives the list that is kept of them, and keeps what
    the block makes of it; may raise SettingsError. place: what to tell of where that is, '' when it
    lasts no longer than the program.
    """

    def __init__(
        self,
        names: Iterable[str] = (),
        changing: Callable[[], AbstractContextManager[list[str]]] | None = None,
        place: str = "",
    ) -> None:
        self.place = place
        self._changing = changing
        self._names = _by_fold(names)

    @property
    def names(self) -> tuple[str, ...]:
        """As they were typed."""
        return tuple(self._names.values())

    def add(self, name: str) -> bool:
        """Ignore somebody; False when they are ignored already. Raises SettingsError."""
        return self._change(lambda names: {**names, fold(name): names.get(fold(name), name)})

    def remove(self, name: str) -> bool:
        """Ignore somebody no more; False when they weren't. Raises SettingsError."""
        key = fold(name)
        return self._change(
            lambda names: {one: as_typed for one, as_typed in names.items() if one != key}
        )

    def is_ignored(self, name: str) -> bool:
        """Whether somebody is. Any thread."""
        return fold(name) in self._names

    def hides(self, event: ClientEvent) -> bool:
        """Whether an event is something that an ignored person has said. Any thread."""
        if not self._names:
            return False
        match event:
            case Said(mine=False):
                return self.is_ignored(event.nick) or self.is_ignored(event.tags.get("account", ""))
            case Reacted(nick=nick, mine=False) | IsTyping(nick=nick) | Invited(by=nick):
                return self.is_ignored(nick)
        return False

    def shown(self, events: Iterable[ClientEvent]) -> list[ClientEvent]:
        """What is left of events to be shown; pages lose what is hidden."""
        if not self._names:
            return list(events)
        return [self._page(event) for event in events if not self.hides(event)]

    def _page(self, event: ClientEvent) -> ClientEvent:
        if not isinstance(event, HistoryPage | SearchPage):
            return event
        said = tuple(one for one in event.said if not self.hides(one))
        if isinstance(event, HistoryPage):
            return replace(event, said=said, hidden=len(event.said) - len(said))
        return replace(event, said=said)

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> bool:
        if self._changing is None:
            after = change(self._names)
        else:
            # As it is kept: another window of the same person may have added somebody.
            with self._changing() as names:
                after = change(_by_fold(names))
                names[:] = after.values()
        changed = after.keys() != self._names.keys()
        self._names = after
        return changed


def _by_fold(names: Iterable[str]) -> dict[str, str]:
    return {fold(name): name for name in list(names)[:MOST]}
