"""A stranger wants to be taken for a member: the same name in another spelling, or one that the eye
can't tell from it. A channel is imitated in the same ways.

Unicode TR 36 and TR 39 describe the tricks; RFC 8264, 8265 and 5893 the rules that stop most.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securechat.core.auth import throttle
from tests.support.client import codes, of
from tests.support.rules import RulesUnderTest, plain

MEMBERS = ["alice", "José", "Пётр", "李雷", "bob-2", "דנה"]
CHANNELS = ["#den", "#café", "#Кухня", "#a_b", "#🎉party"]

INVISIBLE = [
    *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u200b\u200c\u200d\u200e\u200f",
    *"\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2064\u2066\u2067\u2068\u2069\u206a\u206f",
    *"\u2800\u3164\ufe00\ufe0e\ufe0f\ufeff\uffa0\ufff9\ufffb\U000e0001\U000e0041\U000e0100",
]
SPACES = [*"\u00a0\u1680\u2000\u2007\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u0085\t\x0b\x1f"]
CONTROLS = [*"\x01\x02\x03\x07\x08\x0f\x16\x1b\x1d\x7f\x80\x9b\x9d"]
DOTS = [".", "..", "\u2024", "\u3002", "\uff0e", "\uff61", "\u06d4"]
SUBSTITUTES = str.maketrans(
    {
        "a": "\u0430",  # Cyrillic
        "e": "\u0435",
        "o": "\u043e",
        "c": "\u0441",
        "i": "\u0456",
        "l": "\u04cf",  # the small palochka
        "b": "\u0184",  # the tone six
        "s": "\u0455",
        "n": "\u0578",  # Armenian
        "d": "\u0501",
        "т": "t",
        "р": "p",
        "К": "K",
    }
)


def widened(name: str) -> str:
    """In the full width forms, which a terminal shows twice as wide, and folding makes equal."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)


def mathematical(name: str) -> str:
    """In the bold letters of mathematics."""
    return "".join(chr(0x1D41A + ord(c) - ord("a")) if "a" <= c <= "z" else c for c in name)


def circled(name: str) -> str:
    return "".join(chr(0x24D0 + ord(c) - ord("a")) if "a" <= c <= "z" else c for c in name)


def forms(name: str) -> Iterator[str]:
    """The same text in Unicode's normalisation forms, and in other letters."""
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        yield unicodedata.normalize(form, name)
    yield from (name.upper(), name.lower(), name.title(), name.swapcase(), name.casefold())
    yield from (widened(name), mathematical(name), circled(name), name.translate(SUBSTITUTES))
    yield from (widened(name[:1]) + name[1:], name[:1] + name[1:].translate(SUBSTITUTES))


