"""Labels: answers find what they answer, whatever others say at the same moment."""

from __future__ import annotations

import pytest

from securechat.client.session import labels as module
from securechat.client.session.actions import (
    Action,
    AskRange,
    MarkRead,
    Quit,
    React,
    Redact,
    ServerCommand,
    Type,
)
from securechat.client.session.asking import PATIENCE
from securechat.client.session.events.answers import (
    CommandDone,
    CommandRefused,
    InquiryAnswer,
    NamesAre,
)
from securechat.client.session.events.base import Info, Problem
from securechat.client.session.events.channels import ModesSet, TopicIs
from securechat.client.session.events.deliveries import Doubt, Rejected, Stored, Unconfirmed
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Said
from securechat.client.session.fetching import SILENT
from securechat.client.session.handshake import Missed
from securechat.client.session.labels import CAPABILITY, LOST, MAX_OPEN
from securechat.client.session.markers import CAPABILITY as MARKERS
from securechat.client.session.multiline import CAPABILITY as MULTILINE
from securechat.client.session.pages import CHATHISTORY
from securechat.irc.message import KEY_TAG, parse
from tests.client.dialogue import ALICE, Talk, arrival, handshake, online
from tests.client.scripted import OFFER

WITH_LABELS = f"{OFFER} {CAPABILITY} {MULTILINE}=max-bytes=999,max-lines=9 {CHATHISTORY} {MARKERS}"


def talk(offer: str = WITH_LABELS) -> Talk:
    return online(missed=Missed.FETCHED, offer=offer)


def label_of(lines: list[str]) -> str:
    """Of the one command, or message of several lines, that is sent."""
    return parse(lines[0]).tags["label"]


def does(one: Talk, action: Action) -> str:
    """The label of what is sent."""
    return label_of(one.does(action))


def test_an_echo_confirms_the_message_of_its_label() -> None:
    """Not one of another device with the same words, and not in the order of sending."""
    one = talk()
    first, second = label_of(one.says("hi")), label_of(one.says("hi"))
    one.hears(f"@msgid=1 :{ALICE} PRIVMSG #lobby :hi")
    assert one.shows() == [Said("#lobby", "alice", "hi", mine=True)]
    one.hears(f"@label={second};msgid=2 :{ALICE} PRIVMSG #lobby :hi")
    one.hears(f"@label={first};msgid=3 :{ALICE} PRIVMSG #lobby :as the server has it")
    stored = [event for event in one.shows() if isinstance(event, Stored)]
    assert [event.msgid for event in stored] == ["2", "3"]
    assert stored[0].id > stored[1].id > 0


def test_a_message_to_ourselves() -> None:
    """Comes twice, and is shown once; its echo has the label."""
    one = talk()
    label = label_of(one.says("note", "alice"))
    one.hears(f"@msgid=1 :{ALICE} PRIVMSG alice :note")
    one.hears(f"@label={label};msgid=1 :{ALICE} PRIVMSG alice :note")
    assert [type(event) for event in one.shows()] == [Said, Stored]


def test_several_lines_and_a_batch_around_an_echo() -> None:
    """The label stands at the beginning of the batch."""
    one = talk()
    sent = one.says("one\ntwo")
    assert sum("label=" in line for line in sent) == 1
    one.hears(
        f"@label={label_of(sent)};msgid=1 :{ALICE} BATCH +m {MULTILINE} #lobby",
        f"@batch=m :{ALICE} PRIVMSG #lobby :one",
        f"@batch=m :{ALICE} PRIVMSG #lobby :two",
        "BATCH -m",
    )
    assert Stored("#lobby", "one\ntwo") in one.shows()
    one.hears(
        f"@label={label_of(one.says('hi', 'bob'))} BATCH +l labeled-response",
        f"@batch=l;msgid=2 :{ALICE} PRIVMSG bob :hi",
        "@batch=l 301 alice bob :at lunch",
        "BATCH -l",
    )
    assert one.shows() == [
        Stored("bob", "hi"),
        Said("bob", "alice", "hi", mine=True),
        Info("bob at lunch"),
    ]


@pytest.mark.parametrize(
    "refusal",
    ["404 alice #lobby :not allowed", "FAIL PRIVMSG X :not allowed", "437 x :not allowed"],
)
def test_a_refusal_is_of_the_message_of_its_label(refusal: str) -> None:
    """Whatever it is that refuses it; without a label it refuses nothing."""
    one = talk()
    one.says("one")
    label = label_of(one.says("two"))
    one.hears(refusal)
    [problem] = one.shows()
    assert isinstance(problem, Problem)
    one.hears(f"@label={label} :irc.test {refusal}")
    assert one.shows() == [Rejected("#lobby", "two", "not allowed")]


