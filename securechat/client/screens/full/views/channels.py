"""/list: the channels of the server; Enter goes into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.app import ComposeResult

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.views.dialog import Line, ListDialog, Told
from securechat.client.screens.full.views.picking import fit, fits_text
from securechat.client.screens.full.views.telling import channel_row
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.events.answers import ListedChannel
from securechat.client.session.identity import fold
from securechat.common.language import _


class ChannelList(ListDialog[str | None]):
    """listed: as the server tells them. joined: where we are."""

    def __init__(self, look: Look, listed: Iterable[ListedChannel], joined: JoinedChannels) -> None:
        super().__init__(look)
        self._all = most_first(listed)
        self._joined = joined
        self._shown: list[ListedChannel] = []

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", _("Channels of this server"))]

    def content(self) -> ComposeResult:
        """See Dialog."""
        yield Line(placeholder=_("a name, or words of a topic"), compact=True)
        if not self._all:
            yield self.row([("note", _("There are no channels that you may see."))], "nothing")
        yield self.list_widget()

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (("Enter", _("go in"), "choose"), ("Esc", _("close"), "close"))

    def list_rows(self) -> Iterable[Row]:
        """See ListDialog."""
        typed = self.typed()
        self._shown = [one for one in self._all if _fits(typed, one)]
        return [
            channel_row(one.channel, one.members, one.topic, joined=one.channel in self._joined)
            for one in self._shown
        ]

    def chosen(self, at: int) -> None:
        """See ListDialog."""
        self.dismiss(self._shown[at].channel)


def most_first(listed: Iterable[ListedChannel]) -> list[ListedChannel]:
    """Those with the most members first."""
    return sorted(listed, key=lambda one: (-one.members, fold(one.channel)))


def _fits(typed: str, one: ListedChannel) -> bool:
    return fit(typed, one.channel) is not None or fits_text(typed, one.topic)
