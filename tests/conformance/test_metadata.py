"""draft/metadata-3: https://github.com/ircv3/ircv3-specifications/pull/613"""

from __future__ import annotations

import pytest

from securechat.core.metadata import MAX_KEY_BYTES, MAX_KEYS, MAX_SUBSCRIPTIONS, value_bytes
from securechat.irc.message import parse
from tests.support.client import SERVER, Client, batched, codes, only
from tests.support.rules import RulesUnderTest, in_channel

CAPS = "draft/metadata-3 batch"
MOST = value_bytes(SERVER)


def two() -> tuple[RulesUnderTest, Client, Client]:
    """alice, who owns #den, and bob in it; both know metadata."""
    rules, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    return rules, alice, bob


def within(heard: list[str], target: str) -> list[list[str]]:
    """What stands in a metadata batch: each line's command and parameters, without the nick."""
    lines = batched(heard, "metadata", target)
    assert all(line.tags == {} for line in lines)
    return [[line.command, *line.params[1:]] for line in lines]


def fails(heard: list[str]) -> list[str]:
    fail = only(heard)
    assert (fail.command, fail.params[0]) == ("FAIL", "METADATA")
    return fail.params[1:-1]


def test_the_capability_tells_the_limits() -> None:
    """Section "`draft/metadata-3` Capability"."""
    heard = " ".join(RulesUnderTest().connect().says("CAP LS 302"))
    limits = f"max-subs={MAX_SUBSCRIPTIONS},max-keys={MAX_KEYS},max-key-bytes={MAX_KEY_BYTES}"
    assert f"draft/metadata-3=before-connect,{limits},max-value-bytes={MOST}" in heard


@pytest.mark.parametrize("target", ["*", "alice", "#den"])
def test_set_get_list_clear(target: str) -> None:
    """Sections "METADATA SET", "GET", "LIST", "CLEAR"."""
    _, alice, bob = two()
    name = target if target != "*" else "alice"
    shown = [name, "url", "*", "https://x.example 💜"]
    line = only(alice.says(f"METADATA {target} SET url :https://x.example 💜"))
    assert (line.command, line.params[1:]) == ("761", shown)
    heard = bob.says(f"METADATA {name} GET avatar url")
    assert within(heard, name) == [["766", name, "avatar", "Key not set"], ["761", *shown]]
    assert within(alice.says(f"METADATA {target} LIST"), name) == [["761", *shown]]
    cleared = within(alice.says(f"METADATA {target} CLEAR"), name)
    assert cleared == [["766", name, "url", "Key not set"]]
    assert within(bob.says(f"METADATA {name} LIST"), name) == []


@pytest.mark.parametrize("removal", ["SET url", "SET url :"])
def test_without_a_value_a_key_is_removed(removal: str) -> None:
    """Section "METADATA SET": also one that was not set, which is no error."""
    _, alice, bob = two()
    alice.says("METADATA * SET url :x")
    for _ in range(2):
        assert only(alice.says(f"METADATA * {removal}")).command == "766"
    assert within(bob.says("METADATA alice LIST"), "alice") == []


def test_it_is_kept() -> None:
    """It is the account's and the channel's: a new session finds it, and a new channel doesn't."""
    rules, alice, bob = two()
    alice.says("METADATA * SET url :x", "METADATA #den SET url :y")
    alice.hangs_up()
    bob.hears()
    assert len(within(bob.says("METADATA alice LIST"), "alice")) == 1
    alice = rules.member("alice", caps=CAPS)
    for person in (alice, bob):
        person.says("PART #den")
    alice.hears()
    assert within(alice.says("JOIN #den", "METADATA #den LIST")[-2:], "#den") == []


def test_what_is_not_ones_own() -> None:
    """Sections "METADATA SET" and "CLEAR": KEY_NO_PERMISSION, and nobody hears of it."""
    _, alice, bob = two()
    alice.says("METADATA * SUB url", "METADATA * SET url :x")
    assert fails(bob.says("METADATA alice SET url :y")) == ["KEY_NO_PERMISSION", "alice", "url"]
    assert fails(bob.says("METADATA #den SET url :y")) == ["KEY_NO_PERMISSION", "#den", "url"]
    assert fails(bob.says("METADATA alice CLEAR")) == ["KEY_NO_PERMISSION", "alice", "*"]
    assert alice.hears() == []


