"""https://modern.ircdocs.horse/#rplisupport-parameters: each token of 005 is enforced exactly as it
stands there, so each has a test of both sides of its border. Those of other specifications too.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from securechat.core.presence import welcome
from tests.support.client import Client, codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest, in_channel


def told(rules: RulesUnderTest) -> dict[str, str]:
    """The tokens, as a client reads them."""
    with rules.turn() as turn:
        found = welcome.isupport(turn.settings)
    return {key: value for key, _, value in (token.partition("=") for token in found)}


NODES = ("a.example", "b.example:443")
TOKENS = told(RulesUnderTest(addresses=NODES))


def test_each_token_has_its_test() -> None:
    """A new one needs one here."""
    tested = {name.removeprefix("test_token_") for name in globals() if "test_token_" in name}
    assert tested == {token.rpartition("/")[2].lower() for token in TOKENS}


def border(token: str) -> int:
    return int(TOKENS[token])


# --- names and their form ------------------------------------------------------------------------


def test_token_network() -> None:
    """As configured, and in the welcome."""
    rules = RulesUnderTest("alice", network="Libera")
    assert told(rules)["NETWORK"] == "Libera"
    assert of(rules.connect().logs_in("alice"), "001")[0].params[1].startswith("Welcome to Libera,")


@pytest.mark.parametrize(("name", "same"), [("ANN[x", True), ("ANN{X", False), ("ann~x", False)])
def test_token_casemapping(name: str, same: bool) -> None:
    """`ascii`: A to Z alone; `[` and `{` are letters of their own."""
    assert TOKENS["CASEMAPPING"] == "ascii"
    alice = RulesUnderTest("ann[x").member("ann[x")
    assert only(alice.says(f"ISON {name}")).params[1] == ("ann[x" if same else "")


@pytest.mark.parametrize(("name", "same"), [("БОРИС", True), ("борис", True), ("ВОРИС", False)])
def test_token_utf8mapping(name: str, same: bool) -> None:
    """`rfc8265`: case beyond ASCII, by PRECIS."""
    assert TOKENS["UTF8MAPPING"] == "rfc8265"
    boris = RulesUnderTest("Борис").member("Борис")
    assert only(boris.says(f"ISON {name}")).params[1] == ("Борис" if same else "")


@pytest.mark.parametrize(
    ("text", "taken"),
    [("é".encode(), True), (b"\xc3\xa9", True), (b"\xe9", False), (b"\xed\xa0\x80", False)],
)
def test_token_utf8only(text: bytes, taken: bool) -> None:
    """UTF-8, and not what looks like it (a surrogate)."""
    _, (alice, bob) = in_channel("alice", "bob")
    heard = codes(alice.says(b"PRIVMSG #den :" + text))
    assert (heard, len(bob.hears())) == (([], 1) if taken else (["FAIL"], 0))


@pytest.mark.parametrize(
    ("name", "taken"), [("#x", True), ("&x", False), ("+x", False), ("x", False)]
)
def test_token_chantypes(name: str, taken: bool) -> None:
    """`#`, and no other one."""
    assert TOKENS["CHANTYPES"] == "#"
    alice = RulesUnderTest("alice").member("alice")
    assert (codes(alice.says(f"JOIN {name}"))[0] == "JOIN") is taken


@pytest.mark.parametrize(("past", "taken"), [(0, True), (1, False)])
def test_token_nicklen(past: int, taken: bool) -> None:
    """In characters; 64 bytes have them all where each takes one or two."""
    for letter in "xя":
        person = RulesUnderTest().connect()
        heard = person.says("NICK " + letter * (border("NICKLEN") + past))
        assert codes(heard) == ([] if taken else ["432"])


@pytest.mark.parametrize(("past", "taken"), [(0, True), (1, False)])
def test_token_channellen(past: int, taken: bool) -> None:
    """In characters, the `#` among them."""
    for letter in "xя":
        alice = RulesUnderTest("alice").member("alice")
        heard = alice.says("JOIN #" + letter * (border("CHANNELLEN") - 1 + past))
        assert codes(heard)[0] == ("JOIN" if taken else "403")


@pytest.mark.parametrize(("command", "letter", "most"), [("NICK ", "漢", 21), ("JOIN #", "漢", 42)])
def test_names_of_wide_characters_end_earlier(command: str, letter: str, most: int) -> None:
    """NICKLEN and CHANNELLEN are the most that any name has; a name also has 64 or 128 bytes, so
    that it leaves a line its text.
    """
    alice = RulesUnderTest("alice").member("alice")
    person = alice if command != "NICK " else RulesUnderTest().connect()
    refused = ["432"] if command == "NICK " else ["403"]
    assert codes(person.says(command + letter * (most + 1))) == refused
    assert codes(person.says(command + letter * most))[:1] in ([], ["JOIN"])


# --- lengths of texts ----------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["x", "я"])
@pytest.mark.parametrize("past", [0, 1])
def test_token_topiclen(letter: str, past: int) -> None:
    """In bytes; a longer one is refused, and not cut."""
    _, (alice, bob) = in_channel("alice", "bob")
    text = letter * (border("TOPICLEN") // len(letter.encode())) + "." * past
    text += "." * (border("TOPICLEN") + past - len(text.encode()))
    heard = alice.says(f"TOPIC #den :{text}")
    assert codes(heard) == ["417" if past else "TOPIC"]
    assert [line.params[1] for line in of(bob.hears(), "TOPIC")] == [text] * (not past)


@pytest.mark.parametrize(
    ("token", "line"), [("KICKLEN", "KICK #den bob :{}"), ("AWAYLEN", "AWAY :{}")]
)
def test_texts_are_cut_at_the_byte(token: str, line: str) -> None:
    """A character that would be cut in two goes as a whole."""
    most = border(token)
    for text, kept in [
        ("x" * most, most),
        ("x" * (most + 1), most),
        ("x" * (most - 1) + "я", most - 1),
        ("x" * (most - 2) + "я", most),
    ]:
        _, (alice, bob) = in_channel("alice", "bob", caps="away-notify")
        alice.says(line.format(text))
        assert len(only(bob.hears()).params[-1].encode()) == kept


test_token_kicklen = test_token_awaylen = test_texts_are_cut_at_the_byte


@pytest.mark.parametrize(("past", "taken"), [(0, True), (1, False)])
def test_token_keylen(past: int, taken: bool) -> None:
    """In bytes; a longer one is refused (525)."""
    for letter in "xя":
        _, (alice,) = in_channel("alice")
        key = letter * (border("KEYLEN") // len(letter.encode())) + "." * past
        assert codes(alice.says(f"MODE #den +k {key}")) == ["MODE" if taken else "525"]


@pytest.mark.parametrize(("past", "taken"), [(0, True), (1, False)])
def test_token_namelen(past: int, taken: bool) -> None:
    """In bytes; SETNAME refuses a longer one, and USER cuts it: a client is only set so."""
    for letter in "xя":
        rules = RulesUnderTest("alice", "bob")
        name = letter * (border("NAMELEN") // len(letter.encode())) + "." * past
        alice = rules.member("alice", caps="setname")
        assert codes(alice.says(f"SETNAME :{name}")) == ["SETNAME" if taken else "FAIL"]
        bob = rules.connect()
        bob.says(f"PASS bob:{RIGHT}", "NICK bob", f"USER b 0 * :{name}")
        shown = of(bob.says("WHOIS bob"), "311")[0].params[-1]
        assert shown == name[: len(name) - past]


# --- counts --------------------------------------------------------------------------------------


def test_token_modes() -> None:
    """Changes with a parameter, of one MODE; the one that is too many is left out."""
    for count in (border("MODES"), border("MODES") + 1):
        rules, (alice,) = in_channel("alice")
        masks = [f"m{number}!*@*" for number in range(count)]
        alice.says(f"MODE #den +{'b' * count} {' '.join(masks)}")
        assert len(rules.channel("#den").bans) == min(count, border("MODES"))


def test_token_chanlimit() -> None:
    """As configured; the one that is too many is refused (405)."""
    rules = RulesUnderTest("alice", max_channels=3)
    assert told(rules)["CHANLIMIT"] == "#:3"
    alice = rules.member("alice")
    assert codes(alice.says("JOIN #a,#b,#c")).count("JOIN") == 3
    assert codes(alice.says("JOIN #d")) == ["405"]


@pytest.mark.parametrize("kind", "beI")
def test_token_maxlist(kind: str) -> None:
    """As configured, each list by itself (478)."""
    rules, (alice,) = in_channel("alice", max_bans=2)
    assert told(rules)["MAXLIST"] == "b:2,e:2,I:2"
    assert codes(alice.says(f"MODE #den +{kind * 2} a!*@* b!*@*")) == ["MODE"]
    assert codes(alice.says(f"MODE #den +{kind} c!*@*")) == ["478"]


TARGETS = {
    "PRIVMSG": ("PRIVMSG {} :x", "#r{}", "PRIVMSG"),
    "NOTICE": ("NOTICE {} :x", "#r{}", "NOTICE"),
    "TAGMSG": ("@+x TAGMSG {}", "#r{}", "TAGMSG"),
    "PART": ("PART {}", "#r{}", "PART"),
    "KICK": ("KICK #r0 {}", "n{}", "441 401"),
    "JOIN": ("JOIN {}", "#new{}", "366"),
    "LIST": ("LIST {}", "#r{}", "322"),
    "NAMES": ("NAMES {}", "#r{}", "366"),
    "WHOIS": ("WHOIS {}", "n{}", "401"),
}


@pytest.mark.parametrize("command", TARGETS)
def test_token_targmax(command: str) -> None:
    """So many targets are served, and no more; where no number stands there is no limit."""
    listed = dict(item.split(":") for item in TOKENS["TARGMAX"].split(","))
    assert set(listed) == set(TARGETS)
    line, target, answer = TARGETS[command]
    most = int(listed[command] or 30)
    for count in (most, most + 1):
        rules = RulesUnderTest("alice")
        alice = rules.member("alice", caps="standard-replies echo-message message-tags")
        alice.says(*(f"JOIN #r{number}" for number in range(count)))
        words = ",".join(target.format(number) for number in range(count))
        heard = codes(alice.says(line.format(words)))
        done = sum(heard.count(code) for code in answer.split())
        assert done == count if count <= most or not listed[command] else done <= most


def test_token_monitor() -> None:
    """So many names; with one more 734 and that one."""
    alice = RulesUnderTest("alice").member("alice")
    names = [f"n{number}" for number in range(border("MONITOR"))]
    for at in range(0, len(names), 20):
        assert "734" not in codes(alice.says("MONITOR + " + ",".join(names[at : at + 20])))
    full = only(alice.says("MONITOR + another"))
    assert (full.command, full.params[1:3]) == ("734", [TOKENS["MONITOR"], "another"])


def test_token_chathistory() -> None:
    """So many entries of a page, whatever is asked."""
    most = border("CHATHISTORY")
    rules, (alice, bob) = in_channel("alice", "bob", caps="draft/chathistory batch")
    bob.says(*[f"PRIVMSG #den :{number}" for number in range(most + 1)])
    alice.hears()
    for asked, given in [(most - 1, most - 1), (most, most), (most + 1, most)]:
        heard = alice.says(f"CHATHISTORY LATEST #den * {asked}")
        assert codes(heard).count("PRIVMSG") == given
    assert len(rules.log) > most


# --- modes and prefixes --------------------------------------------------------------------------

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_token_prefix() -> None:
    """Each mode is shown by its prefix, the highest first; no other letter gives one."""
    assert TOKENS["PREFIX"] == "(qov)~@+"
    _, (alice, _) = in_channel("alice", "bob", caps="multi-prefix")
    alice.says(*(f"MODE #den +{letter} bob" for letter in "vo"))
    assert "@+bob" in alice.says("NAMES #den")[0].split()
    for letter in set(LETTERS) - set("qov"):
        alice.says(f"MODE #den -{letter} bob")
    alice.says("MODE #den +q bob")
    assert "~@+bob" in alice.says("NAMES #den")[0]


@pytest.mark.parametrize(
    ("prefix", "taken"), [*((p, True) for p in "~@+"), ("%", False), ("&", False)]
)
def test_token_statusmsg(prefix: str, taken: bool) -> None:
    """Messages to these ranks, and to no other."""
    assert TOKENS["STATUSMSG"] == "~@+"
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +v bob", "MODE #den +o bob", "MODE #den +q bob")
    bob.hears()
    heard = codes(alice.says(f"PRIVMSG {prefix}#den :x"))
    assert (heard, len(bob.hears())) == (([], 1) if taken else (["401"], 0))


def test_token_chanmodes() -> None:
    """Each letter is known in the form of its class, and no other one is (472)."""
    lists, always, on_set, flags = TOKENS["CHANMODES"].split(",")
    members = TOKENS["PREFIX"][1:].partition(")")[0]
    _, (alice, _) = in_channel("alice", "bob")
    for letter in LETTERS:
        known = letter in lists + always + on_set + flags + members
        assert ("472" in codes(alice.says(f"MODE #den -{letter} bob"))) is not known, letter
    assert codes(alice.says(*(f"MODE #den {letter}" for letter in lists))) == [
        *("368", "349", "347"),
    ]
    assert only(alice.says("MODE #den +kl key 5")).params[1:] == ["+kl", "key", "5"]
    assert only(alice.says("MODE #den -l")).params[1:] == ["-l"]
    for letter in flags:
        assert codes(alice.says(f"MODE #den -{letter}", f"MODE #den +{letter}"))[-1] == "MODE"


@pytest.mark.parametrize(("listed", "barred"), [("", True), ("e", False)])
def test_token_excepts(listed: str, barred: bool) -> None:
    """Mode `e` lets in whom a ban keeps out."""
    assert TOKENS["EXCEPTS"] == ""  # the letter is e then
    rules, (alice,) = in_channel("alice")
    rules.add("carol")
    alice.says("MODE #den +b carol!*@*", *[f"MODE #den +{letter} carol!*@*" for letter in listed])
    assert codes(rules.member("carol").says("JOIN #den"))[0] == ("474" if barred else "JOIN")


@pytest.mark.parametrize(("listed", "barred"), [("", True), ("I", False)])
def test_token_invex(listed: str, barred: bool) -> None:
    """Mode `I` lets in who isn't invited."""
    assert TOKENS["INVEX"] == ""  # the letter is I then
    rules, (alice,) = in_channel("alice")
    rules.add("carol")
    alice.says("MODE #den +i", *[f"MODE #den +{letter} carol!*@*" for letter in listed])
    assert codes(rules.member("carol").says("JOIN #den"))[0] == ("473" if barred else "JOIN")


