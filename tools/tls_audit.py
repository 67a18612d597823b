"""Have two public scanners look at a freshly started server, and judge what they find.

    python tools/tls_audit.py                             what was found, and whether it may be
    python tools/tls_audit.py --output docs/tls-audit.md  the same, kept
    python tools/tls_audit.py --sslyze .venv-audit/bin/sslyze   where it isn't in $PATH

sslyze (`pip install '.[audit]'`) compares the server with the profiles of Mozilla, which it brings
along: as it is by default with "modern", and where it lets TLS 1.2 in with "intermediate".
testssl.sh (in Debian: apt install testssl.sh) looks for known weaknesses. Nothing but this machine
is contacted. Exit codes: 0, nothing was found but what is explained; 1, something else was; 2, a
scanner is missing or did not come to its end.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import click
from auditlib.report import report
from auditlib.scanners import Scan, ScanError, sslyze, testssl

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 30.0

LETS_1_2_IN = '[tls]\nmin_version = "1.2"\n'


@contextlib.contextmanager
def server(settings: str = "") -> Iterator[tuple[int, Path]]:
    """A server with these settings (TOML); its port and its CA. Raises ScanError."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        config, log = directory / "securechat.toml", directory / "log"
        config.write_text(settings)
        command = [sys.executable, "-m", "securechat.server", "--config", str(config)]
        command += ["--data", str(directory / "data"), "--host", "127.0.0.1", "--port", "0"]
        with (
            log.open("w") as errors,
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors) as process,
        ):
            try:
                yield _port(process, log), directory / "data" / "tls" / "ca.pem"
            finally:
                process.terminate()
                process.wait(STOP_SECONDS)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Where the server listens, which it says when it does. Raises ScanError."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(rb"listens on +\S+ port (\d+)", line):
            return int(found[1])
    raise ScanError(f"the server did not start: {log.read_text()}")


def scan(sslyze_program: str, testssl_program: str) -> list[Scan]:
    """Start the servers and scan them. Raises ScanError."""
    with server() as (port, ca):
        scans = [
            sslyze(sslyze_program, "modern", "the defaults", port, ca),
            testssl(testssl_program, "the defaults", port, ca),
        ]
    with server(LETS_1_2_IN) as (port, ca):
        aim = 'min_version = "1.2"'
        return [*scans, sslyze(sslyze_program, "intermediate", aim, port, ca)]


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--sslyze", "sslyze_program", default="sslyze", metavar="PROGRAM")
@click.option("--testssl", "testssl_program", default="testssl", metavar="PROGRAM")
@click.option("--output", type=click.Path(path_type=Path), help="Write the report there, too.")
def audit(sslyze_program: str, testssl_program: str, output: Path | None) -> int:
    """Print the report; the exit code."""
    try:
        scans = scan(sslyze_program, testssl_program)
    except ScanError as error:
        click.echo(f"tls_audit: {error}", err=True)
        return 2
    text = report(scans)
    click.echo(text)
    if output is not None:
        output.write_text(text)
    return int(any(finding.reason is None for each in scans for finding in each.findings))


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    return int(audit.main(argv, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
