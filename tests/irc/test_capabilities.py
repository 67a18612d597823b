"""Capabilities as bits."""

from __future__ import annotations

from functools import reduce
from operator import or_

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.irc import capabilities as cap

ALL = reduce(or_, cap.NAMES.values())
requests = st.lists(
    st.tuples(st.sampled_from(["", "-"]), st.sampled_from(sorted(cap.NAMES))).map("".join)
)


def test_each_name_has_a_bit_of_its_own() -> None:
    """Two names on one bit would switch each other."""
    assert all(bit.bit_count() == 1 for bit in cap.NAMES.values())
    assert ALL.bit_count() == len(cap.NAMES)


@pytest.mark.parametrize("name", sorted(cap.NAMES))
def test_a_name_may_stand_in_any_cap_list(name: str) -> None:
    """A space would split it, '=' opens a value, '-' removes, ':' ends the parameters."""
    assert name
    assert name[0] not in "-:"
    assert not set(name) & set(" =")


def test_the_constants_are_the_names() -> None:
    """The server's hot path tests the bit that the client asked for by name."""
    without_vendor = {name.rpartition("/")[2]: bit for name, bit in cap.NAMES.items()}
    for name, bit in without_vendor.items():
        constant = {"key": "MESSAGE_KEY"}.get(name, name.replace("-", "_").upper())
        assert getattr(cap, constant) == bit


@pytest.mark.parametrize(
    ("request_line", "answer"),
    [
        ("", (0, 0)),
        ("sasl", (cap.SASL, 0)),
        ("batch server-time", (cap.BATCH | cap.SERVER_TIME, 0)),
        ("-batch", (0, cap.BATCH)),
        ("sasl -batch", (cap.SASL, cap.BATCH)),
        ("batch -batch", (0, cap.BATCH)),
        ("-batch batch", (cap.BATCH, 0)),
        ("draft/account-registration", (cap.ACCOUNT_REGISTRATION, 0)),
    ],
)
def test_a_request_is_read_from_left_to_right(request_line: str, answer: tuple[int, int]) -> None:
    """What is added and what is removed; of a name given twice the last word counts."""
    assert cap.bits(request_line.split()) == answer


@pytest.mark.parametrize(
    "unknown", ["starttls", "SASL", "--sasl", "-", "", "sasl=PLAIN", "account_tag"]
)
def test_one_unknown_name_refuses_the_request_as_a_whole(unknown: str) -> None:
    """CAP REQ is all or nothing; names are case-sensitive and carry no value."""
    assert cap.bits([unknown]) is None
    assert cap.bits(["sasl", unknown, "batch"]) is None


@given(requests)
def test_no_bit_is_both_added_and_removed(names: list[str]) -> None:
    """Whatever is asked for, the answer is plain, and names only what was asked for."""
    answer = cap.bits(names)
    assert answer is not None
    added, removed = answer
    assert added & removed == 0
    assert set(cap.names(added | removed)) == {name.removeprefix("-") for name in names}


@given(st.sets(st.sampled_from(sorted(cap.NAMES))))
def test_names_and_bits_are_each_other_s_opposite(wanted: set[str]) -> None:
    """CAP LIST tells what CAP REQ switched on, always in the same order."""
    answer = cap.bits(sorted(wanted))
    assert answer is not None
    listed = cap.names(answer[0])
    assert set(listed) == wanted
    assert listed == [name for name in cap.names(ALL) if name in wanted]


def test_wire_holds_what_a_client_without_it_must_not_see() -> None:
    """Tags and longer JOINs differ in their bytes; what is only sent or not sent doesn't."""
    assert set(cap.names(cap.WIRE)) == {
        "account-tag",
        "batch",
        "draft/message-redaction",
        "draft/multiline",
        "extended-join",
        "message-tags",
        "server-time",
    }


def test_each_has_a_bit_of_its_own() -> None:
    """None is forgotten in the table, and no two are told apart by nothing."""
    bits = [one.bit for one in cap.CAPABILITIES]
    assert all(bit.bit_count() == 1 for bit in bits)
    assert len(set(bits)) == len(bits) == len(cap.NAMES)
    named = {value for name, value in vars(cap).items() if name.isupper() and type(value) is int}
    assert named - {cap.WIRE} == set(bits)