@pytest.mark.parametrize(
    ("mask", "barred"), [("~a:carol", True), ("~a:bob", False), ("~z:carol", False)]
)
def test_token_extban(mask: str, barred: bool) -> None:
    """`~` and the letter `a`: by account; there is no other one."""
    assert (TOKENS["EXTBAN"], TOKENS["ACCOUNTEXTBAN"]) == ("~,a", "a")
    rules, (alice,) = in_channel("alice")
    rules.add("carol")
    alice.says(f"MODE #den +b {mask}")
    assert codes(rules.member("carol").says("JOIN #den"))[0] == ("474" if barred else "JOIN")


test_token_accountextban = test_token_extban


def test_token_bot() -> None:
    """The mode that marks one, and no other letter does."""
    letter = TOKENS["BOT"]
    rules, (alice, _) = in_channel("alice", "bob")
    for other in set(LETTERS) - {letter}:
        alice.says(f"MODE alice +{other}")
    assert not rules.account("alice").is_bot
    alice.says(f"MODE alice +{letter}")
    assert rules.account("alice").is_bot


# --- what there is -------------------------------------------------------------------------------


def listed(person: Client, condition: str) -> list[str]:
    return [line.params[1] for line in of(person.says(f"LIST {condition}"), "322")]


def test_token_safelist() -> None:
    """A LIST of very many channels ends, and the client stays."""
    rules = RulesUnderTest("alice", max_channels=900)
    alice = rules.member("alice")
    for at in range(0, 800, 20):
        alice.says("JOIN " + ",".join(f"#c{number}" for number in range(at, at + 20)))
    assert codes(alice.says("LIST")).count("322") == 800
    assert codes(alice.says("PING x")) == ["PONG"]


