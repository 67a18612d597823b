"""Who and what there is: accounts, channels, direct conversations, sessions.

The hub thread owns all of it. What outlives the process changes only in journal.apply().
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from securechat.core.audit import Acts, Refusals
from securechat.core.auth.throttle import LoginThrottle
from securechat.core.jobs import Missed
from securechat.core.journal.events import KickedAway, Logged
from securechat.core.model.credentials import Certificate, Factor, Token
from securechat.core.model.device import Device
from securechat.core.model.levels import Levels
from securechat.core.model.sent_keys import SentKeys
from securechat.core.model.session import Session
from securechat.irc import names

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

MAX_KEYS = 10_000
"""Accounts whose logins and departures are counted; the ones not seen for longest go first."""

ROLES = "qov"
"""Owner, operator, voice: the highest first. PREFIX=(qov)~@+."""

PREFIXES = {"q": "~", "o": "@", "v": "+", "": ""}


Key = TypeVar("Key")
Item = TypeVar("Item")


class Audience:
    """The sessions that a message goes to, grouped by what their bytes have in common.

    groups: (I/O thread, capabilities that matter) -> (sessions, their links). It never changes:
    a change of membership makes a new one, so that one which waits in a turn stays as it was.
    """

    __slots__ = ("groups", "sessions")

    def __init__(self, sessions: Iterable[Session]) -> None:
        self.sessions = {session: session.encoding_group for session in sessions}
        """Each with its group: a session's encoding_group may change while this waits in a turn."""
        self.groups: dict[tuple[int, int], tuple[list[Session], list[object]]] = {}
        for session, encoding_group in self.sessions.items():
            members, links = self.groups.setdefault(encoding_group, ([], []))
            members.append(session)
            links.append(session.link)


@dataclass(slots=True, eq=False)
class Account:
    """A person, or a bot. folded: the key names are compared by. bot: nothing is replayed to it.

    starts_after: what a new device of it has not missed: the newest seq when the account was made,
    or of what has arrived at a device that is forgotten. channels, directs and sessions are the
    other side of Channel.members, Direct and Session.account.
    """

    id: int
    name: str
    folded: str
    skeleton: str
    admin: bool = False
    disabled: bool = False
    deleted: bool = False
    bot: bool = False
    starts_after: int = 0
    away: str | None = None
    """When all its sessions are away: the message of the one that went last."""
    real_name: str = ""
    signed_on_ms: int = 0
    active_ms: int = 0
    channels: dict[Channel, None] = field(default_factory=dict)
    directs: dict[Account, Direct] = field(default_factory=dict)
    invited_to: dict[Channel, str] = field(default_factory=dict)
    """By whose address; the other side is Channel.invited."""
    kicks: dict[str, KickedAway] = field(default_factory=dict)
    """By the channel's name, what happened while nobody of the account was there; still to be told.
    """
    tokens: dict[str, Token] = field(default_factory=dict)
    """By name; the other side is Model.tokens."""
    devices: dict[str, Device] = field(default_factory=dict)
    """By name."""
    sent_keys: SentKeys = field(default_factory=SentKeys)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    """By name; the other side is Model.certificates."""
    factor: Factor | None = None
    stored_bytes: int = 0
    """What the log holds of the account."""
    sessions: list[Session] = field(default_factory=list)
    _audience: Audience | None = None

    @property
    def usable(self) -> bool:
        """Whether somebody may be logged in as, or write to, this account."""
        return not self.disabled and not self.deleted

    def source(self, server: str) -> str:
        """nick!user@host. The host is the server's name: nobody's address is shown."""
        return f"{self.name}!{self.name}@{server}"

    def forget_device(self, name: str) -> Device | None:
        """It is none any more; what arrived there is nothing that a new one has missed."""
        device = self.devices.pop(name, None)
        if device is not None:
            self.starts_after = max(self.starts_after, device.delivered)
        return device

    def audience(self) -> Audience:
        """All of the account's sessions."""
        if self._audience is None:
            self._audience = Audience(self.sessions)
        return self._audience

    def forget_audience(self) -> None:
        """To be called when a session comes, goes, or changes its capabilities."""
        self._audience = None
        for channel in self.channels:
            channel.forget_audience()


@dataclass(slots=True, eq=False)
class Membership:
    """role: '' or a letter of ROLES. seq: the newest log entry when the account joined."""

    role: str
    seq: int


