"""A member abuses what makes an account: one invite for many accounts, a name that isn't free any
more, a login that goes on after the account has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.core.auth import throttle
from securechat.core.model.states import State
from tests.support.client import Client, codes, only, sasl_plain
from tests.support.rules import RulesUnderTest, plain
from tests.support.server import PASSWORD, ServerUnderTest, running

NEW = "violet kettles dance 4"
MANY = 20


def together(clients: list[Client], *lines: str) -> list[list[str]]:
    """All say the same at once; what each hears until REGISTER or a login is answered."""
    for client in clients:
        client.sends(*lines)
    return [
        client.hears_until(lambda line: " REGISTER " in line or " 90" in line) for client in clients
    ]


def invite(server: ServerUnderTest, uses: int) -> str:
    with server.admin() as admin:
        code = admin.invites.make(uses=uses, expires_ms=4_000_000_000_000, now_ms=1)
        server.wait_for(admin.in_effect)
    return code


@pytest.mark.parametrize("uses", [1, 3])
def test_an_invite_is_good_for_as_many_accounts_as_it_says(tmp_path: Path, uses: int) -> None:
    """Twenty connections use it at once, each with a name of its own."""
    accounts = {"registration": "invite", "bcrypt_cost": 6}
    with running(tmp_path / "data", accounts=accounts) as server:
        code = invite(server, uses)
        clients = [server.connect() for _ in range(MANY)]
        for number, client in enumerate(clients):
            client.sends(f"NICK guest{number}x", f"USER g 0 * :Guest {number}")
            client.hears_until("ACCOUNT_REQUIRED")
        answers = together(clients, f"REGISTER * {code} :{NEW}")
        made = [answer for answer in answers if any("REGISTER SUCCESS" in line for line in answer)]
        refused = [line for answer in answers for line in answer if "INVALID_EMAIL" in line]
        assert (len(made), len(refused)) == (uses, MANY - uses)
        with server.admin() as admin:
            assert len(list(admin.reader.accounts())) == uses


def test_a_name_goes_to_one_of_those_who_want_it_at_once(tmp_path: Path) -> None:
    """In twenty spellings, over as many connections, with an invite for all of them."""
    accounts = {"registration": "invite", "bcrypt_cost": 6}
    spellings = ["zelda", "ZELDA", "Zelda", "\uff5a\uff45\uff4c\uff44\uff41", "ze1da"]
    with running(tmp_path / "data", accounts=accounts) as server:
        code = invite(server, MANY)
        clients = [server.connect() for _ in range(MANY)]
        for number, client in enumerate(clients):
            client.sends(f"NICK {spellings[number % len(spellings)]}")
        answers = together(clients, f"REGISTER * {code} :{NEW}")
        made = [line for answer in answers for line in answer if "REGISTER SUCCESS" in line]
        assert len(made) == 1
        with server.admin() as admin:
            assert len(list(admin.reader.accounts())) == 1


def test_one_connection_makes_one_account() -> None:
    """REGISTER again, before the answer and after it, with other names."""
    rules = RulesUnderTest(registration="open")
    rules.busy = True
    person = rules.connect()
    person.says("NICK anna", "REGISTER * * :pw", "NICK berta", "REGISTER * * :pw", "NICK carla")
    person.says("REGISTER carla * :pw", "CAP END", "USER x 0 * :x")
    rules.busy = False
    rules.work()
    person.says("REGISTER * * :pw", "NICK doris", "REGISTER doris * :pw")
    assert [account.name for account in rules.model.accounts.values()] == ["anna"]


# --- a name that is nobody's any more ------------------------------------------------------------


@pytest.fixture
def deleted() -> RulesUnderTest:
    """Alice's account is deleted; she was an operator, and was invited and written to."""
    rules = RulesUnderTest("alice", "bob", registration="open")
    alice, bob = rules.member("alice"), rules.member("bob")
    bob.says("JOIN #den,#closed", "MODE #closed +i", "INVITE alice #closed")
    alice.says("JOIN #den")
    bob.says("MODE #den +o alice", "PRIVMSG alice :for alice alone")
    with rules.turn() as turn:
        account = rules.account("alice")
        account.deleted = account.disabled = True
        rules.rules.account_removed(turn, account, "deleted")
    bob.hears()
    return rules


@pytest.mark.parametrize("name", ["alice", "ALICE", "al\u0456ce", "a1ice", "\uff41lice"])
def test_a_deleted_account_s_name_is_given_to_nobody(deleted: RulesUnderTest, name: str) -> None:
    """So nobody gets its messages, its channels, its roles and its invitations with it."""
    person = deleted.connect()
    heard = person.says(f"NICK {name}", "USER x 0 * :x", "REGISTER * * :pw", "CAP END")
    assert "001" not in codes(heard + person.hears())
    assert len(deleted.model.accounts) == 2


def test_a_deleted_account_is_deleted_while_somebody_registers_its_name() -> None:
    """The name was free when it was asked for, and it isn't when the hash is there."""
    rules = RulesUnderTest(registration="open")
    rules.busy = True
    person = rules.connect()
    person.says("NICK alice", "REGISTER * * :pw")
    answer = rules.do(rules.jobs.pop())
    account = rules.add("alice")
    account.deleted = account.disabled = True
    rules.answer(answer)
    assert only(person.hears()).params[:2] == ["REGISTER", "ACCOUNT_EXISTS"]
    assert person.session.account is None


