"""Who is in sight: what the others see of an account whose only sessions run by themselves."""

from __future__ import annotations

from tests.support.client import Client, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel


def script(rules: RulesUnderTest, name: str) -> Client:
    """A client that says before its welcome that it is no person."""
    client = rules.connect()
    client.says("CAP REQ :draft/pre-away echo-message", "AWAY *")
    client.logs_in(name)
    client.hears()
    return client


def den(**settings: object) -> tuple[RulesUnderTest, Client, Client]:
    """alice is in #den; bob, who owns it, is offline but for his script."""
    rules, (bob, alice) = in_channel("bob", "alice", caps="away-notify", **settings)
    bob.pongs()
    bob.says("QUIT")
    made = script(rules, "bob")
    alice.hears()
    return rules, alice, made


def names(client: Client, channel: str = "#den") -> list[str]:
    """Who is listed there."""
    return of(client.says(f"NAMES {channel}"), "353")[0].params[-1].split()


def test_nobody_finds_it() -> None:
    """To the others it is as if nobody of the account were there."""
    rules, alice, _ = den()
    assert names(alice) == ["alice"]
    assert codes(alice.says("WHO #den", "WHO *")) == ["352", "315", "352", "315"]
    assert codes(alice.says("WHO bob")) == ["315"]
    assert codes(alice.says("WHOIS bob")) == ["401", "318"]
    assert only(alice.says("ISON bob")).params[-1] == ""
    alice.says("MONITOR + bob")
    assert codes(alice.says("MONITOR S")) == ["731"]
    assert only(alice.says("PRIVMSG bob :hi")).params[-1].startswith("is offline")
    assert "There are 1 users and 0 invisible" in of(alice.says("LUSERS"), "251")[0].params[-1]
    assert rules.model.most_online == 2


def test_it_finds_itself_and_hears_what_is_said() -> None:
    """For its client it is in its channels as any other."""
    _, alice, made = den()
    assert sorted(names(made)) == ["alice", "~bob"]
    assert names(alice) == ["alice"]
    assert "319" in codes(made.says("WHOIS bob"))
    assert codes(made.says("PRIVMSG #den :echo")) == ["PRIVMSG"]
    alice.hears()
    alice.says("PRIVMSG #den :heard?")
    assert made.hears() == [f"{source('alice')} PRIVMSG #den :heard?"]


def test_its_person_comes_beside_it() -> None:
    """With a JOIN and the modes as ever, which the script's own session isn't told; and when the
    person has gone, the account is still in sight, away, up to the end of the script.
    """
    rules, alice, made = den()
    person = rules.member("bob")
    assert alice.hears() == [f"{source('bob')} JOIN #den", only_modes(rules)]
    assert made.hears() == []
    assert sorted(names(alice)) == ["alice", "~bob"]
    person.says("QUIT")
    assert alice.hears() == [f"{source('bob')} AWAY :Away"]
    made.says("QUIT")
    assert codes(alice.hears()) == ["QUIT"]


def only_modes(rules: RulesUnderTest) -> str:
    """What is told of the owner's modes."""
    return f":{rules.settings.name} MODE #den +qo bob bob"


def test_who_says_that_they_are_back_comes_in_sight() -> None:
    """An away message in words is a person's, too; JOIN comes before AWAY."""
    rules, alice, made = den()
    made.says("AWAY :lunch")
    heard = alice.hears()
    assert heard == [
        f"{source('bob')} JOIN #den",
        only_modes(rules),
        f"{source('bob')} AWAY :lunch",
    ]
    assert made.hears() == []
    made.says("AWAY")
    assert alice.hears() == [f"{source('bob')} AWAY"]


def test_who_joins_a_channel_comes_in_sight() -> None:
    """Others see that JOIN, so they must see the QUIT."""
    _, alice, made = den()
    alice.says("JOIN #lab")
    alice.hears()
    made.says("JOIN #lab")
    assert [line.split(" ", 1)[1] for line in alice.hears()][-1] == "JOIN #lab"
    assert "bob" in names(alice, "#lab")
    made.says("QUIT")
    assert codes(alice.hears()) == ["QUIT"]


def test_a_new_member_of_the_lobby_is_seen() -> None:
    """Its JOIN is stored and told, so it isn't unseen."""
    rules = RulesUnderTest("alice", "bob", lobby="#lobby")
    alice = rules.member("alice")
    alice.hears()
    script(rules, "bob")
    assert codes(alice.hears())[0] == "JOIN"
    assert "bob" in names(alice, "#lobby")


def test_a_script_is_not_told_of_a_kick_in_the_place_of_its_person() -> None:
    """Whether it was there when it happened, or came later."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.pongs()
    bob.says("QUIT")
    script(rules, "bob")
    alice.says("KICK #den bob :enough")
    script(rules, "bob")
    told = rules.connect().logs_in("bob")
    assert sum("You were kicked from #den" in line for line in told) == 1


def test_the_numbers_come_back_to_nothing() -> None:
    """As often as it comes and goes, hidden or not, nothing is left counted; nor is it ever held
    for one who comes and goes too often.
    """
    rules, alice, made = den()
    for _ in range(5):
        made.says("MODE bob +i", "QUIT")
        made = script(rules, "bob")
    made.says("MODE bob +i", "AWAY")
    assert rules.model.hidden_online == 1
    made.says("QUIT")
    assert codes(alice.hears()) == ["JOIN", "MODE", "QUIT"]
    assert (rules.model.hidden_online, len(rules.model.online)) == (0, 1)
    assert not rules.account("bob").unseen
    assert list(rules.channel("#den").present) == [rules.account("alice")]


def test_while_its_person_seems_to_be_there_a_script_changes_nothing() -> None:
    """Who comes and goes often is shown as there for a while: a script makes that neither an
    absence nor longer; and if it stays it is out of sight when the while is over.
    """
    rules, (alice, bob) = in_channel("alice", "bob", caps="away-notify")
    for _ in range(4):
        bob.pongs()
        bob.says("QUIT")
        bob = rules.member("bob")
    bob.says("QUIT")
    assert rules.account("bob") in rules.model.lingering
    alice.hears()
    short, long = script(rules, "bob"), script(rules, "bob")
    short.says("QUIT")
    assert alice.hears() == []
    heard = []
    for _ in range(4):
        rules.passes(30)
        heard += alice.says("PING x")
        long.says("PING x")
    assert [code for code in codes(heard) if code not in ("PING", "PONG")] == ["QUIT"]
    long.hears()
    assert names(alice) == ["~alice"]
    alice.says("PRIVMSG #den :heard?")
    assert codes(long.hears()) == ["PRIVMSG"]
    long.says("QUIT")
    assert alice.hears() == []
