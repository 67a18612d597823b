"""Tab completion: commands, channels and names. Input thread."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from securechat.client.screens.commands import ALIASES, COMMANDS
from securechat.client.screens.composer import CHANNEL_SIGN, Composer
from securechat.common.escape import is_clean


def candidates(composer: Composer, before: str) -> tuple[str, list[str]]:
    """The word being typed at the end of `before`, and what may stand in its place."""
    head, space, word = before.rpartition(" ")
    if not space and word.startswith("/"):
        return word, _matching([f"/{name} " for name in COMMANDS], word)
    kind = _kind(head, word)
    if kind == "commands":
        return word, _matching(list(COMMANDS), word)
    if kind == "channels":
        return word, _matching([f"{channel} " for channel in composer.channels.channels()], word)
    here = composer.channels.nicks(composer.target) or composer.channels.nicks()
    names = composer.channels.nicks() if kind == "names" else here
    ending = " " if space else ": "
    # No name of an honest server begins with a slash: it would be obeyed as a command.
    offers = sorted(name + ending for name in names if name[:1] != "/")
    return word, _matching(offers, word)


def _kind(head: str, word: str) -> str:
    name = head.removeprefix("/")
    found = COMMANDS.get(ALIASES.get(name, name)) if head.startswith("/") else None
    if word.startswith(CHANNEL_SIGN):
        return "channels"
    return found.completes if found else ""


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
