"""The rows of the tables, as a Reader gives them. Their fields are the columns, in this order."""

from __future__ import annotations

from typing import NamedTuple

LogRow = tuple[int, int, int, int, str, str, str | None]
"""seq, target, sender, at_ms, kind, text, tags."""


class AccountRow(NamedTuple):
    id: int
    name: str
    folded: str
    skeleton: str
    admin: int
    disabled: int
    deleted: int
    bot: int
    starts_after: int
    created_ms: int
    chosen_name: str
    metadata: str
    quota_mib: int | None


class InviteRow(NamedTuple):
    code_sha256: bytes
    uses: int
    expires_ms: int
    admin: int
    created_ms: int
    note: str


class TokenRow(NamedTuple):
    digest: bytes
    account: int
    name: str
    created_ms: int
    used_ms: int | None


class DeviceRow(NamedTuple):
    account: int
    name: str
    delivered: int
    used_ms: int


class CertificateRow(NamedTuple):
    fingerprint: bytes
    account: int
    name: str
    created_ms: int
    used_ms: int | None


class FactorRow(NamedTuple):
    account: int
    secret: str
    counter: int


class ChannelRow(NamedTuple):
    id: int
    name: str
    folded: str
    skeleton: str
    founder: int | None
    modes: str
    channel_key: str | None
    member_limit: int | None
    topic: str
    topic_by: str
    topic_ms: int
    metadata: str
    created_ms: int
    history_from: int
    keep_days: int | None
    last_seq: int
