"""A hostile server makes the file unreadable in which a program keeps how far it has come: then it
would not start again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from securechat.client.api.state import State
from securechat.client.session.events.messages import Said
from securechat.common.files import MAX_BYTES

TIME = "2026-01-31T15:30:00.000Z"


def again(path: Path) -> State:
    """The file as the program reads it when it is started again."""
    return State(path, "robot", "chat.example:6697")


def handled(path: Path, *told: Said) -> State:
    """A program that has dealt with messages and is started again."""
    state = again(path)
    state.begin(f"timestamp={TIME}")
    for said in told:
        state.handled(said, live=True)
    state.save()
    return again(path)


def said(name: str = "#lobby", mark: str = "msgid=1", time: str = TIME) -> Said:
    return Said(name, "bob", "hi", mark=mark, tags={"time": time}, conversation=name)


@pytest.mark.parametrize(
    "evil",
    [
        said(time="2026-01-31T15:30:00Z"),
        said(time="z" * 5000),
        said(time="9999-99-99T99:99:99.999Z"),
        said(mark="msgid=a b"),
        said(mark="msgid=\x1b[2J"),
        said(mark="msgid=\u202e"),
        said("\x1b[2J"),
        said("#" * 5000),
        said(""),
    ],
)
def test_odd_places(tmp_path: Path, evil: Said) -> None:
    """What the file could not have is left out of it; what comes then is kept as ever."""
    path = tmp_path / "state"
    assert handled(path, evil, said("#den")).places["#den"] == ("msgid=1", TIME)


def test_very_long_places(tmp_path: Path) -> None:
    """The oldest are forgotten before the file is too large to be read."""
    path = tmp_path / "state"
    names = [f"#{number:04d}{chr(0x1F600) * 250}" for number in range(1000)]
    state = handled(path, *(said(name, f"msgid={'x' * 256}") for name in names))
    assert path.stat().st_size <= MAX_BYTES
    assert list(state.places)[-1] == names[-1]
