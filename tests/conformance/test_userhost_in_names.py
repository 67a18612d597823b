"""https://ircv3.net/specs/extensions/userhost-in-names"""

from __future__ import annotations

from tests.support.client import SERVER, of, only
from tests.support.rules import in_channel


def test_names_have_the_whole_address() -> None:
    """Description: "the full hostmask (nick!user@host) of every user listed"."""
    rules, (alice, _) = in_channel("alice", "bob")
    alice.says("CAP REQ userhost-in-names")
    told = f"~alice!alice@{SERVER} bob!bob@{SERVER}"
    assert of(alice.says("NAMES #den"), "353")[0].params[-1] == told
    alice.says("CAP REQ :-userhost-in-names")
    assert of(alice.says("NAMES #den"), "353")[0].params[-1] == "~alice bob"
    heard = rules.connect().logs_in("alice", caps="userhost-in-names")
    assert only([line for line in heard if " 353 " in line]).params[-1] == told
