"""The channels we are in and who is there: JoinedChannels."""

from __future__ import annotations

import pytest

from securechat.client.session import channels as module
from securechat.client.session.channels import MAX_NAME, JoinedChannels, conversation_of
from securechat.client.session.roles import Member


def lobby() -> JoinedChannels:
    channels = JoinedChannels()
    channels.enter("#lobby")
    channels.names_part("#lobby", ["@alice", "+bob!bob@host", "~@carol"])
    channels.names_end("#lobby")
    return channels


def test_names_come_without_roles_and_hosts() -> None:
    """Several prefixes (multi-prefix) and hosts (userhost-in-names) are taken off."""
    assert lobby().nicks("#Lobby") == ["alice", "bob", "carol"]


def test_a_names_answer_of_several_lines_counts_when_it_is_whole() -> None:
    """It replaces what was known, and is returned in order, with its prefixes."""
    channels = lobby()
    channels.names_part("#lobby", ["zoe"])
    assert channels.nicks("#lobby") == ["alice", "bob", "carol"]
    channels.names_part("#lobby", ["@alice"])
    assert channels.names_end("#lobby") == ("@alice", "zoe")
    assert channels.nicks() == ["zoe", "alice"]


def test_people_come_and_go() -> None:
    """By one channel, by the server, and by another name."""
    channels = lobby()
    channels.enter("#den")
    channels.add("#den", "bob")
    channels.add("#den", "dave")
    channels.remove("#lobby", "BOB")
    assert channels.nicks("#lobby") == ["alice", "carol"]
    channels.rename("dave", "david")
    channels.remove_everywhere("carol")
    assert channels.nicks() == ["alice", "bob", "david"]


def test_a_role_survives_a_new_name() -> None:
    """It belongs to the person."""
    channels = lobby()
    channels.rename("alice", "alicia")
    assert Member("alicia", "@") in channels.members("#lobby")


def test_roles_are_given_and_taken() -> None:
    """By modes, also by several at once; what else a mode changes has nothing to do with it."""
    channels = lobby()
    channels.set_modes("#lobby", ["+o-o+nov", "bob", "alice", "nobody", "bob"])
    assert [str(one.roles + one.nick) for one in channels.members("#lobby")] == [
        "alice",
        "@+bob",
        "~@carol",
    ]
    channels.set_modes("#den", ["+o", "bob"])
    assert channels.members("#den") == []


def test_what_is_known_of_members() -> None:
    """Who is away, and their accounts: in every channel, and also behind a new list of names."""
    channels = lobby()
    before = channels.revision
    channels.set_away("Bob", True)
    channels.set_account("bob", "robert")
    channels.tell("#lobby", "carol", True, "carol")
    channels.tell("#lobby", "nobody", True, "")
    channels.names_part("#lobby", ["bob", "carol"])
    channels.names_end("#lobby")
    channels.set_away("carol", False)
    assert channels.members("#Lobby") == [
        Member("bob", away=True, account="robert"),
        Member("carol", account="carol"),
    ]
    assert channels.revision > before


def test_a_channel_has_another_name() -> None:
    """And its members with it."""
    channels = lobby()
    channels.rename_channel("#LOBBY", "#hall")
    channels.rename_channel("#nowhere", "#there")
    assert channels.channels() == ["#hall"]
    assert channels.nicks("#hall") == ["alice", "bob", "carol"]
    channels.rename_channel("#hall", "#Hall")
    assert channels.channels() == ["#Hall"]


def test_channels_that_we_left_are_forgotten() -> None:
    """And what is said of channels we are not in changes nothing."""
    channels = lobby()
    channels.leave("#LOBBY")
    channels.add("#lobby", "eve")
    channels.names_part("#lobby", ["eve"])
    assert channels.names_end("#lobby") == ()
    assert channels.channels() == []
    assert "#lobby" not in channels
    assert len(channels) == 0


def test_there_is_an_end_to_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of channels, of members in all channels together, and of a name."""
    monkeypatch.setattr(module, "MAX_CHANNELS", 2)
    monkeypatch.setattr(module, "MAX_MEMBERS", 4)
    channels = lobby()
    assert not channels.enter("#" + "x" * MAX_NAME)
    assert channels.enter("#den")
    assert not channels.enter("#full")
    channels.names_part("#den", ["dave", "x" * 500, "eve"])
    channels.names_end("#den")
    channels.add("#den", "frank")
    assert channels.channels() == ["#lobby", "#den"]
    assert channels.nicks("#den") == ["dave"]
    channels.remove("#lobby", "bob")
    channels.add("#den", "frank")
    channels.rename("frank", "f" * 500)
    assert channels.nicks("#den") == ["dave"]


@pytest.mark.parametrize(
    ("target", "nick", "conversation"),
    [
        ("#den", "bob", "#den"),
        ("@#den", "bob", "#den"),
        ("Alice", "bob", "bob"),
        ("bob", "alice", "bob"),
        ("alice", "alice", "alice"),
    ],
)
def test_the_conversation_of_a_message(target: str, nick: str, conversation: str) -> None:
    """Where an answer goes."""
    assert conversation_of(target, nick, "alice") == conversation