@dataclass(slots=True, eq=False)
class Channel:
    """An IRC channel. modes: the letters of its flags. present: the members that are online."""

    id: int
    name: str
    folded: str
    skeleton: str
    founder: int | None
    created_ms: int
    modes: str = ""
    key: str | None = None
    limit: int | None = None
    topic: str = ""
    topic_by: str = ""
    topic_ms: int = 0
    last_seq: int = 0
    members: dict[Account, Membership] = field(default_factory=dict)
    present: dict[Account, None] = field(default_factory=dict)
    bans: dict[str, tuple[str, int]] = field(default_factory=dict)
    ban_matchers: dict[str, Callable[[str], object]] = field(default_factory=dict)
    """The bans as they are matched, made at their first use."""
    invited: dict[Account, None] = field(default_factory=dict)
    _audience: Audience | None = None
    names: dict[bool, list[str]] = field(default_factory=dict)
    """What NAMES lists, with and without addresses, made when it is asked for."""

    def audience(self) -> Audience:
        """All sessions of all members."""
        if self._audience is None:
            self._audience = Audience(s for member in self.present for s in member.sessions)
        return self._audience

    def forget_audience(self) -> None:
        """To be called when a member or a session comes or goes, or a member's role changes."""
        self._audience = None
        self.names.clear()

    def role(self, account: Account) -> str:
        """The member's role; '' for a plain member and for a stranger."""
        member = self.members.get(account)
        return member.role if member else ""

    def runs(self, account: Account) -> bool:
        """Whether the account may operate the channel; an administrator may operate all."""
        return account.admin or self.role(account) in ("q", "o")


@dataclass(slots=True, eq=False)
class Direct:
    """The conversation of two accounts, or of one with itself."""

    id: int
    low: int
    high: int
    last_seq: int = 0


@dataclass(slots=True)
class Invite:
    """An invitation to register. admin: whether its account will administer the server."""

    uses: int
    expires_ms: int
    admin: bool


@dataclass(slots=True)
class Model:
    """Everything, with the indexes the rules need."""

    instance: str
    """Names this database in message ids, so that they stay unique after a restore."""
    accounts: dict[int, Account] = field(default_factory=dict)
    by_name: dict[str, Account] = field(default_factory=dict)
    account_skeletons: dict[str, Account] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    channel_skeletons: dict[str, Channel] = field(default_factory=dict)
    targets: dict[int, Channel | Direct] = field(default_factory=dict)
    invites: dict[bytes, Invite] = field(default_factory=dict)
    tokens: dict[bytes, Token] = field(default_factory=dict)
    """By digest."""
    certificates: dict[bytes, Certificate] = field(default_factory=dict)
    """By fingerprint."""
    used: dict[Token | Certificate, None] = field(default_factory=dict)
    """Those whose used_ms is newer than what is stored."""
    login_throttle: LoginThrottle = field(default_factory=LoginThrottle)
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
    sessions: dict[Session, None] = field(default_factory=dict)
    online: dict[Account, None] = field(default_factory=dict)
    arriving: deque[Missed] = field(default_factory=deque)
    """Who will be in the broadcast set when the next turn has begun, with what they have missed."""
    lingering: dict[Account, tuple[float, str]] = field(default_factory=dict)
    """Accounts without a session that the others are not told to have gone: until when, on the
    monotonic clock, and with what reason they go then.
    """
    departed: dict[str, tuple[Account, int]] = field(default_factory=dict)
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
    recent: deque[Logged] = field(default_factory=lambda: deque(maxlen=RECENT))
    last_seq: int = 0
    committed_seq: int = 0
    last_target: int = 0
    most_online: int = 0
    admins_online: int = 0
    arrived: int = 0
    """Sessions in the broadcast set."""

    def add_account(self, account: Account) -> None:
        """Put an account and its name into the indexes."""
        self.accounts[account.id] = account
        self.by_name[account.folded] = account
        self.account_skeletons[account.skeleton] = account

    def remove_account(self, account: Account) -> None:
        """Undo add_account, for an account that could not be stored."""
        _drop(self.by_name, account.folded, account)
        _drop(self.account_skeletons, account.skeleton, account)
        _drop(self.accounts, account.id, account)

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

    def remove_channel(self, channel: Channel) -> None:
        """Undo add_room."""
        _drop(self.targets, channel.id, channel)
        _drop(self.channels, channel.folded, channel)
        _drop(self.channel_skeletons, channel.skeleton, channel)

    def add_direct(self, direct: Direct) -> None:
        """Put a conversation into the indexes."""
        low, high = self.accounts[direct.low], self.accounts[direct.high]
        self.targets[direct.id] = direct
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

    def msgid(self, seq: int) -> str:
        """The message id of a log entry (https://ircv3.net/specs/extensions/message-ids)."""
        return f"{self.instance}-{seq:x}"

    def channel(self, target: int) -> Channel:
        """The channel with this id, which is known to be one."""
        channel = self.targets[target]
        if not isinstance(channel, Channel):
            raise TypeError(f"target {target} is not a room")
        return channel

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
