"""What scripts use, against a real server: what the commands print, what others see of it, and
docs/json.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from securechat.client.commands.cli import main
from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.tokens import StoredToken, TokenOwner, Tokens, token_directory
from securechat.client.exits import Exit
from securechat.client.session.identity import Address
from securechat.client.trust import authorities
from securechat.client.trust.describe import fingerprint
from securechat.client.trust.examining import STEPS, clock, examine
from securechat.credentials.link import LoginLink
from tests.support.certificates import Authority
from tests.support.client import Client, codes
from tests.support.json_tables import check_fields
from tests.support.server import PASSWORD, ServerUnderTest, running

Enter = Callable[..., Client]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("server"), "alice", "bob") as server:
        alice = server.member("alice")  # in the lobby from now on
        alice.sends("QUIT")
        alice.hears_the_end()
        yield server


@pytest.fixture
def enter(server: ServerUnderTest) -> Iterator[Enter]:
    """Somebody who is logged in up to the end of the test."""
    there: list[Client] = []

    def enter(name: str, **options: Any) -> Client:
        there.append(server.member(name, **options))
        return there[-1]

    yield enter
    for client in there:
        client.sends("QUIT")
        client.hears_the_end()


@pytest.fixture
def run(
    server: ServerUnderTest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """A command of alice's: its exit code, and what it prints to both streams."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    login = ("--ca", str(server.ca), "--password-file", str(password))

    def run(
        *argv: str, stdin: bytes = b"", place: bool = False, bare: bool = False
    ) -> tuple[int, str, str]:
        """place: whether the server is an argument, and no option. bare: nothing is added."""
        reading, writing = os.pipe()
        os.write(writing, stdin)
        os.close(writing)
        where = [f"alice@localhost:{server.port}"]
        with open(reading) as pipe:
            monkeypatch.setattr(sys, "stdin", pipe)
            added = [] if bare else [*login, *([] if place else ["--server"]), *where]
            code = main([*argv, *added])
        return code, *capfd.readouterr()

    return run


def objects(out: str) -> list[dict[str, Any]]:
    """What was printed, each as its table says."""
    found = []
    for line in out.splitlines():
        assert line.isascii()
        found.append(json.loads(line))
        assert list(found[-1])[:2] == ["v", "kind"]
        kind = found[-1]["kind"]
        check_fields("message" if kind in ("notice", "action") else kind, found[-1])
    return found


def test_nobody_sees_a_script_come_and_go(enter: Enter, run: Run) -> None:
    """But what it says; and it prints the id by which to go on."""
    bob = enter("bob")
    code, out, err = run("send", "--json", "#lobby", "one")
    assert (code, err) == (Exit.OK, "")
    [stored] = objects(out)
    assert codes(bob.hears_until("PRIVMSG #lobby")) == ["PRIVMSG"]
    run("send", "#lobby", "two")
    assert codes(bob.hears_until("PRIVMSG #lobby :two")) == ["PRIVMSG"]
    for place in (stored["msgid"], f"msgid={stored['msgid']}"):
        code, out, err = run("tail", "--no-follow", "--json", "--since", place)
        assert (code, err) == (Exit.OK, "")
        assert [said["text"] for said in objects(out)] == ["two"]
    code, out, err = run("history", "#lobby", "--until", stored["msgid"], "--since", "1h", "--json")
    assert (code, out) == (Exit.OK, "")


def test_what_isn_t_text_is_not_sent(run: Run) -> None:
    """An image, another encoding, colours: a clear error, and nothing of it is sent."""
    for stdin, words in (
        (b"caf\xe9 au lait\n", "it isn't UTF-8 text"),
        (b"\x1b[31mred\x1b[0m\n", "the control character U+001B"),
        (b"a\0b\n", "the control character U+0000"),
        (b"caf\xc3", "it isn't UTF-8 text"),
        ("one\u0085two".encode(), "the control character U+0085"),
    ):
        for options in ((), ("--together",)):
            code, out, err = run("send", "--json", "bob", *options, stdin=stdin)
            assert (code, out) == (Exit.USAGE, "")
            assert words in err
    assert run("history", "bob", "--json") == (Exit.OK, "", "")


