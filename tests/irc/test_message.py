"""The grammar of a message: modern IRC's message format and IRCv3 message tags."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securechat.irc.message import (
    MAX_BODY_BYTES,
    MAX_LINE_BYTES,
    MAX_TAG_BYTES,
    LineTooLongError,
    Message,
    MessageError,
    NotUtf8Error,
    decode,
    escape_tag,
    format_message,
    format_tags,
    parse,
    parse_tags,
    tags_of,
    unescape_tag,
)

# What may stand in a message at all, and what may stand in a word of it.
text = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"))
words = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n "), min_size=1)
middles = words.filter(lambda word: word[0] != ":")
commands = st.from_regex(r"[A-Z]+|[0-9]{3}", fullmatch=True)
keys = st.from_regex(r"\+?([a-z0-9.-]+/)?[a-zA-Z0-9-]+", fullmatch=True)
values = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
params: st.SearchStrategy[list[str]] = st.one_of(
    st.just([]), st.tuples(st.lists(middles), text).map(lambda both: [*both[0], both[1]])
)
messages = st.builds(
    Message,
    command=commands,
    params=params,
    source=st.none() | words,
    tags=st.dictionaries(keys, values),
)


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "command", "params"),
    [
        ("QUIT", "QUIT", []),
        ("QUIT ", "QUIT", []),
        ("privmsg #den hello", "PRIVMSG", ["#den", "hello"]),
        ("PRIVMSG #den :hello, all of you", "PRIVMSG", ["#den", "hello, all of you"]),
        ("TOPIC #den :", "TOPIC", ["#den", ""]),
        ("PRIVMSG #den ::-)", "PRIVMSG", ["#den", ":-)"]),
        (
            "PRIVMSG #den :  two before, two behind  ",
            "PRIVMSG",
            ["#den", "  two before, two behind  "],
        ),
        ("PRIVMSG #den :one :and: :two", "PRIVMSG", ["#den", "one :and: :two"]),
        ("MODE #den +o b:o:b", "MODE", ["#den", "+o", "b:o:b"]),
        ("MODE   #den  +o   bob  ", "MODE", ["#den", "+o", "bob"]),
        ("MODE #den   :+i", "MODE", ["#den", "+i"]),
        (
            "USER a\tb 0 * :tabs are no separators",
            "USER",
            ["a\tb", "0", "*", "tabs are no separators"],
        ),
        ("CAP REQ :", "CAP", ["REQ", ""]),
        ("PING :", "PING", [""]),
        ("PRIVMSG #чат привет", "PRIVMSG", ["#чат", "привет"]),
        ("001 dan :Welcome", "001", ["dan", "Welcome"]),
        ("no_such-Command! x", "NO_SUCH-COMMAND!", ["x"]),
        ("12", "12", []),
    ],
)
def test_parameters(line: str, command: str, params: list[str]) -> None:
    """Spaces part the parameters; a colon opens the last one, which is like the rest."""
    assert parse(line) == Message(command, params)


def test_more_than_fifteen_parameters_are_read() -> None:
    """The old limit of 15 binds a sender; a reader takes any number."""
    many = [str(number) for number in range(100)]
    assert parse("LIST " + " ".join(many)).params == many


@pytest.mark.parametrize(
    ("line", "source", "nick"),
    [
        ("QUIT", None, ""),
        (":irc.example.org QUIT", "irc.example.org", "irc.example.org"),
        (":dan!d@host   QUIT", "dan!d@host", "dan"),
        (":dan!d@h\x035os\x03t QUIT", "dan!d@h\x035os\x03t", "dan"),
        ("@a=1  :dan!d@host  QUIT", "dan!d@host", "dan"),
    ],
)
def test_source(line: str, source: str | None, nick: str) -> None:
    """The source stands behind a colon in front of the command; its nick ends at the '!'."""
    message = parse(line)
    assert (message.command, message.source, message.nick) == ("QUIT", source, nick)


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("@id=123AB;rose QUIT", {"id": "123AB", "rose": ""}),
        ("@url=;netsplit=tur,ty QUIT", {"url": "", "netsplit": "tur,ty"}),
        ("@+example.com/foo=bar QUIT", {"+example.com/foo": "bar"}),
        ("@a=1;b=2;a=3 QUIT", {"a": "3", "b": "2"}),
        ("@Key=1;key=2 QUIT", {"Key": "1", "key": "2"}),
        ("@a=b=c QUIT", {"a": "b=c"}),
        ("@a=день QUIT", {"a": "день"}),
        (r"@a=b\\and\nk;c=72\s45;d=gh\:764 QUIT", {"a": "b\\and\nk", "c": "72 45", "d": "gh;764"}),
        ("@;;a=1; QUIT", {"a": "1"}),
        ("@ QUIT", {}),
    ],
)
def test_tags(line: str, tags: dict[str, str]) -> None:
    """Tags are unescaped, their keys are case-sensitive, the last of several wins."""
    assert parse(line) == Message("QUIT", tags=tags)


@pytest.mark.parametrize("key", ["a_b", "ключ", "+", "a/b/c", "/a", "a+b", "++a", "=", "a\tb"])
def test_an_ill_formed_key_never_rejects_its_message(key: str) -> None:
    """Such a tag is left out and the others stay (message-tags: no validation that rejects)."""
    assert parse(f"@x=1;{key}=2;y=3 QUIT") == Message("QUIT", tags={"x": "1", "y": "3"})


@pytest.mark.parametrize(
    ("escaped", "value"),
    [
        ("", ""),
        (r"\:\s\\\r\n", "; \\\r\n"),
        ("lone\\", "lone"),
        (r"\b\1\я", "b1я"),
        (r"\\s", r"\s"),
        (r"\\\s", "\\ "),
        ("colons: stay", "colons: stay"),
    ],
)
def test_unescaping(escaped: str, value: str) -> None:
    """A backslash that escapes nothing is dropped."""
    assert unescape_tag(escaped) == value


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        " QUIT",
        ":",
        ":source",
        ":source ",
        "@tag",
        "@tag ",
        "@tag :source",
        "@tag :source ",
        "@tag @again QUIT",
        ":a :b QUIT",
        "ПРИВЕТ",
        "١٢٣",
        "QUIT\t",
        "QUIT\n",
        "001\n",
    ],
)
def test_what_is_no_message(line: str) -> None:
    """A message has a command of visible ASCII, where it belongs; one that no server has is still
    one, so that it can be answered as unknown.
    """
    with pytest.raises(MessageError):
        parse(line)


@pytest.mark.parametrize("bad", ["\0", "\r", "\n"])
@pytest.mark.parametrize("line", ["@a={} QUIT", ":a{} QUIT", "QU{}IT", "QUIT a{}", "QUIT :a {}"])
def test_no_line_end_and_no_nul_inside_a_message(line: str, bad: str) -> None:
    """NUL, CR and LF are refused wherever they stand, so nobody smuggles in a second line."""
    with pytest.raises(MessageError, match="NUL, CR and LF"):
        parse(line.format(bad))


@given(st.text(st.sampled_from("@:;=\\+/ aZ09\0\r\nя")) | text)
@example("@\\ ")
@example("@ : :")
def test_any_text_gives_a_message_or_a_message_error(line: str) -> None:
    """Nothing that a peer sends raises anything else."""
    try:
        parse(line)
    except MessageError:
        return


@given(st.binary() | messages.map(lambda m: to_wire(m).encode()).map(lambda wire: wire[::-1]))
@example(b"@")
@example(b"\xff")
def test_any_bytes_give_a_message_or_a_message_error(line: bytes) -> None:
    """Nothing that a peer sends raises anything else."""
    try:
        decode(line)
    except MessageError:
        return


# --- limits -------------------------------------------------------------------------------------


def section_of(size: int) -> str:
    """A tag section of size bytes, with its '@' and its space."""
    return "@" + "a" * (size - 2) + " "


def body_of(size: int) -> str:
    return "PRIVMSG #den :" + "x" * (size - len("PRIVMSG #den :"))


def test_a_line_of_exactly_the_limits_is_read() -> None:
    """4,096 bytes of tags, and 510 of message, each counted by itself."""
    line = (section_of(MAX_TAG_BYTES) + body_of(MAX_BODY_BYTES)).encode()
    assert len(line) == MAX_LINE_BYTES == 4096 + 510
    message = decode(line)
    assert message.command == "PRIVMSG"
    assert list(message.tags) == ["a" * 4094]


@pytest.mark.parametrize(
    "line",
    [
        body_of(511),
        section_of(4097) + "QUIT",
        section_of(10) + body_of(511),
        "@" + "a" * 700,
        # The limit is one of bytes: 320 letters of two bytes.
        "PRIVMSG #den :" + "я" * 320,
    ],
)
def test_one_byte_more_is_too_long(line: str) -> None:
    """The sender hears 417, so the text is the numeric's."""
    with pytest.raises(LineTooLongError, match=r"^Input line was too long$"):
        decode(line.encode())


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"privmsg #den :\xff", "PRIVMSG"),
        (b"@\xff= :me NOTICE bob :\xc3", "NOTICE"),
        (b"\xff", "*"),
        (b"@label=\xff", "*"),
    ],
)
def test_which_command_is_no_utf8_is_told(line: bytes, command: str) -> None:
    """So that the answer can name it."""
    with pytest.raises(NotUtf8Error) as caught:
        decode(line)
    assert caught.value.command == command


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        (b"@label=x;+y=\\s PRIVMSG #den :\xff", {"label": "x", "+y": " "}),
        (b"@label=x " + b"y" * 600, {"label": "x"}),
        (b"@label=x;y=\xff QUIT", {}),
        (b"@label=x\0 QUIT", {}),
        (b"@label=x", {}),
        (b"QUIT", {}),
        (("@label=" + "x" * 4088 + " QUIT").encode(), {"label": "x" * 4088}),
        (("@label=" + "x" * 4089 + " QUIT").encode(), {}),
    ],
)
def test_the_tags_of_what_is_no_message(line: bytes, tags: dict[str, str]) -> None:
    """Where they can be read: its refusal carries its label."""
    assert tags_of(line) == tags


