"""A hostile server writes to the terminal of whoever talks to it: control sequences, overrides of
the direction, floods of marks, in every place where a text may be, at every point of the talk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from securechat.client.exits import Exit
from securechat.client.person import TerminalPerson
from securechat.client.screens.commands import run
from securechat.client.screens.complete import candidates
from securechat.client.screens.composer import Composer
from securechat.client.session.actions import AskRange, ServerCommand, TextKind
from securechat.client.session.events.answers import Mask
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.deliveries import Doubt, Stored
from securechat.client.session.events.messages import Said
from securechat.client.text import json_lines
from securechat.client.wire import stream
from securechat.common.record import NEEDED, fields
from securechat.irc.message import Message
from tests.client.dialogue import Talk
from tests.security.server.hostile import (
    COMMANDS,
    NOON,
    SEQUENCES,
    STAGES,
    dialled,
    is_inert,
    kinds,
    online,
    shown,
    text_fields,
)
from tests.support.long_form import LONG


def places(command: str, evil: str) -> Iterator[str]:
    """The command with a hostile text in each place of its line, one after the other."""
    word = evil.replace(" ", "\u00a0").lstrip(":") or "x"
    yield f":{word}!{word}@{word} {command} alice #lobby :text"
    yield f":{word} {command} #lobby :text"
    for count in (3, 8):
        for at in range(count):
            params = ["alice", "#lobby", "bob", "irc.test", "bob", "H", "x", "0"][:count]
            params[at] = word
            yield f":irc.test {command} {' '.join(params)}"
            yield f":bob!bob@irc.test {command} {' '.join(params[:-1])} :{params[-1]}"
    yield f":bob!b@h {command} #lobby :{evil}"
    yield f":irc.test {command} alice :{evil}"
    yield f":irc.test {command} * LS :{evil} {evil}={evil}"
    yield f":irc.test {command} TOKEN CREATED {word} {word} :{evil}"
    yield f":irc.test {command} PRIVMSG {word} #lobby :{evil}"
    yield f"@time={word};msgid={word};account={word};batch={word} :bob {command} #lobby :{evil}"
    yield f"@+reply={word};+draft/react={word} :{word}!{word}@h {command} #lobby {word} :{evil}"
    yield f"@time=0001-01-01T00:00:00+14:00;{word}={word} :{word} {command} #{word} :{evil}"


MOST = 4
"""Of hostile parameters before the last."""


def everywhere(command: str, evil: str, counts: Iterable[int]) -> Iterator[str]:
    """The command with a hostile text in all places of its line at once. counts: of parameters
    before the last.
    """
    word = evil.replace(" ", "\u00a0").lstrip(":") or "x"
    tags = f"@time={word};msgid={word};account={word};batch={word};{word}"
    for count in counts:
        yield f"{tags} :{word}!{word}@{word} {command} #{word}{f' {word}' * count} :{evil}"
    yield f":{word} {command} alice #lobby :{evil}"


def received(line: str) -> Message | None:
    """As it comes over the network."""
    return stream._message(line.encode(errors="surrogatepass"))


def tell(talk: Talk, line: str) -> None:
    """The server says a line, whatever it is."""
    message = received(line)
    if message is not None and not talk.session.finished:
        talk._note(talk.session.receive(message, talk.now))


def where(talk: Talk) -> tuple[object, ...]:
    """The point of the talk: a message may have ended it, or moved it on."""
    session = talk.session
    return session.stage, session._handshake.phase, session.finished, talk.hangup, session.nick


def all_inert(events: list[ClientEvent]) -> bool:
    return all(is_inert(line) for line in shown(*events))


@pytest.mark.parametrize("command", COMMANDS)
def test_whatever_the_server_says_is_inert(command: str) -> None:
    """Each command with a text in each of its places, at each point of the talk."""
    evil = "".join(SEQUENCES[::9])[:400]
    for rules in STAGES:
        talk = rules()
        point = where(talk)
        for line in places(command, evil):
            tell(talk, line)
            assert all_inert(talk.shows()), (rules.__name__, line)
            if where(talk) != point:
                talk = rules()


@pytest.mark.parametrize("evil", SEQUENCES, ids=range(len(SEQUENCES)))
def test_each_sequence_in_each_kind_of_line(evil: str) -> None:
    """Once for each control character and each trick, on a connection that lives through them. Each
    with many parameters, and with fewer: how many is another number for the next command and the
    next text; the long form tries all.
    """
    talk = online()
    for number, command in enumerate(COMMANDS):
        fewer = (SEQUENCES.index(evil) + number) % MOST
        for line in everywhere(command, evil, range(MOST + 1) if LONG else (fewer, MOST)):
            tell(talk, line)
        assert all_inert(talk.shows()), command


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_no_kind_of_event_lets_a_text_through(kind: type[ClientEvent]) -> None:
    """Every field of every kind of event, also of one that is added later."""
    for evil in SEQUENCES:
        for name in text_fields(kind):
            event = _event(kind, name, evil)
            assert all(is_inert(line) for line in shown(event, channels=1)), (name, evil)


def _event(kind: type[ClientEvent], name: str, evil: str) -> ClientEvent:
    """An event with a hostile text in one field, and harmless ones in the others."""
    samples: dict[str, object] = {
        "str": "x",
        "str | None": "#x",
        "tuple[str, ...]": ("x",),
        "tuple[str, str]": ("x", "x"),
        "tuple[str, str] | None": ("x", "x"),
        "bool": True,
        "int": 1,
        "float": 1.0,
        "TextKind": TextKind.MESSAGE,
        "Doubt": Doubt.CUT,
        "Exit": Exit.OK,
        "datetime | None": None,
        "datetime": NOON,
        "tuple[Said, ...]": (Said("#x", "x", "x"),),
        "tuple[tuple[str, str], ...]": (),
        "Mapping[str, str]": {},
        "AskRange": AskRange(("x",)),
        "Command": ServerCommand("X", ("x",)),
        "tuple[Mask, ...]": (Mask("x"),),
    }
    given = [item for item in fields(kind) if item.default is NEEDED or item.name == name]
    values = {item.name: samples[str(item.type)] for item in given}
    values[name] = (evil, evil) if isinstance(values[name], tuple) else evil
    made: Callable[..., ClientEvent] = kind
    return made(**values)


@pytest.mark.parametrize("evil", SEQUENCES, ids=range(len(SEQUENCES)))
def test_json_for_programs_is_inert(evil: str) -> None:
    """`tail --json` on a terminal: one line of printable ASCII, whatever stands in a message."""
    line = json_lines.of_message(Said(evil, evil, evil, tags={evil: evil, "msgid": evil}), evil)
    stored = json_lines.of_stored(Stored(evil, evil, evil))
    for text in (line, stored):
        assert text.isascii()
        assert text.isprintable()


@pytest.mark.parametrize("evil", SEQUENCES, ids=range(len(SEQUENCES)))
def test_what_is_told_beside_the_chat_is_inert(
    evil: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal of the login, and what else is printed before and after the chat."""
    for line in (
        f"904 alice :{evil}",
        f"FAIL AUTHENTICATE X :{evil}",
        f"FAIL * TEMPORARILY_UNAVAILABLE :{evil}",
        f"NOTE AUTHENTICATE WAIT 3 :{evil}",
        f"CAP * NAK :{evil}",
        f"ERROR :{evil}",
        f"464 alice :{evil}",
    ):
        talk = dialled()
        tell(talk, f":irc.test {line}")
        for event in talk.shows():
            TerminalPerson().tell(str(getattr(event, "text", "")))
        TerminalPerson().tell(talk.hangup or "")
    assert all(is_inert(line) for line in capsys.readouterr().err.split("\n"))


