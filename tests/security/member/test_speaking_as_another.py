"""A member wants to be heard as somebody else: by a prefix, by a nick, by tags that only the server
may write, by batches and echoes of its own making.

Promise 3 has the single claims; here every command is walked with every claim, live and replayed.
"""

from __future__ import annotations

import pytest

from securechat.core.commands.registry import COMMANDS
from securechat.core.delivery.line import iso_time
from securechat.irc.message import parse
from tests.support.client import SERVER, Client, of
from tests.support.rules import RulesUnderTest

CAPS = ("message-tags", "account-tag", "server-time", "batch", "echo-message", "extended-join")
SERVER_TAGS = ("account", "time", "msgid", "batch", "label", "bot", "oper", "draft/reply", "a/b")
PREFIXES = [":bob", ":BOB!bob@chat.test", ":chat.test", ":mallory!bob@chat.test"]
ARGUMENTS = ["", "#den", "#den :x", "alice", "#den alice :x", "alice #den"]


def in_channel() -> tuple[RulesUnderTest, Client, Client, Client]:
    """bob owns the channel, alice and mallory are in it."""
    rules = RulesUnderTest("bob", "alice", "mallory")
    bob, alice, mallory = (rules.member(name, caps=CAPS) for name in ("bob", "alice", "mallory"))
    for person in (bob, alice, mallory):
        person.says("JOIN #den")
    for person in (bob, alice, mallory):
        person.hears()
    return rules, bob, alice, mallory


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"QUIT"}))
def test_a_prefix_changes_nothing(command: str) -> None:
    """With a prefix and without one a line does and says the same, whosever it is."""
    for arguments in ARGUMENTS:
        told = []
        for prefix in ("", *(f"{prefix} " for prefix in PREFIXES)):
            rules, bob, alice, mallory = in_channel()
            own = mallory.says(f"{prefix}{command} {arguments}")
            told.append((own, alice.hears(), bob.hears(), rules.channel("#den").modes))
        first = told[0]
        # A secret that the server makes is another each time.
        if command not in ("TOKEN", "TOTP"):
            assert all(one == first for one in told)
        for _, alices, bobs, _ in told:
            assert {parse(line).nick for line in [*alices, *bobs]} <= {"mallory", SERVER}


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE", "TAGMSG"])
@pytest.mark.parametrize("target", ["#den", "alice", "mallory"])
def test_tags_of_the_server_are_the_server_s(command: str, target: str) -> None:
    """What a client writes into them is dropped, live, in the echo, and in the replay."""
    rules, _, alice, mallory = in_channel()
    quiet = rules.member("alice", caps=CAPS)
    forged = ";".join(f"{tag}=bob" for tag in SERVER_TAGS)
    own: list[str] = []
    for tags in (forged, f"+x=1;{forged}", f"{forged};+x=1", "account=bob;+x=1;account=bob"):
        own += mallory.says(f"@{tags} {command} {target} :hello")
    heard = of([*own, *alice.hears(), *quiet.hears()], command)
    assert heard
    for message in heard:
        assert message.nick == "mallory"
        assert message.tags.keys() <= {"account", "time", "msgid", "+x"}
        assert message.tags["account"] == "mallory"
        assert message.tags["time"] == iso_time(rules.now_ms)
        assert message.tags.get("msgid", "test-").startswith("test-")


def test_nothing_forged_is_replayed() -> None:
    """What the log keeps of a message is its client's own tags and no others."""
    rules, _, alice, mallory = in_channel()
    for person in (alice, mallory):
        person.pongs()
    alice.hangs_up()
    forged = ";".join(f"{tag}=bob" for tag in SERVER_TAGS)
    mallory.says(f"@{forged};+x=1 PRIVMSG #den :hello", f"@{forged} NOTICE alice :hello")
    back = rules.connect()
    replayed = of(back.logs_in("alice", caps=CAPS), "PRIVMSG", "NOTICE")
    assert [message.params[-1] for message in replayed] == ["hello", "hello"]
    for message in replayed:
        own = {key: value for key, value in message.tags.items() if key != "batch"}
        assert message.nick == own.pop("account") == "mallory"
        assert own.pop("msgid").startswith("test-")
        assert own.pop("time") == iso_time(rules.now_ms)
        assert own in ({}, {"+x": "1"})


@pytest.mark.parametrize(
    "line",
    [
        "BATCH +m0 chathistory #den",
        "@batch=m0 :bob!bob@chat.test PRIVMSG #den :old words",
        ":chat.test 001 alice :Welcome",
        ":chat.test 332 alice #den :topic",
        ":chat.test NOTE TOKEN CREATED laptop sct1_x :text",
        "001 alice :Welcome",
        "FAIL * X :text",
        "ERROR :Closing link",
        "ACCOUNT bob",
        "CHGHOST bob host",
        "SETNAME :Bob",
        "WALLOPS :hello",
        "OPER bob password",
        "KILL alice :bye",
        "SQUERY bob :x",
        "SERVER evil.test 1 :x",
    ],
)
def test_what_servers_say_is_not_taken_from_a_member(line: str) -> None:
    """Numerics, batches, standard replies: nobody else hears of it."""
    _, bob, alice, mallory = in_channel()
    mallory.says(line)
    told = [parse(one) for one in [*alice.hears(), *bob.hears()]]
    assert {(m.nick, m.command) for m in told} <= {("mallory", "PRIVMSG")}
    assert all("batch" not in m.tags for m in told)


@pytest.mark.parametrize(
    "wanted", ["bob", "BOB", "zelda", "chat.test", "server", "*", "", ":", "a b"]
)
def test_a_nick_is_for_life(wanted: str) -> None:
    """NICK changes nothing for anybody, not even for a message in the same breath."""
    rules, bob, alice, mallory = in_channel()
    with rules.turn():
        mallory.says(f"NICK :{wanted}", "PRIVMSG #den :who am I?", "PRIVMSG alice :and here?")
    for person in (bob, alice):
        assert {message.nick for message in map(parse, person.hears())} == {"mallory"}
    assert of(mallory.hears(), "NICK") == []


@pytest.mark.parametrize("where", ["alice", "#den"])
def test_nobody_is_echoed_another_s_words_as_his_own(where: str) -> None:
    """An echo goes to the sender's own sessions, and to those it is a message from a member."""
    rules, _, alice, mallory = in_channel()
    second = rules.member("mallory", caps=CAPS)
    own = mallory.says(f"@label=1 PRIVMSG {where} :hello")
    for heard in (own, alice.hears(), second.hears()):
        assert [m.nick for m in of(heard, "PRIVMSG")] == ["mallory"]


@pytest.mark.parametrize("role", ["user", "real name"])
def test_the_address_of_a_member_says_who_it_is(role: str) -> None:
    """USER's name doesn't get into nick!user@host; a real name doesn't end a WHO row early."""
    rules, _, alice, _ = in_channel()
    rules.add("eve")
    eve = rules.connect()
    name = "bob" if role == "user" else "x"
    eve.says(f"USER {name} 0 * :0 bob :bob!bob@chat.test", "NICK eve")
    eve.logs_in("eve")
    eve.says("JOIN #den", "PRIVMSG #den :hi")
    sources = {message.source for message in of(alice.hears(), "JOIN", "PRIVMSG")}
    assert sources == {"eve!eve@chat.test"}
    [row] = of(alice.says("WHO eve"), "352")
    assert row.params[:7] == ["alice", "*", "eve", SERVER, SERVER, "eve", "H"]
