"""What was typed and is not yet known to be stored: Deliveries."""

from __future__ import annotations

from securechat.client.session.actions import Say, ServerCommand, TextKind
from securechat.client.session.deliveries import (
    MAX_WAITING,
    PATIENCE,
    WINDOW,
    Deliveries,
    Outgoing,
    text_lines,
    text_space,
)
from securechat.client.session.events.deliveries import Doubt
from securechat.client.session.session import command_line

PREFIX = "alice!alice@irc.test"


def sent(deliveries: Deliveries, now: float = 0.0) -> list[str]:
    """Everything that may be sent now, as it goes over the wire."""
    wires = []
    while (item := deliveries.next(PREFIX, now)) is not None:
        wires.append(item.wire if isinstance(item, Outgoing) else command_line(item))
    return wires


def typed(*texts: str, target: str = "#lobby") -> Deliveries:
    deliveries = Deliveries()
    for text in texts:
        deliveries.put(Say(target, text))
    return deliveries


def test_an_echo_confirms_the_oldest_message_of_that_text() -> None:
    """Once for each echo; the channel's name may come back in another case."""
    deliveries = typed("hi", "hi")
    assert sent(deliveries) == ["hi", "hi"]
    assert deliveries.confirm("PRIVMSG", "#Lobby", "hi", 1.0) is not None
    assert not deliveries.settled
    assert deliveries.confirm("PRIVMSG", "#lobby", "hi", 1.0) is not None
    assert deliveries.settled
    assert deliveries.confirm("PRIVMSG", "#lobby", "hi", 1.0) is None


def test_another_text_target_or_command_confirms_nothing() -> None:
    """All three must be those of the message."""
    deliveries = typed("hi")
    sent(deliveries)
    assert deliveries.confirm("PRIVMSG", "#lobby", "ho", 1.0) is None
    assert deliveries.confirm("PRIVMSG", "#den", "hi", 1.0) is None
    assert deliveries.confirm("NOTICE", "#lobby", "hi", 1.0) is None


def test_an_action_travels_in_its_wrapping() -> None:
    """And is confirmed in it."""
    deliveries = Deliveries()
    deliveries.put(Say("#lobby", "waves", TextKind.ACTION))
    assert sent(deliveries) == ["\x01ACTION waves\x01"]
    assert deliveries.confirm("PRIVMSG", "#lobby", "\x01ACTION waves\x01", 1.0) is not None


def test_a_long_text_becomes_several_messages_in_its_place() -> None:
    """Before what was typed after it, and each whole when the server relays it."""
    text = " ".join(["word"] * 300)
    *parts, last = sent(typed(text, "next"))
    assert last == "next"
    assert " ".join(parts) == text
    head = len(f":{PREFIX} PRIVMSG #lobby :")
    assert all(head + len(part.encode()) <= 510 for part in parts)


def test_a_long_action_leaves_room_for_its_wrapping() -> None:
    """Each part is an action of its own."""
    deliveries = Deliveries()
    deliveries.put(Say("#lobby", "x" * 1000, TextKind.ACTION))
    head = len(f":{PREFIX} PRIVMSG #lobby :")
    parts = sent(deliveries)
    assert max(head + len(part) for part in parts) == 510
    assert all(part.startswith("\x01ACTION ") and part.endswith("\x01") for part in parts)


def test_the_window_waits_for_echoes() -> None:
    """No more than WINDOW messages are on their way; an echo lets the next one go."""
    deliveries = typed(*map(str, range(WINDOW + 2)))
    assert len(sent(deliveries)) == WINDOW
    deliveries.confirm("PRIVMSG", "#lobby", "0", 1.0)
    assert sent(deliveries) == [str(WINDOW)]


def test_commands_keep_their_place_among_messages() -> None:
    """/join and then a word to the channel, typed while offline, happen in that order."""
    deliveries = Deliveries()
    deliveries.put(ServerCommand("JOIN", ("#den",)))
    deliveries.put(Say("#den", "hello"))
    assert sent(deliveries) == ["JOIN #den", "hello"]


