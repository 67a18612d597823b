"""Certificates and refusals in plain words."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from securechat.client.session.identity import Address
from securechat.client.trust.describe import Shown, changed, fingerprint, pin_refusal, refusal
from securechat.common.fingerprints import grouped
from securechat.credentials.link import LoginLink
from tests.support.certificates import DAY, Authority

HERE = Address("chat.example", 6697)


def error(code: int, message: str = "") -> ssl.SSLCertVerificationError:
    """What OpenSSL would raise."""
    made = ssl.SSLCertVerificationError(1, message)
    made.verify_code, made.verify_message = code, message
    return made


def test_a_certificate_in_words(authority: Authority) -> None:
    """Whom it is for, who issued it, when it is valid, its fingerprint."""
    issued = authority.server("localhost", "127.0.0.1", common_name="chat")
    shown = Shown.of(issued.der)
    assert shown is not None
    until = issued.certificate.not_valid_after_utc
    assert shown.lines()[0] == "chat, for localhost, 127.0.0.1"
    assert shown.lines()[1].startswith("issued by Test CA, valid from ")
    assert shown.lines()[1].endswith(f"to {until:%Y-%m-%d}")
    assert shown.lines()[2] == f"SHA-256 {fingerprint(issued.der)}"


def test_a_fingerprint_is_hexadecimal() -> None:
    """As the server prints it, so that the two can be compared."""
    digits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert fingerprint(b"") == grouped(digits)


def test_many_names_are_cut_and_none_is_told(authority: Authority) -> None:
    """The rest of the text must stay readable."""
    names = [f"h{number}.example" for number in range(20)]
    shown = Shown.of(authority.server(*names).der)
    assert shown is not None
    assert shown.lines()[0].endswith("h7.example and 12 more")
    nameless = Shown.of(authority.server().der)
    assert nameless is not None
    assert nameless.lines()[0] == "server, for no host at all"


def test_names_in_a_certificate_are_remote_text(authority: Authority) -> None:
    """Anybody can make one with an escape sequence in it."""
    shown = Shown.of(authority.server("localhost", common_name="a\x1b[2J\nb\u202e").der)
    assert shown is not None
    assert shown.subject == "a^[[2J^Jb<U+202E>"


def test_what_is_no_certificate() -> None:
    """Is no description."""
    assert Shown.of(b"nonsense") is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (9, "it is not valid yet"),
        (18, "isn't signed by the expected certificate authority"),
        (19, "isn't signed by the expected certificate authority"),
        (20, "isn't signed by the expected certificate authority"),
        (62, "it is for localhost, not for chat.example"),
        (64, "it is for localhost, not for chat.example"),
        (47, "its authority may not vouch for that name"),
        (79, "invalid CA ^[certificate"),
    ],
)
def test_a_refusal_says_what_is_wrong(authority: Authority, code: int, words: str) -> None:
    """With what was shown, what was expected, what to do, and that nothing was sent."""
    chain = [authority.server("localhost").der]
    text = refusal(HERE, error(code, "invalid CA \x1bcertificate"), chain, "something better")
    first, *rest = text.split("\n")
    assert first == f"refused the certificate of chat.example:6697: {words}" or words in first
    assert "  shown:    server, for localhost" in rest
    assert "  expected: something better" in rest
    assert any(line.startswith("  do:       ") for line in rest)
    assert rest[-1] == "Nothing was sent to it: neither your password nor your name."


def test_an_expired_certificate(authority: Authority) -> None:
    """Tells the day, and that the clock may be wrong."""
    issued = authority.server("localhost", lasts=-DAY)
    text = refusal(HERE, error(10), [issued.der], "x", datetime(2030, 1, 1, tzinfo=UTC))
    assert f"it has expired on {issued.certificate.not_valid_after_utc:%Y-%m-%d}" in text
    assert "clock (it says 2030-01-01)" in text


def test_a_refusal_without_a_chain() -> None:
    """The server may be gone when we look again."""
    assert "nothing that can be read" in refusal(HERE, error(20), [], "x")


def test_a_link_that_names_another_authority(authority: Authority) -> None:
    """What was expected and all that was shown."""
    text = pin_refusal(HERE, bytes(32), [authority.server("localhost").der, authority.der])
    assert "expected: SHA-256 0000" in text
    assert f"shown:    Test CA: SHA-256 {fingerprint(authority.der)}" in text
    assert "ask" in text.lower()
    assert "no certificate that can be read" in pin_refusal(HERE, bytes(32), [b"x"])


def test_another_authority_than_the_pinned_one(
    authority: Authority, other_authority: Authority
) -> None:
    """Both fingerprints, what each would mean, and the command that takes the new one."""
    chain = [other_authority.server("localhost").der, other_authority.der]
    text = changed(Address("localhost"), f"SHA-256 {fingerprint(authority.der)}", chain)
    assert f"before:   SHA-256 {fingerprint(authority.der)}" in text
    assert f"shown:    SHA-256 {fingerprint(other_authority.der)}" in text
    assert "set up anew" in text
    assert "somebody is between you" in text
    link = LoginLink("localhost", 6697, sha256(other_authority.der).digest())
    assert f"  securechat login {link} --replace-trust" in text
    assert changed(Address("localhost"), "x", chain[:1]) == ""
    assert changed(Address("localhost"), "x", [other_authority.der, chain[0]]) == ""
    assert changed(Address("localhost"), "x", [chain[0], b"no certificate"]) == ""
