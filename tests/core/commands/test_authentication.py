"""AUTHENTICATE and REGISTER."""

from __future__ import annotations

from base64 import b64encode

import pytest

from securechat.core.events import AccountCreated, InviteUsed
from securechat.core.states import State
from securechat.irc.sasl import CHUNK, MAX_PAYLOAD, encode_chunks, encode_plain
from tests.support.stage import RIGHT, SERVER, WEAK, Person, Stage, codes, of, only, plain


def greeted(stage: Stage, nick: str = "alice", certificate: str | None = None) -> Person:
    """A stranger who has said all but who it is."""
    person = stage.stranger(certificate=certificate)
    person.says("CAP LS 302", f"NICK {nick}", f"USER {nick} 0 * :{nick.title()}")
    return person


# PLAIN


def test_plain_logs_in() -> None:
    """AUTHENTICATE + invites the payload, then come 900 and 903, then CAP END the welcome."""
    person = greeted(Stage("alice"))
    assert person.says("AUTHENTICATE plain") == ["AUTHENTICATE +"]
    assert person.says(f"AUTHENTICATE {plain('alice')}") == [
        f":{SERVER} 900 alice alice!alice@{SERVER} alice :You are now logged in as alice",
        f":{SERVER} 903 alice :SASL authentication successful",
    ]
    assert codes(person.says("CAP END"))[0] == "001"


def test_a_name_is_found_in_any_spelling() -> None:
    """The account's own spelling is shown."""
    person = greeted(Stage("Alice"))
    person.says("AUTHENTICATE PLAIN")
    heard = person.says(f"AUTHENTICATE {plain('aLICE', authzid='aLICE')}")
    assert of(heard, "900")[0].params[2] == "Alice"


@pytest.mark.parametrize("name", ["alice", "nobody", "not a name", "disabled", "deleted"])
def test_all_refusals_look_alike(name: str) -> None:
    """Whether there is such an account can't be told from the answer."""
    stage = Stage("alice", "disabled", "deleted")
    stage.account("disabled").disabled = stage.account("deleted").deleted = True
    person = greeted(stage, "x")
    person.says("AUTHENTICATE PLAIN")
    password = "wrong" if name == "alice" else RIGHT
    assert person.says(f"AUTHENTICATE {plain(name, password)}") == [
        f":{SERVER} 904 x :SASL authentication failed: wrong account or password"
    ]


@pytest.mark.parametrize("name", ["nobody", "disabled"])
def test_an_unknown_account_costs_a_worker_the_same(name: str) -> None:
    """The job is asked for all the same, with no account."""
    stage = Stage("disabled")
    stage.account("disabled").disabled = True
    stage.busy = True
    person = greeted(stage)
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(name)}")
    (job,) = stage.jobs
    assert getattr(job, "account", 0) is None
    assert RIGHT not in repr(job)


def test_an_account_disabled_while_the_worker_works_stays_out() -> None:
    """The answer is judged by what is true then."""
    stage = Stage("alice")
    stage.busy = True
    person = greeted(stage)
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    stage.account("alice").disabled = True
    stage.work()
    assert codes(person.hears()) == ["904"]


def test_a_failed_login_may_be_tried_again_but_not_for_ever() -> None:
    """The connection ends with the third failure."""
    person = greeted(Stage("alice"))
    for expected in (["904"], ["904"], ["904", "ERROR"]):
        person.says("AUTHENTICATE PLAIN")
        assert codes(person.says(f"AUTHENTICATE {plain('alice', 'wrong')}")) == expected
    assert person.session.state is State.CLOSED


def test_a_worker_s_failure_is_not_the_client_s() -> None:
    """It is told to come again, and may."""
    stage = Stage("alice")
    stage.busy = True
    person = greeted(stage)
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    stage.fail_job()
    fail, refused = person.hears()
    assert "TEMPORARILY_UNAVAILABLE" in fail
    assert codes([refused]) == ["904"]
    stage.busy = False
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {plain('alice')}")) == ["900", "903"]


def test_nobody_logs_in_as_another() -> None:
    """An authzid other than the authcid is refused."""
    person = greeted(Stage("alice", "bob"))
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {plain('alice', authzid='bob')}")) == ["904"]
    assert person.session.account is None


