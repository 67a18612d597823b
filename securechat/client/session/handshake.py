"""From the first byte to the welcome: capabilities, then login or registration.

Pure state of the receiving thread. https://ircv3.net/specs/extensions/capability-negotiation,
https://ircv3.net/specs/extensions/sasl-3.1, .../account-registration, .../standard-replies.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum, auto
from typing import Final

from securechat.client.session.events.base import Info, Problem
from securechat.client.session.events.connection import (
    Delayed,
    LoginRefused,
    RecoveryTold,
    Registered,
)
from securechat.client.session.identity import AccountRequest, Login
from securechat.client.session.labels import CAPABILITY as LABELS
from securechat.client.session.markers import CAPABILITY as MARKERS
from securechat.client.session.multiline import CAPABILITY as MULTILINE
from securechat.client.session.multiline import Limits, limits_of
from securechat.client.session.output import Output
from securechat.client.session.search import SEARCH
from securechat.irc import sasl
from securechat.irc.capabilities import SHORTEST
from securechat.irc.message import KEY_TAG, MAX_BODY_BYTES, Message, format_message

WANTED: Final = (
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "cap-notify",
    MULTILINE,
    "draft/message-redaction",
    "echo-message",
    "extended-join",
    LABELS,
    "message-tags",
    MARKERS,
    "multi-prefix",
    "sasl",
    "server-time",
    SEARCH,
    "standard-replies",
    "userhost-in-names",
    KEY_TAG,
)

# Only the echo tells that a message is stored, and its place in the order that everybody sees.
ESSENTIAL: Final = "echo-message"

# A client with this capability fetches the history itself, so the server replays nothing to it.
NO_REPLAY: Final = "draft/chathistory"

# Says before the welcome that nobody is at this client, so that a server which has the account not
# online need not tell its channels of us (https://ircv3.net/specs/extensions/pre-away).
PRE_AWAY: Final = "draft/pre-away"

FETCHING: Final = ("draft/event-playback",)
"""What a client asks for beside it that shows whole conversations."""

SHOWING: Final = "draft/channel-rename"
"""What a client asks for that shows to a person what is said, in whatever way."""

REGISTRATION: Final = "draft/account-registration"


class Missed(StrEnum):
    """What becomes of the messages that the account has missed."""

    REPLAYED = "the server sends them after the login"
    LEFT = "they wait for the account's next login; for programs, which nobody reads by"
    FOLLOWED = "the same, but others see that the account is there"
    FETCHED = "we fetch them from the server's history; where it has none, they are replayed"


QUIET: Final = (Missed.LEFT, Missed.FOLLOWED)
"""By these nobody has seen what comes: it isn't confirmed as delivered."""


class HandshakePhase(Enum):
    """How far the login has come."""

    CLOSED = auto()
    LISTING = auto()
    REQUESTING = auto()
    AUTHENTICATING = auto()
    PROVING = auto()
    REGISTERING = auto()
    FINISHING = auto()
    WELCOMED = auto()
    REFUSED = auto()


REGISTERS: Final = (HandshakePhase.REGISTERING, HandshakePhase.FINISHING)
"""Where a registration was sent, and its answer may be lost."""


# (phase, trigger) -> next phase. What has no row is ignored: servers may send messages that the
# specification doesn't have, or not at that moment.
_TRANSITIONS: Final = {
    (HandshakePhase.CLOSED, "opened"): HandshakePhase.LISTING,
    (HandshakePhase.LISTING, "listed"): HandshakePhase.REQUESTING,
    (HandshakePhase.REQUESTING, "log in"): HandshakePhase.AUTHENTICATING,
    (HandshakePhase.REQUESTING, "register"): HandshakePhase.REGISTERING,
    (HandshakePhase.AUTHENTICATING, "challenged"): HandshakePhase.PROVING,
    (HandshakePhase.PROVING, "accepted"): HandshakePhase.FINISHING,
    (HandshakePhase.REGISTERING, "registered"): HandshakePhase.FINISHING,
    (HandshakePhase.FINISHING, "welcomed"): HandshakePhase.WELCOMED,
}

