"""What every answer of HTTP tells the browser, whether it is a file, an error or an upgrade."""

from __future__ import annotations

from typing import Final

Headers = list[tuple[bytes, bytes]]
"""Names in lower case with their values, as h11 takes them."""

CONTENT_SECURITY_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # No text can become code or markup in the page, not even by a mistake of ours.
        "require-trusted-types-for 'script'",
        "trusted-types securechat",
    ]
)
"""https://www.w3.org/TR/CSP3/"""

PERMISSIONS_POLICY: Final = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)

SECURITY: Final[Headers] = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"permissions-policy", PERMISSIONS_POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    # The address of `securechat open` has a secret in it.
    (b"referrer-policy", b"no-referrer"),
]

DAY_SECONDS: Final = 86_400


def strict_transport_security(days: int) -> Headers:
    """That the browser shall come by TLS only, for so many days (RFC 6797); nothing for 0."""
    if not days:
        return []
    return [(b"strict-transport-security", f"max-age={days * DAY_SECONDS}".encode())]
