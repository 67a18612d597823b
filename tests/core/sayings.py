"""Commands at random for the properties: everything that stores something, and what only asks."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.support.client import Client
from tests.support.rules import RulesUnderTest

NAMES = ("alice", "bob", "carol", "boss")
CHANNELS = ("#a", "#b", "#c")

channels = st.sampled_from(CHANNELS)
names = st.sampled_from([*NAMES, "dave", "nobody"])
texts = st.sampled_from(["", "x", "hello all"])
modes = st.sampled_from(
    [
        "+i",
        "-i",
        "+m",
        "-nt",
        "+s",
        "+k key",
        "-k x",
        "+l 2",
        "-l",
        "+b bob",
        "-b bob",
        "+b *@x",
        "+o bob",
        "+v carol",
        "+q bob",
        "-o bob",
        "-q alice",
        "+qov carol bob alice",
        "+ikb-t key dave",
    ]
)

storing = st.one_of(
    st.builds("JOIN {}".format, channels),
    st.builds("JOIN {},{} key,key".format, channels, channels),
    st.builds("PART {} :{}".format, channels, texts),
    st.builds("KICK {} {},{}".format, channels, names, names),
    st.builds("INVITE {} {}".format, names, channels),
    st.builds("TOPIC {} :{}".format, channels, texts),
    st.builds("MODE {} {}".format, channels, modes),
    st.builds("PRIVMSG {},{} :hi".format, channels, names),
    st.builds("NOTICE {} :{}".format, names, texts),
    st.builds("@+react=x TAGMSG {}".format, channels),
    st.builds("REDACT {} test-{:x}".format, channels, st.integers(1, 30)),
    st.builds("SETNAME :{}".format, texts),
    st.builds("METADATA {} SET url :{}".format, st.one_of(channels, st.just("*")), texts),
)
"""Lines each of which stores something, or is refused."""

asking = st.one_of(
    st.builds("NAMES {}".format, channels),
    st.builds("TOPIC {}".format, channels),
    st.builds("MODE {}".format, channels),
    st.builds("WHOIS {}".format, names),
    st.sampled_from(["LIST", "WHO *", "LUSERS", "PING x", "CAP LIST", "AWAY :x", "AWAY"]),
)
"""Lines that store nothing."""

speakers = st.integers(0, len(NAMES))
"""An index into the people of company()."""

turns = st.lists(st.lists(st.tuples(speakers, storing), min_size=1, max_size=5), max_size=8)


def company() -> tuple[RulesUnderTest, list[Client]]:
    """Four people, the first with two sessions; dave is offline, boss administers the server."""
    rules = RulesUnderTest("alice", "bob", "carol", "dave", lobby="#lobby")
    rules.add("boss", admin=True)
    people = [rules.member(name, caps="message-tags") for name in (*NAMES, "alice")]
    for person in people:
        person.hears()
    return rules, people


def talk(rules: RulesUnderTest, people: list[Client], said: list[tuple[int, str]]) -> None:
    """Everything in one turn."""
    with rules.turn() as turn:
        for number, line in said:
            person = people[number]
            rules.rules.line(turn, person.session, line.encode())
