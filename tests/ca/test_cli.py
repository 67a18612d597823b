"""``gencerts`` as a person uses it."""

from __future__ import annotations

import os
import pty
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from securechat.ca import cli, options, pem
from securechat.ca.pem import fingerprint
from securechat.common.fingerprints import grouped
from tests.ca.support import GOOD_PASSPHRASE, NOW, make_issuer, make_server, mode, tree

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Said:
    """What a run said, and its exit code."""

    code: int
    out: str
    err: str


Gencerts = Callable[..., Said]


class Clock:
    """The time that gencerts believes it is."""

    now: datetime = NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Noon on a day in May, until told otherwise."""
    clock = Clock()
    monkeypatch.setattr(options, "now", lambda: clock.now)
    return clock


@pytest.fixture
def gencerts(
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Gencerts:
    """Run it in an empty directory on the host "laptop", with nobody at the terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("socket.gethostname", lambda: "laptop")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def run(command: str = "") -> Said:
        code = cli.main(shlex.split(command))
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Said(code, said.out, said.err)

    return run


def names_in(path: str = "certs/server.pem") -> list[str]:
    leaf = pem.load_certificates(Path(path))[0]
    return [str(name) for name in pem.subject_names(leaf, Path(path))]


def days_of(path: str) -> int:
    leaf = pem.load_certificates(Path(path))[0]
    return (leaf.not_valid_after_utc - leaf.not_valid_before_utc + timedelta(seconds=1)).days


def test_without_arguments_it_makes_all_that_a_server_needs(gencerts: Gencerts) -> None:
    """And says what comes next, with the CA's fingerprint."""
    said = gencerts()
    assert (said.code, said.err) == (0, "")
    assert sorted(tree(Path("certs"))) == ["ca-key.pem", "ca.pem", "server-key.pem", "server.pem"]
    assert mode(Path("certs")) == 0o700
    assert names_in() == ["localhost", "127.0.0.1", "::1", "laptop"]
    assert "securechat-server --cert certs/server.pem" in said.out
    assert re.search(r"Give members +certs/ca\.pem", said.out)
    assert grouped(fingerprint(Path("certs/ca.pem"))) in said.out
    assert "'laptop' has no dot: that includes every name ending in .laptop" in said.out


def test_names_and_lifetimes_are_taken_as_given(gencerts: Gencerts) -> None:
    """An existing directory elsewhere, a short CA."""
    said = gencerts("chat.example.org 192.168.1.5 --out 'my certs' --days 30 --ca-days 60")
    assert said.code == 0
    assert names_in("my certs/server.pem") == ["chat.example.org", "192.168.1.5"]
    assert days_of("my certs/server.pem") == 30
    assert days_of("my certs/ca.pem") == 60
    assert "securechat-server --cert 'my certs/server.pem'" in said.out
    assert "no dot" not in said.out


def test_a_second_run_overwrites_nothing(gencerts: Gencerts) -> None:
    """It names both ways on: renew, or --force."""
    gencerts("chat.example.org")
    before = tree(Path("certs"))
    said = gencerts("chat.example.org")
    assert (said.code, said.out) == (1, "")
    assert "certs/server.pem: is there already and was not overwritten" in said.err
    assert "'gencerts renew'" in said.err
    assert "'gencerts --force chat.example.org'" in said.err
    assert tree(Path("certs")) == before


def test_force_issues_from_the_same_ca(gencerts: Gencerts) -> None:
    """The CA stays: members keep their trust."""
    gencerts("example.org")
    ca = fingerprint(Path("certs/ca.pem"))
    assert gencerts("--force chat.example.org").code == 0
    assert names_in() == ["chat.example.org"]
    assert fingerprint(Path("certs/ca.pem")) == ca


def test_the_advice_for_a_wider_ca_works_word_for_word(gencerts: Gencerts) -> None:
    """The command in the error is run as it stands."""
    gencerts("localhost 127.0.0.1")
    said = gencerts("--force chat.example.org")
    assert said.code == 1
    assert "chat.example.org: outside what the CA in certs may sign for" in said.err
    [advice] = [line for line in said.err.splitlines() if line.startswith("  gencerts ")]
    said = gencerts(advice.split("gencerts ", 1)[1])
    assert said.code == 0
    assert names_in() == ["localhost", "127.0.0.1", "chat.example.org"]


