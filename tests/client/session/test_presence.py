"""Presence: who is away in the channels that we enter."""

from __future__ import annotations

from securechat.client.session.asking import PATIENCE
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Login
from securechat.client.session.presence import MOST, MOST_OF_ONE, TOKEN
from securechat.client.session.roles import Member
from tests.client.dialogue import ALICE, Talk, arrival, handshake, online

QUESTION = f"WHO {{}} %tcnfa,{TOKEN}"


def joined(*members: tuple[str, int], whox: str = "WHOX") -> Talk:
    """A screen that is put into channels of so many members, and told what there is at the login;
    the last line, which ends the login, is not yet said.
    """
    talk = Talk(Login("alice", "secret"), missed=Missed.FETCHED)
    handshake(talk)
    talk.hears(*arrival(channels=())[:1], f"005 alice {whox} :are supported", "422 alice :No")
    for channel, count in members:
        names = " ".join(["alice", *(f"m{number}" for number in range(count - 1))])
        talk.hears(f":{ALICE} JOIN {channel}", f"353 alice = {channel} :{names}")
        talk.hears(f"366 alice {channel} :End")
    return talk


def test_one_channel_after_the_other() -> None:
    """The next one when the answer is whole, or doesn't come; the answers are shown to nobody."""
    talk = joined(("#a", 2), ("#b", 2), ("#c", 2))
    assert talk.hears(arrival()[-1]) == [QUESTION.format("#a")]
    talk.shows()
    row = f"354 alice {TOKEN} #a m0"
    assert talk.hears(f"{row} G 0", f"354 alice {TOKEN} #a alice H@ alice") == []
    assert talk.session.channels.members("#a") == [
        Member("alice", account="alice"),
        Member("m0", away=True),
    ]
    assert talk.hears("315 alice #A :End of WHO list") == [QUESTION.format("#b")]
    talk.now += PATIENCE
    assert QUESTION.format("#c") in talk.waits(0)
    assert talk.shows() == []


def test_what_a_person_has_asked_for_is_no_answer() -> None:
    """Though it comes at the same time."""
    talk = joined(("#a", 2))
    talk.hears(arrival()[-1])
    talk.shows()
    talk.hears("352 alice #a m0 h s m0 G :0 M", "354 alice 5 m0 G x y", f"354 alice {TOKEN}")
    assert len(talk.shows()) == 3
    assert Member("m0") in talk.session.channels.members("#a")


def test_not_where_it_would_cost_too_much() -> None:
    """One channel with very many, or many channels together."""
    talk = joined(("#big", MOST_OF_ONE + 1), *((f"#{n}", MOST_OF_ONE) for n in range(6)))
    asked = talk.hears(arrival()[-1])
    for number in range(6):
        asked += talk.hears(f"315 alice #{number} :End")
    assert asked == [QUESTION.format(f"#{number}") for number in range(MOST // MOST_OF_ONE)]


def test_not_where_nobody_looks_or_the_server_cannot() -> None:
    """A line mode shows no members; without WHOX the answers couldn't be told from others."""
    assert joined(("#a", 2), whox="X").hears(arrival()[-1]) == []
    assert online().hears(f":{ALICE} JOIN #den", "366 alice #den :End") == []
