"""Who and what there is: accounts, channels, direct conversations, sessions.

The hub thread owns all of it. What outlives the process changes only in journal.apply().
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from securechat.core.audit import Acts, Refusals
from securechat.core.auth.throttle import LoginThrottle
from securechat.core.delivery.line import MessageId
from securechat.core.jobs import Missed
from securechat.core.journal.events.channels import Logged
from securechat.core.model.credentials import Certificate, Invite, Token
from securechat.core.model.entities import Account, Channel, Direct, Session
from securechat.core.model.levels import Levels
from securechat.core.model.login_places import LoginPlaces
from securechat.irc import names

MOST_REDACTED = 1000
"""Kept in memory: what a reader may have read before and is not told yet."""

RECENT = 2048
"""Log entries kept in memory, to close the gap between a reader's answer and the present."""

LOGINS_AT_ONCE = 30
"""After a pause; then as many a minute as are configured. An account has some devices and scripts,
which all come back after a restart.
"""

DEPARTURES_AT_ONCE, DEPARTURE_SECONDS = 3, 30.0
"""Of an account, that others are told; then one in so many seconds. Whoever comes and goes more
often stays among those who are shown meanwhile.
"""

KEYS_AT_ONCE, KEY_SECONDS = 5, 10.0
"""Wrong keys of a channel that an account may try; then one in so many seconds."""

REPORTS_AT_ONCE, REPORT_SECONDS = 5, 600.0
"""Of people, by an account; then one in so many seconds. Each is told to administrators at once."""

ADMINISTERED_AT_ONCE, ADMINISTERED_SECONDS = 60, 5.0
"""Changes of an administrator over a connection: a class at once, then one in so many seconds."""

RENAMES_AT_ONCE, RENAME_SECONDS = 2, 60.0
"""Of a channel; then one in so many seconds: to clients that don't know of it, it is a JOIN with
all names.
"""

MAX_KEYS = 10_000
"""Accounts whose logins and departures are counted; the ones not seen for longest go first."""


# A class's own __new__ is a Python function that calls this one.
_new = tuple.__new__
"""Makes a named tuple in a third of the time: for what every message needs."""

Key = TypeVar("Key")
Item = TypeVar("Item")


class Departure(NamedTuple):
    """Somebody has gone. name, real_name: as they were then. at_ms: milliseconds since 1970."""

    name: str
    real_name: str
    at_ms: int


