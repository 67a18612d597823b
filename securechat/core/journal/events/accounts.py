"""What lasts of accounts: passwords, tokens, certificates, factors, devices, quotas, invites."""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.journal.events.things import (
    ACCOUNT,
    ACCOUNT_NAME,
    CERTIFICATE,
    CERTIFICATE_NAME,
    DEVICE,
    FACTOR,
    INVITE,
    KEY_SLOT,
    LOOKS,
    METADATA,
    NAME,
    PASSWORD,
    READ_MARKER,
    READ_MARKERS,
    REAL_NAME,
    TOKEN,
    TOKEN_NAME,
    Table,
    about,
)


@about(changes=[NAME, LOOKS], makes=[ACCOUNT.by("id")])
class AccountCreated(NamedTuple):
    """starts_after: the newest seq at that time; nothing older is missed by its devices."""

    id: int
    name: str
    folded: str
    skeleton: str
    password: str
    admin: bool
    created_ms: int
    starts_after: int


@about(needs=[ACCOUNT, READ_MARKERS.by("before")], changes=[ACCOUNT_NAME, NAME, LOOKS])
class AccountRenamed(NamedTuple):
    """An account has another name: name, folded, skeleton. before: the folded name that it had,
    which stays its own. Everybody's read markers go with it.
    """

    name: str
    folded: str
    skeleton: str
    account: int
    before: str


@about(needs=[ACCOUNT], changes=[METADATA])
class AccountMetadataSet(NamedTuple):
    """metadata: all keys with their values, as a JSON object; '' for none."""

    metadata: str
    account: int

    @staticmethod
    def table() -> Table:
        return "accounts"


@about(needs=[ACCOUNT], changes=[PASSWORD])
class PasswordChanged(NamedTuple):
    """A new password, by its hash. replaced: the old one's. If an administrator has set another
    one meanwhile, that stays, and this can't be stored.
    """

    password: str
    account: int
    replaced: str


@about(needs=[ACCOUNT], changes=[PASSWORD])
class PasswordRehashed(NamedTuple):
    """A new hash of the same password, after a login that found the old one, of another cost.

    replaced: that old one. If the password has been changed meanwhile, it isn't there any more, and
    nothing happens.
    """

    password: str
    account: int
    replaced: str


@about(needs=[ACCOUNT], changes=[REAL_NAME])
class RealNameSet(NamedTuple):
    """An account has chosen its real name."""

    chosen_name: str
    account: int

    @staticmethod
    def table() -> Table:
        return "accounts"


@about(needs=[ACCOUNT], changes=[ACCOUNT_NAME, LOOKS])
class AccountRespelled(NamedTuple):
    """An account shows its name in another case or form; the folded one stays what it is."""

    name: str
    skeleton: str
    account: int

    @staticmethod
    def table() -> Table:
        return "accounts"


@about(needs=[ACCOUNT], changes=[TOKEN_NAME], makes=[TOKEN])
class TokenCreated(NamedTuple):
    """digest: the SHA-256 that is all that is kept of a device token. name: its own in the account.

    created_ms: milliseconds since 1970 (UTC).
    """

    digest: bytes
    account: int
    name: str
    created_ms: int


@about(needs=[TOKEN])
class TokenUsed(NamedTuple):
    """A login with the token."""

    used_ms: int
    digest: bytes


@about(changes=[TOKEN])
class TokenRevoked(NamedTuple):
    """The token is no credential any more."""

    digest: bytes


@about(needs=[ACCOUNT], changes=[CERTIFICATE, CERTIFICATE_NAME])
class CertificateAdded(NamedTuple):
    """A client certificate logs the account in. fingerprint: the SHA-256 of its DER form. name: its
    own in the account. created_ms: milliseconds since 1970 (UTC).
    """

    fingerprint: bytes
    account: int
    name: str
    created_ms: int


