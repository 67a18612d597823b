"""MODE, of channels and of oneself."""

from __future__ import annotations

import pytest

from securechat.core.journal.events.channels import MaskAdded, MemberModesChanged, ModesChanged
from tests.support.client import SERVER, codes, of, only, source
from tests.support.rules import NOW_MS, RulesUnderTest, in_channel

# Showing


def test_the_modes_are_shown() -> None:
    """324 with the parameters, 329 with the time of the channel's beginning."""
    _, (alice,) = in_channel("alice")
    alice.says("MODE #den +ikl key 7")
    assert alice.says("MODE #DEN") == [
        f":{SERVER} 324 alice #den +intkl key 7",
        f":{SERVER} 329 alice #den :{NOW_MS // 1000}",
    ]


def test_the_key_is_shown_to_operators_only() -> None:
    """Others see that there is one."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +k secret")
    bob.hears()
    rules.add("carol")
    for person in (bob, rules.member("carol")):
        assert " +ntk *" in person.says("MODE #den")[0]


def test_a_channel_without_modes() -> None:
    """A plus alone."""
    _, (alice,) = in_channel("alice")
    alice.says("MODE #den -nt")
    assert alice.says("MODE #den")[0] == f":{SERVER} 324 alice #den +"


@pytest.mark.parametrize(
    "line",
    [
        "MODE {}",
        "MODE {} +i",
        "TOPIC {}",
        "TOPIC {} :x",
        "PART {}",
        "KICK {} alice",
        "INVITE alice {}",
        "PRIVMSG {} :x",
    ],
)
def test_a_secret_channel_is_like_none_to_outsiders(line: str) -> None:
    """Every answer is the one for a channel that there is not."""
    rules, (alice,) = in_channel("alice")
    alice.says("MODE #den +s")
    rules.add("bob")
    bob = rules.member("bob")
    found = bob.says(line.format("#den"))
    assert [text.replace("#den", "#nil") for text in found] == bob.says(line.format("#nil"))
    assert codes(found) == ["403"]


# Flags


@pytest.mark.parametrize("letter", "imnst")
def test_a_flag_comes_and_goes(letter: str) -> None:
    """All members see it once; setting what is set is nothing."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says(f"MODE #den -{letter}")
    bob.hears()
    for sign in "+-":
        expected = [f"{source('alice')} MODE #den {sign}{letter}"]
        assert alice.says(f"MODE #den {sign}{letter}") == expected
        assert bob.hears() == expected
        assert (letter in rules.channel("#den").modes) is (sign == "+")
        before = len(rules.stored)
        assert alice.says(f"MODE #den {sign}{letter}") == []
        assert (bob.hears(), len(rules.stored)) == ([], before)


def test_signs_are_grouped() -> None:
    """Letters of one sign share it; those without a sign add."""
    _, (alice,) = in_channel("alice")
    assert only(alice.says("MODE #den i+m-nt+s")).params == ["#den", "+im-nt+s"]