@pytest.mark.parametrize(
    ("letter", "inside", "outside"),
    [
        ("C", "C<1", "C>0"),
        ("M", "#de*", "#x*"),
        ("N", "!#x*", "!#de*"),
        ("T", "T<1", "T>0"),
        ("U", "<3", "<2"),
        ("U", ">1", ">2"),
    ],
)
def test_token_elist(letter: str, inside: str, outside: str) -> None:
    """Each of its conditions, on both sides."""
    assert set(TOKENS["ELIST"]) == set("CMNTU")
    assert letter in TOKENS["ELIST"]
    _, (alice, _) = in_channel("alice", "bob")
    alice.says("TOPIC #den :tea")
    assert (listed(alice, inside), listed(alice, outside)) == (["#den"], [])


@pytest.mark.parametrize(("fields", "code"), [("%n", "354"), ("", "352")])
def test_token_whox(fields: str, code: str) -> None:
    """Fields are answered by 354; without them WHO is as ever."""
    _, (alice, _) = in_channel("alice", "bob")
    assert codes(alice.says(f"WHO #den {fields}")) == [code, code, "315"]


@pytest.mark.parametrize(
    ("reference", "taken"),
    [("msgid=test-1", True), ("timestamp=2001-01-01T00:00:00.000Z", True), ("seq=1", False)],
)
def test_token_msgreftypes(reference: str, taken: bool) -> None:
    """These forms, and no other."""
    assert TOKENS["MSGREFTYPES"] == "msgid,timestamp"
    _, (alice,) = in_channel("alice", caps="draft/chathistory batch")
    heard = codes(alice.says(f"CHATHISTORY AFTER #den {reference} 5"))
    assert (heard == ["FAIL"]) is not taken


