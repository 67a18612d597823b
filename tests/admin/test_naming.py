"""`securechat-admin user rename`, and `user free`: the name of who was deleted by mistake."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path
from unittest import mock

import pytest

from securechat.server.loading import load_model
from securechat.store.admin import Admin
from securechat.store.errors import ConflictError
from securechat.store.freeing import DAY_MS
from securechat.store.pepper import FILE_NAME as PEPPER_NAME
from securechat.store.pepper import load_pepper
from securechat.store.sqlite.database import FILE_NAME, open_database
from tests.support.admin_cli import GOOD, AdminCli, served_once


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    return served_once(tmp_path / "data")


def deleted(cli: AdminCli, name: str = "alcie") -> int:
    """The number of an account that was deleted just now."""
    cli.adds(name)
    assert cli(f"user delete {name} --yes").code == 0
    return cli.accounts()[name].id


def execute(cli: AdminCli, sql: str, *values: object) -> None:
    connection = open_database(cli.data / FILE_NAME)
    connection.execute(sql, values)
    connection.close()


def test_a_name_that_nobody_knew_is_given_again(cli: AdminCli) -> None:
    """With what looks like it; the audit tells of it."""
    before = deleted(cli)
    assert cli("user add alcie").code == 1
    said = cli("user free ALCIE")
    assert (said.code, said.out) == (
        0,
        "The name alcie is free: `user add` or a registration may give it again.\n",
    )
    assert cli.accounts() == {}
    assert [facts for _, _, facts in cli.audited("name freed")] == [{"account": "alcie"}]
    cli.adds("aIcie")
    assert cli.accounts()["aIcie"].id != before


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("INSERT INTO log VALUES (1, 7, ?, 1, 'JOIN', '', NULL)", "the history has something"),
        ("INSERT INTO usage VALUES (?, 0)", "the history had something of it"),
        ("INSERT INTO targets (id, low, high) VALUES (7, ?, 9000000000000001)", "has written to"),
        ("INSERT INTO targets (id, low, high) VALUES (7, -1, ?)", "somebody has written to it"),
        ("INSERT INTO targets (id, founder) VALUES (7, ?)", "it has made a channel"),
        ("UPDATE accounts SET deleted_ms = 0 WHERE id = ?", "not within the last day"),
    ],
)
def test_a_name_that_somebody_may_know_stays(cli: AdminCli, sql: str, told: str) -> None:
    """Else a stranger would be taken for who had it."""
    execute(cli, sql, deleted(cli))
    said = cli("user free alcie")
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert cli("user add alcie").code == 1


def test_what_was_erased_was_known(cli: AdminCli) -> None:
    """Whoever has erased what an account has said doesn't free its name with that."""
    number = deleted(cli)
    execute(cli, "INSERT INTO log VALUES (1, 7, ?, 1, 'PRIVMSG', 'hello', NULL)", number)
    assert cli("user erase alcie --yes").code == 0
    assert "the history had something of it" in cli("user free alcie").err


@pytest.mark.parametrize(
    ("moment", "free"), [(-1, False), (0, True), (DAY_MS, True), (DAY_MS + 1, False)]
)
def test_a_name_is_freed_within_a_day(cli: AdminCli, moment: int, free: bool) -> None:
    """Counted from the deletion; a clock that was set back doesn't make it longer."""
    cli.adds("alcie")
    now = 1_700_000_000_000
    admin = Admin(cli.data / FILE_NAME, clock=lambda: now)
    admin.delete(admin.find("alcie", "alcie"))
    now += moment
    expected = nullcontext() if free else pytest.raises(ConflictError, match="the last day")
    with closing(admin), expected:
        assert admin.free("alcie", "alcie", running=False) == "alcie"
    assert ("alcie" not in cli.accounts()) == free


def test_only_deleted_accounts_are_freed(cli: AdminCli) -> None:
    """What is none is told as such."""
    cli.adds("alice")
    assert "alice is an account; `user delete alice` comes first" in cli("user free alice").err
    assert "there was never an account nobody1" in cli("user free nobody1").err
    assert "\x1b" not in cli("user free '\x1b[2J'").err


def test_a_running_server_must_have_heard_of_the_deletion(cli: AdminCli) -> None:
    """Until then it may have something of the account that is on its way to the disk."""
    deleted(cli)
    with mock.patch.object(Admin, "in_effect", return_value=False):
        admin = Admin(cli.data / FILE_NAME)
        with pytest.raises(ConflictError, match="has not taken up the last changes"):
            admin.free("alcie", "alcie", running=True)
        admin.close()
    assert "alcie" in cli.accounts()


# --- rename --------------------------------------------------------------------------------------


def test_a_renamed_account_stays_what_it_is(cli: AdminCli) -> None:
    """With its password and tokens; the name before is given to nobody, and says who has it."""
    cli.adds("alice", "bob")
    number = cli.accounts()["alice"].id
    token = cli("token create alice laptop").out
    said = cli("user rename ALICE Zoë")
    assert (said.code, said.out) == (0, "alice is called Zoë now.\n")
    row = cli.accounts()["Zoë"]
    assert (row.id, row.folded) == (number, "zoë")
    assert cli.knows("Zoë", GOOD)
    shown = cli("user show zoë").out
    assert "laptop" in shown
    assert "former names   alice\n" in shown
    assert token
    for name in ("alice", "aIice"):
        said = cli(f"user add {name}")
        assert f"{name} is, or looks like, the name alice that Zoë had" in said.err
    assert "alice is called Zoë now" in cli("user show alice").err
    assert cli.audited("account renamed")[0][2] == {"account": "alice", "name": "Zoë"}
    assert cli("user rename bob alice").code == 1
    assert "bob" in cli.accounts()


def test_a_renamed_account_is_found_by_both_names_after_a_restart(cli: AdminCli) -> None:
    """As the server reads it."""
    cli.adds("alice")
    cli("user rename alice zoe")
    with cli.reading() as reader:
        model = load_model(reader, load_pepper(cli.data / PEPPER_NAME))
    found = model.known_as("alice")
    assert found is not None
    assert found is model.account_named("zoe") is model.account_skeletons["alice"]
    assert model.account_named("alice") is None
