"""A member writes line ends, NUL, ESC and other controls wherever a client can write anything.

Every command of the server's own table is walked, so one that is added later is attacked as well.
Whatever arrives at somebody else is a line that this member had the right to write: in its own
name, with its own tags, and nothing of it beyond the end of the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from securechat.core.commands.registry import COMMANDS
from securechat.core.delivery.line import iso_time
from securechat.irc.framing import LineBuffer
from securechat.irc.message import Message, parse
from tests.support.client import SERVER, Client
from tests.support.rules import RIGHT, RulesUnderTest
from tests.support.server import running

CAPS = (
    *("message-tags", "account-tag", "server-time", "batch", "echo-message", "extended-join"),
    *("away-notify", "account-notify", "userhost-in-names"),
)
SHARED = {"PRIVMSG", "NOTICE", "TAGMSG", "JOIN", "PART", "QUIT", "KICK", "INVITE", "TOPIC", "MODE"}
SHARED |= {"AWAY", "NICK", "ACCOUNT"}
"""What one member may cause another to hear."""

# --- what is thrown ------------------------------------------------------------------------------

BREAKS = ["\r\n", "\n", "\r", "\0", "\n\r", "\r\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
CONTROLS = [*map(chr, [*range(1, 32), 127, *range(128, 160)]), "\u202e", "\ufeff", "\u200b"]
FORGERIES = [
    ":bob!bob@chat.test PRIVMSG #den :forged",
    "@account=bob :bob!bob@chat.test PRIVMSG #den :forged",
    ":chat.test NOTICE * :forged",
    ":chat.test 381 carol :forged",
    "QUIT :forged",
    "ERROR :forged",
    "PING :forged",
    " :forged",
    "",
]
PLAUSIBLE = [
    *("#den", "#lobby", "#new", "alice", "bob", "carol", "bob,carol", "#den,#new", "*", "+o bob"),
    *("+k key", "+l 9", "+b x!*@*", "+imn", "LIST", "CREATE laptop", "REVOKE x", "ENROLL", "a*"),
    *("CONFIRM 123456", "LS 302", "REQ :batch", "END", "PLAIN", "hello", "302", "chat.test", ":"),
]
payloads = st.builds(
    "{}{}{}".format, st.sampled_from(PLAUSIBLE), st.sampled_from(BREAKS), st.sampled_from(FORGERIES)
)
words = (
    st.sampled_from(PLAUSIBLE)
    | payloads
    | st.lists(st.sampled_from([*CONTROLS, *BREAKS, *"a #:@!,;= \\\u00e9"]), max_size=9).map(
        "".join
    )
)
COMMAND = b"COMMAND"
"""Stands for the command that is attacked."""
KEYS = ["+typing", "+draft/reply", "+x/y", "account", "time", "msgid", "batch", "label", "+", "a b"]
values = st.sampled_from(
    [
        *(
            "\\r\\n:bob QUIT",
            "bob",
            "2001-01-01T00:00:00.000Z",
            "m0",
            "\\",
            "\\\\n",
            "x y",
            "\\:\\s",
        ),
        *(
            "",
            "a\0b",
            "a\rb",
            "\x1b[2J",
            "\u202e",
            "=",
            "a=b",
            "\\r\\n",
            "\\0",
            "\\",
            "x\\",
            "@",
            "\n:",
        ),
    ]
)
tags = st.lists(st.builds("{}={}".format, st.sampled_from(KEYS), values), max_size=3).map(";".join)
prefixes = st.sampled_from(["", ":bob!bob@chat.test ", ":chat.test ", ": ", ":\r\n"])


@st.composite
def spoken(draw: st.DrawFn) -> bytes:
    """A line, or what a client wants to be taken for one, with a command in it."""
    head = f"@{draw(tags)} " if draw(st.booleans()) else ""
    params = draw(st.lists(words, max_size=4))
    trailing = draw(st.booleans())
    colon = ":" if params and trailing else ""
    *middles, last = params or [""]
    text = f"{head}{draw(prefixes)}{COMMAND.decode()} {' '.join([*middles, colon + last])}"
    return text.encode(errors="surrogatepass") + b"\r\n"


# --- the oracle ----------------------------------------------------------------------------------


def check(heard: list[str], *, speaker: str, at_ms: int) -> None:
    """Each line is one that speaker may cause. The rules have checked that each is one line."""
    for line in heard:
        message = parse(line)
        assert message.source in (f"{speaker}!{speaker}@{SERVER}", SERVER), line
        if message.source == SERVER:
            # It gives a channel that its owner leaves another, and tells what a founder is who
            # comes back.
            if message.command == "MODE":
                back = ["#den", "+qo", speaker, speaker]
                assert message.params in (["#den", "+q", "bob"], back), line
                continue
            assert message.command.isdigit(), line
            assert message.command in ("332", "333", "353", "366", "331"), line
        else:
            assert message.command in SHARED, line
        check_tags(message, speaker, at_ms)


def check_tags(message: Message, speaker: str, at_ms: int) -> None:
    """Those of the server are true, and all others are marked as a client's."""
    own = {key: value for key, value in message.tags.items() if key[0] != "+"}
    assert own.pop("account", speaker) == speaker, message
    assert own.pop("time", iso_time(at_ms)) == iso_time(at_ms), message
    assert own.pop("msgid", "test-").startswith("test-"), message
    assert own == {}, message


def scene() -> tuple[RulesUnderTest, Client, list[Client]]:
    """Mallory owns a channel, and two others are in it who have asked for all there is."""
    rules = RulesUnderTest("mallory", "bob", "carol", lobby="#lobby", max_login_failures=1000)
    people = [rules.member(name, caps=CAPS) for name in ("mallory", "bob", "carol")]
    for person in people:
        person.says("JOIN #den")
    for person in people:
        person.hears()
    return rules, people[0], people[1:]


