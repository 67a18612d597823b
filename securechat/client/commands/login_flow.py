"""Logs somebody in: by this device's token, else by the password, and by a code if one is needed.

Main thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from securechat.client.credentials.login_credentials import Sources
from securechat.client.credentials.second_factor import show_recovery, show_secret
from securechat.client.credentials.tokens import TokenOwner, Tokens
from securechat.client.exits import (
    CertificateError,
    ClientError,
    Exit,
    LoginError,
    UnreachableError,
    UsageError,
)
from securechat.client.ignoring import Ignored
from securechat.client.person import Nobody, Person
from securechat.client.refusals import refusal
from securechat.client.session.events.base import Problem
from securechat.client.session.events.connection import (
    LoginRefused,
    RecoveryTold,
    Registered,
    Stopped,
)
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import AccountRequest, Login
from securechat.client.session.session import ClientSession
from securechat.client.trust.authorities import Dialer
from securechat.client.wire.receiver import Client, Early
from securechat.client.wire.rounds import Reconnect
from securechat.common.language import _, ngettext, translated
from securechat.common.record import State, field, replace

ATTEMPTS = 3
"""How often a password or a code is asked for before the command gives up."""

CODE = "Code of your authenticator (or a recovery code): "
# There are no recovery codes yet.
FIRST_CODE = "The code that it shows now: "

NO_CODE = (
    "this account has a second factor, and a script can't give its code; make a token with "
    "`securechat token create NAME`, which needs none, and give that in the password's place"
)
NO_FACTOR = (
    "this server asks for a second factor, and this account has none: log in once with `securechat "
    "login` on a terminal, where it is shown how"
)
NO_CHAT = (
    "nothing there has answered as a chat server does: one that is ending may answer in a moment, "
    "so try again; else check the port (securechat-server listens on 6697 unless told otherwise)"
)
WRONG_CODE = "the code was not accepted; each is good for one login only, so wait for the next one"

_TOTP = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"([a-z2-7]{5})-?([a-z2-7]{5})")


class LoggedIn(State):
    """A client that is logged in, as the commands hand it on.

    credential: what the server accepted. person: whom it is for. ignored: by the account.
    """

    session: ClientSession
    client: Client
    credential: Login | AccountRequest
    person: Person = field(default_factory=Nobody)
    ignored: Ignored = field(default_factory=Ignored)


def start(
    credential: Login | AccountRequest,
    dialer: Dialer,
    person: Person | None = None,
    *,
    missed: Missed = Missed.REPLAYED,
    reconnect: Reconnect | None = None,
    registered: Callable[[], None] = lambda: None,
) -> LoggedIn:
    """Connect and log in, once. person: is told what the server says meanwhile. missed: what
    becomes of what the account has missed. reconnect: None: never where what was missed is left,
    else always. registered: is called as soon as there is an account, whatever comes
    then. Raises ClientError. Main thread.
    """
    session = ClientSession(credential, missed=missed)
    if reconnect is None:
        reconnect = Reconnect.NEVER if missed is Missed.LEFT else Reconnect.ALWAYS
    person = person or Nobody()
    client = connect(session, dialer, person, reconnect=reconnect, registered=registered)
    return LoggedIn(session, client, credential, person)


def connect(
    session: ClientSession,
    dialer: Dialer,
    person: Person,
    *,
    reconnect: Reconnect,
    registered: Callable[[], None] = lambda: None,
) -> Client:
    """Have a session connected, up to its welcome. As start(), which begins one of its own."""
    client = Client(session, dialer, rounds=dialer.rounds, reconnect=reconnect)
    waiting = person.waiting()
    dialer.step = waiting.step
    dialer.passed_over = lambda error: client.tell(Problem(refusal_in_short(error), remote=False))

    def told(event: Early) -> None:
        if isinstance(event, Registered):
            registered()
        elif isinstance(event, RecoveryTold):
            show_recovery(person, event.codes)
        elif event.queued:
            person.tell(_("Many log in at once; this login waits for its turn."))
        else:
            person.tell(
                ngettext(
                    "After several wrong passwords the server looks at this one in a second.",
                    "After several wrong passwords the server looks at this one in {seconds} s.",
                    event.seconds,
                ).format(seconds=event.seconds)
            )

    with waiting:
        client.start()
        stopped = client.wait_ready(told)
    if stopped is None:
        return client
    if stopped.code is Exit.UNREACHABLE and session.unanswered:
        raise UnreachableError(f"{stopped.text}; {NO_CHAT}")
    raise failure(stopped)


_FAILURES: Final = {
    Exit.UNREACHABLE: UnreachableError,
    Exit.CERTIFICATE: CertificateError,
    Exit.USAGE: UsageError,
}


def refusal_in_short(error: CertificateError) -> str:
    """Of an address that was passed over, as another one is the server's."""
    # Its first line says which address, and why; the others advise who gets nowhere.
    return _("{refusal}; another address of the server was taken").format(
        refusal=str(error).partition("\n")[0]
    )


