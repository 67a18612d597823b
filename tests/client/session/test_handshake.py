"""From the first byte to the welcome: Handshake."""

from __future__ import annotations

import pytest

from securechat.client.session.events.base import Info, Problem
from securechat.client.session.events.connection import Delayed, LoginRefused, Registered
from securechat.client.session.handshake import (
    FETCHING,
    MAX_WAIT,
    NO_REPLAY,
    PRE_AWAY,
    REGISTRATION,
    SHOWING,
    WANTED,
    Missed,
)
from securechat.client.session.identity import AccountRequest, Login
from securechat.client.session.labels import CAPABILITY as LABELS
from securechat.client.session.session import LOGIN_PATIENCE, Stage
from securechat.irc.message import KEY_TAG
from tests.client.dialogue import Talk
from tests.client.scripted import OFFER

WITH_REGISTRATION = f"{OFFER} {REGISTRATION}=before-connect,email-required"


def alice(password: str | None = "secret") -> Talk:
    talk = Talk(Login("alice", password))
    talk.opens()
    return talk


def newcomer(password: str = "secret") -> Talk:
    talk = Talk(AccountRequest("alice", password, "CODE1234"))
    talk.opens()
    return talk


def granted(talk: Talk, offer: str = OFFER) -> list[str]:
    """The server offers and grants capabilities; what the client says then."""
    [request] = talk.hears(f"CAP * LS :{offer}")
    return talk.hears(request.replace("CAP REQ", "CAP * ACK"))


def test_a_login_with_a_password() -> None:
    """CAP, SASL PLAIN, CAP END; the nick is the account's name."""
    talk = Talk(Login("alice", "secret"))
    assert talk.opens() == ["CAP LS 302", "NICK alice", "USER alice 0 * alice"]
    assert granted(talk) == ["AUTHENTICATE PLAIN"]
    assert talk.hears("AUTHENTICATE +") == ["AUTHENTICATE YWxpY2UAYWxpY2UAc2VjcmV0"]
    assert talk.hears("900 alice alice!alice@h alice :You are now logged in") == []
    assert talk.hears("903 alice :ok") == ["CAP END"]
    assert talk.shows() == []
    talk.hears("001 Alice :Welcome")
    assert talk.session.stage is Stage.REPLAY
    assert talk.session.nick == "Alice"


def test_all_that_is_offered_and_wanted_is_requested() -> None:
    """And nothing that isn't offered."""
    [request] = alice().hears(f"CAP * LS :{OFFER} {LABELS} {KEY_TAG} unknown-cap")
    assert request == f"CAP REQ :{' '.join(WANTED)}"
    [request] = alice().hears("CAP * LS :echo-message sasl=PLAIN")
    assert request == "CAP REQ :echo-message sasl"


def test_an_offer_of_several_lines() -> None:
    """The request waits for the last one."""
    talk = alice()
    assert talk.hears("CAP * LS * :sasl=PLAIN batch") == []
    assert talk.hears("CAP * LS :echo-message") == ["CAP REQ :batch echo-message sasl"]


def test_a_program_says_that_nobody_is_there() -> None:
    """Before the login, so that its coming and going need not be shown; a person never says it."""
    talk = Talk(Login("alice", "secret"), missed=Missed.LEFT)
    talk.opens()
    assert granted(talk, f"{OFFER} {PRE_AWAY}") == ["AWAY *", "AUTHENTICATE PLAIN"]
    talk.hears("306 * :You have been marked as being away")
    assert talk.shows() == []
    assert granted(alice(), f"{OFFER} {PRE_AWAY}") == ["AUTHENTICATE PLAIN"]


def test_a_login_with_a_certificate() -> None:
    """SASL EXTERNAL, with the account as its payload."""
    talk = alice(None)
    assert granted(talk) == ["AUTHENTICATE EXTERNAL"]
    assert talk.hears("AUTHENTICATE +") == ["AUTHENTICATE YWxpY2U="]


def test_a_long_password_goes_in_chunks() -> None:
    """Of 400 characters."""
    talk = alice("p" * 400)
    granted(talk)
    sent = talk.hears("AUTHENTICATE +")
    assert [len(line.removeprefix("AUTHENTICATE ")) for line in sent] == [400, 152]


@pytest.mark.parametrize("code", ["902", "904", "905", "906", "907"])
def test_a_refused_login_ends_with_the_servers_words(code: str) -> None:
    """Another password may be asked for; the connection is closed."""
    talk = alice()
    granted(talk)
    talk.hears("AUTHENTICATE +", "908 alice PLAIN :are available SASL mechanisms")
    assert talk.hears(f"{code} alice :wrong account or password") == ["QUIT"]
    assert talk.shows()[-1:] == [LoginRefused("wrong account or password", "password", reason=code)]
    assert talk.hangup is not None
    assert talk.session.finished


def test_a_server_without_our_mechanism() -> None:
    """Is told as such, before anything secret is sent."""
    talk = alice(None)
    assert granted(talk, OFFER.replace("PLAIN,EXTERNAL", "PLAIN")) == ["QUIT"]
    [refused] = talk.shows()
    assert isinstance(refused, LoginRefused)
    assert "SASL EXTERNAL" in refused.text


