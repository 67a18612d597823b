"""Names on the wire: accounts and channels.

Every name has three forms. `display` is what people see. `folded` is what is compared and looked
up: two names with one folded form are the same name. `skeleton` is what the eye compares: two
names with one skeleton look alike, and only one of them may exist.

Specifications: RFC 8264, RFC 8265 (PRECIS user names), RFC 5893 (bidi), Unicode TR 36 and TR 39
(scripts and confusables), modern.ircdocs.horse (channels). Every function is pure and
may be called from any thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import _lru_cache_wrapper, cache, lru_cache
from typing import Any
from unicodedata import bidirectional, category, is_normalized, normalize

from securechat.irc.characters import BLANK, character_fault, marks_fault, scripts_fault
from securechat.irc.lookalikes import skeleton

MAX_ACCOUNT_CHARS = 32
# A source of nick!user@host, with the nick in it, must leave a line of 512 bytes room for its text.
MAX_ACCOUNT_BYTES = 64
MAX_CHANNEL_CHARS = 63  # after the '#'
MAX_CHANNEL_BYTES = 128
_MAX_RAW_CHARS = 256  # four code points that NFC may join into one, for each character of a name

_PUNCTUATION = "-_[]{}|^"
_ACCOUNT_CATEGORIES = frozenset({"Ll", "Lu", "Lo", "Lm", "Nd", "Mn", "Mc"})
_ASCII_ACCOUNT = re.compile(r"[A-Za-z0-9_\[\]{}|^][A-Za-z0-9_\[\]{}|^-]{0,31}")
_ASCII_CHANNEL = re.compile(r"#[^\x00-\x20,:*?!@\x7f]{1,63}")
_ASCII = re.compile(r"[\x00-\x7f]+")
_NOT_ASCII_ACCOUNT = re.compile(r"[\x00-\x7f](?<![A-Za-z0-9_\[\]{}|^-])")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ALL_TO_LEFT = frozenset({"R", "AL", "NSM"})
# What PRECIS has rules of its own for: old Hangul, Persian digits, a few letters and marks. What
# has no lower case of its own length; sigma, whose lower case depends on its place.
_NOT_PLAIN = re.compile(
    "[\u00b7\u0130\u0375\u03a3\u0640\u06f0-\u06f9\u07fa\u1100-\u11ff\u3007\u302e\u302f"
    "\u3031-\u3035\u303b\ua960-\ua97f\ud7b0-\ud7ff]"
)
# Foldings that are kept in memory: of names of at most _MAX_KEPT_CHARS, some 500 bytes each.
_KEPT = 4096
_MAX_KEPT_CHARS = 64
# Among them what parts lists of channels, and the wildcards: masks know no escape for them.
_CHANNEL_FORBIDDEN = re.compile("[,:*?!@]")
_DOTS = frozenset(".\u3002\u06d4")  # with those of Chinese and Japanese, and of Urdu

# Who would believe a message from one of these to be the server's own word, or to address all.
RESERVED = frozenset(
    """
    admin administrator sysadmin root sysop oper operator ircop moderator owner staff official
    server service services system daemon securechat security support help helpdesk
    abuse hostmaster postmaster webmaster noreply irc status notice announce
    nickserv chanserv memoserv hostserv operserv botserv authserv saslserv infoserv histserv
    all everyone everybody you here channel room lobby nobody anonymous guest null undefined
    """.split()  # noqa: SIM905 - fifty words read better than fifty quoted ones
)


class InvalidName(ValueError):  # noqa: N818 - reads as what it says: `except InvalidName`
    """A text can't be a name; its message says why and what can."""


@dataclass(frozen=True, slots=True)
class AccountName:
    """The three forms of an account's name (see the module)."""

    display: str
    folded: str
    skeleton: str


@dataclass(frozen=True, slots=True)
class ChannelName:
    """The three forms of a channel's name (see the module), each beginning with '#'."""

    display: str
    folded: str
    skeleton: str


def account_name(text: str) -> AccountName:
    """The forms of an account's name.

    `display` is enforced by UsernameCasePreserved, `folded` by UsernameCaseMapped (both RFC 8265).
    Beyond PRECIS a name has 1 to 32 characters and at most 64 bytes of UTF-8, from one script or a
    usual mix of scripts, without anything invisible. The folded form is a valid name as well.

    Raises InvalidName.
    """
    display, folded = _enforce_account(text)
    return AccountName(display, folded, skeleton_of(display))


def fold_account(text: str) -> str | None:
    """The folded form of a name that somebody typed; None when no account can be called so.

    Equal to `account_name(text).folded` at a fraction of its cost for ASCII.
    """
    if text.isascii():
        return text.lower() if _ASCII_ACCOUNT.fullmatch(text) else None
    return _folded(_fold_unicode_account, text, 4 * MAX_ACCOUNT_CHARS)