@pytest.mark.parametrize("size", [200, 3 * CHUNK // 4, 900])
def test_a_long_payload_comes_in_chunks(size: int) -> None:
    """400 letters each; the worker gets the password whole."""
    stage = Stage("alice")
    stage.busy = True
    person = greeted(stage)
    person.says("AUTHENTICATE PLAIN")
    password = "x" * (size - len("alice\0alice\0"))
    chunks = encode_chunks(encode_plain("alice", password))
    assert person.says(*(f"AUTHENTICATE {chunk}" for chunk in chunks)) == []
    assert [getattr(job, "password", "") for job in stage.jobs] == [password]


@pytest.mark.parametrize(
    "payload",
    [
        "!!!!",
        "YQ",
        "+",
        b64encode(b"a\0b").decode(),
        b64encode(b"\0\xff\0x").decode(),
        plain("", "x"),
        plain("alice", ""),
    ],
)
def test_a_malformed_payload(payload: str) -> None:
    """904, and another try may follow."""
    person = greeted(Stage("alice"))
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {payload}")) == ["904"]
    assert person.says("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]


def test_a_chunk_over_400_letters() -> None:
    """905."""
    person = greeted(Stage("alice"))
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says("AUTHENTICATE " + "A" * 401)) == ["905"]


def test_a_payload_without_end() -> None:
    """905 once it is over the limit; nothing is gathered beyond it."""
    person = greeted(Stage("alice"))
    person.says("AUTHENTICATE PLAIN")
    chunks = ["AUTHENTICATE " + "A" * CHUNK] * (MAX_PAYLOAD // CHUNK)
    assert person.says(*chunks) == []
    assert codes(person.says("AUTHENTICATE QUFB")) == ["905"]


def test_an_abort() -> None:
    """906, in an exchange and without one."""
    person = greeted(Stage("alice"))
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says("AUTHENTICATE *")) == ["906"]
    assert codes(person.says("AUTHENTICATE *")) == ["906"]
    assert person.session.state is State.CONNECTED


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "EXTERNAL", "+", "x" * 300])
def test_an_unknown_mechanism(mechanism: str) -> None:
    """908 with those that there are, and 904."""
    person = greeted(Stage("alice"))
    heard = person.says(f"AUTHENTICATE {mechanism}")
    assert codes(heard) == ["908", "904"]
    assert of(heard, "908")[0].params[1] == "PLAIN"


def test_once_is_enough() -> None:
    """907 for whoever is logged in, before the welcome and after it."""
    stage = Stage("alice")
    person = greeted(stage)
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    assert codes(person.says("AUTHENTICATE PLAIN")) == ["907"]
    person.says("CAP END")
    assert codes(person.says("AUTHENTICATE PLAIN")) == ["907"]
    assert codes(person.says("AUTHENTICATE")) == ["461"]


def test_an_account_has_a_limit_of_connections() -> None:
    """The one too many is told why and closed."""
    stage = Stage("alice", max_sessions=2)
    for _ in range(2):
        stage.member("alice")
    person = greeted(stage)
    person.says("AUTHENTICATE PLAIN")
    assert person.says(f"AUTHENTICATE {plain('alice')}") == [
        "ERROR :Closing link: alice has 2 connections already"
    ]


# EXTERNAL


@pytest.mark.parametrize("authzid", ["+", b64encode(b"alice").decode()])
def test_a_certificate_logs_in(authzid: str) -> None:
    """Its common name is the account; no worker is needed."""
    stage = Stage("alice", external=True)
    stage.busy = True
    person = greeted(stage, certificate="alice")
    assert person.says("AUTHENTICATE EXTERNAL") == ["AUTHENTICATE +"]
    assert codes(person.says(f"AUTHENTICATE {authzid}")) == ["900", "903"]