def test_token_accountrequired() -> None:
    """Without an account nobody gets in; with one they do."""
    rules = RulesUnderTest("alice")
    assert codes(rules.connect().says("NICK alice", "USER a 0 * :A")) == ["FAIL"]
    assert "001" in codes(rules.connect().logs_in("alice"))


@pytest.mark.parametrize(
    ("addresses", "value"),
    [((), None), (NODES, "a.example,b.example:443"), (("[2001:db8::1]:443",), "[2001:db8::1]:443")],
)
def test_token_addresses(addresses: tuple[str, ...], value: str | None) -> None:
    """Ours: where the nodes of the server are, as in links, for who is logged in."""
    alice = RulesUnderTest("alice", addresses=addresses).member("alice")
    heard = [token for line in of(alice.says("VERSION"), "005") for token in line.params[1:-1]]
    found = [token.partition("=")[2] for token in heard if token.startswith("securechat/ADDRESSES")]
    assert found == ([value] if value else [])


@pytest.mark.parametrize(("size", "fit"), [(34, 8), (35, 7)])
def test_addresses_that_no_line_has_room_for_are_left_out(size: int, fit: int) -> None:
    """The others stand in one token, which is never cut in two: eight of 34 letters."""
    names = [f"{'x' * (size - 1)}{number}" for number in range(8)]
    with RulesUnderTest(addresses=(*names, "y" * 300)).turn() as turn:
        [token] = [one for one in welcome.isupport(turn.settings) if "ADDRESSES" in one]
    assert token.partition("=")[2].split(",") == names[:fit]


