"""The TLS of the listener, as the configuration wants it."""

from __future__ import annotations

import ssl
from pathlib import Path

from securechat.ca import pem
from securechat.ca.errors import AuthorityError
from securechat.net import tls
from securechat.server.config import Config
from securechat.server.identity import Identity


def listener_context(config: Config, identity: Identity) -> ssl.SSLContext:
    """For a start, a reload or a check. Raises TlsFilesError, CaError."""
    client_ca = config.path(config.tls.client_ca)
    context = tls.server_context(
        identity.certificate,
        identity.key,
        client_ca=client_ca,
        min_version=config.tls.min_version,
        key_exchange=config.tls.key_exchange,
    )
    if client_ca is not None:
        _check_apart(client_ca, identity)
    return context


def _check_apart(client_ca: Path, identity: Identity) -> None:
    """Raises AuthorityError when the key that signs servers would sign clients as well."""
    chain = pem.load_certificates(identity.certificate)
    for authority in pem.load_certificates(client_ca):
        if any(pem.is_issued_by(one, authority) for one in chain):
            raise AuthorityError(
                f"{client_ca}: this is the authority of the server's own certificate. Who has its "
                "key must not get in with it: make another one with 'gencerts client ACCOUNT', and "
                "name its clients-ca.pem as client_ca in [tls]"
            )
