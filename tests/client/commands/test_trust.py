"""`securechat trust`, `profiles` and `completion`: what is kept, shown and forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.client.commands.cli import main
from securechat.client.exits import Exit
from securechat.client.session.identity import Address
from securechat.client.settings import Server, SettingsDirectory
from securechat.client.trust.describe import fingerprint
from tests.client.commands.test_scripts import objects
from tests.support.certificates import Authority

Run = Callable[..., tuple[int, str, str]]

CHAT = Address("chat.example", 6697)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A command: its exit code, and what it prints to both streams."""

    def run(*argv: str) -> tuple[int, str, str]:
        code = main(argv)
        return code, *capsys.readouterr()

    return run


def test_a_pin_is_kept_shown_and_forgotten(
    run: Run, ca_file: Path, authority: Authority, settings_directory: Path
) -> None:
    """By a file, at a host that is named; nothing is left of it."""
    assert run("trust", "show")[1:] == (
        "",
        "No server is trusted yet: a login by a link pins its authority.\n",
    )
    code, out, err = run("trust", "pin", str(ca_file), "chat.example")
    assert (code, out) == (Exit.OK, "")
    assert err.startswith("chat.example:6697 is trusted by SHA-256 ")
    settings = SettingsDirectory(settings_directory)
    settings.remember(CHAT, "alice")
    code, out, err = run("trust", "show", "--json")
    [shown] = objects(out)
    assert (shown["server"], shown["by"], shown["account"]) == ("chat.example:6697", "pin", "alice")
    assert shown["sha256"] == [fingerprint(authority.der)]
    assert (
        f"trusted by: SHA-256 {fingerprint(authority.der)}"
        in run("trust", "show", "chat.example")[1]
    )
    assert run("trust", "forget", "chat.example")[0] == Exit.OK
    assert (settings.trusted(CHAT), settings.account(CHAT), settings.last()) == (None, None, None)
    assert run("trust", "show", "--json") == (Exit.OK, "", "")
    code, _, err = run("trust", "forget", "chat.example")
    assert (code, "nothing is kept of chat.example:6697" in err) == (Exit.USAGE, True)


def test_the_system_s_authorities(run: Run, settings_directory: Path) -> None:
    """They have no fingerprints; other servers stay when one is forgotten."""
    settings = SettingsDirectory(settings_directory)
    settings.save_system(CHAT)
    settings.remember(CHAT, "alice")
    settings.remember(Address("other.example", 1), "bob")
    first, second = objects(run("trust", "show", "--json")[1])
    assert (first["by"], first["sha256"]) == ("system", [])
    assert second["server"] == "other.example:1"
    run("trust", "forget", "chat.example")
    assert settings.last() == Address("other.example", 1)
    assert settings.account(Address("other.example", 1)) == "bob"


def test_another_authority_is_not_pinned_in_silence(
    run: Run, ca_file: Path, other_authority: Authority, tmp_path: Path
) -> None:
    """Nobody can be asked here, so it takes the option."""
    run("trust", "pin", str(ca_file), "chat.example")
    (tmp_path / "other").mkdir()
    other = other_authority.write(tmp_path / "other")
    code, _, err = run("trust", "pin", str(other), "chat.example")
    assert (code, "--replace-trust" in err) == (Exit.CERTIFICATE, True)
    code, _, _ = run("trust", "pin", "--replace-trust", str(other), "chat.example")
    assert code == Exit.OK
    assert fingerprint(other_authority.der) in run("trust", "show")[1]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["pin", "/nowhere", "chat.example"], "/nowhere"),
        (["pin", "ca.pem"], "name its HOST"),
        (["pin", "securechat://chat.example:6697"], "link"),
        (["show", "chat.example"], "nothing is kept of chat.example:6697"),
    ],
)
def test_wrong_usage(run: Run, argv: list[str], words: str) -> None:
    """It is said what is missing."""
    code, _, err = run("trust", *argv)
    assert (code, words in err) == (Exit.USAGE, True), err