# --- the form ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["s", "s" * 63])
def test_the_form(name: str) -> None:
    """Section "Feature advertisement": at most 13 tokens a line, each KEY or KEY=value, of ASCII
    without a space; the lengths hold for the longest names.
    """
    account = "я" * 32
    rules = RulesUnderTest(account, addresses=("x" * 279, "y"))
    rules.rules.settings = replace(rules.settings, name=name)
    lines = of(rules.connect().logs_in(account), "005")
    assert all(len(line.params) <= 15 for line in lines)
    tokens = [token for line in lines for token in line.params[1:-1]]
    assert all(token.isascii() and token.count("=") <= 1 for token in tokens)
    assert len({token.partition("=")[0] for token in tokens}) == len(tokens)


def test_a_node_more_is_told_to_who_is_there() -> None:
    """Once the configuration is read again; who has not logged in hears nothing of it."""
    rules = RulesUnderTest("alice")
    alice, stranger = rules.member("alice"), rules.connect()
    with rules.turn() as turn:
        rules.rules.take_settings(turn, replace(rules.rules.settings, addresses=NODES))
    [line] = of(alice.hears(), "005")
    assert line.params[1:-1] == [f"securechat/ADDRESSES={','.join(NODES)}"]
    assert stranger.hears() == []


def test_an_address_that_leads_nowhere_is_left_out() -> None:
    """Until it leads somewhere again, and whatever else changes meanwhile; each is told once."""
    rules = RulesUnderTest("alice", addresses=NODES)
    alice = rules.member("alice")

    def told() -> list[str]:
        return [line.params[1] for line in of(alice.hears(), "005")]

    for left_out in (NODES[1:], NODES[1:], ()):
        with rules.turn() as turn:
            rules.rules.leave_out(turn, frozenset(left_out))
            rules.rules.take_settings(turn, replace(rules.settings, addresses=NODES, motd=left_out))
    assert told() == [f"securechat/ADDRESSES={','.join(one)}" for one in (NODES[:1], NODES)]
