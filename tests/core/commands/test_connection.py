"""NICK, USER, PASS, PING, PONG, QUIT."""

from __future__ import annotations

import pytest

from securechat.core.settings import Settings
from tests.support.client import codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest, plain

# NICK


def test_nick_needs_a_nick() -> None:
    """431."""
    assert codes(RulesUnderTest().connect().says("NICK", "NICK :")) == ["431", "431"]


@pytest.mark.parametrize("bad", ["-x", "a.b", "a!b", "#den", "x" * 33, ":::", "alice\u0430", "@"])
def test_a_malformed_nick(bad: str) -> None:
    """432, before the login and after it."""
    rules = RulesUnderTest("alice")
    for person in (rules.connect(), rules.member("alice")):
        assert only(person.says(f"NICK {bad}")).command == "432"


def test_before_the_login_a_nick_tells_nothing() -> None:
    """Taken or free: nobody learns before a login which accounts there are."""
    person = RulesUnderTest("alice").connect()
    assert person.says("NICK alice", "NICK nobody", "NICK ALICE") == []


def test_after_the_login_the_nick_is_the_account() -> None:
    """433 for somebody's, 432 for a free one, and nothing for one's own as it is."""
    alice = RulesUnderTest("alice", "bob").member("alice")
    assert codes(alice.says("NICK bob")) == ["433"]
    assert codes(alice.says("NICK carol")) == ["432"]
    assert alice.says("NICK alice", "NICK :alice") == []
    assert only(alice.says("NICK")).params[0] == "alice"


def test_the_welcome_tells_the_account_s_name() -> None:
    """A client that came as somebody else learns its nick from 001."""
    person = RulesUnderTest("alice", "bob").connect()
    person.says("CAP LS", "NICK bob", "USER x 0 * :X", "AUTHENTICATE PLAIN")
    person.says(f"AUTHENTICATE {plain('alice')}")
    welcome = of(person.says("CAP END"), "001")[0]
    assert welcome.params[0] == "alice"
    assert welcome.params[1].endswith("alice!alice@chat.test")


@pytest.mark.parametrize("nick", ["alice", "bob", "carol"])
def test_nick_may_come_after_sasl(nick: str) -> None:
    """Some clients send NICK only once they are logged in."""
    person = RulesUnderTest("alice", "bob").connect()
    person.says("CAP LS", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}", "CAP END")
    assert of(person.says(f"NICK {nick}", "USER x 0 * :X"), "001")[0].params[0] == "alice"


# USER


def test_user_needs_four_parameters() -> None:
    """461, which shows how it is used."""
    assert (
        "USER <user> 0 * :<real name>"
        in only(RulesUnderTest().connect().says("USER a 0 *")).params[-1]
    )


def test_user_comes_once() -> None:
    """462 the second time, and after the login."""
    rules = RulesUnderTest("alice")
    assert codes(rules.connect().says("USER a 0 * :A", "USER b 0 * :B")) == ["462"]
    assert codes(rules.member("alice").says("USER a 0 * :A")) == ["462"]


def test_a_long_real_name_is_cut_between_letters() -> None:
    """At most 150 bytes, and never half a letter."""
    rules = RulesUnderTest("alice")
    rules.connect().says(
        "CAP LS",
        "NICK alice",
        "USER alice 0 * :" + "я" * 100,
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain('alice')}",
        "CAP END",
    )
    assert rules.account("alice").real_name == "я" * 75


# PASS


@pytest.mark.parametrize("password", [f"alice:{RIGHT}", f"ALICE:{RIGHT}", RIGHT])
def test_pass_logs_in_old_clients(password: str) -> None:
    """account:password, or the password of the account that NICK names."""
    heard = (
        RulesUnderTest("alice").connect().says(f"PASS {password}", "NICK alice", "USER a 0 * :A")
    )
    assert codes(heard)[:2] == ["900", "001"]


def test_only_the_last_pass_counts() -> None:
    """It may be sent again before USER."""
    person = RulesUnderTest("alice").connect()
    heard = person.says("PASS alice:wrong", f"PASS alice:{RIGHT}", "NICK a", "USER a 0 * :A")
    assert "001" in codes(heard)


