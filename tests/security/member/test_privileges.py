"""A member wants to do what only others may: change a channel, its roles, its key, remove people,
speak where it may not. It is an outsider, a plain member, one with a voice, an operator of another
channel, one that was demoted, banned or removed a moment ago, or whose order was on its way
already.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.client import Client, codes, of, source
from tests.support.rules import RulesUnderTest

ROLE = Callable[[Client, Client], None]
OWNER, OPERATOR, VICTIM, ATTACKER = "olga", "otto", "vera", "mallory"

REFUSED = {"401", "403", "404", "441", "442", "461", "471", "473", "474", "475", "481", "482"}
REFUSED |= {"696", "472", "FAIL", "501", "502", "324", "329", "366", "315", "368", "367", "331"}


def outsider(owner: Client, mallory: Client) -> None:
    """Was never in the channel."""


def member(owner: Client, mallory: Client) -> None:
    mallory.says("JOIN #den")


def voiced(owner: Client, mallory: Client) -> None:
    mallory.says("JOIN #den")
    owner.says("MODE #den +v mallory")


def operator_elsewhere(owner: Client, mallory: Client) -> None:
    """Owns a channel of a name that begins and looks a little like the other."""
    mallory.says("JOIN #den2,#dens", "JOIN #den")


def demoted(owner: Client, mallory: Client) -> None:
    mallory.says("JOIN #den")
    owner.says("MODE #den +o mallory", "MODE #den -o mallory")


def owner_once(owner: Client, mallory: Client) -> None:
    mallory.says("JOIN #den")
    owner.says("MODE #den +q mallory", "MODE #den -q mallory")


def banned(owner: Client, mallory: Client) -> None:
    """Still in the channel, and not to be heard."""
    mallory.says("JOIN #den")
    owner.says("MODE #den +b mallory!*@*")


def removed(owner: Client, mallory: Client) -> None:
    mallory.says("JOIN #den")
    owner.says("MODE #den +o mallory", "KICK #den mallory")


def removed_and_banned(owner: Client, mallory: Client) -> None:
    mallory.says("JOIN #den")
    owner.says("MODE #den +o mallory", "MODE #den +b mallory!*@*", "KICK #den mallory")


def back_again(owner: Client, mallory: Client) -> None:
    """An operator who has left, and come back as anybody."""
    mallory.says("JOIN #den")
    owner.says("MODE #den +o mallory")
    mallory.says("PART #den", "JOIN #den")


MEMBER_MODES: list[ROLE] = [
    *(outsider, member, voiced, operator_elsewhere, demoted, owner_once, banned, removed),
    *(removed_and_banned, back_again),
]
ACTS = [
    *(f"MODE #den {sign}{letter}" for sign in "+-" for letter in "imnst"),
    *("MODE #den +k mine", "MODE #den -k *", "MODE #den +l 1", "MODE #den -l"),
    *("MODE #den +b vera!*@*", "MODE #den -b mallory!*@*", "MODE #den -b eve!*@*"),
    *(
        f"MODE #den {sign}{letter} {name}"
        for sign in "+-"
        for letter in "qov"
        for name in (OWNER, OPERATOR, VICTIM, ATTACKER)
    ),
    "MODE #den +ovqbkl-imnst mallory mallory mallory vera!*@* key 1",
    *(f"KICK #den {name} :out" for name in (OWNER, OPERATOR, VICTIM)),
    "KICK #den olga,otto,vera :out",
    "KICK #den,#den2 vera :out",
    "KICK #DEN vera",
    "TOPIC #den :mine",
    "TOPIC #den :",
    ":olga!olga@chat.test MODE #den +o mallory",
    ":olga KICK #den vera",
    "@account=olga MODE #den +o mallory",
]


def scene() -> tuple[RulesUnderTest, dict[str, Client]]:
    """A channel with an owner, an operator, a member, and everything set."""
    rules = RulesUnderTest(OWNER, OPERATOR, VICTIM, ATTACKER)
    people = {name: rules.member(name) for name in (OWNER, OPERATOR, VICTIM, ATTACKER)}
    for name in (OWNER, OPERATOR, VICTIM):
        people[name].says("JOIN #den")
    people[OWNER].says("MODE #den +o otto", "TOPIC #den :ours", "MODE #den +b eve!*@*")
    return rules, people


def looks(rules: RulesUnderTest) -> tuple[object, ...]:
    """All of the channel that only those who run it may change."""
    channel = rules.channel("#den")
    roles = {account.name: membership.modes for account, membership in channel.members.items()}
    return channel.modes, channel.key, channel.limit, channel.topic, dict(channel.bans), roles


@pytest.mark.parametrize("role", MEMBER_MODES)
def test_nobody_changes_a_channel_that_it_does_not_run(role: ROLE) -> None:
    """Modes, roles, bans, people and topic stay; nobody in the channel hears of the attempt."""
    rules, people = scene()
    mallory = people[ATTACKER]
    role(people[OWNER], mallory)
    before = looks(rules)
    for person in people.values():
        person.hears()
    for act in ACTS:
        answer = mallory.says(act)
        assert looks(rules) == before, act
        assert set(codes(answer)) <= REFUSED, (act, answer)
        assert answer, act
    assert [people[name].hears() for name in (OWNER, OPERATOR, VICTIM)] == [[], [], []]


@pytest.mark.parametrize("role", MEMBER_MODES)
@pytest.mark.parametrize("modes", ["+m", "+n", "+i", "+k key", "+l 3", "+s"])
def test_modes_hold_for_everybody_they_are_for(role: ROLE, modes: str) -> None:
    """Moderated, no outsiders, invited only, with a key, full, secret: each keeps out whom it
    should, whatever mallory was before.
    """
    rules, people = scene()
    mallory = people[ATTACKER]
    role(people[OWNER], mallory)
    inside = rules.account(ATTACKER) in rules.channel("#den").members
    people[OWNER].says(f"MODE #den {modes}")
    for person in people.values():
        person.hears()
    mallory.says("JOIN #den", "JOIN #den wrong", "PRIVMSG #den :hello", "@+x=1 TAGMSG #den")
    heard = of(people[VICTIM].hears(), "PRIVMSG")
    if modes == "+m":
        assert bool(heard) == (role is voiced)
    if modes in ("+i", "+k key", "+l 3") and not inside:
        assert rules.account(ATTACKER) not in rules.channel("#den").members
        assert heard == []
    if role in (banned, removed_and_banned):
        assert heard == []


@pytest.mark.parametrize(
    "act", [f"KICK #den {OWNER}", f"MODE #den -q {OWNER}", "MODE #den +q otto"]
)
def test_an_operator_is_no_owner(act: str) -> None:
    """An operator who was given a channel to look after can't take it."""
    rules, people = scene()
    before = looks(rules)
    assert codes(people[OPERATOR].says(act))[-1] == "482"
    assert looks(rules) == before


