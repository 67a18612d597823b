"""The certificate authority. Stands alone.

``builders`` makes certificates (pure), ``constraints`` and ``names`` say for whom (pure), ``files``
and ``pem`` keep them, ``authority`` is a CA in a directory, ``ensure`` and ``check`` are what a
server asks for, ``cli`` is ``gencerts``.
"""

from __future__ import annotations

from securechat.ca.authority import Authority, ServerCertificate
from securechat.ca.check import CertificateReport, check_server_files
from securechat.ca.ensure import ensure_authority, ensure_server_certificate
from securechat.ca.errors import CaError
from securechat.ca.names import default_names
from securechat.ca.pem import fingerprint, key_path_for

__all__ = [
    "Authority",
    "CaError",
    "CertificateReport",
    "ServerCertificate",
    "check_server_files",
    "default_names",
    "ensure_authority",
    "ensure_server_certificate",
    "fingerprint",
    "key_path_for",
]
