"""People at two nodes are in one place: they see each other come, talk and go.

What somebody hears before the answer to their own PING holds all that was stored before it at any
node, so nobody waits in these dialogues.
"""

from __future__ import annotations

from functools import partial

from tests.support.client import of, sasl_plain, source
from tests.support.server import ServerUnderTest

Two = tuple[ServerUnderTest, ServerUnderTest]


def texts(lines: list[str]) -> list[list[str]]:
    return [line.params for line in of(lines, "PRIVMSG")]


def test_a_message_goes_from_one_node_to_the_other(two: Two) -> None:
    a, b = two
    alice, bob = a.member("alice"), b.member("bob")
    assert alice.hears() == [f"{source('bob')} JOIN #lobby"]
    alice.says("PRIVMSG #lobby :hello")
    assert bob.hears() == [f"{source('alice')} PRIVMSG #lobby :hello"]
    bob.says("PRIVMSG alice :and you")
    assert alice.hears() == [f"{source('bob')} PRIVMSG alice :and you"]


def test_who_comes_sees_those_of_the_other_node(two: Two) -> None:
    a, b = two
    a.member("alice")
    bob = b.member("bob")
    assert "alice bob" in " ".join(bob.says("NAMES #lobby"))
    assert any("alice" in line for line in bob.says("WHO #lobby"))
    assert any("user alice" in line or " alice " in line for line in bob.says("WHOIS alice"))


def test_who_goes_is_seen_to_go(two: Two) -> None:
    a, b = two
    alice, bob = a.member("alice"), b.member("bob")
    bob.sends("QUIT :bye")
    bob.hears_the_end()
    heard = alice.hears_until("QUIT")
    assert heard[-1] == f"{source('bob')} QUIT :Quit: bye"
    assert "bob" not in " ".join(alice.says("NAMES #lobby"))
    assert any(" 401 " in line for line in alice.says("WHOIS bob"))


def test_who_comes_and_goes_often_is_not_seen_to_at_the_other_node_either(two: Two) -> None:
    """After three times they stay in sight for a while, at all nodes."""
    a, b = two
    bob = b.member("bob")
    for _ in range(4):
        alice = a.member("alice")
        alice.sends("QUIT")
        alice.hears_the_end()
    assert len(of(bob.hears(), "QUIT")) == 3
    nodes = b.service._nodes
    assert nodes is not None
    for _ in range(2):  # in the first look it may have been just then
        before = nodes._looked_at
        b.wait_for(lambda: nodes._looked_at > before)  # noqa: B023 - called at once
    heard = bob.says("NAMES #lobby")
    assert not of(heard, "QUIT")
    assert "alice" in " ".join(heard)


def test_two_sessions_of_one_account_at_two_nodes(two: Two) -> None:
    """Both see what either says and where either goes; and the others see one person."""
    a, b = two
    carol = a.member("carol")
    desk = a.member("alice", caps="echo-message")
    phone = b.member("alice", caps="echo-message")
    assert carol.hears() == [f"{source('alice')} JOIN #lobby"]
    desk.says("JOIN #den")
    assert f"{source('alice')} JOIN #den" in phone.hears()
    phone.says("PRIVMSG carol :hi")
    assert texts(desk.hears()) == [["carol", "hi"]]
    assert texts(carol.hears()) == [["carol", "hi"]]
    phone.sends("QUIT")
    phone.hears_the_end()
    assert not of(carol.says("NAMES #lobby"), "QUIT")


def test_a_channel_is_the_same_at_both(two: Two) -> None:
    """Its topic, its modes, its roles, and who is put out."""
    a, b = two
    alice, bob = a.member("alice"), b.member("bob")
    alice.says("JOIN #den")
    bob.says("JOIN #den")
    alice.says("TOPIC #den :tea", "MODE #den +o bob")
    heard = bob.hears()
    assert [line.params for line in of(heard, "TOPIC")] == [["#den", "tea"]]
    assert [line.params for line in of(heard, "MODE")] == [["#den", "+o", "bob"]]
    bob.says("MODE #den +m")
    assert [line.params for line in of(alice.hears(), "MODE")] == [["#den", "+m"]]
    alice.says("KICK #den bob :out")
    assert [line.params for line in of(bob.hears(), "KICK")] == [["#den", "bob", "out"]]
    assert any(" 442 " in line or " 404 " in line for line in bob.says("PRIVMSG #den :still?"))


def test_away_and_capabilities_cross(two: Two) -> None:
    a, b = two
    alice, bob = a.member("alice", caps="away-notify"), b.member("bob")
    bob.says("AWAY :lunch")
    assert alice.hears()[-1] == f"{source('bob')} AWAY :lunch"
    assert any(" 301 " in line for line in alice.says("PRIVMSG bob :there?"))
    bob.says("AWAY")
    assert alice.hears()[-1] == f"{source('bob')} AWAY"


def test_who_follows_somebody_hears_of_them_from_another_node(two: Two) -> None:
    a, b = two
    alice = a.member("alice")
    alice.says("PART #lobby", "MONITOR + bob")
    bob = b.member("bob")
    assert [line.command for line in of(alice.hears(), "730")] == ["730"]
    bob.sends("QUIT")
    bob.hears_the_end()
    alice.hears_until(" 731 ")


def test_what_was_missed_is_given_at_the_other_node(two: Two) -> None:
    a, b = two
    alice = a.member("alice")
    bob = b.member("bob")
    bob.sends("QUIT")
    bob.hears_the_end()
    alice.says("PRIVMSG bob :for later")
    again = a.connect()
    (missed,) = texts(again.logs_in("bob"))
    assert missed[1].endswith("for later")


def test_an_account_that_is_made_at_one_logs_in_at_the_other(two: Two) -> None:
    a, b = two
    a.connect().registers("dave")
    dave = b.member("dave")
    assert any("dave" in line for line in dave.says("NAMES #lobby"))


def test_wrong_guesses_count_at_all_nodes(two: Two) -> None:
    a, b = two
    guess = f"AUTHENTICATE {sasl_plain('alice', 'wrong')}"
    for node in (a, b, a, b, a):
        stranger = node.connect()
        stranger.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", guess)
        stranger.hears_until(" 904 ")
    stranger = b.connect()
    stranger.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", guess)
    stranger.hears_until("NOTE AUTHENTICATE WAIT")


def test_how_long_turns_are_waited_for_and_held_is_counted(two: Two) -> None:
    """Of each node, for those who watch it."""
    for node, name in zip(two, ("alice", "bob"), strict=True):
        node.member(name).says("PRIVMSG #lobby :hello")
        counters = node.service.watched.counters
        for histogram in (counters.waits, counters.holds):
            node.wait_for(partial(any, histogram.buckets))
            assert histogram.seconds > 0
