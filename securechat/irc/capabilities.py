"""The IRCv3 capabilities that securechat knows, as bits of one integer.

https://ircv3.net/specs/extensions/capability-negotiation. Plain integers and no enum.IntFlag:
the server tests them on its hot path.
"""

from __future__ import annotations

from typing import Final

from securechat.irc.message_keys import KEY_TAG

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

NAMES: Final[dict[str, int]] = {
    "account-notify": ACCOUNT_NOTIFY,
    "account-tag": ACCOUNT_TAG,
    "away-notify": AWAY_NOTIFY,
    "batch": BATCH,
    "cap-notify": CAP_NOTIFY,
    "echo-message": ECHO_MESSAGE,
    "extended-join": EXTENDED_JOIN,
    "message-tags": MESSAGE_TAGS,
    "multi-prefix": MULTI_PREFIX,
    "sasl": SASL,
    "server-time": SERVER_TIME,
    "userhost-in-names": USERHOST_IN_NAMES,
    "draft/account-registration": ACCOUNT_REGISTRATION,
    "setname": SETNAME,
    "znc.in/self-message": SELF_MESSAGE,
    KEY_TAG: MESSAGE_KEY,
}

WIRE: Final = ACCOUNT_TAG | MESSAGE_TAGS | SERVER_TIME | BATCH | EXTENDED_JOIN
"""The capabilities that change the bytes of a message sent to many."""


def bits(names: list[str]) -> tuple[int, int] | None:
    """What a CAP REQ adds and removes: (bits to set, bits to clear).

    names: capability names, each with '-' in front when it is to be removed.
    Returns None when one of them is unknown; the request is then refused as a whole.
    """
    added = removed = 0
    for name in names:
        bit = NAMES.get(name.removeprefix("-"))
        if bit is None:
            return None
        if name.startswith("-"):
            removed, added = removed | bit, added & ~bit
        else:
            added, removed = added | bit, removed & ~bit
    return added, removed


def names(enabled: int) -> list[str]:
    """The names of the bits in enabled, in their fixed order."""
    return [name for name, bit in NAMES.items() if enabled & bit]
