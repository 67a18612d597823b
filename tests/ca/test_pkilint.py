"""A public linter's RFC 5280 rules find nothing to complain about."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.ca.support import make_client, make_client_issuer, make_issuer, make_server

lint_pkix_cert = pytest.importorskip(
    "pkilint.bin.lint_pkix_cert", reason="pkilint is not installed"
)

# The linter wants two labels in every DNS name. RFC 1034 section 3.5, to which RFC 5280 section
# 4.2.1.6 points, is content with one, and "localhost" and "local" are in every CA.
TOLERATED = ('Invalid domain name syntax: "localhost"', 'Invalid domain name syntax: "local"')

ISSUER = make_issuer("chat.example.org", "203.0.113.7")
CLIENTS = make_client_issuer()


def findings(
    certificate: x509.Certificate, directory: Path, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    path = directory / "certificate.der"
    path.write_bytes(certificate.public_bytes(Encoding.DER))
    lint_pkix_cert.main(["lint", "-s", "NOTICE", str(path)])
    lines = capsys.readouterr().out.splitlines()
    found = [line.strip() for line in lines if line.startswith("    ")]
    return [line for line in found if not any(words in line for words in TOLERATED)]


@pytest.mark.parametrize(
    "certificate",
    [
        ISSUER.certificate,
        make_issuer("chat.example.org", strict=True, days=10950).certificate,
        make_server(ISSUER, "chat.example.org", "203.0.113.7", "::1", days=397),
        make_server(ISSUER, "203.0.113.7"),
        make_server(ISSUER, f"{'a' * 50}.{'b' * 50}.chat.example.org"),
        CLIENTS.certificate,
        make_client(CLIENTS, "alice"),
        make_client(CLIENTS, "Иван"),
    ],
    ids=[
        *("ca", "strict ca to 2060", "server", "address only", "long name"),
        *("client ca", "client", "cyrillic"),
    ],
)
def test_rfc5280_linting_finds_nothing(
    certificate: x509.Certificate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither errors nor warnings nor notices."""
    assert findings(certificate, tmp_path, capsys) == []


def test_the_linter_would_notice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A certificate that breaks a rule is reported, so that silence above means something."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(ISSUER.certificate.subject)
        .public_key(ISSUER.key.public_key())
        .serial_number(1)
        .not_valid_before(ISSUER.certificate.not_valid_before_utc)
        .not_valid_after(ISSUER.certificate.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example")]), critical=False)
    )
    wrong = builder.sign(ISSUER.key, hashes.SHA256())
    assert any("(ERROR)" in finding for finding in findings(wrong, tmp_path, capsys))
