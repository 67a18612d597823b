"""https://ircv3.net/specs/extensions/extended-isupport"""

from __future__ import annotations

from securechat.irc.message import parse
from tests.support.client import Client, batched, codes
from tests.support.rules import RulesUnderTest

CAPS = "batch draft/extended-isupport"


def introduced(caps: str = CAPS) -> Client:
    person = RulesUnderTest("alice").connect()
    person.says(f"CAP REQ :{caps}")
    return person


def check_batch(heard: list[str]) -> None:
    """One draft/isupport batch, with 005 in it and nothing else."""
    assert {line.command for line in batched(heard, "draft/isupport")} == {"005"}


def test_before_the_connection_is_registered() -> None:
    """Section "`draft/extended-isupport` capability": it must be accepted before CAP END, and a
    nick isn't needed.
    """
    person = introduced()
    check_batch(heard := person.says("ISUPPORT"))
    assert parse(heard[1]).params[0] == "*"
    assert any("NETWORK=" in line for line in heard)


def test_where_the_nodes_are_is_not_for_strangers() -> None:
    """`securechat/ADDRESSES` comes with the login, however one asks before it."""
    rules = RulesUnderTest("alice", addresses=("a.example", "b.example"))
    person = rules.connect()
    heard = person.says(
        f"CAP REQ :{CAPS} sasl", "ISUPPORT", "NICK alice", "USER a 0 * :A", "ISUPPORT"
    )
    assert "ADDRESSES" not in " ".join(heard)
    assert any("securechat/ADDRESSES=" in line for line in rules.member("alice").says("ISUPPORT"))


def test_not_of_who_does_not_know_it() -> None:
    """Section "`draft/extended-isupport` capability": by default nothing is told before a login."""
    assert codes(introduced("batch").says("ISUPPORT")) == ["451"]


def test_without_batch_they_come_bare() -> None:
    """Section "`ISUPPORT` command": the batch needs both capabilities."""
    heard = introduced("draft/extended-isupport").says("ISUPPORT")
    assert set(codes(heard)) == {"005"}
    assert not any(line.startswith("@") for line in heard)


def test_after_the_login_everybody_may_ask() -> None:
    """Section "`ISUPPORT` command": the full list, as it came at the login, needs no capability."""
    rules = RulesUnderTest("alice")
    heard = rules.member("alice").says("ISUPPORT")
    assert set(codes(heard)) == {"005"}
    assert heard == [line for line in rules.connect().logs_in("alice") if " 005 " in line]


def test_the_welcome_has_the_batch_too() -> None:
    """Section "`draft/isupport` batch": "MUST NOT send any unbatched" with both capabilities."""
    heard = RulesUnderTest("alice").connect().logs_in("alice", caps=CAPS)
    at = [number for number, line in enumerate(heard) if "BATCH" in line or " 005 " in line]
    check_batch(heard[at[0] : at[-1] + 1])
    assert codes(heard).index("004") < at[0] < at[-1] < codes(heard).index("251")


def test_version_has_the_batch_too() -> None:
    """Section "`draft/isupport` batch": whatever 005 are the answer to."""
    alice = RulesUnderTest("alice").member("alice", caps=CAPS)
    heard = alice.says("VERSION")
    assert codes(heard)[0] == "351"
    check_batch(heard[1:])


def test_a_label_stands_on_the_batch() -> None:
    """labeled-response, section "Batch types": a type applicable to the entire response."""
    person = introduced(CAPS + " labeled-response")
    heard = person.says("@label=x ISUPPORT")
    check_batch(heard)
    assert parse(heard[0]).tags == {"label": "x"}
    assert not any("label" in parse(line).tags for line in heard[1:])


def test_a_batch_within_a_labelled_batch() -> None:
    """batch, section "Nested batch": its start and end refer to the outer one."""
    alice = RulesUnderTest("alice").member("alice", caps=CAPS + " labeled-response")
    first, version, begin, *lines, end, last = map(parse, alice.says("@label=x VERSION"))
    assert (first.tags, first.params[1:]) == ({"label": "x"}, ["labeled-response"])
    outer = {"batch": first.params[0].removeprefix("+")}
    assert [version.tags, begin.tags, end.tags] == [outer] * 3
    assert {line.tags["batch"] for line in lines} == {begin.params[0].removeprefix("+")}
    assert last.params == ["-" + outer["batch"]]
