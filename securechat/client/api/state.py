"""How far a program has come, in a file: so that it goes on there when it is started again.

    {"version": 1, "account": "robot", "server": "chat.example:6697",
     "since": "timestamp=2026-01-31T15:30:00.000Z",
     "places": {"#lobby": ["msgid=…", "2026-01-31T15:31:02.123Z"]}}

It holds no secret. It is 0600 and replaced as a whole. One thread at a time.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from securechat.client.exits import SettingsError, UsageError
from securechat.client.session.events.messages import Said
from securechat.client.session.following import MAX_MARKS
from securechat.client.session.identity import fold
from securechat.client.session.moments import server_time
from securechat.client.session.shown import MAX_ID, TIME, time_of
from securechat.client.settings import read_private, write_private
from securechat.common.files import MAX_BYTES

VERSION = 1


class State:
    """What is kept for an account at a server. Raises UsageError for a file of another one, or that
    can't be read.
    """

    def __init__(self, path: Path, account: str, server: str) -> None:
        self._path = path
        self._owner = {"account": account, "server": server}
        self.since = ""
        """From where on conversations without a place are followed; '' in a new file."""
        self._places: dict[str, tuple[str, str, str]] = {}
        """Conversation, folded -> as written, mark, time."""
        self._newest = ""
        self._changed = False
        self._load()

    @property
    def places(self) -> dict[str, tuple[str, str]]:
        """As of Follower."""
        return {name: (mark, time) for name, mark, time in self._places.values()}

    def begin(self, since: str) -> None:
        """A new file: what is said from now on is to be dealt with."""
        self.since, self._changed = since, True
        self.save()

    def handled(self, said: Said, *, live: bool) -> None:
        """A message was dealt with. live: all that was said before it, anywhere, was as well."""
        name, time = said.conversation or said.target, said.tags.get("time", "")
        if not TIME.fullmatch(time):  # it would be refused when the file is read again
            time = ""
        known = self._places.get(fold(name), ("", "", ""))[2]
        if not _is_mark(said.mark) or len(name) > MAX_ID or time < known:
            return
        self._places.pop(fold(name), None)
        self._places[fold(name)] = name, said.mark, time
        if len(self._places) > MAX_MARKS:
            del self._places[next(iter(self._places))]
        self._changed = True
        self._newest = max(self._newest, time)
        if live:
            self.caught_up()

    def caught_up(self) -> None:
        """Everything up to the newest message that was dealt with was dealt with."""
        moment = time_of(self._newest)
        if moment is None:
            return
        # In another conversation something may have been said in the same millisecond.
        since = f"timestamp={server_time(moment - timedelta(milliseconds=1))}"
        if since > self.since:
            self.since, self._changed = since, True

    def save(self) -> None:
        """Write what has changed. Raises SettingsError."""
        if not self._changed:
            return
        # A hostile server makes names and marks long; what is too much couldn't be read again.
        while len(text := self._text()) > MAX_BYTES and self._places:
            for key in list(self._places)[: len(self._places) // 2 + 1]:
                del self._places[key]
        write_private(self._path, text)
        self._changed = False

    def _text(self) -> str:
        """The file; in ASCII, so it has as many bytes as characters."""
        places = {name: [mark, time] for name, mark, time in self._places.values()}
        content = {"version": VERSION, **self._owner, "since": self.since, "places": places}
        return json.dumps(content, indent=1) + "\n"

    def _load(self) -> None:
        text = read_private(
            self._path,
            0o022,
            f"others may write this file, so it can't be trusted; run: chmod 600 {self._path}",
        )
        if text is None:
            return
        try:
            content = json.loads(text)
            owner = {key: content[key] for key in self._owner}
            since, places = content["since"], _places(content["places"])
            known = content["version"] == VERSION and _is_mark(since)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            known = False
        if not known:
            raise SettingsError(
                f"{self._path}: this isn't what a program has kept; delete it to begin anew"
            )
        if owner != self._owner:
            raise UsageError(
                f"{self._path}: this was kept for {owner['account']} at {owner['server']}; each "
                "account needs a file of its own"
            )
        self.since, self._places = since, places


def _places(content: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Raises ValueError, TypeError, AttributeError."""
    found = {}
    for name, (mark, time) in content.items():
        if not (_is_mark(mark) and (time == "" or TIME.fullmatch(time))):
            raise ValueError
        found[fold(name)] = name, mark, time
    return found


def _is_mark(text: object) -> bool:
    if not isinstance(text, str) or not text.isprintable() or len(text) > MAX_ID + 10:
        return False
    kind, _, value = text.partition("=")
    return kind in ("msgid", "timestamp") and bool(value) and " " not in value
