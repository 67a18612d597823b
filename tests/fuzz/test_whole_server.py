"""A whole server, over TLS, with members and unauthenticated connections that do anything: compared
step by step with a simple model. Who may see what, once, in one order, and the same again after a
restart.

SECURECHAT_TESTS=long tries much more, and other things each time.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.server_and_oracle import MAX_SESSIONS, NAMES, ServerAndOracle
from tests.support.long_form import LONG, times
from tests.support.server import ServerUnderTest, config

CAPS = (
    "echo-message", "znc.in/self-message", "message-tags", "batch", "account-tag", "extended-join",
    "away-notify",
)  # fmt: skip

GARBAGE = (
    b"", b"PRIVMSG", b"PRIVMSG #a", b"JOIN", b"JOIN #", b"MODE #a +zz!", b"MODE", b"KICK #a",
    b"@a=b", b":x", b"@a=b :x", b"PRIVMSG #a :\xff\xfe", b"NICK \xc3\xa9\xe2\x80\xae", b"CAP REQ",
    b"CAP XX", b"AUTHENTICATE PLAIN", b"USER a b c d", b"PASS x", b"REGISTER * * x", b"WHO", b"12",
    b"PRIVMSG #a :" + b"x" * 9000, b"@" + b"t" * 5000 + b" PRIVMSG #a :x", b"TOPIC", b"INVITE x",
    b"PRIVMSG ,,, :x", b"PRIVMSG #a\0 :x", b"TAGMSG #a", b"PONG :delivered-",
)  # fmt: skip
"""What changes nothing for anybody, whoever says it."""

number = st.integers(0, MAX_SESSIONS - 1)
"""Which of the sessions there are; counted round."""
name = st.sampled_from(NAMES)
channel = st.sampled_from(("#a", "#b"))
sign, flag, role = st.sampled_from("+-"), st.sampled_from("imn"), st.sampled_from("qov")
ending = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
noise = st.one_of(
    st.sampled_from(GARBAGE),
    st.lists(st.integers(0, 255).filter(lambda byte: not chr(byte).isalpha())).map(bytes),
)
politely = st.booleans()

STEPS: Mapping[str, tuple[int, Mapping[str, st.SearchStrategy[object]]]] = {
    "comes": (3, {"name": name, "caps": st.sets(st.sampled_from(CAPS))}),
    "goes": (2, {"number": number, "politely": politely}),
    "restarts": (1, {}),
    "joins": (6, {"number": number, "channel": channel}),
    "parts": (1, {"number": number, "channel": channel}),
    "kicks": (1, {"number": number, "channel": channel, "name": name}),
    "sets_mode": (2, {"number": number, "channel": channel, "sign": sign, "letter": flag}),
    "sets_role": (
        2,
        {"number": number, "channel": channel, "sign": sign, "letter": role, "name": name},
    ),
    "sets_topic": (1, {"number": number, "channel": channel, "ending": ending}),
    "invites": (1, {"number": number, "channel": channel, "name": name}),
    "says": (8, {"number": number, "to": channel | name | st.just("nobody"), "ending": ending}),
    "all_talk_at_once": (
        3,
        {"channel": channel, "lines": st.lists(number, min_size=2, max_size=12)},
    ),
    "garbage": (1, {"number": number, "lines": st.lists(noise, max_size=8)}),
    "tries_unauthenticated": (
        1,
        {
            "lines": st.lists(noise, max_size=5),
            "channel": channel,
            "name": name,
            "politely": politely,
        },
    ),
}
"""What can happen: a method of ServerAndOracle, how often beside the others, what it is told."""

Step = tuple[str, dict[str, object]]

step = st.one_of(
    *(
        st.tuples(st.just(method), st.fixed_dictionaries(dict(arguments)))
        for method, (weight, arguments) in STEPS.items()
        for _ in range(weight)
    )
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a server with an authority, keys and accounts, to be copied."""
    directory = tmp_path_factory.mktemp("begun") / "data"
    server = ServerUnderTest(directory, config(server={"lobby": ""}))
    server.data.create()
    server.add(*NAMES)
    server.open()
    server.close()
    return directory


@settings(
    max_examples=times(10, 1000),
    derandomize=not LONG,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(step, min_size=times(40, 80), max_size=times(60, 160)))
@pytest.mark.timeout(times(120, 24 * 3600))
def test_it_does_what_its_model_does(begun: Path, steps: Sequence[Step]) -> None:
    """After every step everybody has heard what the model says, and nothing else."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(begun, Path(directory) / "data")
        both = ServerAndOracle(Path(directory) / "data")
        try:
            for method, arguments in steps:
                getattr(both, method)(**arguments)
        finally:
            both.closes()
        both.ends()
