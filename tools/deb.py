"""Make the Debian package: the offline bundle, the service, and its configuration in their places.

    python tools/deb.py                 dist/securechat_VERSION_all.deb
    python tools/deb.py --out DIR       elsewhere

For Debian and what comes of it. It holds the wheels of the bundle, as seven of Debian 12's own
packages are too old; postinst makes a virtual environment of them. It needs dpkg-deb. Exit codes:
0 made, 1 not.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import bundle
import click

import securechat
from securechat.server import unit
from securechat.server.config import Config

SCRIPTS = bundle.PARTS / "debian"
CONFIG = "/etc/securechat/config.toml"

PROGRAMS = ("securechat", "securechat-admin", "securechat-server", "gencerts")

PLACES = {
    "share/man/man1/": "usr/share/man/man1/",
    "share/bash-completion/completions/": "usr/share/bash-completion/completions/",
    "share/fish/vendor_completions.d/": "usr/share/fish/vendor_completions.d/",
    # Debian's zsh looks here for those of packages.
    "share/zsh/site-functions/": "usr/share/zsh/vendor-completions/",
}
"""Where the files of share/ go: man and the shells find them below /usr."""


def files(wheels: Sequence[Path]) -> dict[str, bytes]:
    """The files of the package, by their paths below the root."""
    content = bundle.members(wheels, bundle.PYTHONS, bundle.MACHINES)
    made = {f"usr/share/securechat/bundle/{name}": data for name, data in content.items()}
    for source, place in PLACES.items():
        for path in (bundle.ROOT / source).iterdir():
            made[place + path.name] = path.read_bytes()
    command = ["/usr/bin/securechat-server", "--config", CONFIG, "--data", unit.STATE]
    text = unit.system_unit(command, Config().listen.port)
    made["usr/lib/systemd/system/securechat.service"] = text.encode()
    made["usr/lib/sysusers.d/securechat.conf"] = unit.SYSUSERS.encode()
    made[CONFIG[1:]] = (bundle.ROOT / "securechat/server/example.toml").read_bytes()
    made["usr/share/doc/securechat/copyright"] = (bundle.ROOT / "LICENSE").read_bytes()
    return made


def control(content: Mapping[str, bytes]) -> dict[str, bytes]:
    """What dpkg reads: fields, scripts, and which files are the administrator's to change."""
    major, minor = bundle.PYTHONS[-1].split(".")
    fields = (
        (SCRIPTS / "control")
        .read_text(encoding="utf-8")
        .format(
            version=securechat.__version__,
            size=sum(map(len, content.values())) // 1024,
            oldest=bundle.PYTHONS[0],
            beyond=f"{major}.{int(minor) + 1}~",
            glibc=bundle.GLIBC,
        )
    )
    sums = (f"{hashlib.md5(data).hexdigest()}  {name}\n" for name, data in content.items())
    scripts = {name: (SCRIPTS / name).read_bytes() for name in ("postinst", "prerm", "triggers")}
    return {
        "control": fields.encode(),
        "conffiles": f"{CONFIG}\n".encode(),
        # Of damage on the disk (dpkg --verify); what is installed is checked by its SHA-256.
        "md5sums": "".join(sorted(sums)).encode(),
        **scripts,
    }


def lay(root: Path, content: Mapping[str, bytes]) -> None:
    """Write the tree that dpkg-deb packs."""
    parts = {f"DEBIAN/{name}": data for name, data in control(content).items()}
    for name, data in {**content, **parts}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755 if name in ("DEBIAN/postinst", "DEBIAN/prerm") else 0o644)
    (root / "usr/bin").mkdir(parents=True)
    for name in PROGRAMS:
        (root / "usr/bin" / name).symlink_to(f"../lib/securechat/bin/{name}")
    for directory in (root, *(path for path in root.rglob("*") if path.is_dir())):
        directory.chmod(0o755)


def pack(root: Path, path: Path) -> None:
    """Raises BundleError."""
    # Stored: the wheels are compressed.
    words = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root), str(path)]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": bundle.EPOCH}
    try:
        done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    except OSError as error:
        raise bundle.BundleError(f"can't run dpkg-deb, which Debian has: {error}") from None
    if done.returncode:
        raise bundle.BundleError(f"dpkg-deb failed: {done.stderr.strip()}")


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--out", type=click.Path(path_type=Path), default=bundle.ROOT / "dist", help="[dist]")
def deb(out: Path) -> int:
    """Make it and say where it is; the exit code."""
    path = out / f"securechat_{securechat.__version__}_all.deb"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            wheels = Path(scratch) / "wheels"
            bundle.gather(wheels, bundle.PYTHONS, bundle.MACHINES)
            lay(Path(scratch) / "root", files(sorted(wheels.iterdir())))
            pack(Path(scratch) / "root", path)
    except (bundle.BundleError, OSError) as error:
        click.echo(f"deb: {error}", err=True)
        return 1
    bundle.tell(path)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    return int(deb.main(argv, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
