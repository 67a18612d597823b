"""The rooms we are in and who is there: JoinedChannels."""

from __future__ import annotations

import pytest

from securechat.client.session import channels as module
from securechat.client.session.channels import MAX_NAME, JoinedChannels


def lobby() -> JoinedChannels:
    rooms = JoinedChannels()
    rooms.enter("#lobby")
    rooms.names_part("#lobby", ["@alice", "+bob!bob@host", "~@carol"])
    rooms.names_end("#lobby")
    return rooms


def test_names_come_without_roles_and_hosts() -> None:
    """Several prefixes (multi-prefix) and hosts (userhost-in-names) are taken off."""
    assert lobby().nicks("#Lobby") == ["alice", "bob", "carol"]


def test_a_names_answer_of_several_lines_counts_when_it_is_whole() -> None:
    """It replaces what was known, and is returned in order, with its prefixes."""
    rooms = lobby()
    rooms.names_part("#lobby", ["zoe"])
    assert rooms.nicks("#lobby") == ["alice", "bob", "carol"]
    rooms.names_part("#lobby", ["@alice"])
    assert rooms.names_end("#lobby") == ("@alice", "zoe")
    assert rooms.nicks() == ["zoe", "alice"]


def test_people_come_and_go() -> None:
    """By one room, by the server, and by another name."""
    rooms = lobby()
    rooms.enter("#den")
    rooms.add("#den", "bob")
    rooms.add("#den", "dave")
    rooms.remove("#lobby", "BOB")
    assert rooms.nicks("#lobby") == ["alice", "carol"]
    rooms.rename("dave", "david")
    rooms.remove_everywhere("carol")
    assert rooms.nicks() == ["alice", "bob", "david"]


def test_a_role_survives_a_new_name() -> None:
    """It belongs to the person."""
    rooms = lobby()
    rooms.rename("alice", "alicia")
    assert rooms._channels["#lobby"].members["alicia"] == ("alicia", "@")


def test_rooms_that_we_left_are_forgotten() -> None:
    """And what is said of rooms we are not in changes nothing."""
    rooms = lobby()
    rooms.leave("#LOBBY")
    rooms.add("#lobby", "eve")
    rooms.names_part("#lobby", ["eve"])
    assert rooms.names_end("#lobby") == ()
    assert rooms.channels() == []
    assert "#lobby" not in rooms
    assert len(rooms) == 0


def test_there_is_an_end_to_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of rooms, of members in all rooms together, and of a name."""
    monkeypatch.setattr(module, "MAX_CHANNELS", 2)
    monkeypatch.setattr(module, "MAX_MEMBERS", 4)
    rooms = lobby()
    assert not rooms.enter("#" + "x" * MAX_NAME)
    assert rooms.enter("#den")
    assert not rooms.enter("#full")
    rooms.names_part("#den", ["dave", "x" * 500, "eve"])
    rooms.names_end("#den")
    rooms.add("#den", "frank")
    assert rooms.channels() == ["#lobby", "#den"]
    assert rooms.nicks("#den") == ["dave"]
    rooms.remove("#lobby", "bob")
    rooms.add("#den", "frank")
    rooms.rename("frank", "f" * 500)
    assert rooms.nicks("#den") == ["dave"]
