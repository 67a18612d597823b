"""`securechat register`: makes an account by an invite link. Main thread.

What is wrong with the link, and with the name, is asked of the server before anybody thinks of a
password.
"""

from __future__ import annotations

from securechat.client.commands.assemble import Destination, Setup, dialer_to, keep
from securechat.client.commands.login_flow import LoggedIn, connect, look, start
from securechat.client.credentials import device, passwords
from securechat.client.credentials.login_credentials import ask_account, checked_account
from securechat.client.credentials.tokens import TokenOwner
from securechat.client.exits import ClientError, LoginError, UsageError
from securechat.client.refusals import refusal
from securechat.client.session.actions import Quit
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import AccountRequest
from securechat.client.session.session import ClientSession
from securechat.client.settings import Server
from securechat.client.trust import anchors, authorities
from securechat.client.trust.authorities import Dialer, Trust
from securechat.client.wire.rounds import Reconnect
from securechat.common.language import _
from securechat.common.record import State
from securechat.credentials.link import InviteLink

USED_UP = "INVALID_EMAIL"
"""How a server refuses an invite, as the specification has no code for that."""


def register(
    setup: Setup, link: InviteLink, account: str | None, *, missed: Missed = Missed.REPLAYED
) -> LoggedIn:
    """Make the account, log in, and trust the link's CA from then on. missed: as of start(). Raises
    ClientError.
    """
    server = setup.settings.server(authorities.linked_addresses(link))
    address = server.address
    if setup.ca_file is not None:
        raise UsageError("--ca is not for register: the link says which authority to trust")
    if setup.sources.certificate is not None:
        raise UsageError("--cert is not for register: a new account begins with a password")
    given = setup.sources.given()
    if account is not None:
        checked_account(account)
    with setup.person.waiting() as waiting:
        offer = authorities.offered_by_link(link, waiting.step)
    trust = anchors.decide(setup.settings, address, offer, setup.consent, setup.person).trust
    making = _Registration(setup, server, trust, dialer_to(server, trust), link.code, missed)
    if account is None:
        look(making.dialer, setup.person)  # nobody types for a server that isn't the one
        question = _("Name of your account at {address}").format(address=address)
        account = ask_account(setup.person, question)
    try:
        return making.by(account, given) if given else making.asking(account)
    except LoginError as error:
        if error.reason == USED_UP:
            error.advice = _(
                "Have you made your account with it, perhaps on another device? Then log in:\n"
                "    securechat {link}"
            ).format(link=link.login)
        raise


class _Registration(State):
    """An account that is to be made. code: of the invite. Everything raises ClientError."""

    setup: Setup
    server: Server
    trust: Trust
    dialer: Dialer
    code: str
    missed: Missed

    def asking(self, account: str) -> LoggedIn:
        """Ask for a password, and for another name or password where the server wants one."""
        person = self.setup.person
        account, least = self._accepted(account)
        password = passwords.ask_new(person, account, least)
        while True:
            try:
                return self.by(account, password)
            except LoginError as error:
                # Somebody may have taken the name meanwhile. The password is as good for another.
                if error.ask_again == "name":
                    account = self._another(error)
                elif error.ask_again:
                    person.tell(refusal(error, again=True))
                    password = passwords.ask_new(person, account, least)
                else:
                    raise

    def _accepted(self, account: str) -> tuple[str, int | None]:
        """A name that the server takes, and what it asks of a password: characters at least."""
        while True:
            try:
                return account, self._asked(account)
            except LoginError as error:
                if error.ask_again != "name":
                    raise
                account = self._another(error)

    def _asked(self, account: str) -> int | None:
        """Ask what is wrong with code and name, by a registration without a password."""
        session = ClientSession(AccountRequest(account, "", self.code), missed=Missed.LEFT)
        try:
            client = connect(session, self.dialer, self.setup.person, reconnect=Reconnect.NEVER)
        except LoginError as error:
            if error.ask_again != "password":
                raise
            return session.min_password
        client.submit(Quit())
        raise ClientError("the server has made an account without a password; tell who runs it")

    def _another(self, refused: LoginError) -> str:
        person = self.setup.person
        if not person.present:
            raise refused
        person.tell(refusal(refused, again=True))
        return ask_account(person, _("Another name"))

    def by(self, account: str, password: str) -> LoggedIn:
        """Make the account, log in, and have this device remembered: one attempt."""
        owner = TokenOwner(self.server.address, self.trust.identity, account)
        goal = Destination(owner, self.server, self.trust, self.dialer)
        running = self._signed_up(goal, AccountRequest(account, password, self.code))
        if self.setup.tokens:
            device.remember(running.client, self.setup.tokens, owner, self.setup.person)
        running.ignored = self.setup.settings.ignored(owner.address, owner.account)
        return running

    def _signed_up(self, goal: Destination, credential: AccountRequest) -> LoggedIn:
        made = False

        def registered() -> None:
            nonlocal made
            made = True
            # At once, as the connection may be lost before we are logged in: the invite is used up.
            keep(self.setup.settings, goal)

        person = self.setup.person
        try:
            running = start(
                credential, self.dialer, person, missed=self.missed, registered=registered
            )
        except ClientError:
            if made:
                person.tell(
                    _("{account} has an account now: `securechat login` goes on from there").format(
                        account=goal.owner.account
                    )
                )
            raise
        keep(self.setup.settings, goal)  # the server has told its addresses meanwhile
        return running
