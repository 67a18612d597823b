"""Promise 3: a name is an account.

The nick is the account's name; nobody speaks as somebody else; look-alike names can't be
registered.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.ca.pem import fingerprint
from securechat.irc.message import parse
from tests.support.certificates import Authority
from tests.support.client import Client, sasl_plain
from tests.support.server import PASSWORD, ServerUnderTest, running

NEW = "violet kettles dance 4"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server where everybody may make an account, with two that exist."""
    with running(tmp_path / "data", "alice", "bob") as server:
        yield server


def registers(server: ServerUnderTest, name: str) -> str:
    """The answer to somebody who wants an account of that name."""
    with server.connect() as person:
        person.sends(f"NICK {name}", "USER x 0 * :x")
        if refusals := [line for line in person.hears() if " 432 " in line]:
            return refusals[0]
        person.sends(f"REGISTER * * :{NEW}")
        return person.hears_until("REGISTER")[-1]


# --- speaking as oneself -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim",
    [
        ":bob!bob@chat.test PRIVMSG #lobby :it's me",
        ":bob PRIVMSG #lobby :it's me",
        "@account=bob :bob!bob@chat.test PRIVMSG #lobby :it's me",
        "@account=bob;msgid=1;time=2001-01-01T00:00:00.000Z PRIVMSG #lobby :it's me",
        ":bob NOTICE #lobby :it's me",
    ],
)
def test_who_claims_to_be_another_is_heard_as_himself(server: ServerUnderTest, claim: str) -> None:
    """A prefix or a tag of a client's says nothing: the sender is the account of the session."""
    bob = server.member("bob", caps="account-tag message-tags server-time")
    alice = server.member("alice")
    bob.hears_until("JOIN")
    alice.sends(claim)
    heard = parse(bob.hears_until("it's me")[-1])
    assert heard.source == "alice!alice@chat.test"
    assert heard.tags.keys() == {"account", "msgid", "time"}
    assert heard.tags["account"] == "alice"
    assert heard.tags["msgid"] != "1"
    assert heard.tags["time"] > "2001-01-02"


@pytest.mark.parametrize(
    "order",
    [
        ":bob QUIT :gone",
        ":bob PART #lobby",
        ":bob NICK zelda",
        ":bob TOPIC #den :mine",
        ":bob MODE #den +o alice",
        ":bob KICK #den bob",
        ":bob JOIN #other",
    ],
)
def test_nobody_acts_for_another(server: ServerUnderTest, order: str) -> None:
    """Whatever a client puts in front of a command, it concerns nobody but itself."""
    bob, alice = server.member("bob"), server.member("alice")
    for person in (bob, alice):
        person.sends("JOIN #den")
        person.hears_until(" 366 ")
    alice.hears()
    bob.hears()
    alice.sends(order)
    alice.hears() if "QUIT" not in order else alice.hears_the_end()
    assert not any(line.startswith(":bob") for line in bob.hears())
    bob.sends("NAMES #den", "TOPIC #den")
    told = " ".join(bob.hears_until(" 33"))
    assert "~bob" in told
    assert " 331 " in told


def test_all_sessions_of_an_account_have_its_name(server: ServerUnderTest) -> None:
    """Whatever nick a client asked for before it logged in."""
    one, two = server.member("alice"), server.connect()
    payload = sasl_plain("alice", PASSWORD)
    two.sends("CAP REQ :sasl", "NICK bob", "USER bob 0 * :Bob", "AUTHENTICATE PLAIN")
    two.sends(f"AUTHENTICATE {payload}", "CAP END")
    two.hears_until(" 001 alice ")
    two.hears()
    bob = server.member("bob")
    two.sends("PRIVMSG #lobby :hello")
    assert bob.hears_until("hello")[-1].startswith(":alice!alice@")
    assert one.hears_until("hello")[-1].startswith(":alice!alice@")


# --- other people's names ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "numeric"), [("bob", "433"), ("BOB", "433"), ("ｂｏｂ", "433"), ("zelda", "432")]
)
def test_a_member_can_t_take_another_nick(
    server: ServerUnderTest, wanted: str, numeric: str
) -> None:
    """433 for somebody's, in whatever spelling; 432 for one that is nobody's account."""
    alice = server.member("alice")
    alice.hears()
    alice.sends(f"NICK {wanted}")
    assert alice.hears_line().startswith(f":chat.test {numeric} alice {wanted} :")
    alice.sends("PRIVMSG alice :still me")
    assert alice.hears_line().startswith(":alice!alice@")


