"""`securechat-admin export` on the directory of a stopped server."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from securechat.store.sql import export
from securechat.store.sqlite.database import FILE_NAME, open_database
from tests.support.admin_cli import AdminCli, served_once

DEN, DIRECT, GONE = 10, 11, 12
TAGS = "+draft/reply=x"


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    cli = served_once(tmp_path / "data")
    cli.adds("alice", "bob")
    alice, bob = (cli.accounts()[name].id for name in ("alice", "bob"))
    connection = open_database(cli.data / FILE_NAME)
    targets = "INSERT INTO targets (id, name, folded, topic, topic_by, low, high) VALUES "
    connection.execute(
        f"{targets} (?, '#Den', '#den', 'tea', 'alice!alice@x', NULL, NULL), "
        "(?, NULL, NULL, '', '', ?, ?), (?, '#Gone', NULL, '', '', NULL, NULL)",
        (DEN, DIRECT, *sorted((alice, bob)), GONE),
    )
    connection.execute("INSERT INTO memberships VALUES (?, ?, 'q', 0)", (DEN, alice))
    connection.executemany(
        "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (1, DEN, alice, 1000, "JOIN", "", None),
            (2, DEN, alice, 2000, "PRIVMSG", "здравствуй", TAGS),
            (3, DIRECT, bob, 3000, "NOTICE", "psst", None),
            (4, GONE, bob, 4000, "PRIVMSG", "old\x1b[2J", None),
            (5, DEN, bob, 5000, "REDACTED", "", None),
        ],
    )
    connection.close()
    return cli


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_channel_is_exported(cli: AdminCli, tmp_path: Path) -> None:
    """All kinds, in their order, in a file that nobody else can read; the audit has it."""
    file = tmp_path / "den.jsonl"
    said = cli(f"export channel '#DEN' {file}")
    assert (said.code, said.err) == (0, f"4 objects are in {file}.\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    channel, join, message, redacted = objects(file.read_text())
    assert (channel["type"], channel["name"], channel["topic"]) == ("channel", "#Den", "tea")
    assert channel["members"] == [{"name": "alice", "modes": "q"}]
    assert {key for key, value in channel.items() if not value} == {
        *("modes", "limit", "keep_days", "founder", "key", "ended", "metadata"),
        *("masks", "invitations"),
    }
    assert join["kind"] == "JOIN"
    with cli.reading() as reader:
        instance = reader.instance()
    assert message == {
        "type": "entry",
        "msgid": f"{instance}-2",
        "time": "1970-01-01T00:00:02.000+00:00",
        "from": "alice",
        "channel": "#Den",
        "kind": "PRIVMSG",
        "text": "здравствуй",
        "tags": TAGS,
    }
    assert (redacted["kind"], redacted["text"]) == ("REDACTED", "")
    ((_, _, facts),) = cli.audited("history exported")
    assert facts == {"channel": "#Den", "file": str(file)}


def test_a_person_is_exported(cli: AdminCli) -> None:
    """The account first, then what it has said, and what it was told directly."""
    account, *rest = objects(cli("export user ALICE -").out)
    entries = [one for one in rest if one["type"] == "entry"]
    assert (account["type"], account["name"], account["deleted"]) == ("account", "alice", False)
    assert account["channels"] == [{"name": "#Den", "modes": "q"}]
    assert account["topics"] == [{"channel": "#Den", "topic": "tea"}]
    assert [(e["from"], e.get("channel"), e.get("to")) for e in entries] == [
        ("alice", "#Den", None),
        ("alice", "#Den", None),
        ("bob", None, "alice"),
    ]
    assert "hash" not in json.dumps(account)


def test_nobody_s_terminal_is_driven(cli: AdminCli) -> None:
    """By what somebody has said; a channel that has ended is exported as well."""
    said = cli("export channel '#gone' -")
    assert "\x1b" not in said.out
    channel, *entries = objects(said.out)
    assert (channel["name"], channel["ended"]) == ("#Gone", True)
    assert [one["text"] for one in entries] == ["old\x1b[2J"]


def test_pieces_make_the_whole(cli: AdminCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small they are read."""

    def exported() -> list[dict[str, object]]:
        return [one for one in objects(cli("export user bob -").out) if one["type"] != "audit"]

    whole = exported()
    monkeypatch.setattr(export, "NUMBERS", 1)
    assert exported() == whole
    assert len(whole) == 4


def test_a_file_that_is_there_stays(cli: AdminCli, tmp_path: Path) -> None:
    """It may be the only copy of what was erased since."""
    file = tmp_path / "kept"
    file.write_text("kept")
    said = cli(f"export channel '#den' {file}")
    assert (said.code, file.read_text()) == (1, "kept")
    assert "is there already" in said.err


@pytest.mark.parametrize("command", ["channel '#nowhere'", "channel den", "user carol"])
def test_what_never_was_is_refused(cli: AdminCli, command: str) -> None:
    """Nor is it audited."""
    said = cli(f"export {command} -")
    assert said.code == 1
    assert "there was never" in said.err
    assert not cli.audited("history exported")


def test_a_long_channel_is_read_by_its_indexes(cli: AdminCli) -> None:
    """And in order over the borders of the pieces."""
    connection = open_database(cli.data / FILE_NAME)
    kinds = ("PRIVMSG", "JOIN", "CTCP")
    connection.executemany(
        "INSERT INTO log VALUES (?, ?, 1, 1, ?, 'x', NULL)",
        [(seq, DEN, kinds[seq % 7 % 3]) for seq in range(10, 1510)],
    )
    found = list(export.History(connection).of_channel(DEN, 10_000, lambda: None))
    assert [row[0] for row in found] == [1, 2, 5, *range(10, 1510)]
    plan = connection.execute(
        f"EXPLAIN QUERY PLAN {export.OF_CHANNEL}", {"target": DEN, "after": 0, "upto": 9}
    ).fetchall()
    connection.close()
    searches = [row[3] for row in plan if "log" in row[3]]
    assert len(searches) == 3
    assert all("USING INDEX log_" in step for step in searches)


def test_the_handbook_names_all_that_is_in_it(cli: AdminCli) -> None:
    """What programs read must be told of; lists hold objects whose keys are told as well."""
    handbook = (Path(__file__).parents[2] / "docs/operating.md").read_text(encoding="utf-8")
    section = handbook.partition("## Exporting")[2].partition("\n## ")[0]
    told = objects(cli("export user alice -").out + cli("export channel '#den' -").out)
    keys = {key for one in told for key in one}
    assert {key for key in keys if f"`{key}`" not in section and f'"{key}"' not in section} == set()
