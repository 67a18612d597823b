"""Pages of history that are asked for: HistoryPages, and what the session shows of them.

https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.client.session.actions import AskPage, Quit
from securechat.client.session.asking import LOST, MOST, PATIENCE, PENDING
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.channels import Joined
from securechat.client.session.events.deliveries import Stored
from securechat.client.session.events.history import HistoryPage
from securechat.client.session.events.messages import Reacted, Said
from securechat.client.session.multiline import CAPABILITY as MULTILINE
from securechat.client.session.pages import CHATHISTORY, MOST_AGAIN, NOT_OFFERED
from tests.client.dialogue import ALICE, Talk, arrival, handshake, online
from tests.client.scripted import OFFER

WITH_HISTORY = f"{OFFER} {CHATHISTORY}"
REQUEST = f"CAP REQ {CHATHISTORY}"


def talk_with(*messages: str) -> Talk:
    """Alice at a server that gives pages, who has been shown messages."""
    talk = online(offer=WITH_HISTORY)
    talk.hears(*messages)
    talk.shows()
    return talk


def said(number: int, *, target: str = "#lobby", batch: str = "") -> str:
    """A message of bob's; its id and its text are a number."""
    tags = f"@msgid={number}" + (f";batch={batch}" if batch else "")
    return f"{tags} :bob!b@h PRIVMSG {target} :{number}"


def page(*numbers: int, target: str = "#lobby") -> list[str]:
    """An answer with messages of bob's."""
    lines = [said(number, target=target, batch="h") for number in numbers]
    return [f"BATCH +h chathistory {target}", *lines, "BATCH -h"]


def reconnect(talk: Talk, *missed: str) -> None:
    """A new connection up to the end of the replay."""
    talk.loses()
    handshake(talk, WITH_HISTORY)
    lines = ["BATCH +m chathistory #lobby", *missed, "BATCH -m"] if missed else []
    talk.hears(*arrival(*lines))
    talk.shows()


def numbers(shown: list[ClientEvent]) -> list[int]:
    """What the only page has that is shown."""
    [event] = shown
    assert isinstance(event, HistoryPage)
    return [int(one.text) for one in event.said]


def test_the_page_before_what_is_shown() -> None:
    """And then the one before that. The capability is asked for once, and not at the login, as
    nothing would be replayed then.
    """
    talk = talk_with(said(7), said(8))
    assert talk.does(AskPage("#lobby", 2)) == [REQUEST, "CHATHISTORY BEFORE #lobby msgid=7 2"]
    talk.hears(f"CAP alice ACK :{CHATHISTORY}", *page(5, 6))
    assert numbers(talk.shows()) == [5, 6]
    assert talk.does(AskPage("#Lobby", 2)) == ["CHATHISTORY BEFORE #Lobby msgid=5 2"]
    talk.hears(*page(3, 4))
    assert numbers(talk.shows()) == [3, 4]
    talk.hears(said(9))
    assert talk.does(AskPage("#lobby", 2)) == ["CHATHISTORY BEFORE #lobby msgid=3 2"]
    talk.hears(*page())
    assert talk.shows()[-1] == HistoryPage("#lobby", ())


def test_where_nothing_is_shown_the_newest_is_asked_for() -> None:
    """Also with a person, with whom both names are one conversation."""
    talk = talk_with()
    assert talk.does(AskPage("bob", 5))[-1] == "CHATHISTORY LATEST bob * 5"
    talk.hears(
        "BATCH +h chathistory Bob",
        "@batch=h;msgid=1 :bob!b@h PRIVMSG alice :hi",
        f"@batch=h;msgid=2 :{ALICE} PRIVMSG bob :ho",
        "BATCH -h",
    )
    first = Said("alice", "bob", "hi"), Said("bob", "alice", "ho", mine=True)
    assert talk.shows() == [HistoryPage("bob", first, first=True)]
    assert talk.does(AskPage("bob", 5)) == ["CHATHISTORY BEFORE bob msgid=1 5"]
    talk.hears(*page())  # of another one: no answer
    assert talk.session._inbound.pages.waiting
    talk.hears(*page(target="bob"))
    assert talk.shows()[-1] == HistoryPage("bob", ())


def test_no_more_than_the_server_gives_at_once() -> None:
    """CHATHISTORY of 005; 0 and nothing stand for any number."""
    talk = talk_with()
    talk.hears("005 alice CHATHISTORY=50 :are supported")
    assert talk.does(AskPage("#lobby", MOST))[-1] == "CHATHISTORY LATEST #lobby * 50"
    talk = talk_with("005 alice CHATHISTORY=0 :are supported")
    assert talk.does(AskPage("#lobby", MOST))[-1] == f"CHATHISTORY LATEST #lobby * {MOST}"


