"""The second factor: enroll(), remove(), recovery(), qr_code()."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import segno

from securechat.client.commands import factor
from securechat.client.commands.assemble import Setup
from securechat.client.credentials import second_factor
from securechat.client.credentials.login_credentials import Sources
from securechat.client.exits import Exit, RefusedError
from securechat.client.person import TerminalPerson
from securechat.client.settings import SettingsDirectory
from tests.client.keyboard import Keyboard
from tests.client.scripted import PASSWORD, Peer, ScriptedServer
from tests.support.certificates import Authority

Files = tuple[Path, Path]
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
URI = f"otpauth://totp/chat.example:alice?secret={SECRET}&issuer=chat.example"
CODES = [f"abcd{letter}-23456" for letter in "abcdefghij"]


@pytest.fixture
def settings(settings_directory: Path) -> SettingsDirectory:
    return SettingsDirectory(settings_directory)


def setup_of(
    settings: SettingsDirectory, server: ScriptedServer, authority: Authority, *typed: str
) -> Setup:
    settings.save_pin(server.address, authority.pem)
    return Setup(settings, Sources(), person=Keyboard(*typed))


def where(server: ScriptedServer) -> str:
    return f"alice@{server.address}"


def enrolls(peer: Peer) -> None:
    peer.logs_in("alice")
    peer.expects("TOTP ENROLL")
    peer.says(f"NOTE TOTP SECRET {SECRET} {URI} :Add it to your authenticator")


def test_enrolling(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The secret for typing, a code to confirm it, asked for again when it is wrong, and then the
    recovery codes alone on standard output, so that they can go into a file.
    """

    def dialogue(peer: Peer) -> None:
        enrolls(peer)
        peer.expects("TOTP CONFIRM 111111")
        peer.says("FAIL TOTP WRONG_CODE :That is not the code")
        peer.expects("TOTP CONFIRM 222222")
        peer.says("NOTE TOTP ENABLED :It is on", f"NOTE TOTP RECOVERY {' '.join(CODES)} :Keep them")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        setup = setup_of(settings, server, authority, PASSWORD, "111111", "222 222")
        assert factor.enroll(setup, where(server)) is Exit.OK
    printed = capsys.readouterr()
    assert printed.out.splitlines() == CODES
    assert "JBSW Y3DP EHPK 3PXP" in printed.err
    assert "refused: That is not the code" in printed.err
    assert "shown this once" in printed.err
    assert "otpauth" not in printed.err


class Screen(io.StringIO):
    """Standard output that is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_qr_code(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Above the secret."""

    def dialogue(peer: Peer) -> None:
        enrolls(peer)
        peer.expects("TOTP CONFIRM 222222")
        peer.says("FAIL TOTP NOT_ENROLLING :Begin anew")
        peer.quits()

    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    with ScriptedServer(certificate, dialogue) as server:
        setup = setup_of(settings, server, authority, PASSWORD, "222222")
        with pytest.raises(RefusedError, match="Begin anew"):
            factor.enroll(setup, where(server))
    assert modules(screen.getvalue()) == dark(second_factor.qr_code(URI))


def modules(shown: str) -> list[list[bool]]:
    """What a camera sees, with the ground that a terminal's picture brings along."""
    lines = shown.splitlines()
    inner = [line.removeprefix("\x1b[97;40m").removesuffix("\x1b[0m") for line in lines]
    assert all(bare != line for bare, line in zip(inner, lines, strict=True))
    return dark(inner)


def dark(lines: Sequence[str]) -> list[list[bool]]:
    """True where white half blocks on black are dark."""
    rows = []
    for line in lines:
        rows.append([char in " ▄" for char in line])
        rows.append([char in " ▀" for char in line])
    return rows


def test_a_qr_code_is_dark_on_light_on_every_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """White blocks on a black ground that it brings along; the quiet zone is light."""
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    assert TerminalPerson().draw(second_factor.qr_code(URI))
    seen = modules(screen.getvalue())
    border = second_factor.QUIET_ZONE
    true = [
        [bool(module) for module in row]
        for row in segno.make(URI, error="l", micro=False).matrix_iter(border=border)
    ]
    assert seen[: len(true)] == true
    assert not any(seen[0])
    assert not any(row[0] or row[-1] for row in seen[: len(true)])


