"""Messages that are too long for one line as the others see it: nothing of them is lost.

The server's prefix in front counts, and clients guess its length.
"""

from __future__ import annotations

import pytest

from securechat.irc.message import parse
from tests.support.client import SERVER, Client, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel


def split_as_konversation(text: str, nick: str, hostmask: str, target: str) -> list[str]:
    """OutputFilter::splitForEncoding with Server::getPreLength: names are counted in characters,
    and the address as nothing as long as the client hasn't seen it.
    """
    most = 512 - 8 - (len(nick) + len(hostmask) + len("PRIVMSG") + len(target))
    finals: list[str] = []
    size, index, border = 0, 0, 0
    while index < len(text):
        length = len(text[index].encode())
        if size + length > most:
            at = border + 1 if border else index
            finals.append(text[:at])
            text, border, size, index = text[at:], 0, 0, 0
            continue
        if text[index] in " .,":
            border = index
        index, size = index + 1, size + length
    return [*finals, text] if text else finals


WORDS = " ".join(f"слово{number}," for number in range(200))
WHOLE = "ы" * 1000


@pytest.mark.parametrize("text", [WORDS, WHOLE])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("nick", "target"),
    [("boris", "#den"), ("борис", "#комната"), ("я" * 32, "#" + "ж" * 63), ("boris", "алиса")],
)
def test_what_konversation_sends_arrives(text: str, known: bool, nick: str, target: str) -> None:
    """All of it, in its order, stored as it is seen; its echo as well. Only with the longest names,
    and before it knows its address, its lines are longer than any may be, and it hears so.
    """
    rules = RulesUnderTest(nick, "алиса")
    boris, alice = rules.member(nick, caps="echo-message"), rules.member("алиса")
    if target[0] == "#":
        boris.says(f"JOIN {target}")
        alice.says(f"JOIN {target}")
        boris.hears()
    pieces = split_as_konversation(text, nick, f"{nick}@{SERVER}" if known else "", target)
    lines = [f"PRIVMSG {target} :{piece}" for piece in pieces]
    if any(len(line.encode()) > 510 for line in lines):
        assert not known
        assert "417" in codes(boris.says(*lines))
        return
    echo = [line for said in lines for line in boris.says(said)]
    heard = [line for line in alice.hears() if " PRIVMSG " in line]
    assert heard == echo
    arrived = [parse(line).params[1] for line in heard]
    assert "".join(arrived).replace(" ", "") == text.replace(" ", "")
    assert [entry.text for entry in rules.log if entry.kind == "PRIVMSG"] == arrived


def filling(kind: str = "PRIVMSG") -> str:
    """As long as one line takes."""
    return "x" * (510 - len(f"{source('alice')} {kind} #den :"))


@pytest.mark.parametrize("kind", ["PRIVMSG", "NOTICE"])
def test_a_byte_more_is_a_second_message(kind: str) -> None:
    """What just fits is one."""
    _, (alice, bob) = in_channel("alice", "bob")
    for more, lines in (("", 1), ("y", 2)):
        alice.says(f"{kind} #den :{filling(kind)}{more}")
        assert [line.params[1] for line in of(bob.hears(), kind)] == [filling(kind), "y"][:lines]


def test_it_is_cut_between_words() -> None:
    """As our own client does it."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says(f"PRIVMSG #den :{filling()[:-9]} one two three")
    assert [line.params[1] for line in of(bob.hears(), "PRIVMSG")] == [
        f"{filling()[:-9]} one two",
        "three",
    ]


def test_what_somebody_does_is_done_twice() -> None:
    """Each part is an ACTION of its own."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says(f"PRIVMSG #den :\x01ACTION {filling()[:-12]} waves\x01")
    assert [line.params[1] for line in of(bob.hears(), "PRIVMSG")] == [
        f"\x01ACTION {filling()[:-12]}\x01",
        "\x01ACTION waves\x01",
    ]


def hears_nothing(rules: RulesUnderTest, bob: Client, before: int) -> bool:
    return (bob.hears(), len(rules.log)) == ([], before)


def test_a_question_to_a_program_is_refused_where_it_is_seen() -> None:
    """Half of it would be another one."""
    rules, (alice, bob) = in_channel("alice", "bob")
    before = len(rules.log)
    refused = only(alice.says(f"PRIVMSG #den :\x01PING {filling()}\x01"))
    assert refused.params[:2] == ["alice", "#den"]
    assert refused.command == "404"
    assert hears_nothing(rules, bob, before)


@pytest.mark.parametrize("kind", ["PRIVMSG", "NOTICE"])
def test_a_line_over_the_limit_is_refused_as_a_whole(kind: str) -> None:
    """417, on both sides of the byte: 510 and CR LF are taken."""
    rules, (alice, bob) = in_channel("alice", "bob")
    head = f"{kind} #den :"
    longest = head + "x" * (510 - len(head))
    assert codes(alice.says(longest)) == []
    assert bob.hears() != []
    before = len(rules.log)
    assert codes(alice.says(longest + "x", "PRIVMSG")) == ["417", "411"]
    assert codes(rules.connect().says(longest + "x")) == ["417"]
    assert hears_nothing(rules, bob, before)


def test_a_refusal_opens_no_conversation() -> None:
    """It leaves nothing behind."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice").says(f"PRIVMSG bob :\x01PING {'x' * 500}\x01")
    assert rules.account("alice").directs == {}


def test_each_part_is_paid_for() -> None:
    """A long message costs what short ones do."""
    rules, (alice, _) = in_channel("alice", "bob")
    with rules.turn() as turn:
        alice.says(f"PRIVMSG #den :{filling()}y")
        assert turn.charges == [(rules.account("alice"), 1)]
