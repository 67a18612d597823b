"""Who owns a channel when its owner is gone, and what a start mends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from securechat.core.journal.events.channels import ChannelClosed, FounderRemoved, KickedAway
from tests.support.client import SERVER, codes, of
from tests.support.rules import RulesUnderTest, in_channel


def roles(rules: RulesUnderTest, channel: str = "#den") -> dict[str, str]:
    return {
        account.name: member.modes for account, member in rules.channel(channel).members.items()
    }


@pytest.mark.parametrize(
    ("modes", "heir", "has"),
    [
        ("", "bob", "q"),  # the member who has been there for longest
        ("+v carol", "carol", "qv"),
        ("+vv carol dave", "carol", "qv"),
        ("+vo carol dave", "dave", "qo"),
        ("+oo dave carol", "carol", "qo"),
        ("+vvo carol dave dave", "dave", "qov"),
    ],
)
def test_who_comes_next(modes: str, heir: str, has: str) -> None:
    """The operator, then the voiced, then the member; of several who has been there for longest.
    What they had before they keep.
    """
    rules, (alice, bob, _, _) = in_channel("alice", "bob", "carol", "dave")
    if modes:
        alice.says(f"MODE #den {modes}")
    bob.hears()
    alice.says("PART #den")
    assert bob.hears()[-1] == f":{SERVER} MODE #den +q {heir}"
    assert roles(rules)[heir] == has
    assert "".join(roles(rules).values()).count("q") == 1
    [audited] = [one for one in rules.audits if one.event == "role changed"][-1:]
    assert '"by": "no owner was left"' in audited.facts


def test_a_second_owner_is_enough() -> None:
    """Nobody else becomes one."""
    rules, (alice, bob, _) = in_channel("alice", "bob", "carol")
    alice.says("MODE #den +q bob")
    bob.hears()
    alice.says("PART #den")
    assert codes(bob.hears()) == ["PART"]
    assert roles(rules) == {"bob": "q", "carol": ""}


def test_an_owner_who_was_put_out_or_deleted_is_followed_too() -> None:
    """By an administrator, who may do either."""
    rules, (_, bob, carol) = in_channel("alice", "bob", "carol")
    rules.account("carol").admin = True
    carol.says("KICK #den alice")
    assert of(bob.hears(), "MODE")[0].params == ["#den", "+q", "bob"]
    with rules.turn() as turn:
        account = rules.account("bob")
        account.deleted = True
        rules.rules.account_removed(turn, account, "Deleted")
    assert of(carol.hears(), "MODE")[-1].params == ["#den", "+q", "carol"]


def test_who_may_not_log_in_does_not_come_next() -> None:
    """A channel of disabled accounts would be nobody's."""
    rules, (alice, _, _) = in_channel("alice", "bob", "carol")
    rules.account("bob").disabled = True
    alice.says("PART #den")
    assert roles(rules) == {"bob": "", "carol": "q"}


def test_a_founder_who_comes_back_owns_it_again() -> None:
    """Beside who came next."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("PART #den")
    bob.hears()
    heard = alice.says("JOIN #den")
    assert roles(rules) == {"bob": "q", "alice": "qo"}
    told = [":alice!alice@chat.test JOIN #den", f":{SERVER} MODE #den +qo alice alice"]
    assert bob.hears() == heard[:2] == told


def test_the_only_owner_stays_one() -> None:
    """Until there is another, whatever else is given."""
    rules, (alice, _) = in_channel("alice", "bob")
    alice.says("MODE #den +o alice", "MODE #den +v alice")
    [heard] = alice.says("MODE #den -q alice")
    assert "alice is its only owner (~); make somebody else one first" in heard
    assert roles(rules)["alice"] == "qov"
    alice.says("MODE #den +q bob", "MODE #den -q alice")
    assert roles(rules)["alice"] == "ov"


# --- the lobby -----------------------------------------------------------------------------------


def test_history_tells_that_the_server_did_it() -> None:
    """As it was told when it happened, with the same id: the one who went did nothing more."""
    caps = "batch message-tags account-tag draft/chathistory draft/event-playback"
    _, (alice, bob) = in_channel("alice", "bob", caps=caps)
    alice.says("PART #den")
    (live,) = of(bob.hears(), "MODE")
    (told,) = of(bob.says("CHATHISTORY LATEST #den * 1"), "MODE")
    assert (
        (live.source, live.params) == (told.source, told.params) == (SERVER, ["#den", "+q", "bob"])
    )
    assert live.tags["msgid"] == told.tags["msgid"]
    assert "account" not in told.tags


def test_the_lobby_never_closes_whoever_founded_it() -> None:
    """A channel that a member has made may be configured as the lobby later."""
    rules, (alice, _) = in_channel("alice", "bob", lobby=None)
    rules.rules.settings = replace(rules.settings, lobby="#den")
    with rules.turn() as turn:
        rules.rules.start(turn)
    assert FounderRemoved(rules.channel("#den").id) in rules.stored
    for person in (alice, rules.member("bob")):
        person.says("PART #den")
    assert rules.channel("#den").members == {}
    assert not any(isinstance(event, ChannelClosed) for event in rules.stored)
    again = rules.connect()
    heard = again.logs_in("alice")
    assert "#den" in [message.params[0] for message in of(heard, "JOIN")]
    assert roles(rules) == {"alice": ""}


# --- what a start mends --------------------------------------------------------------------------


def test_a_start_closes_what_nobody_is_in_and_gives_owners() -> None:
    """As if a server had been running when the accounts were deleted."""
    rules, (alice, _, _) = in_channel("alice", "bob", "carol")
    alice.says("JOIN #mine")
    for name in ("#den", "#mine"):
        channel = rules.channel(name)
        del channel.members[rules.account("alice")]
        del rules.account("alice").channels[channel]
    with rules.turn() as turn:
        rules.rules.start(turn)
    assert "#mine" not in rules.model.channels
    assert roles(rules) == {"bob": "q", "carol": ""}


# --- kicked while away ---------------------------------------------------------------------------


def test_who_was_kicked_while_away_is_told_once() -> None:
    """From where, by whom and why, at the next login."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    bob.hangs_up()
    alice.says("KICK #den bob :be nice")
    again = rules.connect()
    [told] = [line for line in again.logs_in("bob") if "kicked" in line]
    assert told.startswith(f":{SERVER} NOTICE bob :You were kicked from #den by alice on ")
    assert told.endswith(": be nice")
    assert not [line for line in rules.connect().logs_in("bob") if "kicked" in line]


def test_who_sees_it_is_not_told_again() -> None:
    """A KICK that arrives is enough."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("KICK #den bob")
    assert codes(bob.hears()) == ["KICK"]
    assert not any(isinstance(event, KickedAway) for event in rules.stored)