def fold(text: str) -> str | None:
    """The folded form of a channel, if it begins with '#', or else of an account; None when there
    can be none of that name.
    """
    return fold_channel(text) if text[:1] == "#" else fold_account(text)


def distinct(texts: Iterable[str]) -> list[str]:
    """Names of channels and accounts, each once, in the spelling in which it comes first."""
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(fold(text) or text, text)
    return list(found.values())


def is_reserved(name: AccountName) -> bool:
    """Whether a name, or one that looks like it, speaks for the server or addresses everybody.

    Whoever registers freely must not have such a name; an administrator may give it.
    """
    # Without punctuation as well: [admin] and help_desk say the same as admin and helpdesk.
    bare = name.folded.translate(dict.fromkeys(map(ord, _PUNCTUATION)))
    return not {name.skeleton, skeleton(bare)}.isdisjoint(_reserved_skeletons())


def channel_name(text: str) -> ChannelName:
    """The forms of a channel's name: '#', then 1 to 63 characters; at most 128 bytes of UTF-8.

    `display` is NFC, `folded` Unicode's compatibility caseless form (Unicode standard, definition
    D146), which is lower case for ASCII. `skeleton` is without the dots at the name's end.

    Raises InvalidName.
    """
    display, folded = _enforce_channel(text)
    return ChannelName(display, folded, skeleton_of(display))


def skeleton_of(display: str) -> str:
    """The skeleton of an account's or a channel's name, made of the form that is shown."""
    if display.startswith("#"):
        return "#" + skeleton(_without_final_dots(display[1:]))
    return skeleton(display)


def fold_channel(text: str) -> str | None:
    """The folded form of a channel that somebody typed; None when no channel can be called so.

    Equal to `channel_name(text).folded` at a fraction of its cost for ASCII.
    """
    if text.isascii():
        return text.lower() if _ASCII_CHANNEL.fullmatch(text) else None
    return _folded(_fold_unicode_channel, text, _MAX_RAW_CHARS)


def _folded(fold_kept: _lru_cache_wrapper[str | None], text: str, most: int) -> str | None:
    """The folded form, or None. most: code points; more can't be a name."""
    if len(text) > most:
        return None
    # A long spelling is not kept: anybody may send thousands of them to fill the memory.
    return fold_kept(text) if len(text) <= _MAX_KEPT_CHARS else fold_kept.__wrapped__(text)


# Accounts


def _enforce_account(text: str) -> tuple[str, str]:
    """Display and folded form; raises InvalidName."""
    if len(text) > _MAX_RAW_CHARS:
        raise _invalid_account(text, f"it has {len(text)} characters")
    # Before PRECIS, whose time for a long text is a hundred times this one's.
    if (length := len(normalize("NFC", text))) > MAX_ACCOUNT_CHARS:
        raise _invalid_account(text, f"it has {length} characters")
    if (folded := _fold_plain(text)) is not None:
        if fault := _form_fault(text) or _size_fault(folded):
            raise _invalid_account(text, fault)
        return text, folded
    try:
        preserved, mapped = _profiles()
        display = preserved.enforce(text)
        folded = mapped.enforce(display)
    except UnicodeEncodeError as error:
        raise _invalid_account(text, _precis_fault(error)) from None
    # A lower case letter can be longer than its capital, so the folded form counts as well.
    if fault := _account_fault(display) or _account_fault(folded):
        raise _invalid_account(text, fault)
    return display, folded


@cache
def _profiles() -> tuple[Any, Any]:
    """That of the display form, and that of the folded one."""
    # Only here, as it takes longer to load than all else, and few names need it (_fold_plain).
    from precis_i18n import get_profile

    return get_profile("UsernameCasePreserved"), get_profile("UsernameCaseMapped")


@lru_cache(maxsize=_KEPT)
def _fold_unicode_account(text: str) -> str | None:
    try:
        return _enforce_account(text)[1]
    except InvalidName:
        return None


def _fold_plain(text: str) -> str | None:
    """The folded form of a name of plain letters, as most are; None when PRECIS must look at it.

    It takes a tenth of the time that PRECIS takes, and gives what PRECIS would.
    """
    letters = _ASCII.sub("", text)
    if (
        not letters
        or _NOT_ASCII_ACCOUNT.search(text)
        or _NOT_PLAIN.search(letters)
        or BLANK.search(letters)
        or not _ACCOUNT_CATEGORIES.issuperset(map(category, letters))
        # What has a compatible form PRECIS refuses (HasCompat in RFC 8264) or maps by its width.
        or not is_normalized("NFKC", text)
    ):
        return None
    # What stands in one direction only can't break the rule of RFC 5893, section 2.
    directions = set(map(bidirectional, letters))
    if directions & _RIGHT_TO_LEFT and (len(letters) < len(text) or not directions <= _ALL_TO_LEFT):
        return None
    folded = text.lower()
    return folded if is_normalized("NFC", folded) else None


