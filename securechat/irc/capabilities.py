"""The IRCv3 capabilities that securechat knows, as bits of one integer.

https://ircv3.net/specs/extensions/capability-negotiation. Pure; any thread may call.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from securechat.irc.message import KEY_TAG

# Plain integers and no enum.IntFlag, as the server tests them for every message.
ACCOUNT_NOTIFY: Final = 1 << 0
ACCOUNT_TAG: Final = 1 << 1
AWAY_NOTIFY: Final = 1 << 2
BATCH: Final = 1 << 3
CAP_NOTIFY: Final = 1 << 4
ECHO_MESSAGE: Final = 1 << 5
EXTENDED_JOIN: Final = 1 << 6
MESSAGE_TAGS: Final = 1 << 7
MULTI_PREFIX: Final = 1 << 8
SASL: Final = 1 << 9
SERVER_TIME: Final = 1 << 10
USERHOST_IN_NAMES: Final = 1 << 11
ACCOUNT_REGISTRATION: Final = 1 << 12
SELF_MESSAGE: Final = 1 << 13
MESSAGE_KEY: Final = 1 << 14
SETNAME: Final = 1 << 15
LABELED_RESPONSE: Final = 1 << 16
CHATHISTORY: Final = 1 << 17
EVENT_PLAYBACK: Final = 1 << 18
EXTENDED_MONITOR: Final = 1 << 19
STANDARD_REPLIES: Final = 1 << 20
NO_IMPLICIT_NAMES: Final = 1 << 21
EXTENDED_ISUPPORT: Final = 1 << 22
READ_MARKER: Final = 1 << 23
MESSAGE_REDACTION: Final = 1 << 24
CHANNEL_RENAME: Final = 1 << 25
MULTILINE: Final = 1 << 26
METADATA_3: Final = 1 << 27
INVITE_NOTIFY: Final = 1 << 28
PRE_AWAY: Final = 1 << 29
CHGHOST: Final = 1 << 30
WHOAMI: Final = 1 << 31
SEARCH: Final = 1 << 32
ADMINISTRATION: Final = 1 << 33


SHORTEST: Final = "securechat/min-password"
"""In the value of draft/account-registration: the characters that a new password has at least. A
server that says so answers a REGISTER with an empty password by what else is wrong, if anything.
"""


class Capability(NamedTuple):
    """A capability.

    name: as CAP LS lists it. bit: its own, in the integer of a session. on_wire: whether it changes
    the bytes of a message that is sent to many: sessions that differ in one of these get lines of
    their own.
    """

    name: str
    bit: int
    on_wire: bool = False


# A CAP LS of version 301 is one line, which the last ones may have no place in: new ones go there.
CAPABILITIES: Final = (
    Capability("account-notify", ACCOUNT_NOTIFY),
    Capability("account-tag", ACCOUNT_TAG, on_wire=True),
    Capability("away-notify", AWAY_NOTIFY),
    Capability("batch", BATCH, on_wire=True),
    Capability("cap-notify", CAP_NOTIFY),
    Capability("echo-message", ECHO_MESSAGE),
    Capability("extended-join", EXTENDED_JOIN, on_wire=True),
    Capability("extended-monitor", EXTENDED_MONITOR),
    Capability("labeled-response", LABELED_RESPONSE),
    Capability("message-tags", MESSAGE_TAGS, on_wire=True),
    Capability("multi-prefix", MULTI_PREFIX),
    Capability("no-implicit-names", NO_IMPLICIT_NAMES),
    Capability("sasl", SASL),
    Capability("server-time", SERVER_TIME, on_wire=True),
    Capability("userhost-in-names", USERHOST_IN_NAMES),
    Capability("draft/account-registration", ACCOUNT_REGISTRATION),
    Capability("draft/channel-rename", CHANNEL_RENAME),
    Capability("draft/chathistory", CHATHISTORY),
    Capability("draft/event-playback", EVENT_PLAYBACK),
    Capability("draft/message-redaction", MESSAGE_REDACTION, on_wire=True),
    Capability("draft/read-marker", READ_MARKER),
    Capability("setname", SETNAME),
    Capability("znc.in/self-message", SELF_MESSAGE),
    Capability(KEY_TAG, MESSAGE_KEY),
    Capability("standard-replies", STANDARD_REPLIES),
    Capability("draft/extended-isupport", EXTENDED_ISUPPORT),
    Capability("draft/multiline", MULTILINE, on_wire=True),
    Capability("draft/metadata-3", METADATA_3),
    Capability("invite-notify", INVITE_NOTIFY),
    Capability("draft/pre-away", PRE_AWAY),
    Capability("chghost", CHGHOST),
    Capability("draft/whoami", WHOAMI),
    Capability("soju.im/search", SEARCH),
    Capability("securechat/administration", ADMINISTRATION),
)

NAMES: Final[dict[str, int]] = {one.name: one.bit for one in CAPABILITIES}

WIRE: Final = sum(one.bit for one in CAPABILITIES if one.on_wire)
"""The capabilities that change the bytes of a message sent to many."""


def bits(names: list[str]) -> tuple[int, int] | None:
    """The bits that a CAP REQ sets, and those that it clears.

    names: capability names, each with '-' in front when it is to be removed.
    Returns None when one of them is unknown; the request is then refused as a whole.
    """
    added = removed = 0
    for name in names:
        bit = NAMES.get(name.removeprefix("-"))
        if bit is None:  # the set "must be accepted as a whole, or rejected entirely"
            return None
        # "Processed from left to right": of a name that comes with and without "-" the last counts.
        if name.startswith("-"):
            removed, added = removed | bit, added & ~bit
        else:
            added, removed = added | bit, removed & ~bit
    return added, removed


def names(enabled: int) -> list[str]:
    """The names of the bits in enabled, in their fixed order."""
    return [name for name, bit in NAMES.items() if enabled & bit]