def test_only_operators_change_modes() -> None:
    """482 for members, 442 for outsiders; an administrator may from outside."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("carol")
    rules.add("boss", admin=True)
    assert codes(bob.says("MODE #den +i")) == ["482"]
    assert codes(rules.member("carol").says("MODE #den +i")) == ["442"]
    told = [f"{source('boss')} MODE #den +i"]
    assert rules.member("boss").says("MODE #den +i") == told
    assert alice.hears() == told


@pytest.mark.parametrize(
    ("letters", "shown"), [("+ix", "x"), ("+iZ", "Z"), ("+éi", "é"), ("+:i", "*"), (":+ i", "*")]
)
def test_an_unknown_mode(letters: str, shown: str) -> None:
    """472 with the letter, and the others are changed all the same."""
    _, (alice,) = in_channel("alice")
    heard = alice.says(f"MODE #den {letters}")
    assert of(heard, "472")[0].params[1] == shown
    assert of(heard, "MODE")[0].params == ["#den", "+i"]


# Key and limit


def test_a_key() -> None:
    """Set with its parameter; taken away with any, or with none, and shown as *."""
    rules, (alice,) = in_channel("alice")
    assert alice.says("MODE #den +k secret") == [f"{source('alice')} MODE #den +k secret"]
    assert rules.channel("#den").key == "secret"
    assert alice.says("MODE #den -k wrong") == [f"{source('alice')} MODE #den -k *"]
    assert alice.says("MODE #den -k") == []
    alice.says("MODE #den +k secret")
    assert only(alice.says("MODE #den -k+l x 5")).params == ["#den", "-k+l", "*", "5"]


@pytest.mark.parametrize("key", ["x" * 33, "я" * 17, "a,b", ":a b", "::x", ":"])
def test_a_key_that_is_none(key: str) -> None:
    """525."""
    rules, (alice,) = in_channel("alice")
    assert codes(alice.says(f"MODE #den +k {key}")) == ["525"]
    assert rules.channel("#den").key is None


def test_the_longest_key() -> None:
    """32 bytes, as ISUPPORT says."""
    _, (alice,) = in_channel("alice")
    assert codes(alice.says("MODE #den +k " + "я" * 16)) == ["MODE"]


def test_a_limit() -> None:
    """A number from 1 to 999999; -l takes no parameter."""
    rules, (alice,) = in_channel("alice")
    assert only(alice.says("MODE #den +l 999999")).params == ["#den", "+l", "999999"]
    assert only(alice.says("MODE #den -li")).params == ["#den", "-l"]
    assert rules.channel("#den").limit is None
    assert alice.says("MODE #den -l") == []


@pytest.mark.parametrize(
    "limit", ["0", "1000000", "-1", "x", "٣", "1.5", "00000000019" + "9" * 30, ":", ":1 2"]
)
def test_a_limit_that_is_none(limit: str) -> None:
    """696, and nothing that the database could choke on."""
    rules, (alice,) = in_channel("alice")
    assert codes(alice.says(f"MODE #den +l {limit}")) == ["696"]
    assert rules.channel("#den").limit is None


@pytest.mark.parametrize("letter", "klbqov")
def test_a_parameter_is_missing(letter: str) -> None:
    """696 tells which; the rest of the command is done."""
    _, (alice,) = in_channel("alice")
    heard = alice.says(f"MODE #den +i{letter}")
    assert codes(heard) == ["696", "MODE"]
    assert of(heard, "696")[0].params[1:3] == ["#den", letter]


# Bans


def test_bans_are_listed() -> None:
    """In full, with who and when; by b, +b, and by members who don't operate the channel."""
    _, (alice, bob) = in_channel("alice", "bob")
    assert alice.says("MODE #den +bb Mallory *@evil") == [
        f"{source('alice')} MODE #den +bb Mallory!*@* *!*@evil"
    ]
    bob.hears()
    for line in ("MODE #den b", "MODE #den +b"):
        assert bob.says(line) == [
            f":{SERVER} 367 bob #den Mallory!*@* alice :{NOW_MS // 1000}",
            f":{SERVER} 367 bob #den *!*@evil alice :{NOW_MS // 1000}",
            f":{SERVER} 368 bob #den :End of channel ban list",
        ]


def test_outsiders_do_not_see_the_bans() -> None:
    """442."""
    rules, _ = in_channel("alice")
    rules.add("bob")
    assert codes(rules.member("bob").says("MODE #den b")) == ["442"]


def test_a_ban_is_taken_back() -> None:
    """By the same mask; what isn't banned can't be, and a ban comes once."""
    rules, (alice,) = in_channel("alice")
    alice.says("MODE #den +b bob")
    assert alice.says("MODE #den +b bob!*@*") == []
    assert alice.says("MODE #den -b nobody") == []
    assert alice.says("MODE #den -b bob") == [f"{source('alice')} MODE #den -b bob!*@*"]
    assert rules.channel("#den").bans == {}