_SASL_FAILURES = frozenset(("902", "904", "905", "906", "907"))
PASSWORD_CODES = frozenset(("WEAK_PASSWORD", "UNACCEPTABLE_PASSWORD"))
_LATER_CODES = frozenset(("TEMPORARILY_UNAVAILABLE", "RATE_LIMITED", "TRY_AGAIN"))
_NAME_CODES = frozenset(("ACCOUNT_EXISTS", "BAD_ACCOUNT_NAME", "NEED_NICK"))
_ASK_AGAIN: Final = {
    **dict.fromkeys(PASSWORD_CODES, "password"),
    **dict.fromkeys(_NAME_CODES, "name"),
    "CODE_REQUIRED": "code",
    "SECOND_FACTOR_REQUIRED": "factor",
}

# Reasons of our own: where a server lacks what we need, where something can't be sent, and where
# the numeric doesn't tell a certificate from a password.
NO_ACCOUNTS: Final = "NO_ACCOUNTS"
NO_ECHO: Final = "NO_ECHO"
NO_LOGIN: Final = "NO_LOGIN"
TOO_LONG: Final = "TOO_LONG"
BY_CERTIFICATE: Final = "BY_CERTIFICATE"

# Capabilities remembered; there are some fifty, and a hostile server lists them without end.
MAX_OFFERED = 1000

MAX_WAIT = 120
"""Seconds that a server may hold our login back; one that asks for more isn't waited for."""