def test_what_the_replay_contains_is_not_sent_again() -> None:
    """Of two messages cut off, one was stored: only the other one goes out again, and first."""
    deliveries = typed("stored", "lost")
    sent(deliveries)
    assert [held.text for held in deliveries.cut_off()] == ["stored", "lost"]
    deliveries.put(Say("#lobby", "typed later"))
    deliveries.confirm("PRIVMSG", "#lobby", "stored", 5.0)
    assert [held.text for held in deliveries.resume()] == ["lost"]
    assert sent(deliveries) == ["lost", "typed later"]


def test_uncertainty_survives_a_second_loss() -> None:
    """Nothing is forgotten when the new connection fails before its replay."""
    deliveries = typed("one")
    sent(deliveries)
    deliveries.cut_off()
    assert deliveries.cut_off() == []
    assert [held.text for held in deliveries.resume()] == ["one"]


def test_a_refusal_takes_the_oldest_message_to_that_target() -> None:
    """Or the oldest of all when no target is named."""
    deliveries = typed("one")
    deliveries.put(Say("bob", "two"))
    sent(deliveries)
    refused = deliveries.refuse(["BOB"], 1.0)
    assert refused is not None
    assert refused.text == "two"
    refused = deliveries.refuse(None, 1.0)
    assert refused is not None
    assert refused.text == "one"
    assert deliveries.refuse(None, 1.0) is None


def test_silence_is_told_once() -> None:
    """PATIENCE seconds after the sending, and then no more."""
    deliveries = typed("one")
    sent(deliveries, now=10.0)
    assert deliveries.next_deadline() == 10.0 + PATIENCE
    assert deliveries.overdue(10.0 + PATIENCE - 1) == []
    assert [held.text for held in deliveries.overdue(10.0 + PATIENCE)] == ["one"]
    assert deliveries.overdue(1000.0) == []
    assert deliveries.next_deadline() is None


def test_a_slow_server_is_not_a_silent_one() -> None:
    """While echoes come, the clock of the others starts anew."""
    deliveries = typed("one", "two")
    sent(deliveries, now=0.0)
    deliveries.confirm("PRIVMSG", "#lobby", "one", 20.0)
    assert deliveries.next_deadline() == 20.0 + PATIENCE


def test_giving_up_tells_what_is_unsure_and_what_was_never_sent() -> None:
    """Uncertain, pending, waiting: in this order, and nothing is left."""
    deliveries = typed("cut", "later")
    deliveries.next(PREFIX, 0.0)
    deliveries.cut_off()
    assert [(event.text, event.doubt) for event in deliveries.give_up()] == [
        ("cut", Doubt.UNKNOWN),
        ("later", Doubt.UNSENT),
    ]
    assert deliveries.settled


def test_the_queue_is_bounded() -> None:
    """full says when to stop."""
    deliveries = typed(*["x"] * (MAX_WAITING - 1))
    assert not deliveries.full
    deliveries.put(Say("#lobby", "y"))
    assert deliveries.full


def test_the_space_for_text_leaves_a_relayed_line_whole() -> None:
    """Prefix, command, target and text together come to 510 bytes."""
    space = text_space("alice!alice@irc.test", "PRIVMSG", "#lobby")
    line = ":alice!alice@irc.test PRIVMSG #lobby :" + "x" * space
    assert len(line.encode()) == 510


def test_lines_of_a_text() -> None:
    """Each kind of line end counts; what is empty or can't be sent is left out."""
    assert text_lines("one\r\n\n  \ntwo\rthr\0ee") == ["one", "two", "three"]


def test_a_unicode_line_separator_is_no_line_end() -> None:
    """It travels as any other character."""
    assert text_lines("one\u2028two") == ["one\u2028two"]