@pytest.mark.parametrize("mask", [":", ":a b", "::x!y", "x" * 121, ":bob!*@* +o mallory"])
def test_a_mask_that_is_none(mask: str) -> None:
    """696: none bans everybody, puts a word into others' lines, or is too long for one."""
    rules, (alice,) = in_channel("alice")
    assert codes(alice.says(f"MODE #den +b {mask}")) == ["696"]
    assert rules.channel("#den").bans == {}


def test_the_ban_list_has_an_end() -> None:
    """478 at the limit that ISUPPORT tells."""
    _, (alice,) = in_channel("alice", max_bans=3)
    heard = alice.says("MODE #den +bbbb a b c d")
    assert codes(heard) == ["478", "MODE"]
    assert only(heard[1:]).params[1] == "+bbb"
    alice.says("MODE #den -b a")
    assert codes(alice.says("MODE #den +b d")) == ["MODE"]


# Roles


def test_roles_are_given_and_taken() -> None:
    """A member may have several at once: each is given and taken by itself, which all are told."""
    rules, (alice, bob) = in_channel("alice", "bob")
    channel, account = rules.channel("#den"), rules.account("bob")
    assert only(alice.says("MODE #den +v BOB")).params == ["#den", "+v", "bob"]
    assert channel.modes_of(account) == "v"
    assert only(alice.says("MODE #den +o bob")).params == ["#den", "+o", "bob"]
    assert channel.modes_of(account) == "ov"
    assert alice.says("MODE #den +o bob") == []
    assert only(alice.says("MODE #den -v bob")).params == ["#den", "-v", "bob"]
    assert alice.says("MODE #den -v bob") == []
    assert channel.modes_of(account) == "o"
    assert only(alice.says("MODE #den -o bob")).params == ["#den", "-o", "bob"]
    assert channel.modes_of(account) == ""
    assert len(of(bob.hears(), "MODE")) == 4


def test_voice_does_not_demote_an_owner() -> None:
    """It is given beside what the member has; the highest counts."""
    rules, (alice, bob) = in_channel("alice", "bob")
    assert only(alice.says("MODE #den +v alice")).params == ["#den", "+v", "alice"]
    assert rules.channel("#den").modes_of(rules.account("alice")) == "qov"
    assert "~alice" in alice.says("NAMES #den")[0]
    alice.says("MODE #den -ov alice alice")
    assert rules.channel("#den").modes_of(rules.account("alice")) == "q"
    assert len(of(bob.hears(), "MODE")) == 2


def test_all_prefixes_for_who_asks() -> None:
    """In NAMES, WHO and WHOIS, the highest first; else the highest alone."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +ov bob bob")
    bob.hears()
    assert "~alice @bob" in bob.says("NAMES #den")[0]
    bob.says("CAP REQ multi-prefix")
    assert "~@alice @+bob" in bob.says("NAMES #den")[0]
    assert "~alice @bob" in alice.says("NAMES #den")[0]
    assert of(bob.says("WHO #den"), "352")[1].params[6] == "H@+"
    assert of(alice.says("WHO #den"), "352")[1].params[6] == "H@"
    assert of(bob.says("WHOIS bob"), "319")[0].params[-1] == "@+#den"


def test_who_is_not_there_gets_no_role() -> None:
    """441 for an outsider, 401 for nobody at all."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    assert codes(alice.says("MODE #den +vo bob nobody")) == ["441", "401"]
    rules.account("bob").disabled = True
    assert codes(alice.says("MODE #den +v bob")) == ["401"]


