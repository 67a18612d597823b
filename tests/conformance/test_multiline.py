"""https://ircv3.net/specs/extensions/multiline and .../client-batch"""

from __future__ import annotations

import pytest

from securechat.core.commands.multiline import TIMEOUT_SECONDS
from securechat.irc.message import Message, parse
from securechat.irc.multiline import MAX_BYTES, MAX_LINES, REPEATED_TAG_BYTES
from tests.support.client import Client, codes, only
from tests.support.rules import RulesUnderTest, in_channel

PLAIN = "batch message-tags server-time echo-message labeled-response"
CAPS = "draft/multiline " + PLAIN
EVERYBODY = "account-tag message-tags server-time batch"


def three() -> tuple[RulesUnderTest, Client, Client, Client]:
    """alice and bob, who know multiline, and charlie, who doesn't."""
    rules, (alice, bob, charlie) = in_channel("alice", "bob", "charlie")
    for person, caps in ((alice, CAPS), (bob, CAPS), (charlie, EVERYBODY)):
        person.says(f"CAP REQ :{caps}")
    return rules, alice, bob, charlie


def batch(*lines: str, target: str = "#den", tags: str = "") -> list[str]:
    """What a client sends; '+' in front of a line joins it to the one before."""
    sent = [f"{tags and tags + ' '}BATCH +123 draft/multiline {target}"]
    for line in lines:
        joined = ";draft/multiline-concat" if line[:1] == "+" else ""
        sent.append(f"@batch=123{joined} PRIVMSG {target} :{line.removeprefix('+')}")
    return [*sent, "BATCH -123"]


def parsed(lines: list[str]) -> list[Message]:
    return [parse(line) for line in lines]


def fails(heard: list[str]) -> list[str]:
    """The code, and what belongs to it, of a FAIL BATCH."""
    fail = only(heard)
    assert (fail.command, fail.params[0]) == ("FAIL", "BATCH")
    return fail.params[1:-1]


LINES = ("hello", "", "how is ", "+everyone?")


def test_the_capability_tells_the_limits() -> None:
    """Section "Capabilities": a value, with max-bytes in it, is required."""
    heard = " ".join(RulesUnderTest().connect().says("CAP LS 302"))
    assert f"draft/multiline=max-bytes={MAX_BYTES},max-lines={MAX_LINES}" in heard


def test_a_batch_to_who_knows_it() -> None:
    """Section "Examples": tags on the beginning, each line as it was, a joined one tagged so."""
    _, alice, bob, _ = three()
    echo = alice.says(*batch(*LINES, tags="@label=xyz;+x=y"))
    heard = bob.hears()
    first, *lines, last = parsed(heard)
    assert (first.source, first.command) == ("alice!alice@chat.test", "BATCH")
    assert first.params[1:] == ["draft/multiline", "#den"]
    assert first.tags.keys() == {"time", "msgid", "+x"}
    inner = {"batch": first.params[0].removeprefix("+")}
    assert [line.params for line in lines] == [
        ["#den", "hello"],
        ["#den", ""],
        ["#den", "how is "],
        ["#den", "everyone?"],
    ]
    concat = {**inner, "draft/multiline-concat": ""}
    assert [line.tags for line in lines] == [inner, inner, inner, concat]
    assert (last.command, last.params, last.tags) == ("BATCH", ["-" + inner["batch"]], {})
    # labeled-response, with echo-message: "only include the label tag on the opening BATCH".
    assert echo[1:] == heard[1:]
    assert parse(echo[0]).tags == {**first.tags, "label": "xyz"}


def test_single_lines_to_who_does_not() -> None:
    """Section "Fallback": no blank ones, the msgid on the first only, the other tags on all."""
    _, alice, _, charlie = three()
    alice.says(*batch("", *LINES, tags="@+x=y"))
    lines = parsed(charlie.hears())
    assert [line.params[1] for line in lines] == ["hello", "how is ", "everyone?"]
    assert {line.command for line in lines} == {"PRIVMSG"}
    assert "msgid" in lines[0].tags
    rest = {key: value for key, value in lines[0].tags.items() if key != "msgid"}
    assert rest.keys() == {"time", "account", "+x"}
    assert [line.tags for line in lines[1:]] == [rest, rest]