def test_a_message_without_an_id_is_found_by_its_time() -> None:
    """ "Clients MAY wish to implement fallback logic that relies only on server-time." """
    talk = talk_with("@time=2025-11-22T12:00:00.250Z :bob!b@h PRIVMSG #lobby :hi")
    sent = talk.does(AskPage("#lobby", 2))
    assert sent[-1] == "CHATHISTORY BEFORE #lobby timestamp=2025-11-22T12:00:00.250Z 2"


def test_a_page_is_whole_and_changes_nothing() -> None:
    """Times, actions and several lines as they were; what happened then doesn't happen again, and
    nothing of ours is confirmed by it.
    """
    talk = talk_with()
    talk.says("hi")
    talk.does(AskPage("#lobby", 9))
    talk.hears(
        "BATCH +h chathistory #lobby",
        f"@batch=h;msgid=1;time=2025-11-22T12:00:00.000Z :{ALICE} PRIVMSG #lobby :hi",
        f"@batch=h;msgid=2 :bob!b@h BATCH +in {MULTILINE} #lobby",
        "@batch=in :bob!b@h PRIVMSG #lobby :one",
        "@batch=in :bob!b@h PRIVMSG #lobby :two",
        "@batch=h BATCH -in",
        "@batch=h;msgid=3 :bob!b@h NOTICE #lobby :\x01ACTION waves\x01",
        "@batch=h :zoe!z@h JOIN #lobby zoe :zoe",
        "@batch=h :bob!b@h KICK #lobby alice :out",
        "BATCH -h",
    )
    [shown] = talk.shows()
    assert isinstance(shown, HistoryPage)
    assert [one.text for one in shown.said] == ["hi", "one\ntwo", "waves"]
    assert shown.said[0].time == datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
    assert "zoe" not in talk.session.channels.nicks()
    talk.hears(f"@msgid=4 :{ALICE} PRIVMSG #lobby :hi")
    assert talk.shows()[0] == Stored("#lobby", "hi")
    talk.hears("@+draft/reply=2;+draft/react=x :zoe!z@h TAGMSG #lobby")
    [reacted] = talk.shows()
    assert isinstance(reacted, Reacted)
    assert reacted.about is not None


def test_after_a_reconnect_the_gap_comes_first() -> None:
    """The replay had only the newest of what was missed; then the page goes on before what was
    shown earlier. Nothing is missed, and nothing shown twice.
    """
    talk = talk_with(said(3), said(4))
    reconnect(talk, said(8, batch="m"), said(9, batch="m"))
    assert talk.does(AskPage("#lobby", 2)) == [REQUEST, "CHATHISTORY BEFORE #lobby msgid=8 2"]
    talk.hears(*page(6, 7))
    assert numbers(talk.shows()) == [6, 7]
    talk.does(AskPage("#lobby", 2))
    talk.hears(*page(4, 5))
    assert numbers(talk.shows()) == [5]
    assert talk.does(AskPage("#lobby", 2)) == ["CHATHISTORY BEFORE #lobby msgid=3 2"]


def test_a_reconnect_without_a_gap() -> None:
    """What was shown is passed over at once: the person asks once, and sees what is older."""
    talk = talk_with(said(3), said(4))
    reconnect(talk, said(5, batch="m"))
    assert talk.does(AskPage("#lobby", 2))[-1] == "CHATHISTORY BEFORE #lobby msgid=5 2"
    assert talk.hears(*page(3, 4)) == ["CHATHISTORY BEFORE #lobby msgid=3 2"]
    talk.hears(*page(1, 2))
    assert numbers(talk.shows()) == [1, 2]


def test_a_replay_that_begins_with_what_was_shown_leaves_no_gap() -> None:
    """The server replays a little more than was missed."""
    talk = talk_with(said(3), said(4))
    reconnect(talk, said(4, batch="m"), said(5, batch="m"))
    assert talk.does(AskPage("#lobby", 2))[-1] == "CHATHISTORY BEFORE #lobby msgid=3 2"