def test_an_invitation_is_worth_what_the_one_who_gave_it_may_do() -> None:
    """A member can't let anybody into a closed channel, not by inviting before it was closed, nor
    as an operator that is one no longer.
    """
    rules, people = scene()
    rules.add("eve")
    eve = rules.member("eve")
    people[OWNER].says("MODE #den -b eve!*@*")
    people[VICTIM].says("INVITE eve #den")
    people[OPERATOR].says("INVITE eve #den")
    people[OWNER].says("MODE #den +i", "MODE #den -o otto")
    assert codes(people[VICTIM].says("INVITE eve #den"))[-1] == "482"
    eve.says("JOIN #den")
    assert rules.account("eve") not in rules.channel("#den").members
    eve.hangs_up()
    rules.member("eve").says("JOIN #den")
    assert rules.account("eve") not in rules.channel("#den").members


# --- orders that are on their way ----------------------------------------------------------------

TAKEN = [
    "MODE #den -o mallory",
    "KICK #den mallory :out",
    "MODE #den -o mallory\nKICK #den mallory",
]


@pytest.mark.parametrize("taken", TAKEN)
@pytest.mark.parametrize(
    "act",
    ["KICK #den vera :out", "MODE #den +o mallory", "MODE #den +b vera!*@*", "TOPIC #den :mine"],
)
def test_an_order_behind_a_demotion_is_refused(taken: str, act: str) -> None:
    """Also when both reach the server in one batch, and are stored in one transaction."""
    rules, people = scene()
    people[ATTACKER].says("JOIN #den")
    people[OWNER].says("MODE #den +o mallory")
    people[VICTIM].hears()
    with rules.turn():
        people[OWNER].says(*taken.split("\n"))
        people[ATTACKER].says(act)
    channel = rules.channel("#den")
    assert rules.account(VICTIM) in channel.members
    assert channel.modes_of(rules.account(ATTACKER)) == ""
    assert (channel.topic, set(channel.bans)) == ("ours", {"eve!*@*"})
    assert not [line for line in people[VICTIM].hears() if line.startswith(source(ATTACKER))]


