"""`securechat-admin` beside a running server: every change is in effect when the command ends."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.admin.context import who
from securechat.common import strength
from securechat.core.auth import totp
from securechat.credentials.link import InviteLink
from tests.support.admin_cli import GOOD, AdminCli
from tests.support.client import Client, sasl_plain
from tests.support.server import PASSWORD, ServerUnderTest, running

IN_EFFECT = "In effect: the running server has taken it up.\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "server", accounts={"registration": "invite"}) as server:
        yield server


@pytest.fixture
def cli(server: ServerUnderTest) -> AdminCli:
    return AdminCli(server.data.path)


def is_let_in(server: ServerUnderTest, name: str, password: str) -> bool:
    """Whether a login succeeds."""
    with server.connect() as person:
        person.sends("CAP REQ sasl", f"NICK {name}", f"USER {name} 0 * :{name}")
        person.sends("AUTHENTICATE PLAIN")
        payload = sasl_plain(name, password)
        person.sends(f"AUTHENTICATE {payload}")
        answer = person.hears_until(lambda line: " 903 " in line or " 904 " in line)[-1]
    return " 903 " in answer


def asks_to_register(server: ServerUnderTest, name: str, code: str) -> str:
    """The server's answer to a registration."""
    with server.connect() as person:
        person.sends("CAP LS 302", f"NICK {name}", f"USER {name} 0 * :{name}")
        person.sends(f"REGISTER * {code} :{PASSWORD}")
        return person.hears_until("REGISTER ")[-1]


def test_a_new_account_logs_in_at_once(server: ServerUnderTest, cli: AdminCli) -> None:
    """With the password that was given."""
    assert not is_let_in(server, "alice", GOOD)
    said = cli("user add alice --password-stdin", GOOD)
    assert said.code == 0
    assert said.err.endswith(IN_EFFECT)
    assert is_let_in(server, "alice", GOOD)
    assert not is_let_in(server, "alice", PASSWORD)


def test_a_disabled_account_is_out(server: ServerUnderTest, cli: AdminCli) -> None:
    """Its sessions hear why and are closed, a login is refused; enabling lets it in again."""
    cli.adds("alice", password=PASSWORD)
    phone, laptop = server.member("alice"), server.member("alice")
    assert cli("user disable alice").err == IN_EFFECT
    for session in (phone, laptop):
        assert session.hears_the_end()[-1].startswith(
            "ERROR :Closing link: Your account has been disabled"
        )
    assert not is_let_in(server, "alice", PASSWORD)
    assert cli("user enable alice").err == IN_EFFECT
    assert is_let_in(server, "alice", PASSWORD)


def test_others_see_the_disabled_one_leave(server: ServerUnderTest, cli: AdminCli) -> None:
    """As a QUIT; they stay."""
    cli.adds("alice", "bob", password=PASSWORD)
    server.member("alice")
    bob = server.member("bob")
    cli("user disable alice")
    assert bob.hears_until(" QUIT ")[-1].startswith(":alice!")
    assert bob.hears() == []


def test_a_new_password_ends_the_old_ones_sessions(server: ServerUnderTest, cli: AdminCli) -> None:
    """A thief who has stolen it is logged out."""
    cli.adds("alice", password=PASSWORD)
    thief = server.member("alice")
    assert cli("user passwd alice --password-stdin", GOOD).err == IN_EFFECT
    assert thief.hears_the_end()[-1].startswith(
        "ERROR :Closing link: Your password has been changed"
    )
    assert not is_let_in(server, "alice", PASSWORD)
    assert is_let_in(server, "alice", GOOD)


