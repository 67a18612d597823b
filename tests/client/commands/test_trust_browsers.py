"""`securechat trust browsers`: whom it asks what, and what is left of it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from securechat.ca.constraints import constraints_for
from securechat.client.commands import trust_browsers
from securechat.client.commands.assemble import Setup
from securechat.client.commands.trust_browsers import Stores
from securechat.client.credentials.login_credentials import Sources
from securechat.client.exits import CertificateError, Exit, UsageError
from securechat.client.person import Nobody, Person
from securechat.client.session.identity import Address
from securechat.client.settings import SettingsDirectory
from securechat.client.stores.keychain import Keychain
from securechat.client.stores.nss import Nss
from securechat.client.stores.system import Distribution, SystemStore
from securechat.client.trust.describe import fingerprint
from securechat.credentials.link import LoginLink
from tests.client.keyboard import Keyboard
from tests.client.scripted import ScriptedServer
from tests.support.certificates import Authority

CHAT = Address("chat.example", 6697)


@pytest.fixture(scope="module")
def ours() -> Authority:
    return Authority("Our CA", constraints_for(["chat.example"]))


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    """What stands in for the system's store."""
    directory = tmp_path / "anchors"
    directory.mkdir()
    return directory


@pytest.fixture
def stores(anchors: Path, tmp_path: Path) -> Stores:
    def run(*argv: str, given: str = "") -> CompletedProcess[str]:
        return CompletedProcess(argv, 0, "")

    home = tmp_path / "home"
    system = SystemStore([Distribution(anchors, ".crt", ("sh",))], run, is_root=True)
    return Stores(home, Nss(home, run), system, Keychain(home, run, "linux"))


@pytest.fixture(autouse=True)
def _no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """None that is installed here."""
    monkeypatch.setattr("securechat.client.stores.nss.CHROMIUM", ())


def setup_of(directory: Path, person: Person | None = None) -> Setup:
    return Setup(SettingsDirectory(directory), Sources(), person=person or Nobody())


def test_a_pinned_authority_wants_a_yes(
    ours: Authority,
    stores: Stores,
    anchors: Path,
    settings_directory: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is shown first; a line says of each store what was done; and all of it can be undone."""
    setup = setup_of(settings_directory, Keyboard("yes"))
    setup.settings.save_pin(CHAT, ours.pem)
    assert trust_browsers.put(setup, "chat.example", "", stores) is Exit.OK
    out, err = capsys.readouterr()
    assert fingerprint(ours.der) in err
    assert "It can vouch for: chat.example, localhost, local, 127.0.0.0/8" in err
    assert out == f"this system ({anchors}): trusts it now\n"
    assert [file.read_text() for file in anchors.iterdir()] == [ours.pem]
    # Whatever is trusted there since.
    setup.settings.forget(CHAT)
    setup.settings.save_pin(CHAT, ours.pem)
    assert trust_browsers.remove(setup, "chat.example", stores) is Exit.OK
    assert list(anchors.iterdir()) == []
    assert list((settings_directory / "browsers").iterdir()) == []
    with pytest.raises(UsageError, match=r"nothing of chat\.example:6697"):
        trust_browsers.remove(setup, "chat.example", stores)


def test_an_authority_that_may_vouch_for_every_site(
    stores: Stores, anchors: Path, settings_directory: Path
) -> None:
    setup = setup_of(settings_directory)
    setup.settings.save_pin(CHAT, Authority().pem)
    with pytest.raises(UsageError, match="may vouch for every site"):
        trust_browsers.put(setup, "chat.example", "", stores)
    assert list(anchors.iterdir()) == []


def test_an_unknown_one_is_compared_first(
    ours: Authority, stores: Stores, anchors: Path, settings_directory: Path, tmp_path: Path
) -> None:
    """Nothing is put anywhere without a yes, nor where nobody is there; and none is pinned."""
    certificate = ours.server("localhost", "127.0.0.1").write(tmp_path, "server")
    with ScriptedServer(certificate) as server:
        where = f"localhost:{server.address.port}"
        with pytest.raises(CertificateError, match="nobody is there who could agree"):
            trust_browsers.put(setup_of(settings_directory), where, "", stores)
        with pytest.raises(CertificateError, match="that was no yes"):
            trust_browsers.put(setup_of(settings_directory, Keyboard("no")), where, "", stores)
        assert not settings_directory.exists()
        setup = setup_of(settings_directory, Keyboard("yes"))
        assert trust_browsers.put(setup, where, "", stores) is Exit.OK
    assert [file.read_text() for file in anchors.iterdir()] == [ours.pem]
    assert list(setup.settings.pins()) == []


def test_a_link_says_which_one(
    ours: Authority, stores: Stores, anchors: Path, settings_directory: Path, tmp_path: Path
) -> None:
    """It is no yes yet; that may be given by the digits, where nobody can be asked."""
    certificate = ours.server("localhost", "127.0.0.1").write(tmp_path, "server")
    with ScriptedServer(certificate) as server:
        link = str(LoginLink("localhost", server.address.port, sha256(ours.der).digest()))
        setup = setup_of(settings_directory)
        with pytest.raises(CertificateError, match="nobody is there who could agree"):
            trust_browsers.put(setup, link, "", stores)
        yes = fingerprint(ours.der).replace(" ", ":").upper()
        assert trust_browsers.put(setup, link, yes, stores) is Exit.OK
    assert len(list(anchors.iterdir())) == 1


def test_digits_of_another_authority_are_no_yes(
    ours: Authority, stores: Stores, anchors: Path, settings_directory: Path
) -> None:
    """Nor is nothing at all, of a pinned one where nobody is there; and no store is changed."""
    setup = setup_of(settings_directory)
    setup.settings.save_pin(CHAT, ours.pem)
    for yes, said in (("", "--yes with the SHA-256"), ("ab" * 32, "of another authority")):
        with pytest.raises(CertificateError, match=said):
            trust_browsers.put(setup, "chat.example", yes, stores)
    with pytest.raises(CertificateError, match="that was no yes"):
        trust_browsers.put(
            Setup(setup.settings, Sources(), person=Keyboard("no")), "chat.example", "", stores
        )
    assert list(anchors.iterdir()) == []


def test_another_authority_waits_until_the_first_is_out(
    ours: Authority, stores: Stores, settings_directory: Path
) -> None:
    """Else the first would stay there for ever, and unseen."""
    setup = setup_of(settings_directory)
    setup.settings.save_pin(CHAT, ours.pem)
    trust_browsers.put(setup, "chat.example", fingerprint(ours.der), stores)
    setup.settings.save_pin(CHAT, Authority("New", constraints_for(["chat.example"])).pem)
    with pytest.raises(UsageError, match="--remove"):
        trust_browsers.put(setup, "chat.example", "", stores)


def test_a_server_that_the_system_trusts_needs_nothing(
    stores: Stores, settings_directory: Path
) -> None:
    setup = setup_of(settings_directory)
    setup.settings.save_system(CHAT)
    with pytest.raises(UsageError, match="browsers do that as well"):
        trust_browsers.put(setup, "chat.example", "", stores)
