"""LIST: which channels there are. https://modern.ircdocs.horse/#list-message"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from securechat.core.channels import channels
from securechat.core.commands.registry import LOOKED_AT_ONCE, command
from securechat.core.model.answers import Parts
from securechat.core.model.entities import Account, Channel, Session
from securechat.core.turn import Turn
from securechat.irc import masks, names
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

MAX_CONDITIONS = 8
"""Of one LIST, masks included: each is asked of every channel. Names cost nothing."""

# Nine digits at most: int() of more could be made to take long.
_CONDITION = re.compile(r"([CT]?)([<>])([0-9]{1,9})", re.IGNORECASE)

Condition = Callable[[Channel], bool]


@command("LIST", usage="[<#channel, mask or condition>[,…]]")
def list_(turn: Turn, session: Session, message: Message) -> Parts:
    """List the channels, with how many of their members are shown online: all, or those by name,
    mask (*den*), size (>3), age in minutes (C<60) or that of the topic (T<60).
    """
    account = session.who
    wanted = _Wanted(account, turn.now_ms)
    # Two parameters: some clients send the mask and the condition apart.
    for text in ",".join(message.params[:2]).split(","):
        wanted.add(text)
    if wanted.number > MAX_CONDITIONS:
        text = f"At most {MAX_CONDITIONS} masks and conditions"
        yield Numeric.ERR_TOOMANYTARGETS, channels.word(message.params[0]), text
        return
    yield Numeric.RPL_LISTSTART, "Channel", "Users  Name"
    # A copy: channels come and go while this waits between its parts.
    for number, channel in enumerate(list(turn.model.channels.values())):
        # Also when nothing was found: a search costs by what it looks at.
        if (number + 1) % LOOKED_AT_ONCE == 0:
            yield None
        # Visible first: conditions on a secret channel would show how large or old it is.
        if channels.visible(channel, account) and wanted.has(channel):
            yield Numeric.RPL_LIST, channel.name, str(len(channel.shown_to(account))), channel.topic
    yield Numeric.RPL_LISTEND, "End of /LIST"


@dataclass(slots=True)
class _Wanted:
    """What is listed: what has one of the names or fits one of the masks, if there are any, and
    fulfils all conditions. https://modern.ircdocs.horse/#elist-parameter
    """

    account: Account
    now_ms: int
    names: set[str | None] = field(default_factory=set)
    masks: list[Condition] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)

    @property
    def number(self) -> int:
        return len(self.masks) + len(self.conditions)

    def add(self, text: str) -> None:
        """One of those that came, between commas."""
        if found := _CONDITION.fullmatch(text):
            self.conditions.append(self._compared(found[1].upper(), found[2], int(found[3])))
        elif text[:1] == "!":
            fits = _matching(text[1:])
            self.conditions.append(lambda channel: not fits(channel))
        elif text[:1] == "#" and not {"*", "?"} & set(text):
            # None for what can't be a name; no channel has that as its own.
            self.names.add(names.fold_channel(text))
        elif text:
            self.masks.append(_matching(text))

    def _compared(self, what: str, sign: str, limit: int) -> Condition:
        def value(channel: Channel) -> int | None:
            """Minutes, or members; None for what there isn't."""
            if what == "C":
                return (self.now_ms - channel.created_ms) // 60_000
            if what == "T":
                # No topic is neither older nor newer than any age.
                return (self.now_ms - channel.topic_ms) // 60_000 if channel.topic else None
            return len(channel.shown_to(self.account))

        def holds(channel: Channel) -> bool:
            found = value(channel)
            return found is not None and (found < limit if sign == "<" else found > limit)

        return holds

    def has(self, channel: Channel) -> bool:
        named = channel.folded in self.names or any(fits(channel) for fits in self.masks)
        everything = not self.names and not self.masks
        return (named or everything) and all(holds(channel) for holds in self.conditions)


def _matching(mask: str) -> Condition:
    # Matching it could take more time than all other commands of the turn.
    if masks.too_much(mask):
        return lambda _: False
    matches = masks.matcher(mask)
    return lambda channel: matches(masks.fold(channel.name))
