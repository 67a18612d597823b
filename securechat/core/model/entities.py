"""Who and what there is: sessions and their accounts, channels, direct conversations.

They stand in one file because their types refer to each other, and no imports may run in a ring.
Plain state: what outlives the process changes only in journal.apply(). The hub thread owns it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import NamedTuple

from securechat.core.delivery.line import EncodingGroup
from securechat.core.journal.events.channels import KickedAway
from securechat.core.model.answers import Answering
from securechat.core.model.credentials import Certificate, Device, Factor, Token
from securechat.core.model.mask_list import KINDS, MaskList
from securechat.core.model.membership import MEMBER_MODES, Membership
from securechat.core.model.open_batch import OpenBatch
from securechat.core.model.sent_keys import SentKeys
from securechat.core.model.states import State, Trigger, after
from securechat.irc.capabilities import WIRE
from securechat.irc.framing import LINES
from securechat.irc.sasl import Assembler

# The tag has no value and no vendor: https://ircv3.net/specs/extensions/bot-mode
BOT_TAG = "bot"

ELSEWHERE = -1
"""In the place of an I/O thread's number: the session's connection is at another node."""


@dataclass(slots=True)
class LoginAttempt:
    """What a connection has said of itself before it is in the broadcast set; dropped then.

    nick, user, real_name: as the client gave them. password: of PASS, not looked at yet. invite:
    the code of the registration that goes on. negotiating: capabilities, so that the login waits
    for CAP END. failures: logins and registrations that were refused.
    """

    nick: str | None = None
    user: str | None = None
    real_name: str = ""
    password: str | None = None
    # Kept while a worker makes the hash: whether it is still good is asked again then.
    invite: str = ""
    negotiating: bool = False
    failures: int = 0
    refused: str = field(default="", repr=False)  # it may hold a secret
    """Why the last attempt to log in by SASL failed, as it was told."""
    claimed: Account | None = None
    """Whose password a worker is checking."""
    outdated: bool = False
    """What the worker finds is no more true: password or account have changed since."""
    # Else those whose name is being guessed by others, or who come when everybody comes, would run
    # out of their time to log in.
    waited: float = 0.0
    """Seconds that the server has had it wait; they are no part of its time for the login."""
    tell_at: float = 0.0
    """When it is to be told that it still waits, in seconds of the monotonic clock."""
    unstored: bool = False
    """The login holds something that is not stored yet."""


@dataclass(slots=True)
class SaslExchange:
    """From AUTHENTICATE with a mechanism to its end. assembler: has what came of the payload."""

    mechanism: str
    assembler: Assembler = field(default_factory=Assembler)
    checking: bool = False
    """Somebody who is logged in already has said it all, and a worker checks the password."""
    aborted: bool = False
    """Meanwhile they have changed their mind; what the worker finds changes nothing."""


@dataclass(slots=True, eq=False, repr=False)
class Session:
    """link: what the server delivers to, opaque here. io: the number of the link's I/O thread.

    address: where it comes from, for logs. address_block: what counts as one place there, in
    limits: the address, or the /64 of an IPv6 one. fingerprint: the SHA-256 of the verified client
    certificate that it shows, or None. join: frames what it is sent, as its transport does.
    opened_at and the other *_at: seconds of the monotonic clock.
    """

    # The rules never call it: they hand it back to the hub, with the bytes that are for it.
    link: object
    _: KW_ONLY
    io: int
    address: str
    fingerprint: bytes | None
    opened_at: float
    address_block: str = ""
    join: InitVar[Callable[[Iterable[bytes]], bytes]] = LINES
    encoding_group: EncodingGroup = field(init=False)
    heard_at: float = field(init=False)
    arrived_at: float = field(init=False)
    answered_at: float = field(init=False)
    # In the past without end, so that the first PING is due at once whatever the clock shows.
    asked_at: float = float("-inf")
    awaited: bool = False
    """The PONG to the server's last PING has not come."""
    state: State = State.CONNECTED
    login: LoginAttempt | None = field(default_factory=LoginAttempt)
    """None once it is in the broadcast set."""
    exchange: SaslExchange | None = None
    # A sum of bits, as each delivery asks for them; a set of names would have to be searched.
    caps: int = 0
    cap_302: bool = False
    away: str | None = None
    """Its own message; the account is away when all its sessions are."""
    away_at: float = 0.0
    account: Account | None = None
    # Only what the password has shown comes from the client: a token and a certificate name it.
    claimed_device: str = ""
    """What it calls itself among the devices of the account."""
    device: Device | None = None
    after: int = 0
    """All after this seq that its device has missed is given to it."""
    delivered: int | None = None
    """The newest seq that a PONG has shown to have arrived here; None before the first."""
    token: Token | None = None
    """The device token that it logged in with, or that it is bound to."""
    certificate: Certificate | None = None
    """The client certificate that it logged in with."""
    # Most sessions are never listed, so the randomness for it is asked for late.
    id: str = ""
    """What it is called in lists of sessions, once it was in one."""
    proved_at: float | None = None
    """When it showed the account's password, if it did."""
    enrolling: bytes | None = None
    """The secret of a second factor that awaits its first code."""
    changing: bool = False
    """A worker makes the hash of its account's new password."""
    # Lines that came while a worker was busy for it; how many, Settings.max_held_lines limits.
    held: list[bytes] = field(default_factory=list)
    answering: Answering | None = None
    """The rest of a long answer; its further lines wait for the end."""
    invisible: bool = False
    batch: OpenBatch | None = None
    # A dict in the place of a set, here and below: it keeps the order in which things came.
    subscriptions: dict[str, None] = field(default_factory=dict)
    """The keys of metadata that it is told of."""
    early_metadata: dict[str, str] = field(default_factory=dict)
    """What it has set before its login was complete; '' removes a key."""
    answered_label: str | None = None
    """What the present line is the response to, where that isn't its own label."""
    awaited_label: str = ""
    """Of the line that a worker's answer is the response to."""
    # The administrator's word, which is stored; is_bot is what follows from it and from +B.
    bot: bool = False
    """It says of itself that a program is at it (MODE +B)."""
    # Both directions are kept: who goes offline must find its followers without a search.
    monitored: dict[str, str] = field(default_factory=dict)
    """The names that it follows, folded, each as its list shows it; the other side is
    Model.monitors.
    """

    def __post_init__(self, join: Callable[[Iterable[bytes]], bytes]) -> None:
        self.encoding_group = EncodingGroup(self.io, 0, join)
        self.address_block = self.address_block or self.address
        # All begin now: a deadline that counts from zero would be over at once.
        self.heard_at = self.arrived_at = self.answered_at = self.opened_at

    @property
    def is_here(self) -> bool:
        """Whether its connection is at this node, which asks it, times it out and ends it."""
        return self.io != ELSEWHERE

    @property
    def proven(self) -> bool:
        """Whether it showed the password or a certificate itself, and not a device token only."""
        return self.token is None or self.proved_at is not None

    def move(self, trigger: Trigger) -> None:
        """Go to the next state. Raises TransitionError."""
        self.state = after(self.state, trigger)

    def set_caps(self, caps: int) -> None:
        """Change the capabilities; the account's audiences must be forgotten then."""
        self.caps = caps
        # Only the bits that change bytes: the others would split one group into several, each of
        # which costs an encoding and a join.
        self.encoding_group = self.encoding_group._replace(caps=caps & WIRE)

    def has(self, capability: int) -> bool:
        """Whether a capability, or one of several, is enabled."""
        # With several bits this means any of them, as `ECHO_MESSAGE | SELF_MESSAGE` is asked.
        return bool(self.caps & capability)

    @property
    def shown_nick(self) -> str:
        """What a numeric is addressed to: until the welcome, the name the client gave itself."""
        if self.login is not None:
            return self.login.nick or "*"
        return self.who.name

    @property
    def attempt(self) -> LoginAttempt:
        """The login of a session that is not in the broadcast set yet."""
        if self.login is None:
            raise RuntimeError("the session is logged in")
        return self.login

    @property
    def who(self) -> Account:
        """The account of a session that is logged in."""
        if self.account is None:
            raise RuntimeError("the session is not logged in")
        return self.account