class Handshake:
    """One login on one connection.

    credential: who we are. missed: what becomes of the messages that we have missed.
    """

    def __init__(
        self, credential: Login | AccountRequest, *, missed: Missed = Missed.REPLAYED
    ) -> None:
        self.phase = HandshakePhase.CLOSED
        self.nick = credential.account
        self.enabled: set[str] = set()
        self._credential = credential
        self._missed = missed
        self._offered: dict[str, str] = {}
        self._nick_problem = ""
        self.answered = False
        """Whether something has come that a chat server says."""
        self._offer = ("", "")

    def start(self, out: Output) -> None:
        """The first lines of a new connection."""
        self._move("opened")
        account = self._credential.account
        # CAP LS comes first, as it has the server wait for CAP END (capability-negotiation).
        # "0" and "*" as these two mean another thing in each version of the protocol
        # (https://modern.ircdocs.horse/#user-message).
        out.lines += ["CAP LS 302", format_message("NICK", account)]
        out.lines.append(format_message("USER", account, "0", "*", account))

    def receive(self, message: Message, out: Output) -> None:
        """One message of the server before the welcome."""
        if self.phase is HandshakePhase.REFUSED:
            return  # the numeric 904 follows a FAIL, whose text says more
        handler = _HANDLERS.get(message.command)
        if handler is not None:
            self.answered = True
            handler(self, message, out)
        elif message.command in _SASL_FAILURES:
            self._sasl_failed(message, out)
        elif message.command.isdigit() and "400" <= message.command < "700":
            out.events.append(Problem(_last(message)))

    @property
    def multiline(self) -> Limits | None:
        """What the server takes as one message of several lines, None for none."""
        known = {MULTILINE, "batch"} <= self.enabled
        return limits_of(self._offered.get(MULTILINE, "")) if known else None

    def offers(self, name: str) -> bool:
        """Whether the server has a capability, asked for or not."""
        return name in self._offered

    @property
    def min_password(self) -> int | None:
        """The characters of a new password at least, None when the server doesn't say."""
        for item in self._offered.get(REGISTRATION, "").split(","):
            key, _, number = item.partition("=")
            # The length first: int() refuses thousands of digits.
            if key == SHORTEST and number.isascii() and number.isdigit():
                return int(number[:4])
        return None

    @property
    def wanted(self) -> list[str]:
        """The capabilities to request of those that are offered."""
        names = list(WANTED)
        if isinstance(self._credential, AccountRequest):
            names.append(REGISTRATION)
        if self._missed is not Missed.REPLAYED:
            # A program that only sends must not take what was missed away from who reads.
            names.append(NO_REPLAY)
        if self._missed is Missed.LEFT:
            names.append(PRE_AWAY)
        if self._missed is not Missed.LEFT:
            names.append(SHOWING)
        if self._missed is Missed.FETCHED:
            names += FETCHING
        return [name for name in names if name in self._offered]

    def _move(self, trigger: str) -> bool:
        phase = _TRANSITIONS.get((self.phase, trigger))
        if phase is not None:
            self.phase = phase
        return phase is not None

    def _refuse(self, text: str, out: Output, ask_again: str = "", reason: str = "") -> None:
        self.phase = HandshakePhase.REFUSED
        offer = self._offer if ask_again == "factor" else ("", "")
        out.events.append(LoginRefused(text, ask_again, offer, reason))
        out.lines.append("QUIT")

    # -- capabilities

    def _cap(self, message: Message, out: Output) -> None:
        verb = message.params[1].upper() if len(message.params) > 2 else ""
        if verb == "LS":
            self._cap_ls(message, out)
        elif verb == "ACK":
            self._enable(_last(message).split())
            if self.phase is HandshakePhase.REQUESTING and PRE_AWAY in self.enabled:
                out.lines.append("AWAY *")
            if self.phase is HandshakePhase.REQUESTING:
                self._authenticate(out)
        elif verb == "NAK":
            self._refuse("the server took back the capabilities it had offered", out)

    def _cap_ls(self, message: Message, out: Output) -> None:
        for item in _last(message).split():
            name, _, value = item.partition("=")
            if len(self._offered) < MAX_OFFERED:
                self._offered[name] = value
        if message.params[2] == "*" or not self._move("listed"):  # '*': more lines follow
            return
        if ESSENTIAL not in self._offered:
            self._refuse(
                f"the server doesn't offer {ESSENTIAL}, which this client needs to know what is "
                "stored; use another IRC client for this server",
                out,
                reason=NO_ECHO,
            )
        else:
            out.lines.append(format_message("CAP", "REQ", " ".join(self.wanted)))

    def _enable(self, names: list[str]) -> None:
        for name in names:
            if name.startswith("-"):
                self.enabled.discard(name[1:])
            elif name in self.wanted:
                self.enabled.add(name)

    # -- login and registration

    def _authenticate(self, out: Output) -> None:
        if isinstance(self._credential, AccountRequest):
            self._register(self._credential, out)
            return
        mechanism = "EXTERNAL" if self._credential.password is None else "PLAIN"
        offered = self._offered.get("sasl", "")
        # The value lists the mechanisms (sasl-3.2); without one we try.
        if "sasl" not in self.enabled or (offered and mechanism not in offered.split(",")):
            text = f"the server offers no login by SASL {mechanism}"
            self._refuse(text, out, reason=NO_LOGIN)
        elif self._move("log in"):
            out.lines.append(f"AUTHENTICATE {mechanism}")

    def _challenge(self, message: Message, out: Output) -> None:
        credential = self._credential
        if message.params[:1] != ["+"] or isinstance(credential, AccountRequest):
            return
        if self._move("challenged"):
            payload = (
                credential.account.encode()
                if credential.password is None
                # The code of a second factor follows the password, as in clients that can't ask.
                else sasl.encode_plain(credential.account, credential.password + credential.code)
            )
            out.lines += [f"AUTHENTICATE {chunk}" for chunk in sasl.encode_chunks(payload)]

    def _register(self, credential: AccountRequest, out: Output) -> None:
        if REGISTRATION not in self.enabled:
            text = "the server takes no registrations from clients"
            self._refuse(text, out, reason=NO_ACCOUNTS)
            return
        if not credential.password and self.min_password is None:
            # It is another's, which might take an empty password for one.
            self._refuse("", out, "password")
            return
        # "*" is the account named as our nick. The invite code stands in the e-mail address's place
        # (account-registration).
        line = format_message("REGISTER", "*", credential.code, credential.password)
        if len(line.encode()) > MAX_BODY_BYTES:  # unlike AUTHENTICATE it has one line only
            text = "the password is too long to be sent; use at most 300 bytes"
            self._refuse(text, out, "password", TOO_LONG)
        elif self._move("register"):
            out.lines.append(line)

    def _accepted(self, _message: Message, out: Output) -> None:
        if self._move("accepted"):
            out.lines.append("CAP END")

    def _sasl_failed(self, message: Message, out: Output) -> None:
        text = _last(message) or "the server refused the login"
        by_certificate = isinstance(self._credential, Login) and self._credential.password is None
        self._refuse(text, out, "password", BY_CERTIFICATE if by_certificate else message.command)

    def _registered(self, message: Message, out: Output) -> None:
        if message.params[:1] == ["SUCCESS"]:
            out.events.append(Info(_last(message)))
            if self._move("registered"):
                out.events.append(Registered())
                out.lines.append("CAP END")
        elif message.params:  # VERIFICATION_REQUIRED, for which this client has no dialogue
            self._refuse(_last(message), out)

    def _standard_reply(self, message: Message, out: Output) -> None:
        if message.command != "FAIL" or len(message.params) < 3:
            if message.params[:2] == ["TOTP", "SECRET"] and len(message.params) > 4:
                self._offer = message.params[2], message.params[3]
            else:
                out.events.append(_remark(message))
            return
        code = message.params[1].upper()
        if code in _LATER_CODES and isinstance(self._credential, Login):
            # Not a refusal: the next attempt may succeed.
            out.hangup = f"the server says: {_last(message)}"
            return
        text = self._nick_problem if code == "NEED_NICK" and self._nick_problem else _last(message)
        ask_again = _ASK_AGAIN.get(code, "")
        if ask_again == "factor" and not self._offer[0]:
            ask_again = "password"  # for a token there is no offer: the password is asked for
        self._refuse(text, out, ask_again, code)

    def _bad_nick(self, message: Message, out: Output) -> None:
        self._nick_problem = _last(message)
        if isinstance(self._credential, AccountRequest):
            text = f"{self._credential.account}: {self._nick_problem}"
            self._refuse(text, out, "name", message.command)
        else:  # no refusal: once we are logged in, the account decides what our nick is
            out.events.append(Problem(self._nick_problem))

    def _password_mismatch(self, message: Message, out: Output) -> None:
        self._refuse(_last(message), out, "password", message.command)

    def _welcome(self, message: Message, out: Output) -> None:
        if message.params and self._move("welcomed"):
            self.nick = message.params[0]

    def _server_error(self, message: Message, out: Output) -> None:
        # Its last words, such as that our address is banned; the connection ends with them.
        out.hangup = f"the server says: {_last(message)}"

    def _notice(self, message: Message, out: Output) -> None:
        out.events.append(Info(_last(message)))