@about(needs=[CERTIFICATE])
class CertificateUsed(NamedTuple):
    """A login with the certificate."""

    used_ms: int
    fingerprint: bytes


@about(changes=[CERTIFICATE])
class CertificateRevoked(NamedTuple):
    """The certificate is no credential any more."""

    fingerprint: bytes


@about(needs=[ACCOUNT], changes=[FACTOR])
class FactorSet(NamedTuple):
    """The account has a second factor from now on. secret: sealed. counter: of the newest code that
    was accepted, in RFC 6238's time steps.
    """

    account: int
    secret: str
    counter: int
    created_ms: int


@about(changes=[FACTOR])
class FactorUsed(NamedTuple):
    """A code was accepted; it and older ones are not any more."""

    counter: int
    account: int


@about(changes=[FACTOR])
class FactorRemoved(NamedTuple):
    """The account has no second factor any more, and no recovery codes."""

    account: int


@about(changes=[FACTOR])
class RecoveryCodeAdded(NamedTuple):
    """digest: the keyed digest that is all that is kept of the code."""

    digest: bytes
    account: int


@about(changes=[FACTOR])
class RecoveryCodesCleared(NamedTuple):
    """None of the account's recovery codes is valid any more."""

    account: int


@about(changes=[FACTOR])
class RecoveryCodeUsed(NamedTuple):
    """A code has stood in for one of the second factor, and can't again."""

    digest: bytes
    account: int


@about(needs=[ACCOUNT], changes=[DEVICE])
class Delivered(NamedTuple):
    """Everything up to a seq has certainly arrived at a device of an account. name: the device's.

    used_ms: its newest login.
    """

    account: int
    name: str
    delivered: int
    used_ms: int


@about(needs=[ACCOUNT], changes=[KEY_SLOT])
class MessageKeyed(NamedTuple):
    """A client has given a key to a message, by which it is known when it comes again.

    slot: its place among the account's, whose oldest key it replaces. at_ms: of the message.
    """

    account: int
    slot: int
    key: int
    seq: int
    at_ms: int


@about(needs=[ACCOUNT], changes=[DEVICE])
class DeviceForgotten(NamedTuple):
    """The account has newer devices, as many as may be."""

    account: int
    name: str


@about(needs=[ACCOUNT, NAME.by("target")], changes=[READ_MARKER], makes=[READ_MARKERS])
class ReadMarked(NamedTuple):
    """The account's person has read a target up to a time. target: its folded name."""

    account: int
    target: str
    at_ms: int


@about(needs=[ACCOUNT, NAME.by("target")], changes=[READ_MARKER], makes=[READ_MARKERS])
class ReadMarkForgotten(NamedTuple):
    """There are newer ones, as many as may be."""

    account: int
    target: str


@about(needs=[ACCOUNT])
class UsageCounted(NamedTuple):
    """bytes: what the log holds of the account."""

    account: int
    bytes: int


@about()
class UsageUpto(NamedTuple):
    """seq: the newest entry of the log that all UsageCounted so far have counted, as a text."""

    seq: str


@about(needs=[INVITE])
class InviteUsed(NamedTuple):
    """One use of an invite; code_sha256 is all that is kept of its code."""

    code_sha256: bytes


AccountEvent = (
    AccountCreated
    | AccountMetadataSet
    | PasswordChanged
    | PasswordRehashed
    | RealNameSet
    | AccountRenamed
    | AccountRespelled
    | TokenCreated
    | TokenUsed
    | TokenRevoked
    | CertificateAdded
    | CertificateUsed
    | CertificateRevoked
    | FactorSet
    | FactorUsed
    | FactorRemoved
    | RecoveryCodeAdded
    | RecoveryCodesCleared
    | RecoveryCodeUsed
    | Delivered
    | MessageKeyed
    | DeviceForgotten
    | ReadMarked
    | ReadMarkForgotten
    | UsageCounted
    | UsageUpto
    | InviteUsed
)
