"""All keys of the full screen, with what they do: the screen's bindings, F1 and the documentation
are made from this table. Pure.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from securechat.common.record import Record


class Group(StrEnum):
    """What keys are for: the headings of F1."""

    GO = "go somewhere"
    READ = "read what was said"
    WRITE = "write a message"
    MESSAGE = "a selected message"
    LISTS = "lists and questions"
    SCREEN = "the screen itself"


class Where(StrEnum):
    """What takes a key."""

    SCREEN = "screen"
    """The whole screen, wherever one types."""
    TYPED = "typed"
    """The input."""
    TIMELINE = "timeline"
    """The input passes it on while it is empty."""
    MENU = "menu"
    VIEW = "view"


class Key(Record):
    """key: as Textual has it. action: what the screen does, '' for a key that isn't its own."""

    key: str
    action: str
    group: Group
    text: str
    where: Where = Where.SCREEN


KEYS: Final = (
    Key("ctrl+k", "switch", Group.GO, "go to a channel or a person by some letters of the name"),
    Key("alt+a", "unread", Group.GO, "go to the next channel with news, mentions first"),
    Key("alt+up", "neighbour(-1)", Group.GO, "go to the channel above"),
    Key("alt+down", "neighbour(1)", Group.GO, "go to the channel below"),
    Key("f4", "mentions", Group.GO, "show all that was said to you"),
    Key("ctrl+f", "search", Group.READ, "search in what was said, on the server"),
    Key("ctrl+d", "jump", Group.READ, "go to a day or a time, while nothing is typed", Where.TYPED),
    Key("pageup", "page(-1)", Group.READ, "scroll back; older messages come by themselves"),
    Key("pagedown", "page(1)", Group.READ, "scroll on towards the newest message"),
    Key("ctrl+home", "top", Group.READ, "go to the first unread message, then to the beginning"),
    Key("ctrl+end", "bottom", Group.READ, "go to the newest message"),
    Key("escape", "step_back", Group.READ, "one step back, at last to the newest message"),
    Key("enter", "", Group.WRITE, "send what is typed", Where.TYPED),
    Key("alt+enter", "", Group.WRITE, "begin another line of the same message", Where.TYPED),
    Key("tab", "", Group.WRITE, "complete a name, a channel, a command or an emoji", Where.TYPED),
    Key("ctrl+p", "", Group.WRITE, "bring back what you sent before", Where.TYPED),
    Key("ctrl+n", "", Group.WRITE, "go on to what you sent after that", Where.TYPED),
    Key("ctrl+c", "", Group.WRITE, "drop what is typed", Where.TYPED),
    Key("ctrl+g", "edit", Group.WRITE, "write on in your own editor ($VISUAL or $EDITOR)"),
    Key("up", "", Group.MESSAGE, "select a message, while nothing is typed", Where.TIMELINE),
    Key("down", "", Group.MESSAGE, "select the message below", Where.TIMELINE),
    Key("enter", "", Group.MESSAGE, "show what can be done with it", Where.TIMELINE),
    Key("r", "", Group.MESSAGE, "then: reply to it", Where.MENU),
    Key("e", "", Group.MESSAGE, "then: react to it with an emoji", Where.MENU),
    Key("u", "", Group.MESSAGE, "then: take a reaction of yours back", Where.MENU),
    Key("c", "", Group.MESSAGE, "then: copy its text", Where.MENU),
    Key("l", "", Group.MESSAGE, "then: copy the link in it", Where.MENU),
    Key("g", "", Group.MESSAGE, "then: go to the message that it answers", Where.MENU),
    Key("i", "", Group.MESSAGE, "then: copy its id, for `securechat history`", Where.MENU),
    Key("s", "", Group.MESSAGE, "then: put a refused message back to be changed", Where.MENU),
    Key("d", "", Group.MESSAGE, "then: remove it for everybody, after a question", Where.MENU),
    Key("down", "", Group.LISTS, "move down in a list; Ctrl-N does so, too", Where.VIEW),
    Key("up", "", Group.LISTS, "move up in a list; Ctrl-P does so, too", Where.VIEW),
    Key("enter", "", Group.LISTS, "take what is chosen", Where.VIEW),
    Key("y", "", Group.LISTS, "answer a question with yes", Where.VIEW),
    Key("n", "", Group.LISTS, "answer a question with no", Where.VIEW),
    Key("escape", "", Group.LISTS, "close it, and change nothing", Where.VIEW),
    Key("f1", "help", Group.SCREEN, "show all keys and commands"),
    Key("f2", "panel('rooms')", Group.SCREEN, "show the channels, or hide them"),
    Key("f3", "panel('members')", Group.SCREEN, "show who is here, or hide them"),
    Key("f9", "mouse", Group.SCREEN, "leave the mouse to the terminal, or take it back"),
    Key(
        "ctrl+z", "suspend_process", Group.SCREEN, "back to the shell; `fg` brings the screen back"
    ),
    Key("ctrl+q", "leave", Group.SCREEN, "end the session"),
)

_NAMES: Final = {
    "up": "↑",
    "down": "↓",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "escape": "Esc",
}


def shown(key: str) -> str:
    """A key as people call it: `Ctrl-K`."""
    return "-".join(_NAMES.get(part, part.capitalize()) for part in key.split("+"))


def label(key: Key) -> str:
    """As F1 shows it: the keys of the menu of a message are small letters, and others as told."""
    return key.key if len(key.key) == 1 else shown(key.key)
