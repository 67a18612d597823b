"""Where what outlives the process changes in memory, and how it changes back."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import closing
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings

from securechat.core.journal import apply
from securechat.core.journal.events import JournalEvent, things
from securechat.core.journal.events import accounts as account_events
from securechat.core.journal.events import channels as channel_events
from securechat.core.journal.events import facts as fact_events
from securechat.core.journal.events import requests as request_events
from securechat.core.journal.events.things import made_by, needed_by
from securechat.core.model.credentials import Factor
from securechat.core.model.entities import Channel
from securechat.core.model.state import Model
from securechat.server.loading import load_model
from securechat.store.sql.fragments import ROW_BYTES
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from tests.core.sayings import company, talk, turns
from tests.support.pepper import PEPPER
from tests.support.rules import RulesUnderTest
from tests.support.snapshot import snapshot

if TYPE_CHECKING:
    from tests.conftest import NewLocation

CODE = sha256(b"x").digest()


def filled_model() -> Model:
    """alice (1) and bob (2) in #den with a ban and a topic; carol (3) is invited to it. Nobody is
    connected to its sessions.
    """
    model: Model = pickle.loads(_filled()[0])
    return model


def filled_journal() -> list[JournalEvent]:
    """What has been stored when the model is as filled_model() gives it; the invite is not."""
    return _filled()[1]


@cache
def _filled() -> tuple[bytes, list[JournalEvent]]:
    """A copy, as what is said takes four times as long, and thousands are needed."""
    rules = RulesUnderTest("alice", "bob", "carol")
    alice = rules.member("alice")
    alice.says("JOIN #den", "TOPIC #den :t", "MODE #den +kb key x", "INVITE carol #den")
    rules.member("bob").says("JOIN #den key", "PRIVMSG alice :hi")
    rules.invite("x", uses=2)
    more: list[JournalEvent] = [
        account_events.TokenCreated(b"t", 1, "laptop", 5),
        account_events.CertificateAdded(b"c", 1, "laptop", 5),
        account_events.FactorSet(1, "sealed", 7, 5),
        account_events.RecoveryCodeAdded(b"r", 1),
    ]
    for event in more:
        apply.apply(rules.model, event)
    made = accounts_made(rules.model)
    for account in rules.model.accounts.values():
        account.forget_audience()
    for session in rules.model.sessions:
        session.link = None
    return pickle.dumps(rules.model), [*made, *rules.stored, *more]


def accounts_made(model: Model) -> list[JournalEvent]:
    """As if each had been made by the journal."""
    return [
        account_events.AccountCreated(a.id, a.name, a.folded, a.skeleton, "hash", a.admin, 0, 0)
        for a in model.accounts.values()
    ]


def factor(model: Model, account: int = 1) -> Factor:
    """An account's, that has one."""
    found = model.accounts[account].factor
    assert found is not None
    return found


