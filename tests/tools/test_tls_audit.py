"""How the audit reads what scanners say, and what it makes of a scanner that has failed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import tls_audit
from auditlib import scanners
from auditlib.report import report
from auditlib.scanners import (
    ESSENTIAL,
    Finding,
    Scan,
    ScanError,
    complaints,
    notable,
    sslyze,
    weaknesses,
)

HEADING = " COMPLIANCE AGAINST TLS CONFIGURATION\n ------\n\n"
KNOWN = Finding("testssl.sh", "cert_revocation", "HIGH", "Neither CRL nor OCSP URI provided")
NEW = Finding("testssl.sh", "heartbleed", "CRITICAL", "VULNERABLE | badly")


def rows(*findings: Finding) -> list[dict[str, str]]:
    """What testssl.sh writes: all that it always looks at is well, but for these."""
    found = {name: {"id": name, "severity": "OK", "finding": "fine"} for name in ESSENTIAL}
    for one in findings:
        found[one.name] = {"id": one.name, "severity": one.severity, "finding": one.said}
    return list(found.values())


def result(**other: Any) -> dict[str, Any]:
    """What sslyze writes of a server that resumes nothing, with some of it otherwise."""
    facts: dict[str, Any] = {
        "supports_early_data": False,
        "tls_ticket_resumption_result": "SERVER_IS_TLS_1_3_ONLY",
        "session_id_resumption_result": "NOT_SUPPORTED",
        "is_vulnerable_to_client_renegotiation_dos": False,
        **other,
    }
    commands = ("session_resumption", "session_renegotiation", "tls_1_3_early_data")
    return {name: {"status": "COMPLETED", "result": facts} for name in commands}


def program(path: Path, text: str) -> str:
    """A stand-in for a scanner; `kept` is the file that it is to write."""
    head = f"#!{sys.executable}\nimport sys\nkept = sys.argv[-2].removeprefix('--json_out=')\n"
    path.write_text(head + text)
    path.chmod(0o755)
    return str(path)


# --- sslyze ---------------------------------------------------------------------------------------


def test_a_server_that_complies_has_no_complaints() -> None:
    """The verdict is in words, after the scan's results."""
    assert complaints(f"{HEADING}    127.0.0.1:1: OK - Compliant.\n") == []


def test_each_complaint_has_a_name() -> None:
    """By which it may be expected."""
    said = f"""        * results: of the scan\n{HEADING}    127.0.0.1:1: FAILED - Not compliant.
        * tls_curves: TLS curves {{'X448'}} are supported, but should be rejected.
        * ciphers: bad\n"""
    assert [(one.name, one.said[:10]) for one in complaints(said)] == [
        ("tls_curves", "TLS curves"),
        ("ciphers", "bad"),
    ]


@pytest.mark.parametrize("said", ["", HEADING, "    127.0.0.1:1: OK - Compliant.\n"])
def test_no_verdict_is_no_good_one(said: str) -> None:
    """A scan that broke off has found nothing, which means nothing."""
    with pytest.raises(ValueError, match="no verdict"):
        complaints(said)


def test_what_the_profiles_do_not_ask_for() -> None:
    """Is asked for by us."""
    assert weaknesses(result()) == []
    bad = result(supports_early_data=True, tls_ticket_resumption_result="FULLY_SUPPORTED")
    assert [one.name for one in weaknesses(bad)] == ["early_data", "tickets"]
    worse = result(
        is_vulnerable_to_client_renegotiation_dos=True,
        session_id_resumption_result="PARTIALLY_SUPPORTED",
    )
    assert [one.name for one in weaknesses(worse)] == ["session_ids", "renegotiation"]


def test_a_run_of_sslyze(tmp_path: Path) -> None:
    """Its words and its file together."""
    facts = {"sslyze_version": "6.3", "server_scan_results": [{"scan_result": result()}]}
    good = program(
        tmp_path / "good",
        f"open(kept, 'w').write({json.dumps(facts)!r})\nprint({HEADING!r}, 'x: OK - Compliant.')",
    )
    scan = sslyze(good, "modern", "the defaults", 1, tmp_path / "ca.pem")
    assert scan == Scan("sslyze", "6.3", "Mozilla's modern", "the defaults", 3, [])


