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
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from unicodedata import category, normalize

from precis_i18n import get_profile

from securechat.irc.lookalikes import skeleton, unicode_data

MAX_ACCOUNT_CHARS = 32
MAX_ACCOUNT_BYTES = 64  # a prefix of nick!user@host must leave a 512 byte line room for its text
MAX_CHANNEL_CHARS = 63  # after the '#'
MAX_CHANNEL_BYTES = 128
_MAX_RAW_CHARS = 256  # four code points that NFC may join into one, for each character of a name
_MAX_MARKS = 4  # Unicode TR 39, 5.4: more of them on one letter climb over the lines above

_PUNCTUATION = "-_[]{}|^"
_ACCOUNT_CATEGORIES = frozenset({"Ll", "Lu", "Lo", "Lm", "Nd", "Mn", "Mc"})
_ASCII_ACCOUNT = re.compile(r"[A-Za-z0-9_\[\]{}|^][A-Za-z0-9_\[\]{}|^-]{0,31}")
_ASCII_CHANNEL = re.compile(r"#[^\x00-\x20,:*?!@\x7f]{1,63}")
_CHANNEL_FORBIDDEN = frozenset(",:*?!@")
_DOTS = frozenset(".\u3002\u06d4")
# Drawn as nothing although their general category is a letter, a mark or a symbol.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U000e0000-\U000e0fff]"
)
# Unicode TR 39, 5.2 "highly restrictive": the scripts that one name may mix.
_SCRIPT_MIXES = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)
_ANY_SCRIPT = frozenset({"COMMON", "INHERITED"})

_PRESERVED = get_profile("UsernameCasePreserved")
_MAPPED = get_profile("UsernameCaseMapped")

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
    return _fold_unicode_account(text) if len(text) <= _MAX_RAW_CHARS else None


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
    bare = name.folded.translate(dict.fromkeys(map(ord, _PUNCTUATION)))
    return not {name.skeleton, skeleton(bare)}.isdisjoint(_reserved_skeletons())


def channel_name(text: str) -> ChannelName:
    """The forms of a channel's name: '#', then 1 to 63 characters; at most 128 bytes of UTF-8.

    `display` is NFC. PRECIS has no profile for rooms, whose names may hold symbols and emoji, so
    `folded` is Unicode's compatibility caseless form (Unicode standard, definition D146): as with
    user names width and case don't count, and for ASCII both come to lower case. It must itself
    be a valid channel name, so a fullwidth comma is refused like a comma. Dots at its end don't
    make it look like another name.

    Raises InvalidName.
    """
    display, folded = _enforce_channel(text)
    return ChannelName(display, folded, skeleton_of(display))


def skeleton_of(display: str) -> str:
    """What an account's or a channel's name looks like, from the form that is shown."""
    if display.startswith("#"):
        return "#" + skeleton(_without_final_dots(display[1:]))
    return skeleton(display)


def fold_channel(text: str) -> str | None:
    """The folded form of a channel that somebody typed; None when no channel can be called so.

    Equal to `channel_name(text).folded` at a fraction of its cost for ASCII.
    """
    if text.isascii():
        return text.lower() if _ASCII_CHANNEL.fullmatch(text) else None
    return _fold_unicode_channel(text) if len(text) <= _MAX_RAW_CHARS else None


# Accounts


def _enforce_account(text: str) -> tuple[str, str]:
    """Display and folded form; raises InvalidName."""
    if len(text) > _MAX_RAW_CHARS:
        raise _invalid_account(text, f"it has {len(text)} characters")
    # Before PRECIS, whose time for a long text is a hundred times this one's.
    if (length := len(normalize("NFC", text))) > MAX_ACCOUNT_CHARS:
        raise _invalid_account(text, f"it has {length} characters")
    try:
        display = _PRESERVED.enforce(text)
        folded = _MAPPED.enforce(display)
    except UnicodeEncodeError as error:
        raise _invalid_account(text, _precis_fault(error)) from None
    # A lower case letter can be longer than its capital, so the folded form counts as well.
    if fault := _account_fault(display) or _account_fault(folded):
        raise _invalid_account(text, fault)
    return display, folded


@lru_cache(maxsize=4096)
def _fold_unicode_account(text: str) -> str | None:
    try:
        return _enforce_account(text)[1]
    except InvalidName:
        return None


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
    return _character_fault(error.object[error.start])


