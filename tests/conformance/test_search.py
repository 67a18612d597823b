"""https://codeberg.org/emersion/soju, doc/ext/search.md, section by section, in wire lines."""

from __future__ import annotations

import pytest

from securechat.core.commands.search import MILLISECONDS_PER_LINE, MOST_RESULTS, MOST_TEXT
from securechat.core.history.queries import Found
from securechat.irc.message import Message, parse
from tests.support import rules as support
from tests.support.client import Client, batched, of
from tests.support.rules import RulesUnderTest

CAPS = "batch server-time message-tags"
BOBS_CAPS = "echo-message message-tags server-time"
SECOND = 1000


def says(rules: RulesUnderTest, client: Client, target: str, *texts: str) -> list[Message]:
    """Some messages, a second apart; as they were live."""
    live = []
    for text in texts:
        rules.now_ms += SECOND
        live += of(client.says(f"PRIVMSG {target} :{text}"), "PRIVMSG")
    return live


def finds(client: Client, attributes: str) -> list[Message]:
    """What is in the batch that answers a search, without its tag."""
    client.hears()
    return batched(client.says(f"SEARCH {attributes}"), "soju.im/search")


def texts(client: Client, attributes: str) -> list[str]:
    return [line.params[-1] for line in finds(client, attributes)]


def fails(client: Client, attributes: str) -> list[str]:
    """The parameters of the FAIL that a search is answered with, without its text."""
    client.hears()
    (line,) = client.says(f"SEARCH {attributes}")
    message = parse(line)
    assert (message.command, message.params[0]) == ("FAIL", "SEARCH")
    return message.params[1:-1]


# --- SEARCH command ------------------------------------------------------------------------------


