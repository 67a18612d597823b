"""The lists of rooms and members, and the lines around the timeline: what they say."""

from __future__ import annotations

import pytest

from securechat.client.screens.full import around, members, rooms
from securechat.client.screens.full.cells import cells, cut, row_cells
from securechat.client.screens.full.desk import Desk
from securechat.client.session.events.channels import Invited, TopicIs
from securechat.client.session.events.connection import Lost
from securechat.client.session.events.messages import IsTyping
from securechat.client.session.roles import Member
from tests.client.screens.full.conversing import at_desk, happen, text
from tests.client.timeline.said import said


def listed(desk: Desk, width: int = 20) -> list[str]:
    return [text(one.row).rstrip() for one in rooms.entries(desk.conversations, width)]


def test_rooms_come_before_people() -> None:
    """With what is unread, what is for us, where we are, and where we are asked in."""
    _fake, desk = at_desk("#lobby", "#den")
    happen(
        desk,
        said("one", 1, where="#den"),
        said("alice, two", 2, where="#den"),
        said("psst", 3, where="bob"),
        Invited("zoe", "#lab"),
    )
    assert listed(desk) == [
        "Channels",
        "  #den          @1 2",
        "▸ #lobby",
        "",
        "People",
        "  bob              1",
        "",
        "Invitations",
        "+ #lab",
    ]


def test_the_next_unread_is_what_is_for_us() -> None:
    """Then what waits for longest."""
    _fake, desk = at_desk("#lobby", "#a", "#b", "#c")
    happen(desk, said("1", 1, where="#c"), said("2", 2, where="#a"), said("alice!", 3, where="#b"))
    order = []
    while name := rooms.next_unread(desk.conversations):
        order.append(name)
        desk.go(name)
        desk.seen(0.0)
    assert order == ["#b", "#c", "#a"]


def test_neighbours_go_round() -> None:
    """From the last to the first, and back; alone there is none."""
    _fake, desk = at_desk("#a", "#b")
    assert rooms.neighbour(desk.conversations, 1) == "#b"
    assert rooms.neighbour(desk.conversations, -1) == "#b"
    _fake, desk = at_desk("#a")
    assert rooms.neighbour(desk.conversations, 1) == ""


def test_a_hostile_name_is_inert_in_the_list() -> None:
    """Whatever is in it, it takes its room and drives nothing."""
    _fake, desk = at_desk("#lobby")
    happen(desk, said("x", 1, where="\x1b]0;title\x07" + "👩‍👩‍👧" * 40))
    for row in listed(desk):
        assert "\x1b" not in row
        assert "\x07" not in row
        assert cells(row) <= 20


def test_members_stand_by_their_roles() -> None:
    """Who is away is marked by a sign, not by a colour alone."""
    there = [
        Member("zoe"),
        Member("bob", "@"),
        Member("Anna", away=True),
        Member("eve", "~@"),
    ]
    rows = [text(row).rstrip() for row in members.rows(there, 14)]
    assert rows == [
        "Owners       1",
        "~eve",
        "",
        "Operators    1",
        "@bob",
        "",
        "Members      2",
        " Anna       zz",
        " zoe",
    ]


def test_no_list_is_without_an_end() -> None:
    """Of a channel with thousands some are shown."""
    rows = members.rows((Member(f"n{number}") for number in range(3000)), 20)
    assert len(rows) == members.MOST + 1
    assert "3000" in text(rows[0])


def test_the_header_tells_where_we_are() -> None:
    """The topic is cut, how many there are is not."""
    _fake, desk = at_desk("#lobby")
    happen(desk, TopicIs("#lobby", "all \x1b[2J things " * 9))
    row = around.header(desk.conversations, 3, 0.0, 40)
    assert row_cells(row) == 40
    assert text(row).startswith("#lobby  all ^[[2J things")
    assert text(row).endswith("  3 people")


def test_the_header_counts_the_seconds() -> None:
    """To the next attempt, with the reason."""
    _fake, desk = at_desk("#lobby")
    happen(desk, Lost("the server is gone", 12.0), now=100.0)
    told = text(around.header(desk.conversations, 3, 105.0, 100))
    assert told.endswith("offline: the server is gone, again in 7 seconds")
    told = text(around.header(desk.conversations, 3, 112.5, 60))
    assert told.endswith(", connecting …")


@pytest.mark.parametrize(
    ("nicks", "told"),
    [
        ([], ""),
        (["bob"], "bob is typing"),
        (["bob", "zoe"], "bob and zoe are typing"),
        (["a", "b", "c", "d"], "4 people are typing"),
    ],
)
def test_who_types_is_told(nicks: list[str], told: str) -> None:
    """By name, as long as they are few."""
    assert text(around.typing(nicks)) == told


def test_who_types_is_known_for_some_seconds() -> None:
    """And no longer than until the message is there."""
    _fake, desk = at_desk("#lobby")
    happen(desk, IsTyping("#lobby", "bob"), now=10.0)
    assert desk.conversations.typing("#lobby", 11.0) == ["bob"]
    happen(desk, said("done", 1))
    assert desk.conversations.typing("#lobby", 11.0) == []


def test_the_footer_keeps_its_last_key() -> None:
    """On a narrow terminal, too: it leads to all others."""
    keys = [("Ctrl-K", "go to"), ("Ctrl-F", "search"), ("F1", "all keys")]
    assert text(around.footer(keys, 80)).split("  ")[:3] == [
        "Ctrl-K go to",
        "Ctrl-F search",
        "F1 all keys",
    ]
    assert text(around.footer(keys, 30)) == "Ctrl-K go to  F1 all keys  "
    assert text(around.footer(keys, 5)) == "F1 all keys  "


def test_a_text_is_cut_between_letters() -> None:
    """Never within an emoji that is put together."""
    assert cut("hello", 5) == "hello"
    assert cut("hello!", 5) == "hell…"
    family = "👩‍👩‍👧"
    assert cut(family * 3, 4) == f"{family}…"
    assert cut("x" * 3, 0) == ""