def test_only_utf8_is_read() -> None:
    """Latin-1 is refused with a reason, not guessed at."""
    with pytest.raises(NotUtf8Error, match="Expected UTF-8"):
        decode("PRIVMSG #den :naïve".encode("latin-1"))


def test_an_error_holds_nothing_of_the_line() -> None:
    """A line may be a password that went astray."""
    with pytest.raises(MessageError) as caught:
        decode(b"s3cret\xff")
    assert "s3cret" not in str(caught.value)


# --- writing ------------------------------------------------------------------------------------


def to_wire(message: Message) -> str:
    return format_message(
        message.command, *message.params, source=message.source, tags=message.tags
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("QUIT", Message("QUIT")),
        ("PRIVMSG #den hello", Message("PRIVMSG", ["#den", "hello"])),
        ("PRIVMSG #den :hello all", Message("PRIVMSG", ["#den", "hello all"])),
        ("PRIVMSG #den ::-)", Message("PRIVMSG", ["#den", ":-)"])),
        ("TOPIC #den :", Message("TOPIC", ["#den", ""])),
        (":dan!d@host QUIT bye", Message("QUIT", ["bye"], "dan!d@host")),
        ("@id=1;rose :dan QUIT", Message("QUIT", [], "dan", {"id": "1", "rose": ""})),
        (r"@a=\:\s\\\r\n QUIT", Message("QUIT", tags={"a": "; \\\r\n"})),
    ],
)
def test_what_goes_out(line: str, message: Message) -> None:
    """A colon only where one is needed, a tag without '=' where it has no value."""
    assert to_wire(message) == line