def _character_fault(char: str) -> str:
    if category(char) in {"Cc", "Cf", "Zl", "Zp"} or _BLANK.match(char):
        return f"it holds the invisible character U+{ord(char):04X}"
    return f"the character {char!r} (U+{ord(char):04X}) isn't allowed"


def _account_fault(name: str) -> str | None:
    for char in name:
        allowed = char in _PUNCTUATION or category(char) in _ACCOUNT_CATEGORIES
        if not allowed or _BLANK.match(char):
            return _character_fault(char)
    if len(name) > MAX_ACCOUNT_CHARS:
        return f"it has {len(name)} characters"
    if (size := len(name.encode())) > MAX_ACCOUNT_BYTES:
        return f"it takes {size} bytes in UTF-8"
    if name[0] == "-":
        return "it begins with a hyphen"
    return _marks_fault(name) or _scripts_fault(name)


def _marks_fault(name: str) -> str | None:
    if category(name[0]).startswith("M"):
        return "it begins with a combining mark"
    decomposed = normalize("NFD", name)
    if any(a == b and category(a) == "Mn" for a, b in pairwise(decomposed)):
        return "a combining mark is repeated on one letter, which can't be seen"
    run = 0
    for char in decomposed:
        run = run + 1 if category(char) == "Mn" else 0
        if run > _MAX_MARKS:
            return f"a letter carries more than {_MAX_MARKS} combining marks"
    return None


def _scripts_fault(name: str) -> str | None:
    scripts = {_script(char) for char in name} - _ANY_SCRIPT
    if len(scripts) < 2 or any(scripts <= mix for mix in _SCRIPT_MIXES):
        return None
    return f"it mixes the scripts {' and '.join(sorted(scripts)).title()}"


@cache
def _script_ranges() -> tuple[list[int], list[int], list[str]]:
    """First code points, last code points and scripts of Unicode's Scripts.txt, in order."""
    data = unicode_data("categories.json")
    first, last, script = [], [], []
    for start, end, alias, _ in data["code_points_ranges"]:
        first.append(start)
        last.append(end)
        script.append(data["iso_15924_aliases"][alias])
    return first, last, script


def _script(char: str) -> str:
    first, last, script = _script_ranges()
    at = bisect_right(first, ord(char)) - 1
    return script[at] if at >= 0 and ord(char) <= last[at] else "UNKNOWN"


# Channels


def _enforce_channel(text: str) -> tuple[str, str]:
    """Display and folded form; raises InvalidName."""
    if len(text) > _MAX_RAW_CHARS:
        raise _invalid_channel(text, f"it has {len(text)} characters")
    display = normalize("NFC", text)
    if fault := _channel_fault(display) or _channel_fault(folded := _fold_compatible(display)):
        raise _invalid_channel(text, fault)
    return display, folded


@lru_cache(maxsize=4096)
def _fold_unicode_channel(text: str) -> str | None:
    try:
        return _enforce_channel(text)[1]
    except InvalidName:
        return None


def _without_final_dots(name: str) -> str:
    """Where a sentence ends with a name, nobody sees whether its full stop belongs to it."""
    end = len(name)
    while end > 1 and set(normalize("NFKC", name[end - 1])) <= _DOTS:
        end -= 1
    return name[:end]


def _fold_compatible(text: str) -> str:
    once = normalize("NFKC", normalize("NFD", text).casefold())
    return normalize("NFKC", once.casefold())


def _invalid_channel(text: str, fault: str) -> InvalidName:
    return InvalidName(
        f"{text[:64]!r} can't be a channel name: {fault}. Use # and 1 to {MAX_CHANNEL_CHARS} "
        f"characters, at most {MAX_CHANNEL_BYTES} bytes, without spaces or , : * ? ! @"
    )


def _channel_fault(name: str) -> str | None:
    if not name.startswith("#"):
        return "it doesn't begin with #"
    if not 1 <= len(name) - 1 <= MAX_CHANNEL_CHARS:
        return f"it has {len(name) - 1} characters after the #"
    for char in name:
        if char in _CHANNEL_FORBIDDEN or category(char)[0] in "CZ" or _BLANK.match(char):
            return _character_fault(char)
    if (size := len(name.encode())) > MAX_CHANNEL_BYTES:
        return f"it takes {size} bytes in UTF-8"
    if category(name[1]).startswith("M"):
        return "its # carries a combining mark"
    return None


@cache
def _reserved_skeletons() -> frozenset[str]:
    # In capitals as well: adm1n looks like ADMIN, not like admin.
    return frozenset(skeleton(form) for name in RESERVED for form in (name, name.upper()))