def _remark(message: Message) -> Info | Problem | Delayed | RecoveryTold:
    if message.command != "NOTE":
        return Problem(_last(message))
    if message.params[:2] == ["TOTP", "RECOVERY"]:
        return RecoveryTold(tuple(message.params[2:-1]))
    code = message.params[1:2]
    waits = code in (["WAIT"], ["QUEUED"]) and len(message.params) > 3
    seconds = message.params[2] if waits else ""
    if seconds.isascii() and seconds.isdigit():
        # The length first: int() refuses thousands of digits.
        return Delayed(_last(message), min(int(seconds[:6]), MAX_WAIT), code == ["QUEUED"])
    return Info(_last(message))


def _last(message: Message) -> str:
    return message.params[-1] if message.params else ""


_HANDLERS: Final[dict[str, Callable[[Handshake, Message, Output], None]]] = {
    "CAP": Handshake._cap,
    "AUTHENTICATE": Handshake._challenge,
    "903": Handshake._accepted,
    "REGISTER": Handshake._registered,
    "FAIL": Handshake._standard_reply,
    "WARN": Handshake._standard_reply,
    "NOTE": Handshake._standard_reply,
    "432": Handshake._bad_nick,
    "433": Handshake._bad_nick,
    "464": Handshake._password_mismatch,
    "001": Handshake._welcome,
    "ERROR": Handshake._server_error,
    "NOTICE": Handshake._notice,
}