def _invalid_account(text: str, fault: str) -> InvalidName:
    return InvalidName(
        f"{text[:64]!r} can't be an account name: {fault}. Use 1 to {MAX_ACCOUNT_CHARS} letters "
        f"or digits of one script, or {' '.join(_PUNCTUATION)}, at most {MAX_ACCOUNT_BYTES} bytes."
    )


def _precis_fault(error: UnicodeEncodeError) -> str:
    if error.reason.endswith("/bidi_rule"):
        return "its right-to-left and left-to-right characters can't stand in this order (RFC 5893)"
    if error.reason.endswith("/empty"):
        return "it is empty"
    if error.end - error.start != 1:
        return "it has no stable normalised form"
    return character_fault(error.object[error.start])


def _account_fault(name: str) -> str | None:
    for char in name:
        allowed = char in _PUNCTUATION or category(char) in _ACCOUNT_CATEGORIES
        if not allowed or BLANK.match(char):
            return character_fault(char)
    return _form_fault(name)


def _form_fault(name: str) -> str | None:
    if name[0] == "-":
        return "it begins with a hyphen"
    return _size_fault(name) or marks_fault(name) or scripts_fault(name)


def _size_fault(name: str) -> str | None:
    if len(name) > MAX_ACCOUNT_CHARS:
        return f"it has {len(name)} characters"
    if (size := len(name.encode())) > MAX_ACCOUNT_BYTES:
        return f"it takes {size} bytes in UTF-8"
    return None


# Channels


def _enforce_channel(text: str) -> tuple[str, str]:
    """Display and folded form; raises InvalidName."""
    if len(text) > _MAX_RAW_CHARS:
        raise _invalid_channel(text, f"it has {len(text)} characters")
    display = normalize("NFC", text)
    # The folded form as well: a fullwidth comma folds to one that would part a list of channels.
    if fault := _channel_fault(display) or _channel_fault(folded := _fold_compatible(display)):
        raise _invalid_channel(text, fault)
    return display, folded


@lru_cache(maxsize=_KEPT)
def _fold_unicode_channel(text: str) -> str | None:
    try:
        return _enforce_channel(text)[1]
    except InvalidName:
        return None


def _without_final_dots(name: str) -> str:
    # Where a sentence ends with a name, nobody sees whether its full stop belongs to it.
    end = len(name)
    while end > 1 and set(normalize("NFKC", name[end - 1])) <= _DOTS:
        end -= 1
    return name[:end]


def _fold_compatible(text: str) -> str:
    # PRECIS has no profile for channels, whose names may hold symbols and emoji. This is D146,
    # NFKC(toCasefold(NFKC(toCasefold(NFD(X))))): as with accounts width and case don't count.
    once = normalize("NFKC", normalize("NFD", text).casefold())
    return normalize("NFKC", once.casefold())


def _invalid_channel(text: str, fault: str) -> InvalidName:
    return InvalidName(
        f"{text[:64]!r} can't be a channel name: {fault}. Use # and 1 to {MAX_CHANNEL_CHARS} "
        f"characters, at most {MAX_CHANNEL_BYTES} bytes, without spaces or , : * ? ! @"
    )


def _first_not_in_channels(name: str) -> int | None:
    kinds = "".join(map(category, name))  # two letters each; C and Z are the first of them only
    found = [kinds.find(kind) // 2 for kind in "CZ" if kind in kinds]
    for pattern in (BLANK, _CHANNEL_FORBIDDEN):
        if match := pattern.search(name):
            found.append(match.start())
    return min(found, default=None)


def _channel_fault(name: str) -> str | None:
    if not name.startswith("#"):
        return "it doesn't begin with #"
    if not 1 <= len(name) - 1 <= MAX_CHANNEL_CHARS:
        return f"it has {len(name) - 1} characters after the #"
    if (at := _first_not_in_channels(name)) is not None:
        return character_fault(name[at])
    if (size := len(name.encode())) > MAX_CHANNEL_BYTES:
        return f"it takes {size} bytes in UTF-8"
    return marks_fault(name[1:])


@cache
def _reserved_skeletons() -> frozenset[str]:
    # In capitals as well: adm1n looks like ADMIN, not like admin.
    return frozenset(skeleton(form) for name in RESERVED for form in (name, name.upper()))