# --- testssl.sh -----------------------------------------------------------------------------------


def test_only_what_is_more_than_a_note_is_a_finding() -> None:
    """Whatever severity it has then, also one that nobody has heard of."""
    odd = Finding("testssl.sh", "new", "PECULIAR", "?")
    note = Finding("testssl.sh", "note", "INFO", "by the way")
    assert notable(rows(KNOWN, note, odd)) == [KNOWN, odd]


def test_checks_that_were_left_out_are_told() -> None:
    """A scan that broke off has found nothing, which means nothing."""
    with pytest.raises(ValueError, match="no word of heartbleed"):
        notable([row for row in rows() if row["id"] != "heartbleed"])


def test_a_run_of_testssl(tmp_path: Path) -> None:
    """What it finds is in its file; its exit code says nothing."""
    good = program(
        tmp_path / "good",
        "if sys.argv[1] == '--version':\n    sys.exit(print('testssl.sh version 3.2.1 from x'))\n"
        "kept = sys.argv[sys.argv.index('--jsonfile') + 1]\n"
        f"open(kept, 'w').write({json.dumps(rows(KNOWN))!r})\nsys.exit(7)",
    )
    scan = scanners.testssl(good, "the defaults", 1, tmp_path / "ca.pem")
    assert (scan.version, scan.findings) == ("3.2.1", [KNOWN])


@pytest.mark.parametrize("text", ["print('out of memory')", "open(kept, 'w').write('[')"])
def test_a_scanner_that_breaks_off(tmp_path: Path, text: str) -> None:
    """Is an error with what it has said."""
    bad = program(tmp_path / "bad", text)
    with pytest.raises(ScanError, match="sslyze has not come to its end"):
        sslyze(bad, "modern", "", 1, tmp_path)
    with pytest.raises(ScanError, match=r"testssl\.sh has not come to its end"):
        scanners.testssl(bad, "", 1, tmp_path)


# --- the report and the command -------------------------------------------------------------------


def scan_with(*findings: Finding) -> Scan:
    return Scan("testssl.sh", "3.0", "weaknesses", "the defaults", 80, findings)


def test_a_finding_is_told_with_its_reason_or_without() -> None:
    """In a table that text of a scanner can't break."""
    text = report([scan_with(KNOWN, NEW)])
    assert "| testssl.sh, weaknesses | 3.0 | the defaults | 80 | 1 | 1 |" in text
    assert "| testssl.sh | heartbleed | CRITICAL | VULNERABLE / badly |" in text
    unexpected, expected = text.split("## Unexpected")[1].split("## Expected")
    assert ("heartbleed" in unexpected, "cert_revocation" in unexpected) == (True, False)
    assert "cert_revocation: Neither CRL nor OCSP URI provided" in expected
    assert "no server to ask" in expected


def test_nothing_unexpected_is_said_as_well() -> None:
    """And what is expected, and wasn't there."""
    text = report([scan_with()])
    assert "## Unexpected\nNothing." in text
    assert "cert_revocation: (not found this time)" in text


@pytest.mark.parametrize(("findings", "code"), [((), 0), ((KNOWN,), 0), ((KNOWN, NEW), 1)])
def test_the_exit_code(
    findings: tuple[Finding, ...],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """1 for what isn't explained; the report is printed, and kept where one likes."""
    monkeypatch.setattr(tls_audit, "scan", lambda *_: [scan_with(*findings)])
    assert tls_audit.main(["--output", str(tmp_path / "kept.md")]) == code
    assert (tmp_path / "kept.md").read_text() in capsys.readouterr().out


def test_a_scanner_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Is told, after the server that it was started for has ended."""
    assert tls_audit.main(["--sslyze", "/nowhere/sslyze"]) == 2
    assert "/nowhere/sslyze" in capsys.readouterr().err
