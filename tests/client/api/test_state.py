"""How far a program has come, in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from securechat.client.api.state import State
from securechat.client.exits import SettingsError, UsageError
from securechat.client.session.events.messages import Said

SINCE = "timestamp=2026-01-31T15:00:00.000Z"


def said(msgid: str, second: int, conversation: str = "#Lobby") -> Said:
    time = f"2026-01-31T15:30:{second:02d}.000Z"
    tags = {"msgid": msgid, "time": time}
    return Said(
        conversation, "bob", "hi", mark=f"msgid={msgid}", tags=tags, conversation=conversation
    )


def state(path: Path, account: str = "robot") -> State:
    return State(path, account, "chat.example:6697")


def test_what_is_kept(tmp_path: Path) -> None:
    """The place of each conversation, and from where on the others are followed: only what comes
    live moves that on, since of what was missed something else may be open.
    """
    path = tmp_path / "state" / "robot.json"
    one = state(path)
    assert one.since == ""
    one.begin(SINCE)
    one.handled(said("1", 1), live=False)
    one.handled(said("2", 3), live=False)
    one.handled(said("0", 2), live=False)
    one.save()
    assert path.stat().st_mode & 0o777 == 0o600
    again = state(path)
    assert again.since == SINCE
    assert again.places == {"#Lobby": ("msgid=2", "2026-01-31T15:30:03.000Z")}
    again.handled(said("3", 5, "bob"), live=True)
    assert again.since == "timestamp=2026-01-31T15:30:04.999Z"
    assert state(path).since == SINCE


def test_nothing_is_written_when_nothing_has_changed(tmp_path: Path) -> None:
    """So who only waits writes nothing."""
    path = tmp_path / "state" / "robot.json"
    one = state(path)
    one.begin(SINCE)
    path.unlink()
    one.save()
    assert not path.exists()


def test_a_file_of_another_account(tmp_path: Path) -> None:
    """Would have messages left out."""
    path = tmp_path / "state" / "robot.json"
    state(path).begin(SINCE)
    with pytest.raises(UsageError, match="was kept for robot at chat"):
        state(path, "other")


GOOD = {
    "version": 1,
    "account": "robot",
    "server": "chat.example:6697",
    "since": SINCE,
    "places": {},
}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "[" * 100_000, '"x"'),
        json.dumps(GOOD | {"version": 2}),
        json.dumps(GOOD | {"since": "timestamp=a b"}),
        json.dumps(GOOD | {"since": ""}),
        json.dumps(GOOD | {"places": []}),
        json.dumps(GOOD | {"places": {"#a": ["msgid=x\r\nQUIT", ""]}}),
        json.dumps(GOOD | {"places": {"#a": ["msgid=x"]}}),
        json.dumps(GOOD | {"places": {"#a": ["msgid=x", "yesterday"]}}),
        json.dumps(GOOD | {"places": {"#a": 7}}),
        json.dumps(GOOD | {"account": None, "places": {"#a": [1, 2]}}),
    ],
)
def test_a_file_that_is_something_else(tmp_path: Path, text: str) -> None:
    """Is said to be so, and not taken for the beginning: messages would be left out."""
    path = tmp_path / "state.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match=r"state\.json: this isn't what a program has kept"):
        state(path)


def test_a_file_that_others_may_write(tmp_path: Path) -> None:
    """Says where they want us to go on, so it isn't trusted."""
    path = tmp_path / "state.json"
    path.write_text(json.dumps(GOOD))
    path.chmod(0o602)
    with pytest.raises(SettingsError, match="chmod 600"):
        state(path)
