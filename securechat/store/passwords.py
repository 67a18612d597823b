"""Passwords: what is accepted, how it is stored, how it is checked.

A stored password reads `sc2$` and a bcrypt hash. The hash isn't made of the password itself but of
base64(HMAC-SHA-384(key, label and password)):

- bcrypt reads at most 72 bytes and stops at a NUL. The digest gathers a password of any length;
  base64 makes it 64 bytes that hold no NUL, as a raw digest may.
- The key comes from the server's pepper, which is not in the database. Who steals the database
  alone can't even begin to guess, nor feed our hashes with digests leaked elsewhere and so learn
  which of those passwords are used here ("password shucking").

`sc2` names this recipe; another one gets another name, and the login moves old hashes over. The
recipe of before, `sc1`, is base64(HMAC-SHA-384(its label, password)), without a pepper.

Specifications: RFC 8265 (OpaqueString), NIST SP 800-63B-4 (3.1.1.2). Every function may be called
from any thread. Hashing takes 10 ms (cost 8) to seconds (cost 16) and releases the GIL.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Mapping
from functools import cache

import bcrypt
from precis_i18n import get_profile

from securechat.common.strength import Weakness, weakness
from securechat.store.pepper import Pepper

MAX_PASSWORD_BYTES = 1024  # far beyond any passphrase, far below what would be work to normalise
_MAX_RAW_CHARS = 4 * MAX_PASSWORD_BYTES  # NFC joins at most four code points into one
_MIN_COST, _MAX_COST = 4, 31  # bcrypt's own

_SCHEME = "sc2$"
_LABEL = b"securechat account password v2\0"
_SC1_LABEL = b"securechat account password v1"
_STORED = re.compile(
    r"(?P<scheme>sc[12]\$)(?P<bcrypt>\$2b\$(?P<cost>0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53})"
)
_BCRYPT_ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_HEAD = re.compile(r"sc[12]\$\$2b\$(0[4-9]|[12]\d|3[01])\$")
_FALLBACK_COST = 12  # what a check against a damaged hash costs

HEAD_CHARS = 11
"""A stored password's beginning, up to its cost: nothing of the password or its salt is in it."""

_OPAQUE = get_profile("OpaqueString")


class InvalidPassword(ValueError):  # noqa: N818 - reads as what it says: `except InvalidPassword`
    """A password can't be used; the message says why and never holds any of it."""


class WeakPassword(InvalidPassword):
    """It could be used, and would be guessed."""


def normalise(password: str) -> str:
    """The password by RFC 8265 OpaqueString: composed (NFC), any space as an ASCII space.

    So it is the same from every keyboard and system. Raises InvalidPassword when it is empty, takes
    more than 1024 bytes of UTF-8 or holds a character that the RFC disallows.
    """
    enforced = _enforce(password[: _MAX_RAW_CHARS + 1])
    if enforced is None:
        # Raised here and not where the codec failed: its error would carry the password along.
        raise InvalidPassword(_malformed(password))
    if len(enforced.encode()) > MAX_PASSWORD_BYTES:
        raise InvalidPassword(
            f"The password takes more than {MAX_PASSWORD_BYTES} bytes in UTF-8. Choose a shorter "
            "one."
        )
    return enforced


def check_acceptable(password: str, *, account: str, server_name: str, min_length: int) -> None:
    """Refuse a new password that is too short or easily guessed.

    See strength.weakness(). Raises WeakPassword, and InvalidPassword as normalise() does.
    """
    enforced = normalise(password)
    match weakness(enforced, account=account, server_name=server_name, min_length=min_length):
        case Weakness.SHORT:
            raise WeakPassword(
                f"The password has {len(enforced)} characters, this server asks for at least "
                f"{min_length}. Four or more unrelated words make one that is easy to remember."
            )
        case Weakness.NAME:
            raise WeakPassword(
                "The password consists mainly of the account's name or the server's, which is what "
                "is tried first. Choose four or more unrelated words, or let a password manager "
                "make one."
            )
        case Weakness.GUESSED:
            raise WeakPassword(
                "The password is easily guessed: it is a common one, or made of repetitions, "
                "sequences or neighbouring keys. Choose four or more unrelated words, or let a "
                "password manager make one."
            )


