"""https://ircv3.net/specs/extensions/chathistory, section by section, in wire lines."""

from __future__ import annotations

import pytest

from securechat.core.history.queries import MOST_ENTRIES
from securechat.irc.message import Message, parse
from tests.support.client import Client, batched, of
from tests.support.rules import RulesUnderTest

CAPS = "batch server-time message-tags draft/chathistory"
BOBS_CAPS = "echo-message message-tags server-time"
SECOND = 1000


def says_numbers(rules: RulesUnderTest, bob: Client, count: int) -> list[Message]:
    """1 to count, a second apart; as they were live."""
    live = []
    for number in range(1, count + 1):
        rules.now_ms += SECOND
        live += of(bob.says(f"PRIVMSG #den :{number}"), "PRIVMSG")
    return live


def page(alice: Client, request: str, kind: str = "chathistory #den") -> list[Message]:
    """What is in the batch that answers a request, without its tag."""
    alice.hears()
    return batched(alice.says(request), *kind.split())


def texts(lines: list[Message]) -> list[str]:
    return [line.params[-1] for line in lines]


def fails(client: Client, request: str) -> list[str]:
    """The parameters of the FAIL that a request is answered with, without its text."""
    (line,) = client.says(request)
    message = parse(line)
    assert message.command == "FAIL"
    assert message.params[0] == "CHATHISTORY"
    return message.params[1:-1]


# --- Implementation: tokens, batches -------------------------------------------------------------


def test_005_says_the_limit_and_the_references(rules: RulesUnderTest) -> None:
    """ISUPPORT tokens: CHATHISTORY and MSGREFTYPES."""
    tokens = [
        token for line in of(rules.connect().logs_in("alice"), "005") for token in line.params
    ]
    assert f"CHATHISTORY={MOST_ENTRIES}" in tokens
    assert "MSGREFTYPES=msgid,timestamp" in tokens


def test_a_page_is_what_was_live(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """Returned message notes: the same id, time, source and text."""
    live = says_numbers(rules, bob, 3)
    assert page(alice, "CHATHISTORY LATEST #den * 10") == live


def test_without_batch_the_lines_come_alone(rules: RulesUnderTest, bob: Client) -> None:
    """Implementation: limited functionality without related capabilities."""
    says_numbers(rules, bob, 1)
    carol = rules.member("alice", caps="draft/chathistory")
    heard = carol.says("CHATHISTORY LATEST #den * 10")
    assert heard == [":bob!bob@chat.test PRIVMSG #den :[2023-11-14 22:13 UTC] 1"]


def test_what_has_no_messages_is_an_empty_batch(alice: Client, bob: Client) -> None:
    """CHATHISTORY command: so that nobody waits for a reply."""
    assert page(alice, "CHATHISTORY LATEST #den * 10") == []
    assert page(alice, "CHATHISTORY LATEST carol * 10", "chathistory carol") == []


def test_the_batch_has_the_canonical_name(alice: Client, bob: Client) -> None:
    """CHATHISTORY command."""
    assert page(alice, "CHATHISTORY LATEST #DEN * 10") == []
    assert page(alice, "CHATHISTORY LATEST BOB * 10", "chathistory bob") == []


def test_a_limit_above_the_most_is_cut(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """ISUPPORT tokens."""
    says_numbers(rules, bob, MOST_ENTRIES + 1)
    newest = page(alice, f"CHATHISTORY LATEST #den * {MOST_ENTRIES + 1}")
    assert texts(newest) == [str(number) for number in range(2, MOST_ENTRIES + 2)]


def test_nothing_is_replayed_to_who_can_ask(rules: RulesUnderTest, alice: Client) -> None:
    """Implementation: no history that would otherwise be sent automatically."""
    rules.member("carol").says("JOIN #den")
    alice.hangs_up()
    rules.member("bob").says("JOIN #den", "PRIVMSG #den :missed")
    assert "missed" not in str(rules.connect().logs_in("alice", device="a", caps=CAPS))
    assert "missed" in str(rules.connect().logs_in("alice", device="b"))


# --- Subcommands ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["msgid", "time"])
@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("BEFORE #den {7} 20", "123456"),
        ("BEFORE #den {7} 2", "56"),
        ("AFTER #den {4} 20", "56789"),
        ("AFTER #den {4} 3", "567"),
        ("LATEST #den {5} 20", "6789"),
        ("LATEST #den {5} 2", "89"),
        ("AROUND #den {5} 1", "5"),
        ("AROUND #den {5} 4", "3456"),
        ("AROUND #den {1} 4", "1234"),
        ("AROUND #den {9} 4", "6789"),
        ("BETWEEN #den {1} {9} 20", "2345678"),
        ("BETWEEN #den {9} {1} 20", "2345678"),
        ("BETWEEN #den {1} {9} 3", "234"),
        ("BETWEEN #den {9} {1} 3", "678"),
        ("BETWEEN #den {5} {5} 3", ""),
        ("LATEST #den * 2", "89"),
    ],
)
def test_a_subcommand_finds(
    rules: RulesUnderTest, alice: Client, bob: Client, by: str, request_line: str, expected: str
) -> None:
    """BEFORE, AFTER, LATEST, AROUND, BETWEEN; by either kind of reference, always ascending."""
    live = says_numbers(rules, bob, 9)
    kind = {"msgid": "msgid", "time": "timestamp"}[by]
    references = ["", *(f"{kind}={line.tags[by]}" for line in live)]
    assert (
        "".join(texts(page(alice, "CHATHISTORY " + request_line.format(*references)))) == expected
    )