@pytest.mark.parametrize("modes", ["+s", "+i", "+k x"])
@pytest.mark.parametrize("verb", ["GET url", "LIST", "SYNC", "SET url :x", "CLEAR"])
def test_a_closed_channel_shows_nothing_to_others(modes: str, verb: str) -> None:
    """As one that isn't there."""
    rules, alice, _ = two()
    alice.says("METADATA #den SET url :secret", f"MODE #den {modes}")
    rules.add("eve")
    eve = rules.member("eve", caps=CAPS)
    eve.says("METADATA * SUB url")
    expected = [line.replace("#none", "#den") for line in eve.says(f"METADATA #none {verb}")]
    assert eve.says(f"METADATA #den {verb}") == expected
    assert fails(expected)[0] == "INVALID_TARGET"


def test_who_subscribes_is_told() -> None:
    """Section "Notifications": of oneself by another session, of channels, of their members; not
    of what one does, nor of other keys, nor of what one doesn't see.
    """
    rules, alice, bob = two()
    phone = rules.member("alice", caps=CAPS)
    for person in (alice, bob, phone):
        person.says("METADATA * SUB url")
    rules.add("eve")
    eve = rules.member("eve", caps=CAPS)
    eve.says("METADATA * SUB url")
    assert codes(alice.says("METADATA * SET url :x", "METADATA * SET avatar :z")) == ["761", "761"]
    for person in (bob, phone):
        assert only(person.hears()).params[1:] == ["alice", "url", "*", "x"]
    alice.says("METADATA #den SET url :y")
    assert only(bob.hears()).params[1:] == ["#den", "url", "*", "y"]
    alice.says("METADATA #den SET url :y")  # it is so already
    assert bob.hears() == []
    alice.says("METADATA * SET url")
    assert only(bob.hears()).command == "766"
    assert eve.hears() == []
    eve.says("MONITOR + alice")
    alice.says("METADATA * SET url :w")
    assert only(eve.hears()).params[1:] == ["alice", "url", "*", "w"]


def test_subscriptions() -> None:
    """Sections "METADATA SUB", "UNSUB", "SUBS": 774 only for new ones."""
    _, alice, _ = two()
    assert codes(alice.says("METADATA * SUB url avatar url")) == ["770", "774"]
    assert codes(alice.says("METADATA alice SUB url")) == ["770"]
    assert codes(alice.says("METADATA * SUB $x$")) == ["WARN"]
    heard = list(map(parse, alice.says("METADATA * SUBS")))
    assert heard[0].params[1:] == ["metadata-subs"]
    assert heard[1].params[1:] == ["url", "avatar"]
    assert only(alice.says("METADATA * UNSUB url never")).params[1:] == ["url", "never"]
    assert parse(alice.says("METADATA * SUBS")[1]).params[1:] == ["avatar"]
    for verb in ("SUB url", "UNSUB url", "SUBS"):
        assert fails(alice.says(f"METADATA bob {verb}")) == ["INVALID_TARGET", "bob"]
    alice.says("CAP REQ :-batch", "CAP REQ batch")
    assert len(alice.says("METADATA * SUBS")) == 2  # "MUST clear that client's subscription list"


def test_max_subs_is_exact() -> None:
    """Section "METADATA SUB": the first key without a place is told."""
    _, alice, _ = two()
    for number in range(MAX_SUBSCRIPTIONS - 1):
        alice.says(f"METADATA * SUB k{number}")
    assert codes(alice.says("METADATA * SUB last over more")) == ["770", "FAIL", "774"]
    fail = fails(alice.says("METADATA * SUB over"))
    assert fail == ["LIMIT_REACHED", "SUB", "over", str(MAX_SUBSCRIPTIONS)]


def test_max_keys_is_exact() -> None:
    """Section "METADATA SET": LIMIT_REACHED for a new key, not for another value."""
    _, alice, _ = two()
    for number in range(MAX_KEYS):
        assert only(alice.says(f"METADATA * SET k{number} :x")).command == "761"
    fail = fails(alice.says("METADATA * SET over :x"))
    assert fail == ["LIMIT_REACHED", "SET", "alice", str(MAX_KEYS)]
    assert only(alice.says("METADATA * SET k0 :y")).command == "761"


