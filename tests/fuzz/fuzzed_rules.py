"""What a script for the rules is played in: rules, and one who watches what everybody hears."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from securechat.core.administration import requests
from securechat.core.administration.requests import Request
from securechat.core.auth import totp
from securechat.core.jobs import LoadMissed, Missed
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.accounts import AccountCreated
from securechat.core.journal.events.channels import Logged
from securechat.core.journal.events.things import made_by, needed_by
from securechat.core.model.entities import Account
from securechat.core.model.states import State
from securechat.core.turn import Turn
from securechat.server.changes import take_changes
from securechat.server.commit import store_spans
from securechat.store.errors import ConflictError, DamagedError
from securechat.store.pepper import Pepper
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow, CertificateRow, TokenRow
from tests.fuzz.invariants import Watch
from tests.support.client import Client
from tests.support.rules import NOT_STORED, RIGHT, RulesLink, RulesUnderTest

MEMBERS = (
    ("alice", "echo-message message-tags server-time batch"),
    ("bob", "extended-join away-notify account-tag userhost-in-names"),
    ("carol", "echo-message message-tags"),
    ("boss", ""),
    ("alice", "message-tags"),
)
"""Who is there at the beginning, each as a connection."""

WITHOUT_ROWS = ("password", "invites")
"""The administrator's acts that a change's kind tells of, and not the account's row."""

REQUESTS = {"sessions": "sessions", "logout": "logout", "rename": "user rename"}
"""Those that the rules are asked for."""

IO_THREADS = 2
ADDRESSES = 4
WITH_CERTIFICATE = 9
CERTIFICATE = "dave's"
SETTINGS: dict[str, Any] = {
    "lobby": "#lobby",
    "motd": ("Be kind", "", "\x02bold"),
    "registration": "open",
    "external": True,
    "max_channels": 8,
    "max_sessions": 4,
    "max_held_lines": 20,
    "max_bans": 3,
    "replay": 20,
    "replay_bytes": 4000,
}
"""Limits that a script comes to in a few steps."""

_GIVEN = re.compile(
    r" NOTE (?:TOKEN (?P<token>CREATED) \S+|TOTP (?P<totp>SECRET|RECOVERY)|"
    r"SESSIONS (?P<sessions>ENTRY)) (?P<given>\S+)"
)
_PLACEHOLDER = re.compile(rb"\$(?:TOKEN|CODE|RECOVERY|SESSION)")
_KIND = {
    b"$TOKEN": "CREATED",
    b"$CODE": "SECRET",
    b"$RECOVERY": "RECOVERY",
    b"$SESSION": "ENTRY",
}