def test_a_deleted_name_is_nobodys(server: ServerUnderTest, cli: AdminCli) -> None:
    """Nobody registers it nor a look-alike, with an invite neither; nobody logs in."""
    cli.adds("alice", password=PASSWORD)
    alice = server.member("alice")
    code = InviteLink.parse(cli("invite --uses 5").out).code
    assert cli("user delete alice --yes").err == IN_EFFECT
    assert alice.hears_the_end()[-1].startswith(
        "ERROR :Closing link: Your account has been deleted"
    )
    assert not is_let_in(server, "alice", PASSWORD)
    for name in ("alice", "ALICE"):
        assert "FAIL REGISTER ACCOUNT_EXISTS" in asks_to_register(server, name, code)
    for name in ("aIice", "аІісе"):
        assert "FAIL REGISTER BAD_ACCOUNT_NAME" in asks_to_register(server, name, code)
    assert "SUCCESS" in asks_to_register(server, "carol", code)


def test_an_invite_makes_an_account(server: ServerUnderTest, cli: AdminCli) -> None:
    """Its link leads here, its code works as often as it says."""
    said = cli("invite --uses 2")
    link = InviteLink.parse(said.out)
    assert said.err.endswith(IN_EFFECT)
    assert (link.host, link.port) == ("127.0.0.1", server.port)
    assert link.ca_sha256 == server.service.identity.ca_sha256
    assert "REGISTER SUCCESS alice" in asks_to_register(server, "alice", link.code)
    assert "REGISTER SUCCESS bob" in asks_to_register(server, "bob", link.code)
    assert "INVALID_EMAIL" in asks_to_register(server, "carol", link.code)
    assert "ended" in cli("invite list").out
    assert cli.accounts()["alice"].admin == 0


def test_an_administrators_invite_makes_an_administrator(
    server: ServerUnderTest, cli: AdminCli
) -> None:
    """--admin."""
    code = InviteLink.parse(cli("invite --admin").out).code
    assert "SUCCESS" in asks_to_register(server, "alice", code)
    assert cli.accounts()["alice"].admin == 1


def test_a_revoked_invite_is_refused(server: ServerUnderTest, cli: AdminCli) -> None:
    """At once."""
    code = InviteLink.parse(cli("invite --uses 5").out).code
    assert "SUCCESS" in asks_to_register(server, "alice", code)
    number = cli("invite list").out.splitlines()[1].split()[0]
    assert cli(f"invite revoke {number}").err == IN_EFFECT
    assert "INVALID_EMAIL" in asks_to_register(server, "bob", code)


def test_an_administrator_is_made_and_unmade_while_online(
    server: ServerUnderTest, cli: AdminCli
) -> None:
    """LUSERS counts it, and after a QUIT nobody is left over."""
    cli.adds("alice", "bob", password=PASSWORD)
    server.member("alice")
    bob = server.member("bob")

    def administrators() -> str:
        bob.sends("LUSERS")
        return next(line for line in bob.hears() if " 252 " in line).split()[3]

    assert administrators() == "0"
    cli("user admin alice")
    assert administrators() == "1"
    cli("user admin alice --revoke")
    assert administrators() == "0"
    cli("user admin alice")
    cli("user delete alice --yes")
    assert administrators() == "0"


def test_a_bot_is_given_nothing_back(server: ServerUnderTest, cli: AdminCli) -> None:
    """From its next login on, without a restart; and as a person it is again."""
    cli.adds("alice", "robot", password=PASSWORD)
    alice = server.member("alice")

    def comes_back() -> list[str]:
        alice.says("PRIVMSG robot :!reboot")
        robot = server.connect()
        heard = [line for line in robot.logs_in("robot") if "!reboot" in line]
        robot.hangs_up()
        return heard

    assert len(comes_back()) == 1
    assert cli("user bot robot").err.endswith(IN_EFFECT)
    assert comes_back() == []
    cli("user bot robot --off")
    assert comes_back()


def test_a_new_token_logs_in_at_once(server: ServerUnderTest, cli: AdminCli) -> None:
    """Its own account and no other."""
    cli.adds("alice", "bob", password=PASSWORD)
    said = cli("token create alice laptop")
    assert said.err.endswith(IN_EFFECT)
    token = said.out.strip()
    assert is_let_in(server, "alice", token)
    assert not is_let_in(server, "bob", token)


