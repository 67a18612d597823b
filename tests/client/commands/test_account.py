"""What somebody does about their account: logout, token, passwd."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from securechat.client.commands import account
from securechat.client.commands.assemble import Setup
from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.login_credentials import Sources
from securechat.client.credentials.tokens import StoredToken, TokenOwner, Tokens
from securechat.client.exits import Exit, LoginError, RefusedError, UsageError
from securechat.client.session.handshake import NO_REPLAY
from securechat.client.session.identity import Address
from securechat.client.settings import SettingsDirectory
from securechat.client.trust.authorities import Origin, Trust
from securechat.client.trust.consent import Consent
from securechat.credentials.device import format_token
from tests.client.keyboard import Keyboard
from tests.client.keyrings import LockedKeyring
from tests.client.scripted import OFFER, PASSWORD, TOKEN, Peer, ScriptedServer
from tests.support.certificates import Authority

Files = tuple[Path, Path]
FRESH = format_token(bytes(32))
NEW = "a wholly new pass phrase"


@dataclass
class Home:
    """Alice's machine."""

    settings: SettingsDirectory
    tokens: Tokens
    authority: Authority

    def setup(self, *typed: str) -> Setup:
        """As the options make it, with what is typed."""
        return Setup(self.settings, Sources(), None, self.tokens, person=Keyboard(*typed))

    def knows(self, server: ScriptedServer, *, remembered: bool = True) -> str:
        """Alice has been at this server before; what she calls it."""
        self.settings.save_pin(server.address, self.authority.pem)
        if remembered:
            self.tokens.save(self.owner(server.address), StoredToken("laptop", TOKEN))
        return f"alice@{server.address}"

    def owner(self, address: Address) -> TokenOwner:
        return TokenOwner(address, Trust(self.authority.pem, Origin.PIN).identity, "alice")

    def token(self, server: ScriptedServer) -> StoredToken | None:
        return self.tokens.find(self.owner(server.address))