def test_a_ca_is_not_replaced_without_force(gencerts: Gencerts) -> None:
    """Every member would have to get the new one."""
    gencerts()
    before = tree(Path("certs"))
    said = gencerts("--new-ca chat.example.org")
    assert said.code == 1
    assert "there is a CA already. --new-ca --force replaces it" in said.err
    assert tree(Path("certs")) == before


def test_a_server_certificate_without_ca_is_not_overwritten(gencerts: Gencerts) -> None:
    """It may be from elsewhere; no CA is made beside it."""
    Path("certs").mkdir(mode=0o700)
    Path("certs/server.pem").write_text("precious")
    said = gencerts()
    assert "not overwritten. To replace it by one" in said.err
    assert "renew" not in said.err
    assert tree(Path("certs")) == {"server.pem": b"precious"}


def test_strict_keeps_private_addresses_out(gencerts: Gencerts) -> None:
    """The address is refused with the CA's own list."""
    gencerts("chat.example.org --strict")
    said = gencerts("--force 192.168.1.5")
    assert said.code == 1
    assert "names below them; 127.0.0.0/8, ::1)" in said.err


@pytest.mark.parametrize("option", ["--strict", "--ca-days 90", "--encrypt-key"])
def test_options_of_a_new_ca_are_not_ignored_for_an_old_one(
    gencerts: Gencerts, option: str
) -> None:
    """Somebody would believe that they took effect."""
    gencerts()
    said = gencerts(f"--force {option}")
    assert said.code == 2
    assert f"{option.split()[0]} is for a new CA, and there is one already" in said.err


@pytest.mark.parametrize(
    ("command", "code", "explained"),
    [
        ("--days 398", 1, "valid for 1 to 397 days, not 398: ask for fewer"),
        ("--ca-days 0", 1, "a CA is valid for 1 to 10950 days, not 0: ask for more"),
        ("--days soon", 2, "'soon' is not a valid integer"),
        ("--nonsense", 2, "No such option"),
        ("bad_name", 1, "gencerts: 'bad_name': malformed DNS name"),
        ("1.2.3.4.5", 1, "malformed IP address"),
        ("'evil\x1b[2J'", 1, "'evil\\u001b[2J': malformed DNS name"),
        ("client", 2, "Missing argument 'ACCOUNT'"),
        ("client alice bob", 2, "unexpected extra argument"),
        ("renew", 1, "there is no CA here"),
        ("renew --days 400", 1, "1 to 397 days"),
        ("show", 1, "there is no CA here"),
        ("show me", 2, "unexpected extra argument"),
        ("--out certs client alice", 2, "'client' is a command and comes first: gencerts client"),
        ("--passphrase-file missing", 1, "missing: no such file"),
        ("--encrypt-key", 1, "no terminal to ask on: put it into a file and give --passphrase"),
    ],
)
def test_mistakes_are_explained_and_make_nothing(
    gencerts: Gencerts, command: str, code: int, explained: str
) -> None:
    """Exit code 2 for wrong usage, 1 for the rest; not a byte is written."""
    said = gencerts(command)
    assert said.code == code
    assert explained in said.err
    assert said.out == ""
    assert not Path("certs").exists() or tree(Path("certs")) == {}


def test_a_host_called_like_a_command(gencerts: Gencerts) -> None:
    """``make`` says that names follow."""
    assert gencerts("make client renew").code == 0
    assert names_in() == ["client", "renew"]


@pytest.mark.parametrize("command", ["", "make ", "client ", "renew ", "show "])
def test_each_command_has_its_help(gencerts: Gencerts, command: str) -> None:
    """On stdout, with exit code 0."""
    said = gencerts(f"{command}--help")
    assert (said.code, said.err) == (0, "")
    assert f"Usage: gencerts {command}[OPTIONS]" in said.out


def test_the_help_lists_the_commands(gencerts: Gencerts) -> None:
    """And how to make a wider CA."""
    said = gencerts("--help")
    for word in ("gencerts client ACCOUNT", "gencerts renew", "gencerts show", "--new-ca"):
        assert word in said.out