def test_large_tags_are_not_repeated() -> None:
    """Section "Fallback": further lines MAY have them; one message must not swell by that."""
    _, alice, _, charlie = three()
    for size, repeated in ((REPEATED_TAG_BYTES // 2, True), (REPEATED_TAG_BYTES // 2 + 1, False)):
        alice.says(*batch("a", "b", tags="@+x=" + "y" * (size - len("+x="))))
        first, second = parsed(charlie.hears())
        assert "+x" in first.tags
        assert ("+x" in second.tags) is repeated


def test_it_is_one_message_in_the_log() -> None:
    """Section "Batch types": the combined value; one entry, one msgid."""
    rules, alice, _, _ = three()
    before = len(rules.log)
    alice.says(*batch(*LINES))
    [entry] = rules.log[before:]
    assert (entry.kind, entry.text.replace("\r", "")) == ("PRIVMSG", "hello\n\nhow is everyone?")


@pytest.mark.parametrize("to", ["bob", "#den"])
def test_it_is_replayed_as_it_was(to: str) -> None:
    """A batch within the batch of the history; single lines to the others."""
    rules, alice, bob, charlie = three()
    bob.hangs_up()
    charlie.hangs_up()
    alice.says(*batch(*LINES, target=to, tags="@+x=y"))
    heard = parsed(rules.connect().logs_in("bob", caps=CAPS))
    at = next(n for n, line in enumerate(heard) if "draft/multiline" in line.params)
    outer, begin, *lines, end, last = heard[at - 1 : at + 7]
    assert outer.params[1] == "chathistory"
    reference = outer.params[0].removeprefix("+")
    assert (begin.tags["batch"], end.tags) == (reference, {"batch": reference})
    assert {"msgid", "time", "+x"} < begin.tags.keys()
    assert [line.params[1] for line in lines] == ["hello", "", "how is ", "everyone?"]
    assert "draft/multiline-concat" in lines[-1].tags
    assert {line.tags["batch"] for line in lines} == {begin.params[0].removeprefix("+")}
    assert last.params == ["-" + reference]
    if to == "#den":
        lines = parsed(rules.connect().logs_in("charlie", caps=EVERYBODY))
        said = [line for line in lines if line.command == "PRIVMSG"]
        assert [line.params[1] for line in said] == ["hello", "how is ", "everyone?"]
        assert ["msgid" in line.tags for line in said] == [True, False, False]


def test_chathistory_tells_it_as_it_was() -> None:
    """With and without multiline."""
    _, alice, bob, charlie = three()
    alice.says(*batch(*LINES))
    live = bob.hears()
    charlie.hears()
    bob.says("CAP REQ draft/chathistory")
    heard = bob.says("CHATHISTORY LATEST #den * 1")
    assert [line.params for line in parsed(heard[1:-1])] == [line.params for line in parsed(live)]
    assert parse(heard[1]).tags.items() > parse(live[0]).tags.items()
    charlie.says("CAP REQ draft/chathistory")
    heard = charlie.says("CHATHISTORY LATEST #den * 1")
    assert codes(heard) == ["BATCH", "PRIVMSG", "PRIVMSG", "PRIVMSG", "BATCH"]


def test_for_a_client_without_times_the_first_line_has_it() -> None:
    """As of any message that is replayed."""
    rules, alice, bob, _ = three()
    bob.hangs_up()
    alice.says(*batch("one", "two"))
    said = [line for line in rules.connect().logs_in("bob") if " PRIVMSG " in line]
    assert [parse(line).params[1] for line in said] == ["[2023-11-14 22:13 UTC] one", "two"]


def test_a_line_that_is_too_long_with_its_source_goes_on_in_the_next() -> None:
    """Nothing of it is lost, and it is still one line to who joins them."""
    rules, alice, bob, _ = three()
    long = "word " * 95 + "end"
    assert len(long) > 510 - len(":alice!alice@chat.test PRIVMSG #den :") - 1
    alice.says(*batch("first", long, "last"))
    lines = parsed(bob.hears())[1:-1]
    assert "".join(line.params[1] for line in lines) == f"first{long}last"
    assert ["draft/multiline-concat" in line.tags for line in lines] == [False, False, True, False]
    assert rules.log[-1].text.replace("\r", "") == f"first\n{long}\nlast"


def test_a_notice_of_several_lines() -> None:
    """Section "Examples": "every instance of PRIVMSG is replaced with NOTICE"."""
    _, alice, bob, charlie = three()
    alice.says(*(line.replace("PRIVMSG", "notice") for line in batch("a", "b")))
    assert codes(bob.hears()) == ["BATCH", "NOTICE", "NOTICE", "BATCH"]
    assert codes(charlie.hears()) == ["NOTICE", "NOTICE"]


def test_a_batch_of_one_line_is_a_message() -> None:
    """There is nothing that a batch would keep together."""
    _, alice, bob, _ = three()
    [echo] = alice.says(*batch("hi", tags="@label=x"))
    assert (parse(echo).command, parse(echo).tags["label"]) == ("PRIVMSG", "x")
    assert codes(bob.hears()) == ["PRIVMSG"]


@pytest.mark.parametrize("more", [0, 1])
def test_max_bytes_is_exact(more: int) -> None:
    """Section "Capabilities": the texts and the line feeds between them count, nothing else."""
    _, alice, bob, _ = three()
    full = ["x" * 400] * (MAX_BYTES // 401)
    left = MAX_BYTES - 401 * len(full)
    heard = alice.says(*batch(*full, "y" * (left + more)))
    if more:
        assert fails(heard) == ["MULTILINE_MAX_BYTES", str(MAX_BYTES)]
        assert bob.hears() == []
    else:
        assert len(bob.hears()) == len(full) + 3


@pytest.mark.parametrize("more", [0, 1])
def test_max_bytes_of_joined_lines(more: int) -> None:
    """Section "Capabilities": where lines are joined there is no line feed to count."""
    _, alice, bob, _ = three()
    full = ["+" + "x" * 400] * (MAX_BYTES // 400)
    heard = alice.says(*batch(*full, "+" + "y" * (MAX_BYTES % 400 + more)))
    assert bool(more) == (bob.hears() == [])
    assert codes(heard)[0] == ("FAIL" if more else "BATCH")


@pytest.mark.parametrize("more", [0, 1])
def test_max_lines_is_exact(more: int) -> None:
    """Section "Batch types": all lines count, joined and blank ones too."""
    _, alice, bob, _ = three()
    heard = alice.says(*batch("a", "", "+b", *["c"] * (MAX_LINES - 3 + more)))
    if more:
        assert fails(heard) == ["MULTILINE_MAX_LINES", str(MAX_LINES)]
        assert bob.hears() == []
    else:
        assert len(bob.hears()) == MAX_LINES + 2


INVALID = [
    batch("hello ", "+", "there"),
    batch("", ""),
    batch(),
    [*batch("a")[:-1], "@batch=123 NOTICE #den :b", "BATCH -123"],
    [*batch("a")[:-1], "@batch=123 TAGMSG #den", "BATCH -123"],
    [*batch("a")[:-1], "@batch=123 PRIVMSG #den a b", "BATCH -123"],
    [*batch("a")[:-1], "@batch=123 PRIVMSG", "BATCH -123"],
    [*batch("a")[:-1], "@batch=123;+x=y PRIVMSG #den :b", "BATCH -123"],
    [*batch("a")[:-1], "@batch=123 BATCH +4 draft/multiline #den", "BATCH -123"],
    batch("a", "\x01PING 1\x01"),
    ["BATCH +123 draft/multiline", "BATCH -123"],
    ["BATCH -nothing"],
    ["@batch=nothing PRIVMSG #den :x"],
]


@pytest.mark.parametrize("sent", INVALID)
def test_what_is_invalid(sent: list[str]) -> None:
    """Section "Errors": one FAIL, nobody hears of it, and nothing is left open."""
    rules, alice, bob, charlie = three()
    before = len(rules.log)
    assert fails(alice.says(*sent)) == ["MULTILINE_INVALID"]
    assert (bob.hears(), charlie.hears(), len(rules.log)) == ([], [], before)
    alice.says(*batch("a", "b"))
    assert codes(bob.hears()) == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]


def test_another_target_within() -> None:
    """Section "Examples", "Invalid multiline batch target"."""
    _, alice, bob, _ = three()
    sent = ["BATCH +456 draft/multiline #foo", "@batch=456 PRIVMSG #den hello", "BATCH -456"]
    assert fails(alice.says(*sent)) == ["MULTILINE_INVALID_TARGET", "#foo", "#den"]
    assert bob.hears() == []


@pytest.mark.parametrize("reference", ["a_b", "a/b", "é", "", "x" * 65])
def test_a_reference_has_its_characters(reference: str) -> None:
    """client-batch, "Errors": INVALID_REFTAG, and all of that batch is ignored."""
    _, alice, bob, _ = three()
    begin = f"BATCH +{reference} draft/multiline #den"
    assert fails(alice.says(begin))[0] == "INVALID_REFTAG"
    assert alice.says(f"@batch={reference} PRIVMSG #den :x", f"BATCH -{reference}") == []
    assert bob.hears() == []


def test_another_type() -> None:
    """client-batch, "Errors": UNKNOWN_TYPE, and all of that batch is ignored."""
    _, alice, bob, _ = three()
    sent = ["BATCH +1 netjoin x", "@batch=1 PRIVMSG #den :x", "BATCH -1"]
    assert fails(alice.says(*sent)) == ["UNKNOWN_TYPE", "1", "netjoin"]
    assert bob.hears() == []


def test_a_batch_without_end() -> None:
    """client-batch, "Errors": TIMEOUT, labelled as any answer is."""
    rules, alice, bob, _ = three()
    alice.says(*batch("a", "b", tags="@label=x")[:-1])
    rules.passes(TIMEOUT_SECONDS)
    assert alice.hears() == []
    rules.passes(1)
    heard = alice.hears()
    assert (fails(heard), parse(heard[0]).tags) == (["TIMEOUT", "123"], {"label": "x"})
    assert bob.hears() == []


@pytest.mark.parametrize("sent", [batch("a", "+"), batch("a", target="#nowhere")])
def test_a_refusal_has_the_label_of_the_beginning(sent: list[str]) -> None:
    """labeled-response: the one response to the batch; until then nothing is answered."""
    _, alice, _, _ = three()
    heard = alice.says("@label=x " + sent[0], *sent[1:])
    assert parse(heard[0]).tags == {"label": "x"}
    assert codes(heard) in (["FAIL"], ["403"])


def test_several_answers_are_one_response() -> None:
    """labeled-response: a batch, in which the batch of the echo is nested."""
    _, alice, bob, _ = three()
    bob.says("AWAY :lunch")
    first, *answers, last = parsed(alice.says(*batch("a", "b", target="bob", tags="@label=x")))
    assert (first.tags, first.params[1:]) == ({"label": "x"}, ["labeled-response"])
    begin, one, two, end, away = answers
    outer = {"batch": first.params[0].removeprefix("+")}
    assert (begin.tags["batch"], end.tags, away.tags) == (outer["batch"], outer, outer)
    assert one.tags == two.tags == {"batch": begin.params[0].removeprefix("+")}
    assert last.params == ["-" + outer["batch"]]


def test_who_did_not_ask_for_it() -> None:
    """Without the capability, or without batch, a batch isn't begun and the tag means nothing."""
    for caps in (PLAIN, "draft/multiline message-tags"):
        _, (alice, bob) = in_channel("alice", "bob")
        alice.says(f"CAP REQ :{caps}")
        assert fails(alice.says("BATCH +123 draft/multiline #den"))[0] == "UNKNOWN_TYPE"
        alice.says("@batch=123 PRIVMSG #den :hi")
        assert codes(bob.hears()) == ["PRIVMSG"]


def test_what_could_not_be_stored_is_refused_as_one() -> None:
    """Nobody sees any of its lines."""
    rules, alice, bob, charlie = three()
    rules.full = True
    heard = alice.says(*batch("a", "b", tags="@label=x"))
    assert (codes(heard), parse(heard[0]).tags) == (["400"], {"label": "x"})
    assert (bob.hears(), charlie.hears()) == ([], [])


def test_what_came_twice_is_told_once() -> None:
    """With a key on the beginning of the batch, as on any message."""
    _, alice, bob, _ = three()
    alice.says("CAP REQ securechat/key")
    echo = alice.says(*batch("a", "b", tags="@securechat/key=7"))
    bob.hears()
    assert alice.says(*batch("a", "b", tags="@securechat/key=7")) == echo
    assert bob.hears() == []
