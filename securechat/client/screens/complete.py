"""Tab completion: commands, and what each of their words is. Input thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from securechat.client.screens import emoji
from securechat.client.screens.commands import COMMANDS, find
from securechat.client.screens.composer import CHANNEL_SIGN, Composer
from securechat.common import language
from securechat.common.escape import is_clean

LEAST_OF_EMOJI: Final = 3
"""Characters of `:ta` from which on a text may mean an emoji, and not a colon."""

MODES: Final = ("+i", "-i", "+m", "-m", "+s", "-s", "+t", "-t", "+n", "-n", "+l", "-l", "+k", "-k")


def candidates(composer: Composer, before: str) -> tuple[str, list[str]]:
    """The word being typed at the end of `before`, and what may stand in its place."""
    head, space, word = before.rpartition(" ")
    if not space and word.startswith("/"):
        return word, _matching([f"/{name} " for name in sorted(COMMANDS)], word)
    kind = _kind(head, word)
    if kind == "text" and word.startswith(":") and len(word) >= LEAST_OF_EMOJI:
        return word, [f"{one} " for one in emoji.beginning(word)]
    if word.startswith(CHANNEL_SIGN) and kind in ("text", "name", "speaker", "member"):
        kind = "channel"
    offers = _KINDS[kind](composer)
    ending = " " if space else ": "
    # No name of an honest server begins with a slash: it would be obeyed as a command.
    return word, _matching([offer + ending for offer in offers if offer[:1] != "/"], word)


def _kind(head: str, word: str) -> str:
    """What kind of word comes behind head."""
    name, *words = head.split()[:64] or [""]
    found = find(name.removeprefix("/")) if name.startswith("/") and name[1:2] != "/" else None
    if found is None:
        return "text"
    kinds = list(found.takes) or ["text"]
    for typed in [*words, word]:
        if _is_left_out(kinds[0], typed):
            kinds = kinds[1:]
        kind = kinds[0]
        kinds = kinds[1:] or kinds
    return kind.removesuffix("?")


def _is_left_out(kind: str, typed: str) -> bool:
    """Whether something else stands in the place of what may be left out."""
    if kind == "channel?":
        return not typed.startswith(CHANNEL_SIGN)
    return kind == "speaker?" and typed.startswith(":")


def _texts(composer: Composer) -> list[str]:
    return _members(composer) or _names(composer)


def _members(composer: Composer) -> list[str]:
    return sorted(composer.channels.nicks(composer.target))


def _names(composer: Composer) -> list[str]:
    return sorted(composer.channels.nicks())


def _rooms(composer: Composer) -> list[str]:
    return list(dict.fromkeys((*composer.channels.channels(), *composer.noticed.rooms)))


def _channels(composer: Composer) -> list[str]:
    return composer.channels.channels()


def _bans(composer: Composer) -> list[str]:
    """Those that are known of, an account's by its name."""
    masks = composer.noticed.bans(composer.target)
    head = composer.channels.bans.head
    return [mask.removeprefix(head) for mask in masks]


_KINDS: Final[dict[str, Callable[[Composer], Iterable[str]]]] = {
    "text": _texts,
    "speaker": _texts,
    "member": _texts,
    "name": _names,
    "channel": _channels,
    "room": _rooms,
    "ban": _bans,
    "emoji": lambda _composer: [f":{name}:" for name in emoji.NAMES],
    "ignored": lambda composer: composer.ignored.names,
    "command": lambda _composer: sorted(COMMANDS),
    "language": lambda _composer: language.known(),
    "modes": lambda _composer: MODES,
    "off": lambda _composer: ("off",),
    "nothing": lambda _composer: (),
}
"""What each kind of word may be."""


def _matching(offers: list[str], word: str) -> list[str]:
    begin = word.casefold()
    # What would have to be escaped is left out: it would not mean what it looks like.
    return [offer for offer in offers if offer.casefold().startswith(begin) and is_clean(offer)]


class ComposerCompleter(Completer):
    """candidates(), as prompt_toolkit wants it."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        """Called on the input thread when Tab is pressed."""
        word, offers = candidates(self._composer, document.text_before_cursor)
        for offer in offers:
            yield Completion(offer, start_position=-len(word), display=offer.strip())
