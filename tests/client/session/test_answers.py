"""Numerics and standard replies: which are shown, which refuse a message."""

from __future__ import annotations

import pytest

from securechat.client.session.events.answers import InquiryAnswer, PersonIs
from securechat.client.session.events.base import ClientEvent, Info, Problem
from securechat.client.session.events.deliveries import Rejected
from tests.client.dialogue import online


def answer(line: str, *said: tuple[str, str]) -> list[ClientEvent]:
    """What is shown when the server answers so, with messages (target, text) on their way."""
    talk = online()
    for target, text in said:
        talk.says(text, target)
    talk.hears(line)
    return talk.shows()


def test_answers_are_shown_without_our_name() -> None:
    """Everything a command asked for."""
    assert answer("372 alice :- Be kind") == [Info("- Be kind")]
    assert answer("301 alice bob :is offline") == [Info("bob is offline")]
    assert answer("671 alice bob :is using a secure connection") == [
        Info("bob is using a secure connection")
    ]


@pytest.mark.parametrize("code", ["002", "251", "366", "376", "422", "900"])
def test_noise_is_not_shown(code: str) -> None:
    """Greetings, counts and ends of lists."""
    assert answer(f"{code} alice :words") == []


def test_errors_are_shown_whole() -> None:
    """With what they are about."""
    assert answer("482 alice #lobby :You're not an operator") == [
        Problem("#lobby You're not an operator")
    ]
    assert answer("433 alice bob :That name is somebody's") == [
        Problem("bob That name is somebody's")
    ]


@pytest.mark.parametrize("code", ["401", "403", "404", "442"])
def test_a_refusal_names_the_message_it_refuses(code: str) -> None:
    """By its target; others on their way stay."""
    shown = answer(f"{code} alice #Den :Cannot send", ("#lobby", "one"), ("#den", "two"))
    assert shown == [Rejected("#den", "two", "Cannot send")]


def test_the_same_numeric_about_something_else_is_an_error() -> None:
    """Such as the answer to /who or /join."""
    assert answer("401 alice nobody :No such nick", ("#lobby", "one")) == [
        Problem("nobody No such nick")
    ]


@pytest.mark.parametrize(
    "line",
    [
        "417 alice :Input line was too long",
        "412 alice :No text to send",
        "400 alice PRIVMSG :It could not be stored",
    ],
)
def test_a_refusal_without_a_target_is_of_the_oldest(line: str) -> None:
    """As answers keep their order."""
    [refused] = answer(line, ("#lobby", "one"), ("#den", "two"))
    assert isinstance(refused, Rejected)
    assert refused.text == "one"


def test_a_refusal_without_a_word() -> None:
    """A server that says nothing but the number refuses all the same, and crashes nobody."""
    assert answer("417", ("#lobby", "one")) == [Rejected("#lobby", "one", "417")]
    assert answer("417") == [Problem("417")]


def test_an_unknown_error_of_another_command() -> None:
    """Refuses no message."""
    assert answer("400 alice TOPIC :It could not be stored", ("#lobby", "one")) == [
        Problem("TOPIC It could not be stored")
    ]


def test_standard_replies() -> None:
    """NOTE informs, WARN and FAIL alert; a FAIL of a message refuses it."""
    assert answer("NOTE * CODE :Good to know") == [Info("Good to know")]
    assert answer("WARN JOIN CODE #x :Take care") == [Problem("Take care")]
    assert answer("FAIL JOIN CODE #x :No") == [Problem("No")]
    said = (("#lobby", "one"), ("#den", "two"))
    assert answer("FAIL PRIVMSG CODE #den :No", *said) == [Rejected("#den", "two", "No")]
    assert answer("FAIL PRIVMSG CODE :No", *said) == [Rejected("#lobby", "one", "No")]


def test_who_as_a_person() -> None:
    """The channel, the real name where it tells something, and whether they are away."""
    assert answer("352 alice #lobby bob irc.test irc.test bob H@ :0 Bob B.") == [
        PersonIs("bob", "Bob B.", "#lobby", away=False)
    ]
    assert answer("352 alice * bob irc.test irc.test bob G :0 bob") == [
        PersonIs("bob", "bob", "", away=True)
    ]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (
            "NOTE TOKEN CREATED laptop sct1_x :Keep it",
            InquiryAnswer("NOTE", "TOKEN", "CREATED", ("laptop", "sct1_x"), "Keep it"),
        ),
        ("NOTE TOTP ENABLED :On", InquiryAnswer("NOTE", "TOTP", "ENABLED", (), "On")),
        (
            "FAIL PASSWD WEAK_PASSWORD :Too short",
            InquiryAnswer("FAIL", "PASSWD", "WEAK_PASSWORD", (), "Too short"),
        ),
        (
            "421 alice TOKEN :Unknown command",
            InquiryAnswer("FAIL", "TOKEN", "421", (), "Unknown command"),
        ),
        ("400 alice PASSWD :Not stored", InquiryAnswer("FAIL", "PASSWD", "400", (), "Not stored")),
        ("263 alice TOTP :Try again", InquiryAnswer("FAIL", "TOTP", "263", (), "Try again")),
    ],
)
def test_answers_that_somebody_waits_for(line: str, reply: InquiryAnswer) -> None:
    """Those to TOKEN, TOTP and PASSWD come whole; what may be secret in them is in no repr."""
    assert answer(line) == [reply]
    assert "sct1_x" not in repr(reply)


@pytest.mark.parametrize("line", ["FAIL TOKEN :Short", "421 alice WHAT :Unknown", "421 TOKEN"])
def test_answers_that_nobody_waits_for(line: str) -> None:
    """Are shown as any other."""
    [shown] = answer(line)
    assert isinstance(shown, Problem)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("421 alice POLICY :Unknown command", "it has no POLICY"),
        ("461 alice POLICY :Not enough parameters", "of channels only"),
    ],
)
def test_what_an_older_server_cannot_tell(line: str, text: str) -> None:
    """Is told in our own words."""
    talk = online()
    talk.hears(line)
    [problem] = talk.shows()
    assert isinstance(problem, Problem)
    assert text in problem.text
    assert not problem.remote