def test_a_revoked_token_ends_its_sessions(server: ServerUnderTest, cli: AdminCli) -> None:
    """And no others of the account."""
    cli.adds("alice", password=PASSWORD)
    laptop, phone = (cli(f"token create alice {name}").out.strip() for name in ("laptop", "phone"))
    stolen, own = server.member("alice", password=laptop), server.member("alice", password=phone)
    typed = server.member("alice")
    assert cli("token revoke alice laptop").err == IN_EFFECT
    assert stolen.hears_the_end()[-1].startswith("ERROR :Closing link: ")
    own.hears()
    typed.hears()
    assert not is_let_in(server, "alice", laptop)
    assert is_let_in(server, "alice", phone)


def test_a_new_password_ends_all_tokens(server: ServerUnderTest, cli: AdminCli) -> None:
    """With their sessions: who has taken the account over is out."""
    cli.adds("alice", password=PASSWORD)
    token = cli("token create alice laptop").out.strip()
    thief = server.member("alice", password=token)
    cli("user passwd alice --password-stdin", GOOD)
    assert thief.hears_the_end()[-1].startswith("ERROR :Closing link: ")
    assert not is_let_in(server, "alice", token)
    assert cli("token list").out == ""


def test_a_disabled_accounts_tokens_wait(server: ServerUnderTest, cli: AdminCli) -> None:
    """They are worth nothing until it is enabled."""
    cli.adds("alice", password=PASSWORD)
    token = cli("token create alice laptop").out.strip()
    session = server.member("alice", password=token)
    cli("user disable alice")
    assert session.hears_the_end()[-1].startswith("ERROR :Closing link: ")
    assert not is_let_in(server, "alice", token)
    cli("user enable alice")
    assert is_let_in(server, "alice", token)


def test_a_deleted_accounts_token_is_nothing(server: ServerUnderTest, cli: AdminCli) -> None:
    """At once."""
    cli.adds("alice", password=PASSWORD)
    token = cli("token create alice laptop").out.strip()
    cli("user delete alice --yes")
    assert not is_let_in(server, "alice", token)


def test_a_lost_second_factor_is_removed(server: ServerUnderTest, cli: AdminCli) -> None:
    """Then the password alone is enough."""
    cli.adds("alice", password=PASSWORD)
    with server.member("alice") as alice:
        alice.sends("TOTP ENROLL")
        secret = alice.hears_until("TOTP SECRET")[-1].split(" SECRET ")[1].split()[0]
        step = int(time.time()) // 30
        code = totp.code_of(base64.b32decode(secret), step).decode()
        alice.sends(f"TOTP CONFIRM {code}")
        alice.hears_until("TOTP RECOVERY")
    assert not is_let_in(server, "alice", PASSWORD)
    assert " on " in cli("user list").out
    assert cli("user remove-factor alice --yes").err == IN_EFFECT
    assert is_let_in(server, "alice", PASSWORD)


def test_what_was_done_is_in_one_audit(server: ServerUnderTest, cli: AdminCli) -> None:
    """The server's rows and the administrator's, in their order."""
    cli.adds("alice", password=PASSWORD)
    assert is_let_in(server, "alice", PASSWORD)
    assert not is_let_in(server, "alice", GOOD)
    cli("user disable alice")
    rows = [json.loads(line) for line in cli("audit --account alice --json").out.splitlines()]
    told = [(row["event"], row["account"], row["result"][:7]) for row in rows]
    assert told == [
        ("account created", who(), "ok"),
        ("login", "alice", "ok"),
        ("login", "alice", "wrong p"),
        ("account disabled", who(), "ok"),
    ]
    assert [row["address"] for row in rows] == ["", "127.0.0.1", "127.0.0.1", ""]