def test_the_bytes_of_keys_and_values_are_exact() -> None:
    """Section "Keys and Values"; a value counts in UTF-8."""
    _, alice, _ = two()
    assert only(alice.says(f"METADATA * SET {'k' * MAX_KEY_BYTES} :x")).command == "761"
    assert fails(alice.says(f"METADATA * SET {'k' * (MAX_KEY_BYTES + 1)} :x"))[0] == "INVALID_KEY"
    assert only(alice.says("METADATA * SET url :" + "x" * MOST)).params[-1] == "x" * MOST
    assert fails(alice.says("METADATA * SET url :" + "x" * (MOST + 1))) == ["INVALID_VALUE", "url"]
    assert fails(alice.says("METADATA * SET url :" + "я" * (MOST // 2 + 1)))[0] == "INVALID_VALUE"
    assert fails(alice.says(b"METADATA * SET url :\xff")) == ["INVALID_UTF8"]


@pytest.mark.parametrize("key", ["$url$", "URL", "é", "a b", ""])
def test_what_is_no_key(key: str) -> None:
    """Section "Keys and Values"."""
    _, alice, _ = two()
    assert fails(alice.says(f"METADATA * SET :{key}"))[0] == "INVALID_KEY"
    assert within(alice.says(f"METADATA * GET :{key}"), "alice")[0][0] == "WARN"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("METADATA", "*"),
        ("METADATA *", "*"),
        ("METADATA #den GET", "GET"),
        ("METADATA #den SNEEZE", "SNEEZE"),
        ("METADATA * LIST x", "LIST"),
        ("METADATA * SET a b c", "SET"),
    ],
)
def test_parameters(line: str, shown: str) -> None:
    """Section "METADATA client command": INVALID_PARAMS with the subcommand."""
    _, alice, _ = two()
    assert fails(alice.says(line)) == ["INVALID_PARAMS", shown]


def test_a_join_brings_what_there_is() -> None:
    """Section "Automatic synchronization": the channel's and its members', as SYNC gives it."""
    rules, alice, _ = two()
    alice.says("METADATA * SET url :x", "METADATA #den SET url :y", "METADATA * SET avatar :z")
    rules.add("carol")
    carol = rules.member("carol", caps=CAPS)
    carol.says("METADATA * SUB url")
    heard = carol.says("JOIN #den")
    batch = heard[codes(heard).index("BATCH") :]
    assert within(batch, "#den") == [
        ["761", "#den", "url", "*", "y"],
        ["761", "alice", "url", "*", "x"],
    ]
    assert carol.says("METADATA #den SYNC") == batch
    everything = carol.says("METADATA *ALL SYNC")
    assert within(everything, "*ALL") == within(batch, "#den")
    plain = rules.member("carol")
    assert "BATCH" not in codes(plain.says("PART #den", "JOIN #den"))


def test_whois_shows_it() -> None:
    """Section "Replies": 760, to who knows it."""
    rules, alice, bob = two()
    alice.says("METADATA * SET url :x")
    shown = [
        line.params[1:] for line in map(parse, bob.says("WHOIS alice")) if "760" in line.command
    ]
    assert shown == [["alice", "url", "*", "x"]]
    assert "760" not in codes(rules.member("bob").says("WHOIS alice"))


def test_before_the_login() -> None:
    """Section "METADATA client command": of oneself, as "*"; it counts once the login is complete,
    and the welcome shows it.
    """
    rules, _, bob = two()
    bob.says("METADATA * SUB url")
    person = rules.connect()
    person.says(f"CAP REQ :{CAPS}")
    assert only(person.says("METADATA * SET url :x")).params == ["*", "*", "url", "*", "x"]
    assert within(person.says("METADATA * GET url"), "*") == [["761", "*", "url", "*", "x"]]
    assert fails(person.says("METADATA alice LIST")) == ["INVALID_TARGET", "alice"]
    assert codes(person.says("METADATA * SUB url")) == ["770"]
    heard = person.logs_in("alice")
    at = codes(heard).index("BATCH")
    assert within(heard[at : at + 3], "alice") == [["761", "alice", "url", "*", "x"]]
    assert at < codes(heard).index("422")
    assert only([line for line in bob.hears() if " 761 " in line]).params[1:3] == ["alice", "url"]
    assert len(within(person.says("METADATA * LIST"), "alice")) == 1


def test_a_stranger_fills_no_memory() -> None:
    """max-keys holds before the login as well, and without the capability nothing is answered."""
    rules = RulesUnderTest("alice")
    person = rules.connect()
    assert codes(person.says("METADATA * SET url :x")) == ["421"]
    person.says(f"CAP REQ :{CAPS}")
    for number in range(MAX_KEYS):
        person.says(f"METADATA * SET k{number} :x")
    assert fails(person.says("METADATA * SET over :x"))[0] == "LIMIT_REACHED"


def test_what_could_not_be_stored_is_not_told() -> None:
    """Stored before seen."""
    rules, alice, bob = two()
    bob.says("METADATA * SUB url")
    rules.full = True
    assert codes(alice.says("METADATA * SET url :x")) == ["400"]
    assert bob.hears() == []
    assert within(alice.says("METADATA * LIST"), "alice") == []
