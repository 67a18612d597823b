"""A search and what it has found so far, which stays while somebody looks at a hit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from securechat.client.screens.composer import Composed
from securechat.client.screens.full.views.telling import looked_until
from securechat.client.session.actions import Action, AskMore, AskSearch
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.connection import Lost
from securechat.client.session.events.history import SearchPage, SearchPaused
from securechat.client.session.events.messages import Said
from securechat.common.escape import escape_text
from securechat.common.language import _, ngettext, translated

# Hits kept of one search: more than anybody goes through.
MOST: Final = 1000

Parser = Callable[[str], Composed]
"""What `/search` leads to, with this behind it."""


class Finding:
    """One search at a time. parse: that of the command /search."""

    def __init__(self, parse: Parser) -> None:
        self.typed = ""
        """What was typed for the hits that there are."""
        self.words: Sequence[str] = ()
        """The words that were looked for."""
        self.hits: list[Said] = []
        """The next ones of the way first: the newest, or with `after:` the oldest."""
        self.at = 0
        """The hit that was looked at last."""
        self.waiting = False
        self.more = False
        """Whether it can go on."""
        self.told = ""
        """What is to be said of it, '' for nothing."""
        self.revision = 0
        self._parse = parse

    def begin(self, typed: str) -> list[Action]:
        """Look for what is typed. Returns what to submit."""
        composed = self._parse(typed.strip())
        problem = next((one for one in composed if isinstance(one, Problem)), None)
        asked = [one for one in composed if isinstance(one, AskSearch)]
        if not asked:
            self._tell(translated(problem.text) if problem else "")
            return []
        self.typed, self.words, self.hits = asked[0].typed, (), []
        self.at, self.more = 0, False
        self._wait()
        return [*asked]

    def on(self) -> list[Action]:
        """Look for more of it. Returns what to submit."""
        if self.waiting or not self.more:
            return []
        self._wait()
        return [AskMore()]

    def take(self, event: ClientEvent) -> None:
        """What the session tells; what isn't about a search is passed over."""
        match event:
            case SearchPage():
                self._found(event)
            case SearchPaused() if self.typed:  # behind its page
                self.more = True
                self._tell(looked_until(event.until))
            case Problem() if self.waiting:
                self._tell(escape_text(translated(event.text)))
            case Lost() if self.waiting:
                self._tell(_("the connection is lost; search again when it is back"))

    def _found(self, page: SearchPage) -> None:
        # The page of another search than the last one, which was asked for too soon, is shown for
        # what it is: nobody else asks.
        if page.typed != self.typed or not page.on:
            self.typed, self.hits = page.typed, []
        self.words = [
            word
            for asked in self._parse(page.typed)
            if isinstance(asked, AskSearch)
            for word in asked.text.split()
        ]
        known = {one.msgid for one in self.hits if one.msgid}
        new = [one for one in page.said if not one.msgid or one.msgid not in known]
        self.hits = (self.hits + (new if page.newer else new[::-1]))[:MOST]
        self.more = bool(page.said) and len(self.hits) < MOST
        self._tell(self._count() if new or not page.on else _("that is all"))

    def _count(self) -> str:
        count = len(self.hits)
        if not count:
            return _("nothing found")
        text = ngettext("{count} message found", "{count} messages found", count)
        return text.format(count=count)

    def _wait(self) -> None:
        self.waiting, self.told = True, _("searching…")
        self.revision += 1

    def _tell(self, text: str) -> None:
        self.waiting, self.told = False, text
        self.revision += 1
