"""https://ircv3.net/specs/extensions/account-tag"""

from __future__ import annotations

from tests.support.client import source
from tests.support.rules import in_channel


def test_all_that_somebody_sends_has_the_account() -> None:
    """Description: "all commands sent by a user", and none of the server's."""
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
    """Description: also what comes back to who has sent it, and what waited for a login."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    alice.says("INVITE bob #den")
    bob = rules.connect()
    heard = bob.logs_in("bob", caps="account-tag")
    assert f"@account=alice {source('alice')} INVITE bob #den" in heard
    assert bob.says("MODE bob +i") == [f"@account=bob {source('bob')} MODE bob +i"]
