"""Links: an invite, `securechat://HOST:PORT/CODE/FINGERPRINT`, makes an account; a login link,
`securechat://[ACCOUNT@]HOST:PORT/-/FINGERPRINT`, says where one is and whom to trust.

Of a server that is reached at several addresses they stand one behind the other, as in connection
strings of PostgreSQL and MongoDB: `HOST:PORT,HOST[:PORT]`. The fingerprint is of all of them, and
stays at the end, where a link that was cut lacks it.

Made by `securechat-admin`, read by `securechat LINK`. Pure; any thread may call.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from urllib.parse import quote, unquote

DEFAULT_PORT = 6697
"""IRC over TLS (RFC 7194)."""

MOST_ADDRESSES = 8
"""Of one server in a link: each may cost who looks for the server some seconds."""

SCHEME = "securechat://"

# Stands in the code's place in a login link; a code has at least eight letters.
NO_CODE = "-"

# No character in one means anything to a shell, so a person may paste it without quotes; only the
# brackets of an IPv6 address need them, in some shells. An account has at most 64 bytes, each of
# which takes three characters as %XX. 43 characters of base64url are the 32 bytes of a SHA-256.
_HOST, _PORT = r"\[[0-9A-Fa-f:.]+\]|[\w.-]+", r"[0-9]{1,5}"
_ONE = rf"(?:{_HOST})(?::{_PORT})?"
_SHAPE = re.compile(
    r"(?i:securechat)://(?:(?P<account>[\w%-]{1,192})@)?"
    rf"(?P<places>{_ONE}(?:,{_ONE})*)"
    r"/(?P<code>[A-Za-z0-9_-]{8,64}|-)/(?P<ca>[A-Za-z0-9_-]{43}|system)/?"
)
_PLACE = re.compile(rf"(?P<host>{_HOST})(?::(?P<port>{_PORT}))?")

Place: TypeAlias = tuple[str, int]
"""A host, as links have it, and its port."""

# What mail, chats and sentences put around a link, or into it where a line ends. None of it can be
# part of one.
_AROUND = "<>()[]{}\"'`.,;:!?*«»“”„‘’…"
_WITHIN = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff\u00ad]+")


class LinkError(ValueError):
    """A text is not a link, or not one of the kind that was expected."""


@dataclass(frozen=True, slots=True)
class InviteLink:
    """An invite. host: DNS name or IP address without brackets. ca_sha256: SHA-256 of the CA
    certificate's DER, 32 bytes; None when the server's certificate is from a public CA, which the
    system's store verifies. further: other addresses of the same server.
    """

    host: str
    port: int
    code: str = field(repr=False)  # whoever has it can make an account, and a repr may be logged
    ca_sha256: bytes | None
    further: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return _text("", self.places, self.code, self.ca_sha256)

    @property
    def places(self) -> tuple[Place, ...]:
        """All addresses, in the order in which they are to be tried first."""
        return ((self.host, self.port), *self.further)

    def in_browser(self, page: str) -> str:
        """The same for a browser, which says what stands behind the # to nobody. page: the URL of
        the server's page.
        """
        return f"{page.rstrip('/')}/#invite={self.code}"

    @property
    def login(self) -> LoginLink:
        """The login link to the same server."""
        return LoginLink(self.host, self.port, self.ca_sha256, further=self.further)

    @classmethod
    def parse(cls, text: str) -> InviteLink:
        """Raises LinkError with a text that says what a link looks like, or what to do instead."""
        link = parse_link(text)
        if isinstance(link, LoginLink):
            raise LinkError(
                "that is a login link, for who has an account already: "
                f"`securechat {link}`. To make an account you need an invite link, as "
                "`securechat-admin invite` prints it"
            )
        return link


@dataclass(frozen=True, slots=True)
class LoginLink:
    """A login link, which holds no secret.

    host, ca_sha256, further: as in an invite. account: who logs in; empty when the link is for all.
    """

    host: str
    port: int
    ca_sha256: bytes | None
    account: str = ""
    further: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return _text(self.account, self.places, NO_CODE, self.ca_sha256)

    @property
    def places(self) -> tuple[Place, ...]:
        """As of an invite."""
        return ((self.host, self.port), *self.further)

    def within(self, most: int) -> LoginLink:
        """The same with as many of its further addresses as make a text of at most so many bytes,
        for what has little room.
        """
        link = self
        while link.further and len(str(link).encode()) > most:
            link = replace(link, further=link.further[:-1])
        return link

    @classmethod
    def parse(cls, text: str) -> LoginLink:
        """Raises LinkError with a text that says what a link looks like, or what to do instead."""
        link = parse_link(text)
        if isinstance(link, InviteLink):
            raise LinkError(
                "that is an invite link, with which an account is made: `securechat LINK`."
                f" If you have made yours already: `securechat {link.login}`"
            )
        return link


Link: TypeAlias = InviteLink | LoginLink


def is_link(text: str) -> bool:
    """Whether somebody meant text as a link, be it a whole one or not."""
    return _bare(text).lower().startswith(SCHEME)


def parse_link(text: str) -> Link:
    """The link in text as a person pastes it: broken into lines, in quotes, with a full stop
    behind it. Raises LinkError.
    """
    found = _SHAPE.fullmatch(_bare(text))
    # What isn't UTF-8 becomes U+FFFD, which _is_word() refuses.
    account = unquote(found["account"] or "", errors="replace") if found else ""
    if not found or not _is_word(account) or (account and found["code"] != NO_CODE):
        raise LinkError(_no_link(text))
    (host, port), *further = (_place(one) for one in found["places"].split(","))
    count = len(further) + 1
    if count > MOST_ADDRESSES:
        raise LinkError(f"the link has {count} addresses; expected at most {MOST_ADDRESSES}")
    pin = None if found["ca"] == "system" else _unb64(found["ca"])
    if found["code"] == NO_CODE:
        return LoginLink(host, port, pin, account, tuple(further))
    return InviteLink(host, port, found["code"], pin, tuple(further))


def split_place(text: str) -> tuple[str, int | None] | None:
    """Host and port of `HOST[:PORT]` as it may stand in a link, with IPv6 addresses in brackets.
    None for anything else.
    """
    found = _PLACE.fullmatch(text)
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    return (found["host"].strip("[]"), port) if port is None or 0 < port < 65536 else None


def join_places(places: Iterable[Place]) -> str:
    """Addresses as they stand in a link, those at the default port without it."""
    return ",".join(_joined(*place) for place in places)


def split_places(text: str) -> tuple[Place, ...]:
    """What join_places() has made; what is none is left out."""
    found = map(split_place, text.split(","))
    return tuple((host, port or DEFAULT_PORT) for host, port in filter(None, found))


def _joined(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == DEFAULT_PORT else f"{shown}:{port}"


def _place(text: str) -> Place:
    place = split_place(text)
    if place is None:
        port = text.rpartition(":")[2]
        raise LinkError(f"the link's port is {port}; expected 1 to 65535")
    return place[0], place[1] or DEFAULT_PORT


def _no_link(text: str) -> str:
    what = (
        "that link is not whole, as if a line's end had cut it"
        if is_link(text)
        else "that is not a link"
    )
    return (
        f"{what}; expected {SCHEME}HOST:PORT/CODE/FINGERPRINT as `securechat-admin invite` prints "
        "it (in a login link - stands for CODE), from its beginning to its end"
    )


def _bare(text: str) -> str:
    """Without what stands around it."""
    # The brackets in _AROUND take nothing of a link away: an address never stands at its end.
    return _WITHIN.sub("", text).strip(_AROUND)


def _is_word(account: str) -> bool:
    """Whether it may be an account's name."""
    # With a dot or a slash in it the name would look like a host to who reads the link.
    return account.isprintable() and not set(account) & set("./:@ \ufffd")


def _text(account: str, places: Sequence[Place], code: str, ca_sha256: bytes | None) -> str:
    who = f"{quote(account, safe='')}@" if account else ""
    (host, port), *further = places
    # The first one has always had its port. The others go without where they can: a QR code is
    # larger for each letter.
    first = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    where = ",".join([first, *(_joined(*place) for place in further)])
    pin = "system" if ca_sha256 is None else _b64(ca_sha256)
    return f"{SCHEME}{who}{where}/{code}/{pin}"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    """32 bytes: the 43 letters that _SHAPE let through can't be anything else."""
    return base64.urlsafe_b64decode(text + "=")


def code_digest(code: str) -> bytes:
    """SHA-256: what the server keeps of an invite's code."""
    # It has 128 random bits, so a plain hash hides it as well as a slow one.
    return hashlib.sha256(code.encode()).digest()