def test_a_server_without_sasl() -> None:
    """No password is sent in any other way."""
    talk = alice()
    assert granted(talk, "echo-message") == ["QUIT"]


def test_a_server_without_echoes() -> None:
    """Nothing would tell what is stored, so it is refused."""
    talk = alice()
    assert talk.hears("CAP * LS :sasl=PLAIN") == ["QUIT"]
    [refused] = talk.shows()
    assert isinstance(refused, LoginRefused)
    assert "echo-message" in refused.text


def test_capabilities_that_are_taken_back() -> None:
    """End the login instead of going on without."""
    talk = alice()
    talk.hears(f"CAP * LS :{OFFER}")
    assert talk.hears("CAP * NAK :sasl echo-message") == ["QUIT"]


def test_an_account_that_is_required() -> None:
    """FAIL with any code but a temporary one is a refusal."""
    talk = alice()
    talk.hears("FAIL * ACCOUNT_REQUIRED :This server wants a login")
    assert talk.shows() == [LoginRefused("This server wants a login", reason="ACCOUNT_REQUIRED")]


def test_a_temporary_failure_is_no_refusal() -> None:
    """The connection is dropped, and the next attempt may succeed."""
    talk = alice()
    granted(talk)
    talk.hears("FAIL * TEMPORARILY_UNAVAILABLE :try again in a minute")
    assert talk.hangup == "the server says: try again in a minute"
    assert not talk.session.finished


def test_a_nick_in_use_before_the_login_is_shown_and_passes() -> None:
    """The account decides the name once we are logged in."""
    talk = alice()
    talk.hears("433 * alice :That name is somebody's")
    assert talk.shows() == [Problem("That name is somebody's")]
    assert granted(talk) == ["AUTHENTICATE PLAIN"]


def test_a_registration() -> None:
    """The invite code stands in the e-mail's place; then we are logged in."""
    talk = newcomer("two words")
    assert granted(talk, WITH_REGISTRATION) == ["REGISTER * CODE1234 :two words"]
    assert talk.hears("REGISTER SUCCESS alice :Welcome!") == ["CAP END"]
    talk.hears("900 alice alice!alice@h alice :You are now logged in", "001 alice :Welcome")
    assert talk.shows() == [Info("Welcome!"), Registered()]
    assert talk.session.stage is Stage.REPLAY


def test_after_a_registration_the_next_connection_logs_in() -> None:
    """The code is used up, and the password is known."""
    talk = newcomer()
    granted(talk, WITH_REGISTRATION)
    talk.hears("REGISTER SUCCESS alice :Welcome!", "001 alice :Welcome")
    talk.loses()
    talk.opens()
    assert granted(talk, WITH_REGISTRATION) == ["AUTHENTICATE PLAIN"]


@pytest.mark.parametrize(
    ("code", "again"),
    [
        ("WEAK_PASSWORD", "password"),
        ("UNACCEPTABLE_PASSWORD", "password"),
        ("ACCOUNT_EXISTS", "name"),
        ("BAD_ACCOUNT_NAME", "name"),
        ("INVALID_EMAIL", ""),
        ("TEMPORARILY_UNAVAILABLE", ""),
    ],
)
def test_a_refused_registration_tells_what_to_ask_again(code: str, again: str) -> None:
    """With the server's own words."""
    talk = newcomer()
    granted(talk, WITH_REGISTRATION)
    talk.hears(f"FAIL REGISTER {code} alice :The reason")
    assert talk.shows() == [LoginRefused("The reason", again, reason=code)]


@pytest.mark.parametrize("code", ["432", "433"])
def test_a_name_that_is_refused_when_registering(code: str) -> None:
    """Another one may be asked for."""
    talk = newcomer()
    talk.hears(f"{code} * alice :Not this name")
    assert talk.shows() == [LoginRefused("alice: Not this name", "name", reason=code)]


def test_a_password_too_long_for_a_registration() -> None:
    """Is refused here; half a password would be worse."""
    talk = newcomer("p" * 500)
    assert granted(talk, WITH_REGISTRATION) == ["QUIT"]
    [refused] = talk.shows()
    assert isinstance(refused, LoginRefused)
    assert refused.ask_again == "password"
    assert "ppp" not in refused.text


def test_a_server_without_registration() -> None:
    """Says so."""
    talk = newcomer()
    assert granted(talk) == ["QUIT"]


def test_further_verification_is_not_possible_here() -> None:
    """The server's words say what it wants."""
    talk = newcomer()
    granted(talk, WITH_REGISTRATION)
    talk.hears("REGISTER VERIFICATION_REQUIRED alice :Read your mail")
    assert talk.shows() == [LoginRefused("Read your mail")]