@pytest.mark.parametrize(
    ("certificate", "payload"),
    [
        (None, "+"),
        ("alice", b64encode(b"bob").decode()),
        ("nobody", "+"),
        ("a b", "+"),
        ("gone", "+"),
    ],
)
def test_a_certificate_that_is_not_enough(certificate: str | None, payload: str) -> None:
    """None, one for somebody else, and one for an account that there is not."""
    stage = Stage("alice", "bob", "gone", external=True)
    stage.account("gone").disabled = True
    person = greeted(stage, certificate=certificate)
    person.says("AUTHENTICATE EXTERNAL")
    assert codes(person.says(f"AUTHENTICATE {payload}")) == ["904"]
    assert person.session.account is None


# REGISTER


def fail_code(lines: list[str]) -> str:
    """The code of the FAIL REGISTER that is all that was heard."""
    message = only(lines)
    assert (message.command, message.params[0]) == ("FAIL", "REGISTER")
    return message.params[1]


def test_an_invited_guest_registers() -> None:
    """SUCCESS and 900, CAP END brings the welcome, and the invite is used up."""
    stage = Stage()
    stage.invite("s3cret")
    person = greeted(stage, "Carol")
    assert person.says("REGISTER * s3cret :a long password") == [
        f":{SERVER} REGISTER SUCCESS Carol :Account registered. Welcome!",
        f":{SERVER} 900 Carol Carol!Carol@{SERVER} Carol :You are now logged in as Carol",
    ]
    assert "001" in codes(person.says("CAP END"))
    assert [type(event) for event in stage.stored[:2]] == [InviteUsed, AccountCreated]
    assert not stage.account("carol").admin
    assert fail_code(greeted(stage, "dave").says("REGISTER * s3cret pw")) == "INVALID_EMAIL"


def test_the_account_may_be_named() -> None:
    """By the nick, exactly."""
    stage = Stage(registration="open")
    person = greeted(stage, "carol")
    assert fail_code(person.says("REGISTER dave * pw")) == "ACCOUNT_NAME_MUST_BE_NICK"
    assert codes(person.says("REGISTER carol * pw")) == ["REGISTER", "900"]


def test_an_admin_invite_makes_an_administrator() -> None:
    """It is the first link of a new server."""
    stage = Stage()
    stage.invite("first", admin=True)
    person = greeted(stage, "carol")
    person.says("REGISTER * first pw", "CAP END")
    assert stage.account("carol").admin
    assert stage.model.admins_online == 1


@pytest.mark.parametrize("code", ["*", "unknown", "expired", "used"])
def test_an_invite_that_is_none(code: str) -> None:
    """INVALID_EMAIL, as the code stands in the e-mail's place; nothing else is looked at."""
    stage = Stage("alice")
    stage.invite("expired", days=-1)
    stage.invite("used", uses=0)
    for nick in ("alice", "carol"):
        assert fail_code(greeted(stage, nick).says(f"REGISTER * {code} pw")) == "INVALID_EMAIL"
    assert stage.jobs == []


def test_an_invite_ends_at_its_hour() -> None:
    """It is good until then."""
    stage = Stage()
    stage.invite("code", days=1)
    stage.now_ms += 86_399_999
    assert codes(greeted(stage, "carol").says("REGISTER * code pw")) == ["REGISTER", "900"]
    stage.invite("other", days=0)
    assert fail_code(greeted(stage, "dave").says("REGISTER * other pw")) == "INVALID_EMAIL"


def test_an_invite_for_one_is_for_one() -> None:
    """Two who use it at once: the first gets in, the other is refused when its hash is there."""
    stage = Stage()
    stage.invite("code")
    stage.busy = True
    carol, dave = greeted(stage, "carol"), greeted(stage, "dave")
    carol.says("REGISTER * code pw")
    dave.says("REGISTER * code pw")
    stage.work()
    assert codes(carol.hears()) == ["REGISTER", "900"]
    assert fail_code(dave.hears()) == "INVALID_EMAIL"
    assert dave.session.state is State.CONNECTED


def test_two_want_one_name() -> None:
    """The first gets it."""
    stage = Stage(registration="open")
    stage.busy = True
    first, second = greeted(stage, "carol"), greeted(stage, "CAROL")
    first.says("REGISTER * * pw")
    second.says("REGISTER * * pw")
    stage.work()
    assert codes(first.hears()) == ["REGISTER", "900"]
    assert fail_code(second.hears()) == "ACCOUNT_EXISTS"


