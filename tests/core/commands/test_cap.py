"""CAP; and where it is long, nothing is granted that the client isn't told."""

from __future__ import annotations

import unicodedata

import pytest

from securechat.core.model.states import State
from securechat.irc import capabilities
from securechat.irc.message import MAX_BODY_BYTES
from tests.support.client import codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest

NAMES = " ".join(capabilities.NAMES)
LONG_NAMES = {"name": "s" * 63}


def listed(lines: list[str]) -> set[str]:
    """The capabilities in a CAP reply."""
    return {name for line in of(lines, "CAP") for name in line.params[-1].split()}


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
    registration = "draft/account-registration=before-connect,securechat/min-password=15"
    assert {"sasl=PLAIN", registration, "batch"} <= found


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


# Long ones


@pytest.mark.parametrize("count", [1, 41, 50, 59, 61, 62, 72, 73, 83])
@pytest.mark.parametrize("nick", ["", "я" * 32])
def test_what_is_granted_stands_in_the_answer(count: int, nick: str) -> None:
    """The ACK is what was asked, whole; if that doesn't fit into a line nothing is granted."""
    person = RulesUnderTest(**LONG_NAMES).connect()
    person.says(f"NICK {nick}" if nick else "PING x")
    asked = " ".join(["batch"] * count)
    message = only(person.says(f"CAP REQ :{asked}"))
    granted = message.params[1] == "ACK"
    head = f":{LONG_NAMES['name']} CAP {nick or '*'} ACK :"
    assert granted == (len(f"{head}{asked}".encode()) <= 510)
    assert not granted or message.params[2] == asked
    assert person.session.has(capabilities.BATCH) == granted


def test_a_request_without_its_colon_is_whole() -> None:
    """No word of it is passed over."""
    person = RulesUnderTest().connect()
    assert only(person.says("CAP REQ batch echo-message")).params[1:] == [
        "ACK",
        "batch echo-message",
    ]
    assert only(person.says("CAP REQ batch unknown")).params[1] == "NAK"


@pytest.mark.parametrize("version", ["302", ""])
def test_long_lists_take_several_lines(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the last have a '*', for those who know of it (version 302). The others get one line,
    and in it as many of the first as it holds.
    """
    many = {f"example.org/a-rather-long-name-{number}": 1 << number for number in range(30)}
    monkeypatch.setattr("securechat.irc.capabilities.NAMES", many)
    person = RulesUnderTest(**LONG_NAMES).connect()
    person.says("NICK " + "я" * 32)
    listed = person.says(f"CAP LS {version}")
    person.session.set_caps(2**30 - 1)
    for heard in (listed, person.says("CAP LIST")):
        *firsts, last = of(heard, "CAP")
        assert bool(firsts) == bool(version)
        assert [line.params[2:-1] for line in firsts] == [["*"]] * len(firsts)
        assert len(last.params) == 3
        found = " ".join(line.params[-1] for line in (*firsts, last)).split()
        assert found == (list(many) if version else list(many)[: len(found)])
        if not version:
            one_more = " ".join(list(many)[: len(found) + 1])
            assert len(f":{last.source} CAP {' '.join(last.params[:2])} :{one_more}".encode()) > 510


def test_no_spelling_of_a_nick_fills_the_answers() -> None:
    """A name may be sent in more bytes than it has."""
    name = "ệ" * 20
    person = RulesUnderTest().connect()
    assert person.says("NICK " + unicodedata.normalize("NFD", name)) == []
    assert {line.params[0] for line in of(person.says("CAP LS 302"), "CAP")} == {name}
    assert codes(person.says("CAP REQ :batch")) == ["CAP"]
