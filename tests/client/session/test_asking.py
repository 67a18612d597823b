"""A question whose answer is a batch: Asking, which pages and searches are."""

from __future__ import annotations

import pytest

from securechat.client.session.asking import LOST, MOST, PATIENCE, PENDING, Asked, Asking
from securechat.client.session.batches import Batch, Batches
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.messages import Said
from securechat.client.session.labels import Labels
from securechat.client.session.output import Output
from securechat.irc.message import Message, parse

HI = parse("@batch=a :bob!b@h PRIVMSG #lobby :hi")


class Question(Asking):
    """Is answered by a batch of the type "answer"."""

    not_offered = "there is nobody to ask"
    _command = "ASK"

    def __init__(self) -> None:
        super().__init__(Labels())
        self.answers: list[list[str]] = []
        self._batches = Batches()

    def asks(self, now: float = 0.0) -> list[ClientEvent]:
        """Ask, if that may be; what is told."""
        out = Output()
        if problem := self._hindrance(now):
            out.events.append(self._problem(problem))
        else:
            self._open = Asked(now)
        return out.events

    def hears(self, line: str) -> None:
        """A BATCH line."""
        message = parse(line)
        if began := self._batches.began(message):
            self.begins(began)
        elif ended := self._batches.ended(message):
            self.ends(ended, 0.0, Output())

    def knows(self, message: Message) -> bool:
        """Whether a message is of the answer."""
        return self.holds(self._batches.of(message))

    def _answers(self, batch: Batch) -> bool:
        return batch.kind == "answer"

    def _takes(self, message: Message) -> bool:
        return message.params[1] != "no"

    def _done(self, asked: Asked, now: float, out: Output) -> None:
        self.answers.append([said.text for said in asked.said])


def question() -> Question:
    one = Question()
    one.restart(Output(), offered=True)
    return one


def test_the_answer_is_gathered_until_its_batch_ends() -> None:
    """What is in a batch within it is part of it; another batch, or a second one, is not."""
    one = question()
    one.asks()
    one.hears("BATCH +x other")
    one.hears("BATCH +a answer")
    one.hears("BATCH +b answer")
    one.hears("@batch=a BATCH +c inner")
    assert [one.knows(parse(f"@batch={tag} PRIVMSG #a :x")) for tag in "xabc"] == [
        False,
        True,
        False,
        True,
    ]
    assert not one.knows(parse("PRIVMSG #a :x"))
    for text in ("hi", "no"):
        one.add(parse(f"PRIVMSG #a :{text}"), Said("#a", "bob", text))
    one.hears("BATCH -b")
    assert one.waiting
    one.hears("BATCH -a")
    assert one.answers == [["hi"]]
    assert not one.waiting


def test_nobody_has_asked() -> None:
    """Then nothing is an answer."""
    one = question()
    one.hears("BATCH +a answer")
    assert not one.knows(HI)
    one.add(HI, Said("#a", "bob", "hi"))
    one.hears("BATCH -a")
    assert one.answers == []
    assert not one.refused(parse("421 alice ASK :Unknown command"), Output())


def test_one_question_at_a_time() -> None:
    """For as long as an answer is waited for."""
    one = question()
    assert one.asks(5.0) == []
    assert one.asks(5.0 + PATIENCE - 1) == [Problem(PENDING, remote=False)]
    assert one.asks(5.0 + PATIENCE) == []


def test_another_connection() -> None:
    """What was asked is lost, which is told; a server may not answer at all."""
    one = question()
    one.asks()
    out = Output()
    one.restart(out, offered=False)
    assert out.events == [Problem(LOST, remote=False)]
    assert one.asks() == [Problem("there is nobody to ask", remote=False)]
    out = Output()
    one.restart(out, offered=True)
    assert out.events == []


@pytest.mark.parametrize(
    ("line", "told", "open_still"),
    [
        ("421 alice ASK :Unknown command", True, False),
        ("FAIL ASK NO :No", False, False),
        ("421 alice OTHER :Unknown command", False, True),
        ("FAIL OTHER NO :No", False, True),
        ("WARN ASK SLOW :Slow", False, True),
    ],
)
def test_a_refusal_ends_the_waiting(line: str, told: bool, open_still: bool) -> None:
    """When it is of this question; a server that doesn't know it is told of in our words."""
    one = question()
    one.asks()
    out = Output()
    assert one.refused(parse(line), out) is told
    assert out.events == ([Problem("there is nobody to ask", remote=False)] if told else [])
    assert one.waiting is open_still


def test_an_answer_without_an_end_is_cut() -> None:
    """Of a hostile server."""
    one = question()
    one.asks()
    one.hears("BATCH +a answer")
    for _ in range(MOST + 5):
        one.add(HI, Said("#a", "bob", "hi"))
    one.hears("BATCH -a")
    assert len(one.answers[0]) == MOST
