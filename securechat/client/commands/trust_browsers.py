"""`securechat trust browsers`: has browsers trust an authority, or no longer. Main thread."""

from __future__ import annotations

from pathlib import Path

from securechat.client.commands.assemble import Setup
from securechat.client.commands.trust import linked
from securechat.client.exits import CertificateError, Exit, UsageError
from securechat.client.session.identity import Address, parse_addresses
from securechat.client.settings import Server, read_private, remove_private, write_private
from securechat.client.stores.authority import Authority, constrained
from securechat.client.stores.keychain import Keychain
from securechat.client.stores.nss import Nss, databases
from securechat.client.stores.outcome import Outcome, State
from securechat.client.stores.system import SystemStore
from securechat.client.trust import anchors, authorities
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.client.trust.describe import fingerprint
from securechat.client.wire.rounds import in_turn
from securechat.common.escape import escape
from securechat.common.language import _
from securechat.common.record import Record
from securechat.credentials.link import is_link

REFUSED = "refused: that was no yes, so no store was changed"
NOBODY = (
    "nobody is there who could agree: give --yes with the SHA-256 digits of the authority of "
    "{address}, which securechat-server prints when it starts"
)
OTHER = "the digits of --yes are of another authority than that of {address}: no store was changed"


class Stores(Record):
    """All that there are here."""

    home: Path
    nss: Nss
    system: SystemStore
    keychain: Keychain

    def put(self, authority: Authority, kept: Path) -> list[Outcome]:
        """kept: a file with its PEM text."""
        outcomes = [self.system.put(authority, kept), self.keychain.put(authority, kept)]
        outcomes += [self.nss.put(one, authority) for one in databases(self.home)]
        return [one for one in outcomes if one is not None]

    def take(self, authority: Authority, kept: Path) -> list[Outcome]:
        """What put() has done is undone, and nothing else."""
        outcomes = [self.system.take(authority), self.keychain.take(authority, kept)]
        outcomes += [self.nss.take(one, authority) for one in databases(self.home)]
        return [one for one in outcomes if one is not None]


def stores(home: Path) -> Stores:
    """Those of a person."""
    return Stores(home, Nss(home), SystemStore(), Keychain(home))


def put(setup: Setup, what: str, yes: str = "", found: Stores | None = None) -> Exit:
    """Have all stores trust the authority of a server, after its fingerprint is shown and the
    person has agreed. yes: that they have, by its SHA-256 digits; "" asks them.

    Raises ClientError.
    """
    address, trust = _trusted(setup, what)
    authority = _only(trust)
    kept = _kept(setup, address)
    before = _recorded(kept)
    if before is not None and before.der != authority.der:
        raise UsageError(
            f"another authority of {address} was put there before: take that out first, by "
            f"`securechat trust browsers {address} --remove`"
        )
    shown = [_("The authority of {address}:").format(address=address), *authority.lines()]
    _agree(setup, address, authority, shown, yes, known=trust.origin is not Origin.SYSTEM)
    # First, as somebody may end this in between: what is recorded can be taken out again.
    write_private(kept, authority.pem)
    return _told(setup, (found or stores(Path.home())).put(authority, kept), kept)


def remove(setup: Setup, what: str, found: Stores | None = None) -> Exit:
    """Undo what put() has done. Raises ClientError."""
    address = _server(setup, what).address
    kept = _kept(setup, address)
    authority = _recorded(kept)
    if authority is None:
        raise UsageError(f"nothing of {address} was put there by this command")
    outcomes = (found or stores(Path.home())).take(authority, kept)
    if not any(one.state in (State.WAITS, State.FAILED) for one in outcomes):
        remove_private(kept)
    return _told(setup, outcomes, kept)


def _trusted(setup: Setup, what: str) -> tuple[Address, Trust]:
    """The server, and its authority. Origin.SYSTEM: nobody has vouched for it yet."""
    if is_link(what):
        server, offer = linked(setup.settings, what, None)
        return server.address, offer
    server = _server(setup, what)
    address = server.address
    recorded = anchors.recorded_trust(setup.settings, address)
    if recorded is not None and recorded.ca_pem is not None:
        return address, recorded
    if recorded is not None:
        raise UsageError(
            f"{address} is trusted by the authorities of this system, so browsers do that as well"
        )
    import ssl

    at, chain = in_turn(
        server.addresses, lambda one, seconds: authorities.show_chain(one, seconds=seconds)
    )
    trust = Trust(ssl.DER_cert_to_PEM_cert(chain[-1]), Origin.SYSTEM)
    Dialer(at, trust).look()  # it must have signed what the server shows
    return address, trust


def _server(setup: Setup, what: str) -> Server:
    if is_link(what):
        return linked(setup.settings, what, None)[0]
    return setup.settings.server(parse_addresses(what))


def _only(trust: Trust) -> Authority:
    if len(trust.ders) != 1:
        raise UsageError(
            "expected one authority; found several, of which one is to be pinned first"
        )
    return constrained(trust.ders[0])


def _agree(
    setup: Setup, address: Address, authority: Authority, shown: list[str], yes: str, *, known: bool
) -> None:
    """known: whether it is pinned, or named by a link, and so has nothing to be compared with."""
    if yes:
        setup.person.tell("\n".join(shown))
        if _digits(yes) != _digits(fingerprint(authority.der)):
            raise CertificateError(OTHER.format(address=address))
        return
    if not setup.person.present:
        raise CertificateError(NOBODY.format(address=address))
    question = _("Type yes to have this system and your browsers trust it")
    if not known:
        shown = [
            *shown,
            _(
                "The server's administrator has the digits: securechat-server prints them when it "
                "starts. Have them read to you, on another way than this network."
            ),
        ]
        question = _("Type yes if each is the same")
    if not setup.person.confirm("\n".join(shown), question):
        raise CertificateError(REFUSED)


def _digits(text: str) -> str:
    """As people and programs write them, with spaces or colons."""
    return "".join(text.split()).replace(":", "").lower()


def _kept(setup: Setup, address: Address) -> Path:
    """Where it is written down what was put into stores."""
    return setup.settings.directory / "browsers" / setup.settings.pin_file(address).name


def _recorded(kept: Path) -> Authority | None:
    text = read_private(kept, 0o022, f"others may write this file; check it, or delete {kept}")
    return None if text is None else _only(Trust(text, Origin.PIN))


def _told(setup: Setup, outcomes: list[Outcome], kept: Path) -> Exit:
    for one in outcomes:
        setup.person.show(f"{escape(one.place)}: {escape(one.text)}")
    if not outcomes:
        setup.person.tell(
            _(
                "Here is no store that this command knows. `securechat open` has the page in any "
                "browser, without a certificate."
            )
        )
    if any(one.state is State.FAILED for one in outcomes):
        setup.person.tell(_("The authority is in the file {file}").format(file=kept))
    if any(one.state is State.DONE for one in outcomes):
        setup.person.tell(_("A browser that is open has to be started again."))
    return Exit.REFUSED if any(one.state is State.FAILED for one in outcomes) else Exit.OK
