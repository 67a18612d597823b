"""STATUSMSG: messages to those of a rank. https://modern.ircdocs.horse/#statusmsg-parameter"""

from __future__ import annotations

import pytest

from tests.support.client import Client, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel, outsider

NAMES = ("alice", "otto", "vera", "bob")
"""Owner, operator, voiced, and nothing of these."""


def channel(**settings: object) -> tuple[RulesUnderTest, list[Client]]:
    rules, people = in_channel(*NAMES, **settings)  # type: ignore[arg-type]
    people[0].says("MODE #den +ov otto vera")
    for person in people:
        person.hears()
    return rules, people


def test_the_token() -> None:
    """#statusmsg-parameter: prefixes of PREFIX."""
    heard = of(RulesUnderTest("alice").connect().logs_in("alice"), "005")
    assert "STATUSMSG=~@+" in {token for line in heard for token in line.params}


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
@pytest.mark.parametrize(("prefix", "heard"), [("~", 1), ("@", 2), ("+", 3)])
def test_who_has_the_rank_or_a_higher_one_hears_it(prefix: str, heard: int, command: str) -> None:
    """#privmsg-message: "sent to only users with the given status or higher"; target as it was."""
    _, people = channel()
    assert people[3].says(f"{command} {prefix}#DEN :psst") == []
    told = f"{source('bob')} {command} {prefix}#den :psst"
    assert [person.hears() for person in people] == [[told]] * heard + [[]] * (4 - heard)


def test_the_sender_is_not_told_but_by_echo() -> None:
    """Of a rank or not; a second device that shows what one says elsewhere sees it too."""
    rules, (alice, otto, _, bob) = channel()
    phone = rules.member("bob", caps="echo-message")
    assert otto.says("PRIVMSG @#den :psst") == []
    alice.hears()
    told = [f"{source('bob')} PRIVMSG @#den :psst"]
    assert bob.says("PRIVMSG @#den :psst") == []
    assert phone.hears() == told
    bob.says("CAP REQ echo-message")
    assert bob.says("PRIVMSG @#den :psst") == told
    assert otto.hears() == told * 2
    otto.says("CAP REQ echo-message")
    assert len(otto.says("PRIVMSG @#den :psst")) == 1


def test_who_may_not_speak_may_not_here() -> None:
    """404 for an outsider and in a moderated channel, 403 where there is none; +C holds."""
    rules, (alice, _, vera, bob) = channel()
    carol = outsider(rules, "carol")
    assert codes(carol.says("PRIVMSG @#den :psst")) == ["404"]
    assert codes(carol.says("PRIVMSG @#nowhere :psst")) == ["403"]
    assert codes(carol.says("PRIVMSG @alice :psst", "PRIVMSG %#den :psst")) == ["401", "401"]
    assert codes(carol.says("PRIVMSG @@#den :psst", "PRIVMSG @ :psst")) == ["401", "401"]
    alice.says("MODE #den +mC")
    vera.hears()
    bob.hears()
    assert codes(bob.says("PRIVMSG @#den :psst")) == ["404"]
    assert codes(vera.says("PRIVMSG @#den :psst")) == []
    assert codes(vera.says("PRIVMSG @#den :\x01VERSION\x01")) == ["404"]
    alice.says("MODE #den +s")
    assert codes(carol.says("PRIVMSG @#den :psst")) == ["403"]


def test_a_change_of_rank_counts_at_once() -> None:
    """Who has lost it hears nothing more."""
    _, (alice, otto, _, bob) = channel()
    alice.says("PRIVMSG @#den :one", "MODE #den -o+o otto bob", "PRIVMSG @#den :two")
    assert codes(otto.hears()) == ["PRIVMSG", "MODE"]
    assert codes(bob.hears()) == ["MODE", "PRIVMSG"]


def test_it_is_stored_and_shown_to_nobody_again() -> None:
    """Neither at a login nor as history, to whatever rank: what one is may have changed."""
    rules, (alice, otto, _, bob) = channel()
    otto.says("QUIT")
    caps = "batch server-time message-tags draft/chathistory draft/event-playback"
    alice.says("PRIVMSG @#den :psst", "@+x=y TAGMSG @#den", "PRIVMSG #den :loud")
    assert [entry.text for entry in rules.log if entry.kind == "STATUSMSG"] == [
        "@ PRIVMSG psst", "@ TAGMSG ",
    ]  # fmt: skip
    back = rules.connect()
    assert not [line for line in back.logs_in("otto", caps=caps) if "psst" in line]
    for person in (back, alice, bob):
        if person is not back:
            person.says(f"CAP REQ :{caps}")
        told = person.says("CHATHISTORY LATEST #den * 50")
        assert only([line for line in told if " PRIVMSG " in line]).params[-1] == "loud"
        assert not [line for line in told if "psst" in line or "TAGMSG" in line]


def test_several_lines_go_the_same_way() -> None:
    """multiline: to the same people, and into nobody's history either."""
    rules, (alice, otto, _, bob) = channel()
    alice.says("CAP REQ :batch draft/multiline", "BATCH +a draft/multiline @#den")
    alice.says("@batch=a PRIVMSG @#den :one", "@batch=a PRIVMSG @#den :two", "BATCH -a")
    assert [line.params for line in of(otto.hears(), "PRIVMSG")] == [
        ["@#den", "one"], ["@#den", "two"],
    ]  # fmt: skip
    assert bob.hears() == []
    assert [entry.kind for entry in rules.log if "one" in entry.text] == ["STATUSMSG"]


def test_tags_go_with_it() -> None:
    """A passing tag alone isn't kept, as elsewhere."""
    rules, (alice, otto, _, bob) = channel()
    otto.says("CAP REQ message-tags")
    bob.says("CAP REQ message-tags")
    stored = len(rules.log)
    alice.says("CAP REQ message-tags", "@+typing=active TAGMSG @#den")
    assert otto.hears() == [f"@+typing=active {source('alice')} TAGMSG @#den"]
    assert (bob.hears(), len(rules.log)) == ([], stored)
