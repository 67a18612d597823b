"""Which authority is trusted for an address, and who may change that: decide(), keep()."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from securechat.client.exits import CertificateError, SettingsError
from securechat.client.person import Nobody
from securechat.client.session.identity import Address
from securechat.client.settings import SYSTEM, SettingsDirectory
from securechat.client.trust.anchors import Anchor, decide, keep
from securechat.client.trust.authorities import Origin, Trust
from securechat.client.trust.consent import Consent
from securechat.client.trust.describe import fingerprint
from securechat.common.fingerprints import grouped
from securechat.credentials.link import InviteLink, LoginLink
from tests.client.scripted import ScriptedServer
from tests.support.certificates import Authority

Files = tuple[Path, Path]
HERE = Address("chat.example")
BY_SYSTEM = Trust(None, Origin.SYSTEM)


@pytest.fixture
def settings(settings_directory: Path) -> SettingsDirectory:
    return SettingsDirectory(settings_directory)


@pytest.fixture
def mine(authority: Authority) -> Trust:
    return Trust(authority.pem, Origin.PIN)


@pytest.fixture
def theirs(other_authority: Authority) -> Trust:
    return Trust(other_authority.pem, Origin.LINK)


class Teacher(Nobody):
    """Answers, and remembers what was shown and asked."""

    present = True

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.shown = ""

    def confirm(self, explained: str, question: str) -> bool:
        """The answer."""
        self.shown += f"{explained}\n{question}\n"
        return self.answer


@contextmanager
def nothing_changes(settings: SettingsDirectory) -> Iterator[None]:
    """The settings stay byte for byte as they were."""
    before = contents(settings.directory)
    yield
    assert contents(settings.directory) == before


def contents(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_an_address_where_nobody_has_been(
    settings: SettingsDirectory, mine: Trust, theirs: Trust
) -> None:
    """What is offered, else the authorities of the system; and nothing is kept by deciding."""
    with nothing_changes(settings):
        assert decide(settings, HERE, None, Consent(), Nobody()) == Anchor(BY_SYSTEM)
        for offer in (mine, theirs, BY_SYSTEM):
            assert decide(settings, HERE, offer, Consent(), Nobody()) == Anchor(offer)


def test_what_a_login_was_trusted_by_is_kept(settings: SettingsDirectory, mine: Trust) -> None:
    """A pin, or the word that the system's authorities were enough."""
    keep(settings, HERE, mine)
    assert decide(settings, HERE, None, Consent(), Nobody()) == Anchor(mine)
    there = Address("public.example")
    keep(settings, there, BY_SYSTEM)
    assert settings.trusted(there) == SYSTEM
    assert settings.pin(there) is None


@pytest.mark.parametrize("kind", ["pinned", "system", "system, as it was kept before"])
def test_another_trust_needs_a_word(
    settings: SettingsDirectory, mine: Trust, theirs: Trust, kind: str
) -> None:
    """Whatever was trusted: without the word nothing changes, and both are shown."""
    if kind == "system, as it was kept before":
        settings.remember(HERE, "alice")
    else:
        keep(settings, HERE, mine if kind == "pinned" else BY_SYSTEM)
    before = mine if kind == "pinned" else BY_SYSTEM
    with nothing_changes(settings), pytest.raises(CertificateError) as refused:
        decide(settings, HERE, theirs, Consent(), Nobody())
    assert before.fingerprints in str(refused.value)
    assert theirs.fingerprints in str(refused.value)
    assert "--replace-trust" in str(refused.value)
    assert decide(settings, HERE, theirs, Consent(replace=True), Nobody()) == Anchor(theirs)


def test_a_pin_is_not_given_up_for_the_systems_authorities(
    settings: SettingsDirectory, mine: Trust
) -> None:
    """A link that says `system` would do that: any public authority could then be the server."""
    keep(settings, HERE, mine)
    with nothing_changes(settings), pytest.raises(CertificateError, match="of this system"):
        decide(settings, HERE, BY_SYSTEM, Consent(), Nobody())


def test_a_bundle_that_holds_the_pin_is_another_trust(
    settings: SettingsDirectory, mine: Trust, other_authority: Authority
) -> None:
    """It lets one more in."""
    keep(settings, HERE, mine)
    wider = Trust(f"{mine.ca_pem}{other_authority.pem}", Origin.FILE)
    with pytest.raises(CertificateError):
        decide(settings, HERE, wider, Consent(), Nobody())


def test_the_same_trust_again_asks_nothing(settings: SettingsDirectory, mine: Trust) -> None:
    """A second link of the same server, or --ca with what is pinned; the file stays as it is."""
    keep(settings, HERE, mine)
    again = Trust(f"{mine.ca_pem}\n", Origin.LINK)
    with nothing_changes(settings):
        assert decide(settings, HERE, again, Consent(), Nobody()).trust == again
        keep(settings, HERE, again)


@pytest.mark.parametrize("answer", [True, False])
def test_on_a_terminal_both_are_shown_and_a_yes_is_asked_for(
    settings: SettingsDirectory,
    mine: Trust,
    theirs: Trust,
    other_authority: Authority,
    answer: bool,
) -> None:
    """Any other answer is refused."""
    keep(settings, HERE, mine)
    person = Teacher(answer)
    if answer:
        assert decide(settings, HERE, theirs, Consent(), person).trust == theirs
    else:
        with nothing_changes(settings), pytest.raises(CertificateError):
            decide(settings, HERE, theirs, Consent(), person)
    assert fingerprint(other_authority.der) in person.shown
    assert mine.fingerprints in person.shown


