"""Certificates keep to their profile (RFC 5280)."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from securechat.ca import builders
from securechat.ca.constraints import NO_NAMES
from securechat.ca.errors import ValidityError
from tests.ca.support import NOW, make_client, make_client_issuer, make_issuer, make_server

ISSUER = make_issuer("chat.example.org")


def extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> tuple[object, bool]:
    found = certificate.extensions.get_extension_for_class(kind)
    return found.value, found.critical


def usages(certificate: x509.Certificate) -> set[str]:
    value = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
    names += ["key_agreement", "key_cert_sign", "crl_sign"]
    return {name for name in names if getattr(value, name)}


def common_names(certificate: x509.Certificate) -> list[str]:
    return [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


EVERY_KIND = [
    ISSUER.certificate,
    make_server(ISSUER, "chat.example.org"),
    make_client(ISSUER, "alice"),
]


@pytest.mark.parametrize("certificate", EVERY_KIND, ids=["ca", "server", "client"])
def test_every_certificate_is_p256_with_sha256_and_a_good_serial(
    certificate: x509.Certificate,
) -> None:
    """Version 3; the serial is positive, random and fits into 20 octets."""
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
    assert certificate.version is x509.Version.v3
    assert 2**64 < certificate.serial_number < 2**159


def test_no_two_serial_numbers_are_alike() -> None:
    """Not even for the same name at the same time."""
    assert len({make_server(ISSUER, "a.example").serial_number for _ in range(20)}) == 20


@pytest.mark.parametrize("certificate", EVERY_KIND, ids=["ca", "server", "client"])
def test_key_identifiers_link_each_certificate_to_the_ca(certificate: x509.Certificate) -> None:
    """SKI is of the own key, AKI is the CA's SKI (sections 4.2.1.1 and 4.2.1.2)."""
    own = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    above = x509.SubjectKeyIdentifier.from_public_key(ISSUER.key.public_key())
    assert extension(certificate, x509.SubjectKeyIdentifier) == (own, False)
    assert extension(certificate, x509.AuthorityKeyIdentifier) == (
        x509.AuthorityKeyIdentifier(above.digest, None, None),
        False,
    )


def test_a_ca_signs_certificates_one_level_deep() -> None:
    """Critical basicConstraints with pathlen 0, critical keyUsage, TLS purposes only."""
    ca = ISSUER.certificate
    assert extension(ca, x509.BasicConstraints) == (x509.BasicConstraints(True, 0), True)
    assert usages(ca) == {"key_cert_sign", "crl_sign"}
    assert extension(ca, x509.KeyUsage)[1] is True
    assert extension(ca, x509.ExtendedKeyUsage)[0] == x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH]
    )
    assert extension(ca, x509.NameConstraints)[1] is True


def test_a_client_authority_signs_for_clients_only() -> None:
    """Its subject is another one, its purpose is clientAuth, and no host is in its constraints."""
    ca = make_client_issuer().certificate
    assert common_names(ca) != common_names(ISSUER.certificate)
    assert common_names(ca)[0].startswith("securechat client CA (")
    assert extension(ca, x509.BasicConstraints) == (x509.BasicConstraints(True, 0), True)
    assert usages(ca) == {"key_cert_sign", "crl_sign"}
    assert extension(ca, x509.ExtendedKeyUsage)[0] == x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.CLIENT_AUTH]
    )
    assert extension(ca, x509.NameConstraints) == (NO_NAMES, True)


def test_a_ca_from_elsewhere_needs_no_key_identifier() -> None:
    """The leaf then names the CA's key by the usual hash."""
    ca = ISSUER.certificate
    plain = (
        x509.CertificateBuilder()
        .subject_name(ca.subject)
        .issuer_name(ca.subject)
        .public_key(ISSUER.key.public_key())
        .serial_number(7)
        .not_valid_before(ca.not_valid_before_utc)
        .not_valid_after(ca.not_valid_after_utc)
    ).sign(ISSUER.key, hashes.SHA256())
    leaf = make_server(builders.Issuer(plain, ISSUER.key), "chat.example.org")
    assert extension(leaf, x509.AuthorityKeyIdentifier)[0] == (
        x509.AuthorityKeyIdentifier.from_issuer_public_key(ISSUER.key.public_key())
    )


def test_cas_have_names_of_their_own() -> None:
    """Two of one name would confuse trust stores; long host names are cut to fit."""
    first, second = make_issuer("a.example"), make_issuer("a.example")
    assert first.certificate.subject != second.certificate.subject
    [name] = common_names(make_issuer(f"{'a' * 60}.example").certificate)
    assert len(name) == 64
    [name] = common_names(make_issuer("localhost", "127.0.0.1").certificate)
    assert name.startswith("securechat CA (")


