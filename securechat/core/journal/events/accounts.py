"""What lasts of accounts: passwords, tokens, certificates, factors, devices, quotas, invites."""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.journal.events.things import Table, Thing, Things


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

    def needs(self) -> Things:
        return (("name", self.folded), ("name", self.skeleton))

    def makes(self) -> Things:
        return (("account", self.id), ("name", self.folded), ("name", self.skeleton))


class PasswordChanged(NamedTuple):
    """A new password, by its hash. replaced: the old one's. If an administrator has set another
    one meanwhile, that stays, and this can't be stored.
    """

    password: str
    account: int
    replaced: str

    def needs(self) -> Things:
        return (("account", self.account), ("password", self.account))

    def makes(self) -> Things:
        return (("password", self.account),)


class PasswordRehashed(NamedTuple):
    """A new hash of the same password, after a login that found the old one, of another cost.

    replaced: that old one. If the password has been changed meanwhile, it isn't there any more, and
    nothing happens.
    """

    password: str
    account: int
    replaced: str

    def needs(self) -> Things:
        return (("account", self.account), ("password", self.account))

    def makes(self) -> Things:
        return (("password", self.account),)


class RealNameSet(NamedTuple):
    """An account has chosen its real name."""

    chosen_name: str
    account: int

    @staticmethod
    def table() -> Table:
        return "accounts"

    def needs(self) -> Things:
        return (("account", self.account),)

    def makes(self) -> Things:
        return ()


class TokenCreated(NamedTuple):
    """digest: the SHA-256 that is all that is kept of a device token. name: its own in the account.

    created_ms: milliseconds since 1970 (UTC).
    """

    digest: bytes
    account: int
    name: str
    created_ms: int

    def needs(self) -> Things:
        return (("account", self.account), ("token name", (self.account, self.name)))

    def makes(self) -> Things:
        return (("token", self.digest), ("token name", (self.account, self.name)))


class TokenUsed(NamedTuple):
    """A login with the token."""

    used_ms: int
    digest: bytes

    def needs(self) -> Things:
        return (("token", self.digest),)

    def makes(self) -> Things:
        return ()


class TokenRevoked(NamedTuple):
    """The token is no credential any more."""

    digest: bytes

    def needs(self) -> Things:
        return (("token", self.digest),)

    def makes(self) -> Things:
        return (("token", self.digest),)


class CertificateAdded(NamedTuple):
    """A client certificate logs the account in. fingerprint: the SHA-256 of its DER form. name: its
    own in the account. created_ms: milliseconds since 1970 (UTC).
    """

    fingerprint: bytes
    account: int
    name: str
    created_ms: int

    def needs(self) -> Things:
        name: Thing = ("certificate name", (self.account, self.name))
        return (("account", self.account), ("certificate", self.fingerprint), name)

    def makes(self) -> Things:
        name: Thing = ("certificate name", (self.account, self.name))
        return (("certificate", self.fingerprint), name)


class CertificateUsed(NamedTuple):
    """A login with the certificate."""

    used_ms: int
    fingerprint: bytes

    def needs(self) -> Things:
        return (("certificate", self.fingerprint),)

    def makes(self) -> Things:
        return ()


class CertificateRevoked(NamedTuple):
    """The certificate is no credential any more."""

    fingerprint: bytes

    def needs(self) -> Things:
        return (("certificate", self.fingerprint),)

    def makes(self) -> Things:
        return (("certificate", self.fingerprint),)


class FactorSet(NamedTuple):
    """The account has a second factor from now on. secret: sealed. counter: of the newest code that
    was accepted, in RFC 6238's time steps.
    """

    account: int
    secret: str
    counter: int
    created_ms: int

    def needs(self) -> Things:
        return (("account", self.account), ("factor", self.account))

    def makes(self) -> Things:
        return (("factor", self.account),)


class FactorUsed(NamedTuple):
    """A code was accepted; it and older ones are not any more."""

    counter: int
    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class FactorRemoved(NamedTuple):
    """The account has no second factor any more, and no recovery codes."""

    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class RecoveryCodeAdded(NamedTuple):
    """digest: the keyed digest that is all that is kept of the code."""

    digest: bytes
    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class RecoveryCodesCleared(NamedTuple):
    """None of the account's recovery codes is valid any more."""

    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class RecoveryCodeUsed(NamedTuple):
    """A code has stood in for one of the second factor, and can't again."""

    digest: bytes
    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class Delivered(NamedTuple):
    """Everything up to a seq has certainly arrived at a device of an account. name: the device's.

    used_ms: its newest login.
    """

    account: int
    name: str
    delivered: int
    used_ms: int

    def needs(self) -> Things:
        return (("account", self.account), ("device", (self.account, self.name)))

    def makes(self) -> Things:
        return (("device", (self.account, self.name)),)


class MessageKeyed(NamedTuple):
    """A client has given a key to a message, by which it is known when it comes again.

    slot: its place among the account's, whose oldest key it replaces. at_ms: of the message.
    """

    account: int
    slot: int
    key: int
    seq: int
    at_ms: int

    def needs(self) -> Things:
        return (("account", self.account), ("key slot", (self.account, self.slot)))

    def makes(self) -> Things:
        return (("key slot", (self.account, self.slot)),)


class DeviceForgotten(NamedTuple):
    """The account has newer devices, as many as may be."""

    account: int
    name: str

    def needs(self) -> Things:
        return (("account", self.account), ("device", (self.account, self.name)))

    def makes(self) -> Things:
        return (("device", (self.account, self.name)),)


class UsageCounted(NamedTuple):
    """bytes: what the log holds of the account."""

    account: int
    bytes: int

    def needs(self) -> Things:
        return (("account", self.account),)

    def makes(self) -> Things:
        return ()


class UsageUpto(NamedTuple):
    """seq: the newest entry of the log that all UsageCounted so far have counted, as a text."""

    seq: str

    def needs(self) -> Things:
        return ()

    def makes(self) -> Things:
        return ()


class InviteUsed(NamedTuple):
    """One use of an invite; code_sha256 is all that is kept of its code."""

    code_sha256: bytes

    def needs(self) -> Things:
        return (("invite", self.code_sha256),)

    def makes(self) -> Things:
        return ()


AccountEvent = (
    AccountCreated
    | PasswordChanged
    | PasswordRehashed
    | RealNameSet
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
    | UsageCounted
    | UsageUpto
    | InviteUsed
)