def test_between_takes_both_kinds(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """BETWEEN: forwards or backwards, whatever the references are."""
    live = says_numbers(rules, bob, 5)
    first, last = f"msgid={live[0].tags['msgid']}", f"timestamp={live[-1].tags['time']}"
    assert texts(page(alice, f"CHATHISTORY BETWEEN #den {first} {last} 2")) == ["2", "3"]
    assert texts(page(alice, f"CHATHISTORY BETWEEN #den {last} {first} 2")) == ["3", "4"]


def test_what_is_said_in_the_same_turn_is_there(rules: RulesUnderTest, alice: Client) -> None:
    """A page holds all that was said before it was asked for."""
    heard = alice.says("PRIVMSG #den :now", "CHATHISTORY LATEST #den * 1", "PING after")
    assert [line.params[-1] for line in of(heard, "PRIVMSG", "PONG")] == ["now", "after"]


def test_what_is_not_stored_is_not_there(rules: RulesUnderTest, alice: Client) -> None:
    """History is what everybody has seen."""
    rules.refuses = lambda span: span.command == "PRIVMSG"
    alice.says("PRIVMSG #den :lost")
    assert page(alice, "CHATHISTORY LATEST #den * 1") == []


# --- Direct messages -----------------------------------------------------------------------------


def test_a_conversation_has_both_sides(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """CHATHISTORY command: the target's messages and one's own."""
    alice.says("PRIVMSG bob :one")
    bob.says("PRIVMSG alice :two")
    alice.hears()
    lines = page(alice, "CHATHISTORY LATEST bob * 10", "chathistory bob")
    assert [(line.nick, line.params[0], line.params[1]) for line in lines] == [
        ("alice", "bob", "one"),
        ("bob", "alice", "two"),
    ]


# --- Event playback ------------------------------------------------------------------------------


def test_without_event_playback_there_are_only_messages(alice: Client, bob: Client) -> None:
    """CHATHISTORY command: PRIVMSG and NOTICE only."""
    alice.says("TOPIC #den :new", "@+x=y TAGMSG #den", "NOTICE #den :look")
    assert texts(page(alice, "CHATHISTORY LATEST #den * 10")) == ["look"]


def test_events_are_played_back_to_who_wants_them(rules: RulesUnderTest, alice: Client) -> None:
    """draft/event-playback: as they were, in their order."""
    bob = rules.member("bob", caps=CAPS + " draft/event-playback")
    bob.says("JOIN #den")
    alice.says("TOPIC #den :new", "@+x=y TAGMSG #den", "MODE #den +m", "MODE #den -m")
    carol = rules.member("carol")
    carol.says("JOIN #den", "PRIVMSG #den :hi", "PART #den :bye")
    carol.says("JOIN #den")
    alice.says("KICK #den carol :out")
    bob.hears()
    lines = page(bob, "CHATHISTORY LATEST #den * 20")
    assert [" ".join([line.nick, line.command, *line.params]) for line in lines] == [
        "bob JOIN #den",
        "alice TOPIC #den new",
        "alice TAGMSG #den",
        "alice MODE #den +m",
        "alice MODE #den -m",
        "carol JOIN #den",
        "carol PRIVMSG #den hi",
        "carol PART #den bye",
        "carol JOIN #den",
        "alice KICK #den carol out",
    ]
    assert len({line.tags["msgid"] for line in lines}) == len(lines)
    assert lines[2].tags["+x"] == "y"


def test_questions_of_programs_are_not_played_back(rules: RulesUnderTest, alice: Client) -> None:
    """A client that was not there must not answer them; what people do is a message."""
    alice.says("PRIVMSG #den :\x01VERSION\x01", "PRIVMSG #den :\x01ACTION waves\x01")
    alice.says("CAP REQ draft/event-playback")
    assert texts(page(alice, "CHATHISTORY LATEST #den * 1")) == ["\x01ACTION waves\x01"]
    assert texts(page(alice, "CHATHISTORY LATEST #den * 9")) == ["#den", "\x01ACTION waves\x01"]


# --- TARGETS -------------------------------------------------------------------------------------

ALL = "timestamp=2020-01-01T00:00:00.000Z timestamp=2262-01-01T00:00:00.000Z"


def targets(alice: Client, between: str, limit: int = 100) -> list[list[str]]:
    lines = page(alice, f"CHATHISTORY TARGETS {between} {limit}", "draft/chathistory-targets")
    assert all([line.command, line.params[0]] == ["CHATHISTORY", "TARGETS"] for line in lines)
    return [line.params[1:] for line in lines]


def test_targets_are_listed_by_their_newest_message(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """TARGETS: the earliest first, with the time of the newest message."""
    (first,) = says_numbers(rules, bob, 1)
    rules.now_ms += SECOND
    second = of(bob.says("PRIVMSG alice :hi"), "PRIVMSG")[0]
    alice.hears()
    both = [["#den", first.tags["time"]], ["bob", second.tags["time"]]]
    assert targets(alice, ALL) == both
    assert targets(alice, ALL, 1) == both[:1]
    assert targets(alice, " ".join(ALL.split()[::-1]), 1) == both[1:]


def test_a_target_outside_the_times_is_not_listed(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """TARGETS: it is the newest message that counts; both ends are excluded."""
    old, new = says_numbers(rules, bob, 2)
    alice.hears()
    early = f"timestamp=2020-01-01T00:00:00.000Z timestamp={new.tags['time']}"
    assert targets(alice, early) == []
    late = f"timestamp={old.tags['time']} timestamp=2262-01-01T00:00:00.000Z"
    assert targets(alice, late) == [["#den", new.tags["time"]]]
    late = f"timestamp={new.tags['time']} timestamp=2262-01-01T00:00:00.000Z"
    assert targets(alice, late) == []


def test_targets_are_found_by_times_only(alice: Client) -> None:
    """TARGETS: not by message ids."""
    assert (
        fails(alice, "CHATHISTORY TARGETS msgid=test-1 msgid=test-2 5")[0] == "INVALID_MSGREFTYPE"
    )


# --- Errors and warnings -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_line", "context"),
    [
        ("CHATHISTORY", ["INVALID_PARAMS", "*"]),
        ("CHATHISTORY NEXT #den * 10", ["INVALID_PARAMS", "NEXT"]),
        ("CHATHISTORY LATEST #den *", ["INVALID_PARAMS", "LATEST"]),
        ("CHATHISTORY LATEST #den * 10 20", ["INVALID_PARAMS", "LATEST"]),
        ("CHATHISTORY BETWEEN #den * 10", ["INVALID_PARAMS", "BETWEEN"]),
        ("CHATHISTORY BEFORE #den * 10", ["INVALID_PARAMS", "BEFORE", "*"]),
        ("CHATHISTORY BEFORE #den timestamp=now 10", ["INVALID_PARAMS", "BEFORE", "timestamp=now"]),
        ("CHATHISTORY LATEST #den * 0", ["INVALID_PARAMS", "LATEST", "0"]),
        ("CHATHISTORY LATEST #den * -1", ["INVALID_PARAMS", "LATEST", "-1"]),
        ("CHATHISTORY LATEST #den * ten", ["INVALID_PARAMS", "LATEST", "ten"]),
        ("CHATHISTORY LATEST #none * 10", ["INVALID_TARGET", "LATEST", "#none"]),
        ("CHATHISTORY LATEST nobody * 10", ["INVALID_TARGET", "LATEST", "nobody"]),
    ],
)
def test_a_bad_request_is_answered(alice: Client, request_line: str, context: list[str]) -> None:
    """Errors and Warnings: what is wrong, and with what."""
    assert fails(alice, request_line) == context


@pytest.mark.parametrize(
    "reference",
    [
        *("timestamp=2023-11-14T22:13:20.000", "timestamp=2023-13-14T22:13:20.000Z"),
        *("timestamp=99999-01-01T00:00:00.000Z", "timestamp=", "timestamp=2023-11-14 22:13Z"),
        *("msgid=", "msgid=other-1", "msgid=test-", "msgid=test-g", "msgid=test-" + "1" * 40),
    ],
)
def test_a_bad_reference_is_answered(alice: Client, reference: str) -> None:
    """Errors and Warnings: parameters that cannot be parsed."""
    assert fails(alice, f"CHATHISTORY BEFORE #den {reference} 1")[:2] == [
        "INVALID_PARAMS",
        "BEFORE",
    ]


def test_what_cannot_be_read_is_an_error(rules: RulesUnderTest, alice: Client) -> None:
    """MESSAGE_ERROR; the session goes on."""
    rules.busy = True
    alice.says("CHATHISTORY LATEST #den * 1")
    rules.fail_job()
    (line,) = of(alice.hears(), "FAIL")
    assert line.params[1:-1] == ["MESSAGE_ERROR", "LATEST", "#den"]
    assert of(alice.says("PING on"), "PONG")


# --- Security considerations ---------------------------------------------------------------------


def test_a_channel_is_for_its_members(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """Also for those who were in it, and for an administrator who isn't."""
    says_numbers(rules, bob, 1)
    rules.add("root", admin=True)
    for other in (rules.member("carol", caps=CAPS), rules.member("root", caps=CAPS)):
        fault = ["INVALID_TARGET", "LATEST", "#den"]
        assert fails(other, "CHATHISTORY LATEST #den * 10") == fault
    alice.says("PART #den")
    assert fails(alice, "CHATHISTORY LATEST #den * 10") == ["INVALID_TARGET", "LATEST", "#den"]
    assert targets(alice, ALL) == []


def test_a_newcomer_reads_from_the_own_join_on(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """Whatever the reference: what was said before was said to others."""
    live = says_numbers(rules, bob, 3)
    carol = rules.member("carol", caps=CAPS)
    carol.says("JOIN #den")
    bob.says("PRIVMSG #den :4")
    carol.hears()
    first = f"msgid={live[0].tags['msgid']}"
    requests = ["LATEST #den * 9", f"AFTER #den {first} 9", f"AROUND #den {first} 9"]
    for request in requests:
        assert texts(page(carol, "CHATHISTORY " + request)) == ["4"]
    assert page(carol, f"CHATHISTORY BEFORE #den {first} 9") == []


def test_a_conversation_is_for_the_two(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """Nobody finds the messages of others by an id or a time."""
    (said,) = of(bob.says("PRIVMSG alice :secret"), "PRIVMSG")
    carol = rules.member("carol", caps=CAPS)
    for name in ("alice", "bob", "carol"):
        request = f"CHATHISTORY AROUND {name} msgid={said.tags['msgid']} 9"
        assert page(carol, request, f"chathistory {name}") == []


# --- With other capabilities ---------------------------------------------------------------------


def test_a_label_is_given_back(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """https://ircv3.net/specs/extensions/labeled-response: one logical message, batches within."""
    says_numbers(rules, bob, 2)
    alice.says("CAP REQ labeled-response")
    outer, inner, *lines, inner_end, outer_end = map(
        parse, alice.says("@label=x CHATHISTORY LATEST #den * 10")
    )
    assert (outer.tags, outer.params[1]) == ({"label": "x"}, "labeled-response")
    reference = outer.params[0][1:]
    assert (inner.tags["batch"], inner.params[1]) == (reference, "chathistory")
    assert {line.tags["batch"] for line in lines} == {inner.params[0][1:]}
    assert (inner_end.tags["batch"], inner_end.params[0][1:]) == (reference, inner.params[0][1:])
    assert outer_end.params == ["-" + reference]


def test_pages_are_paid_for(
    rules: RulesUnderTest, alice: Client, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Security considerations: throttled, as a full page costs as much as ten lines more."""
    says_numbers(rules, bob, MOST_ENTRIES)
    paid: list[int] = []
    monkeypatch.setattr("securechat.core.turn.Turn.charge", lambda turn, who, n: paid.append(n))
    page(alice, f"CHATHISTORY LATEST #den * {MOST_ENTRIES}")
    assert sum(paid) == 10
