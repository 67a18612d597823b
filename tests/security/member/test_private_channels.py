"""A member wants to learn of a secret channel: that it is there, who is in it, what its topic, key
and bans are, and what is said in it. Each command of the server is tried, from its table.

Two servers differ in the channel's name alone. Whatever is answered must be the same in both, and
hold nothing of what is said there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest

from securechat.core.commands.registry import COMMANDS
from securechat.irc.capabilities import CAPABILITIES
from tests.support.client import Client, codes
from tests.support.rules import RulesUnderTest

SECRET, OTHER = "#secret", "#elsewhere"
HIDDEN = ("hush", "sesame", "psst", "eve!*@*", "trudy", OTHER)
"""What must be in no answer: the topic, the key, the talk, a ban, who alone is in it."""

_PLACES = ["#secret", "#SECRET", "#s*", "alice,#secret", "#pub,#secret"]

PROBES: dict[str, Sequence[str]] = {
    "TOPIC": ["#secret", "#secret :x", "#secret :"],
    "NAMES": [*_PLACES, "", "*", "#secret,#pub"],
    "LIST": [*_PLACES, "", "*", "*secret*", ">0", "<9", "C<9", "T<9", "!#pub"],
    "WHO": [*_PLACES, "*", "a*", "trud*", "#secret %tcnuf,1", "#secret o", "alice %cn"],
    "WHOIS": ["alice", "bob", "alice,bob", "#secret", "chat.test alice"],
    "WHOWAS": ["alice", "#secret", "trud"],
    "MODE": ["#secret", "#secret b", "#secret +beI", "#secret +o mallory", "#secret -s", "alice"],
    "PART": ["#secret", "#secret,#pub :x"],
    "KICK": ["#secret alice", "#secret,#pub alice,bob :x", "#secret mallory"],
    "INVITE": ["alice #secret", "mallory #secret", "nobody #secret", ""],
    "PRIVMSG": ["#secret :x", "@#secret :x", "~#secret,+#secret :x", "#pub,#secret :x"],
    "NOTICE": ["#secret :x", "@#secret :x"],
    "TAGMSG": ["#secret", "@#secret"],
    "RENAME": ["#secret #x", "#secret #secret"],
    "DROP": ["#secret", "#secret :x"],
    "CHATHISTORY": [
        *("LATEST #secret * 9", "BEFORE #secret msgid={msgid} 9", "AROUND #pub msgid={msgid} 9"),
        *("AFTER alice msgid={msgid} 9", "BETWEEN #secret msgid={msgid} msgid={msgid} 9"),
        "TARGETS timestamp=2000-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 99",
    ],
    "MARKREAD": ["#secret", "#secret timestamp=2020-01-01T00:00:00.000Z"],
    "REDACT": ["#secret {msgid}", "#pub {msgid}", "alice {msgid} :x", "mallory {msgid}"],
    "MONITOR": ["+ alice,bob,#secret", "S", "L"],
    "ISON": ["alice bob #secret"],
    "USERHOST": ["alice bob #secret"],
    "LUSERS": ["", "#secret"],
    "HELP": ["#secret", "JOIN"],
    "HELPOP": ["#secret"],
    "NICK": ["#secret", "Mallory"],
    "QUIT": ["#secret"],
    **dict.fromkeys(["MOTD", "VERSION", "TIME", "ADMIN"], ("", "#secret", "chat.test")),
    **dict.fromkeys(["INFO", "LINKS", "ISUPPORT"], ("", "#secret")),
    **dict.fromkeys(["AWAY", "SETNAME", "PING", "PONG", "PASS", "USER"], ("#secret", ":psst")),
    **dict.fromkeys(["CAP", "AUTHENTICATE", "REGISTER"], ("LIST", "#secret", "#secret * x")),
    **dict.fromkeys(["TOKEN", "TOTP", "CERT", "SESSIONS"], ("LIST", "LIST #secret", "#secret")),
    "METADATA": [
        *("#secret LIST", "#secret GET url", "#secret SYNC", "#secret CLEAR", "#SECRET GET url x"),
        *("#secret SET url :x", "#secret SET url", "* SUB url", "#secret SUB url", "alice LIST"),
    ],
    "SEARCH": [
        *("in=#secret;text=psst", "text=psst", "text=trud", "in=#SECRET;limit=5", "from=alice"),
        "in=alice;text=psst",
    ],
    "POLICY": ["#secret", "#SECRET", ""],
    "REPORT": ["alice #secret :x", "mallory {msgid} :x", "alice #SECRET :x", "nobody #secret :x"],
    "BATCH": [
        f"+a draft/multiline {target}\n"
        f"@batch=a PRIVMSG {target} :x\n@batch=a PRIVMSG {target} :y\nBATCH -a"
        for target in ("#secret", "@#secret", "#SECRET")
    ],
    "PASSWD": ["#secret x y"],
    "ADMINISTER": ["channel list", 'channel present {{"channel": "#secret"}}'],
}
"""What is tried of each command, but for JOIN. Several lines stand below each other."""

SPOKEN = {"AWAY", "SETNAME", "PING"}
"""Whose own words come back."""


def test_no_command_is_forgotten() -> None:
    """Whoever adds one says here how it could leak."""
    assert PROBES.keys() | {"JOIN"} == COMMANDS.keys()


def outsider(_people: list[Client], _channel: str) -> None:
    """Was never there."""


def put_out(people: list[Client], channel: str) -> None:
    """Was a member until a moment ago, and invited."""
    alice, _, mallory = people
    alice.says(f"INVITE mallory {channel}")
    mallory.says(f"JOIN {channel} sesame")
    alice.says(f"KICK {channel} mallory :x")


def prepared(channel: str, became: Callable[[list[Client], str], None]) -> tuple[list[Client], str]:
    """alice, bob, and mallory with all capabilities; trudy is in the secret channel alone. Also
    the id of a message there.
    """
    rules = RulesUnderTest("alice", "bob", "mallory", "trudy")
    caps = " ".join(one.name for one in CAPABILITIES if one.name != "sasl")
    people = [rules.member(name, caps=caps) for name in ("alice", "bob", "mallory")]
    alice, bob, _ = people
    for person in people:
        person.says("JOIN #pub")
    alice.says(f"JOIN {channel}", f"MODE {channel} +skb sesame eve", f"TOPIC {channel} :hush")
    alice.says(f"METADATA {channel} SET url :hush", f"METADATA {channel} SET secret :hush")
    bob.says(f"JOIN {channel} sesame")
    trudy = rules.member("trudy")
    trudy.says(f"JOIN {channel} sesame", f"PRIVMSG {channel} :psst", "QUIT")
    alice.says(f"PRIVMSG {channel} :psst")
    msgid = str(rules.model.msgid(rules.model.last_seq))
    became(people, channel)
    for person in people:
        person.hears()
    return people, msgid


def _without_ids(lines: list[str]) -> list[str]:
    """Those of sessions are by chance."""
    return [re.sub(r"ENTRY [0-9a-f]{6} ", "ENTRY ", line) for line in lines]


@pytest.mark.parametrize("became", [outsider, put_out])
@pytest.mark.parametrize("command", sorted(PROBES))
def test_an_answer_tells_nothing(command: str, became: Callable[[list[Client], str], None]) -> None:
    """It is the same where there is no such channel, and where there is."""
    (people, msgid), (others, other) = prepared(SECRET, became), prepared(OTHER, became)
    for params in PROBES[command]:
        lines = [f"{command} {params}".format(msgid=found) for found in (msgid, other)]
        heard = _without_ids(people[2].says(*lines[0].split("\n")))
        expected = _without_ids(others[2].says(*lines[1].split("\n")))
        assert heard == expected, lines[0]
        if command not in SPOKEN:
            assert not [one for one in HIDDEN for line in heard if one in line], lines[0]
    assert [person.hears() for person in people[:2]] == [person.hears() for person in others[:2]]


@pytest.mark.parametrize("channel", [SECRET, OTHER])
def test_what_happens_there_is_not_seen_outside(channel: str) -> None:
    """Whatever its members do there; of alice herself is seen what is seen in #pub."""
    (alice, bob, mallory), msgid = prepared(channel, outsider)
    mallory.says("MONITOR + trudy,alice", "WHO *", "LIST")
    for line in (
        *("TOPIC {} :hush hush", "MODE {} -s+s", "MODE {} +v bob", "PRIVMSG {} :psst", "NAMES {}"),
        *("NOTICE {} :psst", "@+typing=active TAGMSG {}", "REDACT {} " + msgid, "INVITE trudy {}"),
        *("METADATA {} SET url :psst", "METADATA {} CLEAR", "MODE {} +H-H"),
        *("KICK {} bob :psst", "RENAME {} #hideout", "RENAME #hideout {}", "DROP {} :psst"),
    ):
        alice.says(line.format(channel))
        assert mallory.hears() == [], line
    assert "KICK" in codes(bob.hears())