def test_profiles(run: Run, ca_file: Path, settings_directory: Path) -> None:
    """Each is a directory of its own that nobody else may look into, by an option or the
    environment.
    """
    assert run("profiles")[2].startswith("There are no profiles")
    run("trust", "pin", str(ca_file), "chat.example", "--profile", "lab")
    assert run("trust", "show", "--json")[1] == ""
    assert len(objects(run("trust", "show", "--json", "--profile", "lab")[1])) == 1
    directory = settings_directory / "profiles" / "lab"
    for place in (settings_directory, directory.parent, directory, directory / "pins"):
        assert place.stat().st_mode & 0o777 == 0o700
    SettingsDirectory(directory).remember(CHAT, "alice")
    [profile] = objects(run("profiles", "--json", "--profile", "lab")[1])
    assert profile == {
        "v": 1,
        "kind": "profile",
        "name": "lab",
        "servers": ["alice@chat.example:6697"],
        "current": True,
    }
    assert run("profiles") == (Exit.OK, "lab  alice@chat.example:6697\n", "")


@pytest.mark.parametrize("by_option", [True, False])
@pytest.mark.parametrize("name", ["../x", "/tmp/x", ".x", "a/b", "-x", "a b", "ä", "x" * 33, "a\n"])
def test_a_profile_is_a_name_and_no_path(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, by_option: bool
) -> None:
    """Whoever says it."""
    options = [f"--profile={name}"] if by_option else []
    if not by_option:
        monkeypatch.setenv("SECURECHAT_PROFILE", name)
    code, _, err = run("trust", "show", *options)
    assert (code, "expected a name for the profile" in err) == (Exit.USAGE, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_what_packages_install(run: Run, shell: str) -> None:
    """For who has installed it by pip."""
    code, out, err = run("completion", shell)
    root = Path(__file__).parents[3] / "share"
    [installed] = [
        path
        for path in (root / shell, root / f"{shell}-completion")
        if path.exists()
        for path in path.rglob("*")
        if path.name in ("securechat", "_securechat", "securechat.fish")
    ]
    assert (code, out, err) == (Exit.OK, installed.read_text(), "")


def test_objects_are_lines(run: Run, ca_file: Path) -> None:
    """One a server."""
    run("trust", "pin", str(ca_file), "a.example")
    run("trust", "pin", str(ca_file), "b.example")
    _, out, _ = run("trust", "show", "--json")
    assert [json.loads(line)["server"] for line in out.splitlines()] == [
        "a.example:6697",
        "b.example:6697",
    ]


def test_the_addresses_of_a_server_are_told(run: Run, ca_file: Path) -> None:
    """Those that are typed with commas are of one server, which is named by any that is known."""
    places = "chat.example,b.example,c.example:443"
    assert run("trust", "pin", str(ca_file), places)[0] == Exit.OK
    further = ["b.example:6697", "c.example:443"]
    [shown] = objects(run("trust", "show", "--json")[1])
    assert (shown["server"], shown["further"]) == ("chat.example:6697", further)
    assert f"  also at: {', '.join(further)}\n" in run("trust", "show", "b.example,chat.example")[1]
    code, _, err = run("trust", "show", "b.example")
    assert (code, "nothing is kept of b.example:6697" in err) == (Exit.USAGE, True)
    assert run("trust", "forget", places)[0] == Exit.OK
    assert run("trust", "show", "--json") == (Exit.OK, "", "")


def test_profiles_have_all_addresses(run: Run, settings_directory: Path) -> None:
    """As they can be typed behind `login`."""
    settings = SettingsDirectory(settings_directory / "profiles" / "lab")
    settings.remember(CHAT, "alice")
    settings.keep_addresses(Server(CHAT, (CHAT, Address("b.example", 443))))
    everywhere = "alice@chat.example:6697,b.example:443"
    [profile] = objects(run("profiles", "--json")[1])
    assert profile["servers"] == [everywhere]
    assert run("profiles")[1] == f"lab  {everywhere}\n"