class Audience:
    """The sessions that a message goes to, grouped by what their bytes have in common.

    groups: (sessions, their links) of each encoding group of this node. It never changes: a change
    of membership makes a new one, so that one which waits in a turn stays as it was.
    """

    # There is one for each channel, and it is the key of a dict in each turn.
    __slots__ = ("groups", "of", "others", "sessions")

    def __init__(self, sessions: Iterable[Session], of: AudienceOf | None = None) -> None:
        # The group as it is now. Who changes capabilities later in this turn still gets these lines
        # as they were meant.
        self.sessions = {session: session.encoding_group for session in sessions}
        """Each with its group: that may change while this waits in a turn."""
        self.groups: dict[EncodingGroup, tuple[list[Session], list[object]]] = {}
        self.of = of
        """Whose it is, where it is all of a channel, of a rank in it, or of an account."""
        self.others: list[Session] = []
        """Those at other nodes."""
        for session, encoding_group in self.sessions.items():
            if encoding_group.io == ELSEWHERE:
                self.others.append(session)
                continue
            members, links = self.groups.setdefault(encoding_group, ([], []))
            # Side by side with the links, so that a delivery needs no loop over the sessions.
            members.append(session)
            links.append(session.link)


class AudienceOf(NamedTuple):
    """What an audience is all of, so that another node knows its own part of it. rank: in a
    channel; None for all.
    """

    whose: Account | Channel
    rank: int | None = None

    @property
    def audience(self) -> Audience:
        """As it is now."""
        if isinstance(self.whose, Channel) and self.rank is not None:
            return self.whose.ranked(self.rank)
        return self.whose.audience()


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
    former: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The names that it had before, each with what it looks like, by the folded name; the other
    side is Model.former_names.
    """
    disabled: bool = False
    deleted: bool = False
    bot: bool = False
    is_bot: bool = False
    """Whether they are shown as a bot."""
    unseen: bool = False
    """Whether all its sessions run by themselves, so that nobody is shown that it is there (see
    presence.sight).
    """
    hidden: bool = False
    """Whether they are +i: what channels they are in is told to who is in these too."""
    starts_after: int = 0
    away: str | None = None
    """When all its sessions are away: the message of the one that went last."""
    chosen_name: str = ""
    """The real name that was set by SETNAME; '' for none."""
    # As it is stored, and parsed when it is asked for: few have any, and few look at it.
    metadata: str = ""
    """Its keys with their values, as a JSON object; '' for none."""
    login_name: str = ""
    """What its newest login gave as the real name."""
    policy_told_ms: int = 0
    """Its newest login before the last start, or when it was told later what the server keeps."""
    signed_on_ms: int = 0
    active_ms: int = 0
    # In the order of joining, in which a login shows them.
    channels: dict[Channel, None] = field(default_factory=dict)
    # By the other account; a conversation with oneself is under oneself.
    directs: dict[Account, Direct] = field(default_factory=dict)
    invited_to: dict[Channel, str] = field(default_factory=dict)
    """By whose address; the other side is Channel.invited."""
    kicks: dict[str, KickedAway] = field(default_factory=dict)
    """By the channel's name, what happened while nobody of the account was there; still to be told.
    """
    read_markers: dict[str, int] = field(default_factory=dict)
    """Up to when its person has read what, by the folded name of the channel or the account."""
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
    quota_mib: int | None = None
    """What it may hold: 0 any amount, None as the settings say."""
    sessions: list[Session] = field(default_factory=list)
    _audience: Audience | None = None

    @property
    def forms(self) -> tuple[str, str, str]:
        """Its name as it is shown, as it is compared, and what it looks like."""
        return self.name, self.folded, self.skeleton

    @property
    def usable(self) -> bool:
        """Whether somebody may be logged in as, or write to, this account."""
        return not self.disabled and not self.deleted

    @property
    def real_name(self) -> str:
        """As the others are shown it: what a login gives is only what its client is set to."""
        return self.chosen_name or self.login_name

    def source(self, server: str) -> str:
        """nick!user@host. The host is the server's name: nobody's address is shown."""
        return f"{self.name}!{self.name}@{server}"

    def settle_modes(self) -> None:
        """See Model.settle_modes(), which is to be called."""
        # Without this one who leaves would change what they are: all() of nothing is true.
        if self.sessions:
            self.is_bot = self.bot or all(session.bot for session in self.sessions)
            self._hide(hidden=all(session.invisible for session in self.sessions))

    def _hide(self, *, hidden: bool) -> None:
        if hidden != self.hidden:
            self.hidden = hidden
            for channel in self.channels:
                channel.forget_names()

    @property
    def line_tags(self) -> str | None:
        """What their lines carry of them (https://ircv3.net/specs/extensions/bot-mode)."""
        return BOT_TAG if self.is_bot else None

    def forget_device(self, name: str) -> Device | None:
        """Remove a device. What has arrived there counts as received for devices to come."""
        device = self.devices.pop(name, None)
        if device is not None:
            # Else the next device of that name would be given again what the forgotten one has had.
            self.starts_after = max(self.starts_after, device.delivered)
        return device

    def audience(self) -> Audience:
        """All of the account's sessions."""
        if self._audience is None:
            self._audience = Audience(self.sessions, AudienceOf(self))
        return self._audience

    def forget_audience(self) -> None:
        """To be called when a session comes, goes, or changes its capabilities."""
        self._audience = None
        # Their audiences hold this account's sessions too.
        for channel in self.channels:
            channel.forget_audience()


@dataclass(slots=True, eq=False)
class Channel:
    """An IRC channel. modes: the letters of its flags. present: the members that are online."""

    id: int
    name: str
    folded: str
    skeleton: str
    # An id and not an Account, as the founder's account may end while the channel goes on.
    founder: int | None
    created_ms: int
    modes: str = ""
    key: str | None = None
    limit: int | None = None
    topic: str = ""
    topic_by: str = ""
    topic_ms: int = 0
    metadata: str = ""
    """As of an account."""
    last_seq: int = 0
    # A seq, set when the mode is: what was said before was not meant for newcomers.
    history_from: int = 0
    """With +H members may read what came after it, also from before they joined."""
    # The two differ: 0 keeps the channel's history even where the server's setting is a week.
    keep_days: int | None = None
    """For how long its history is kept: 0 for ever, None as the settings say."""
    members: dict[Account, Membership] = field(default_factory=dict)
    # Kept beside members, as in a large channel most of them may be offline.
    present: dict[Account, None] = field(default_factory=dict)
    bans: MaskList = field(default_factory=MaskList)
    exceptions: MaskList = field(default_factory=MaskList)
    """Whom no ban keeps out or silences."""
    invite_exceptions: MaskList = field(default_factory=MaskList)
    """Who needs no invitation."""
    invited: dict[Account, None] = field(default_factory=dict)
    _audience: Audience | None = None
    # For STATUSMSG, which is rare: only what somebody has asked for is there.
    _ranked: dict[int, Audience] = field(default_factory=dict)
    # When a class comes back after a restart, each of them is told the same names.
    names: dict[tuple[bool, bool, bool], list[str]] = field(default_factory=dict)
    """What NAMES lists, with addresses or without, with all prefixes or with the highest, to those
    who are in it or to others; made when it is asked for.
    """
    _seen: list[Account] | None = None
    _shown: list[Account] | None = None

    def audience(self) -> Audience:
        """All sessions of all members."""
        if self._audience is None:
            every = (s for member in self.present for s in member.sessions)
            self._audience = Audience(every, AudienceOf(self))
        return self._audience

    def ranked(self, rank: int) -> Audience:
        """All sessions of the members of a rank, as rank() has it, or of a higher one."""
        if rank not in self._ranked:
            members = [member for member in self.present if self.rank(member) <= rank]
            every = (s for member in members for s in member.sessions)
            self._ranked[rank] = Audience(every, AudienceOf(self, rank))
        return self._ranked[rank]

    def shown_to(self, account: Account) -> Collection[Account]:
        """Those in sight whom an account may know to be there: a member, or an administrator, all;
        anybody else those who are not +i. Everybody finds themselves.

        https://modern.ircdocs.horse/#invisible-user-mode
        """
        if account in self.members or account.admin:
            return (
                [*self.seen, account] if account.unseen and account in self.present else self.seen
            )
        if self._shown is None:
            self._shown = [member for member in self.seen if not member.hidden]
        return self._shown

    @property
    def seen(self) -> Collection[Account]:
        """Those present that others are shown."""
        if self._seen is None:
            self._seen = [member for member in self.present if not member.unseen]
        return self._seen

    def forget_audience(self) -> None:
        """To be called when a member or a session comes or goes, or a member's modes change."""
        self._audience = None
        # A member who has lost a rank must not hear what is said to it any more.
        self._ranked.clear()
        self.forget_names()

    def forget_names(self) -> None:
        """To be called when something changes of whom it shows, or how."""
        self.names.clear()
        self._seen = self._shown = None

    def masks(self, kind: str) -> MaskList:
        """The list that a mode stands for: b, e or I."""
        found: MaskList = getattr(self, KINDS[kind])
        return found

    def modes_of(self, account: Account) -> str:
        """The member's modes; '' for a plain member, and for who is none."""
        member = self.members.get(account)
        return member.modes if member else ""

    def rank(self, account: Account) -> int:
        """By the highest of the member's modes: 0 is the highest rank."""
        modes = self.modes_of(account)
        # The letters stand in their order, so the first one is the highest.
        return MEMBER_MODES.index(modes[0]) if modes else len(MEMBER_MODES)

    def runs(self, account: Account) -> bool:
        """Whether the account may operate the channel; an administrator may operate all."""
        return account.admin or not {"q", "o"}.isdisjoint(self.modes_of(account))


@dataclass(slots=True, eq=False)
class Direct:
    """The conversation of two accounts, or of one with itself."""

    id: int
    # The smaller id first, so that two who write to each other at once find the same one.
    low: int
    high: int
    last_seq: int = 0