def test_a_usual_code_fits_on_a_small_terminal() -> None:
    """80 columns, 24 rows, the secret below it."""
    rows = second_factor.qr_code(URI)
    assert len(rows) <= 24
    assert len(rows[0]) <= 80


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://evil.example/",
        "otpauth://hotp/x?secret=A",
        f"{URI}\x1b[2J",
        f"{URI}&x={'y' * 400}",
        "otpauth://totp/алиса",
    ],
)
def test_what_is_not_for_an_authenticator_becomes_no_code(uri: str) -> None:
    """A phone would open it, whatever it is."""
    assert second_factor.qr_code(uri) == []
    assert not TerminalPerson().draw([])


def test_no_code_where_it_cannot_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal, or one without the letters."""
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "40")
    rows, person = second_factor.qr_code(URI), TerminalPerson()
    assert not person.draw(rows)
    monkeypatch.setenv("COLUMNS", "80")
    assert person.draw(rows)
    monkeypatch.setattr(Screen, "encoding", "ascii")
    assert not person.draw(rows)


@pytest.mark.parametrize("answer", ["\x1b[2J otpauth://x", "SHORT uri", ""])
def test_a_secret_that_is_none(
    settings: SettingsDirectory, certificate: Files, authority: Authority, answer: str
) -> None:
    """Is not shown; nobody is asked for a code."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("TOTP ENROLL")
        peer.says(f"NOTE TOTP SECRET {answer} :Here" if answer else "NOTE TOTP SECRET :Here")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        setup = setup_of(settings, server, authority, PASSWORD)
        with pytest.raises(RefusedError, match="holds no secret"):
            factor.enroll(setup, where(server))


def test_enrolling_twice(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """Is refused by the server."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("TOTP ENROLL")
        peer.says("FAIL TOTP ALREADY_ENABLED :It is on already")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        setup = setup_of(settings, server, authority, PASSWORD)
        with pytest.raises(RefusedError, match="on already"):
            factor.enroll(setup, where(server))


def logs_in_with_a_code(peer: Peer) -> None:
    """The end of a login whose first attempt has been answered by CODE_REQUIRED."""
    peer.logs_in("alice", password=f"{PASSWORD}123456")


def wants_a_code(peer: Peer) -> None:
    peer.refuses("alice", "FAIL AUTHENTICATE CODE_REQUIRED :A code is needed", "904 alice :no")


def test_removing(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With another code than that of the login, as each is good once; which is told."""

    def dialogue(peer: Peer) -> None:
        logs_in_with_a_code(peer)
        peer.expects("TOTP REMOVE abcde-23456")
        peer.says("NOTE TOTP REMOVED :It is off")
        peer.quits()

    with ScriptedServer(certificate, wants_a_code, dialogue) as server:
        setup = setup_of(settings, server, authority, PASSWORD, "123456", "abcde-23456")
        assert factor.remove(setup, where(server)) is Exit.OK
    said = capsys.readouterr().err
    assert "wait for the next" in said
    assert said.endswith("The second factor is off.\n")


def test_new_recovery_codes(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Alone on standard output, escaped."""

    def dialogue(peer: Peer) -> None:
        logs_in_with_a_code(peer)
        peer.expects("TOTP RECOVERY 654321")
        peer.says("NOTE TOTP RECOVERY abcde-23456 \x1b[2J :Keep them")
        peer.quits()

    with ScriptedServer(certificate, wants_a_code, dialogue) as server:
        setup = setup_of(settings, server, authority, PASSWORD, "123456", "654321")
        assert factor.recovery(setup, where(server)) is Exit.OK
    assert capsys.readouterr().out.splitlines() == ["abcde-23456", "^[[2J"]


def test_three_wrong_codes_are_enough(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """The last refusal is the error."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        for code in ("111111", "222222", "333333"):
            peer.expects(f"TOTP REMOVE {code}")
            peer.says("FAIL TOTP WRONG_CODE :That is not the code")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        setup = setup_of(settings, server, authority, PASSWORD, "111111", "222222", "333333")
        with pytest.raises(RefusedError, match="not the code"):
            factor.remove(setup, where(server))
