"""LUSERS, TIME, LINKS, INFO. https://modern.ircdocs.horse/#server-queries-and-commands"""

from __future__ import annotations

import re

import pytest

from tests.support.client import SERVER, Client, codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest


def counts(client: Client) -> dict[str, str]:
    """What LUSERS tells, by numeric: the parameter that clients read, else the text."""
    lines = of(client.says("LUSERS"), "251", "252", "253", "254", "255", "265", "266")
    return {line.command: line.params[1] for line in lines}


def test_lusers_tells_all_counts() -> None:
    """LUSERS message: 251 and 255 MUST come, the others SHOULD."""
    rules = RulesUnderTest("alice", "bob")
    alice, _ = rules.member("alice"), rules.member("bob")
    assert alice.says("LUSERS") == [
        f":{SERVER} 251 alice :There are 2 users and 0 invisible on 1 servers",
        f":{SERVER} 252 alice 0 :administrators online",
        f":{SERVER} 253 alice 0 :connections not logged in yet",
        f":{SERVER} 254 alice 0 :channels formed",
        f":{SERVER} 255 alice :I have 2 users and 0 servers",
        f":{SERVER} 265 alice 2 2 :Current local users 2, max 2",
        f":{SERVER} 266 alice 2 2 :Current global users 2, max 2",
    ]


def test_who_has_said_quit_is_counted_nowhere() -> None:
    """253 is of connections that are not registered yet; who has quit is none of them, though the
    connection takes a moment to close.
    """
    rules = RulesUnderTest("alice", "bob")
    alice, bob, stranger = rules.member("alice"), rules.member("bob"), rules.connect()
    stranger.says("NICK somebody")
    assert counts(alice)["253"] == "1"
    bob.says("QUIT")
    assert (counts(alice)["253"], counts(alice)["265"]) == ("1", "1")
    stranger.says("QUIT")
    assert counts(alice)["253"] == "0"
    for gone in (bob, stranger):
        gone.hangs_up()
    assert counts(alice)["253"] == "0"


def test_a_connection_that_is_lost_is_counted_once_less() -> None:
    """Whoever ends it, and in whatever state it is."""
    rules = RulesUnderTest("alice", "bob")
    alice, stranger = rules.member("alice"), rules.connect()
    rules.busy = True
    verifying = rules.connect()
    verifying.says("NICK bob", "USER b 0 * :B", f"PASS bob:{RIGHT}")
    assert counts(alice)["253"] == "2"
    for client in (stranger, verifying):
        client.hangs_up()
    assert counts(alice)["253"] == "0"
    rules.busy, rules.jobs = False, []
    late = rules.connect()
    for _ in range(2):
        rules.passes(rules.settings.login_seconds + 1)  # closed by the server
        alice.pongs()
    assert late.hears()[-1].startswith("ERROR")
    assert counts(rules.member("bob"))["253"] == "0"


@pytest.mark.parametrize("server", ["", SERVER, "chat.*", "alice"])
def test_time(server: str) -> None:
    """TIME message: of this server, also by a mask or by who is on it."""
    alice = RulesUnderTest("alice").member("alice")
    answer = only(alice.says(f"TIME {server}"))
    assert (answer.command, answer.params[:2]) == ("391", ["alice", SERVER])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", answer.params[2])
    assert codes(alice.says("TIME elsewhere.example")) == ["402"]


def test_links_lists_the_one_server() -> None:
    """LINKS message: 364 for each server, and 365."""
    alice = RulesUnderTest("alice").member("alice")
    assert alice.says("LINKS") == [
        f":{SERVER} 364 alice {SERVER} {SERVER} :0 securechat",
        f":{SERVER} 365 alice * :End of /LINKS list",
    ]


def test_info() -> None:
    """INFO message: any number of 371, and 374."""
    told = codes(RulesUnderTest("alice").member("alice").says("INFO"))
    assert set(told[:-1]) == {"371"}
    assert told[-1] == "374"