def test_operators_do_not_touch_owners() -> None:
    """482: they neither make, unmake nor lower one; they may make operators."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    alice.says("MODE #den +o bob")
    bob.hears()
    for change in ("+q carol", "-q alice", "+o alice", "+v alice", "+q bob"):
        assert codes(bob.says(f"MODE #den {change}")) == ["482"], change
    assert rules.channel("#den").modes_of(rules.account("alice")) == "qo"
    assert only(bob.says("MODE #den +o carol")).params == ["#den", "+o", "carol"]
    assert codes(carol.hears())[-1] == "MODE"


def test_a_channel_may_have_several_owners() -> None:
    """One may leave it to another."""
    rules, (alice, bob) = in_channel("alice", "bob")
    assert only(alice.says("MODE #den +q bob")).params == ["#den", "+q", "bob"]
    alice.says("MODE #den -qo alice alice")
    assert codes(alice.says("MODE #den +i")) == ["482"]
    bob.hears()
    assert codes(bob.says("MODE #den +q alice")) == ["MODE"]
    assert rules.channel("#den").modes_of(rules.account("alice")) == "q"


def test_an_administrator_sets_any_role() -> None:
    """Without being a member."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("boss", admin=True)
    rules.member("boss").says("MODE #den +q bob", "MODE #den -q alice")
    assert rules.channel("#den").modes_of(rules.account("bob")) == "q"
    assert len(alice.hears()) == len(bob.hears()) == 2


# Limits of one MODE


def test_six_parameters_go_and_flags_beside_them() -> None:
    """MODES=6 of ISUPPORT counts modes with a parameter; the seventh is left."""
    rules, (alice,) = in_channel("alice")
    alice.says("MODE #den +imsbbbbbbb a b c d e f g")
    assert len(rules.channel("#den").bans) == 6
    assert rules.channel("#den").modes == "imnst"


def test_a_key_is_told_and_not_logged() -> None:
    """The members see it; the log stands in the database as text, and a key is a secret."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +kl otter 5")
    assert of(bob.hears(), "MODE")[0].params == ["#den", "+kl", "otter", "5"]
    assert [entry.text for entry in rules.log if entry.kind == "MODE"] == ["+kl * 5"]


def test_a_long_change_takes_several_lines() -> None:
    """None over the limit, none lost, each stored as it was said."""
    rules, (alice, bob) = in_channel("alice", "bob")
    masks = [letter * 76 for letter in "abcdef"]
    heard = alice.says("MODE #den +bbbbbb " + " ".join(masks))
    assert heard == bob.hears()
    assert len(heard) == 2
    shown = [word for message in of(heard, "MODE") for word in message.params[2:]]
    assert shown == [f"{mask}!*@*" for mask in masks]
    logged = [entry.text for entry in rules.log if entry.kind == "MODE"]
    assert logged == [line.partition("#den ")[2] for line in heard]


def test_the_longest_mask_fits_beside_the_longest_names() -> None:
    """One change can always be told."""
    long, channel = "я" * 32, "#" + "ж" * 63
    rules = RulesUnderTest(long)
    boris = rules.member(long)
    boris.says(f"JOIN {channel}")
    assert codes(boris.says(f"MODE {channel} +b " + "x" * 116)) == ["MODE"]
    assert codes(boris.says(f"MODE {channel} b")) == ["367", "368"]


def test_a_seesaw_ends() -> None:
    """One line stores a bounded number of changes."""
    rules, (alice,) = in_channel("alice")
    before = len(rules.stored)
    alice.says("MODE #den " + "+i-i" * 120)
    assert len(rules.stored) - before < 40


def test_every_change_is_recorded() -> None:
    """What memory holds, the database does."""
    rules, (alice, _) = in_channel("alice", "bob")
    alice.says("MODE #den +ikbo-n key x bob")
    found = rules.stored
    last = [event for event in found if isinstance(event, ModesChanged)][-1]
    channel = rules.channel("#den")
    assert (last.modes, last.key, last.limit) == (channel.modes, "key", None) == ("it", "key", None)
    assert [event.mask for event in found if isinstance(event, MaskAdded)] == ["x!*@*"]
    assert [event.modes for event in found if isinstance(event, MemberModesChanged)] == ["o"]


# One's own modes


def test_one_s_own_modes() -> None:
    """221, MODE for a change, o for an administrator."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    assert alice.says("MODE alice") == [f":{SERVER} 221 alice :+"]
    assert alice.says("MODE ALICE +i") == [f"{source('alice')} MODE alice +i"]
    assert alice.says("MODE alice") == [f":{SERVER} 221 alice :+i"]
    assert alice.says("MODE alice -i") == [f"{source('alice')} MODE alice -i"]
    rules.add("boss", admin=True)
    assert rules.member("boss").says("MODE boss") == [f":{SERVER} 221 boss :+o"]