def test_an_administrator_does_it_over_a_connection(server: ServerUnderTest, cli: AdminCli) -> None:
    """In effect when it is answered, and in the audit under the account."""
    cli.adds("boss", "alice", password=PASSWORD)
    cli("user admin boss")
    boss, alice = server.member("boss", caps="securechat/administration"), server.member("alice")

    def asks(line: str) -> dict[str, str]:
        boss.sends(f"ADMINISTER {line}")
        parts = boss.hears_until("NOTE ADMINISTER END")[:-1]
        found: dict[str, str] = json.loads(
            "".join(part.split("PART :")[1] for part in parts if "PART :" in part)
        )
        return found

    made = asks('user passwd :{"name": "alice"}')
    assert "ERROR" in alice.hears_the_end()[-1]
    assert is_let_in(server, "alice", made["password"])
    asks('user disable :{"name": "alice"}')
    assert not is_let_in(server, "alice", made["password"])
    link = InviteLink.parse(asks("invite")["link"])
    assert "SUCCESS" in asks_to_register(server, "carol", link.code)
    rows = [json.loads(line) for line in cli("audit --account boss --json").out.splitlines()]
    assert [(row["event"], row["address"]) for row in rows[-3:]] == [
        ("password set by the administrator", "127.0.0.1"),
        ("account disabled", "127.0.0.1"),
        ("invite made", "127.0.0.1"),
    ]
    assert made["password"] not in json.dumps(rows)


def test_the_running_servers_rules_hold(tmp_path: Path) -> None:
    """Its cost and length, without naming its configuration."""
    settings = {"bcrypt_cost": 5, "min_password_length": 8}
    with running(tmp_path / "server", accounts=settings) as server:
        cli = AdminCli(server.data.path)
        assert cli("user add alice --password-stdin", "kvz81pwm").code == 0
        assert "$2b$05$" in cli.stored("alice")


def test_closed_registration_is_told(tmp_path: Path) -> None:
    """Also when the configuration named here says something else: the running server's counts."""
    with running(tmp_path / "server", accounts={"registration": "closed"}) as server:
        path = tmp_path / "new.toml"
        path.write_text('[accounts]\nregistration = "invite"\n')
        said = AdminCli(server.data.path)("invite", config=str(path))
        assert "warning: the link will be refused" in said.err
        code = InviteLink.parse(said.out).code
        assert "TEMPORARILY_UNAVAILABLE" in asks_to_register(server, "alice", code)


def test_what_was_changed_before_the_start_is_in_effect(tmp_path: Path) -> None:
    """A command that makes no change of its own doesn't wait for one of long ago."""
    house_path = tmp_path / "server"
    with running(house_path):
        pass
    cli = AdminCli(house_path)
    cli.adds("alice", password=PASSWORD)
    with running(house_path) as server:
        assert is_let_in(server, "alice", PASSWORD)
        with server.admin() as admin:
            server.wait_for(admin.in_effect)


def test_a_class_of_two_thousand_is_imported(
    server: ServerUnderTest, cli: AdminCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All log in at once; with one bad row nobody does.

    That passwords are judged is shown elsewhere; for so many of them it would take long.
    """
    monkeypatch.setattr(strength, "_takes_guesses", lambda *_: True)
    rows = [f"pupil{n},violet kettles dance {n}\n" for n in range(2000)]
    bad = ["name,password\n", *rows[:50], "a b,violet kettles dance\n", *rows[50:100]]
    said = cli("user import -", "".join(bad))
    assert said.code == 1
    assert said.err.startswith("standard input, line 52: 'a b' can't be an account name")
    assert cli.accounts() == {}
    said = cli("user import -", "".join(["name,password\n", *rows]))
    assert (said.code, said.out) == (0, "2000 accounts were added.\n")
    assert said.err.endswith(IN_EFFECT)
    assert len(cli.accounts()) == 2000
    for n in (0, 999, 1999):
        assert is_let_in(server, f"pupil{n}", f"violet kettles dance {n}")


def test_sessions_of_others_are_left_alone(server: ServerUnderTest, cli: AdminCli) -> None:
    """Whatever is done to an account, the neighbours notice nothing but its leaving."""
    cli.adds("alice", "bob", password=PASSWORD)
    bob: Client = server.member("bob")
    cli("user passwd alice --password-stdin", GOOD)
    cli("user disable alice")
    cli("invite")
    assert bob.hears() == []
