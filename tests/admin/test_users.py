"""`securechat-admin user …` on the directory of a stopped server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from securechat.credentials.device import is_token
from tests.support.admin_cli import GOOD, AdminCli, served_once


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    return served_once(tmp_path / "data")


# --- add -----------------------------------------------------------------------------------------


def test_an_account_is_made(cli: AdminCli) -> None:
    """With the name as typed and the password hashed."""
    said = cli("user add Алиса --password-stdin", GOOD + "\n")
    assert (said.code, said.out) == (0, "Алиса has an account.\n")
    row = cli.accounts()["Алиса"]
    assert (row.folded, row.admin, row.disabled, row.deleted) == ("алиса", 0, 0, 0)
    assert cli.knows("Алиса", GOOD)


def test_an_administrator_is_made(cli: AdminCli) -> None:
    """--admin."""
    said = cli("user add root --admin --password-stdin", GOOD)
    assert said.out == "root has an account and administers the server.\n"
    assert cli.accounts()["root"].admin == 1


def test_a_bot_is_made(cli: AdminCli, tmp_path: Path) -> None:
    """Marked as one, with a token in a file of its own and a password that nobody has."""
    file = tmp_path / "monitor.token"
    said = cli(f"user add monitor --bot --token-file {file}")
    assert said.code == 0
    assert f"its token is in {file}" in said.out
    token = file.read_text().strip()
    assert is_token(token)
    assert token not in said.out + said.err
    assert file.stat().st_mode & 0o777 == 0o600
    assert cli.accounts()["monitor"].bot == 1
    assert "bot" in cli("token list monitor").out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--bot", "--bot and --token-file FILE belong together"),
        ("--token-file FILE", "--bot and --token-file FILE belong together"),
        ("--bot --token-file FILE --admin", "a bot has neither a password nor --admin"),
        ("--bot --token-file FILE --password-stdin", "a bot has neither a password nor --admin"),
        ("--bot --token-file FILE/there/not", "can't write"),
        ("--bot --token-file THERE", "is there already"),
    ],
)
def test_a_bot_that_is_not_made(cli: AdminCli, tmp_path: Path, options: str, told: str) -> None:
    """No account is left behind, and no file; one that is there is left as it is."""
    there = tmp_path / "there"
    there.write_text("mine")
    options = options.replace("FILE", str(tmp_path / "f")).replace("THERE", str(there))
    said = cli(f"user add monitor {options}")
    assert said.code != 0
    assert told in said.err
    assert "monitor" not in cli.accounts()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["there"]
    assert there.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("alice", "alice exists already"),
        ("ALICE", "alice exists already"),
        ("aIice", "aIice looks like alice, which exists; choose another name"),
        ("ghost", "ghost was deleted; a name is never given out again"),
        ("gh0st", "gh0st looks like ghost, which was deleted and keeps its name"),
    ],
)
def test_a_taken_name_is_refused(cli: AdminCli, name: str, told: str) -> None:
    """Before a password is asked for: there is none on this terminal."""
    cli.adds("alice", "ghost")
    cli("user delete ghost --yes")
    said = cli(f"user add {name}")
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert set(cli.accounts()) == {"alice", "ghost"}


@pytest.mark.parametrize("name", ["'a b'", "'#den'", "''", "'\x1b[2J'", "'alіce'", "'\udcff'"])
def test_a_malformed_name_is_wrong_usage(cli: AdminCli, name: str) -> None:
    """The text says what a name is, and can't drive the terminal."""
    said = cli(f"user add {name} --password-stdin", GOOD)
    assert said.code == 2
    assert "can't be an account name" in said.err
    assert "\x1b" not in said.err
    assert cli.accounts() == {}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (b"", "expected the password on the first line; it is empty"),
        (b"\nviolet kettles dance 4", "it is empty"),
        (b"\xff\xfe secret words here", "the password is not UTF-8"),
        (b"too short", "this server asks for at least 15"),
        (b"passwordpassword", "easily guessed"),
        (b"alice-alice-alice", "consists mainly of the account's name"),
        (b"with a tab \t within it", "a control character such as TAB"),
        (b"x" * 5000, "more than 1024 bytes"),
    ],
)
def test_a_bad_password_is_refused(cli: AdminCli, typed: bytes, told: str) -> None:
    """The text says why, and doesn't show it."""
    said = cli("user add alice --password-stdin", typed)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert typed.decode(errors="replace").strip() not in said.err or not typed.strip()
    assert cli.accounts() == {}


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\nthe second line"])
def test_the_password_is_the_first_line(cli: AdminCli, ending: str) -> None:
    """Whatever ends it."""
    assert cli("user add alice --password-stdin", GOOD + ending).code == 0
    assert cli.knows("alice", GOOD)


def test_a_password_is_not_piped_from_a_terminal(cli: AdminCli) -> None:
    """There it would be seen while it is typed."""
    said = cli("user add alice --password-stdin", GOOD, terminal=True)
    assert said.code == 2
    assert "on a terminal leave it out" in said.err