def test_lines_before_what_isn_t_text_are_stored(run: Run) -> None:
    """As they come one by one; which line it was is said. Tabs, and line ends of any system, are
    text.
    """
    code, out, err = run("send", "--json", "#lobby", stdin=b"a\tb\r\n\xff\nc\n")
    assert code == Exit.USAGE
    assert "line 2 of standard input isn't sent" in err
    assert [stored["text"] for stored in objects(out)] == ["a\tb"]


def test_search(run: Run) -> None:
    """Oldest first; the newest ones, or with --after the oldest."""
    for word in ("first", "second", "third"):
        run("send", "#lobby", f"needle {word}")
    code, out, err = run("search", "--json", "-n", "2", "--in", "#lobby", "needle")
    assert (code, err) == (Exit.OK, "")
    assert [said["text"] for said in objects(out)] == ["needle second", "needle third"]
    _, out, _ = run("search", "--from", "alice", "--since", "1h", "-n", "1", "needle")
    assert out.endswith("needle first\n")
    assert run("search", "haystack") == (Exit.OK, "", "Nothing was found.\n")
    code, _, err = run("search", "--in", "#nowhere", "needle")
    assert (code, err.startswith("securechat: refused: ")) == (Exit.REFUSED, True)
    code, _, err = run("search")
    assert (code, "nothing to search for" in err) == (Exit.USAGE, True)


def test_rooms(enter: Enter, run: Run) -> None:
    """With what is unread since the marker, and what of it names us; nothing is known before."""
    bob = enter("bob")
    bob.says("JOIN #owned", "TOPIC #owned :of\x02 cats")
    alice = enter("alice", caps="draft/read-marker")
    alice.says("JOIN #owned")
    code, out, err = run("rooms", "--json")
    assert (code, err) == (Exit.OK, "")
    lobby, owned = objects(out)
    assert (lobby["name"], lobby["role"], lobby["unread"]) == ("#lobby", "member", None)
    assert (owned["topic"], owned["present"], owned["read"]) == ("of\x02 cats", 2, None)
    alice.says("MARKREAD #owned timestamp=2026-01-01T00:00:00.000Z")
    alice.says("PRIVMSG #owned :my own")
    bob.says("PRIVMSG #owned :hi", "PRIVMSG #owned :Alice: hi")
    _, out, _ = run("rooms", "--json")
    owned = objects(out)[1]
    assert (owned["unread"], owned["mentions"]) == (2, 1)
    assert owned["read"] == "2026-01-01T00:00:00.000Z"
    _, out, _ = run("rooms")
    assert out.splitlines()[1] == "#owned  2 there, 2 unread, 1 names you  of cats"
    alice.says("PART #owned")


def test_members(enter: Enter, run: Run) -> None:
    """The highest role first; who is away."""
    bob = enter("bob")
    bob.says("JOIN #club", "AWAY :lunch", "SETNAME :Bob B.")
    enter("alice").says("JOIN #club")
    code, out, err = run("members", "#club", "--json")
    assert (code, err) == (Exit.OK, "")
    first, second = objects(out)
    assert (first["nick"], first["account"], first["role"]) == ("bob", "bob", "owner")
    assert (first["away"], first["real_name"]) == (True, "Bob B.")
    assert (second["nick"], second["role"], second["away"]) == ("alice", "member", False)
    _, out, _ = run("members", "#club")
    assert out.splitlines() == ["bob    owner, away  Bob B.", "alice"]
    code, _, err = run("members", "#nowhere")
    assert (code, "there is no channel #nowhere" in err) == (Exit.REFUSED, True)
    assert run("members", "bob")[0] == Exit.USAGE


