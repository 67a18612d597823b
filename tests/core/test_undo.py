"""What can't be stored is taken back: whatever else has happened, and nothing else with it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any, NamedTuple, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securechat.core.journal.appliers import Undo
from securechat.core.journal.apply import apply
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events import accounts as account_events
from securechat.core.journal.events import channels as channel_events
from securechat.core.journal.events import facts as fact_events
from securechat.core.journal.events import requests as request_events
from securechat.core.journal.events.things import Thing, made_by, needed_by
from securechat.core.model.credentials import Certificate, Invite, Token
from securechat.core.model.entities import Account, Channel, Direct
from securechat.core.model.mask_list import KINDS
from securechat.core.model.state import Model
from tests.core.journal.test_apply import CODE, filled_model
from tests.support.snapshot import snapshot

# Events that are possible, whatever has been before

NAMES = {"dave": "dave", "dáve": "dave", "erin": "erin", "eve": "eve"}
"""What accounts are called that are made or renamed, with what it looks like: few, so that they
meet again.
"""


class Maker:
    """Makes events, as the rules might: of what is in the model, by chance."""

    def __init__(self, model: Model, chance: Random) -> None:
        self.model = model
        self.chance = chance
        # Of all kinds, or of a few, which then meet more often.
        makers = list(MAKERS.values())
        self.makers = chance.choice([makers, chance.sample(makers, 8)])
        self.numbers = count(100)
        self.credentials: set[Thing] = {("token", b"t"), ("certificate", b"c")}
        """All that there have been."""
        self.made: dict[str, int] = {}
        """The accounts that an administrator has made, by name: in the database nobody else can
        have it.
        """

    def event(self) -> JournalEvent | None:
        """Any one; None where there is nothing that it could be about."""
        make = self.chance.choice(self.makers)
        try:
            event = make(self)
            self.credentials |= {thing for thing in made_by(event) if isinstance(thing[1], bytes)}
            return event
        except IndexError:  # there is none to choose
            return None

    def account(self) -> Account:
        return self.chance.choice(list(self.model.accounts.values()))

    def channel(self) -> Channel:
        return self.chance.choice(list(self.model.channels.values()))

    def member(self) -> tuple[int, int]:
        """A channel and an account in it, by their ids."""
        found = [(r.id, a.id) for r in self.model.channels.values() for a in r.members]
        return self.chance.choice(found)

    def absent(self) -> tuple[int, int]:
        accounts = self.model.accounts.values()
        channels = self.model.channels.values()
        return self.chance.choice(
            [(r.id, a.id) for r in channels for a in accounts if a not in r.members]
        )

    def invitation(self) -> tuple[int, int]:
        found = [(r.id, a.id) for a in self.model.accounts.values() for r in a.invited_to]
        return self.chance.choice(found)

    def with_names(self) -> Account:
        """Not one of whose names an administrator has given one to somebody in this very turn."""
        account, looks = self.account(), self.model.account_skeletons
        mine = [account.skeleton, *(skeleton for _, skeleton in account.former.values())]
        if self.model.by_name.get(account.folded) is not account or any(
            looks.get(skeleton) is not account for skeleton in mine
        ):
            raise IndexError
        return account

    def forms(self, account: Account | None) -> tuple[str, str, str]:
        """A name that an account may take, or, for None, a new one: nobody else has or had it, or
        one that looks like it.
        """
        known, looks = self.model.known_as, self.model.account_skeletons
        found = [
            (folded, skeleton)
            for folded, skeleton in NAMES.items()
            if known(folded) in (None, account) and looks.get(skeleton) in (None, account)
        ]
        folded, skeleton = self.chance.choice(found)
        return folded.title(), folded, skeleton

    def with_factor(self) -> int:
        found = [a.id for a in self.model.accounts.values() if a.factor is not None]
        return self.chance.choice(found)

    def recovery_code(self) -> tuple[bytes, int]:
        accounts = [a for a in self.model.accounts.values() if a.factor is not None]
        return self.chance.choice(
            [(c, a.id) for a in accounts if a.factor for c in a.factor.recovery]
        )

    def number(self) -> int:
        return next(self.numbers)

    def name(self) -> str:
        """A token's or a device's: few, so that they meet again."""
        return self.chance.choice("xyz")

    def mask(self) -> tuple[int, str, str]:
        return self.chance.choice(
            [
                (r.id, kind, mask)
                for r in self.model.channels.values()
                for kind in KINDS
                for mask in r.masks(kind)
            ]
        )

    def token(self) -> account_events.TokenCreated:
        account, name = self.account(), self.name()
        if name in account.tokens:
            raise IndexError
        return account_events.TokenCreated(b"t%d" % self.number(), account.id, name, 5)

    def certificate(self) -> account_events.CertificateAdded:
        account, name = self.account(), self.name()
        if name in account.certificates:
            raise IndexError
        return account_events.CertificateAdded(b"c%d" % self.number(), account.id, name, 5)

    def opened(self) -> channel_events.DirectOpened:
        a, b = sorted((self.account(), self.account()), key=lambda account: account.id)
        if b in a.directs:
            raise IndexError
        return channel_events.DirectOpened(self.number(), a.id, b.id)

    def factor(self) -> account_events.FactorSet:
        account = self.account()
        if account.factor is not None:
            raise IndexError
        return account_events.FactorSet(account.id, "sealed", self.number(), 5)

    def new_channel(self) -> channel_events.ChannelCreated:
        name = self.chance.choice(["#x", "#y", "#z"])
        if name in self.model.channels:
            raise IndexError
        return channel_events.ChannelCreated(
            self.number(), name, name, name, self.account().id, "nt", 5
        )

    def new_account(self) -> account_events.AccountCreated:
        return account_events.AccountCreated(self.number(), *self.forms(None), "h", False, 5, 7)

    def renamed_account(self) -> account_events.AccountRenamed:
        account = self.with_names()
        forms = self.forms(account)
        if forms[1] == account.folded:
            raise IndexError
        return account_events.AccountRenamed(*forms, account.id, account.folded)

    def respelled(self) -> account_events.AccountRespelled:
        account = self.with_names()
        skeleton = self.chance.choice([*NAMES.values(), f"looks {self.number()}"])
        if self.model.account_skeletons.get(skeleton, account) is not account:
            raise IndexError
        return account_events.AccountRespelled(self.chance.choice("AB"), skeleton, account.id)

    def marker_target(self) -> str:
        return self.chance.choice(["#x", "#y", self.account().folded, self.channel().folded])

    def forgotten_marker(self) -> account_events.ReadMarkForgotten:
        account = self.account()
        target = self.chance.choice(list(account.read_markers))
        return account_events.ReadMarkForgotten(account.id, target)

    def renamed(self) -> channel_events.ChannelRenamed:
        name = self.chance.choice(["#x", "#y", "#z"])
        if name in self.model.channels:
            raise IndexError
        channel = self.channel()
        return channel_events.ChannelRenamed(name, name, name, channel.id, channel.folded)

    def empty(self) -> channel_events.ChannelClosed:
        channel = self.chance.choice([r for r in self.model.channels.values() if not r.members])
        return channel_events.ChannelClosed(channel.id)

    def used_invite(self) -> account_events.InviteUsed:
        left = [digest for digest, invite in self.model.invites.items() if invite.uses]
        return account_events.InviteUsed(self.chance.choice(left))

    def logged(self) -> channel_events.Logged:
        target = self.chance.choice(list(self.model.targets))
        text = self.chance.choice(["x", "é"])
        return channel_events.Logged(
            self.number(), target, self.account().id, 5, "PRIVMSG", text, None
        )

    def redacted(self) -> channel_events.Redacted:
        """Of what is stored: the redaction has read it there."""
        stored = [one for one in self.model.recent if one.seq <= self.model.last_seq]
        said = [one for one in stored if one.seq not in self.model.redacted]
        entry = self.chance.choice(said)
        return channel_events.Redacted(
            entry.seq, entry.target, entry.sender, entry.text, entry.tags
        )

    def revoked(self) -> account_events.TokenRevoked:
        token = self.chance.choice(list(self.model.tokens.values()))
        return account_events.TokenRevoked(token.digest)

    def withdrawn(self) -> account_events.CertificateRevoked:
        shown = self.chance.choice(list(self.model.certificates.values()))
        return account_events.CertificateRevoked(shown.fingerprint)


MAKERS: dict[type, Callable[[Maker], JournalEvent]] = {
    channel_events.Logged: Maker.logged,
    account_events.AccountCreated: Maker.new_account,
    account_events.PasswordChanged: lambda m: account_events.PasswordChanged(
        "n", m.account().id, "o"
    ),
    account_events.PasswordRehashed: lambda m: account_events.PasswordRehashed(
        "n", m.account().id, "o"
    ),
    account_events.TokenCreated: Maker.token,
    account_events.TokenUsed: lambda m: account_events.TokenUsed(
        m.number(), m.chance.choice(list(m.model.tokens))
    ),
    account_events.TokenRevoked: Maker.revoked,
    account_events.CertificateAdded: Maker.certificate,
    account_events.CertificateUsed: lambda m: account_events.CertificateUsed(
        m.number(), m.chance.choice(list(m.model.certificates))
    ),
    account_events.CertificateRevoked: Maker.withdrawn,
    account_events.FactorSet: Maker.factor,
    fact_events.FactKept: lambda m: fact_events.FactKept(m.chance.choice("ab"), str(m.number())),
    request_events.RequestAnswered: lambda m: request_events.RequestAnswered("{}", m.number()),
    account_events.FactorUsed: lambda m: account_events.FactorUsed(m.number(), m.with_factor()),
    account_events.FactorRemoved: lambda m: account_events.FactorRemoved(m.with_factor()),
    account_events.RecoveryCodeAdded: lambda m: account_events.RecoveryCodeAdded(
        b"r%d" % m.number(), m.with_factor()
    ),
    account_events.RecoveryCodesCleared: lambda m: account_events.RecoveryCodesCleared(
        m.with_factor()
    ),
    account_events.RecoveryCodeUsed: lambda m: account_events.RecoveryCodeUsed(*m.recovery_code()),
    account_events.UsageCounted: lambda m: account_events.UsageCounted(m.account().id, m.number()),
    account_events.UsageUpto: lambda m: account_events.UsageUpto(str(m.number())),
    account_events.MessageKeyed: lambda m: account_events.MessageKeyed(
        m.account().id, m.chance.randint(0, 2), m.number(), m.number(), 5
    ),
    account_events.Delivered: lambda m: account_events.Delivered(
        m.account().id, m.name(), m.number(), 5
    ),
    account_events.ReadMarked: lambda m: account_events.ReadMarked(
        m.account().id, m.marker_target(), m.number()
    ),
    account_events.ReadMarkForgotten: Maker.forgotten_marker,
    account_events.DeviceForgotten: lambda m: account_events.DeviceForgotten(
        m.account().id, m.name()
    ),
    account_events.InviteUsed: Maker.used_invite,
    channel_events.ChannelCreated: Maker.new_channel,
    channel_events.Redacted: Maker.redacted,
    channel_events.HistoryOpened: lambda m: channel_events.HistoryOpened(
        m.number(), m.channel().id
    ),
    channel_events.ChannelClosed: Maker.empty,
    channel_events.ChannelRenamed: Maker.renamed,
    channel_events.DirectOpened: Maker.opened,
    channel_events.MemberJoined: lambda m: channel_events.MemberJoined(
        *m.absent(), m.chance.choice(["", "v", "q"]), m.number()
    ),
    channel_events.MemberLeft: lambda m: channel_events.MemberLeft(*m.member()),
    channel_events.FounderRemoved: lambda m: channel_events.FounderRemoved(m.channel().id),
    channel_events.KickedAway: lambda m: channel_events.KickedAway(
        m.account().id, m.channel().name, "a", "r", m.number()
    ),
    channel_events.KicksTold: lambda m: channel_events.KicksTold(m.account().id),
    channel_events.MemberModesChanged: lambda m: channel_events.MemberModesChanged(
        m.chance.choice(["", "v", "o", "q"]), *m.member()
    ),
    account_events.AccountMetadataSet: lambda m: account_events.AccountMetadataSet(
        m.chance.choice("kl"), m.account().id
    ),
    channel_events.ChannelMetadataSet: lambda m: channel_events.ChannelMetadataSet(
        m.chance.choice("kl"), m.channel().id
    ),
    account_events.RealNameSet: lambda m: account_events.RealNameSet(
        m.chance.choice("rs"), m.account().id
    ),
    account_events.AccountRenamed: Maker.renamed_account,
    account_events.AccountRespelled: Maker.respelled,
    channel_events.TopicChanged: lambda m: channel_events.TopicChanged(
        m.chance.choice("tu"), "b", m.number(), m.channel().id
    ),
    channel_events.ModesChanged: lambda m: channel_events.ModesChanged(
        m.chance.choice("im"), None, None, m.channel().id
    ),
    channel_events.MaskAdded: lambda m: channel_events.MaskAdded(
        m.channel().id, m.chance.choice("beI"), f"{m.number()}!*@*", "a", 6
    ),
    channel_events.MaskRemoved: lambda m: channel_events.MaskRemoved(*m.mask()),
    channel_events.InvitationMade: lambda m: channel_events.InvitationMade(
        m.channel().id, m.account().id, f"by{m.number()}"
    ),
    channel_events.InvitationEnded: lambda m: channel_events.InvitationEnded(*m.invitation()),
}


def test_every_event_is_made_here() -> None:
    """Or it would be tested by nothing."""
    assert set(MAKERS) == set(get_args(JournalEvent))


# What an administrator does meanwhile, as loading.py takes it up


class Change(NamedTuple):
    """do: to a model. about: what. takes: names that the database refuses to others from then on.
    forgets: an account of which nothing is left.
    """

    do: Callable[[Model], object]
    about: set[Thing]
    takes: frozenset[Thing] = frozenset()
    forgets: int | None = None

    def is_apart(self, missing: set[Thing]) -> bool:
        """Whether nothing of what could not be stored is what it is about."""
        ids = {one for _, by in missing for one in (by if isinstance(by, tuple) else (by,))}
        return missing.isdisjoint(self.about) and self.forgets not in ids - {None}


def token_ended(maker: Maker) -> Change:
    token = maker.chance.choice(list(maker.model.tokens.values()))

    def change(model: Model) -> None:
        found = model.tokens.get(token.digest)
        if found is not None:
            model.remove_token(found)

    return Change(change, {("token", token.digest), ("token name", (token.account, token.name))})


def token_made(maker: Maker) -> Change:
    account, name, digest = maker.account(), maker.name(), b"a%d" % maker.number()

    def change(model: Model) -> None:
        if name not in model.accounts[account.id].tokens:
            model.add_token(Token(digest, account.id, name, 5))

    return Change(change, {("token name", (account.id, name)), ("account", account.id)})


def certificate_ended(maker: Maker) -> Change:
    shown = maker.chance.choice(list(maker.model.certificates.values()))

    def change(model: Model) -> None:
        found = model.certificates.get(shown.fingerprint)
        if found is not None:
            model.remove_certificate(found)

    things: set[Thing] = {
        ("certificate", shown.fingerprint),
        ("certificate name", (shown.account, shown.name)),
    }
    return Change(change, things)


def factor_ended(maker: Maker) -> Change:
    number = maker.with_factor()

    def change(model: Model) -> None:
        model.accounts[number].factor = None

    return Change(change, {("factor", number), ("account", number)})


def deleted(maker: Maker) -> Change:
    return deletion(maker, maker.account().id)


def deletion(maker: Maker, number: int) -> Change:
    def change(model: Model) -> None:
        account = model.accounts[number]
        account.deleted = account.disabled = True
        for token in list(account.tokens.values()):
            model.remove_token(token)
        for shown in list(account.certificates.values()):
            model.remove_certificate(shown)
        account.factor = None

    things: set[Thing] = {("account", number), ("factor", number)}
    things |= maker.credentials
    for name in (*"xyz", "laptop"):
        things |= {("token name", (number, name)), ("certificate name", (number, name))}
    return Change(change, things)


def account_made(maker: Maker) -> Change:
    """Of a name that the database has not: what the server has not stored is not there."""
    known = {NAMES[name] for name in maker.made}
    name = maker.chance.choice([name for name in NAMES if NAMES[name] not in known])
    number = maker.made[name] = maker.number()

    def change(model: Model) -> None:
        model.add_account(Account(number, name, name, NAMES[name]))

    taken: set[Thing] = {("name", name), ("name", NAMES[name])}
    return Change(change, {("account", number)}, frozenset(taken))


def freed(maker: Maker) -> Change:
    """The name of one that was made by mistake; nobody has heard of it."""
    name, number = maker.chance.choice(list(maker.made.items()))
    account = maker.model.accounts[number]
    if account.channels or account.invited_to or account.directs:
        raise IndexError
    del maker.made[name]
    delete = deletion(maker, number).do

    def change(model: Model) -> None:
        delete(model)
        model.remove_account(model.accounts[number])

    return Change(change, set(), forgets=number)


def invites_loaded(maker: Maker) -> Change:
    def change(model: Model) -> None:
        model.invites = {CODE: Invite(3, 10**15, admin=False)}

    return Change(change, {("invite", CODE)})


CHANGES = [
    token_ended,
    token_made,
    certificate_ended,
    factor_ended,
    deleted,
    account_made,
    account_made,
    freed,
    invites_loaded,
]


# What happens in a turn


def names_freed(model: Model, event: JournalEvent) -> set[Thing]:
    """The names that are free after an event; if that can't be stored, the database has them still,
    and refuses them to others.
    """
    if isinstance(event, account_events.TokenRevoked):
        token = model.tokens[event.digest]
        return {("token name", (token.account, token.name))}
    if isinstance(event, account_events.CertificateRevoked):
        shown = model.certificates[event.fingerprint]
        return {("certificate name", (shown.account, shown.name))}
    if isinstance(event, channel_events.ChannelClosed):
        return {("name", model.channel(event.id).folded)}
    if isinstance(event, account_events.AccountRenamed | account_events.AccountRespelled):
        account = model.accounts[event.account]
        looks = [account.skeleton, *(skeleton for _, skeleton in account.former.values())]
        return {("name", skeleton) for skeleton in looks}
    return set()


class Step(NamedTuple):
    """freed: as of names_freed()."""

    events: list[JournalEvent]
    undos: list[Undo]
    freed: set[Thing]

    @property
    def made(self) -> set[Thing]:
        return {thing for event in self.events for thing in made_by(event)}

    @property
    def needed(self) -> set[Thing]:
        return {thing for event in self.events for thing in needed_by(event)}


class Played:
    """A turn of random steps and changes on a model; each step with its events and its undos."""

    def __init__(self, seed: int, length: int) -> None:
        self.model, self.chance = filled_model(), Random(seed)
        self.maker = Maker(self.model, self.chance)
        self.steps: list[Step | Change] = []
        for _ in range(length):
            if self.chance.random() < 0.2:
                self._change()
            else:
                self._step()

    def _change(self) -> None:
        try:
            change = self.chance.choice(CHANGES)(self.maker)
        except IndexError:
            return
        change.do(self.model)
        self.steps.append(change)

    def _step(self) -> None:
        done, undos, freed = [], [], set()
        for _ in range(self.chance.randint(1, 3)):
            event = self.maker.event()
            if event is not None:
                freed |= names_freed(self.model, event)
                undos.append(apply(self.model, event))
                done.append(event)
        self.steps.append(Step(done, undos, freed))

    @property
    def undos(self) -> list[Undo]:
        return [undo for step in self.steps if isinstance(step, Step) for undo in step.undos]

    def in_conflict(self) -> set[int]:
        """The steps that take names which an administrator has given others meanwhile, by where
        they are.
        """
        taken: set[Thing] = set()
        found = set()
        for place, step in reversed([*enumerate(self.steps)]):
            if isinstance(step, Change):
                taken |= step.takes
            elif not taken.isdisjoint(step.made):
                found.add(place)
        return found


def undo_all(undos: list[Undo]) -> None:
    for undo in reversed(undos):
        undo()


# No random objects: a failure that is shown can be played again.
seeds = st.integers(0, 2**32)
plays = st.builds(Played, seeds, st.integers(1, 100))


@given(plays, seeds)
def test_an_undo_never_raises(played: Played, seed: int) -> None:
    """In whatever order, how often, and whatever an administrator has done meanwhile."""
    undos, chance = played.undos, Random(seed)
    chance.shuffle(undos)
    for undo in undos[: chance.randint(0, len(undos))]:
        undo()
        undo()
    undo_all(undos)


@given(plays)
def test_an_undo_may_be_called_again(played: Played) -> None:
    """The second time changes nothing."""
    undos = played.undos
    undo_all(undos)
    once = shot(played.model)
    undo_all(undos)
    assert shot(played.model) == once


@settings(max_examples=200)
@given(plays, seeds)
def test_what_was_not_undone_is_untouched(played: Played, seed: int) -> None:
    """Some steps fail, and those with them that build on them: what is left is as if these had
    never been. Where an administrator has changed the very thing, it is enough that nothing breaks.
    """
    missing: set[Thing] = set()
    failed: list[Undo] = []
    kept: list[Step | Change] = []
    apart, in_conflict, chance = True, played.in_conflict(), Random(seed)
    for place, step in enumerate(played.steps):
        if isinstance(step, Change):
            apart = apart and step.is_apart(missing)
            kept.append(step)
        elif place in in_conflict or not missing.isdisjoint(step.needed) or chance.random() < 0.3:
            missing |= step.made | step.freed
            failed += step.undos
        else:
            kept.append(step)
    undo_all(failed)
    check_indexes(played.model)
    if apart:
        assert shot(played.model) == shot(replayed(kept))


def check_indexes(model: Model) -> None:
    """What there is, and nothing else, is found by its names, in what it is in, and by its id."""
    accounts = model.accounts.values()
    assert model.by_name == {account.folded: account for account in accounts}
    former = {name: account for account in accounts for name in account.former}
    assert model.former_names == former
    own = {account.skeleton: account for account in accounts}
    before = {skeleton for account in accounts for _, skeleton in account.former.values()}
    assert model.account_skeletons.keys() == own.keys() | before
    assert own.items() <= model.account_skeletons.items()
    for account in accounts:
        assert all(model.targets.get(channel.id) is channel for channel in account.channels)


def test_a_channel_stays_open_for_who_could_not_leave_it() -> None:
    """It was empty to those who closed it; the database has a member in it still."""
    left = [channel_events.MemberLeft(1, account) for account in (1, 2)]
    for event in left:
        assert not set(made_by(event)).isdisjoint(needed_by(channel_events.ChannelClosed(1)))


def replayed(kept: list[Step | Change]) -> Model:
    """A model in which only the rest has happened."""
    model = filled_model()
    for step in kept:
        if isinstance(step, Change):
            step.do(model)
        else:
            for event in step.events:
                apply(model, event)
    return model


def shot(model: Model) -> dict[str, Any]:
    """By value; of sessions only how many there are, as another model has other ones."""
    found: dict[str, Any] = snapshot(model)
    for kind in ("accounts", "channels"):
        for item in found[kind].values():
            for name in {"sessions", "told"} & item.keys():
                item[name] = len(item[name])
    return found


# Nobody else's place is taken


def test_a_channel_that_is_taken_back_leaves_its_namesake() -> None:
    """The indexes lead to the one that stays."""
    model = Model("test")
    first, second = (Channel(n, "#den", "#den", "#den", None, 5) for n in (1, 2))
    model.add_channel(first)
    model.add_channel(second)
    model.remove_channel(first)
    assert model.channels["#den"] is model.channel_skeletons["#den"] is second
    assert list(model.targets) == [2]


@pytest.mark.parametrize("gone", [False, True])
def test_a_rename_that_is_taken_back_leaves_its_namesake(gone: bool) -> None:
    """The name belongs to whom an administrator has given it: an account that is gone is found by
    none of its names.
    """
    model = filled_model()
    old, new = (Account(number, "dave", "dave", "looks") for number in (8, 9))
    model.add_account(old)
    undo = apply(model, account_events.AccountRenamed("Erin", "erin", "erin", 8, "dave"))
    if gone:
        model.remove_account(old)
    model.add_account(new)
    undo()
    assert model.by_name["dave"] is model.account_skeletons["looks"] is new
    assert not {"erin", "dave"} & model.former_names.keys()
    assert "erin" not in model.by_name
    assert "erin" not in model.account_skeletons


def test_read_markers_and_renames_build_on_each_other() -> None:
    """Who renames a thing takes along what has been read of it (of a channel, by its members); who
    reads on does so under the new name.
    """
    account = account_events.AccountRenamed("Erin", "erin", "erin", 1, "alice")
    channel = channel_events.ChannelRenamed("#x", "#x", "#x", 1, "#den")
    for rename, before, after in ((account, "alice", "erin"), (channel, "#den", "#x")):
        for first, then in (
            (account_events.ReadMarked(2, before, 5), rename),
            (account_events.ReadMarkForgotten(2, before), rename),
            (rename, account_events.ReadMarked(2, after, 6)),
            (rename, account_events.ReadMarkForgotten(2, after)),
        ):
            assert not set(made_by(first)).isdisjoint(needed_by(then))
    assert not set(made_by(channel_events.MemberLeft(1, 2))).isdisjoint(needed_by(channel))


def test_a_conversation_that_is_taken_back_leaves_its_double() -> None:
    """And nothing is wrong when one of its accounts is gone."""
    model = filled_model()
    first, second = Direct(80, 1, 3), Direct(81, 1, 3)
    model.add_direct(first)
    model.add_direct(second)
    model.remove_direct(first)
    assert model.accounts[1].directs[model.accounts[3]] is second
    del model.accounts[3]
    model.remove_direct(second)
    assert 81 not in model.targets


def test_a_credential_that_is_taken_back_leaves_its_namesake() -> None:
    """An administrator may have made another one of the name."""
    model = filled_model()
    old, new = (Token(digest, 2, "x", 5) for digest in (b"o", b"n"))
    model.add_token(old)
    model.add_token(new)
    model.remove_token(old)
    model.remove_token(old)
    assert model.accounts[2].tokens == {"x": new}
    shown, other = (Certificate(digest, 2, "x", 5) for digest in (b"o", b"n"))
    model.add_certificate(shown)
    model.add_certificate(other)
    model.remove_certificate(shown)
    assert model.accounts[2].certificates == {"x": other}
