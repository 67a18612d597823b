"""CAP where it is long: nothing is granted that the client isn't told."""

from __future__ import annotations

import unicodedata

import pytest

from securechat.irc import capabilities
from tests.support.client import codes, of, only
from tests.support.rules import RulesUnderTest

LONG_NAMES = {"name": "s" * 63}


@pytest.mark.parametrize("count", [1, 41, 50, 59, 61, 62, 72, 73, 83])
@pytest.mark.parametrize("nick", ["", "я" * 32])
def test_what_is_granted_stands_in_the_answer(count: int, nick: str) -> None:
    """The ACK is what was asked, whole; if that doesn't fit into a line nothing is granted."""
    person = RulesUnderTest(**LONG_NAMES).connect()
    person.says(f"NICK {nick}" if nick else "PING x")
    asked = " ".join(["batch"] * count)
    message = only(person.says(f"CAP REQ :{asked}"))
    granted = message.params[1] == "ACK"
    head = f":{LONG_NAMES['name']} CAP {nick or '*'} ACK :"
    assert granted == (len(f"{head}{asked}".encode()) <= 510)
    assert not granted or message.params[2] == asked
    assert person.session.has(capabilities.BATCH) == granted


def test_a_request_without_its_colon_is_whole() -> None:
    """No word of it is passed over."""
    person = RulesUnderTest().connect()
    assert only(person.says("CAP REQ batch echo-message")).params[1:] == [
        "ACK",
        "batch echo-message",
    ]
    assert only(person.says("CAP REQ batch unknown")).params[1] == "NAK"


@pytest.mark.parametrize("version", ["302", ""])
def test_long_lists_take_several_lines(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the last have a '*', for those who know of it (version 302). The others get one line,
    and in it as many of the first as it holds.
    """
    many = {f"example.org/a-rather-long-name-{number}": 1 << number for number in range(30)}
    monkeypatch.setattr("securechat.irc.capabilities.NAMES", many)
    person = RulesUnderTest(**LONG_NAMES).connect()
    person.says("NICK " + "я" * 32)
    listed = person.says(f"CAP LS {version}")
    person.session.set_caps(2**30 - 1)
    for heard in (listed, person.says("CAP LIST")):
        *firsts, last = of(heard, "CAP")
        assert bool(firsts) == bool(version)
        assert [line.params[2:-1] for line in firsts] == [["*"]] * len(firsts)
        assert len(last.params) == 3
        found = " ".join(line.params[-1] for line in (*firsts, last)).split()
        assert found == (list(many) if version else list(many)[: len(found)])
        if not version:
            one_more = " ".join(list(many)[: len(found) + 1])
            assert len(f":{last.source} CAP {' '.join(last.params[:2])} :{one_more}".encode()) > 510


def test_no_spelling_of_a_nick_fills_the_answers() -> None:
    """A name may be sent in more bytes than it has."""
    name = "ệ" * 20
    person = RulesUnderTest().connect()
    assert person.says("NICK " + unicodedata.normalize("NFD", name)) == []
    assert {line.params[0] for line in of(person.says("CAP LS 302"), "CAP")} == {name}
    assert codes(person.says("CAP REQ :batch")) == ["CAP"]