def test_no_count_tells_of_it() -> None:
    """They are the same where nobody has made one: the two servers above have one each."""
    heard = []
    for lines in (["JOIN #secret", "MODE #secret +s"], []):
        rules = RulesUnderTest("alice", "mallory")
        rules.member("alice").says(*lines)
        heard.append(
            rules.member("mallory").says("LUSERS", "LIST", "NAMES", "WHO *", "WHOIS alice")
        )
    assert heard[0] == heard[1]


def test_a_join_tells_that_the_name_is_taken_and_no_more() -> None:
    """It has to: nobody can make a second channel of that name. So does RENAME."""
    (_, _, mallory), _ = prepared(SECRET, outsider)
    mallory.says("JOIN #mine")
    heard = mallory.says("JOIN #secret", "JOIN #secret wrong", "RENAME #mine #secret")
    assert codes(heard) == ["475", "475", "FAIL"]
    assert not [one for one in HIDDEN for line in heard if one in line]
    (alike,) = mallory.says("JOIN #sеcret")
    assert SECRET not in alike


def test_an_invitation_tells_the_name_to_who_is_invited() -> None:
    """And nobody else; the topic is shown to who has joined."""
    (alice, _, mallory), _ = prepared(SECRET, outsider)
    alice.says("INVITE mallory #secret")
    assert codes(mallory.hears()) == ["INVITE"]
    assert codes(mallory.says("TOPIC #secret", "NAMES #secret", "LIST #secret")) == [
        *("403", "366", "321", "323"),
    ]
    assert {"JOIN", "332"} <= set(codes(mallory.says("JOIN #secret sesame")))
