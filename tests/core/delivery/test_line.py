"""One message, encoded for each set of capabilities."""

from __future__ import annotations

from itertools import combinations

import pytest

from securechat.core.delivery.line import Line, MessageId, iso_time
from securechat.irc import capabilities as caps

FULL = {
    "msgid": MessageId("m", 1),
    "account": "alice",
    "client_tags": "+x=y",
    "batch": "b0",
    "extended": ":a JOIN #d alice :Alice",
}


def line(**options: object) -> Line:
    return Line(":a JOIN #d", 1_700_000_000_123, **{**FULL, **options})  # type: ignore[arg-type]


def test_a_bare_client_gets_the_body() -> None:
    """Nothing that it didn't ask for."""
    assert line().encode(0) == b":a JOIN #d\r\n"


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        (caps.SERVER_TIME, b"@time=2023-11-14T22:13:20.123Z :a JOIN #d\r\n"),
        (caps.MESSAGE_TAGS, b"@msgid=m-1;+x=y :a JOIN #d\r\n"),
        (caps.ACCOUNT_TAG, b"@account=alice :a JOIN #d\r\n"),
        (caps.BATCH, b"@batch=b0 :a JOIN #d\r\n"),
        (caps.EXTENDED_JOIN, b":a JOIN #d alice :Alice\r\n"),
    ],
)
def test_each_capability_adds_its_own(cap: int, expected: bytes) -> None:
    """And nothing else."""
    assert line().encode(cap) == expected


def test_the_server_s_tags_come_first() -> None:
    """Client-only tags can't push them out of a limit."""
    everything = line().encode(caps.WIRE)
    assert everything == (
        b"@time=2023-11-14T22:13:20.123Z;msgid=m-1;account=alice;batch=b0;+x=y "
        b":a JOIN #d alice :Alice\r\n"
    )


def test_what_is_not_there_is_not_sent() -> None:
    """No empty tag."""
    bare = Line(":s NOTICE a :b", 0)
    assert bare.encode(caps.WIRE & ~caps.SERVER_TIME) == b":s NOTICE a :b\r\n"


def test_what_a_client_can_not_read_is_not_sent_to_it() -> None:
    """requires: all of its capabilities, or nothing."""
    tagged = Line(":a TAGMSG #d", 0, client_tags="+x", requires=caps.MESSAGE_TAGS)
    assert tagged.encode(caps.SERVER_TIME | caps.BATCH) == b""
    assert tagged.encode(caps.MESSAGE_TAGS) == b"@+x :a TAGMSG #d\r\n"


def test_it_is_encoded_once() -> None:
    """Capabilities that don't change the bytes share them."""
    shared = line()
    first = shared.encode(caps.SERVER_TIME)
    assert shared.encode(caps.SERVER_TIME | caps.ECHO_MESSAGE | caps.SASL) is first


def test_every_variant_is_its_own() -> None:
    """All 32 of them differ; what else is on the wire changes other lines than such a one."""
    bits = [caps.ACCOUNT_TAG, caps.MESSAGE_TAGS, caps.SERVER_TIME, caps.BATCH, caps.EXTENDED_JOIN]
    assert sum(bits) | caps.MULTILINE | caps.MESSAGE_REDACTION == caps.WIRE
    shared = line()
    variants = {shared.encode(sum(some)) for size in range(6) for some in combinations(bits, size)}
    assert len(variants) == 32


def test_times() -> None:
    """Milliseconds, also when the second stays, goes on, or goes back."""
    assert [iso_time(ms)[-7:] for ms in (0, 7, 999, 1000, 61_001, 999)] == [
        "00.000Z",
        "00.007Z",
        "00.999Z",
        "01.000Z",
        "01.001Z",
        "00.999Z",
    ]
    assert iso_time(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"