@given(messages)
def test_what_is_written_is_read_back(message: Message) -> None:
    """Formatting and parsing are each other's opposite."""
    assert parse(to_wire(message)) == message


@given(messages, st.integers(2, 4))
def test_more_spaces_change_nothing(message: Message, spaces: int) -> None:
    """SPACE is one space or more, between any two parts."""
    *middle, last = message.params or ["x"]
    parts = [f":{message.source}"] if message.source else []
    parts += [message.command, *middle, ":" + last]
    tags = "@" + format_tags(message.tags) + " " * spaces if message.tags else ""
    found = parse(tags + (" " * spaces).join(parts))
    assert found == Message(message.command, [*middle, last], message.source, message.tags)


@given(values)
def test_a_tag_value_survives_its_escape(value: str) -> None:
    """Whatever the value, its escape holds no character that would end it."""
    escaped = escape_tag(value)
    assert not set(escaped) & set("; \r\n")
    assert unescape_tag(escaped) == value


@given(st.dictionaries(keys, values))
def test_tags_survive_the_wire(tags: dict[str, str]) -> None:
    """The whole section, too."""
    assert parse_tags(format_tags(tags)) == tags


@pytest.mark.parametrize("bad", ["", "two words", ":colon", " "])
def test_only_the_last_parameter_is_free(bad: str) -> None:
    """A middle one that would shift the others is refused, not sent."""
    with pytest.raises(ValueError, match="only the last parameter"):
        format_message("KICK", bad, "reason")


@pytest.mark.parametrize("bad", ["a\nQUIT", "a\r", "\0"])
def test_no_second_line_goes_out(bad: str) -> None:
    """Not by a parameter, not by a source."""
    for params, source in (((bad,), None), ((bad, "x"), None), (("x",), bad)):
        with pytest.raises(ValueError, match="NUL, CR and LF"):
            format_message("PRIVMSG", *params, source=source)