def test_client_makes_one_file_for_an_account(gencerts: Gencerts) -> None:
    """And says how to hand it over and what the server needs: neither the CA of the server, nor
    what the certificate says of itself.
    """
    said = gencerts("client Иван --days 10")
    assert said.code == 0
    assert mode(Path("certs/client-Иван.pem")) == 0o600
    assert days_of("certs/client-Иван.pem") == 10
    assert "Hand this file to Иван in private" in said.out
    assert f'client_ca = "{Path("certs/clients-ca.pem").resolve()}"' in said.out
    assert "securechat-admin certificate add Иван " in said.out
    assert mode(Path("certs/clients-ca-key.pem")) == 0o600
    assert not Path("certs/ca.pem").exists()


def test_the_authority_for_clients_is_made_once(gencerts: Gencerts) -> None:
    """Apart from the server's, which stays as it is; no account's file is called as it."""
    gencerts()
    before = fingerprint(Path("certs/ca.pem"))
    assert "Made a certificate authority (CA) for clients" in gencerts("client ca").out
    clients = fingerprint(Path("certs/clients-ca.pem"))
    assert "Made a certificate authority" not in gencerts("client alice").out
    assert fingerprint(Path("certs/clients-ca.pem")) == clients != before
    assert fingerprint(Path("certs/ca.pem")) == before


def test_the_key_for_clients_may_have_a_passphrase(gencerts: Gencerts) -> None:
    """Which is asked for, or read, whenever it signs."""
    Path("phrase").touch(0o600)
    Path("phrase").write_bytes(GOOD_PASSPHRASE)
    assert gencerts("client alice --passphrase-file phrase").code == 0
    assert b"ENCRYPTED" in Path("certs/clients-ca-key.pem").read_bytes()
    assert gencerts("client bob").code == 1
    assert gencerts("client bob --passphrase-file phrase").code == 0


def test_a_part_of_an_authority_for_clients_is_not_replaced(gencerts: Gencerts) -> None:
    """Its certificate may only have been moved."""
    gencerts("client alice")
    Path("certs/clients-ca.pem").unlink()
    said = gencerts("client bob")
    assert said.code == 1
    assert "clients-ca.pem: the client authority's certificate is missing" in said.err


def test_client_overwrites_only_with_force(gencerts: Gencerts) -> None:
    """As everywhere."""
    gencerts()
    gencerts("client alice")
    before = tree(Path("certs"))
    assert "client-alice.pem: is there already" in gencerts("client alice").err
    assert tree(Path("certs")) == before
    assert gencerts("client alice --force").code == 0
    assert tree(Path("certs")) != before


def test_an_account_that_is_no_account_is_refused(gencerts: Gencerts) -> None:
    """Nor does it become a path."""
    gencerts()
    said = gencerts("client ../alice")
    assert said.code == 1
    assert "'../alice': not an account" in said.err


def test_renew_keeps_names_and_ca_and_changes_the_key(gencerts: Gencerts, clock: Clock) -> None:
    """Even when the old certificate is over."""
    gencerts("chat.example.org 10.0.0.7 --days 30")
    ca, key = fingerprint(Path("certs/ca.pem")), Path("certs/server-key.pem").read_bytes()
    clock.now += timedelta(days=40)
    said = gencerts("renew")
    assert said.code == 0
    assert names_in() == ["chat.example.org", "10.0.0.7"]
    assert fingerprint(Path("certs/ca.pem")) == ca
    assert Path("certs/server-key.pem").read_bytes() != key
    assert "(396 days left)" in said.out
    assert "SIGHUP" in said.out


def test_renew_tells_when_the_ca_is_the_limit(gencerts: Gencerts, clock: Clock) -> None:
    """The next renewal would gain nothing."""
    gencerts("chat.example.org --ca-days 400")
    clock.now += timedelta(days=100)
    said = gencerts("renew")
    assert said.code == 0
    assert "it ends with its CA; make a new CA before that: gencerts --new-ca --force" in said.out


def test_an_expired_ca_renews_nothing(gencerts: Gencerts, clock: Clock) -> None:
    """The error tells the way out, for each command."""
    gencerts("chat.example.org --ca-days 400")
    before = tree(Path("certs"))
    clock.now += timedelta(days=401)
    for command in ("renew", "--force chat.example.org"):
        said = gencerts(command)
        assert said.code == 1
        assert "the CA expired on 2031-06-21" in said.err
        assert "gencerts --new-ca --force" in said.err
    assert tree(Path("certs")) == before