def test_whoami_and_devices(server: ServerUnderTest, enter: Enter, run: Run) -> None:
    """By the password, and by a token; what is listed has names to end it by."""
    code, out, _ = run("whoami", "--json", place=True)
    [account] = objects(out)
    assert (code, account["account"], account["by"]) == (Exit.OK, "alice", "password")
    assert (account["server"], account["device"]) == (f"localhost:{server.port}", None)
    laptop = enter("alice")
    laptop.says("TOKEN CREATE laptop", "TOKEN CREATE phone")
    code, out, _ = run("devices", "list", "--json", place=True)
    listed = objects(out)
    assert [(one["by"], one["name"], one["used"], len(one["sessions"])) for one in listed] == [
        ("token", "laptop", None, 0),
        ("token", "phone", None, 0),
        ("password", None, None, 1),
    ]
    code, out, err = run("devices", "end", "phone", place=True)
    assert (code, out, err) == (Exit.OK, "", "phone is not remembered any more.\n")
    _, out, _ = run("devices", "list", place=True)
    assert re.fullmatch(
        r"laptop             remembered since [^,]+, never used\n"
        r"\(by the password\)  logged in now \([0-9a-f]{6}\)\n",
        out,
    )
    code, _, err = run("devices", "end", "phone", place=True)
    assert (code, "nothing is remembered or logged in as phone" in err) == (Exit.USAGE, True)
    code, _, err = run("devices", "end", "others", place=True)
    assert (code, "laptop is not remembered" in err) == (Exit.OK, True)
    laptop.hears_the_end()
    assert run("devices", "list", place=True) == (
        Exit.OK,
        "",
        "No device is remembered, and nothing else is logged in.\n",
    )


def test_a_link_pins_what_the_server_shows(server: ServerUnderTest, run: Run) -> None:
    """And no login is needed for it; a link for another authority is refused."""
    [der] = map(ssl.PEM_cert_to_DER_cert, [server.ca.read_text()])
    link = str(LoginLink("localhost", server.port, hashlib.sha256(der).digest()))
    code, _, err = run("trust", "pin", link, bare=True)
    assert (code, "from now on, and by nothing else" in err) == (Exit.OK, True)
    [shown] = objects(run("trust", "show", "--json", bare=True)[1])
    assert shown["sha256"] == [fingerprint(der)]
    other = str(LoginLink("localhost", server.port, bytes(32)))
    assert run("trust", "pin", other, bare=True)[0] == Exit.CERTIFICATE
    assert run("trust", "pin", link, "other.example", bare=True)[0] == Exit.USAGE


def test_doctor(server: ServerUnderTest, enter: Enter, run: Run, settings_directory: Path) -> None:
    """All is well: each step says so. What this device's token can't do is told, with its code."""
    where = f"alice@localhost:{server.port}"
    ca = ("--ca", str(server.ca))
    code, out, _ = run("doctor", where, *ca, "--json", bare=True)
    steps = {check["step"]: check for check in objects(out)}
    assert (code, list(steps)) == (Exit.OK, list(STEPS))
    assert [steps[step]["ok"] for step in STEPS] == [True] * 7 + [None] * 2
    assert steps["tls"]["text"] == "speaks TLSv1.3"
    made = enter("alice").says("TOKEN CREATE doctored")
    secret = next(word for line in made for word in line.split() if word.startswith("sct1"))
    trust = authorities.offered_by_file(server.ca)
    owner = TokenOwner(Address("localhost", server.port), trust.identity, "alice")
    tokens = Tokens(token_directory(None), Keyring(lambda: None), print)
    tokens.save(owner, StoredToken("doctored", secret))
    code, out, _ = run("doctor", where, *ca, bare=True)
    assert code == Exit.OK
    assert out.splitlines()[-2].split() == (
        ["login", "ok", "alice", "is", "let", "in", "by", "this", "device's", "token", "doctored"]
    )
    assert out.splitlines()[-1].split()[:2] == ["clock", "ok"]
    enter("alice").says("TOKEN REVOKE doctored")
    code, out, _ = run("doctor", where, *ca, "--json", bare=True)
    assert (code, objects(out)[-2]["ok"]) == (Exit.LOGIN, False)


