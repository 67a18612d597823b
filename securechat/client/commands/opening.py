"""`securechat` without a command: with a LINK, which opens what it leads to, and alone, when it
shows the servers that this device knows. Main thread.
"""

from __future__ import annotations

from securechat.client.commands import fronts, registering
from securechat.client.commands.assemble import Setup
from securechat.client.exits import Exit, UsageError
from securechat.client.session.identity import Address
from securechat.client.settings import KnownServer
from securechat.client.trust.authorities import linked_addresses
from securechat.common.language import _, translated
from securechat.credentials.link import InviteLink, LinkError, parse_link

NO_SERVER = (
    "You know no server yet. Ask its administrator for a link, and type\n"
    "  securechat LINK\n"
    "To try it all on this machine, start a server: securechat-server. It prints such a link.\n"
    "`securechat --help` tells what else there is."
)


def open_link(setup: Setup, text: str, name: str | None) -> Exit:
    """Register by an invite, or log in by a login link, and talk. name: of the new account."""
    try:
        link = parse_link(text)
    except LinkError as error:
        raise UsageError(str(error)) from None
    if not isinstance(link, InviteLink):
        if name is not None:
            raise UsageError("--account is for an invite link, by which an account is made")
        return fronts.log_in_and_talk(setup, text)
    server = setup.settings.server(linked_addresses(link))
    known = setup.settings.account(server.address)
    if known is not None and name is None and setup.person.present:
        # Who types the same line as the first time means to come back, not to be another.
        name = _another(setup, known, server.address)
        if name is None:
            return fronts.log_in_and_talk(setup, f"{known}@{server.everywhere}")
    front = fronts.choose(setup)
    running = registering.register(setup, link, name, missed=front.missed)
    return fronts.talk(setup, running, front)


def _another(setup: Setup, known: str, address: Address) -> str | None:
    """The name of another account to make, None to log in to the known one."""
    setup.person.tell(
        _("You have the account {account} at {address} already.").format(
            account=known, address=address
        )
    )
    question = _("Enter logs in; a new name makes another account with this link")
    return setup.person.ask(question, "") or None


def home(setup: Setup) -> Exit:
    """Show the servers that this device knows, or what to do; on a terminal one may be opened."""
    servers, person = setup.settings.known(), setup.person
    if not servers:
        for line in translated(NO_SERVER).split("\n"):
            person.show(line)
        return Exit.OK
    person.show(_("The servers that you know:"))
    for number, server in enumerate(servers, 1):
        person.show(_row(number, server))
    if not person.present:
        person.show(_("`securechat login` goes to the first; `securechat --help` has the rest."))
        return Exit.OK
    question = _("Enter logs in to the first, a number to another; Ctrl-C leaves")
    typed = person.ask(question, "") or "1"
    chosen = {str(number): server for number, server in enumerate(servers, 1)}.get(typed)
    if chosen is None:
        raise UsageError("expected the number of a server in the list")
    return fronts.log_in_and_talk(setup, chosen.target)


def _row(number: int, server: KnownServer) -> str:
    row = f"{number:3}  {server.target}"
    if server.used:
        row += "  " + _("last used {day}").format(day=server.used)
    return row
