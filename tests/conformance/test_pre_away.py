"""pre-away. https://ircv3.net/specs/extensions/pre-away"""

from __future__ import annotations

from tests.support.client import Client, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel


def comes(rules: RulesUnderTest, name: str, away: str) -> Client:
    """Somebody logs in, and says before that they are away."""
    client = rules.connect()
    assert codes(client.says("CAP REQ draft/pre-away")) == ["CAP"]
    assert codes(client.says(away)) == ["305" if away == "AWAY" else "306"]
    client.logs_in(name)
    client.hears()
    return client


def gone() -> tuple[RulesUnderTest, Client]:
    """alice is in #den, and follows bob, who is a member and offline."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="away-notify extended-monitor")
    alice.says("MONITOR + bob")
    bob.says("QUIT")
    alice.hears()
    return rules, alice


def test_without_the_capability_it_is_refused() -> None:
    """Implementation: "Clients ... MUST negotiate the capability"."""
    rules = RulesUnderTest("alice")
    assert codes(rules.connect().says("AWAY :x", "AWAY *")) == ["451", "451"]


def test_a_message_counts_from_the_login_on() -> None:
    """Implementation: it "does not inhibit reporting of the change in nickname status"; that comes
    first, then AWAY, once.
    """
    rules, alice = gone()
    comes(rules, "bob", "AWAY :Gone to lunch")
    heard = [line for line in alice.hears() if "MODE" not in line]
    assert codes(heard) in (["730", "JOIN", "AWAY"], ["JOIN", "730", "AWAY"])
    assert heard[-1] == f"{source('bob')} AWAY :Gone to lunch"
    assert of(alice.says("WHOIS bob"), "301")[0].params[-1] == "Gone to lunch"


def test_no_reason_is_told_in_words() -> None:
    """Implementation: "Servers MAY substitute a human-readable message for the `*`"."""
    _, (alice, bob) = in_channel("alice", "bob", caps="away-notify")
    bob.says("AWAY *")
    assert alice.hears() == [f"{source('bob')} AWAY :Away"]
    assert only(alice.says("PRIVMSG bob :hi")).params[-1] == "Away"


def test_without_parameters_it_means_present() -> None:
    """Implementation: "AWAY with no parameters indicates that the user is present"."""
    rules, alice = gone()
    comes(rules, "bob", "AWAY")
    assert "AWAY" not in codes(alice.hears())


def test_a_client_that_runs_by_itself_changes_nothing() -> None:
    """Implementation considerations: `*` is "as though the connection did not exist at all", so it
    neither ends an away message nor takes its place, and nobody hears of it.
    """
    rules, (alice, bob) = in_channel("alice", "bob", caps="away-notify")
    bob.says("AWAY :lunch")
    alice.hears()
    script = comes(rules, "bob", "AWAY *")
    assert alice.hears() == []
    assert of(alice.says("WHOIS bob"), "301")[0].params[-1] == "lunch"
    bob.says("AWAY")
    assert alice.hears() == [f"{source('bob')} AWAY"]
    script.says("QUIT")
    assert alice.hears() == []


def test_nobody_is_told_of_a_client_that_runs_by_itself() -> None:
    """Implementation considerations: "as though the connection did not exist at all", when the
    account is not there otherwise: neither JOIN, nor AWAY, nor 730, nor QUIT.
    """
    rules, alice = gone()
    script = comes(rules, "bob", "AWAY *")
    assert alice.hears() == []
    script.says("PRIVMSG #den :the disk is full")
    assert alice.hears() == [f"{source('bob')} PRIVMSG #den :the disk is full"]
    script.says("QUIT")
    assert alice.hears() == []


def test_when_its_person_is_back_it_is_told() -> None:
    """Such as a telephone's client, that comes to the foreground."""
    rules, alice = gone()
    telephone = comes(rules, "bob", "AWAY *")
    assert codes(telephone.says("AWAY")) == ["305"]
    assert sorted(codes(alice.hears())) == ["730", "JOIN"]
    telephone.says("QUIT")
    assert sorted(codes(alice.hears())) == ["731", "QUIT"]


def test_when_only_such_a_client_is_left_nobody_is_there() -> None:
    """And whoever comes back is."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="away-notify")
    comes(rules, "bob", "AWAY *")
    alice.hears()
    bob.says("QUIT")
    assert alice.hears() == [f"{source('bob')} AWAY :Away"]
    rules.member("bob")
    assert alice.hears() == [f"{source('bob')} AWAY"]
