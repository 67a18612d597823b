"""What an account is made with, an invite, and what it logs in with beside its password: device
tokens, client certificates, the second factor; and its devices, where its messages arrive, each at
its own time.

Plain state of the model; what is stored of it changes only in journal.apply(). Hub thread only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from unicodedata import normalize

from securechat.credentials.device import is_token_name

COMMON = ""
"""The device of all logins with the password that name none."""

MAX_DEVICES = 32
"""So many an account may have: its 20 tokens, and some that are named behind the account."""


@dataclass(slots=True)
class Invite:
    """An invitation to register. admin: whether its account will administer the server."""

    uses: int
    expires_ms: int
    admin: bool


@dataclass(slots=True, eq=False)
class Token:
    """A device token, of which only the digest is known. account: the id of its owner.

    created_ms, used_ms: milliseconds since 1970 (UTC); used_ms is None until the first login.
    """

    digest: bytes
    account: int
    name: str
    created_ms: int
    used_ms: int | None = None


@dataclass(slots=True, eq=False)
class Certificate:
    """A client certificate that was registered. fingerprint: the SHA-256 of its DER form.

    account, name, created_ms, used_ms: as of a token.
    """

    fingerprint: bytes
    account: int
    name: str
    created_ms: int
    used_ms: int | None = None


@dataclass(slots=True, eq=False)
class Factor:
    """A second factor. secret: sealed. counter: the time step of the newest code accepted.

    recovery: the keyed digests of the recovery codes that are left.
    """

    # By the pepper, so a copied database has no second factors in it.
    secret: str
    counter: int
    recovery: set[bytes] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Device:
    """A device of an account. delivered: everything up to this seq has certainly arrived there.

    stored: the same, as the database has it, -1 for not at all. used_ms: its newest login, in
    milliseconds since 1970 (UTC).
    """

    name: str
    delivered: int
    used_ms: int
    # How far it has come is stored once a second at most, for all devices together.
    stored: int = -1
    announced: int = 0
    """The newest announcement that was shown there; a restart forgets it, and shows it again."""


def token_device(token: str) -> str:
    """The name of the device that logs in with a token of this name."""
    return f"token:{token}"


def certificate_device(certificate: str) -> str:
    """The name of the device that logs in with a certificate of this name."""
    return f"certificate:{certificate}"


def split_device(claimed: str) -> tuple[str, str]:
    """The account and the device in what a login claims to be: `alice@phone`, or `alice` alone.

    A colon is in no such name: before it stands what kind of login names the device.
    """
    # No account's name has an @, so this can't cut one in two.
    account, _, device = claimed.partition("@")
    # A phone's keyboard writes Phone where the laptop writes phone: one device all the same.
    folded = normalize("NFKC", device.casefold())
    if is_token_name(device) and is_token_name(folded) and ":" not in folded:
        return account, folded
    return claimed, COMMON