def test_a_password_is_for_ones_own_account(server: ServerUnderTest) -> None:
    """Authorisation as somebody else is no part of it."""
    person = server.connect()
    payload = sasl_plain("alice", PASSWORD, authzid="bob")
    person.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {payload}")
    assert "you can log in as yourself only" in person.hears_until(" 904 ")[-1]


def test_a_certificate_is_for_the_account_it_was_registered_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever name it carries; and none of another CA is for anybody."""
    caplog.set_level(logging.INFO)
    clients, others = Authority("Clients"), Authority("Others")
    client_ca = clients.write(tmp_path, "client-ca")
    alice_pem = together(clients, "alice", tmp_path)
    with running(tmp_path / "data", "alice", "bob", tls={"client_ca": str(client_ca)}) as server:
        unknown = server.connect(certificate=alice_pem)
        unknown.sends("CAP REQ :sasl", "AUTHENTICATE EXTERNAL", "AUTHENTICATE +")
        assert "registered for no account" in unknown.hears_until(" 904 ")[-1]

        alice = server.connect(certificate=alice_pem)
        alice.logs_in("alice")
        alice.sends("CERT ADD laptop")
        assert fingerprint(alice_pem) in alice.hears_until("CERT ADDED")[-1]

        person = server.connect(certificate=alice_pem)
        person.sends("CAP REQ :sasl", "AUTHENTICATE EXTERNAL")
        bob = base64.b64encode(b"bob").decode()
        person.sends(f"AUTHENTICATE {bob}")
        assert "the certificate is for another account" in person.hears_until(" 904 ")[-1]
        person.sends("AUTHENTICATE EXTERNAL", "AUTHENTICATE +")
        assert " alice " in person.hears_until(" 900 ")[-1]

        client = server.connect(certificate=together(others, "bob", tmp_path))
        with pytest.raises((OSError, EOFError)):
            answer_to_a_ping(client)
    assert "TLS handshake failed: certificate verify failed" in caplog.text


def answer_to_a_ping(person: Client) -> str:
    person.sends("PING x")
    return person.hears_line()


def together(authority: Authority, name: str, directory: Path) -> Path:
    """A client certificate and its key in one file."""
    certificate, key = authority.client(name).write(directory, name)
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    return certificate


# --- names that look alike -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "alice",
        "ALICE",
        "аlice",  # a Cyrillic а
        "alicе",  # a Cyrillic е
        "a1ice",
        "aIice",
        "ａｌｉｃｅ",  # full width
        "ali\u0441e",
        "b0b",
        "boЬ",
    ],
)
def test_a_name_that_looks_like_another_can_t_be_registered(
    server: ServerUnderTest, name: str
) -> None:
    """The same name in another spelling, or one that the eye takes for it."""
    answer = registers(server, name)
    assert " FAIL REGISTER " in answer or " 432 " in answer


@pytest.mark.parametrize("name", ["zelda", "Пётр", "алиса", "דנה", "alice2"])
def test_other_names_in_any_script_can(server: ServerUnderTest, name: str) -> None:
    """Refusing look-alikes must not mean English only."""
    assert " REGISTER SUCCESS " in registers(server, name) + " "


def test_of_two_who_want_a_name_at_once_one_gets_it(server: ServerUnderTest) -> None:
    """Both passwords are being hashed when neither has it: the second is told so."""
    two = [server.connect(), server.connect()]
    for person in two:
        person.sends("NICK zelda", f"REGISTER * * :{NEW}")
    answers = sorted(person.hears_until("REGISTER")[-1].split(" ")[2:4] for person in two)
    assert [answer[:2] for answer in answers] == [
        ["REGISTER", "ACCOUNT_EXISTS"],
        ["SUCCESS", "zelda"],
    ]


def test_a_deleted_account_s_name_is_nobody_s(server: ServerUnderTest) -> None:
    """Old messages bear it, so nobody else may."""
    with server.admin() as admin:
        admin.delete(admin.find("bob", "bob"))
        server.wait_for(admin.in_effect)
    assert " FAIL REGISTER " in registers(server, "bob")


def test_one_who_logs_in_gets_the_name_as_it_was_made(server: ServerUnderTest) -> None:
    """Case doesn't make another person of somebody."""
    with server.connect() as person:
        person.logs_in("ALICE")
        person.sends("PRIVMSG alice :me")
        assert person.hears_line().startswith(":alice!alice@")
