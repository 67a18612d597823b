"""What an account can log in with beside its password: device tokens, client certificates, and the
second factor.

Plain state of the model; it changes only in journal.apply(). Hub thread only.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Token:
    """A device token, of which only the digest is known. account: the id of whose it is.

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

    secret: str
    counter: int
    recovery: set[bytes] = field(default_factory=set)
