"""What was taken back is in no file of the database any more."""

from __future__ import annotations

import time
from pathlib import Path

from securechat.server import checkpointer
from tests.support.admin_cli import AdminCli
from tests.support.client import codes, of
from tests.support.server import running

PATIENCE = 20.0
SECRET = "swordfish-7281"
CAPS = "draft/message-redaction echo-message message-tags"


def holding(directory: Path, text: str) -> list[str]:
    """The files that hold a text."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


def test_a_redacted_text_is_in_no_file(tmp_path: Path) -> None:
    """Nor in the write-ahead log, as soon as that is cut."""
    with running(tmp_path, "alice") as server:
        alice = server.member("alice", caps=CAPS)
        (said,) = of(alice.says(f"PRIVMSG #lobby :{SECRET}"), "PRIVMSG")
        assert holding(tmp_path, SECRET)
        alice.says(f"REDACT #lobby {said.tags['msgid']}")
        end = time.monotonic() + PATIENCE
        while holding(tmp_path, SECRET) and time.monotonic() < end:
            time.sleep(checkpointer.INTERVAL_SECONDS / 10)
        assert holding(tmp_path, SECRET) == []


def test_a_later_backup_has_nothing_of_it(tmp_path: Path) -> None:
    """Also one that is made in the next moment, when files of the database may still have it."""
    backup = tmp_path / "backup.tar"
    with running(tmp_path / "data", "alice", "bob") as server:
        cli = AdminCli(server.data.path)
        alice, bob = server.member("alice", caps=CAPS), server.member("bob", caps=CAPS)
        bob.says(
            f"SETNAME :{SECRET}", f"PRIVMSG #lobby :{SECRET} by bob", f"TOPIC #lobby :{SECRET}"
        )
        said = of(alice.says("PRIVMSG #lobby :" + SECRET * 20), "PRIVMSG")[-1]
        assert cli("user erase bob --yes").code == 0
        alice.says(f"REDACT #lobby {said.tags['msgid']}")
        assert cli(f"backup {backup}").code == 0
    whole = backup.read_bytes()
    assert b"SQLite format 3" in whole  # it is not compressed
    assert SECRET.encode() not in whole


def test_what_a_person_said_is_gone_while_the_server_runs(tmp_path: Path) -> None:
    """From every file when the command ends, from the history and from what was missed; what is
    said next has a new id, and counts alone.
    """
    with running(tmp_path, "alice", "bob", "carol") as server:
        cli = AdminCli(server.data.path)
        alice = server.member("alice", caps=CAPS)
        bob = server.member("bob", caps=f"{CAPS} draft/chathistory batch")
        alice.says(f"PRIVMSG carol :{SECRET} for carol")
        (said,) = of(alice.says(f"PRIVMSG #lobby :{SECRET}"), "PRIVMSG")
        bob.says("PRIVMSG #lobby :by bob")
        assert holding(tmp_path, SECRET)
        ended = cli("user erase alice --yes")
        assert ended.code == 0, ended.err
        assert "In effect" in ended.err
        assert holding(tmp_path, SECRET) == []
        history = bob.says("CHATHISTORY LATEST #lobby * 50")
        (left,) = of(history, "PRIVMSG")
        assert left.params[1].endswith("by bob")
        carol = server.member("carol", caps=CAPS)
        assert not of(carol.hears(), "PRIVMSG")
        again = of(alice.says("PRIVMSG #lobby :harmless"), "PRIVMSG")[-1]
        assert again.tags["msgid"] > said.tags["msgid"]
        (missing,) = of(alice.says(f"REDACT #lobby {said.tags['msgid']}"), "FAIL")
        assert missing.params[1] == "UNKNOWN_MSGID"


def test_a_person_s_words_are_gone_wherever_they_stand(tmp_path: Path) -> None:
    """The real name, the metadata, a topic, the reason of a kick: who has seen them is told."""
    with running(tmp_path, "alice", "bob", "carol") as server:
        alice, carol = server.member("alice", caps=CAPS), server.member("carol")
        bob = server.member("bob", caps="setname draft/metadata-3 batch", tags=())
        for member in (bob, carol):
            alice.says("JOIN #den")
            member.says("JOIN #den")
        carol.sends("QUIT")
        carol.hears_the_end()
        bob.says("METADATA * SUB url")
        alice.says(f"SETNAME :{SECRET}", f"METADATA * SET url :{SECRET}")
        alice.says(f"TOPIC #den :{SECRET}", f"KICK #den carol :{SECRET}")
        bob.hears()
        assert AdminCli(server.data.path)("user erase alice --yes").code == 0
        assert holding(tmp_path, SECRET) == []
        heard = bob.hears()
        assert ":chat.test TOPIC #den :" in heard
        assert ":chat.test 766 bob alice url :Key not set" in heard
        assert [line.partition(" SETNAME ")[0] for line in heard if "SETNAME" in line]
        assert "331" in codes(bob.says("TOPIC #den"))
        assert SECRET not in "".join(bob.says("WHOIS alice", "METADATA alice LIST"))
        again = server.connect()
        (told,) = [line for line in again.logs_in("carol") + again.hears() if "kicked" in line]
        assert SECRET not in told
        alice.sends("QUIT")
        alice.hears_the_end()
        assert SECRET not in "".join(bob.says("WHOWAS alice"))


def test_a_new_message_after_a_restart_has_a_new_id(tmp_path: Path) -> None:
    """Also where the newest ones were erased."""
    with running(tmp_path, "alice", "bob") as server:
        alice = server.member("alice", caps=CAPS)
        (said,) = of(alice.says(f"PRIVMSG bob :{SECRET}"), "PRIVMSG")
    AdminCli(server.data.path)("user erase alice --yes")
    assert holding(tmp_path, SECRET) == []
    with running(tmp_path) as server:
        alice = server.member("alice", caps=CAPS)
        (again,) = of(alice.says("PRIVMSG bob :harmless"), "PRIVMSG")
        assert again.tags["msgid"] > said.tags["msgid"]