def look(dialer: Dialer, person: Person) -> None:
    """Connect and verify, no more. Raises UnreachableError or CertificateError."""
    with person.waiting() as waiting:
        dialer.step = waiting.step
        dialer.look()


def failure(stopped: Stopped) -> ClientError:
    """The error that a client's end stands for."""
    if stopped.code is Exit.LOGIN:
        return refused_login(stopped)
    return _FAILURES.get(stopped.code, ClientError)(stopped.text)


def refused_login(stopped: Stopped) -> LoginError:
    """How the server has refused us."""
    how = stopped.refused or LoginRefused(stopped.text)
    return LoginError(how.text, how.ask_again, how.offer, how.reason)


class LoginFlow(State):
    """One login. tokens: None to take the password, whatever is remembered.

    start: makes one attempt, on a connection of its own, and raises LoginError. look: connects and
    verifies, no more.
    """

    owner: TokenOwner
    sources: Sources
    person: Person
    tokens: Tokens | None
    start: Callable[[Login], LoggedIn]
    look: Callable[[], None] = lambda: None

    def enter(self) -> LoggedIn:
        """Log in; asks for what is missing. Raises ClientError."""
        return self._by_token() or self._by_password()

    def _by_token(self) -> LoggedIn | None:
        token = self.tokens.find(self.owner) if self.tokens else None
        if token is None or self.tokens is None:
            return None
        try:
            return self.start(Login(self.owner.account, token.text))
        except LoginError as error:
            if error.ask_again != "password":  # it may pass, so the token is kept
                raise
            self.person.tell(
                _(
                    "The server no longer knows this device, {name}: log in with the password once "
                    "more."
                ).format(name=token.name)
            )
            self.tokens.forget(self.owner)
            return None

    def _by_password(self) -> LoggedIn:
        account, place = self.owner.account, str(self.owner.address)
        if self.sources.asks:
            # Nobody types a password for a server that isn't there, or isn't the one.
            self.look()
        login = self.sources.login(self.person, account, place)
        for _attempt in range(ATTEMPTS - 1):
            try:
                return self._attempt(login)
            except LoginError as error:
                if not (self.sources.asks and error.ask_again == "password"):
                    raise
                self.person.tell(refusal(error, again=True))
            login = self.sources.login(self.person, account, place)
        return self._attempt(login)

    def _attempt(self, login: Login) -> LoggedIn:
        try:
            return self.start(login)
        except LoginError as error:
            if error.ask_again not in ("code", "factor"):
                raise
            begins = error.ask_again == "factor"
            if not self.sources.asks:
                raise LoginError(NO_FACTOR if begins else NO_CODE) from None
            offer = error.offer
        if begins:
            self.person.tell(
                _("This server asks for a second factor, which this account has not yet.")
            )
            show_secret(self.person, *offer)
        return self._by_code(login, FIRST_CODE if begins else CODE)

    def _by_code(self, login: Login, question: str) -> LoggedIn:
        """Log in with a code, which is asked for; the password was right."""
        for attempt in range(ATTEMPTS):
            if attempt:
                self.person.tell(_("refused: {error}").format(error=translated(WRONG_CODE)))
            code = ask_code(self.person, question)
            try:
                return self.start(replace(login, code=code))
            except LoginError as error:
                if error.ask_again not in ("password", "code", "factor"):
                    raise
        raise LoginError(WRONG_CODE)


def ask_code(person: Person, question: str = CODE) -> str:
    """A code that may be right by its form: six digits, or a recovery code."""
    while True:
        typed = "".join(person.ask_secret(question, NO_CODE).split()).lower()
        if _TOTP.fullmatch(typed):
            return typed
        if found := _RECOVERY.fullmatch(typed):
            return f"{found[1]}-{found[2]}"
        person.tell(_("Expected six digits, or a recovery code such as abcde-23456."))
