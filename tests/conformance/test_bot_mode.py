"""Bot mode. https://ircv3.net/specs/extensions/bot-mode"""

from __future__ import annotations

from securechat.irc.message import parse
from tests.support.client import SERVER, Client, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel, outsider


def scene(caps: str = "") -> tuple[RulesUnderTest, Client, Client]:
    """alice owns #den; robot is in it, and a bot."""
    rules, (alice, robot) = in_channel("alice", "robot")
    alice.says(f"CAP REQ :{caps}")
    robot.says("MODE robot +B")
    alice.hears()
    return rules, alice, robot


def test_the_token_is_the_letter_of_the_mode() -> None:
    """The BOT ISUPPORT token; 004 has the letter among the user modes."""
    heard = RulesUnderTest("alice").connect().logs_in("alice")
    assert "BOT=B" in [token for line in of(heard, "005") for token in line.params]
    assert "B" in of(heard, "004")[0].params[3]


def test_the_mode_is_set_and_taken_away() -> None:
    """Examples: MODE comes back to who has set it, 221 has it."""
    robot = RulesUnderTest("robot").member("robot")
    assert robot.says("MODE robot +B") == [f"{source('robot')} MODE robot +B"]
    assert only(robot.says("MODE robot")).params[-1] == "+B"
    assert robot.says("MODE robot +i-B") == [f"{source('robot')} MODE robot -B+i"]
    assert only(robot.says("MODE robot")).params[-1] == "+i"


def test_whois_has_it_once() -> None:
    """335: the nick of the bot, and a text for people."""
    _, alice, robot = scene()
    told = f":{SERVER} 335 alice robot :is a bot on securechat"
    assert alice.says("WHOIS robot").count(told) == 1
    assert codes(robot.says("WHOIS alice")).count("335") == 0
    robot.says("MODE robot -B")
    assert told not in alice.says("WHOIS robot")


def test_who_has_it_among_the_flags() -> None:
    """The WHO bot flag: "the character used as the value of the BOT token", in WHOX as well."""
    _, alice, _ = scene()
    alice.says("MODE #den +v robot")
    rows = of(alice.says("WHO #den"), "352")
    assert [row.params[6] for row in rows] == ["H~", "H+B"]
    assert of(alice.says("WHO robot %f"), "354")[0].params[-1] == "HB"


def test_all_that_a_bot_says_has_the_tag_for_who_asked() -> None:
    """The bot tag: of "all commands sent by a bot", without a value, with message-tags only."""
    rules, alice, robot = scene("message-tags")
    plain, tagged = rules.member("alice"), alice
    tagged.tags = ("bot", "+x")
    robot.says(
        *("PRIVMSG #den :hi", "NOTICE alice :hi", "@+x=y PRIVMSG #den :hi", "@+x=y TAGMSG #den"),
        *("PART #den :bye", "JOIN #den", "QUIT :out"),
    )
    found = [(parse(line).command, line.partition(" ")[0]) for line in tagged.hears()]
    assert sorted(found) == [
        *(("JOIN", "@bot"), ("NOTICE", "@bot"), ("PART", "@bot"), ("PRIVMSG", "@bot")),
        *(("PRIVMSG", "@bot;+x=y"), ("QUIT", "@bot"), ("TAGMSG", "@bot;+x=y")),
    ]
    assert all(line.startswith(source("robot")) for line in plain.hears())


def test_a_topic_and_modes_of_a_bot_have_the_tag() -> None:
    """The same for what it does to a channel."""
    rules, alice, robot = scene("message-tags")
    alice.tags = ("bot",)
    carol = outsider(rules, "carol", caps="message-tags")
    carol.tags = ("bot",)
    alice.says("MODE #den +o robot")
    robot.says("TOPIC #den :tea", "MODE #den +i", "INVITE carol #den")
    assert [line.partition(" ")[0] for line in alice.hears()] == ["@bot"] * 2
    assert [line.partition(" ")[0] for line in carol.hears()] == ["@bot"]


def test_who_is_no_bot_has_no_tag() -> None:
    """Nor who was one before."""
    _, alice, robot = scene("message-tags")
    alice.tags = ("bot",)
    robot.says("MODE robot -B", "PRIVMSG #den :hi")
    assert alice.hears() == [f"{source('robot')} PRIVMSG #den :hi"]


def test_history_keeps_the_tag() -> None:
    """What a bot has said stays said by a bot, when it is given to who has missed it."""
    rules, alice, robot = scene()
    alice.says("QUIT")
    robot.says("PRIVMSG #den :hi", "MODE robot -B", "PRIVMSG #den :I am human")
    again = rules.connect(tags=("bot",))
    heard = of(again.logs_in("alice", caps="message-tags server-time"), "PRIVMSG")
    assert [(line.params[1], "bot" in line.tags) for line in heard] == [
        ("hi", True),
        ("I am human", False),
    ]


def test_history_keeps_the_tag_of_what_a_bot_has_done() -> None:
    """The same for events, each as it was when it happened: "all commands sent by a bot"."""
    rules, alice, robot = scene()
    outsider(rules, "carol").says("JOIN #den")
    alice.says("MODE #den +q robot", "PRIVMSG #den :psst")
    msgid = str(rules.model.msgid(rules.model.last_seq))
    start = rules.model.last_seq
    robot.says(
        *("TOPIC #den :tea", "MODE #den -t", "KICK #den carol :x", f"REDACT #den {msgid}"),
        *("RENAME #den #hall", "PART #hall :bye", "JOIN #hall", "PRIVMSG #hall :hi"),
        *("MODE robot -B", "TOPIC #hall :no"),
    )
    caps = "message-tags draft/chathistory draft/event-playback batch draft/channel-rename"
    reader = rules.member("alice", caps=f"{caps} draft/message-redaction", tags=("bot", "msgid"))
    lines = [parse(line) for line in reader.says("CHATHISTORY LATEST #hall * 50")]
    shown = [line for line in lines if "msgid" in line.tags]
    new = [one for one in shown if int(one.tags["msgid"].rpartition("-")[2], 16) > start]
    assert [(line.command, "bot" in line.tags) for line in new] == [
        *((kind, True) for kind in ("TOPIC", "MODE", "KICK", "REDACT", "RENAME", "PART", "JOIN")),
        *(("PRIVMSG", True), ("TOPIC", False)),
    ]


def test_a_person_is_a_bot_when_all_their_devices_are() -> None:
    """A script beside somebody's client makes them no bot."""
    rules, alice, robot = scene()
    human = rules.member("robot")
    assert codes(alice.says("WHOIS robot")).count("335") == 0
    human.says("QUIT")
    assert codes(alice.says("WHOIS robot")).count("335") == 1
    robot.says("QUIT")
    rules.member("robot")
    assert codes(alice.says("WHOIS robot")).count("335") == 0


def test_whom_the_administrator_has_made_a_bot_is_one() -> None:
    """From the login on, and can't say otherwise."""
    rules, (alice,) = in_channel("alice")
    rules.add("clock").bot = True
    clock = rules.member("clock")
    assert codes(alice.says("WHOIS clock")).count("335") == 1
    assert clock.says("MODE clock -B") == [f"{source('clock')} MODE clock +B"]
    assert only(clock.says("MODE clock")).params[-1] == "+B"
    assert codes(alice.says("WHOIS clock")).count("335") == 1