def test_the_answer_is_a_batch(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """SEARCH command; Returned message notes: with time and msgid as they were live, ascending."""
    live = says(rules, bob, "#den", "fast", "slow", "fasting")
    found = finds(alice, "text=fast;in=#den")
    assert [line.params for line in found] == [["#den", "fast"], ["#den", "fasting"]]
    assert [line.tags["msgid"] for line in found] == [live[0].tags["msgid"], live[2].tags["msgid"]]
    assert [line.tags["time"] for line in found] == [live[0].tags["time"], live[2].tags["time"]]


def test_it_is_offered(rules: RulesUnderTest) -> None:
    """Implementation: the capability, by which a client knows that it may ask."""
    client = rules.connect()
    listed = " ".join(client.says("CAP LS 302"))
    assert "soju.im/search" in listed.split()
    assert client.says("CAP REQ soju.im/search") == [":chat.test CAP * ACK :soju.im/search"]


def test_a_label_is_given_back(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """https://ircv3.net/specs/extensions/labeled-response: one answer, the batch within it."""
    says(rules, bob, "#den", "fast")
    alice.says("CAP REQ labeled-response")
    outer, *inner, end = map(parse, alice.says("@label=x SEARCH text=fast"))
    assert (outer.tags, outer.params[1]) == ({"label": "x"}, "labeled-response")
    assert [line.command for line in inner] == ["BATCH", "PRIVMSG", "BATCH"]
    assert end.params == [f"-{outer.params[0][1:]}"]


def test_nothing_found_is_an_empty_batch(alice: Client, bob: Client) -> None:
    """SEARCH command: so that the client doesn't wait."""
    assert finds(alice, "text=nothing;in=#den") == []


def test_without_batch_there_are_the_lines_alone(rules: RulesUnderTest, bob: Client) -> None:
    """Implementation: who lacks the other capabilities may search."""
    says(rules, bob, "#den", "one", "two")
    plain = rules.member("carol", caps="server-time")
    plain.says("JOIN #den")
    says(rules, bob, "#den", "three")
    plain.hears()
    assert [line.params for line in of(plain.says("SEARCH in=#den"), "PRIVMSG")] == [
        ["#den", "three"]
    ]


def test_only_messages_are_found(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """SEARCH command: PRIVMSG and NOTICE; nothing of programs, and no events."""
    bob.says("NOTICE #den :news", "PRIVMSG #den :\1VERSION\1", "TOPIC #den :news")
    bob.says("PRIVMSG #den :\1ACTION reads news\1")
    assert texts(alice, "in=#den") == ["news", "\1ACTION reads news\1"]


# --- Attributes ----------------------------------------------------------------------------------


def test_from_and_in(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """Standard search attributes: in (channel or user), from."""
    alice.says("JOIN #other", "PRIVMSG #other :mine", "PRIVMSG #den :mine too")
    says(rules, bob, "#den", "his")
    says(rules, bob, "alice", "privately")
    assert texts(alice, "in=#den") == ["mine too", "his"]
    assert texts(alice, "in=BOB") == ["privately"]
    assert texts(alice, "from=Bob") == ["his", "privately"]
    assert texts(alice, "from=bob;in=#DEN") == ["his"]
    assert texts(alice, "from=nobody") == []
    assert texts(alice, "from=alice") == ["mine", "mine too"]


def test_after_and_before(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """Standard search attributes: what was said at these times is among it; from 'after' on the
    oldest come first.
    """
    live = says(rules, bob, "#den", "1", "2", "3", "4", "5")
    times = [line.tags["time"] for line in live]
    assert texts(alice, f"after={times[1]};before={times[3]}") == ["2", "3", "4"]
    assert texts(alice, f"after={times[1]};limit=2") == ["2", "3"]
    assert texts(alice, f"before={times[3]};limit=2") == ["3", "4"]
    assert texts(alice, "in=#den;limit=2") == ["4", "5"]


def test_a_text_is_words(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """Standard search attributes: text, escaped as the value of a tag or behind a colon."""
    says(rules, bob, "#den", "Be what you want", "Want what you be", "what")
    assert texts(alice, r"text=want\swhat") == ["Be what you want", "Want what you be"]
    assert texts(alice, ":text=want be") == ["Be what you want", "Want what you be"]
    assert finds(alice, "text=!!!") == []


# --- Errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ("in=#nowhere", "in"),
        ("in=nobody", "in"),
        ("before=yesterday", "before"),
        ("after=2023-11-14", "after"),
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("colour=red", "colour"),
        ("#den", "*"),
        (f"text={'x' * (MOST_TEXT + 1)}", "text"),
        (r"text=a\sb\sc\sd\se\sf\sg\sh\si\sj\sk", "text"),
    ],
)
def test_what_is_invalid_is_named(alice: Client, attributes: str, named: str) -> None:
    """Errors and Warnings: INVALID_PARAMS."""
    assert fails(alice, attributes) == ["INVALID_PARAMS", named]


def test_at_the_limits_it_is_answered(alice: Client) -> None:
    """On the other side of the border."""
    assert finds(alice, f"text={'x' * MOST_TEXT}") == []
    assert finds(alice, r"text=a\sb\sc\sd\se\sf\sg\sh\si\sj") == []


def test_no_more_than_a_page_is_found(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """Standard search attributes: the server may return less."""
    says(rules, bob, "#den", *map(str, range(MOST_RESULTS + 5)))
    assert len(finds(alice, f"in=#den;limit={MOST_RESULTS + 5}")) == MOST_RESULTS


def test_what_cannot_be_run_is_told(
    rules: RulesUnderTest, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors and Warnings: INTERNAL_ERROR."""
    monkeypatch.setattr(support, "found_in", lambda log, query: None)
    assert fails(alice, "in=#den") == ["INTERNAL_ERROR"]


def test_how_far_it_looked_is_told(
    rules: RulesUnderTest, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Security Considerations: a search has its time; then it can be gone on with."""
    monkeypatch.setattr(
        support, "found_in", lambda log, query: Found([], 0, 5 * MILLISECONDS_PER_LINE)
    )
    warning = parse(alice.says("SEARCH in=#den")[-1])
    assert (warning.command, warning.params[:3]) == (
        "WARN",
        ["SEARCH", "INCOMPLETE", "1970-01-01T00:00:00.000Z"],
    )
    assert warning.params[3].endswith("go on with before=1970-01-01T00:00:00.000Z")


# --- Who may find what ---------------------------------------------------------------------------


def test_a_stranger_to_a_channel_finds_nothing_of_it(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """The answer is that for a channel which isn't there."""
    says(rules, bob, "#den", "inside")
    carol = rules.member("carol", caps=CAPS)
    assert finds(carol, "text=inside") == []
    carol.hears()
    there, nowhere = carol.says("SEARCH in=#den"), carol.says("SEARCH in=#nowhere")
    assert there == nowhere


def test_a_newcomer_finds_what_came_after_its_join(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """As CHATHISTORY tells it."""
    says(rules, bob, "#den", "before")
    carol = rules.member("carol", caps=CAPS)
    carol.says("JOIN #den")
    says(rules, bob, "#den", "after")
    assert texts(carol, "in=#den") == ["after"]
    assert texts(carol, "from=bob") == ["after"]


def test_a_conversation_is_found_by_its_two_only(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """in=bob is the own conversation with bob."""
    says(rules, bob, "alice", "for alice")
    carol = rules.member("carol", caps=CAPS)
    assert texts(alice, "text=alice") == ["for alice"]
    assert finds(carol, "in=bob") == []
    assert finds(carol, "text=alice") == []