def test_without_a_terminal_there_is_nobody_to_ask(cli: AdminCli) -> None:
    """The text names the way on."""
    said = cli("user add alice")
    assert said.code == 2
    assert "pipe it in with --password-stdin" in said.err


def test_a_password_is_asked_for_until_it_is_good(cli: AdminCli) -> None:
    """Twice the same, long enough; each time it says what was wrong."""
    typed = ["short", "short", GOOD, "something else", GOOD, GOOD]
    with mock.patch("click.termui.hidden_prompt_func", side_effect=typed):
        said = cli("user add alice", terminal=True)
    assert said.code == 0
    assert "asks for at least 15" in said.err
    assert "do not match" in said.err
    assert cli.knows("alice", GOOD)


def showing(shown: list[str]) -> Callable[[str], bool]:
    """A terminal that keeps what is shown."""

    def show(text: str) -> bool:
        shown.append(text)
        return True

    return show


def test_what_is_asked_of_a_password_is_told_before(cli: AdminCli) -> None:
    """Enter alone takes the passphrase that stands on the terminal, and nowhere else."""
    shown: list[str] = []
    with (
        mock.patch("click.termui.hidden_prompt_func", side_effect=[""]),
        mock.patch("securechat.admin.new_password.show_on_terminal", showing(shown)),
    ):
        said = cli("user add alice", terminal=True)
    assert said.code == 0
    assert said.err.startswith("A password has at least 15 characters")
    [offer] = shown
    offered = offer.split()[-1]
    assert cli.knows("alice", offered)
    assert offered not in said.out + said.err


def test_without_anywhere_to_show_it_none_is_offered(cli: AdminCli) -> None:
    """Then Enter alone is an empty password."""
    with (
        mock.patch("click.termui.hidden_prompt_func", side_effect=["", GOOD, GOOD]),
        mock.patch("securechat.admin.new_password.show_on_terminal", return_value=False),
    ):
        said = cli("user add alice", terminal=True)
    assert "The password is empty" in said.err
    assert cli.knows("alice", GOOD)


@pytest.mark.parametrize("command", ["add zoe", "passwd alice"])
def test_a_password_is_made_and_shown_on_the_terminal(cli: AdminCli, command: str) -> None:
    """--generate: without a question, and not without a terminal."""
    cli.adds("alice")
    shown: list[str] = []
    there = "securechat.admin.new_password.show_on_terminal"
    with mock.patch(there, showing(shown)):
        said = cli(f"user {command} --generate")
    assert said.code == 0
    [text] = shown
    made = text.split()[-1]
    assert cli.knows(command.split()[1], made)
    assert made not in said.out + said.err
    with mock.patch(there, return_value=False):
        said = cli(f"user {command.replace('zoe', 'yan')} --generate")
    assert (said.code, "on a terminal only" in said.err) == (2, True)
    assert cli(f"user {command} --generate --password-stdin", GOOD).code != 0


def test_ctrl_c_at_the_question_makes_nothing(cli: AdminCli) -> None:
    """And says so without a traceback."""
    with mock.patch("click.termui.hidden_prompt_func", side_effect=KeyboardInterrupt):
        said = cli("user add alice", terminal=True)
    assert said.code == 130
    assert cli.accounts() == {}


def test_what_a_terminal_garbles_is_not_shown(cli: AdminCli) -> None:
    """A decoder's error carries what was typed; ours doesn't."""
    garbled = UnicodeDecodeError("utf-8", b"secret\xff", 6, 7, "invalid start byte")
    with mock.patch("click.termui.hidden_prompt_func", side_effect=garbled):
        said = cli("user add alice", terminal=True)
    assert said.code == 1
    assert "isn't valid in this terminal's encoding" in said.err
    assert "secret" not in said.err


REMOVE = "remove-factor --yes"

# --- passwd, disable, enable, admin, delete ------------------------------------------------------


def test_a_password_is_changed(cli: AdminCli) -> None:
    """The old one no longer fits."""
    cli.adds("alice")
    said = cli("user passwd ALICE --password-stdin", "a different kettle 9")
    assert (said.code, said.out) == (
        0,
        "alice has a new password; the old one is worth nothing.\n",
    )
    assert cli.knows("alice", "a different kettle 9")
    assert not cli.knows("alice", GOOD)


def test_a_new_password_must_be_good(cli: AdminCli) -> None:
    """The same rules as for a new account; the old one stays."""
    cli.adds("alice")
    said = cli("user passwd alice --password-stdin", "alicealicealice")
    assert said.code == 1
    assert cli.knows("alice", GOOD)


def test_disabling_and_enabling(cli: AdminCli) -> None:
    """As often as one likes; the password stays."""
    cli.adds("alice")
    for _ in range(2):
        assert cli("user disable alice").code == 0
        assert cli.accounts()["alice"].disabled == 1
    for _ in range(2):
        assert cli("user enable alice").code == 0
        assert cli.accounts()["alice"].disabled == 0
    assert cli.knows("alice", GOOD)