def test_an_acknowledgement_is_no_echo() -> None:
    """It is shown to nobody, and what comes behind it is known by its text."""
    one = talk()
    one.hears(f"@label={label_of(one.says('hi'))} :irc.test ACK")
    assert one.shows() == []
    one.hears(f":{ALICE} PRIVMSG #lobby :hi")
    assert Stored("#lobby", "hi") in one.shows()


def test_what_was_cut_off_is_known_by_its_text() -> None:
    """In the replay of the next connection, which knows nothing of our labels."""
    one = online(offer=f"{OFFER} {CAPABILITY}")
    one.says("hi")
    one.loses()
    handshake(one, f"{OFFER} {CAPABILITY}")
    one.hears(*arrival(f"@msgid=5 :{ALICE} PRIVMSG #lobby :hi"))
    assert Stored("#lobby", "hi") in one.shows()


def test_a_command_is_done() -> None:
    """By one line, by an acknowledgement, or by a batch whose parts are shown as ever."""
    one = talk()
    mode, topic = (
        ServerCommand("MODE", ("#lobby", "+o", "bob")),
        ServerCommand("TOPIC", ("#lobby",)),
    )
    one.hears(f"@label={does(one, mode)} :{ALICE} MODE #lobby +o bob")
    assert one.shows() == [ModesSet("alice", "#lobby", ("+o", "bob")), CommandDone(mode)]
    one.hears(f"@label={does(one, topic)} :irc.test ACK")
    assert one.shows() == [CommandDone(topic)]
    names = ServerCommand("NAMES", ("#lobby",))
    one.hears(
        f"@label={does(one, names)} BATCH +l labeled-response",
        "@batch=l 353 alice = #lobby :alice",
        "@batch=l 366 alice #lobby :End",
    )
    assert one.shows() == [NamesAre("#lobby", ("alice",))]
    one.hears("BATCH -l")
    [done] = one.shows()
    assert isinstance(done, CommandDone)
    assert done.action is names


def test_a_command_is_refused() -> None:
    """With its code and the server's words; when it is partly done, too."""
    one = talk()
    kick, redact = ServerCommand("KICK", ("#lobby", "bob")), Redact("#lobby", "x")
    one.hears(f"@label={does(one, kick)} :irc.test 482 alice #lobby :You're not an operator")
    [refused] = one.shows()
    assert refused == CommandRefused("#lobby You're not an operator", action=kick, code="482")
    one.hears(f"@label={does(one, redact)} :irc.test FAIL REDACT UNKNOWN_MSGID #lobby x :Not here")
    assert one.shows() == [CommandRefused("Not here", action=redact, code="UNKNOWN_MSGID")]
    one.hears(f"@label={does(one, React('#lobby', 'x', ':)'))} :irc.test 404 alice #lobby :No")
    [refused] = one.shows()
    assert isinstance(refused, CommandRefused)
    assert isinstance(refused.action, React)
    join = ServerCommand("JOIN", ("#a,#lobby",))
    one.hears(
        f"@label={does(one, join)} BATCH +l labeled-response",
        "@batch=l 471 alice #a :It is full",
        "@batch=l 332 alice #lobby :Hello",
        "BATCH -l",
    )
    assert one.shows() == [
        CommandRefused("#a It is full", action=join, code="471"),
        TopicIs("#lobby", "Hello"),
    ]


def test_a_warning_refuses_nothing() -> None:
    """What goes with it is done."""
    one = talk()
    command = ServerCommand("JOIN", ("#lobby",))
    one.hears(
        f"@label={does(one, command)} BATCH +l labeled-response",
        "@batch=l WARN JOIN SLOW :It takes long",
        "BATCH -l",
    )
    assert one.shows() == [Problem("It takes long"), CommandDone(command)]


def test_what_goes_by_itself_has_no_answer() -> None:
    """Nobody has asked to be told that they may not type, or have read."""
    one = talk()
    for action in (Type("#lobby"), MarkRead("#lobby", "2025-01-01T00:00:00.000Z")):
        one.hears(f"@label={does(one, action)} :irc.test 404 alice #lobby :No")
    assert one.shows() == []