@pytest.mark.parametrize(
    "spelling",
    [
        "securechat://CHAT.example/CODE12345/system",
        "securechat://chat.example.:6697/CODE12345/system",
        "securechat://Chat.Example:06697/-/system",
        "securechat://ｃｈａｔ.example/CODE12345/system",
    ],
)
def test_another_spelling_is_the_same_address(
    settings: SettingsDirectory, mine: Trust, spelling: str
) -> None:
    """Or a link could get around the pin, by a capital or a final dot."""
    keep(settings, HERE, mine)
    kind = LoginLink if "/-/" in spelling else InviteLink
    link = kind.parse(spelling)
    with pytest.raises(CertificateError):
        decide(settings, Address(link.host, link.port), BY_SYSTEM, Consent(), Nobody())


def test_a_damaged_trust_is_told(settings: SettingsDirectory) -> None:
    """With the file's name; it doesn't fall back to the system's authorities."""
    settings.save_pin(HERE, "words")
    with pytest.raises(SettingsError, match=r"chat\.example_6697\.pem: expected a CA certificate"):
        decide(settings, HERE, None, Consent(), Nobody())
    settings.pin_file(HERE).chmod(0o622)
    with pytest.raises(SettingsError, match="chmod 600"):
        decide(settings, HERE, None, Consent(), Nobody())


# -- a server that has moved


def test_a_known_authority_at_a_new_address(
    settings: SettingsDirectory, mine: Trust, certificate: Files
) -> None:
    """Is recognised: the person is told where it is known from, and asked."""
    keep(settings, HERE, mine)
    person = Teacher(True)
    with ScriptedServer(certificate) as server, nothing_changes(settings):
        anchor = decide(settings, server.address, None, Consent(), person)
    assert anchor == Anchor(mine, HERE)
    assert f"{server.address} shows the certificate authority that you pinned for" in person.shown
    assert str(HERE) in person.shown
    assert mine.fingerprints in person.shown


def test_a_known_authority_at_one_of_several_addresses(
    settings: SettingsDirectory, mine: Trust, certificate: Files
) -> None:
    """Where the others are off, the one that shows it is named."""
    keep(settings, HERE, mine)
    person = Teacher(True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        off = Address("localhost", listener.getsockname()[1])
    with ScriptedServer(certificate) as server, nothing_changes(settings):
        both = [off, server.address]
        anchor = decide(settings, off, None, Consent(), person, both)
    assert anchor == Anchor(mine, HERE)
    assert f"{server.address} shows the certificate authority that you pinned for" in person.shown


def test_a_script_says_that_the_server_has_moved(
    settings: SettingsDirectory, mine: Trust, certificate: Files
) -> None:
    """By a flag, which the refusal names."""
    keep(settings, HERE, mine)
    with ScriptedServer(certificate) as server, nothing_changes(settings):
        with pytest.raises(CertificateError, match="--moved"):
            decide(settings, server.address, None, Consent(), Nobody())
        with pytest.raises(CertificateError, match="that was no yes"):
            decide(settings, server.address, None, Consent(), Teacher(False))
        moved = decide(settings, server.address, None, Consent(moved=True), Nobody())
    assert moved == Anchor(mine, HERE)


def test_who_only_shows_the_known_authority(
    settings: SettingsDirectory,
    mine: Trust,
    other_authority: Authority,
    authority: Authority,
    tmp_path: Path,
) -> None:
    """Anybody can copy its certificate into a chain: without its signature nothing is asked."""
    keep(settings, HERE, mine)
    forged, key = other_authority.server("localhost").write(tmp_path, "forged")
    forged.write_text(forged.read_text() + authority.pem)
    person = Teacher(True)
    with ScriptedServer((forged, key)) as server, nothing_changes(settings):
        for consent in (Consent(), Consent(moved=True)):
            with pytest.raises(CertificateError, match="isn't signed by the expected"):
                decide(settings, server.address, None, consent, person)
    assert person.shown == ""


def test_a_moved_server_whose_certificate_lacks_the_address(
    settings: SettingsDirectory, mine: Trust, authority: Authority, tmp_path: Path
) -> None:
    """Is refused by its name, which tells its administrator what to do."""
    keep(settings, HERE, mine)
    files = authority.server("chat.example").write(tmp_path, "old")
    with (
        ScriptedServer(files) as server,
        pytest.raises(CertificateError, match=r"it is for chat\.example, not for localhost"),
    ):
        decide(settings, server.address, None, Consent(moved=True), Nobody())


def test_moving_where_another_server_was_needs_both_words(
    settings: SettingsDirectory, mine: Trust, theirs: Trust, certificate: Files
) -> None:
    """An address that a router gave to another machine."""
    keep(settings, HERE, mine)
    with ScriptedServer(certificate) as server:
        keep(settings, server.address, theirs)
        with nothing_changes(settings), pytest.raises(CertificateError, match="--replace-trust"):
            decide(settings, server.address, None, Consent(moved=True), Nobody())
        both = Consent(moved=True, replace=True)
        assert decide(settings, server.address, None, both, Nobody()) == Anchor(mine, HERE)


def test_an_unknown_authority_at_a_new_address(
    settings: SettingsDirectory, theirs: Trust, certificate: Files
) -> None:
    """Is nobody's: the system's authorities decide as decided, and refuse it."""
    keep(settings, HERE, theirs)
    with ScriptedServer(certificate) as server:
        assert decide(settings, server.address, None, Consent(), Nobody()) == Anchor(BY_SYSTEM)
    assert server.looks == 1


def test_digests_are_those_of_links(mine: Trust, authority: Authority) -> None:
    """What a link names and what is shown can be compared by eye."""
    assert mine.fingerprints == f"SHA-256 {grouped(hashlib.sha256(authority.der).digest())}"