@pytest.mark.parametrize(
    ("nick", "code"),
    [
        ("alice", "ACCOUNT_EXISTS"),
        ("ALICE", "ACCOUNT_EXISTS"),
        ("a1ice", "BAD_ACCOUNT_NAME"),
        ("сор", "BAD_ACCOUNT_NAME"),
        ("admin", "BAD_ACCOUNT_NAME"),
        ("NickServ", "BAD_ACCOUNT_NAME"),
    ],
)
def test_names_that_can_not_be_had(nick: str, code: str) -> None:
    """Taken, looking like somebody's, or speaking for the server."""
    person = greeted(Stage("alice", "cop", registration="open"), nick)
    message = only(person.says("REGISTER * * pw"))
    assert message.params[1:3] == [code, nick]


def test_other_scripts_are_welcome() -> None:
    """A Cyrillic name of its own."""
    person = greeted(Stage(registration="open"), "Борис")
    assert codes(person.says("REGISTER * * pw")) == ["REGISTER", "900"]


def test_a_weak_password() -> None:
    """The worker says so, with the reason; another one may follow."""
    person = greeted(Stage(registration="open"), "carol")
    message = only(person.says(f"REGISTER * * {WEAK}"))
    assert message.params[1:] == ["WEAK_PASSWORD", "carol", "Too weak"]
    assert codes(person.says("REGISTER * * better")) == ["REGISTER", "900"]


def test_registration_is_closed() -> None:
    """Even with an invite."""
    stage = Stage(registration="closed")
    stage.invite("code")
    for code in ("*", "code"):
        found = fail_code(greeted(stage, "carol").says(f"REGISTER * {code} pw"))
        assert found == "TEMPORARILY_UNAVAILABLE"


def test_open_registration_takes_invites_too() -> None:
    """An administrator's link works there; a wrong code is not taken for none."""
    stage = Stage(registration="open")
    stage.invite("code", admin=True)
    assert fail_code(greeted(stage, "dave").says("REGISTER * wrong pw")) == "INVALID_EMAIL"
    greeted(stage, "carol").says("REGISTER * code pw")
    assert stage.account("carol").admin


def test_register_needs_a_nick() -> None:
    """NEED_NICK."""
    person = Stage(registration="open").stranger()
    assert fail_code(person.says("REGISTER * * pw")) == "NEED_NICK"


def test_register_once() -> None:
    """ALREADY_AUTHENTICATED, before the welcome and after it."""
    stage = Stage("alice", registration="open")
    person = greeted(stage, "carol")
    person.says("REGISTER * * pw")
    assert fail_code(person.says("REGISTER * * pw")) == "ALREADY_AUTHENTICATED"
    person.says("CAP END")
    assert fail_code(person.says("REGISTER * * pw")) == "ALREADY_AUTHENTICATED"


def test_register_beside_sasl() -> None:
    """One after the other."""
    person = greeted(Stage(registration="open"), "carol")
    person.says("AUTHENTICATE PLAIN")
    assert fail_code(person.says("REGISTER * * pw")) == "TEMPORARILY_UNAVAILABLE"


def test_register_when_the_worker_fails() -> None:
    """REGISTER is answered, not SASL, and may be said again."""
    stage = Stage(registration="open")
    stage.busy = True
    person = greeted(stage, "carol")
    person.says("REGISTER * * pw")
    stage.fail_job()
    assert fail_code(person.hears()) == "TEMPORARILY_UNAVAILABLE"
    stage.busy = False
    assert codes(person.says("REGISTER * * pw")) == ["REGISTER", "900"]


def test_register_needs_its_parameters() -> None:
    """461."""
    assert codes(greeted(Stage(), "carol").says("REGISTER * *")) == ["461"]


def test_guessing_invites_ends() -> None:
    """Nine wrong ones and the connection is closed."""
    person = greeted(Stage(), "carol")
    heard = person.says(*(f"REGISTER * guess{n} pw" for n in range(20)))
    assert codes(heard) == ["FAIL"] * 9 + ["ERROR"]
