"""What the server gets when it starts."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from securechat.ca import authority as ca
from securechat.ca import builders, files, pem
from securechat.ca.check import check_server_files
from securechat.ca.ensure import ensure_authority, ensure_server_certificate
from securechat.ca.errors import (
    BadNameError,
    CaError,
    OutsideConstraintsError,
    PassphraseError,
    StorageError,
    ValidityError,
)
from securechat.ca.files import NewFile
from securechat.ca.names import parse_names
from tests.ca.support import GOOD_PASSPHRASE, NOW, make_issuer, mode, tree

NAMES = ["localhost", "127.0.0.1", "chat.example.org"]


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    """A directory that doesn't exist yet."""
    return tmp_path / "data" / "certs"


def test_the_first_start_makes_everything(certs: Path) -> None:
    """CA, certificate and keys, in a private directory."""
    server = ensure_server_certificate(certs, NAMES, now=NOW)
    assert sorted(tree(certs)) == ["ca-key.pem", "ca.pem", "server-key.pem", "server.pem"]
    assert mode(certs) == 0o700
    assert server.reissued
    assert server.names == tuple(NAMES)
    assert server.refused_names == ()
    assert server.ca_fingerprint == pem.fingerprint(certs / "ca.pem")
    [leaf, _] = pem.load_certificates(certs / "server.pem")
    lasts = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert timedelta(days=89) < lasts < timedelta(days=90)


def test_the_second_start_changes_nothing(certs: Path) -> None:
    """Not even in another order, or for fewer names."""
    first = ensure_server_certificate(certs, NAMES, now=NOW)
    before = tree(certs)
    again = ensure_server_certificate(certs, ["CHAT.example.org", "localhost"], now=NOW)
    assert not again.reissued
    assert again.not_after == first.not_after
    assert again.names == tuple(NAMES)
    assert tree(certs) == before


def test_no_names_mean_this_machines(certs: Path) -> None:
    """As for gencerts without arguments."""
    assert "localhost" in ensure_server_certificate(certs, [], now=NOW).names


def test_the_authority_is_made_once(certs: Path) -> None:
    """And opened ever after, whatever names are asked for."""
    first = ensure_authority(certs, ["chat.example.org"], now=NOW)
    again = ensure_authority(certs, ["other.example.com"], now=NOW)
    assert (first.created, again.created) == (True, False)
    assert again.fingerprint == first.fingerprint
    assert not again.permits("other.example.com")


@pytest.mark.parametrize(("days_left", "reissued"), [(31, False), (29, True), (-1, True)])
def test_a_certificate_near_its_end_is_renewed(certs: Path, days_left: int, reissued: bool) -> None:
    """Thirty days before, and when it is over."""
    first = ensure_server_certificate(certs, NAMES, now=NOW)
    later = first.not_after - timedelta(days=days_left)
    again = ensure_server_certificate(certs, NAMES, now=later)
    assert again.reissued is reissued
    assert (again.not_after > first.not_after) is reissued
    assert again.ca_fingerprint == first.ca_fingerprint


def test_one_that_lasts_longer_is_kept_until_its_time(certs: Path) -> None:
    """As those from before were made; the one that takes its place lasts 90 days."""
    ensure_authority(certs, NAMES, now=NOW)
    old = ca.issue_server(ca.load_authority(certs), parse_names(NAMES), now=NOW, days=397)
    for days in (100, 360):
        kept = ensure_server_certificate(certs, NAMES, now=NOW + timedelta(days=days))
        assert (kept.reissued, kept.not_after) == (False, old.not_after)
    late = NOW + timedelta(days=370)
    renewed = ensure_server_certificate(certs, NAMES, now=late)
    assert (renewed.reissued, (renewed.not_after - late).days) == (True, 89)


def test_the_time_before_the_end_can_be_chosen(certs: Path) -> None:
    """Zero days: only when it is over."""
    first = ensure_server_certificate(certs, NAMES, now=NOW)
    later = first.not_after - timedelta(days=1)
    kept = ensure_server_certificate(certs, NAMES, now=later, renew_before=timedelta(0))
    assert not kept.reissued


def test_a_certificate_that_ends_with_its_ca_is_not_renewed_in_vain(certs: Path) -> None:
    """Each start would make another one with the same end."""
    first = ensure_server_certificate(certs, NAMES, now=NOW)
    authority = ca.load_authority(certs)
    late = authority.not_after - timedelta(days=20)
    renewed = ensure_server_certificate(certs, NAMES, now=late)
    assert renewed.not_after == authority.not_after > first.not_after
    assert not ensure_server_certificate(certs, NAMES, now=late).reissued


def test_a_new_name_is_added_to_the_old_ones(certs: Path) -> None:
    """What somebody had signed with gencerts isn't lost."""
    ensure_server_certificate(certs, NAMES, now=NOW)
    again = ensure_server_certificate(certs, ["192.168.1.5", "localhost"], now=NOW)
    assert again.reissued
    assert again.names == ("192.168.1.5", "localhost", "127.0.0.1", "chat.example.org")


def test_forbidden_names_are_left_out_and_told(certs: Path) -> None:
    """The rest is signed; a second start has nothing to do."""
    ensure_server_certificate(certs, NAMES, now=NOW)
    asked = ["localhost", "new.example.com", "203.0.113.9"]
    for _ in range(2):
        server = ensure_server_certificate(certs, asked, now=NOW)
        assert server.refused_names == ("new.example.com", "203.0.113.9")
        assert not server.reissued