def test_a_quiet_session_asks_for_no_replay() -> None:
    """Where the server has that."""
    talk = Talk(Login("alice", "secret"), missed=Missed.LEFT)
    talk.opens()
    [request] = talk.hears(f"CAP * LS :{OFFER} {NO_REPLAY}")
    assert NO_REPLAY in request.split()
    [request] = alice().hears(f"CAP * LS :{OFFER} {NO_REPLAY}")
    assert NO_REPLAY not in request.split()


@pytest.mark.parametrize(
    ("missed", "asked"),
    [
        (Missed.LEFT, {NO_REPLAY, PRE_AWAY}),
        (Missed.FOLLOWED, {NO_REPLAY, SHOWING}),
        (Missed.REPLAYED, {SHOWING}),
        (Missed.FETCHED, {NO_REPLAY, SHOWING, *FETCHING}),
    ],
)
def test_what_is_asked_for_by_whom(missed: Missed, asked: set[str]) -> None:
    """Who shows what is said hears of renamed channels; who shows whole conversations, of more."""
    talk = Talk(Login("alice", "secret"), missed=missed)
    talk.opens()
    offered = {NO_REPLAY, PRE_AWAY, SHOWING, *FETCHING}
    [request] = talk.hears(f"CAP * LS :{OFFER} {' '.join(offered)}")
    assert offered & set(request.split()) == asked


def test_an_error_before_the_welcome_is_shown() -> None:
    """NOTICE too; ERROR is the server's last word, and why the connection ends."""
    talk = alice()
    talk.hears("NOTICE * :*** wait", "451 * :Not registered")
    assert talk.shows() == [Info("*** wait"), Problem("Not registered")]
    talk.hears("ERROR :Too many connections")
    assert talk.hangup == "the server says: Too many connections"


def test_a_certificate_that_is_refused() -> None:
    """Is no wrong password; and what nothing answers to isn't a chat server's port."""
    talk = alice(None)
    assert talk.session.unanswered
    granted(talk)
    talk.hears("AUTHENTICATE +", "904 alice :no such certificate")
    assert talk.shows()[-1:] == [
        LoginRefused("no such certificate", "password", reason="BY_CERTIFICATE")
    ]
    assert not talk.session.unanswered


def test_the_code_follows_the_password_directly() -> None:
    """As in clients that can't ask for it: alice, NUL, alice, NUL, secret123456."""
    talk = Talk(Login("alice", "secret", "123456"))
    talk.opens()
    granted(talk)
    assert talk.hears("AUTHENTICATE +") == ["AUTHENTICATE YWxpY2UAYWxpY2UAc2VjcmV0MTIzNDU2"]


def test_a_code_that_is_wanted() -> None:
    """The person may be asked for it; the 904 that follows is of no interest."""
    talk = alice()
    granted(talk)
    talk.hears("AUTHENTICATE +")
    sent = talk.hears("FAIL AUTHENTICATE CODE_REQUIRED :Your code, please", "904 alice :failed")
    assert sent == ["QUIT"]
    assert talk.shows() == [LoginRefused("Your code, please", "code", reason="CODE_REQUIRED")]
    assert talk.session.finished


@pytest.mark.parametrize(("told", "seconds"), [("7", 7), ("0", 0), ("9" * 5000, MAX_WAIT)])
def test_a_login_that_is_held_back(told: str, seconds: int) -> None:
    """Is shown, and the time for the login begins anew."""
    talk = alice()
    granted(talk)
    talk.hears("AUTHENTICATE +", f"NOTE AUTHENTICATE WAIT {told} :Wait, there were many guesses")
    assert talk.shows() == [Delayed("Wait, there were many guesses", seconds)]
    assert talk.waits(LOGIN_PATIENCE + seconds - 1) == (["PING alive"] if seconds else [])
    talk.hears("903 alice :ok")
    assert talk.hangup is None
    talk.waits(2)
    assert talk.hangup == "the login was not finished in time"


@pytest.mark.parametrize("command", ["AUTHENTICATE", "REGISTER"])
def test_a_login_that_waits_for_others(command: str) -> None:
    """Is shown once, and goes on as long as the server says that it waits: minutes, if need be."""
    talk = alice()
    granted(talk)
    talk.hears("AUTHENTICATE +")
    for _ in range(40):
        talk.hears(f"NOTE {command} QUEUED 5 :Many log in at once")
        talk.waits(5)
    assert talk.shows() == [Delayed("Many log in at once", 5, queued=True)]
    talk.hears("903 alice :ok")
    assert talk.hangup is None


@pytest.mark.parametrize(
    "line",
    [
        "NOTE AUTHENTICATE WAIT :text",
        "NOTE AUTHENTICATE QUEUED :text",
        "NOTE AUTHENTICATE WAIT soon :text",
        "NOTE * CODE 5 :text",
    ],
)
def test_a_note_of_another_kind(line: str) -> None:
    """Is shown as one."""
    talk = alice()
    talk.hears(line)
    assert talk.shows() == [Info("text")]


def test_no_secret_of_a_login_is_in_a_repr() -> None:
    """As that may reach a log."""
    assert "secret" not in repr(Login("alice", "secret", "secret code"))
    assert "secret" not in repr(AccountRequest("alice", "secret", "secret code"))