def test_an_expired_authority_for_clients_signs_nothing(gencerts: Gencerts, clock: Clock) -> None:
    """The error tells the way out."""
    gencerts("client alice")
    clock.now += timedelta(days=3651)
    said = gencerts("client bob")
    assert said.code == 1
    assert "the CA expired on" in said.err
    assert "move clients-ca.pem and its key away, and a new CA is made" in said.err


def test_a_foreign_certificate_is_not_renewed(gencerts: Gencerts) -> None:
    """It comes from elsewhere."""
    gencerts("chat.example.org")
    foreign = make_server(make_issuer("chat.example.org"), "chat.example.org")
    Path("certs/server.pem").write_bytes(pem.certificate_pem(foreign))
    said = gencerts("renew")
    assert said.code == 1
    assert "not from the CA in ca.pem" in said.err
    assert "NOT from the CA in ca.pem" in gencerts("show").out


def test_a_foreign_ca_key_is_noticed(gencerts: Gencerts) -> None:
    """By every command that signs, and by show."""
    gencerts("chat.example.org")
    gencerts("client alice")
    other = pem.key_pem(make_issuer("chat.example.org").key)
    for name in ("ca", "clients-ca"):
        Path(f"certs/{name}-key.pem").write_bytes(other)
    for command in ("renew", "client bob", "--force chat.example.org"):
        said = gencerts(command)
        assert said.code == 1
        assert "the key does not belong to the certificate" in said.err
    assert "certs/ca-key.pem does NOT belong to this certificate" in gencerts("show").out


def test_show_tells_names_dates_and_fingerprints(gencerts: Gencerts, clock: Clock) -> None:
    """Of everything in the directory; what is over is marked."""
    gencerts("chat.example.org --days 30")
    gencerts("client alice")
    clock.now += timedelta(days=31)
    said = gencerts("show")
    assert (said.code, said.err) == (0, "")
    assert (
        "signs for   chat.example.org, localhost, local and names below them; 127.0.0.0/8"
        in said.out
    )
    assert "names       chat.example.org" in said.out
    assert "names       alice" in said.out
    assert "valid until 2030-06-16 10:59 UTC (EXPIRED)" in said.out
    assert "signs for   clients only" in said.out
    assert "NOT from the CA" not in said.out
    for name in ("ca", "server", "clients-ca", "client-alice"):
        assert f"certs/{name}.pem\n" in said.out
        assert grouped(fingerprint(Path(f"certs/{name}.pem"))) in said.out


def test_show_goes_on_after_a_damaged_file(gencerts: Gencerts) -> None:
    """It is named, the others are shown, and the exit code is 1."""
    gencerts()
    gencerts("client alice")
    Path("certs/server.pem").write_bytes(b"rubbish")
    Path("certs/ca-key.pem").chmod(0o644)
    said = gencerts("show")
    assert said.code == 1
    assert "certs/server.pem: expected a certificate in PEM form" in said.err
    assert "names       alice" in said.out
    assert "key         NOT usable: certs/ca-key.pem: other users can read" in said.out


def test_show_knows_keys_that_are_away_and_dates_to_come(gencerts: Gencerts, clock: Clock) -> None:
    """A CA key kept offline; a clock set back."""
    gencerts()
    Path("certs/ca-key.pem").unlink()
    clock.now -= timedelta(days=2)
    said = gencerts("show")
    assert "key         certs/ca-key.pem is not here" in said.out
    assert "(NOT YET)" in said.out


def test_a_passphrase_file_locks_the_new_ca_key_and_opens_it_again(gencerts: Gencerts) -> None:
    """The server's own key stays open, since the server must start alone."""
    secret = Path("secret")
    secret.touch(mode=0o600)
    secret.write_bytes(GOOD_PASSPHRASE + b"\n")
    assert gencerts("chat.example.org --passphrase-file secret").code == 0
    assert pem.is_encrypted(Path("certs/ca-key.pem"))
    assert not pem.is_encrypted(Path("certs/server-key.pem"))
    assert "ca-key.pem, encrypted" in gencerts("show").out
    assert gencerts("client alice --passphrase-file secret").code == 0
    assert gencerts("renew --passphrase-file secret").code == 0
    before = tree(Path("certs"))
    assert "no terminal to ask on" in gencerts("renew").err
    secret.write_bytes(b"some other passphrase")
    said = gencerts("renew --passphrase-file secret")
    assert (said.code, tree(Path("certs"))) == (1, before)
    assert "wrong passphrase" in said.err
    assert "some other" not in said.err