@lru_cache(maxsize=1)
def scene_of(command: str) -> tuple[RulesUnderTest, Client, list[Client]]:
    """One for all examples of a command that change nothing."""
    return scene()


def say(person: Client, data: bytes) -> None:
    """As bytes on the connection: what is between two line ends is a line."""
    buffer = LineBuffer()
    half = len(data) // 2
    person.says(*buffer.feed(data[:half]), *buffer.feed(data[half:]))


# --- the walk ------------------------------------------------------------------------------------

thorough = settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # an example is a few lines as it is
)


@pytest.mark.parametrize("command", sorted(COMMANDS))
@thorough
@given(st.lists(spoken(), min_size=1, max_size=5))
def test_no_line_end_gets_through(command: str, many: list[bytes]) -> None:
    """In any parameter, any tag and the prefix of any command, whatever comes before and behind."""
    rules, mallory, others = scene()
    for data in many:
        say(mallory, data.replace(COMMAND, command.encode()))
    for other in others:
        check(other.hears(), speaker="mallory", at_ms=rules.now_ms)
    assert {parse(line).nick for line in mallory.hears()} <= {"mallory", SERVER, ""}


@pytest.mark.parametrize("command", sorted(COMMANDS))
@thorough
@given(st.lists(spoken(), min_size=1, max_size=5))
def test_no_line_end_gets_through_a_login(command: str, many: list[bytes]) -> None:
    """Before the login nothing arrives, whatever is written."""
    rules, _, others = scene_of(command)
    client = rules.connect()
    for data in many:
        say(client, data.replace(COMMAND, command.encode()))
    for other in others:
        assert other.hears() == []
    assert client.session.account is None
    client.hangs_up()


FIELDS = [
    "AWAY :{}",
    "PRIVMSG #den :{}",
    "PRIVMSG bob :{}",
    "NOTICE #den :{}",
    "@+draft/react={} TAGMSG #den",
    "@+{}=x TAGMSG #den",
    "TOPIC #den :{}",
    "KICK #den carol :{}",
    "PART #den :{}",
    "MODE #den +k {}",
    "MODE #den +b {}",
    "MODE #den +l {}",
    "MODE #den {}",
    "MODE #den +o {}",
    "INVITE {} #den",
    "INVITE bob {}",
    "JOIN {}",
    "JOIN #{}",
    "WHOIS {}",
    "REPORT bob :{}",
    "REPORT {} :x",
    "REPORT bob {} :x",
    "QUIT :{}",
    "NICK {}",
    "{} #den :x",
]


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_with_each_control_character(field: str) -> None:
    """C0, C1, DEL, line separators, direction overrides: relayed in their place, or refused."""
    rules, mallory, others = scene()
    for char in [*BREAKS, *CONTROLS]:
        for text in (char, f"x{char}", f"x{char}:bob!bob@chat.test PRIVMSG #den :forged"):
            if mallory.session.account not in rules.model.online:
                mallory = rules.member("mallory", caps=CAPS)
            say(mallory, field.format(text).encode() + b"\r\n")
            say(mallory, b"JOIN #den\r\n")
        for other in others:
            check(other.hears(), speaker="mallory", at_ms=rules.now_ms)
            other.says("JOIN #den")
        for other in others:
            other.hears()
        mallory.hears()


@pytest.mark.parametrize("char", [*BREAKS, *CONTROLS], ids=ascii)
def test_a_real_name_is_one_field(char: str) -> None:
    """It is shown in WHO, WHOIS and extended JOINs."""
    rules, _, others = scene()
    rules.add("eve")
    eve = rules.connect()
    name = f"Eve{char}:bob!bob@chat.test PRIVMSG #den :forged"
    say(eve, f"USER eve{char}x 0 * :{name}\r\n".encode())
    say(eve, b"NICK eve\r\nUSER eve 0 * :Eve\r\n")
    eve.logs_in("eve", password=RIGHT)
    eve.says("JOIN #den")
    for other in others:
        check(other.hears(), speaker="eve", at_ms=rules.now_ms)
        replies = other.says("WHO eve", "WHOIS eve", "WHO #den")
        assert {parse(line).source for line in replies} == {SERVER}


# --- the same over the network -------------------------------------------------------------------


def lines_of(person: Client) -> Iterator[Message]:
    for line in person.hears():
        assert not set("\r\n\0") & set(line), line
        yield parse(line)


def test_the_whole_server_relays_nothing_but_whole_lines(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Every command with every break, as bytes, over TLS, through the framing and the store."""
    with running(tmp_path_factory.mktemp("data"), "mallory", "bob") as server:
        bob, mallory = server.member("bob", caps=CAPS), server.member("mallory", caps=CAPS)
        for person in (bob, mallory):
            person.says("JOIN #den")
        for command in sorted(COMMANDS.keys() - {"QUIT"}):
            for text in (f"{place}{br}{FORGERIES[0]}" for br in BREAKS for place in ("#den x", "")):
                mallory.sends(f"{command} {text}")
        mallory.sends("NOTICE bob :the end")
        for message in map(parse, bob.hears_until("the end")):
            assert message.source in ("mallory!mallory@chat.test", "chat.test"), message
            assert message.nick != "bob"
        list(lines_of(mallory))
        bob.hangs_up()
        assert {message.nick for message in lines_of(server.member("bob", caps=CAPS))} <= {
            "mallory"
        }