def insertions(name: str, inserted: list[str]) -> Iterator[str]:
    """name with something at its beginning, in its middle, and at its end."""
    for char in inserted:
        for at in (0, 1, len(name) // 2 + 1, len(name)):
            yield name[:at] + char + name[at:]


def confusable(name: str) -> Iterator[str]:
    """Letters and digits that are drawn alike in many fonts."""
    for one, other in (("l", "1"), ("l", "I"), ("o", "0"), ("m", "rn"), ("i", "i\u0307")):
        if one in name:
            yield name.replace(one, other)
    yield name.replace("i", "\u0131\u0307")
    yield from (name + "\u0307\u0307", name + "\u20dd", name + "\u0307" * 5)


def disguises(name: str, sign: str = "") -> list[str]:
    """All tricks with a name, its sign (#) left in front."""
    bare = name.removeprefix(sign)
    tricks: list[Iterator[str]] = [
        forms(bare),
        *(insertions(bare, chars) for chars in (INVISIBLE, SPACES, CONTROLS)),
        (bare + dot for dot in DOTS),
    ]
    return list(dict.fromkeys(sign + made for trick in tricks for made in trick))


# --- accounts -------------------------------------------------------------------------------------


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> RulesUnderTest:
    """Everybody may register, and a wrong guess costs no wait."""
    monkeypatch.setattr(throttle, "FREE", throttle.MAX_LEVEL)
    return RulesUnderTest(*MEMBERS, registration="open", max_login_failures=10_000)


def tries(rules: RulesUnderTest, *lines: str) -> list[str]:
    """What a new stranger hears; then he is gone."""
    person = rules.connect()
    heard = person.says(*lines)
    heard += person.hears()
    person.hangs_up()
    return heard


def registers(rules: RulesUnderTest, name: str) -> None:
    tries(rules, f"NICK {name}", "REGISTER * * :right", f"NICK :{name}", "REGISTER * * :right")


@pytest.mark.parametrize("name", MEMBERS)
def test_a_name_in_disguise_can_t_be_registered(rules: RulesUnderTest, name: str) -> None:
    """Case, width, normal forms, other alphabets, invisible letters, spaces, trailing dots."""
    before = set(rules.model.by_name)
    for disguise in disguises(name):
        registers(rules, disguise)
        assert set(rules.model.by_name) == before, ascii(disguise)


@pytest.mark.parametrize("name", ["alice", "william", "moor"])
def test_a_name_that_fonts_draw_alike_can_t_be_registered(name: str) -> None:
    """1 and l, 0 and o, rn and m; a dot on an i, two dots on one letter, a ring around it."""
    rules = RulesUnderTest(name, registration="open")
    for disguise in confusable(name):
        registers(rules, disguise)
        assert set(rules.model.by_name) == {name}, ascii(disguise)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_password_opens_no_other_account_however_the_name_is_spelt(
    rules: RulesUnderTest, name: str
) -> None:
    """A login with a disguise is a login as the member whose password it is, or none."""
    for disguise in disguises(name):
        heard = tries(rules, "CAP REQ :sasl", "AUTHENTICATE PLAIN", sasl(disguise))
        granted = [message.params[2] for message in of(heard, "900")]
        assert granted in ([], [name]), ascii(disguise)
        assert bool(granted) != bool(of(heard, "904"))


def sasl(name: str) -> str:
    return f"AUTHENTICATE {plain(name)}"


@pytest.mark.parametrize("name", MEMBERS)
def test_the_welcome_names_the_account_and_not_what_was_typed(
    rules: RulesUnderTest, name: str
) -> None:
    """Whatever NICK was, before the login or between it and the welcome."""
    for disguise in disguises(name)[::7]:
        rules.passes(1)  # or it logs in too often
        heard = tries(
            rules,
            *("CAP REQ :sasl", f"NICK :{disguise}", "USER x 0 * :x"),
            *("AUTHENTICATE PLAIN", sasl(name), f"NICK :{disguise}", "NICK zelda", "CAP END"),
            *(f"NICK :{disguise}", f"PRIVMSG :{name} me"),
        )
        assert [message.params[0] for message in of(heard, "001")] == [name]
        assert {m.nick for m in of(heard, "PRIVMSG", "JOIN", "NICK")} <= {name}
        assert not of(heard, "NICK")


HOSTILE = st.text("aliceALICE.\u0430\u200b\u202e\u0307\u00a0\uff41-_ \x1f", min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(HOSTILE)
def test_what_is_left_without_the_invisible_is_nobody_elses_name(text: str) -> None:
    """Registered names, as a person would type them after reading them, are all different."""
    rules = RulesUnderTest("alice", registration="open")
    registers(rules, text)
    read = [_as_read(account.name) for account in rules.model.accounts.values()]
    assert len(set(read)) == len(read), ascii(text)


def _as_read(name: str) -> str:
    seen = (c for c in name if unicodedata.category(c)[0] not in "CZ" and c != ".")
    return unicodedata.normalize("NFKC", "".join(seen)).casefold()


# --- channels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_can_t_be_imitated(name: str) -> None:
    """JOIN with a disguise leads into the channel itself, where its bans hold, or nowhere."""
    rules = RulesUnderTest("alice", "mallory", max_channels=10_000)
    alice, mallory = rules.member("alice"), rules.member("mallory")
    alice.says(f"JOIN {name}", f"MODE {name} +b mallory!*@*")
    for disguise in disguises(name, "#"):
        mallory.says(f"JOIN {disguise}", f"JOIN :{disguise}", f"PRIVMSG {disguise} :psst")
        [channel] = rules.model.channels.values()
        assert [member.name for member in channel.members] == ["alice"], ascii(disguise)
    assert "PRIVMSG" not in codes(alice.hears())


@pytest.mark.parametrize("trick", [str.upper, widened, mathematical, circled])
def test_a_channel_has_one_name_for_all_commands(trick: Callable[[str], str]) -> None:
    """Another spelling of the name leads into the same channel, and is kept out of it too."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("JOIN #den")
    bob.says(f"JOIN #{trick('den')}")
    assert len(rules.model.channels) == 1
    bob.says(f"PRIVMSG #{trick('den')} :hi", f"TOPIC #{trick('den')} :mine", f"KICK #DEN {'ALICE'}")
    heard = alice.hears()
    assert [m.params for m in of(heard, "PRIVMSG")] == [["#den", "hi"]]
    assert not of(heard, "TOPIC", "KICK")