def test_what_is_said_behind_a_ban_or_a_kick_is_not_heard() -> None:
    """In the batch of the ban, and in that of the kick, unless mallory may come back."""
    orders = {"MODE #den +b mallory!*@*": [], "KICK #den mallory": ["again"], "MODE #den +m": []}
    for order, expected in orders.items():
        rules, people = scene()
        people[ATTACKER].says("JOIN #den")
        people[VICTIM].hears()
        with rules.turn():
            people[OWNER].says(order)
            people[ATTACKER].says("PRIVMSG #den :hello", "NOTICE #den :hello", "@+x=1 TAGMSG #den")
            people[ATTACKER].says("PART #den", "JOIN #den", "PRIVMSG #den again")
        heard = of(people[VICTIM].hears(), "PRIVMSG", "NOTICE", "TAGMSG")
        assert [message.params[-1] for message in heard] == expected


def test_lines_held_during_a_login_are_judged_when_they_are_run() -> None:
    """An operator is demoted while its second connection waits for the password's check."""
    rules, people = scene()
    people[ATTACKER].says("JOIN #den")
    people[OWNER].says("MODE #den +o mallory")
    rules.busy = True
    second = rules.connect()
    second.logs_in(ATTACKER)
    second.says("KICK #den vera :out", "MODE #den +o mallory", "TOPIC #den :mine")
    people[OWNER].says("MODE #den -o mallory", "MODE #den +m")
    before = looks(rules)
    rules.busy = False
    rules.work()
    assert "001" in codes(second.hears())
    assert looks(rules) == before


@pytest.mark.parametrize("act", ["MODE #den +o mallory", "KICK #den vera", "TOPIC #den :mine"])
def test_a_right_that_could_not_be_stored_is_none(act: str) -> None:
    """The disk refuses the promotion: what the new operator did with it is refused as well."""
    rules, people = scene()
    people[ATTACKER].says("JOIN #den")
    before = looks(rules)
    people[VICTIM].hears()
    rules.full = True
    with rules.turn():
        people[OWNER].says("MODE #den +o mallory")
        people[ATTACKER].says(act)
    rules.full = False
    assert looks(rules) == before
    assert people[VICTIM].hears() == []
    assert "482" in codes(people[ATTACKER].says("KICK #den vera"))


def test_an_administrator_s_rights_end_at_once() -> None:
    """All channels obey one who administers the server, until that is taken away."""
    rules, people = scene()
    account = rules.account(ATTACKER)
    account.admin = True
    assert "482" not in codes(people[ATTACKER].says("TOPIC #den", "MODE #den +l 9"))
    account.admin = False
    before = looks(rules)
    for act in ACTS:
        people[ATTACKER].says(act)
        assert looks(rules) == before, act