@pytest.mark.parametrize("evil", SEQUENCES, ids=range(len(SEQUENCES)))
def test_the_prompt_and_the_completion_stay_usable(evil: str) -> None:
    """A channel of any name that we are put into, and members of any name."""
    talk = online()
    word = evil.replace(" ", "\u00a0").lstrip(":") or "x"
    composer = Composer(talk.session.channels, run)
    tell(talk, f":alice!alice@irc.test JOIN #{word}")
    tell(talk, f":irc.test 353 alice = #lobby :alice {word} @{word} /quit{word} zed")
    tell(talk, ":irc.test 366 alice #lobby :End")
    for event in talk.shows():
        composer.notice(event)
    for typed in ("", "z", "/", "#", "/msg ", "/join #", word[:1], "/quit"):
        for offer in candidates(composer, typed)[1]:
            assert is_inert(offer)
            assert not re.match(r"/(quit|exit|msg)\S", offer)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\xfd",
        b":\xc3 PRIVMSG #lobby :\xc3\x28",
        b":bob PRIVMSG #lobby :\xed\xa0\x80\xed\xb0\x80",
        b":bob PRIVMSG #lobby :\xf8\x88\x80\x80\x80",
        b":bob PRIVMSG #lobby :\xc0\xaf\xc1\x9b",
        b":bob PRIVMSG #lobby :\xe2\x80",
        b"@+x=\xff;time=\xfe :bob PRIVMSG #lobby :x",
        b":bob PRIVMSG #lobby :a\0b",
        b":bob PRIVMSG #lobby :a\rb",
    ],
)
def test_bytes_that_are_no_text_are_inert(data: bytes) -> None:
    """Half characters, surrogates, overlong forms: shown as what can't be read, or not at all."""
    talk = online()
    message = stream._message(data)
    if message is not None:
        talk._note(talk.session.receive(message, talk.now))
    assert all_inert(talk.shows())
