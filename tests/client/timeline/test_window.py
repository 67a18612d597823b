"""A timeline against a server that answers as ours does: the window has never a gap."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from securechat.client.limits import PAGE
from securechat.client.session.actions import Action, AskRange
from securechat.client.session.events.channels import Joined, TopicIs
from securechat.client.session.events.connection import Lost, Overrun, Ready
from securechat.client.session.events.deliveries import Queued, Stored
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import MarkedRead, Said
from securechat.client.timeline.conversations import Conversations
from securechat.client.timeline.items import Delivery, Message, Note
from tests.client.timeline.said import at, said

LIMIT = 350


class Server:
    """What was said in a channel, and one client that hears it."""

    def __init__(self, before: int) -> None:
        self.log: list[Said | TopicIs] = [said(f"m{number}", number) for number in range(before)]
        self.front = Conversations("alice", limit=LIMIT)
        self.questions: deque[AskRange] = deque()
        self.connected = False
        self.connects()

    def connects(self) -> None:
        if not self.connected:
            self.connected = True
            self._give(self.front.take(Joined("#lobby", "alice", mine=True)))
            self._give(self.front.take(MarkedRead("#lobby", at(0))))
            self._give(self.front.take(Ready("alice")))
            self._give(self.front.show("#lobby"))

    def loses(self) -> None:
        if self.connected:
            self.connected = False
            self.questions.clear()
            self._give(self.front.take(Lost("gone", 1.0)))

    def says(self) -> None:
        self._hear(said(f"m{len(self.log)}", len(self.log)))

    def names_a_topic(self) -> None:
        """Somebody sets one: no message, and told with a time."""
        number = len(self.log)
        self._hear(TopicIs("#lobby", f"m{number}", "bob", time=at(number)))

    def overruns(self) -> None:
        """The client was too slow: what was said meanwhile never reached its front."""
        if self.connected:
            self.log += [said(f"m{number}", number) for number in _next(self.log, 3)]
            self._give(self.front.take(Overrun(3)))

    def hears_of_ours(self) -> None:
        """What the client says itself."""
        if self.connected:
            number = len(self.log)
            event = said(f"m{number}", number, "alice")
            self._give(self.front.take(Queued(number, "#lobby", event.text)))
            stored = Stored("#lobby", event.text, event.msgid, event.time, id=number)
            self._give(self.front.take(stored))
            self._hear(event)

    def answers(self) -> None:
        """The oldest question."""
        if self.questions:
            asked = self.questions.popleft()
            page = self._page(asked)
            marks = (_mark(page[0]), _mark(page[-1])) if page else None
            self._give(self.front.take(RangeTold(asked, tuple(page), marks=marks)))

    def wants(self, what: str, number: int) -> None:
        """The person scrolls or jumps."""
        mark = f"msgid=m{number % max(1, len(self.log))}"
        actions = {
            "older": lambda: self.front.older("#lobby"),
            "newer": lambda: self.front.newer("#lobby"),
            "newest": lambda: self.front.newest("#lobby"),
            "jump": lambda: self.front.jump("#lobby", mark) if self.log else [],
        }[what]()
        self._give(actions)

    def _hear(self, event: Said | TopicIs) -> None:
        self.log.append(event)
        if self.connected:
            self._give(self.front.take(event))

    def _give(self, actions: list[Action]) -> None:
        self.questions += [one for one in actions if isinstance(one, AskRange)]

    def _page(self, asked: AskRange) -> list[Said | TopicIs]:
        command, *params = asked.params
        if command == "TARGETS":
            return []
        at = next((n for n, one in enumerate(self.log) if _mark(one) == params[1]), None)
        size = PAGE
        if command == "LATEST":
            return self.log[(0 if at is None else at + 1) :][-size:]
        assert at is not None, f"asked by a mark that was never told: {asked}"
        if command == "BEFORE":
            return self.log[max(0, at - size) : at]
        if command == "AFTER":
            return self.log[at + 1 :][:size]
        return self.log[max(0, at - size // 2) :][:size]


def _text(event: Said | TopicIs) -> str:
    return event.text if isinstance(event, Said) else event.topic


def _mark(event: Said | TopicIs) -> str:
    return f"msgid={_text(event)}"


def _next(log: list[Said | TopicIs], count: int) -> range:
    return range(len(log), len(log) + count)


def window(server: Server) -> list[str]:
    """What is in the window, but messages that wait to be stored."""
    timeline = server.front.timeline("#lobby")
    found = []
    for item in timeline:
        if isinstance(item, Message) and item.delivery is Delivery.STORED:
            found.append(item.text)
        elif isinstance(item, Note) and isinstance(item.event, TopicIs):
            found.append(item.event.topic)
    return found


STEPS = st.one_of(
    st.just(("says", 1)),
    st.tuples(st.just("says"), st.integers(90, 210)),
    st.sampled_from([("ours", 1), ("topic", 1)]),
    st.tuples(st.sampled_from(["loses", "connects", "overruns"]), st.just(1)),
    st.tuples(st.just("answers"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["older", "newer", "newest", "jump"]), st.integers(0, 900)),
)


@settings(max_examples=80, deadline=None)
@given(before=st.sampled_from([0, 1, 99, 100, 101, 420]), steps=st.lists(STEPS, max_size=25))
def test_the_window_is_a_piece_of_the_log(before: int, steps: list[tuple[str, int]]) -> None:
    """In its order, each message once, nothing left out; and once all questions are answered it
    ends with what was said last, if it says so.
    """
    server = Server(before)
    for what, number in steps:
        if what in ("says", "answers", "ours", "topic"):
            step = {
                "says": server.says,
                "answers": server.answers,
                "ours": server.hears_of_ours,
                "topic": server.names_a_topic,
            }
            for _ in range(number):
                step[what]()
        elif what in ("loses", "connects", "overruns"):
            {"loses": server.loses, "connects": server.connects, "overruns": server.overruns}[
                what
            ]()
        else:
            server.wants(what, number)
        check(server)
    server.connects()
    while server.questions:
        server.answers()
    check(server)
    timeline = server.front.timeline("#lobby")
    if timeline.at_end and server.log:
        assert window(server)[-1:] == [_text(server.log[-1])]


def check(server: Server) -> None:
    """The window is a slice of the log."""
    shown = window(server)
    numbers = [int(text[1:]) for text in shown]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    assert len(server.front.timeline("#lobby")) <= LIMIT + LIMIT // 10
