"""https://ircv3.net/specs/extensions/multi-prefix"""

from __future__ import annotations

from tests.support.client import of
from tests.support.rules import in_channel


def test_names_who_and_whois_show_all_prefixes() -> None:
    """Description: "in order of 'rank', from highest to lowest"; else the highest alone."""
    _, (alice, _) = in_channel("alice", "bob")
    alice.says("MODE #den +v alice", "MODE #den +vo bob bob")

    def shown() -> tuple[str, list[str], str]:
        names = of(alice.says("NAMES #den"), "353")[0].params[-1]
        flags = [line.params[6] for line in of(alice.says("WHO #den"), "352")]
        return names, flags, of(alice.says("WHOIS bob"), "319")[0].params[-1]

    assert shown() == ("~alice @bob", ["H~", "H@"], "@#den")
    alice.says("CAP REQ multi-prefix")
    assert shown() == ("~@+alice @+bob", ["H~@+", "H@+"], "@+#den")