@pytest.mark.parametrize("password", ["alice:wrong", "nobody:right", ":", "alice:"])
def test_a_wrong_pass_ends_the_connection(password: str) -> None:
    """464 and ERROR; the same for an account that doesn't exist."""
    rules = RulesUnderTest("alice")
    person = rules.connect()
    heard = person.says(f"PASS :{password}", "NICK alice", "USER a 0 * :A")
    assert codes(heard) == ["464", "ERROR"]
    assert rules.closings[0].reason == "Wrong account or password"


@pytest.mark.parametrize(
    "order", [("USER", "PASS", "NICK"), ("NICK", "PASS", "USER"), ("NICK", "USER", "PASS")]
)
def test_pass_may_come_late(order: tuple[str, ...]) -> None:
    """Clients differ in their order; a person may say it when told that a login is wanted."""
    lines = {"PASS": f"PASS alice:{RIGHT}", "NICK": "NICK alice", "USER": "USER a 0 * :A"}
    heard = codes(RulesUnderTest("alice").connect().says(*(lines[name] for name in order)))
    assert heard[: heard.index("001") + 1] in (["900", "001"], ["FAIL", "900", "001"])


def test_a_late_pass_that_is_wrong_ends_the_connection() -> None:
    """Like one in time: it buys no second guess."""
    heard = (
        RulesUnderTest("alice").connect().says("NICK alice", "USER a 0 * :A", "PASS alice:wrong")
    )
    assert codes(heard) == ["FAIL", "464", "ERROR"]


def test_pass_is_not_for_who_is_logged_in() -> None:
    """462; and 461 for none at all."""
    rules = RulesUnderTest("alice")
    assert codes(rules.member("alice").says("PASS x")) == ["462"]
    assert codes(rules.connect().says("PASS")) == ["461"]


def test_sasl_takes_the_place_of_pass() -> None:
    """A client that sends both gets SASL's answers, and may try again when it fails."""
    person = RulesUnderTest("alice").connect()
    person.says("PASS alice:wrong", "CAP LS", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {plain('alice', 'wrong')}")) == ["904"]
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {plain('alice')}")) == ["900", "903"]


# PING, PONG, QUIT


def test_ping_is_answered_with_its_token() -> None:
    """Before and after the login; 409 without a token."""
    rules = RulesUnderTest("alice")
    for person in (rules.connect(), rules.member("alice")):
        assert person.says("PING :a b") == [":chat.test PONG chat.test :a b"]
        assert codes(person.says("PING")) == ["409"]


@pytest.mark.parametrize(
    "line", ["PONG", "PONG x", "PONG delivered-", "PONG delivered-²", "PONG delivered-9x"]
)
def test_a_strange_pong_is_nothing(line: str) -> None:
    """Only the server's own tokens count as an answer to its PING."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    assert alice.says(line) == []
    assert alice.session.delivered is None
    assert rules.connect().says(line) == []


def test_a_pong_can_not_run_ahead() -> None:
    """Nobody can claim to have received what there is not."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    alice.says("PONG delivered-9999999999", "PONG delivered-" + "9" * 30)
    assert rules.account("alice").devices[""].delivered == rules.model.last_seq


def test_quit_says_good_bye() -> None:
    """ERROR to who goes, QUIT with the prefix 'Quit: ' to the others, and the end."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("JOIN #den")
    bob.says("JOIN #den")
    alice.hears()
    assert bob.says("QUIT :Gone to have lunch") == ["ERROR :Closing link: Quit: Gone to have lunch"]
    assert alice.hears() == [":bob!bob@chat.test QUIT :Quit: Gone to have lunch"]
    assert [closing.session for closing in rules.closings] == [bob.session]
    assert bob.says("PING x", "PRIVMSG #den :still here?") == []


def test_quit_without_a_reason() -> None:
    """The prefix alone, as the specification says."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("JOIN #den")
    bob.says("JOIN #den")
    alice.hears()
    bob.says("QUIT")
    assert only(alice.hears()).params == ["Quit: "]


def test_an_unauthenticated_connection_may_quit() -> None:
    """Without anybody hearing of it."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    assert codes(rules.connect().says("QUIT :x")) == ["ERROR"]
    assert alice.hears() == []


def test_settings_have_no_external_by_default() -> None:
    """Without a client CA there is nothing that EXTERNAL could check."""
    assert not Settings(name="x", version="y", started_ms=0).external
