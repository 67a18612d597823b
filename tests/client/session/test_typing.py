"""Typing: how often the others are told, and what we are told of them."""

from __future__ import annotations

import pytest

from securechat.client.session import typing as module
from securechat.client.session.actions import Type
from securechat.client.session.events.messages import IsTyping
from securechat.client.session.typing import EVERY, LASTS, Typing
from tests.client.dialogue import ALICE, Talk, online
from tests.client.scripted import OFFER

ACTIVE, DONE = "@+typing=active TAGMSG #lobby", "@+typing=done TAGMSG #lobby"


def types(talk: Talk, *, ended: bool = False, target: str = "#lobby") -> list[str]:
    return talk.does(Type(target, ended))


def test_each_key_says_it_and_the_others_hear_it_now_and_then() -> None:
    """Of each conversation, by itself."""
    talk = online()
    assert types(talk) == [ACTIVE]
    assert types(talk, target="#Lobby") == []
    assert types(talk, target="bob") == [ACTIVE.replace("#lobby", "bob")]
    talk.now += EVERY
    assert types(talk) == [ACTIVE]


def test_the_end_is_told_at_once() -> None:
    """Once, and only to who believes that we type."""
    talk = online()
    assert types(talk, ended=True) == []
    types(talk)
    assert types(talk, ended=True) == [DONE]
    assert types(talk, ended=True) == []
    assert types(talk) == []
    talk.now += EVERY
    types(talk)
    talk.now += LASTS
    assert types(talk, ended=True) == []


def test_what_we_have_said_ends_it() -> None:
    """By itself; while it is on its way nothing else is in its way."""
    talk = online()
    types(talk)
    talk.says("hello")
    assert types(talk, ended=True) == []
    talk.now += EVERY
    assert types(talk) == []
    talk.hears(f":{ALICE} PRIVMSG #lobby :hello")
    assert types(talk) == [ACTIVE]


def test_nothing_is_told_without_a_connection_or_tags() -> None:
    """It would come too late, and a server without tags doesn't know what it is."""
    talk = online(offer=OFFER.replace("message-tags", ""))
    assert types(talk) == []
    talk = online()
    types(talk)
    talk.loses()
    talk.now += EVERY
    assert types(talk) == []


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("+typing=active", IsTyping("#lobby", "bob")),
        ("+draft/typing=paused", IsTyping("#lobby", "bob", paused=True)),
        ("+typing=done", IsTyping("#lobby", "bob", ended=True)),
        ("+typing=singing", IsTyping("#lobby", "bob", ended=True)),
    ],
)
def test_who_else_types(tag: str, told: IsTyping) -> None:
    """Also by the tag's earlier name; what isn't known ends it."""
    talk = online()
    talk.hears(f"@{tag} :bob!b@h TAGMSG #lobby", f"@{tag} :{ALICE} TAGMSG #lobby")
    assert talk.shows() == [told]


def test_there_is_an_end_to_what_is_remembered() -> None:
    """The conversation in which we have typed longest ago is forgotten."""
    typing = Typing()
    typing.restart(on=True)
    for number in range(module.MAX_KNOWN + 1):
        assert typing.may(Type(f"#{number}"), 0.0, busy=False)
    assert typing.may(Type("#0"), 0.0, busy=False)
    assert not typing.may(Type("#2"), 0.0, busy=False)