def test_the_piece_before_may_be_gone() -> None:
    """By its age, or removed: then the page goes on before that."""
    talk = talk_with(said(3))
    reconnect(talk, said(8, batch="m"))
    talk.does(AskPage("#lobby", 2))
    assert talk.hears(*page()) == ["CHATHISTORY BEFORE #lobby msgid=3 2"]
    talk.hears(*page())
    assert talk.shows() == [HistoryPage("#lobby", ())]


def test_what_was_said_while_we_were_out_is_a_gap() -> None:
    """A channel that is left and joined again; its history may be open to newcomers."""
    talk = talk_with(said(3))
    talk.hears(f":{ALICE} PART #lobby", f":{ALICE} JOIN #lobby alice :alice", said(8))
    assert any(isinstance(event, Joined) for event in talk.shows())
    assert talk.does(AskPage("#lobby", 2))[-1] == "CHATHISTORY BEFORE #lobby msgid=8 2"


def test_a_server_that_has_only_what_was_shown_is_asked_so_often_and_no_more() -> None:
    """A hostile one."""
    talk = talk_with(said(3))
    talk.does(AskPage("#lobby", 2))
    for _ in range(MOST_AGAIN):
        assert len(talk.hears(*page(3))) == 1
    assert talk.hears(*page(3)) == []
    assert numbers(talk.shows()) == []


def test_a_page_at_a_time() -> None:
    """Where it goes on is known when it is there; an answer that never comes is waited for a
    while.
    """
    talk = talk_with()
    talk.does(AskPage("#lobby", 2))
    assert talk.does(AskPage("#lobby", 2)) == []
    assert talk.shows() == [Problem(PENDING, remote=False)]
    talk.now += PATIENCE
    assert talk.does(AskPage("#lobby", 2)) == ["CHATHISTORY LATEST #lobby * 2"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("FAIL CHATHISTORY INVALID_TARGET LATEST #lobby :No", Problem("no history of #lobby: No")),
        ("421 alice CHATHISTORY :Unknown command", Problem(NOT_OFFERED, remote=False)),
    ],
)
def test_a_refusal_is_told(answer: str, problem: Problem) -> None:
    """And the next page can be asked for."""
    talk = talk_with()
    talk.does(AskPage("#lobby", 2))
    talk.hears(answer)
    assert talk.shows() == [problem]
    assert talk.does(AskPage("#lobby", 2)) == ["CHATHISTORY LATEST #lobby * 2"]


def test_a_server_without_history() -> None:
    """Is an older one of ours, or another: it is said in plain words."""
    talk = online()
    assert talk.does(AskPage("#lobby", 2)) == []
    assert talk.shows() == [Problem(NOT_OFFERED, remote=False)]
    talk = online(offer=WITH_HISTORY.replace(" batch", ""))
    assert talk.does(AskPage("#lobby", 2)) == []
    assert talk.shows() == [Problem(NOT_OFFERED, remote=False)]


def test_without_a_connection_nothing_is_asked() -> None:
    """And what was on its way is lost with it; after that it is asked for anew."""
    talk = talk_with()
    talk.does(AskPage("#lobby", 2))
    talk.loses()
    talk.shows()
    assert talk.does(AskPage("#lobby", 2)) == []
    [problem] = talk.shows()
    assert isinstance(problem, Problem)
    assert "no connection" in problem.text
    handshake(talk, WITH_HISTORY)
    talk.hears(*arrival())
    assert Problem(LOST, remote=False) in talk.shows()
    assert talk.does(AskPage("#lobby", 2)) == [REQUEST, "CHATHISTORY LATEST #lobby * 2"]


def test_a_page_without_an_end_is_cut() -> None:
    """Of a hostile server."""
    talk = talk_with()
    talk.does(AskPage("#lobby", 2))
    talk.hears(*page(*range(MOST + 5)))
    assert len(numbers(talk.shows())) == MOST


def test_quitting_waits_for_the_page() -> None:
    """So that `echo /history | securechat login` shows it; not for ever."""
    talk = talk_with()
    talk.does(AskPage("#lobby", 2))
    assert talk.does(Quit()) == []
    assert talk.hears(*page(1, 2)) == ["QUIT"]
    talk = talk_with()
    talk.does(AskPage("#lobby", 2))
    assert talk.does(Quit(patience=5.0)) == []
    assert talk.waits(5.0) == ["QUIT"]


def test_a_name_that_cannot_be_sent_is_told() -> None:
    """The server's own invention, if it is in the prompt."""
    talk = talk_with()
    assert talk.does(AskPage("#a b", 2)) == []
    [problem] = talk.shows()
    assert isinstance(problem, Problem)
    assert "#a b" in problem.text