def test_only_forbidden_names_are_an_error(certs: Path) -> None:
    """There is nothing left to sign for."""
    ensure_authority(certs, NAMES, now=NOW)
    with pytest.raises(OutsideConstraintsError, match=r"may sign for none of new\.example\.com"):
        ensure_server_certificate(certs, ["new.example.com"], now=NOW)


def test_a_malformed_name_is_an_error(certs: Path) -> None:
    """Nothing is made then, not even the directory."""
    with pytest.raises(BadNameError):
        ensure_server_certificate(certs, ["bad name"], now=NOW)
    with pytest.raises(BadNameError):
        ensure_authority(certs, ["bad name"], now=NOW)
    assert not certs.exists()


def spoil_key_missing(certs: Path) -> None:
    (certs / "server-key.pem").unlink()


def spoil_certificate_missing(certs: Path) -> None:
    (certs / "server.pem").unlink()


def spoil_key_of_another(certs: Path) -> None:
    other = pem.key_pem(builders.new_key())
    files.write_files([NewFile(certs / "server-key.pem", other)], overwrite=True)


def spoil_another_ca(certs: Path) -> None:
    ca.create_authority(certs, parse_names(NAMES), now=NOW, replace=True)


@pytest.mark.parametrize(
    "spoil",
    [spoil_key_missing, spoil_certificate_missing, spoil_key_of_another, spoil_another_ca],
    ids=lambda spoil: spoil.__name__,
)
def test_a_spoilt_certificate_is_made_again(certs: Path, spoil: object) -> None:
    """Half of it missing, a crash between two renames, another CA: the result always fits."""
    ensure_server_certificate(certs, NAMES, now=NOW)
    assert callable(spoil)
    spoil(certs)
    server = ensure_server_certificate(certs, NAMES, now=NOW)
    assert server.reissued
    report = check_server_files(server.certificate, server.key, now=NOW)
    assert report.ca_fingerprint == server.ca_fingerprint


def test_an_expired_ca_is_an_error_not_a_new_ca(certs: Path) -> None:
    """Members have pinned the old one, so a person must decide."""
    ensure_server_certificate(certs, NAMES, now=NOW)
    before = tree(certs)
    with pytest.raises(ValidityError, match="the CA expired"):
        ensure_server_certificate(certs, NAMES, now=NOW + timedelta(days=4000))
    assert tree(certs) == before


def make_locked(certs: Path) -> None:
    files.private_directory(certs)
    names = parse_names(NAMES)
    authority = ca.create_authority(certs, names, now=NOW, passphrase=GOOD_PASSPHRASE)
    ca.issue_server(authority, names, now=NOW, passphrase=lambda _: GOOD_PASSPHRASE)


def make_offline(certs: Path) -> None:
    ensure_server_certificate(certs, NAMES, now=NOW)
    (certs / "ca-key.pem").unlink()


@pytest.mark.parametrize("make", [make_locked, make_offline])
def test_a_ca_key_out_of_reach_does_not_stop_the_server(certs: Path, make: object) -> None:
    """A certificate that works is kept, with a warning when it should be replaced."""
    assert callable(make)
    make(certs)
    before = tree(certs)
    first = ensure_server_certificate(certs, NAMES, now=NOW)
    assert first.warning is None
    soon = first.not_after - timedelta(days=17)
    kept = ensure_server_certificate(certs, NAMES, now=soon)
    assert not kept.reissued
    assert kept.warning is not None
    assert "should be issued again, and could not be: " in kept.warning
    assert "ca-key.pem" in kept.warning
    assert tree(certs) == before
    with pytest.raises((PassphraseError, StorageError), match=r"ca-key\.pem"):
        ensure_server_certificate(certs, NAMES, now=first.not_after + timedelta(days=3))


def test_a_damaged_certificate_is_an_error(certs: Path) -> None:
    """It may be something that its owner put there; it isn't thrown away."""
    ensure_server_certificate(certs, NAMES, now=NOW)
    (certs / "server.pem").write_bytes(b"rubbish")
    with pytest.raises(CaError, match="expected a certificate in PEM form"):
        ensure_server_certificate(certs, NAMES, now=NOW)


def test_a_directory_that_others_use_is_refused(tmp_path: Path) -> None:
    """Keys don't go where others look."""
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(StorageError, match="other users can look into"):
        ensure_server_certificate(tmp_path, NAMES, now=NOW)


def test_two_first_starts_agree_on_one_ca(certs: Path) -> None:
    """The second process finds what the first has made."""
    start, found = threading.Barrier(4), set[str]()

    def first_start() -> None:
        start.wait(10)
        found.add(ensure_server_certificate(certs, NAMES, now=NOW).ca_fingerprint)

    threads = [threading.Thread(target=first_start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == {pem.fingerprint(certs / "ca.pem")}


def test_a_ca_made_elsewhere_serves_without_constraints(certs: Path) -> None:
    """Somebody's own CA, put in place by hand; here one that is merely strict."""
    issuer = make_issuer("own.example", strict=True)
    files.private_directory(certs)
    files.write_files(
        [
            NewFile(certs / "ca.pem", pem.certificate_pem(issuer.certificate), 0o644),
            NewFile(certs / "ca-key.pem", pem.key_pem(issuer.key)),
        ],
        overwrite=False,
    )
    server = ensure_server_certificate(certs, ["own.example", "10.0.0.1"], now=NOW)
    assert (server.names, server.refused_names) == (("own.example",), ("10.0.0.1",))