@pytest.fixture
def home(
    tmp_path: Path,
    settings_directory: Path,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> Home:
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    tokens = Tokens(tmp_path / "tokens", Keyring(lambda: None, lambda: None), print)
    return Home(SettingsDirectory(settings_directory), tokens, authority)


# -- logout


def test_logging_out_revokes_the_token_and_forgets_it(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the token itself, so no password is asked for; the server closes the connection then."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("TOKEN REVOKE laptop")
        peer.says("NOTE TOKEN REVOKED laptop :It is revoked", "ERROR :Closing link")

    with ScriptedServer(certificate, dialogue) as server:
        where = home.knows(server)
        assert account.logout(home.setup(), where) is Exit.OK
        assert home.token(server) is None
    assert f"{where} is forgotten here; the next login asks" in capsys.readouterr().err


def test_logging_out_without_the_server(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token is forgotten all the same, and the person told that it is still good there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("localhost", listener.getsockname()[1])
    home.tokens.save(home.owner(address), StoredToken("laptop", TOKEN))
    home.settings.save_pin(address, home.authority.pem)
    assert account.logout(home.setup(), f"alice@{address}") is Exit.UNREACHABLE
    assert home.tokens.find(home.owner(address)) is None
    said = capsys.readouterr().err
    assert "nothing listens there" in said
    assert f"securechat token revoke laptop alice@{address}" in said


def test_logging_out_where_the_token_is_dead_already(home: Home, certificate: Files) -> None:
    """Is done."""
    with ScriptedServer(
        certificate, lambda peer: peer.refuses("alice", "904 alice :wrong", password=TOKEN)
    ) as server:
        assert account.logout(home.setup(), home.knows(server)) is Exit.OK
        assert home.token(server) is None


def test_logging_out_where_nobody_is_logged_in(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """Says so; the server isn't asked."""
    with ScriptedServer(certificate) as server:
        where = home.knows(server, remembered=False)
        assert account.logout(home.setup(), where) is Exit.OK
    assert f"this device is not remembered at {where}" in capsys.readouterr().err


def test_logging_out_with_a_locked_keyring(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """What may lie in it is not said to be gone."""
    home.tokens = Tokens(home.tokens._directory, Keyring(lambda: None, LockedKeyring), print)
    with ScriptedServer(certificate) as server:
        where = home.knows(server, remembered=False)
        assert account.logout(home.setup(), where) is Exit.USAGE
    said = capsys.readouterr().err
    assert f"a token for {where} may be left in the keyring" in said
    assert "not remembered" not in said


def test_logging_out_with_a_damaged_token(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes, and the person is told of it."""
    with ScriptedServer(certificate) as server:
        where = home.knows(server)
        path = home.tokens.path(home.owner(server.address))
        path.write_text("words")
        assert account.logout(home.setup(), where) is Exit.USAGE
        assert not path.exists()
    assert "expected a token of securechat" in capsys.readouterr().err


def test_a_token_is_not_sent_to_another_server(
    home: Home, certificate: Files, other_authority: Authority, tmp_path: Path
) -> None:
    """That has taken the place of ours with another CA, which somebody trusts by --ca."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("TOKEN LIST")
        peer.says("NOTE TOKEN END 0 :No tokens")
        peer.quits()

    files = other_authority.server("localhost").write(tmp_path, "other")
    with ScriptedServer(files, dialogue) as server:
        where = home.knows(server)
        setup = home.setup(PASSWORD)
        setup.ca_file = other_authority.write(tmp_path, "other-ca")
        setup.consent = Consent(replace=True)
        assert account.token_list(setup, where) is Exit.OK
        home.settings.save_pin(server.address, home.authority.pem)
        assert home.token(server) is not None


# -- token


def test_the_tokens_are_listed(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """By this device's token, in a session that takes no missed message away; all is escaped."""

    def dialogue(peer: Peer) -> None:
        wanted = peer.greets("alice", f"{OFFER} {NO_REPLAY}")
        assert NO_REPLAY in wanted
        assert peer.authenticates("alice", TOKEN)
        peer.welcomes("PING :delivered-42")
        peer.expects("PONG here", "TOKEN LIST")
        peer.says(
            "NOTE TOKEN ENTRY laptop 2026-01-31T12:00:00.000Z 2026-02-01T12:00:00Z :made",
            "NOTE TOKEN ENTRY phone\x1b[2J 2026-01-31T12:00:00Z * :made",
            "NOTE TOKEN ENTRY odd yesterday * :made",
            "NOTE TOKEN END 3 :Three tokens",
        )
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        assert account.token_list(home.setup(), home.knows(server)) is Exit.OK
    first, second, third = capsys.readouterr().out.splitlines()
    time = r"20\d\d-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(rf"laptop      made {time}  used {time}  \(this device\)", first)
    assert re.fullmatch(rf"phone\^\[\[2J  made {time}  never used", second)
    assert third == "odd         made yesterday  never used"


def test_a_list_without_an_end_is_left(home: Home, certificate: Files) -> None:
    """So is one that can't be read."""

    def endless(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("TOKEN LIST")
        peer.says(*["NOTE TOKEN ENTRY x 2026-01-31T12:00:00Z * :made"] * (account.MAX_LISTED + 1))
        peer.quits()

    def garbled(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("TOKEN LIST")
        peer.says("NOTE TOKEN ENTRY x :made")
        peer.quits()

    with ScriptedServer(certificate, endless, garbled) as server:
        where = home.knows(server)
        for _ in range(2):
            with pytest.raises(RefusedError, match="can't be read"):
                account.token_list(home.setup(), where)


def test_a_new_token_is_alone_on_standard_output(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that scripts can take it. The password is asked for, also on a remembered device."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.makes("backup-bot", "backup-bot", FRESH)
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        setup = home.setup(PASSWORD)
        assert account.token_create(setup, "backup-bot", home.knows(server)) is Exit.OK
        assert home.token(server) == StoredToken("laptop", TOKEN)
    printed = capsys.readouterr()
    assert printed.out == f"{FRESH}\n"
    assert FRESH not in printed.err


def test_a_token_that_the_server_refuses(home: Home, certificate: Files) -> None:
    """With its words; nothing is printed."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("TOKEN CREATE ci")
        peer.says("FAIL TOKEN NAME_TAKEN ci :You have a token of that name")
        peer.quits()

    with (
        ScriptedServer(certificate, dialogue) as server,
        pytest.raises(RefusedError, match="You have a token of that name"),
    ):
        account.token_create(home.setup(PASSWORD), "ci", home.knows(server))


@pytest.mark.parametrize("name", ["", "a b", ":x", "x" * 33, "a\x1bb"])
def test_a_name_that_no_token_can_have(home: Home, name: str) -> None:
    """Is refused before anybody is asked anything."""
    with pytest.raises(UsageError, match="expected a name for the token"):
        account.token_create(home.setup(), name, "alice@localhost")
    with pytest.raises(UsageError, match="expected a name for the token"):
        account.token_revoke(home.setup(), name, "alice@localhost")


def test_revoking_another_devices_token(home: Home, certificate: Files) -> None:
    """By this device's token, which stays."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("TOKEN REVOKE phone")
        peer.says("NOTE TOKEN REVOKED phone :It is revoked")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        assert account.token_revoke(home.setup(), "phone", home.knows(server)) is Exit.OK
        assert home.token(server) is not None


def test_revoking_this_devices_token(home: Home, certificate: Files) -> None:
    """It is forgotten here too."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("TOKEN REVOKE laptop")
        peer.says("NOTE TOKEN REVOKED laptop :It is revoked", "ERROR :Closing link")

    with ScriptedServer(certificate, dialogue) as server:
        assert account.token_revoke(home.setup(), "laptop", home.knows(server)) is Exit.OK
        assert home.token(server) is None


# -- passwd


def test_a_new_password_brings_a_fresh_token(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """As all others end. Old and new are asked for, the new one twice."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects(f"PASSWD :{NEW}")
        peer.says("NOTE PASSWD CHANGED :It is changed")
        peer.remembers("laptop", FRESH)
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        setup = home.setup(PASSWORD, NEW, NEW)
        assert account.passwd(setup, home.knows(server)) is Exit.OK
        assert home.token(server) == StoredToken("laptop", FRESH)
        assert isinstance(setup.person, Keyboard)
        assert setup.person.silent
    said = capsys.readouterr().err
    assert "The password is changed" in said
    assert NEW not in said


def test_a_device_that_is_not_remembered_stays_so(home: Home, certificate: Files) -> None:
    """A new password is no wish to be."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects(f"PASSWD :{NEW}")
        peer.says("NOTE PASSWD CHANGED :It is changed")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        where = home.knows(server, remembered=False)
        assert account.passwd(home.setup(PASSWORD, NEW, NEW), where) is Exit.OK
        assert home.token(server) is None


def test_a_weak_new_password_is_asked_for_again(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three times; then the server's words are the error, and the token stays."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        for weak in ("one", "two", "three"):
            peer.expects(f"PASSWD {weak}")
            peer.says("FAIL PASSWD WEAK_PASSWORD :The password is too short")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        setup = home.setup(PASSWORD, "one", "one", "two", "two", "three", "three")
        with pytest.raises(RefusedError, match="too short"):
            account.passwd(setup, home.knows(server))
        assert home.token(server) is not None
    assert capsys.readouterr().err.count("refused: The password is too short") == 2


def test_other_refusals_of_a_new_password_end_it(home: Home, certificate: Files) -> None:
    """Another password would not help."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects(f"PASSWD :{NEW}")
        peer.says("FAIL PASSWD TEMPORARILY_UNAVAILABLE :Try again later")
        peer.quits()

    with (
        ScriptedServer(certificate, dialogue) as server,
        pytest.raises(RefusedError, match="Try again later"),
    ):
        account.passwd(home.setup(PASSWORD, NEW, NEW), home.knows(server))


def test_a_new_password_that_is_too_long_to_be_sent(home: Home, certificate: Files) -> None:
    """Half a password would be worse; none of it is told."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    long = "p" * 510
    with (
        ScriptedServer(certificate, dialogue) as server,
        pytest.raises(UsageError, match="too long to be sent") as refused,
    ):
        account.passwd(home.setup(PASSWORD, long, long), home.knows(server))
    assert "ppp" not in str(refused.value)


def test_a_wrong_old_password(home: Home, certificate: Files) -> None:
    """Is a login that is refused."""
    with ScriptedServer(
        certificate, *[lambda peer: peer.refuses("alice", "904 alice :wrong")] * 3
    ) as server:
        setup = home.setup(PASSWORD, PASSWORD, PASSWORD)
        with pytest.raises(LoginError, match="wrong"):
            account.passwd(setup, home.knows(server))