def test_the_owner_of_a_deleted_account_can_t_come_back(deleted: RulesUnderTest) -> None:
    """Neither with the password nor with the certificate."""
    person = deleted.connect()
    assert "900" not in codes(person.logs_in("alice"))
    with_certificate = RulesUnderTest("alice", external=True)
    with_certificate.registers("alice", "alice's")
    with_certificate.account("alice").deleted = with_certificate.account("alice").disabled = True
    person = with_certificate.connect(certificate="alice's")
    person.says("CAP REQ :sasl", "AUTHENTICATE EXTERNAL")
    assert codes(person.says("AUTHENTICATE +")) == ["904"]


# --- an account that is disabled -----------------------------------------------------------------


def knows_the_password(rules: RulesUnderTest) -> Client:
    """The answer to the password's check is still to come."""
    person = rules.connect()
    person.says("CAP REQ :sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    person.says(f"AUTHENTICATE {plain('alice')}", "CAP END", "JOIN #den", "PRIVMSG #den :still me")
    assert person.session.state is State.VERIFYING
    return person


def is_proven(rules: RulesUnderTest) -> Client:
    """Logged in, without having finished the connection's registration."""
    person = rules.connect()
    rules.busy = False
    person.says("CAP REQ :sasl", "NICK alice", "AUTHENTICATE PLAIN")
    person.says(f"AUTHENTICATE {plain('alice')}")
    rules.busy = True
    assert person.session.state is State.PROVEN
    return person


def is_loading(rules: RulesUnderTest) -> Client:
    """What was missed is being read."""
    rules.member("bob").says("PRIVMSG alice :hello")
    person = is_proven(rules)
    person.says("USER a 0 * :A", "CAP END", "JOIN #den", "PRIVMSG #den :still me")
    assert person.session.state is State.LOADING
    return person


def is_ready(rules: RulesUnderTest) -> Client:
    rules.busy = False
    person = rules.member("alice")
    rules.busy = True
    return person


def by_pass(rules: RulesUnderTest) -> Client:
    person = rules.connect()
    person.says("PASS alice:right", "NICK alice", "USER a 0 * :A", "JOIN #den")
    assert person.session.state is State.VERIFYING
    return person


STATES: list[Callable[[RulesUnderTest], Client]] = [
    *(knows_the_password, is_proven, is_loading, is_ready, by_pass)
]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ["disabled", "deleted", "new password"])
def test_an_account_that_ends_has_no_session_and_no_login_under_way(
    state: Callable[[RulesUnderTest], Client], act: str
) -> None:
    """Whatever was proven before the administrator's act is worth nothing behind it."""
    rules = RulesUnderTest("alice", "bob")
    rules.busy = True
    person = state(rules)
    person.hears()
    account = rules.account("alice")
    with rules.turn() as turn:
        if act == "new password":
            rules.rules.end_sessions(turn, account, act)
        else:
            account.disabled, account.deleted = True, act == "deleted"
            rules.rules.end_sessions(turn, account, act)
    rules.busy = False
    rules.work()
    heard = person.hears() + person.says("JOIN #den", "PRIVMSG bob :still me", "PONG x")
    # Whose password was only being checked hears that it is wrong, and is nobody still.
    assert person.session.state is State.CLOSED or person.session.account is None
    assert not {"001", "900", "JOIN"} & set(codes(heard))
    assert account not in rules.model.online
    assert "#den" not in rules.model.channels


def test_an_account_with_many_sessions_loses_all_of_them_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty that are logged in, twenty whose password is being checked, their lines on the way."""
    monkeypatch.setattr(throttle, "FREE", throttle.MAX_LEVEL)
    limits = {"sessions_per_account": 100}
    accounts = {"bcrypt_cost": 6}
    with running(tmp_path / "data", "bob", limits=limits, accounts=accounts) as server:
        server.add("alice")
        bob = server.member("bob")
        alices = [server.member("alice") for _ in range(MANY)]
        pending = [server.connect() for _ in range(MANY)]
        payload = sasl_plain("alice", PASSWORD)
        for client in pending:
            client.sends("CAP REQ :sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
            client.sends(f"AUTHENTICATE {payload}", "CAP END", "PRIVMSG bob :late")
        with server.admin() as admin:
            admin.set_disabled(admin.find("alice", "alice"), disabled=True)
            server.wait_for(admin.in_effect)
        for alice in alices:
            assert any("disabled" in line for line in alice.hears_the_end())
        for client in pending:  # refused, or ended if the password was checked in time
            client.hears_until(lambda line: " 904 " in line or "ERROR" in line)
        bob.hears()
        client = server.connect()
        client.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {payload}")
        client.hears_until(" 904 ")
        assert bob.hears() == []


def test_a_member_can_t_shut_another_out_by_taking_all_sessions_of_its_own() -> None:
    """The limit is each account's own."""
    rules = RulesUnderTest("alice", "mallory", max_sessions=3)
    for _ in range(5):
        rules.connect().logs_in("mallory")
    assert len(rules.account("mallory").sessions) == 3
    assert "001" in codes(rules.connect().logs_in("alice"))