def test_inquiries_have_their_own_answers() -> None:
    """By which somebody waits for them."""
    one = talk()
    assert one.does(ServerCommand("TOTP", ("REMOVE",))) == ["TOTP REMOVE"]
    one.hears("FAIL TOTP WRONG_CODE :no")
    assert one.shows() == [InquiryAnswer("FAIL", "TOTP", "WRONG_CODE", (), "no")]


def test_a_command_whose_answer_is_lost() -> None:
    """Nobody knows whether it was done; and one that can't be sent was not."""
    one = talk()
    command, other = ServerCommand("JOIN", ("#den",)), ServerCommand("KICK", ("#a b", "c"))
    one.does(command)
    assert one.does(other) == []
    [unsent] = one.shows()
    assert isinstance(unsent, CommandRefused)
    assert unsent.action is other
    one.loses()
    assert one.shows() == [CommandRefused(LOST, remote=False, action=command)]


def test_a_command_that_has_no_answer() -> None:
    """Is told of after a while, unless something of a long answer has come meanwhile."""
    one = talk()
    silent, long = ServerCommand("WHOIS", ("bob",)), ServerCommand("LIST", ())
    one.does(silent)
    label = does(one, long)
    one.does(Type("#lobby"))
    one.now += module.PATIENCE - 1
    one.hears(f"@label={label} BATCH +l labeled-response", "@batch=l 322 alice #a 5 :Topic")
    one.shows()
    assert one.session.wake_at() == one.now + 1
    one.waits(1)
    assert one.shows() == [CommandRefused(module.SILENT, remote=False, action=silent)]
    one.hears("BATCH -l")
    assert one.shows() == [CommandDone(long)]


def test_leaving_waits_for_the_answers() -> None:
    """A script's last command may have an answer worth reading."""
    one = talk()
    label = does(one, ServerCommand("JOIN", ("#den",)))
    one.does(Type("#lobby"))
    assert one.does(Quit()) == []
    assert one.hears(f"@label={label} :irc.test 471 alice #den :It is full") == ["QUIT"]


def test_a_page_is_the_answer_of_its_label() -> None:
    """Not one that comes when it is waited for no more."""
    one = talk()
    asked = AskRange(("LATEST", "#lobby", "*", "3"))
    late = does(one, asked)
    one.does(asked)
    next_one = one.waits(PATIENCE)
    assert one.shows() == [RangeTold(asked, problem=SILENT)]
    page = ["@batch={0} :bob!b@h PRIVMSG #lobby :{0}", "BATCH -{0}"]
    one.hears(f"@label={late} BATCH +a chathistory #lobby", *(line.format("a") for line in page))
    one.shows()
    label = label_of([line for line in next_one if "CHATHISTORY" in line])
    one.hears(f"@label={label} BATCH +b chathistory #lobby", *(line.format("b") for line in page))
    assert one.shows() == [RangeTold(asked, (Said("#lobby", "bob", "b"),))]
    one.hears(f"@label={does(one, asked)} :irc.test FAIL CHATHISTORY INVALID_TARGET x :None")
    assert one.shows() == [RangeTold(asked, problem="None")]


def test_keys_go_with_labels() -> None:
    """A message has both, and its key stays when it is sent again."""
    one = online(offer=f"{OFFER} {CAPABILITY} {KEY_TAG}")
    [sent] = one.says("hi")
    assert parse(sent).tags.keys() == {"label", KEY_TAG}
    one.waits(PATIENCE)
    assert one.shows()[0] == Unconfirmed("#lobby", "hi", Doubt.SILENT)


def test_a_server_that_stops_to_know_labels() -> None:
    """Is sent none; and one that never answers fills nothing."""
    one = talk()
    for _ in range(MAX_OPEN + 1):
        one.does(ServerCommand("WHO", ("bob",)))
    one.hears(f"CAP alice DEL :{CAPABILITY}")
    assert one.says("hi") == ["PRIVMSG #lobby hi"]
    one.loses()
    assert sum(isinstance(event, CommandRefused) for event in one.shows()) == MAX_OPEN


def test_a_command_that_changed_nothing() -> None:
    """Is told apart from one of which something is told."""
    one = talk()
    label = does(one, ServerCommand("MODE", ("#lobby", "+o", "bob")))
    one.hears(f"@label={label} :irc.test ACK")
    [done] = one.shows()
    assert isinstance(done, CommandDone)
    assert done.quiet
    label = does(one, ServerCommand("MODE", ("#lobby", "+o", "bob")))
    one.hears(f"@label={label} :{ALICE} MODE #lobby +o bob")
    _set, done = one.shows()
    assert isinstance(done, CommandDone)
    assert not done.quiet
