"""The rows of each item of a timeline, where it stands there; kept as long as nothing changes them.

Pure: no Textual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from securechat.client.screens.full.rows import Laid, Place, follows, lay, quote, with_name
from securechat.client.screens.full.spans import Row, Setting, rule
from securechat.client.timeline.items import Item, Message
from securechat.client.timeline.timeline import Timeline
from securechat.common.escape import escape_name, escape_text
from securechat.common.language import _, translated

MAX_KEPT = 500
"""Items whose rows are kept: some windows full of them."""

# Items before one that are looked at for the day: some have no time.
_BACK = 100


class Seen(NamedTuple):
    """A row. item: whose it is, None of none. at: which one of its body; below 0: before that."""

    row: Row
    item: Item | None = None
    at: int = 0


@dataclass(slots=True)
class Layout:
    """setting: changed by change() only. clock: the time now, aware. selected: the key of the
    message that is. opened: the keys of those that are shown wholly, however long.
    """

    setting: Setting
    clock: Callable[[], datetime]
    selected: str = ""
    opened: set[str] = field(default_factory=set)
    _top: tuple[Row, Item, int, Row] | None = None
    _kept: dict[str, tuple[tuple[object, ...], list[Seen], Laid]] = field(default_factory=dict)

    def change(self, setting: Setting) -> None:
        """Another width, or another name of ours."""
        if setting != self.setting:
            self.setting, self._top = setting, None
            self._kept.clear()

    def clear(self) -> None:
        """Another timeline."""
        self.selected = ""
        self.opened.clear()
        self._kept.clear()

    def rows(self, timeline: Timeline, index: int) -> list[Seen]:
        """All rows of the item at index, with those at the ends of the timeline."""
        return self._laid(timeline, index)[0]

    def named(self, seen: Seen) -> Row:
        """A row at the top of the window: of a message it tells who has said it."""
        row, item, at = seen
        if not isinstance(item, Message) or at < 0 or (item.reply and at == 0):
            return row
        top = self._top
        # The same as before where it is the same, so that it isn't drawn again.
        if top is None or top[0] is not row or top[1] is not item or top[2] != item.revision:
            self._top = top = (row, item, item.revision, with_name(row, item, self.setting))
        return top[3]

    def shortened(self, timeline: Timeline, index: int) -> bool:
        """Whether the item has more rows than are shown."""
        return self._laid(timeline, index)[1].shortened

    def _laid(self, timeline: Timeline, index: int) -> tuple[list[Seen], Laid]:
        item = timeline[index]
        place = self._place(timeline, index, item)
        above = (timeline.at_start, timeline.refused, timeline.name) if index == 0 else None
        below = index == len(timeline) - 1 and not timeline.at_end
        stamp = (item, item.revision, place, above, below)
        known = self._kept.pop(item.key, None)
        # By "is", as two items that say the same are equal.
        if known is None or known[0][0] is not item or known[0][1:] != stamp[1:]:
            laid = lay(item, place, self.setting, self.clock())
            seen = [Seen(row, item, at - len(laid.lead)) for at, row in enumerate(laid.lead)]
            seen += [Seen(row, item, at) for at, row in enumerate(laid.body)]
            if above:
                seen.insert(0, Seen(beginning(timeline, self.setting)))
            if below:
                seen.append(Seen(rule(_("newer messages below"), "faint", self.setting)))
            known = (stamp, seen, laid)
        self._kept[item.key] = known
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        return known[1:]

    def _place(self, timeline: Timeline, index: int, item: Item) -> Place:
        before = timeline[index - 1] if index else None
        day = self._day(item)
        new_day = day is not None and day != self._day_before(timeline, index)
        unread = item.key == timeline.unread_from
        if not isinstance(item, Message):
            return Place(new_day, unread)
        answered = ""
        if item.reply:
            answered = quote(timeline.message(item.reply), self.setting.room)
        return Place(
            day=new_day,
            unread=unread,
            named=new_day or unread or not follows(item, before),
            answered=answered,
            selected=item.key == self.selected,
            opened=item.key in self.opened,
        )

    def _day(self, item: Item) -> date | None:
        local = self.setting.local(item.time)
        return local.date() if local else None

    def _day_before(self, timeline: Timeline, index: int) -> date | None:
        for at in range(index - 1, max(-1, index - _BACK), -1):
            if (day := self._day(timeline[at])) is not None:
                return day
        return None


def beginning(timeline: Timeline, setting: Setting) -> Row:
    """What stands above the first item that there is."""
    if timeline.at_start:
        text = _("this is the beginning of {conversation}")
        text = text.format(conversation=escape_name(timeline.name))
    elif timeline.refused:
        text = _("older messages didn't come ({reason}); PgUp asks again")
        text = text.format(reason=escape_text(translated(timeline.refused)))
    else:
        text = _("older messages aren't loaded yet")
    return rule(text, "faint", setting)
