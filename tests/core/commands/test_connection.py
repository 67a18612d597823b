"""CAP, NICK, USER, PASS, PING, PONG, QUIT."""

from __future__ import annotations

import pytest

from securechat.core.model.states import State
from securechat.core.settings import Settings
from securechat.irc import capabilities
from securechat.irc.message import MAX_BODY_BYTES
from tests.support.client import codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest, plain

NAMES = " ".join(capabilities.NAMES)


def listed(lines: list[str]) -> set[str]:
    """The capabilities in a CAP reply."""
    return {name for line in of(lines, "CAP") for name in line.params[-1].split()}


# CAP


def test_ls_lists_the_names() -> None:
    """CAP LS without a version tells names only, as many as a line holds."""
    (line,) = RulesUnderTest().connect().says("CAP LS")
    shown = line.removeprefix(":chat.test CAP * LS :")
    assert NAMES.startswith(shown)
    assert shown == NAMES or len(f"{line} {NAMES[len(shown) :].split()[0]}") > MAX_BODY_BYTES


@pytest.mark.parametrize("version", ["302", "303", "307", "999999"])
def test_ls_302_and_later_tells_values(version: str) -> None:
    """The version is a number; a higher one gets what 302 gets."""
    found = listed(RulesUnderTest().connect().says(f"CAP LS {version}"))
    assert {"sasl=PLAIN", "draft/account-registration=before-connect", "batch"} <= found


def test_ls_tells_external_when_there_is_a_client_ca() -> None:
    """The mechanisms of the sasl value are those that work."""
    assert "sasl=PLAIN,EXTERNAL" in listed(
        RulesUnderTest(external=True).connect().says("CAP LS 302")
    )


@pytest.mark.parametrize("version", ["", " 301", " three", " -302", " 3.02"])
def test_a_lower_version_gets_no_values(version: str) -> None:
    """Nothing of version 302 reaches a client that hasn't asked for it."""
    assert "sasl" in listed(RulesUnderTest().connect().says("CAP LS" + version))


def test_the_higher_version_stays() -> None:
    """A later LS without version answers in the old form, but 302 remains in force."""
    person = RulesUnderTest().connect()
    person.says("CAP LS 302")
    assert "sasl" in listed(person.says("CAP LS"))
    assert listed(person.says("CAP LIST")) == {"cap-notify"}
    person.says("CAP REQ :-cap-notify")
    assert listed(person.says("CAP LIST")) == {"cap-notify"}


def test_without_302_cap_notify_comes_and_goes() -> None:
    """A client that doesn't know 302 may switch cap-notify on and off."""
    person = RulesUnderTest().connect()
    assert listed(person.says("CAP LIST")) == set()
    person.says("CAP REQ cap-notify")
    assert listed(person.says("CAP LIST")) == {"cap-notify"}
    person.says("CAP REQ -cap-notify")
    assert person.says("CAP LIST") == [":chat.test CAP * LIST :"]


def test_req_is_acknowledged_as_asked() -> None:
    """ACK repeats the request; what is on already can be asked for again."""
    person = RulesUnderTest().connect()
    for _ in range(2):
        heard = person.says("CAP REQ :batch -server-time echo-message")
        assert heard == [":chat.test CAP * ACK :batch -server-time echo-message"]
    assert listed(person.says("CAP LIST")) == {"batch", "echo-message"}


def test_req_is_accepted_as_a_whole_or_not_at_all() -> None:
    """One unknown name refuses them all, the removals too."""
    person = RulesUnderTest().connect()
    person.says("CAP REQ :batch")
    heard = person.says("CAP REQ :server-time -batch no-such-thing")
    assert heard == [":chat.test CAP * NAK :server-time -batch no-such-thing"]
    assert listed(person.says("CAP LIST")) == {"batch"}


def test_the_last_of_one_name_counts() -> None:
    """A list is worked through from left to right."""
    person = RulesUnderTest().connect()
    person.says("CAP REQ :batch -batch")
    assert listed(person.says("CAP LIST")) == set()


def test_a_refusal_is_not_over_the_limit() -> None:
    """A NAK of a very long request is cut, not sent as a line that is too long."""
    heard = RulesUnderTest().connect().says("CAP REQ :" + " ".join(["unknown"] * 62))
    assert only(heard).params[1] == "NAK"


@pytest.mark.parametrize("start", ["CAP LS", "CAP LS 302", "CAP REQ :batch", "CAP REQ :unknown"])
def test_negotiation_suspends_the_login(start: str) -> None:
    """After LS or REQ nothing completes before CAP END."""
    person = RulesUnderTest("alice").connect()
    person.says(start, "NICK alice", f"PASS {RIGHT}", "USER alice 0 * :Alice")
    assert person.session.state is State.CONNECTED
    assert "001" in codes(person.says("CAP END"))


def test_list_does_not_suspend_the_login() -> None:
    """CAP LIST only asks."""
    person = RulesUnderTest("alice").connect()
    heard = person.says("CAP LIST", "NICK alice", f"PASS {RIGHT}", "USER alice 0 * :Alice")
    assert "001" in codes(heard)


def test_cap_works_after_the_login() -> None:
    """LS, LIST and REQ at any time; END is ignored then."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("JOIN #den")
    bob.says("JOIN #den")
    assert alice.says("CAP REQ :server-time", "CAP END")[-1].endswith("ACK :server-time")
    bob.says("PRIVMSG #den :hi")
    assert alice.hears()[-1].startswith("@time=")
    assert listed(alice.says("CAP LIST")) == {"sasl", "cap-notify", "server-time"}
    names = {name.partition("=")[0] for name in listed(alice.says("CAP LS 302"))}
    assert names == set(capabilities.NAMES)


def test_a_change_counts_from_its_ack_on() -> None:
    """What was said before a REQ in the same turn is sent as it was asked for then."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("JOIN #den")
    bob.says("JOIN #den")
    alice.hears()
    with rules.turn():
        bob.says("PRIVMSG #den :before")
        alice.says("CAP REQ :server-time")
        bob.says("PRIVMSG #den :after")
    first, ack, last = alice.hears()
    assert (first[0], " ACK " in ack, last[:6]) == (":", True, "@time=")


@pytest.mark.parametrize(
    ("line", "shown"), [("CAP FOO", "FOO"), ("CAP :", "*"), ("CAP :a b", "a"), ("CAP ::x", "x")]
)
def test_an_unknown_subcommand(line: str, shown: str) -> None:
    """410, and the word it is about."""
    assert only(RulesUnderTest().connect().says(line)).params[:2] == ["*", shown]


def test_cap_end_ends_an_exchange_that_has_begun() -> None:
    """A client that gives up SASL hears so, and that it needs a login here."""
    person = RulesUnderTest("alice").connect()
    person.says("CAP LS", "NICK alice", "USER alice 0 * :Alice", "AUTHENTICATE PLAIN")
    assert codes(person.says("CAP END")) == ["906", "FAIL"]


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
