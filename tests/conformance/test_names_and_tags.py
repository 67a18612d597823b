"""What lines tell of who they are about: extended-join, account-tag, multi-prefix and
userhost-in-names. https://ircv3.net/specs/extensions/extended-join, /account-tag, /multi-prefix,
/userhost-in-names
"""

from __future__ import annotations

from tests.support.client import SERVER, of, only, source
from tests.support.rules import RulesUnderTest, in_channel, outsider

# extended-join


def test_a_join_has_the_account_and_the_real_name() -> None:
    """extended-join: "JOIN #channelname accountname :Real Name", for who asked."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("CAP REQ extended-join")
    carol = outsider(rules, "carol")
    carol.says("SETNAME :Carol C.", "JOIN #den")
    assert alice.hears() == [f"{source('carol')} JOIN #den carol :Carol C."]
    assert bob.hears() == [f"{source('carol')} JOIN #den"]


def test_ones_own_join_is_extended_too_also_at_a_login() -> None:
    """extended-join: "the JOIN message will designate the account name"."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice", caps="extended-join")
    assert alice.says("JOIN #den")[0] == f"{source('alice')} JOIN #den alice :Alice"
    heard = rules.connect().logs_in("alice", caps="extended-join")
    assert f"{source('alice')} JOIN #den alice :Alice" in heard


# account-tag


def test_all_that_somebody_sends_has_the_account() -> None:
    """account-tag: "all commands sent by a user", and none of the server's."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says("CAP REQ :account-tag away-notify setname")
    alice.says("MODE #den +o bob")
    bob.says(
        *("PRIVMSG #den :hi", "NOTICE alice :hi", "TOPIC #den :tea", "MODE #den +i", "AWAY :x"),
        *("SETNAME :B", "NICK BOB", "PART #den", "QUIT"),
    )
    heard = alice.hears()
    assert all(line.startswith(("@account=bob :", "@account=BOB :")) for line in heard), heard
    assert len(heard) == 8  # QUIT reaches nobody who shares no channel


def test_ones_own_modes_and_invitations_have_it() -> None:
    """account-tag: also what comes back to who has sent it, and what waited for a login."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    alice.says("INVITE bob #den")
    bob = rules.connect()
    heard = bob.logs_in("bob", caps="account-tag")
    assert f"@account=alice {source('alice')} INVITE bob #den" in heard
    assert bob.says("MODE bob +i") == [f"@account=bob {source('bob')} MODE bob +i"]


# multi-prefix


def test_names_who_and_whois_show_all_prefixes() -> None:
    """multi-prefix: "in order of 'rank', from highest to lowest"; else the highest alone."""
    _, (alice, _) = in_channel("alice", "bob")
    alice.says("MODE #den +v alice", "MODE #den +vo bob bob")

    def shown() -> tuple[str, list[str], str]:
        names = of(alice.says("NAMES #den"), "353")[0].params[-1]
        flags = [line.params[6] for line in of(alice.says("WHO #den"), "352")]
        return names, flags, of(alice.says("WHOIS bob"), "319")[0].params[-1]

    assert shown() == ("~alice @bob", ["H~", "H@"], "@#den")
    alice.says("CAP REQ multi-prefix")
    assert shown() == ("~@+alice @+bob", ["H~@+", "H@+"], "@+#den")


# userhost-in-names


def test_names_have_the_whole_address() -> None:
    """userhost-in-names: "the full hostmask (nick!user@host) of every user listed"."""
    rules, (alice, _) = in_channel("alice", "bob")
    alice.says("CAP REQ userhost-in-names")
    told = f"~alice!alice@{SERVER} bob!bob@{SERVER}"
    assert of(alice.says("NAMES #den"), "353")[0].params[-1] == told
    alice.says("CAP REQ :-userhost-in-names")
    assert of(alice.says("NAMES #den"), "353")[0].params[-1] == "~alice bob"
    heard = rules.connect().logs_in("alice", caps="userhost-in-names")
    assert only([line for line in heard if " 353 " in line]).params[-1] == told
