"""What the scans came to, as Markdown. Nothing in it depends on the day or on the port."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from auditlib.scanners import EXPECTED, Finding, Scan

WIDTH = 100

HEAD = """\
# What TLS scanners find
Made by `python tools/tls_audit.py --output docs/tls-audit.md`, against servers that were started
for it, with the defaults but for what the table says.
"""


def report(scans: Sequence[Scan]) -> str:
    """A table of the scans, and the findings with the reasons for those that have one."""
    findings = list(dict.fromkeys(finding for scan in scans for finding in scan.findings))
    unexpected = [finding for finding in findings if finding.reason is None]
    parts = [
        HEAD,
        _table(("scanner", "version", "server", "checks", "unexpected", "expected"), _rows(scans)),
        "## Unexpected",
        _findings(unexpected) if unexpected else "Nothing.\n",
        "## Expected, and why",
        *(_explained(name, findings) for name in EXPECTED),
    ]
    return "\n".join(parts)


def _explained(name: tuple[str, str], findings: Iterable[Finding]) -> str:
    """A finding that is meant to be, with what was said of it, if it was found."""
    said = [finding.said for finding in findings if (finding.scanner, finding.name) == name]
    text = f"- {name[0]}, {name[1]}: {' '.join(said) or '(not found this time)'}"
    why = textwrap.fill(EXPECTED[name], WIDTH, initial_indent="  ", subsequent_indent="  ")
    return f"{textwrap.fill(text, WIDTH, subsequent_indent='  ')}\n\n{why}\n"


def _rows(scans: Iterable[Scan]) -> Iterable[tuple[str, ...]]:
    for scan in scans:
        known = sum(finding.reason is not None for finding in scan.findings)
        unknown = len(scan.findings) - known
        counts = (str(scan.checks), str(unknown), str(known))
        yield (f"{scan.scanner}, {scan.aim}", scan.version, scan.server, *counts)


def _findings(findings: Iterable[Finding]) -> str:
    rows = ((one.scanner, one.name, one.severity, one.said) for one in findings)
    return _table(("scanner", "finding", "severity", "in its own words"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)