DEN, DIRECT = 1, 2
CHANGES: list[tuple[JournalEvent, Callable[[Model], object], object]] = [
    (
        channel_events.Logged(99, DEN, 1, 5, "PRIVMSG", "x", None),
        lambda m: m.channel(DEN).last_seq,
        99,
    ),
    (channel_events.Logged(99, DIRECT, 1, 5, "PRIVMSG", "x", None), lambda m: m.recent[-1].seq, 99),
    (
        account_events.AccountCreated(9, "D", "d", "o", "h", True, 5, 7),
        lambda m: m.by_name["d"].starts_after,
        7,
    ),
    (account_events.PasswordChanged("h", 1, "old"), lambda m: m.accounts[1].name, "alice"),
    (account_events.PasswordRehashed("h", 1, "old"), lambda m: m.accounts[1].name, "alice"),
    (account_events.TokenCreated(b"n", 1, "phone", 5), lambda m: m.tokens[b"n"].name, "phone"),
    (
        account_events.TokenCreated(b"n", 2, "phone", 5),
        lambda m: list(m.accounts[2].tokens),
        ["phone"],
    ),
    (account_events.TokenUsed(9, b"t"), lambda m: m.tokens[b"t"].used_ms, 9),
    (
        account_events.TokenRevoked(b"t"),
        lambda m: (dict(m.tokens), dict(m.accounts[1].tokens)),
        ({}, {}),
    ),
    (account_events.CertificateAdded(b"d", 2, "x", 5), lambda m: m.certificates[b"d"].account, 2),
    (account_events.CertificateUsed(9, b"c"), lambda m: m.certificates[b"c"].used_ms, 9),
    (
        account_events.CertificateRevoked(b"c"),
        lambda m: (m.certificates, m.accounts[1].certificates),
        ({}, {}),
    ),
    (account_events.FactorSet(2, "sealed", 3, 5), lambda m: factor(m, 2).counter, 3),
    (account_events.FactorUsed(8, 1), lambda m: factor(m).counter, 8),
    (account_events.FactorRemoved(1), lambda m: m.accounts[1].factor, None),
    (account_events.RecoveryCodeAdded(b"s", 1), lambda m: factor(m).recovery, {b"r", b"s"}),
    (account_events.RecoveryCodesCleared(1), lambda m: factor(m).recovery, set()),
    (account_events.RecoveryCodeUsed(b"r", 1), lambda m: factor(m).recovery, set()),
    (account_events.UsageCounted(1, 500), lambda m: m.accounts[1].name, "alice"),
    (fact_events.FactKept("motto", "be kind"), lambda m: m.kept, {"motto": "be kind"}),
    (request_events.RequestAnswered("{}", 1), lambda m: m.accounts[1].name, "alice"),
    (account_events.UsageUpto("9"), lambda m: m.accounts[1].name, "alice"),
    (account_events.Delivered(1, "", 4, 5), lambda m: m.accounts[1].devices[""].stored, 4),
    (
        account_events.Delivered(3, "phone", 4, 5),
        lambda m: m.accounts[3].devices["phone"].delivered,
        4,
    ),
    (account_events.ReadMarked(1, "#den", 4), lambda m: m.accounts[1].read_markers, {"#den": 4}),
    (account_events.ReadMarkForgotten(1, "#den"), lambda m: m.accounts[1].read_markers, {}),
    (account_events.DeviceForgotten(1, ""), lambda m: m.accounts[1].devices, {}),
    (account_events.DeviceForgotten(1, "none"), lambda m: list(m.accounts[1].devices), [""]),
    (account_events.MessageKeyed(1, 0, 7, 4, 5), lambda m: m.accounts[1].sent_keys.items(), {7: 4}),
    (account_events.InviteUsed(CODE), lambda m: m.invites[CODE].uses, 1),
    (
        channel_events.ChannelCreated(7, "#N", "#n", "#n", 1, "nt", 5),
        lambda m: m.channels["#n"].modes,
        "nt",
    ),
    (
        channel_events.ChannelRenamed("#N", "#n", "#n", DEN, "#den"),
        lambda m: [(name, one.name) for name, one in m.channels.items() if one.id == DEN],
        [("#n", "#N")],
    ),
    (channel_events.Redacted(4, DEN, 2, "", None), lambda m: list(m.redacted), [4]),
    (
        channel_events.Redacted(5, DIRECT, 2, "hi", None),
        lambda m: m.accounts[2].stored_bytes,
        2 * ROW_BYTES,
    ),
    (channel_events.HistoryOpened(3, DEN), lambda m: m.channel(DEN).history_from, 3),
    (channel_events.ChannelClosed(DEN), lambda m: "#den" in m.channels, False),
    (channel_events.FounderRemoved(DEN), lambda m: m.channel(DEN).founder, None),
    (
        channel_events.KickedAway(3, "#x", "a", "r", 5),
        lambda m: m.accounts[3].kicks["#x"].reason,
        "r",
    ),
    (channel_events.KicksTold(3), lambda m: m.accounts[3].kicks, {}),
    (channel_events.DirectOpened(8, 1, 3), lambda m: m.accounts[3].directs[m.accounts[1]].id, 8),
    (
        channel_events.MemberJoined(DEN, 3, "v", 6),
        lambda m: m.channel(DEN).members[m.accounts[3]].seq,
        6,
    ),
    (channel_events.MemberLeft(DEN, 2), lambda m: m.accounts[2] in m.channel(DEN).present, False),
    (
        channel_events.MemberModesChanged("o", DEN, 2),
        lambda m: m.channel(DEN).modes_of(m.accounts[2]),
        "o",
    ),
    (channel_events.TopicChanged("n", "b", 6, DEN), lambda m: m.channel(DEN).topic, "n"),
    (account_events.AccountMetadataSet("{}", 2), lambda m: m.accounts[2].metadata, "{}"),
    (channel_events.ChannelMetadataSet("{}", DEN), lambda m: m.channel(DEN).metadata, "{}"),
    (account_events.RealNameSet("Bob B.", 2), lambda m: m.accounts[2].real_name, "Bob B."),
    (
        account_events.AccountRenamed("Zoe", "zoe", "looks", 2, "bob"),
        lambda m: (m.accounts[2].name, m.by_name["zoe"].id, m.account_skeletons["looks"].id),
        ("Zoe", 2, 2),
    ),
    (
        account_events.AccountRespelled("BOB", "looks", 2),
        lambda m: (m.accounts[2].name, m.account_skeletons["looks"].id),
        ("BOB", 2),
    ),
    (
        channel_events.ModesChanged("i", None, 3, DEN),
        lambda m: (m.channel(DEN).key, m.channel(DEN).limit),
        (None, 3),
    ),
    (
        channel_events.MaskAdded(DEN, "b", "y!*@*", "a", 6),
        lambda m: list(m.channel(DEN).bans),
        ["x!*@*", "y!*@*"],
    ),
    (channel_events.MaskRemoved(DEN, "b", "x!*@*"), lambda m: m.channel(DEN).bans, {}),
    (
        channel_events.InvitationMade(DEN, 2, "a"),
        lambda m: m.accounts[2].invited_to[m.channel(DEN)],
        "a",
    ),
    (
        channel_events.InvitationMade(DEN, 3, "b"),
        lambda m: m.accounts[3].invited_to[m.channel(DEN)],
        "b",
    ),
    (channel_events.InvitationEnded(DEN, 3), lambda m: m.accounts[3].invited_to, {}),
]