@dataclass(slots=True)
class Model:
    """Everything, with the indexes the rules need."""

    instance: str
    """Names this database in message ids, so that they stay unique after a restore."""
    accounts: dict[int, Account] = field(default_factory=dict)
    # By the folded name, as two accounts must not differ in case only.
    by_name: dict[str, Account] = field(default_factory=dict)
    former_names: dict[str, Account] = field(default_factory=dict)
    """Who had a name before, by its folded form: nobody else may have it."""
    # Asked before a name is given out, so that no two look alike.
    account_skeletons: dict[str, Account] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    channel_skeletons: dict[str, Channel] = field(default_factory=dict)
    # One number space for both, as an entry of the log has one column for where it was said.
    targets: dict[int, Channel | Direct] = field(default_factory=dict)
    # By digest: who reads the memory or the database finds no code that opens anything.
    invites: dict[bytes, Invite] = field(default_factory=dict)
    tokens: dict[bytes, Token] = field(default_factory=dict)
    """By digest."""
    certificates: dict[bytes, Certificate] = field(default_factory=dict)
    """By fingerprint."""
    # Stored in the tick, all at once: a login must not wait for one more write.
    used: dict[Token | Certificate, None] = field(default_factory=dict)
    """Those whose used_ms is newer than what is stored."""
    login_throttle: LoginThrottle = field(default_factory=LoginThrottle)
    login_places: LoginPlaces = field(default_factory=LoginPlaces)
    enrolments: dict[int, dict[str, tuple[bytes, float]]] = field(default_factory=dict, repr=False)
    """Account -> network -> the secret that a login from there is offered, as the account has to
    have a second factor, and until when, seconds of the monotonic clock. Whoever is in here has
    shown their password.
    """
    refusals: Refusals = field(default_factory=Refusals)
    acts: Acts = field(default_factory=Acts)
    logins: Levels = field(default_factory=lambda: Levels(1.0, LOGINS_AT_ONCE, MAX_KEYS))
    """Of each (account, whether it has shown its password or a certificate)."""
    departures: Levels = field(
        default_factory=lambda: Levels(DEPARTURE_SECONDS, DEPARTURES_AT_ONCE, MAX_KEYS)
    )
    """How often the others have been told of an account that it has gone."""
    wrong_keys: Levels = field(default_factory=lambda: Levels(KEY_SECONDS, KEYS_AT_ONCE, MAX_KEYS))
    """Of each (account, channel)."""
    renames: Levels = field(
        default_factory=lambda: Levels(RENAME_SECONDS, RENAMES_AT_ONCE, MAX_KEYS)
    )
    """Of each channel."""
    reported: Levels = field(
        default_factory=lambda: Levels(REPORT_SECONDS, REPORTS_AT_ONCE, MAX_KEYS)
    )
    """How often each account has reported somebody."""
    administered: Levels = field(
        default_factory=lambda: Levels(ADMINISTERED_SECONDS, ADMINISTERED_AT_ONCE, MAX_KEYS)
    )
    """How often each administrator has changed something over a connection."""
    sessions: dict[Session, None] = field(default_factory=dict)
    """All connections of this node, and those at other nodes that are logged in."""
    online: dict[Account, None] = field(default_factory=dict)
    arriving: deque[Missed] = field(default_factory=deque)
    """Who will be in the broadcast set when the next turn has begun, with what they have missed."""
    lingering: dict[Account, tuple[float, str]] = field(default_factory=dict)
    """Accounts without a session that the others are not told to have gone: until when, on the
    monotonic clock, and with what reason they go then.
    """
    departed: dict[str, deque[Departure]] = field(default_factory=dict)
    """By the account's folded name, the oldest first; never stored."""
    monitors: dict[str, dict[Session, None]] = field(default_factory=dict)
    """By the folded name, which may be nobody's: who follows it; the other side is
    Session.monitored.
    """
    row_bytes: int = 0
    """What the store takes for an entry of the log, beside its text and its tags."""
    uncounted: dict[Account, None] = field(default_factory=dict)
    """Accounts whose stored_bytes is newer than what is stored of it."""
    no_space: str = ""
    """Why nothing more is to be stored; '' when there is room."""
    unsaved: dict[tuple[Account, str], None] = field(default_factory=dict)
    """The devices, by their names, that are not stored as they are."""
    unconfirmed: dict[Session, object] = field(default_factory=dict)
    """Who has been sent messages since the last PONG."""
    looked_at: int = 0
    """The newest seq when it was last found out who that is."""
    asks_left: float = 0.0
    asked_at: float = float("-inf")
    """How many of them may be asked now (delivery.acknowledgements), as of when."""
    # A reader looks at what is committed; what has come since is taken from here.
    recent: deque[Logged] = field(default_factory=lambda: deque(maxlen=RECENT))
    # A dict, as the oldest has to go first when there are too many.
    redacted: dict[int, None] = field(default_factory=dict)
    """The numbers of the messages that were redacted last."""
    kept: dict[str, str] = field(default_factory=dict)
    """What the server keeps of itself, by its keys; address bans other threads look at, too."""
    erased: int = 0
    """The newest of the administrator's changes that told of erased entries."""
    logged: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Entries of the log since the start, by their kind; without PRIVMSG, of which are as many as
    last_seq has grown beyond these.
    """
    first_seq: int = 0
    """What last_seq was at the start."""
    refused: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """What was refused since the start, as (what it was, why); only words of the code."""
    last_seq: int = 0
    # Behind last_seq while a turn is on its way to the disk; readers may see up to here.
    committed_seq: int = 0
    last_target: int = 0
    most_online: int = 0
    admins_online: int = 0
    hidden_online: int = 0
    secret: dict[Channel, None] = field(default_factory=dict)
    """The channels that are +s."""
    arrived: int = 0
    """Sessions in the broadcast set."""
    # Counted and not searched for: LUSERS is for anybody to ask as often as lines pass.
    closing: int = 0
    """Sessions that have ended, whose connections have not gone yet."""

    def here(self) -> list[Session]:
        """The sessions whose connections are at this node."""
        return [session for session in self.sessions if session.is_here]

    def add_account(self, account: Account) -> None:
        """Put an account and its names into the indexes."""
        self.accounts[account.id] = account
        # What is in the database counts: one that can't be stored beside it may have the place.
        self.by_name[account.folded] = self.account_skeletons[account.skeleton] = account
        self._enter_names(account)

    def remove_account(self, account: Account) -> None:
        """Undo add_account, for an account that could not be stored."""
        self._leave_names(account)
        account.former = {}
        _drop(self.accounts, account.id, account)

    def respell(self, account: Account, name: str, skeleton: str) -> None:
        """Show an account's name in another case or form, with how that looks."""
        self.name_account(account, (name, account.folded, skeleton), account.former)

    def rename(self, account: Account, name: str, folded: str, skeleton: str) -> None:
        """Give an account another name. The one before stays its own."""
        former = {**account.former, account.folded: (account.name, account.skeleton)}
        former.pop(folded, None)
        self.name_account(account, (name, folded, skeleton), former)

    def name_account(
        self, account: Account, forms: tuple[str, str, str], former: dict[str, tuple[str, str]]
    ) -> None:
        """Let an account have these names, and none besides. forms, former: as in Account. A name
        that is another one's stays that one's.
        """
        self._leave_names(account)
        account.name, account.folded, account.skeleton = forms
        account.former = former
        # Else it is gone: its registration was not stored, or an administrator gave its name free.
        if self.accounts.get(account.id) is account:
            self._enter_names(account)
        for channel in account.channels:
            # The lists of names show the old spelling; the audiences hold sessions, and stay.
            channel.forget_names()

    def _enter_names(self, account: Account) -> None:
        """Where nobody stands: what an administrator has let in meanwhile stays registered."""
        self.by_name.setdefault(account.folded, account)
        self.account_skeletons.setdefault(account.skeleton, account)
        for folded, (_, skeleton) in account.former.items():
            self.former_names.setdefault(folded, account)
            self.account_skeletons.setdefault(skeleton, account)

    def _leave_names(self, account: Account) -> None:
        _drop(self.by_name, account.folded, account)
        _drop(self.account_skeletons, account.skeleton, account)
        for folded, (_, skeleton) in account.former.items():
            _drop(self.former_names, folded, account)
            _drop(self.account_skeletons, skeleton, account)

    def known_as(self, folded: str | None) -> Account | None:
        """The account of a folded name, be it one that it had before: for logins, and for what
        others have kept by name.
        """
        return self.by_name.get(folded or "") or self.former_names.get(folded or "")

    def settle_modes(self, account: Account) -> None:
        """To be called when a session comes, goes or changes its modes: a person is shown as a bot
        when the administrator says so, or all their sessions do (+B), and is hidden when all are
        +i. Who is gone stays what they were.
        """
        before = account.hidden
        account.settle_modes()
        if account in self.online:
            self.hidden_online += account.hidden - before

    def add_token(self, token: Token) -> None:
        """Put a device token into the indexes."""
        self.tokens[token.digest] = token
        self.accounts[token.account].tokens[token.name] = token

    def remove_token(self, token: Token) -> None:
        """It is no credential any more."""
        _drop(self.tokens, token.digest, token)
        if (account := self.accounts.get(token.account)) is not None:
            _drop(account.tokens, token.name, token)

    def add_certificate(self, certificate: Certificate) -> None:
        """Put a client certificate into the indexes."""
        self.certificates[certificate.fingerprint] = certificate
        self.accounts[certificate.account].certificates[certificate.name] = certificate

    def remove_certificate(self, certificate: Certificate) -> None:
        """It is no credential any more."""
        # An administrator may have put another one there meanwhile.
        _drop(self.certificates, certificate.fingerprint, certificate)
        if (account := self.accounts.get(certificate.account)) is not None:
            _drop(account.certificates, certificate.name, certificate)

    def add_channel(self, channel: Channel) -> None:
        """Put a channel and its name into the indexes."""
        self.targets[channel.id] = channel
        self.channels[channel.folded] = channel
        self.channel_skeletons[channel.skeleton] = channel
        self.note_modes(channel)

    def note_modes(self, channel: Channel) -> None:
        """To be called when a channel's modes have changed."""
        if "s" in channel.modes and self.targets.get(channel.id) is channel:
            self.secret[channel] = None
        else:
            self.secret.pop(channel, None)

    def remove_channel(self, channel: Channel) -> None:
        """Undo add_channel."""
        _drop(self.targets, channel.id, channel)
        _drop(self.channels, channel.folded, channel)
        _drop(self.channel_skeletons, channel.skeleton, channel)
        self.note_modes(channel)

    def add_direct(self, direct: Direct) -> None:
        """Put a conversation into the indexes."""
        low, high = self.accounts[direct.low], self.accounts[direct.high]
        self.targets[direct.id] = direct
        # Of a conversation with oneself both are the same entry.
        low.directs[high] = high.directs[low] = direct

    def remove_direct(self, direct: Direct) -> None:
        """Undo add_direct."""
        _drop(self.targets, direct.id, direct)
        low, high = self.accounts.get(direct.low), self.accounts.get(direct.high)
        if low is not None and high is not None:
            _drop(low.directs, high, direct)
            _drop(high.directs, low, direct)

    def account_named(self, text: str) -> Account | None:
        """The account that a text names, in any case and form; None when there is none."""
        # Mostly it stands as it is compared.
        return self.by_name.get(text) or self.by_name.get(names.fold_account(text) or "")

    def channel_named(self, text: str) -> Channel | None:
        """The open channel that a text names, in any case and form; None when there is none."""
        return self.channels.get(text) or self.channels.get(names.fold_channel(text) or "")

    def msgid(self, seq: int) -> MessageId:
        """The message id of a log entry (https://ircv3.net/specs/extensions/message-ids)."""
        return _new(MessageId, (self.instance, seq))

    def channel(self, target: int) -> Channel:
        """The channel with this id, which is known to be one."""
        channel = self.targets[target]
        if not isinstance(channel, Channel):
            raise TypeError(f"target {target} is not a channel")
        return channel

    def other_in(self, direct: Direct, account: Account) -> Account:
        """The other account of a conversation; the account itself where it talks to itself."""
        return self.accounts[direct.high if direct.low == account.id else direct.low]

    def targets_of(self, account: Account) -> Iterator[tuple[int, int, int]]:
        """(target, newest seq in it, seq after which it is the account's to read) of each."""
        for channel in account.channels:
            yield channel.id, channel.last_seq, channel.members[account].seq
        for direct in set(account.directs.values()):
            yield direct.id, direct.last_seq, 0


def _drop(index: dict[Key, Item], key: Key, item: object) -> None:
    """Take something out of an index, where it stands: an administrator may have removed it
    already, or made another one of that name, which stays.
    """
    if index.get(key) is item:
        del index[key]
