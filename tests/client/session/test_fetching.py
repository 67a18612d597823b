"""Fetching: one question by a program, and its answer as it is."""

from __future__ import annotations

from securechat.client.session.actions import AskRange
from securechat.client.session.events import RangeTold, Said
from securechat.client.session.fetching import BUSY, NOT_OFFERED
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Login
from securechat.client.session.multiline import CAPABILITY as MULTILINE
from securechat.client.session.pages import CHATHISTORY
from tests.client.dialogue import Talk, online
from tests.client.scripted import OFFER

LATEST = AskRange(("LATEST", "#lobby", "*", "3"))


def talk() -> Talk:
    """A program at a server that has history."""
    return online(missed=Missed.LEFT, offer=f"{OFFER} {CHATHISTORY}")


def test_a_page_with_ids_and_tags() -> None:
    """Also a message of several lines, which is a batch in the batch."""
    one = talk()
    assert one.does(LATEST) == ["CHATHISTORY LATEST #lobby * 3"]
    one.hears(
        "BATCH +h chathistory #lobby",
        "@batch=h;msgid=a;account=bob :bob!b@h PRIVMSG #lobby :hi",
        f"@batch=h;msgid=b :bob!b@h BATCH +m {MULTILINE} #lobby",
        "@batch=m :bob!b@h PRIVMSG #lobby :x",
        "@batch=m :bob!b@h PRIVMSG #lobby :y",
        "BATCH -m",
        "BATCH -h",
    )
    [told] = one.shows()
    assert told == RangeTold(LATEST, (Said("#lobby", "bob", "hi"), Said("#lobby", "bob", "x\ny")))
    assert isinstance(told, RangeTold)
    assert [said.mark for said in told.said] == ["msgid=a", "msgid=b"]
    assert told.said[0].tags["account"] == "bob"


def test_why_there_is_no_answer() -> None:
    """Each question has one all the same, unless the connection is lost: then one asks anew."""
    one = online(offer=OFFER)
    one.does(LATEST)
    assert one.shows() == [RangeTold(LATEST, problem=NOT_OFFERED)]
    one = Talk(Login("alice", "secret"))
    one.does(LATEST)
    assert one.shows() == [RangeTold(LATEST, problem=BUSY)]
    one = talk()
    one.does(LATEST)
    one.does(LATEST)
    one.hears("FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :no")
    one.does(LATEST)
    one.hears("421 alice CHATHISTORY :Unknown command")
    assert [event.problem for event in one.shows() if isinstance(event, RangeTold)] == [
        BUSY,
        "no",
        NOT_OFFERED,
    ]
    one.does(AskRange(("LATEST", "a b", "*", "3")))
    [told] = one.shows()
    assert isinstance(told, RangeTold)
    assert told.problem