@pytest.mark.parametrize(("event", "look", "expected"), CHANGES)
def test_an_event_changes_the_model_and_back(
    event: JournalEvent, look: Callable[[Model], object], expected: object
) -> None:
    """Forth as it says, and back to what was, exactly."""
    model = filled_model()
    before = snapshot(model)
    undo = apply.apply(model, event)
    assert look(model) == expected
    undo()
    assert snapshot(model) == before


def test_every_event_is_tested() -> None:
    """Above."""
    assert {type(event) for event, _, _ in CHANGES} == set(get_args(JournalEvent))


@pytest.mark.parametrize("event", [event for event, _, _ in CHANGES])
def test_an_event_says_what_it_is_about(event: JournalEvent) -> None:
    """What it changes, it needs as it was; what it brings into being, it doesn't."""
    known = {kind.name for kind in vars(things).values() if isinstance(kind, things.Kind)}
    needs, makes = set(needed_by(event)), set(made_by(event))
    assert {kind for kind, _ in needs | makes} <= known
    new = {"account", "target", "token", "members", "message", "read markers"}
    assert {thing for thing in makes if thing[0] not in new} <= needs


FIRST = [event for event, _, _ in CHANGES]
"""Each may be followed by each in a turn, and fail."""
THEN: list[JournalEvent] = [
    *FIRST,
    channel_events.Logged(100, 7, 1, 5, "PRIVMSG", "x", None),
    channel_events.Logged(100, 8, 1, 5, "PRIVMSG", "x", None),
    channel_events.Logged(100, DEN, 2, 5, "PRIVMSG", "y", None),
    channel_events.Logged(100, DEN, 3, 5, "PRIVMSG", "y", None),
    channel_events.MemberJoined(7, 9, "", 6),
    channel_events.MemberJoined(DEN, 2, "", 6),
    account_events.TokenRevoked(b"n"),
    account_events.TokenCreated(b"m", 9, "phone", 5),
    account_events.RecoveryCodeAdded(b"s", 2),
    account_events.FactorUsed(9, 2),
    account_events.InviteUsed(CODE),
    account_events.DeviceForgotten(3, "phone"),
    channel_events.MaskRemoved(DEN, "b", "y!*@*"),
    channel_events.ChannelClosed(7),
    channel_events.InvitationMade(7, 2, "a"),
    channel_events.TopicChanged("later", "b", 6, DEN),
    channel_events.TopicChanged("n", "b", 6, DEN),
    channel_events.MemberModesChanged("o", DEN, 3),
    account_events.PasswordChanged("h3", 1, "h"),
]


