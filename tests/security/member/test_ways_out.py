"""What ends which sessions of an account, and what lets in afterwards: every way out, by the member
and by the administrator, as a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.admin_cli import GOOD, AdminCli
from tests.support.certificates import Authority
from tests.support.client import Client, sasl_plain
from tests.support.server import PASSWORD, ServerUnderTest, running

ALL = {"owner", "other", "phone", "bound", "badge", "again", "freed"}
"""alice's sessions: two by the password, of which the owner acts; by the token `phone`; by the
password, bound to the token `laptop`; by the certificate `badge`; by the password, and again by the
token `phone`; by that token, and again by the password. One of bob's stays in any case.
"""
PASS, PHONE, BADGE = "password", "phone", "badge"

BY_THE_MEMBER = [
    ("TOKEN REVOKE phone", {"phone", "again"}, {PASS, BADGE}),
    ("TOKEN REVOKE laptop", {"bound"}, {PASS, PHONE, BADGE}),
    ("CERT DEL badge", {"badge"}, {PASS, PHONE}),
    ("SESSIONS END others", ALL - {"owner"}, {PASS, PHONE, BADGE}),
    (f"PASSWD :{GOOD}", ALL - {"owner"}, set()),
]
BY_THE_ADMINISTRATOR = [
    ("token revoke alice phone", {"phone", "again"}, {PASS, BADGE}),
    ("token revoke alice laptop", {"bound"}, {PASS, PHONE, BADGE}),
    ("certificate revoke alice badge", {"badge"}, {PASS, PHONE}),
    ("user logout alice", ALL, {PASS, PHONE, BADGE}),
    ("user disable alice", ALL, set()),
    ("user delete alice --yes", ALL, set()),
    ("user passwd alice --password-stdin", ALL, set()),
    ("user admin alice", set(), {PASS, PHONE, BADGE}),
]


@dataclass
class Scene:
    server: ServerUnderTest
    sessions: dict[str, Client]
    bob: Client
    token: str
    badge: Path

    def ended(self) -> set[str]:
        """Whose connections have ended by now."""
        return {name for name, person in self.sessions.items() if has_ended(person)}

    def lets_in(self) -> set[str]:
        """By what alice can log in now."""
        self.server.forgets_guesses()
        tries = {PASS: PASSWORD, PHONE: self.token}
        found = {name for name, secret in tries.items() if self._is_let_in(secret)}
        return found | ({BADGE} if self._is_let_in(None) else set())

    def _is_let_in(self, secret: str | None) -> bool:
        with self.server.connect(certificate=self.badge if secret is None else None) as person:
            person.sends("CAP REQ :sasl", "NICK alice", "USER a 0 * :A")
            payload = sasl_plain("alice", secret) if secret else "+"
            person.sends(f"AUTHENTICATE {'PLAIN' if secret else 'EXTERNAL'}")
            person.sends(f"AUTHENTICATE {payload}")
            heard = person.hears_until(lambda line: " 903 " in line or " 904 " in line)[-1]
        return " 903 " in heard


def has_ended(person: Client) -> bool:
    try:
        person.hears()
    except (EOFError, OSError):
        return True
    return False


def token(person: Client, words: str) -> str:
    person.sends(f"TOKEN CREATE {words}")
    return person.hears_until(" CREATED ")[-1].split(" ")[5]


def shows_again(person: Client, secret: str) -> None:
    person.sends("AUTHENTICATE PLAIN", f"AUTHENTICATE {sasl_plain('alice', secret)}")
    person.hears_until(" 903 ")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    authority = Authority("Clients")
    client_ca = authority.write(tmp_path, "clients")
    badge, key = authority.client("whoever").write(tmp_path, "badge")
    badge.write_bytes(badge.read_bytes() + key.read_bytes())
    settings = {"client_ca": str(client_ca)}
    with running(tmp_path / "data", "alice", "bob", tls=settings) as server:
        owner, other, bound = (server.member("alice") for _ in range(3))
        phone = token(owner, "phone")
        token(bound, "laptop BIND")
        registrar = server.connect(certificate=badge)
        registrar.logs_in("alice")
        registrar.sends("CERT ADD badge", "QUIT")
        registrar.hears_the_end()
        shown = server.connect(certificate=badge)
        shown.sends("CAP REQ :sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE EXTERNAL")
        shown.sends("AUTHENTICATE +", "CAP END")
        shown.hears_until(" 001 ")
        sessions = {
            "owner": owner,
            "other": other,
            "phone": server.member("alice", password=phone),
            "bound": bound,
            "badge": shown,
            "again": server.member("alice"),
            "freed": server.member("alice", password=phone),
        }
        shows_again(sessions["again"], phone)
        shows_again(sessions["freed"], PASSWORD)
        yield Scene(server, sessions, server.member("bob"), phone, badge)


@pytest.mark.parametrize(("act", "ended", "lets_in"), BY_THE_MEMBER)
def test_a_member_s_way_out(scene: Scene, act: str, ended: set[str], lets_in: set[str]) -> None:
    """At once, and nothing else."""
    owner = scene.sessions["owner"]
    owner.sends(act)
    owner.hears_until(f" NOTE {act.split(' ')[0]} ")
    assert scene.ended() == ended
    assert scene.lets_in() == lets_in
    assert not has_ended(scene.bob)


@pytest.mark.parametrize(("act", "ended", "lets_in"), BY_THE_ADMINISTRATOR)
def test_an_administrator_s_way_out(
    scene: Scene, act: str, ended: set[str], lets_in: set[str]
) -> None:
    """When the command has come to its end."""
    said = AdminCli(scene.server.data.path)(act, GOOD)
    assert said.code == 0, said.err
    assert scene.ended() == ended
    assert scene.lets_in() == lets_in
    assert not has_ended(scene.bob)