class Secrets(Pepper):
    """A vault without chance, so that an input does the same each time."""

    def __init__(self) -> None:
        super().__init__(bytes(range(32)))
        self._count = 0

    def random(self, size: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(size, "big")


def furnish(rules: RulesUnderTest) -> RulesUnderTest:
    """The accounts and invites that an administrator has made."""
    for name in ("alice", "bob", "carol", "dave"):
        rules.add(name)
    rules.add("boss", admin=True)
    rules.registers("dave", CERTIFICATE)
    rules.invite("welcome-code", uses=2, days=1)
    return rules


class Listener(Client):
    """A client of the connection with a number, which watches what it is sent."""

    def __init__(self, fuzzed: FuzzedRules, number: int) -> None:
        self.watch = Watch(fuzzed.in_log)
        super().__init__(_WatchedLink(fuzzed, number, self.watch), password=RIGHT)


class _WatchedLink(RulesLink):
    def __init__(self, fuzzed: FuzzedRules, number: int, watch: Watch) -> None:
        self._fuzzed = fuzzed
        self._watch = watch
        certificate = CERTIFICATE if number == WITH_CERTIFICATE else None
        address = f"192.0.2.{number % ADDRESSES}"
        super().__init__(fuzzed, certificate, number % IO_THREADS, address)

    def take(self, data: bytes) -> None:
        """Every line is looked at, and secrets are kept for later."""
        if not self._fuzzed.is_open:
            return  # the same before each script, and most of the work
        super().take(data)
        for line in data.decode().removesuffix("\r\n").split("\r\n"):
            self._watch.hears(line)
            found = _GIVEN.search(line)
            if found and self.session.account is not None:
                kind = found["token"] or found["totp"] or found["sessions"]
                self._fuzzed.given[kind, self.session.account] = found["given"]


class FuzzedRules(RulesUnderTest):
    """damaged: channels and conversations that nothing can be stored in any more. name_is_taken:
    the next account can't be stored. bad_log: some of what was missed can't be read.
    """

    def __init__(self) -> None:
        self.damaged: set[int] = set()
        self.name_is_taken = self.bad_log = self.administered = self.is_open = False
        self.given: dict[tuple[str, Account], str] = {}
        self.in_log: dict[int, Logged] = {}
        """What the administrator has been answered."""
        self.people: list[Listener] = []
        super().__init__(**SETTINGS)
        self.rules.vault = Secrets()
        furnish(self)
        for number, (name, caps) in enumerate(MEMBERS):
            person = self.speaker(number)
            person.watch.welcomed = True
            with self.turn():
                person.says(f"CAP REQ :{caps}", f"PASS {name}:{RIGHT}", f"NICK {name}")
                person.says(f"USER {name} 0 * :{name.title()}", "CAP END")
            person.says("JOIN #a,#b")
        self.is_open = True

    def speaker(self, number: int) -> Listener:
        """The connection of a number; a new one in the place of one that has gone."""
        while len(self.people) <= number:
            self.people.append(Listener(self, len(self.people)))
        if self.people[number].session.state is State.CLOSED:
            self.people[number] = Listener(self, number)
        return self.people[number]

    def goes_on(self, turn: Turn, seconds: int) -> None:
        """Time passes before all else in a turn."""
        self.clock += seconds
        self.now_ms += seconds * 1000
        turn.clock, turn.now_ms = self.clock, self.now_ms
        self.rules.tick(turn)

    def filled_in(self, person: Client, line: bytes) -> bytes:
        """A line with secrets in the places of their placeholders: those of the person's account,
        or, before a login, anybody's.
        """
        account = person.session.account
        owners = [account] if account is not None else list(self.model.accounts.values())
        return _PLACEHOLDER.sub(lambda found: self._secret(found[0], owners), line)

    def _secret(self, placeholder: bytes, owners: Iterable[Account]) -> bytes:
        kind = _KIND[placeholder]
        found = next((self.given[kind, o] for o in owners if (kind, o) in self.given), None)
        if found is None:
            return placeholder
        if kind == "SECRET":
            return totp.code_of(base64.b32decode(found), self.now_ms // totp.STEP_MS)
        return found.encode()

    # The store, the workers, the administrator

    def _store(self, turn: Turn) -> None:
        """As the hub does, with spans that are refused, and with such as meet damage."""
        if self.full:
            super()._store(turn)
            return
        failed = store_spans(turn, self._commit)
        turn.fail([span for span, _ in failed], NOT_STORED)
        self.model.committed_seq = self.model.last_seq

    def _commit(self, events: Sequence[JournalEvent]) -> None:
        """Raises StoreError."""
        things = [thing for e in events for thing in (*needed_by(e), *made_by(e))]
        places = {key for kind, key in things if kind == "target"}
        if not self.damaged.isdisjoint(places):
            raise DamagedError("the database is damaged")
        if self._taken(events):
            raise ConflictError("the name is taken")
        self.stored += events
        self.in_log |= {event.seq: event for event in events if isinstance(event, Logged)}

    def _taken(self, events: Iterable[JournalEvent]) -> bool:
        if self.name_is_taken and any(isinstance(event, AccountCreated) for event in events):
            self.name_is_taken = False
            return True
        return False

    def _missed(self, job: LoadMissed) -> Missed:
        answer = super()._missed(job)
        return replace(answer, damaged=self.bad_log)

    def administers(self, turn: Turn, verb: str, name: str) -> None:
        """The rules take up a change that an administrator has made to the database."""
        account = self.model.account_named(name)
        if account is not None:
            self.administered = True
        if account is not None and verb in REQUESTS:
            # Backwards, so that who is renamed twice is called as before.
            facts = {"account": account.id, "session": None, "name": account.name[::-1]}
            requests.answer(turn, Request(1, REQUESTS[verb], "os:root", facts))
        elif account is not None:
            admin = AdminContext(verb, account)
            take_changes(self.rules, turn, cast(Reader, admin), 0)


class AdminContext:
    """What a reader finds in the database after one act of the administrator."""

    def __init__(self, verb: str, account: Account) -> None:
        self._verb = verb
        self._account = account

    def changes(self, after: int) -> list[tuple[int, str, int | None]]:
        kind = self._verb if self._verb in WITHOUT_ROWS else "account"
        return [(after + 1, kind, self._account.id)]

    def account(self, number: int) -> AccountRow:
        a = self._account
        changes: dict[str, dict[str, Any]] = {
            "delete": {"deleted": 1},
            "disable": {"disabled": 1},
            "bot": {"bot": 1},
            "enable": {"disabled": 0},
            "admin": {"admin": 1},
            "user": {"admin": 0},
        }
        row = AccountRow(
            a.id,
            a.name,
            a.folded,
            a.skeleton,
            a.admin,
            a.disabled,
            a.deleted,
            a.bot,
            a.starts_after,
            0,
            a.chosen_name,
            a.metadata,
            a.quota_mib,
        )
        return row._replace(**changes.get(self._verb, {}))

    def invites(self) -> list[object]:
        return []

    def tokens_of(self, number: int) -> list[TokenRow]:
        """None, where tokens have been revoked."""
        if self._verb in ("tokens", "password", "delete"):
            return []
        found = self._account.tokens.values()
        return [TokenRow(t.digest, t.account, t.name, t.created_ms, t.used_ms) for t in found]

    def certificates_of(self, number: int) -> list[CertificateRow]:
        """None, where they have been revoked."""
        if self._verb in ("certificates", "password", "delete"):
            return []
        found = self._account.certificates.values()
        return [
            CertificateRow(c.fingerprint, c.account, c.name, c.created_ms, c.used_ms) for c in found
        ]

    def has_factor(self, number: int) -> bool:
        return self._account.factor is not None and self._verb not in ("factor", "delete")
