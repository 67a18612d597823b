"""Fetching: questions of exactly what is wanted, one after the other, and their answers."""

from __future__ import annotations

from securechat.client.session.actions import AskRange
from securechat.client.session.asking import PATIENCE
from securechat.client.session.events.channels import (
    ChannelRenamed,
    Joined,
    Left,
    ModesSet,
    Renamed,
    TopicIs,
)
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Reacted, Removed, Said
from securechat.client.session.fetching import BUSY, FULL, MAX_WAITING, NOT_OFFERED, SILENT
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


def test_what_has_happened_beside_what_was_said() -> None:
    """With draft/event-playback: in its order, with times and ids, and with no effect on what is
    now.
    """
    one = online(missed=Missed.FETCHED, offer=f"{OFFER} {CHATHISTORY} draft/event-playback")
    one.does(LATEST)
    bob = ":bob!bob@irc.test"
    told = [
        f"{bob} JOIN #lobby bob :bob",
        f"{bob} PRIVMSG #lobby :hi",
        f"{bob} TOPIC #lobby :New",
        f"{bob} MODE #lobby +o alice",
        f"@+draft/react=x;+draft/reply=b {bob} TAGMSG #lobby",
        f"@+draft/unreact=x;+draft/reply=b {bob} TAGMSG #lobby",
        f"@+typing=active {bob} TAGMSG #lobby",
        f"{bob} RENAME #hall #lobby :shorter",
        f"{bob} NICK rob",
        f"{bob} REDACT #lobby b :oops",
        f"{bob} KICK #lobby alice :out",
        f"{bob} PART #lobby :tired",
        f"{bob} QUIT :bye",
        f"{bob} INVITE alice #den",
        f"{bob} TOPIC",
    ]
    lines = [
        f"@batch=h;msgid=m{n};{line.removeprefix('@')}" if line[0] == "@" else
        f"@batch=h;msgid=m{n} {line}"
        for n, line in enumerate(told)
    ]  # fmt: skip
    one.hears("BATCH +h chathistory #lobby", *lines, "BATCH -h")
    [answer] = one.shows()
    assert answer == RangeTold(
        LATEST,
        (
            Joined("#lobby", "bob"),
            Said("#lobby", "bob", "hi"),
            TopicIs("#lobby", "New", by="bob"),
            ModesSet("bob", "#lobby", ("+o", "alice")),
            Reacted("#lobby", "bob", "x"),
            Reacted("#lobby", "bob", "x", ended=True),
            ChannelRenamed("#hall", "#lobby", "bob", "shorter"),
            Renamed("bob", "rob"),
            Removed("#lobby", "bob", reason="oops"),
            Left("#lobby", "alice", "out", by="bob", mine=True),
            Left("#lobby", "bob", "tired"),
            Left(None, "bob", "bye"),
        ),
    )
    assert isinstance(answer, RangeTold)
    marks = [getattr(event, "mark", "") for event in answer.events]
    assert marks == [f"msgid=m{n}" for n in (0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12)]
    removed = answer.events[8]
    assert isinstance(removed, Removed)
    assert (removed.msgid, removed.conversation) == ("b", "#lobby")
    assert one.session.channels.channels() == ["#lobby"]
    assert one.session.channels.nicks() == ["alice", "bob"]


def test_nothing_of_a_history_that_nobody_waits_for_counts() -> None:
    """It came too late, or was replayed: who left then may be here now."""
    one = talk()
    one.hears(
        "BATCH +h chathistory #lobby",
        "@batch=h :bob!b@h PART #lobby",
        "@batch=h :alice!a@h KICK #lobby alice",
        "BATCH -h",
    )
    assert one.shows() == []
    assert one.session.channels.nicks("#lobby") == ["alice", "bob"]


def test_questions_wait_for_each_other() -> None:
    """Each is asked when the one before has its answer; one that has none in time is given up."""
    one = talk()
    targets, other = AskRange(("TARGETS", "x", "y", "9")), AskRange(("LATEST", "#den", "*", "3"))
    assert one.does(LATEST) == ["CHATHISTORY LATEST #lobby * 3"]
    assert one.does(AskRange(("LATEST", "a b", "*", "3"))) == []
    assert one.does(targets) == []
    assert one.does(other) == []
    assert one.hears("BATCH +h chathistory #lobby", "BATCH -h") == ["CHATHISTORY TARGETS x y 9"]
    sent, refused = one.shows()
    assert sent == RangeTold(LATEST)
    assert isinstance(refused, RangeTold)
    assert refused.problem
    assert one.hears(
        "BATCH +h draft/chathistory-targets",
        "@batch=h CHATHISTORY TARGETS #lobby 2025-01-01T00:00:00.000Z",
        "BATCH -h",
    ) == ["CHATHISTORY LATEST #den * 3"]
    [told] = one.shows()
    assert told == RangeTold(targets, targets=(("#lobby", "2025-01-01T00:00:00.000Z"),))
    wake_at = one.session.wake_at()
    assert wake_at is not None
    assert wake_at <= one.now + PATIENCE
    one.does(LATEST)
    assert "CHATHISTORY LATEST #lobby * 3" in one.waits(PATIENCE)
    assert one.shows() == [RangeTold(other, problem=SILENT)]
    one.hears("BATCH +i chathistory #lobby", "BATCH -i")
    assert one.shows() == [RangeTold(LATEST)]


def test_the_questions_are_bounded() -> None:
    """And who asks one too many is told."""
    one = talk()
    for _ in range(MAX_WAITING + 2):
        one.does(LATEST)
    assert one.shows() == [RangeTold(LATEST, problem=FULL)]


def test_why_there_is_no_answer() -> None:
    """Each question has one all the same, also when the connection is lost."""
    one = online(offer=OFFER)
    one.does(LATEST)
    assert one.shows() == [RangeTold(LATEST, problem=NOT_OFFERED)]
    one = Talk(Login("alice", "secret"))
    one.does(LATEST)
    assert one.shows() == [RangeTold(LATEST, problem=BUSY)]
    one = talk()
    one.does(LATEST)
    one.does(LATEST)
    one.does(LATEST)
    one.hears("FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :no")
    one.hears("421 alice CHATHISTORY :Unknown command")
    one.loses()
    assert [event.problem for event in one.shows() if isinstance(event, RangeTold)] == [
        "no",
        NOT_OFFERED,
        BUSY,
    ]
