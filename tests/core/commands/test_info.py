"""MOTD, LUSERS, VERSION, TIME, INFO, ADMIN, HELP."""

from __future__ import annotations

import pytest

from securechat.core.commands.registry import COMMANDS
from tests.support.client import SERVER, codes, of, only
from tests.support.rules import RulesUnderTest


def test_motd() -> None:
    """375, 372 a line, 376; 422 when there is none."""
    assert RulesUnderTest("alice", motd=("Be kind.", "")).member("alice").says("MOTD") == [
        f":{SERVER} 375 alice :- {SERVER} Message of the day -",
        f":{SERVER} 372 alice :- Be kind.",
        f":{SERVER} 372 alice :- ",
        f":{SERVER} 376 alice :End of /MOTD command",
    ]
    assert codes(RulesUnderTest("alice").member("alice").says("MOTD")) == ["422"]


def test_lusers_counts() -> None:
    """Accounts online, administrators, connections without a login, channels, the maximum."""
    rules = RulesUnderTest("alice", "bob")
    rules.add("boss", admin=True)
    alice, _, bob, boss = (rules.member(name) for name in ("alice", "alice", "bob", "boss"))
    rules.connect()
    alice.says("JOIN #a")
    bob.says("QUIT")
    bob.hangs_up()
    heard = alice.says("LUSERS")
    assert codes(heard) == ["251", "252", "253", "254", "255", "265", "266"]
    assert "There are 2 users" in heard[0]
    assert [message.params[1] for message in of(heard, "252", "253", "254")] == ["1", "1", "1"]
    boss.says("QUIT")
    rules.member("bob")
    heard = alice.says("LUSERS")
    assert of(heard, "265")[0].params[1:3] == of(heard, "266")[0].params[1:3] == ["2", "3"]


def test_version() -> None:
    """351, and what 005 says."""
    heard = RulesUnderTest("alice").member("alice").says("VERSION")
    assert heard[0] == f":{SERVER} 351 alice securechat-test {SERVER} :securechat"
    assert set(codes(heard[1:])) == {"005"}


def test_time() -> None:
    """391."""
    heard = RulesUnderTest("alice").member("alice").says("TIME")
    assert heard == [f":{SERVER} 391 alice {SERVER} :2023-11-14 22:13 UTC"]


def test_info() -> None:
    """371 a line, 374."""
    heard = codes(RulesUnderTest("alice").member("alice").says("INFO"))
    assert (set(heard[:-1]), heard[-1]) == ({"371"}, "374")


def test_admin() -> None:
    """256 to 259; who administers, and how to reach them."""
    rules = RulesUnderTest("alice", contact="root@example.org")
    rules.add("boss", admin=True)
    rules.add("gone", admin=True).disabled = True
    heard = rules.member("alice").says("ADMIN")
    assert codes(heard) == ["256", "257", "258", "259"]
    assert heard[2].endswith(":Administrators: boss")
    assert heard[3].endswith(":root@example.org")


@pytest.mark.parametrize("command", ["MOTD", "VERSION", "TIME", "ADMIN"])
def test_another_server_is_asked_for(command: str) -> None:
    """402; this one's name, a mask of it, and a nick on it are all right."""
    alice = RulesUnderTest("alice", motd=("x",)).member("alice")
    assert codes(alice.says(f"{command} irc.elsewhere", f"{command} :a b")) == ["402", "402"]
    for target in (SERVER, "CHAT.*", "alice"):
        assert "402" not in codes(alice.says(f"{command} {target}"))


def test_help_lists_every_command() -> None:
    """704, 705 a line, 706; to an administrator each is there."""
    rules = RulesUnderTest()
    rules.add("alice", admin=True)
    heard = rules.member("alice").says("HELP")
    found = codes(heard)
    assert (found[0], set(found[1:-1]), found[-1]) == ("704", {"705"}, "706")
    words = " ".join(message.params[-1] for message in of(heard, "705")).split()
    assert words == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_explains_a_command(name: str) -> None:
    """How it is used, and one sentence."""
    rules = RulesUnderTest()
    rules.add("alice", admin=True)
    heard = rules.member("alice").says(f"HELP {name.lower()}")
    assert codes(heard) == ["704", "705", "706"]
    usage, text, _ = (only([line]) for line in heard)
    assert usage.params[1:] == [name, f"{name} {COMMANDS[name].usage}".strip()]
    assert text.params[-1].endswith(".")


@pytest.mark.parametrize("subject", ["NOTHING", ":no thing", ":::"])
def test_help_on_nothing(subject: str) -> None:
    """524."""
    assert codes(RulesUnderTest("alice").member("alice").says(f"HELP {subject}")) == ["524"]
