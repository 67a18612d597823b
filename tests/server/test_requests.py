"""What an administrator asks for is done by the rules, and answered in the same transaction."""

from __future__ import annotations

import pytest

from securechat.core.administration import requests
from securechat.core.administration.requests import Refused, Request
from securechat.core.channels import channels
from securechat.core.rules import Rules
from securechat.core.settings import Settings
from securechat.core.turn import Turn
from securechat.irc import names
from securechat.server.changes import Changes
from securechat.server.commit import Committer
from securechat.server.counters import Counters
from securechat.server.loading import load_model
from securechat.server.requests import NODE, UNKNOWN, Requests
from securechat.server.stalls import Stalls
from securechat.server.storage_health import StorageHealth
from securechat.store.admin import Admin
from securechat.store.audit import Wanted
from securechat.store.errors import StoreError
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from tests.support.pepper import PEPPER

SETTINGS = Settings(name="chat.test", version="test", started_ms=0)


def opens(turn: Turn, asked: Request) -> str:
    """Make a channel."""
    name = asked.facts["name"]
    channels.create(turn, names.channel_name(name), None)
    turn.audit_own("channel made", actor=asked.by, channel=name)
    return f"{name} is there"


def opens_and_refuses(turn: Turn, asked: Request) -> None:
    """Make a channel, and think better of it."""
    opens(turn, asked)
    raise Refused("not that one")


def opens_and_fails(turn: Turn, asked: Request) -> None:
    """Make a channel, and have a bug."""
    opens(turn, asked)
    raise ZeroDivisionError


class Asked:
    """A hub without its thread: rules, journal, and what is asked by an administrator beside it."""

    def __init__(self, journal: Journal, admin: Admin, node: str = "") -> None:
        self.asks = admin.requests.ask
        self.takes = admin.requests.take
        self.given: list[Request] = []
        self.reader = Reader(journal.connection)
        self.rules = Rules(load_model(self.reader, PEPPER), SETTINGS, PEPPER)
        self.requests = Requests(self.reader, {"reload": self.given.append}, node=node)
        last = self.reader.last_change()
        self.changes = Changes(self.rules, journal, self.reader, last, self.requests)
        health = StorageHealth(self.rules, journal)
        self.committer = Committer(self.rules, journal, self.changes, health, Counters(), Stalls())

    def looks(self) -> Turn:
        """A turn in which nobody says anything."""
        turn = self.rules.turn(0, 0.0)
        self.changes.look(turn)
        self.requests.take_answers(turn)
        return turn

    def goes_on(self) -> Turn:
        """Such a turn, and it is stored."""
        turn = self.looks()
        self.committer.store(turn)
        self.changes.keep()
        return turn

    def has(self, name: str) -> tuple[bool, bool]:
        """Whether a channel is there: in memory, in the database."""
        stored = {channel.name for channel in self.reader.channels(PEPPER)}
        return name in self.rules.model.channels, name in stored


@pytest.fixture
def hub(journal: Journal, admin: Admin, monkeypatch: pytest.MonkeyPatch) -> Asked:
    actions = {"open": opens, "refuse": opens_and_refuses, "fail": opens_and_fails}
    for kind, action in actions.items():
        monkeypatch.setitem(requests.ACTIONS, kind, action)
    return Asked(journal, admin)


def test_it_is_done_and_answered_and_audited(hub: Asked, admin: Admin) -> None:
    """By whom the audit says; and the request is gone when its answer has been read."""
    number = hub.asks("open", {"name": "#new"})
    hub.goes_on()
    assert hub.has("#new") == (True, True)
    assert hub.takes(number) == {"done": "#new is there"}
    assert hub.reader.requests() == []
    row = list(admin.audit.rows(Wanted(event="channel made")))[-1]
    assert (row.account, row.address, row.told()) == ("-", "", {"channel": "#new"})


@pytest.mark.parametrize(
    ("kind", "answer"), [("refuse", "not that one"), ("fail", requests.FAILED), ("fly", UNKNOWN)]
)
def test_what_is_refused_or_fails_is_taken_back(hub: Asked, kind: str, answer: str) -> None:
    """And said; so is what this server doesn't know."""
    number = hub.asks(kind, {"name": "#new"})
    hub.goes_on()
    assert hub.takes(number) == {"refused": answer}
    assert hub.has("#new") == (False, False)


def test_what_nobody_waits_for_is_not_done(hub: Asked) -> None:
    """Who asked has given up in the very moment: nothing of it stays, in memory neither."""
    number = hub.asks("open", {"name": "#new"})
    turn = hub.looks()
    assert hub.takes(number) is None
    hub.committer.store(turn)
    assert hub.has("#new") == (False, False)
    assert turn.effects == []


def test_what_could_not_be_stored_is_tried_again(
    hub: Asked, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the one who asked still waits."""
    number = hub.asks("open", {"name": "#new"})

    def fails(events: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(journal, "commit", fails)
        hub.goes_on()
    assert hub.has("#new") == (False, False)
    hub.goes_on()
    assert hub.takes(number) == {"done": "#new is there"}


def test_what_is_about_the_process_is_answered_later(hub: Asked) -> None:
    """It is given away once, and its answer stored in the turn after it has come."""
    number = hub.asks("reload", {})
    hub.goes_on()
    hub.asks("open", {"name": "#new"})
    hub.goes_on()
    assert [(asked.number, asked.kind) for asked in hub.given] == [(number, "reload")]
    hub.requests.answer(number, {"done": ["motd"]})
    hub.goes_on()
    assert hub.takes(number) == {"done": ["motd"]}


def test_a_node_leaves_to_another_one_what_is_about_its_process(
    journal: Journal, admin: Admin
) -> None:
    """Only what names it, or no node at all, as programs of before did."""
    hub = Asked(journal, admin, "north")
    hub.asks("reload", {NODE: "south"})
    mine = [hub.asks("reload", {NODE: "north"}), hub.asks("reload", {})]
    hub.goes_on()
    assert [asked.number for asked in hub.given] == mine
    assert len(hub.reader.requests()) == 3


def test_a_server_that_is_alone_is_meant_in_any_case(hub: Asked) -> None:
    """There is no other one."""
    number = hub.asks("reload", {NODE: "north"})
    hub.goes_on()
    assert [asked.number for asked in hub.given] == [number]


def test_a_start_forgets_what_was_asked_before(hub: Asked, journal: Journal) -> None:
    """Nobody can be waiting for it."""
    number = hub.asks("open", {"name": "#new"})
    journal.forget_requests()
    hub.goes_on()
    assert hub.has("#new") == (False, False)
    assert "try again" in str(hub.takes(number))