def test_the_administrators_role_is_given_and_taken(cli: AdminCli) -> None:
    """user admin, --revoke."""
    cli.adds("alice")
    assert cli("user admin alice").out == "alice administers the server.\n"
    assert cli.accounts()["alice"].admin == 1
    said = cli("user admin alice --revoke")
    assert said.out == "alice no longer administers the server.\n"
    assert cli.accounts()["alice"].admin == 0


def test_an_account_is_a_bots_or_a_persons(cli: AdminCli) -> None:
    """user bot, --off; user list and show tell it, and so does the audit."""
    cli.adds("robot")
    cli("user admin robot")
    assert cli("user bot robot").out == "robot is a bot: it gets only what is live.\n"
    assert "admin, bot" in cli("user list").out
    assert "admin, bot" in cli("user show robot").out
    assert cli("user bot robot --off").out == "robot gets what it has missed again.\n"
    assert cli.accounts()["robot"].bot == 0
    told = cli("audit").out
    assert ("bot flag set" in told, "bot flag removed" in told) == (True, True)


def test_an_account_may_have_more_kept_than_others(cli: AdminCli) -> None:
    """Or any amount; `user show` tells it, and so does the audit."""
    cli.adds("robot")
    assert cli("user quota robot 4096").out == "robot may have 4096 MiB kept.\n"
    assert "4096 MiB" in cli("user show robot").out
    assert cli("user quota robot unlimited").out == "robot may have any amount kept.\n"
    assert cli.accounts()["robot"].quota_mib == 0
    assert cli("user quota robot default").code == 0
    assert cli.accounts()["robot"].quota_mib is None
    for wrong in ("0", "-1", "1e3", "9" * 99, "\u0661"):
        assert cli(f"user quota robot -- {wrong}").code == 2
    assert [facts["mib"] for _, _, facts in cli.audited("quota set")] == [4096, 0, "-"]


@pytest.mark.parametrize(
    "command",
    ["show", "passwd", "disable", "enable", "admin", "bot", "bot --off", "delete --yes", REMOVE],
)
@pytest.mark.parametrize("name", ["nobody1", "gone", "'not a name'", "'\x1b[2J'"])
def test_only_accounts_that_exist_are_changed(cli: AdminCli, command: str, name: str) -> None:
    """An unknown, a deleted or an impossible one is told as such."""
    cli.adds("gone")
    cli("user delete gone --yes")
    said = cli(f"user {command} {name}")
    assert (said.code, said.out) == (1, "")
    assert "there is no account" in said.err
    assert "\x1b" not in said.err


def test_deleting_asks_first(cli: AdminCli) -> None:
    """It explains what stays, and no is the answer unless yes is typed."""
    cli.adds("alice")
    for answer in ("n\n", "\n"):
        said = cli("user delete alice", answer, terminal=True)
        assert said.code == 1
        assert "can't be undone" in said.err
        assert "What alice wrote stays, and the name is never given to anybody else" in said.err
        assert "nothing was deleted" in said.err
        assert cli.accounts()["alice"].deleted == 0
    assert cli("user delete alice", "y\n", terminal=True).code == 0
    assert cli.accounts()["alice"].deleted == 1


def test_deleting_in_a_script_wants_yes(cli: AdminCli) -> None:
    """Without a terminal nobody can be asked."""
    cli.adds("alice")
    said = cli("user delete alice", "y\n")
    assert said.code == 2
    assert "give --yes" in said.err
    assert cli("user delete alice --yes").code == 0


# --- remove-factor -------------------------------------------------------------------------------


def test_a_lost_second_factor_is_removed(cli: AdminCli) -> None:
    """With its recovery codes; the neighbour keeps those of its own."""
    cli.adds("alice", "bob")
    cli.protects("alice", "bob")
    said = cli("user remove-factor ALICE --yes")
    assert (said.code, said.out) == (
        0,
        "alice logs in with the password alone; the client can turn it on again.\n",
    )
    bob = cli.accounts()["bob"].id
    with cli.reading() as reader:
        assert [row.account for row in reader.factors()] == [bob]
        assert {account for _, account in reader.recovery_codes()} == {bob}


def test_removing_a_factor_asks_first(cli: AdminCli) -> None:
    """It says how to be sure who asks; no is the answer unless yes is typed."""
    cli.adds("alice")
    cli.protects("alice")
    said = cli("user remove-factor alice", "\n", terminal=True)
    assert said.code == 1
    assert "Be sure that it is alice who asks" in said.err
    assert "the second factor stays" in said.err
    said = cli("user remove-factor alice", "y\n")
    assert (said.code, said.out) == (2, "")
    assert "give --yes" in said.err
    with cli.reading() as reader:
        assert len(reader.factors()) == 1
    assert cli("user remove-factor alice", "y\n", terminal=True).code == 0
    with cli.reading() as reader:
        assert reader.factors() == []


def test_without_a_factor_there_is_nothing_to_remove(cli: AdminCli) -> None:
    """And nobody is asked."""
    cli.adds("alice")
    said = cli("user remove-factor alice", terminal=True)
    assert (said.code, said.err) == (1, "Error: alice has no second factor\n")
