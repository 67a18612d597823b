"""The login keychain of macOS, by a program that stands in for security(1)."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from subprocess import CompletedProcess

from securechat.client.stores.authority import Authority
from securechat.client.stores.keychain import LOGIN, Keychain
from securechat.client.stores.outcome import Outcome, State


class Security:
    """Knows certificates by their digests. agrees: whether the person does, in the window."""

    def __init__(self, *, agrees: bool = True) -> None:
        self.agrees = agrees
        self.digests: set[str] = set()
        self.said: list[tuple[str, ...]] = []

    def __call__(self, *argv: str, given: str = "") -> CompletedProcess[str]:
        self.said.append(argv)
        listed = "".join(f"SHA-256 hash: {digest}\n" for digest in self.digests)
        if argv[1] != "find-certificate" and not self.agrees:
            return CompletedProcess(argv, 1, "SecTrustSettingsSetTrustSettings: no\n")
        if argv[1] == "add-trusted-cert":
            pem = Path(argv[-1]).read_text()
            self.digests.add(pem)
        if argv[1] == "delete-certificate":
            self.digests.discard(argv[3])
        return CompletedProcess(argv, 0, listed)


def text(outcome: Outcome | None) -> str:
    assert outcome is not None
    return outcome.text


def test_it_is_put_in_for_tls_alone_and_taken_out(limited: Authority, tmp_path: Path) -> None:
    security = Security()
    keychain = Keychain(tmp_path, security, "darwin")
    kept = tmp_path / "kept.pem"
    digest = sha256(limited.der).hexdigest().upper()
    kept.write_text(digest)  # what the stand-in is to remember
    assert text(keychain.put(limited, kept)) == "trusts it now"
    trust = ("security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl")
    assert security.said[-1] == (*trust, "-k", str(tmp_path / LOGIN), str(kept))
    assert text(keychain.put(limited, kept)) == "trusts it already"
    assert text(keychain.take(limited, kept)) == "trusts it no longer"
    assert [argv[1] for argv in security.said[-2:]] == ["remove-trusted-cert", "delete-certificate"]
    assert text(keychain.take(limited, kept)) == "doesn't have it"


def test_somebody_who_does_not_agree(limited: Authority, tmp_path: Path) -> None:
    outcome = Keychain(tmp_path, Security(agrees=False), "darwin").put(limited, tmp_path / "x")
    assert outcome is not None
    assert outcome.state is State.FAILED
    assert outcome.text.startswith("security: SecTrust")


def test_elsewhere_there_is_none(limited: Authority, tmp_path: Path) -> None:
    keychain = Keychain(tmp_path, Security(), "linux")
    assert keychain.put(limited, tmp_path) is None
    assert keychain.take(limited, tmp_path) is None