def test_an_unsuitable_directory_is_refused(gencerts: Gencerts, tmp_path: Path) -> None:
    """An open one with others' files, and one that can't be made."""
    Path("thesis.tex").touch()
    tmp_path.chmod(0o755)
    said = gencerts("--out .")
    assert said.code == 1
    assert "other users can look into this directory" in said.err
    said = gencerts("--out thesis.tex/certs")
    assert said.code == 1
    assert "Not a directory" in said.err


def test_ctrl_c_is_a_plain_ending(gencerts: Gencerts, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, exit code 1, nothing written."""

    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.hidden_prompt_func", interrupt)
    said = gencerts("--encrypt-key")
    assert said.code == 1
    assert "gencerts: cancelled" in said.err
    assert tree(Path("certs")) == {}


def test_a_person_at_a_real_terminal_types_the_passphrase(tmp_path: Path) -> None:
    """It is asked for twice on a terminal, and doesn't appear there."""
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tools" / "gencerts.py"), "localhost", "--encrypt-key"],
        cwd=tmp_path,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    seen = b""
    for prompt in (b"Passphrase for the new CA key: ", b"Repeat for confirmation: "):
        while not seen.endswith(prompt):
            seen += os.read(person, 1024)
        os.write(person, GOOD_PASSPHRASE + b"\n")
    assert process.wait(60) == 0
    while b"Keep to yourself" not in seen:
        seen += os.read(person, 4096)
    os.close(person)
    assert GOOD_PASSPHRASE not in seen
    assert pem.is_encrypted(tmp_path / "certs" / "ca-key.pem")
    key = pem.load_key(tmp_path / "certs" / "ca-key.pem", lambda _: GOOD_PASSPHRASE)
    assert pem.same_key(pem.load_certificates(tmp_path / "certs" / "ca.pem")[0], key)


def test_it_runs_from_a_checkout(tmp_path: Path) -> None:
    """From any directory, without being installed."""
    command = [sys.executable, "-I", str(ROOT / "tools" / "gencerts.py"), "localhost"]
    first = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (first.returncode, first.stderr) == (0, "")
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 1


def test_the_readme_and_nothing_else_is_committed_in_certs() -> None:
    """The ignore file lets only itself and the README through."""
    lines = (ROOT / "certs" / ".gitignore").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "*",
        "!.gitignore",
        "!README.md",
    ]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("help", "gencerts --help"),
        ("shwo", "gencerts show"),
        ("shw", "gencerts show"),
        ("SHOW", "gencerts show"),
        ("renwe", "gencerts renew"),
        ("cleint alice", "gencerts client"),
        ("version", "gencerts --version"),
        ("chat.example.org shwo", "gencerts show"),
        ("--days 9 shwo", "gencerts show"),
    ],
)
def test_a_misspelt_command_makes_no_authority(gencerts: Gencerts, typed: str, meant: str) -> None:
    """It is refused, with what was meant; it used to be taken for a host."""
    said = gencerts(typed)
    assert said.code == 2
    assert f"Did you mean '{meant}'?" in said.err
    assert not Path("certs").exists()


def test_a_host_without_a_dot_needs_a_word(gencerts: Gencerts) -> None:
    """Except those that are known: localhost, this host, what the directory has already."""
    said = gencerts("buildbox")
    assert said.code == 2
    assert "For a host that is called so: gencerts make buildbox" in said.err
    assert gencerts("make buildbox").code == 0
    assert gencerts("--force buildbox").code == 0
    assert gencerts(f"--out other localhost {socket.gethostname()}").code == 0


def test_hints_for_a_host_without_a_dot_work_as_printed(gencerts: Gencerts) -> None:
    """They say `make` where it is needed."""
    assert gencerts("chat.example.org").code == 0
    said = gencerts("make buildbox --force")
    assert said.code == 1
    advice = next(line for line in said.err.splitlines() if line.startswith("  gencerts "))
    assert gencerts(advice.strip().removeprefix("gencerts ")).code == 0


@pytest.mark.parametrize("command", ["", "make", "client", "renew", "show"])
def test_short_help_and_version_are_everywhere(gencerts: Gencerts, command: str) -> None:
    """As with the other programs."""
    assert gencerts(f"{command} -h").out.startswith("Usage: gencerts")
    assert gencerts(f"{command} --version").out.startswith("gencerts, version ")