def test_a_server_certificate_only_serves() -> None:
    """serverAuth and nothing else, no CA, digitalSignature."""
    leaf = make_server(ISSUER, "chat.example.org")
    assert extension(leaf, x509.BasicConstraints) == (x509.BasicConstraints(False, None), True)
    assert usages(leaf) == {"digital_signature"}
    assert extension(leaf, x509.KeyUsage)[1] is True
    assert extension(leaf, x509.ExtendedKeyUsage)[0] == x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH]
    )


def test_names_go_into_the_san_by_their_kind() -> None:
    """Addresses as iPAddress, host names as dNSName, in the given order."""
    leaf = make_server(ISSUER, "chat.example.org", "10.0.0.1", "::1")
    assert extension(leaf, x509.SubjectAlternativeName) == (
        x509.SubjectAlternativeName(
            [
                x509.DNSName("chat.example.org"),
                x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
                x509.IPAddress(ipaddress.ip_address("::1")),
            ]
        ),
        False,
    )
    assert common_names(leaf) == ["chat.example.org"]


@pytest.mark.parametrize("name", ["10.0.0.1", f"{'a' * 50}.{'b' * 50}.chat.example.org"])
def test_an_empty_subject_makes_the_san_critical(name: str) -> None:
    """Section 4.2.1.6; neither an address nor a name over 64 characters is a common name."""
    leaf = make_server(ISSUER, name)
    assert leaf.subject == x509.Name([])
    assert extension(leaf, x509.SubjectAlternativeName)[1] is True


def test_a_client_certificate_only_logs_in() -> None:
    """clientAuth and nothing else; the account is the common name, and there is no SAN."""
    leaf = make_client(ISSUER, "Иван")
    assert common_names(leaf) == ["Иван"]
    assert extension(leaf, x509.ExtendedKeyUsage)[0] == x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.CLIENT_AUTH]
    )
    assert usages(leaf) == {"digital_signature"}
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_validity_starts_in_the_past_and_counts_both_ends() -> None:
    """397 days are 397 days, to the second, with the hour for slow clocks among them."""
    leaf = make_server(ISSUER, "chat.example.org", days=397)
    ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    assert ends[0] == NOW - timedelta(hours=1)
    assert ends[1] - ends[0] + timedelta(seconds=1) == timedelta(days=397)


def test_a_leaf_never_outlives_its_ca() -> None:
    """Nor is it valid before it."""
    issuer = make_issuer("a.example", days=10)
    leaf = make_server(issuer, "a.example", days=397)
    assert leaf.not_valid_after_utc == issuer.certificate.not_valid_after_utc
    early = make_server(issuer, "a.example", now=NOW - timedelta(minutes=30))
    assert early.not_valid_before_utc == issuer.certificate.not_valid_before_utc


@pytest.mark.parametrize(
    ("days", "asks_for"), [(398, "fewer"), (0, "more"), (-1, "more"), (10**9, "fewer")]
)
def test_leaves_live_1_to_397_days(days: int, asks_for: str) -> None:
    """Anything else is refused, not trimmed."""
    with pytest.raises(ValidityError, match=f"1 to 397 days, not {days}: ask for {asks_for}"):
        make_server(ISSUER, "chat.example.org", days=days)
    with pytest.raises(ValidityError, match="1 to 397 days"):
        builders.build_client(ISSUER, ISSUER.key.public_key(), "alice", now=NOW, days=days)


@pytest.mark.parametrize("days", [0, builders.MAX_CA_DAYS + 1])
def test_cas_live_at_most_thirty_years(days: int) -> None:
    """A century would outlive its algorithms."""
    with pytest.raises(ValidityError, match=f"a CA is valid for 1 to 10950 days, not {days}"):
        make_issuer("a.example", days=days)


def test_an_expired_ca_signs_nothing() -> None:
    """The error tells how to make a new one."""
    late = ISSUER.certificate.not_valid_after_utc + timedelta(seconds=1)
    with pytest.raises(ValidityError, match=r"the CA expired on 2040-05-14.*--new-ca"):
        make_server(ISSUER, "chat.example.org", now=late)


def test_a_clock_before_the_cas_birth_is_noticed() -> None:
    """It is the clock that is wrong, and the error says so."""
    with pytest.raises(ValidityError, match="clock says 2030-05-16 12:00 UTC: set the clock"):
        make_client(ISSUER, "alice", now=NOW - timedelta(days=1))


def test_an_issuer_shows_no_key() -> None:
    """Not even the object that holds it."""
    assert "key" not in repr(ISSUER).split("(", 1)[1]