def hash_password(password: str, *, cost: int, pepper: Pepper) -> str:
    """The string to store for a password, with a new random salt.

    `cost` is bcrypt's, 4 to 31: each step doubles the time. Raises InvalidPassword (see normalise),
    and ValueError for another cost.
    """
    _check_cost(cost)
    prehash = _prehashes(normalise(password), pepper)[_SCHEME]
    return _SCHEME + bcrypt.hashpw(prehash, bcrypt.gensalt(cost)).decode("ascii")


def verify_password(password: str, stored: str, pepper: Pepper) -> bool:
    """Whether this is the password of the stored string, compared in constant time.

    pepper: of the database that the string comes from. A malformed password is a wrong one and
    takes as long; a damaged stored string fits none.
    """
    try:
        prehashes, possible = _prehashes(normalise(password), pepper), True
    except InvalidPassword:
        prehashes, possible = _prehashes("", pepper), False
    match = _STORED.fullmatch(stored)
    if match is None:
        match, possible = _STORED.fullmatch(dummy_hash(_FALLBACK_COST)), False
    if match is None:
        return False
    return bcrypt.checkpw(prehashes[match["scheme"]], match["bcrypt"].encode()) and possible


def needs_rehash(stored: str, *, cost: int) -> bool:
    """Whether a string was stored by another recipe or at another cost than this one."""
    match = _STORED.fullmatch(stored)
    return match is None or match["scheme"] != _SCHEME or int(match["cost"]) != cost


@cache
def dummy_hash(cost: int) -> str:
    """A stored string that no password fits: what an unknown account's password is checked against.

    So that it takes as long as an account's whose password has this cost. It is drawn instead of
    computed (even the first call takes no time) and the same until the process ends. Raises
    ValueError for a cost outside 4 to 31.
    """
    _check_cost(cost)
    checksum = "".join(secrets.choice(_BCRYPT_ALPHABET) for _ in range(31))
    return _SCHEME + bcrypt.gensalt(cost).decode("ascii") + checksum


def cost_of(stored: str) -> int | None:
    """The cost of a stored password, whose first HEAD_CHARS suffice; None for another text."""
    match = _HEAD.match(stored)
    return int(match[1]) if match else None


def draw_cost(name: str, costs: Mapping[int, int], *, key: bytes) -> int | None:
    """The cost of a name that nobody has: drawn as if it were one of the accounts.

    costs: of the stored passwords, with the number of accounts each. key: secret, and lasting, so
    that a name costs the same tomorrow and nobody can tell beforehand what an account that isn't
    there would cost. While logins move the accounts from one cost to another, each name follows
    once, as an account does. None when there are no accounts.
    """
    digest = hmac.digest(key, name.encode(errors="surrogatepass"), "sha256")
    place = int.from_bytes(digest[:8]) * sum(costs.values()) >> 64
    for cost, accounts in sorted(costs.items()):
        if place < accounts:
            return cost
        place -= accounts
    return None


def _enforce(password: str) -> str | None:
    try:
        return _OPAQUE.enforce(password)
    except UnicodeEncodeError:
        return None


def _malformed(password: str) -> str:
    if not password:
        return "The password is empty. Choose one."
    return (
        "The password holds a character that can't be used in one: a control character such as TAB "
        "or NUL, or one that Unicode has not assigned or advises against. Choose one of letters, "
        "digits, punctuation and spaces of any script."
    )


def _check_cost(cost: int) -> None:
    if not _MIN_COST <= cost <= _MAX_COST:
        raise ValueError(f"the bcrypt cost must be {_MIN_COST} to {_MAX_COST}, not {cost}")


def _prehashes(password: str, pepper: Pepper) -> dict[str, bytes]:
    """What bcrypt gets by each recipe: 64 bytes of ASCII, whatever the password (see the module).

    Always all of them, so that no recipe can be told from another by its time.
    """
    raw = password.encode()
    digests = {
        "sc1$": hmac.digest(_SC1_LABEL, raw, "sha384"),
        _SCHEME: hmac.digest(pepper.password_key, _LABEL + raw, "sha384"),
    }
    return {scheme: base64.b64encode(digest) for scheme, digest in digests.items()}