def test_doctor_finds_what_is_wrong(
    server: ServerUnderTest, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first that is wrong says the exit code; what comes behind it isn't looked at."""
    asked = socket.getaddrinfo

    def found(host: str, *more: Any, **options: Any) -> Any:
        return asked("localhost" if host == "elsewhere.example" else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    other = Authority().write(tmp_path, "other")
    for place, options, wrong, expected in (
        ("no-such-host.invalid", (), "address", Exit.UNREACHABLE),
        ("localhost:9", (), "port", Exit.UNREACHABLE),
        (f"localhost:{server.port}", ("--ca", str(other)), "chain", Exit.CERTIFICATE),
        (f"localhost:{server.port}", (), "chain", Exit.CERTIFICATE),
        (f"elsewhere.example:{server.port}", ("--ca", str(server.ca)), "names", Exit.CERTIFICATE),
    ):
        code, out, _ = run("doctor", place, *options, "--json", bare=True)
        checks = objects(out)
        assert [check["step"] for check in checks if check["ok"] is False] == [wrong], checks
        assert code == expected
        assert all(check["advice"] for check in checks if check["ok"] is False)
    _, out, _ = run("doctor", "localhost:9", bare=True)
    assert [line.split()[:2] for line in out.splitlines()[:2]] == [
        ["address", "ok"],
        ["port", "WRONG"],
    ]
    assert "not looked at" not in out
    assert run("doctor", bare=True)[0] == Exit.USAGE


def test_dates_and_clocks(server: ServerUnderTest) -> None:
    """A certificate's end is told before it comes; a clock may be off by half a minute."""
    now = datetime.now(UTC)
    trust = authorities.offered_by_file(server.ca)
    address = Address("localhost", server.port)
    ends = {
        later: next(
            check
            for check in examine(address, trust, now + timedelta(days=later))
            if check.step == "expiry"
        )
        for later in (0, 80, 4000, -4000)
    }
    assert [check.ok for check in ends.values()] == [True, True, False, False]
    assert ["" if not check.advice else "said" for check in ends.values()] == ["", *["said"] * 3]
    assert clock(None, now).ok is None
    assert clock(now - timedelta(seconds=29), now).ok
    late, early = (clock(now + timedelta(seconds=off), now) for off in (90, -90))
    assert (late.text, early.text) == (
        "this machine's clock is 90 s behind the server's",
        "this machine's clock is 90 s ahead of the server's",
    )


def test_doctor_looks_at_each_address(server: ServerUnderTest, run: Run, enter: Enter) -> None:
    """The exit code is that of the first that is wrong; the login is one, where all is well."""
    secret = next(
        word
        for line in enter("alice").says("TOKEN CREATE doctored")
        for word in line.split()
        if word.startswith("sct1")
    )
    good, off = f"localhost:{server.port}", "localhost:9"
    trust = authorities.offered_by_file(server.ca)
    tokens = Tokens(token_directory(None), Keyring(lambda: None), print)
    owner = TokenOwner(Address("localhost", 9), trust.identity, "alice")
    tokens.save(owner, StoredToken("doctored", secret))
    where, ca = f"alice@{off},{good}", ("--ca", str(server.ca))
    code, out, _ = run("doctor", where, *ca, "--json", bare=True)
    checks = objects(out)
    assert code == Exit.UNREACHABLE
    assert [(one["server"], one["step"]) for one in checks] == [
        *((off, step) for step in STEPS[:-2]),
        *((good, step) for step in STEPS[:-2]),
        (good, "login"),
        (good, "clock"),
    ]
    assert [one["ok"] for one in checks] == [True, False] + [None] * 5 + [True] * 9
    code, out, _ = run("doctor", where, *ca, bare=True)
    heads = [line for line in out.splitlines() if line.endswith(":") and " " not in line]
    assert heads == [f"{off}:", f"{good}:"]
    enter("alice").says("TOKEN REVOKE doctored")
