"""`securechat open`: serves the page for browsers to who has logged in. Main thread."""

from __future__ import annotations

import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from securechat.client.commands import assemble, registering
from securechat.client.commands.account import closing
from securechat.client.commands.assemble import Destination, Setup
from securechat.client.commands.login_flow import refusal_in_short
from securechat.client.credentials import device
from securechat.client.exits import Exit, UsageError
from securechat.client.open import browser, peers
from securechat.client.open.browser import LeadingFile
from securechat.client.open.page import LocalPage
from securechat.client.open.port import LoopbackPort
from securechat.client.open.stand_in import StandIn
from securechat.client.open.visits import Entry
from securechat.client.person import Person
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Login
from securechat.client.trust.authorities import Dialer, linked_addresses
from securechat.common.language import _, translated
from securechat.credentials.link import InviteLink, LinkError, is_link, parse_link

NOT_REMEMBERED = (
    "this account has a second factor, whose codes are good for one connection: the page needs "
    "this device to be remembered"
)

ENDS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def open_page(setup: Setup, where: str | None, name: str | None, *, in_browser: bool) -> Exit:
    """Log in as `login` does, and serve the page until a signal ends it. where: also an invite,
    with the name of the new account. in_browser: open one, else show the address.

    Raises ClientError and OSError.
    """
    place, made = _registered(setup, where, name)
    goal = assemble.destination(setup, place)
    stand_in = StandIn(_credential(setup, goal))
    port = LoopbackPort(_guard(setup.person))
    page = LocalPage(port.number, stand_in, str(goal.owner.address), made=made)
    line = _Line(goal.dialer, setup.person)
    entry = Entry(page.rules(), stand_in, line.dial, line.refused, port.ending, line.dropped)
    with _ends(port.stop):
        try:
            with _shown(setup.person, page, in_browser=in_browser):
                port.serve(entry)
        finally:
            port.close()
    setup.person.tell(_("The page has ended; its tabs can be closed."))
    return Exit.OK


def _registered(setup: Setup, where: str | None, name: str | None) -> tuple[str | None, bool]:
    """The place to log in to, and whether the account was made. An invite makes an account first,
    unless there is one already.
    """
    invite = _invite(where)
    if invite is None:
        if name is not None:
            raise UsageError("--account is for an invite link, by which an account is made")
        return where, False
    server = setup.settings.server(linked_addresses(invite))
    account = setup.settings.account(server.address)
    made = account is None or name is not None
    if made:
        running = registering.register(setup, invite, name, missed=Missed.LEFT)
        with closing(running):
            account = running.credential.account
    return f"{account}@{server.everywhere}", made


def _guard(person: Person) -> Callable[[socket.socket], bool]:
    """What tells connections of other users, where this system tells them."""
    if peers.are_told():
        return peers.is_foreign
    if sys.platform.startswith("linux"):
        person.tell(
            _(
                "This system doesn't tell whose a connection is: only the secret in the page's "
                "address keeps other users of this machine out."
            )
        )
    return lambda connection: False


def _invite(where: str | None) -> InviteLink | None:
    if where is None or not is_link(where):
        return None
    try:
        link = parse_link(where)
    except LinkError as error:
        raise UsageError(str(error)) from None
    return link if isinstance(link, InviteLink) else None


def _credential(setup: Setup, goal: Destination) -> Login:
    """What lets us in: the token of this device, or the password where it isn't remembered."""
    running = assemble.enter(setup, goal, missed=Missed.LEFT)
    with closing(running):
        if setup.tokens and running.credential.by_password:
            device.remember(running.client, setup.tokens, goal.owner, setup.person)
    token = setup.tokens.find(goal.owner) if setup.tokens else None
    if token is None and isinstance(running.credential, Login) and running.credential.code:
        raise UsageError(NOT_REMEMBERED)
    return Login(goal.owner.account, token.text if token else running.credential.password)


class _Line:
    """Connects to the server for the page. Tells once why that fails, and once that it is over.

    Any thread.
    """

    def __init__(self, dialer: Dialer, person: Person) -> None:
        self._dialer, self._person = dialer, person
        self._told = ""
        self._lock = threading.Lock()
        self._first = dialer.rounds.current
        dialer.passed_over = lambda error: person.tell(f"securechat: {refusal_in_short(error)}")

    def dial(self) -> ssl.SSLSocket:
        """See Dialer. A round for itself, as tabs come at any time; it begins where the last
        connection was made.
        """
        with self._lock:
            rounds = self._dialer.another(self._first)
        connection = self._dialer.connect(rounds)
        with self._lock:
            self._first = rounds.current
        told, self._told = self._told, ""
        if told:
            self._person.tell(_("securechat: the server can be reached again"))
        return connection

    def dropped(self) -> None:
        """The server has let a page in and hung up: the next round begins behind it."""
        with self._lock:
            order = self._dialer.another(self._first).begin()
            self._first = order[1 % len(order)]

    def refused(self, text: str) -> None:
        """The page comes again and again, so it is told when it is something new."""
        if text != self._told:
            self._told = text
            self._person.tell(f"securechat: {text}")


@contextmanager
def _ends(stop: Callable[[], None]) -> Iterator[None]:
    """For the time of a block the signals that end a program call this."""
    before = {number: signal.signal(number, lambda _number, _frame: stop()) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _shown(person: Person, page: LocalPage, *, in_browser: bool) -> Iterator[None]:
    """For the time of a block people get to the page: in a browser, or by its address."""
    if not (in_browser and browser.can_open()):
        if in_browser:
            person.tell(_("Here is no browser with a window to open."))
        _show_address(person, page)
        yield
        return
    try:
        lead = LeadingFile(page.address)
    except OSError as error:
        person.tell(translated(error.strerror or error))
        _show_address(person, page)
        yield
        return
    page.came = lead.remove
    try:
        browser.start(lead.path)
        person.tell(
            _(
                "The page opens in your browser, and is there for as long as this command runs; "
                "Ctrl-C ends it.\nIf no window comes: `securechat open --no-browser` shows its "
                "address."
            )
        )
        yield
    finally:
        lead.remove()


def _show_address(person: Person, page: LocalPage) -> None:
    person.show(page.address)
    person.tell(
        _(
            "Open this address in a browser on this machine. Whoever has it is you there, so show "
            "it to nobody.\nThe page is there for as long as this command runs; Ctrl-C ends it."
        )
    )
