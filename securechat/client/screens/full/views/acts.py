"""What can be done with a message, and with which key. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from securechat.client.screens.full.links import links
from securechat.client.session.identity import same
from securechat.client.timeline.items import Delivery, Message
from securechat.common.escape import escape_text
from securechat.common.language import _
from securechat.common.record import Record

USUAL: Final = ("👍", "❤️", "😄", "🎉", "😮", "😢", "✅", "👀")
"""Offered by one key each: the digits from 1."""

# Characters of a message of several lines that are looked at for addresses.
_LOOKED_AT: Final = 8192

# Addresses shown of one message.
_MOST_LINKS: Final = 3


class Act(StrEnum):
    """What is done with a message."""

    REPLY = "reply"
    REACT = "react"
    UNREACT = "unreact"
    REDACT = "redact"
    COPY = "copy"
    COPY_LINK = "copy link"
    COPY_ID = "copy id"
    FOLLOW = "follow"
    RETRY = "retry"


class MessageAct(Record):
    """What somebody has chosen. text: the reaction, the reason, or what is to be copied."""

    act: Act
    text: str = ""


class Rights(Record):
    """What may be done here. nick: our own. operates: we may remove others' messages. online: the
    server is there. reacts, redacts: it knows such.
    """

    nick: str
    operates: bool = False
    online: bool = True
    reacts: bool = True
    redacts: bool = True


class Offer(Record):
    """Something that can be done, with its key and what it is called. text: as of MessageAct."""

    key: str
    act: Act
    label: str
    text: str = ""


def offers(message: Message, rights: Rights) -> list[Offer]:
    """All that can be done with a message, what is done most first."""
    stored = message.delivery is Delivery.STORED and message.mark.startswith("msgid=")
    living = not message.removed_by
    found: list[Offer] = []
    if stored and living and rights.online:
        found.append(Offer("r", Act.REPLY, _("reply")))
        found += _reactions(message, rights)
    if living and message.delivery in (Delivery.REFUSED, Delivery.DOUBTFUL):
        found.append(Offer("s", Act.RETRY, _("put it back into the prompt")))
    if living:
        found.append(Offer("c", Act.COPY, _("copy the text"), message.text))
        found += _links(message.text)
    if message.reply:
        found.append(Offer("g", Act.FOLLOW, _("go to what it answers"), message.reply))
    if stored:
        found.append(Offer("i", Act.COPY_ID, _("copy its id"), message.mark))
    may_remove = rights.redacts and (message.mine or rights.operates)
    if stored and living and rights.online and may_remove:
        found.append(Offer("d", Act.REDACT, _("remove it for everybody…")))
    return found


def own_reactions(message: Message, nick: str) -> list[str]:
    """What we have reacted with."""
    return [
        reaction
        for reaction, people in message.reactions.items()
        if any(same(one, nick) for one in people)
    ]


def _reactions(message: Message, rights: Rights) -> list[Offer]:
    if not rights.reacts:
        return []
    found = [Offer("e", Act.REACT, _("react…"))]
    if own_reactions(message, rights.nick):
        found.append(Offer("u", Act.UNREACT, _("take a reaction back…")))
    return found


def _links(text: str) -> list[Offer]:
    """The addresses in a text, as they are seen."""
    found = dict.fromkeys(link.target for link in links(escape_text(text, _LOOKED_AT)))
    return [
        Offer("l" if not at else "", Act.COPY_LINK, _("copy {link}").format(link=link), link)
        for at, link in enumerate(list(found)[:_MOST_LINKS])
    ]
