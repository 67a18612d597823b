"""What the scanners say, in one form: scans, their findings, and which of them are meant to be."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SCAN_SECONDS = 300.0

EXPECTED = {
    ("testssl.sh", "cert_revocation"): (
        "A team's own authority has no server to ask whether a certificate was revoked. Who has "
        "lost the server's key makes a new authority, and sends new links, which pin it."
    ),
    ("testssl.sh", "engine_problem"): (
        "It is about the scanner's own OpenSSL, which has no GOST. Neither has the server."
    ),
}
"""What is found and is meant to be so: (scanner, name of the finding), and why."""

QUIET = frozenset(("OK", "INFO", "DEBUG"))
"""testssl.sh's words for what is no finding."""

CHECKS = ("-p", "-s", "-f", "-P", "-S", "-U")
"""Protocols, ciphers by strength, forward secrecy, the server's preferences and defaults, and all
known weaknesses. Left out: each cipher alone, which sslyze does, and other clients' simulations."""

ESSENTIAL = frozenset(("SSLv3", "TLS1_3", "cipherlist_NULL", "cert_chain_of_trust", "heartbleed"))
"""Of each kind of check one: where they are missing testssl.sh has broken off."""


class ScanError(Exception):
    """A scanner or the server did not do its work; the text says what it wrote."""


@dataclass(frozen=True)
class Finding:
    """scanner, name: as in EXPECTED. severity: the scanner's own word. said: its own text."""

    scanner: str
    name: str
    severity: str
    said: str

    @property
    def reason(self) -> str | None:
        """Why it is meant to be so; None when it isn't."""
        return EXPECTED.get((self.scanner, self.name))


@dataclass(frozen=True)
class Scan:
    """What one run of a scanner came to. aim: what it looked for. server: how that was set up.
    checks: how many things it looked at.
    """

    scanner: str
    version: str
    aim: str
    server: str
    checks: int
    findings: Sequence[Finding]


def sslyze(program: str, profile: str, server: str, port: int, ca: Path) -> Scan:
    """Compare a server, which is told from others by a word, with one of Mozilla's profiles.

    port: on this machine. ca: the server's, PEM. Raises ScanError.
    """
    flags = [f"--mozilla_config={profile}", f"--certinfo_ca_file={ca}", "--sni=localhost"]
    flags += ["--resum", "--early_data"]
    with TemporaryDirectory() as directory:
        kept = Path(directory) / "sslyze.json"
        said = _run([program, *flags, f"--json_out={kept}", f"127.0.0.1:{port}"])
        try:
            facts = json.loads(kept.read_text())
            [result] = facts["server_scan_results"]
            found = [*complaints(said), *weaknesses(result["scan_result"])]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ScanError(f"sslyze has not come to its end ({error}): {said}") from error
    checks = sum(each["status"] == "COMPLETED" for each in result["scan_result"].values())
    return Scan("sslyze", facts["sslyze_version"], f"Mozilla's {profile}", server, checks, found)


def complaints(said: str) -> list[Finding]:
    """What sslyze says against a profile. Raises ValueError when it has come to no verdict."""
    _, _, verdict = said.partition("COMPLIANCE AGAINST TLS CONFIGURATION")
    if "OK - Compliant" not in verdict and "FAILED - Not compliant" not in verdict:
        raise ValueError("no verdict")
    found = re.findall(r"^ +\* (\w+): (.+)$", verdict, re.MULTILINE)
    return [Finding("sslyze", name, "not compliant", text) for name, text in found]


def weaknesses(result: Mapping[str, Any]) -> list[Finding]:
    """What the profiles don't ask for: nothing resumed, nothing early, no renegotiation."""
    resumption = result["session_resumption"]["result"]
    renegotiation = result["session_renegotiation"]["result"]
    held = {
        "early_data": result["tls_1_3_early_data"]["result"]["supports_early_data"],
        "tickets": not _resumes_nothing(resumption["tls_ticket_resumption_result"]),
        "session_ids": not _resumes_nothing(resumption["session_id_resumption_result"]),
        "renegotiation": renegotiation["is_vulnerable_to_client_renegotiation_dos"],
    }
    return [Finding("sslyze", name, "weak", "supported") for name, bad in held.items() if bad]


def _resumes_nothing(outcome: str) -> bool:
    return outcome in ("NOT_SUPPORTED", "SERVER_IS_TLS_1_3_ONLY")


def testssl(program: str, server: str, port: int, ca: Path) -> Scan:
    """Look for known weaknesses of a server. Arguments as above. Raises ScanError."""
    # Its exit code counts problems in ways that differ between versions, so it is not looked at.
    flags = ["--quiet", "--color", "0", "--nodns", "none", "--warnings", "batch"]
    flags += ["--add-ca", str(ca), *CHECKS]
    with TemporaryDirectory() as directory:
        kept = Path(directory) / "testssl.json"
        said = _run([program, *flags, "--jsonfile", str(kept), f"127.0.0.1:{port}"])
        try:
            rows = json.loads(kept.read_text())
            found = notable(rows)
        except (OSError, ValueError, KeyError) as error:
            raise ScanError(f"testssl.sh has not come to its end ({error}): {said}") from error
    version = re.search(r"testssl(?:\.sh)? +(?:version +)?(\d[\w.]*)", _run([program, "--version"]))
    shown = version[1] if version else "unknown"
    return Scan("testssl.sh", shown, "known weaknesses", server, len(rows), found)


def notable(rows: Sequence[Mapping[str, str]]) -> list[Finding]:
    """What testssl.sh finds worth more than a note. Raises ValueError when checks are missing."""
    missing = ESSENTIAL - {row["id"] for row in rows}
    if missing:
        raise ValueError(f"no word of {', '.join(sorted(missing))}")
    return [
        Finding("testssl.sh", row["id"], row["severity"], row["finding"])
        for row in rows
        if row["severity"] not in QUIET
    ]


def _run(command: Sequence[str]) -> str:
    """All that a program says. Raises ScanError."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SCAN_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ScanError(f"{command[0]}: {error}") from error
    return done.stdout.decode(errors="replace")