def kept(model: Model) -> dict[str, Any]:
    """A snapshot, without the sessions: other models have others."""
    found: dict[str, Any] = snapshot(model)
    for kind in ("accounts", "channels"):
        for item in found[kind].values():
            item.pop("sessions", None)
            del item["told"]
    return found


def is_member(model: Model, event: JournalEvent) -> bool:
    """Whether who joins is in the channel already."""
    if not isinstance(event, channel_events.MemberJoined):
        return False
    account, channel = model.accounts.get(event.account), model.targets.get(event.channel)
    return account is not None and isinstance(channel, Channel) and account in channel.members


@cache
def kept_alone(number: int) -> dict[str, Any] | None:
    """The snapshot behind an event of THEN by itself; None when it has no place in the model."""
    model = filled_model()
    try:
        apply.apply(model, THEN[number])
    except (LookupError, TypeError):
        return None
    return kept(model)


@pytest.mark.parametrize("first", FIRST)
def test_what_builds_on_what_failed_fails_with_it(first: JournalEvent) -> None:
    """And all else stays exactly as if the first had never been: for any two events of a turn, of
    which the first can't be stored.
    """
    untouched = kept(filled_model())
    for number, then in enumerate(THEN):
        if then == first:
            continue
        model = filled_model()
        undo = apply.apply(model, first)
        if is_member(model, then):
            continue
        try:
            undo_then = apply.apply(model, then)
        except (LookupError, TypeError):
            continue  # not after the first
        wanted = untouched
        if set(made_by(first)).isdisjoint(needed_by(then)):
            alone = kept_alone(number)
            assert alone is not None, f"{then} can't do without {first}"
            wanted = alone
        else:
            undo_then()
        undo()
        assert kept(model) == wanted, f"{then} after {first}, which failed"


def test_who_is_offline_joins_without_being_present() -> None:
    """A member, not a listener."""
    model = filled_model()
    apply.apply(model, channel_events.MemberJoined(DEN, 3, "", 6))
    channel, carol = model.channel(DEN), model.accounts[3]
    assert carol in channel.members
    assert carol not in channel.present


# What memory holds, the database does


def durable(model: Model) -> dict[str, object]:
    """The part of a snapshot that outlives the process."""
    found = snapshot(model)
    accounts = {
        a.id: (
            {d.name: (d.delivered, d.used_ms) for d in a.devices.values()},
            {channel.id for channel in a.channels},
            {other.id: direct.id for other, direct in a.directs.items()},
            {r.id: by for r, by in a.invited_to.items() if model.channels.get(r.folded) is r},
            (a.chosen_name, a.metadata, a.read_markers, a.kicks, a.stored_bytes),
        )
        for a in model.accounts.values()
    }
    channels = {
        channel.id: (
            (channel.name, channel.folded, channel.skeleton, channel.founder, channel.created_ms),
            (
                channel.modes,
                channel.key,
                channel.limit,
                channel.topic,
                channel.topic_by,
                channel.topic_ms,
            ),
            {a.id: (m.modes, m.seq) for a, m in channel.members.items()},
            dict(channel.bans),
        )
        for channel in model.channels.values()
    }
    return {key: found[key] for key in ("names", "looks", "channel looks", "targets")} | {
        "accounts": accounts,
        "channels": channels,
        "last": model.last_seq,
    }


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(turns)
def test_a_restart_finds_what_there_was(
    new_location: NewLocation, said: list[list[tuple[int, str]]]
) -> None:
    """Whatever is said: the model that is loaded is the model that was."""
    rules, people = company()
    for number, lines in enumerate(said):
        if number == 4:
            rules.passes(20)  # what is kept of each is counted and stored
        talk(rules, people, lines)
    for person in people:
        person.pongs()
    rules.passes(1)
    with new_location() as location, closing(Journal(location, PEPPER)) as store:
        store.commit([*accounts_made(rules.model), *rules.stored])
        assert durable(load_model(Reader(store.connection), PEPPER)) == durable(rules.model)
