"""The hook by which certbot hands a renewed certificate to the server (docs/examples)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from securechat.ca.check import check_server_files
from securechat.ca.cli import main as gencerts
from securechat.server.offline import NOT_RUNNING

HOOK = Path(__file__).parents[2] / "docs" / "examples" / "certbot-deploy-hook"


class Renewed:
    """Certificates as certbot leaves them, and what its hook makes of them."""

    def __init__(self, directory: Path) -> None:
        self.lineage, self.certs = directory / "live", directory / "certs"
        self._directory, self._made = directory, directory / "made"
        self.lineage.mkdir()

    def renews(self) -> bytes:
        """Another certificate, by gencerts in certbot's place."""
        assert gencerts(["make", "--force", "--out", str(self._made), "localhost"]) == 0
        shutil.copy(self._made / "server.pem", self.lineage / "fullchain.pem")
        shutil.copy(self._made / "server-key.pem", self.lineage / "privkey.pem")
        # What certbot leaves may be read by more than the hook allows.
        (self.lineage / "privkey.pem").chmod(0o644)
        return (self.lineage / "fullchain.pem").read_bytes()

    def deploys(self, says: str, code: int) -> subprocess.CompletedProcess[str]:
        """Run the hook. says, code: what comes of `securechat-admin reload`, whose words and
        environment are kept.
        """
        admin = self._directory / "admin"
        admin.write_text(f'#!/bin/sh\necho "$LC_ALL $@" >>"$0.said"\necho "{says}"\nexit {code}\n')
        admin.chmod(0o700)
        return subprocess.run(
            [HOOK],
            env={
                **os.environ,
                "RENEWED_LINEAGE": str(self.lineage),
                "SECURECHAT_CERTS": str(self.certs),
                "SECURECHAT_DATA": "/var/lib/chat",
                "SECURECHAT_USER": pwd.getpwuid(os.getuid()).pw_name,
                "SECURECHAT_ADMIN": str(admin),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def modes(self) -> dict[str, int]:
        return {path.name: path.stat().st_mode & 0o777 for path in self.certs.glob("*.pem")}


def test_a_renewed_certificate_is_handed_on(tmp_path: Path) -> None:
    """Before the first start, and while the server runs; when it can't be used the old files come
    back, and certbot is told.
    """
    renewed = Renewed(tmp_path)
    renewed.renews()
    said = renewed.deploys(NOT_RUNNING, 1)
    assert (said.returncode, said.stderr) == (0, "")
    assert "the server's next start takes it up" in said.stdout
    assert renewed.modes() == {"server.pem": 0o644, "server-key.pem": 0o600}

    second = renewed.renews()
    said = renewed.deploys("Changed: nothing.", 0)
    assert (said.returncode, said.stdout, said.stderr) == (0, "Changed: nothing.\n", "")
    assert (renewed.certs / "server.pem").read_bytes() == second

    (renewed.lineage / "privkey.pem").write_text("rubbish")
    said = renewed.deploys("server-key.pem: found no readable key", 1)
    assert said.returncode == 1
    assert said.stderr.endswith("the old one stays: server-key.pem: found no readable key\n")
    certificate, key = renewed.certs / "server.pem", renewed.certs / "server-key.pem"
    assert certificate.read_bytes() == second
    check_server_files(certificate, key, now=datetime.now(UTC))
    assert renewed.modes() == {"server.pem": 0o644, "server-key.pem": 0o600}
    asked = (tmp_path / "admin.said").read_text().splitlines()
    assert asked == ["C --data /var/lib/chat reload"] * 3


def test_no_link_leads_to_another_file(tmp_path: Path) -> None:
    """The hook runs as root, and the directory may belong to the server's user."""
    renewed, other = Renewed(tmp_path), tmp_path / "other"
    other.write_text("stays")
    renewed.renews()
    renewed.deploys("Changed: nothing.", 0)
    for name in ("server.pem", "server-key.pem"):
        for end in (".old", ".new"):
            (renewed.certs / f"{name}{end}").unlink(missing_ok=True)
            (renewed.certs / f"{name}{end}").symlink_to(other)
    second = renewed.renews()
    assert renewed.deploys("Changed: nothing.", 0).returncode == 0
    assert (renewed.certs / "server.pem").read_bytes() == second
    assert other.read_text() == "stays"