def test_nobody_makes_himself_an_administrator() -> None:
    """o can't be set."""
    rules = RulesUnderTest("alice")
    assert rules.member("alice").says("MODE alice +ow") == []
    assert not rules.account("alice").admin


def test_unknown_modes_of_oneself() -> None:
    """501 once, and the known one is set."""
    alice = RulesUnderTest("alice").member("alice")
    assert sorted(codes(alice.says("MODE alice +xyi"))) == ["501", "MODE"]


def test_others_modes_are_theirs() -> None:
    """502; 401 when there is nobody of that name."""
    alice = RulesUnderTest("alice", "bob").member("alice")
    assert codes(alice.says("MODE bob", "MODE bob +i", "MODE nobody", "MODE -")) == [
        "502",
        "502",
        "401",
        "401",
    ]


def test_a_mask_with_many_wildcards_is_refused() -> None:
    """Each costs time at every message and JOIN; eight are enough for anybody."""
    _, (alice,) = in_channel("alice")
    assert alice.says("MODE #den +b *a*b*c*d*e*f!*@*")
    assert codes(alice.says("MODE #den +b *a*b*c*d*e*f*g!*@*")) == ["696"]
    assert codes(alice.says("MODE #den +b " + "?" * 9 + "!x@y")) == ["696"]


@pytest.mark.parametrize("line", ["+k two words", "+ko two bob words", "-l+k two words"])
def test_a_key_s_first_word_is_none(line: str) -> None:
    """A key is one word: with another one behind it nothing is set, and nothing repeated."""
    rules, (alice, bob) = in_channel("alice", "bob")
    refused = only(alice.says(f"MODE #den {line}"))
    assert refused.command == "525"
    assert "two" not in refused.params[2]
    assert (rules.channel("#den").key, bob.hears()) == (None, [])
    assert codes(alice.says("MODE #den +k-l two")) == ["MODE"]


# Bans that are equal


@pytest.mark.parametrize(
    ("one", "other"),
    [("ALICE!*@*", "alice!*@*"), ("БОБ", "боб!*@*"), ("re\u0301mi", "RÉMI!*@*"), ("a**b", "A*B")],
)
def test_bans_that_match_alike_are_one(one: str, other: str) -> None:
    """Added once, and taken away in any spelling; shown as it was set."""
    rules, (alice,) = in_channel("alice")
    alice.says(f"MODE #den +b {one}")
    (mask,) = rules.channel("#den").bans
    assert alice.says(f"MODE #den +b {other}") == []
    assert alice.says(f"MODE #den -b {other}") == [f"{source('alice')} MODE #den -b {mask}"]
    assert rules.channel("#den").bans == {}


def test_bans_that_were_stored_twice_go_together() -> None:
    """A list from before that rule has both."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.channel("#den").bans |= {"BOB!*@*": ("alice", 1), "bob!*@*": ("alice", 2)}
    assert codes(bob.says("PRIVMSG #den :x")) == ["404"]
    heard = only(alice.says("MODE #den -b Bob"))
    assert heard.params[1:] == ["-bb", "BOB!*@*", "bob!*@*"]
    bob.hears()
    assert bob.says("PRIVMSG #den :x") == []
