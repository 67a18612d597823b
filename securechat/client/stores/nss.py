"""The databases of NSS: of Chromium and its kin on Linux, and of each profile of Firefox.

Changed by NSS's own certutil(1), as their format is nobody else's business.
"""

from __future__ import annotations

import shutil
import ssl
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from securechat.client.stores.authority import Authority
from securechat.client.stores.outcome import Outcome, Run, State, call, last_line
from securechat.common.language import _
from securechat.common.record import Record

TRUST: Final = "C,,"
"""As an authority of TLS servers, and of nothing else."""

MOST_NAMES: Final = 500
"""Of certificates in a database that are looked at."""

CHROMIUM: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "brave-browser",
    "microsoft-edge",
    "vivaldi",
)
"""Programs that take SHARED, and make it when they start."""

PACKAGES: Final = {
    "apt-get": "sudo apt-get install libnss3-tools",
    "dnf": "sudo dnf install nss-tools",
    "pacman": "sudo pacman -S nss",
    "zypper": "sudo zypper install mozilla-nss-tools",
    "brew": "brew install nss",
}
"""How certutil is installed, by what installs packages."""

FIREFOX: Final = (
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/config/mozilla/firefox",
    "Library/Application Support/Firefox/Profiles",
)
"""Below these is a directory for each profile."""

SHARED: Final = (".pki/nssdb", ".local/share/pki/nssdb")
"""Of Chromium, which takes the second one, since version 146, where there is no first one."""

SANDBOXED: Final = (
    "snap/*/current/.pki/nssdb",
    "snap/*/current/.local/share/pki/nssdb",
    ".var/app/*/.pki/nssdb",
    ".var/app/*/data/pki/nssdb",
)
"""The same in snaps and flatpaks."""


class Database(Record):
    """browser: whose it is. path: its directory."""

    browser: str
    path: Path


def databases(home: Path) -> Iterator[Database]:
    """Those that there are below a home directory."""
    chromium = _("Chromium, Chrome and their kin")
    shared = [home / name for name in SHARED]
    found = [path for path in shared if _is_database(path)]
    if found:
        yield Database(chromium, found[0])
    elif any(map(shutil.which, CHROMIUM)) and not sys.platform.startswith(("darwin", "win")):
        yield Database(chromium, shared[1])
    for pattern in SANDBOXED:
        for path in sorted(home.glob(pattern)):
            if _is_database(path):
                yield Database(_sandboxed(path.relative_to(home)), path)
    for place in FIREFOX:
        for path in sorted(home.glob(f"{place}/*/")):
            if _is_database(path):
                yield Database(f"Firefox, {path.name}", path)


def _sandboxed(path: Path) -> str:
    """The application of a snap or a flatpak."""
    return path.parts[1] if path.parts[0] == "snap" else path.parts[2]


def _is_database(path: Path) -> bool:
    return (path / "cert9.db").is_file()


class Nss:
    """Puts authorities into databases. run: calls programs. home: for how their paths are shown."""

    def __init__(self, home: Path, run: Run = call) -> None:
        self._home = home
        self._run = run

    def put(self, database: Database, authority: Authority) -> Outcome:
        """Have its browser trust an authority."""
        place = self._place(database)
        if missing := _missing():
            return Outcome(place, State.WAITS, missing)
        if not _is_database(database.path):
            self._make(database.path)
        name = self._name_of(database.path, authority)
        if name == authority.name:  # somebody may have taken the trust away
            self._certutil(database.path, "-M", "-t", TRUST, "-n", name)
        if name is not None:
            return _there(place, name, authority)
        added = self._certutil(
            database.path, "-A", "-t", TRUST, "-a", "-n", authority.name, given=authority.pem
        )
        if added.returncode == 0:
            return Outcome(place, State.DONE, _("trusts it now"))
        # It may be there without being trusted, where a password guards that.
        self._certutil(database.path, "-D", "-n", authority.name)
        if "BAD_PASSWORD" in added.stdout:
            text = _("has a password, so import it there yourself, in the browser's settings")
        else:
            text = _("certutil: {error}").format(error=last_line(added))
        return Outcome(place, State.FAILED, text)

    def take(self, database: Database, authority: Authority) -> Outcome:
        """Have its browser trust it no longer, if that was our doing."""
        place = self._place(database)
        if not _is_database(database.path):
            return Outcome(place, State.SAME, _("has never had it"))
        if missing := _missing():
            return Outcome(place, State.WAITS, missing)
        name = self._name_of(database.path, authority)
        if name is None:
            return Outcome(place, State.SAME, _("doesn't have it"))
        if name != authority.name:
            return _there(place, name, authority)
        taken = self._certutil(database.path, "-D", "-n", name)
        if taken.returncode != 0:
            text = _("certutil: {error}").format(error=last_line(taken))
            return Outcome(place, State.FAILED, text)
        return Outcome(place, State.DONE, _("trusts it no longer"))

    def _place(self, database: Database) -> str:
        path = database.path
        shown = f"~/{path.relative_to(self._home)}" if path.is_relative_to(self._home) else path
        return f"{database.browser} ({shown})"

    def _make(self, path: Path) -> None:
        for directory in reversed([path, *path.parents]):
            if not directory.exists():
                directory.mkdir(mode=0o700)
        self._certutil(path, "-N", "--empty-password")

    def _name_of(self, path: Path, authority: Authority) -> str | None:
        """What a certificate is called in a database; None when it isn't there."""
        listed = self._certutil(path, "-L").stdout.splitlines()[:MOST_NAMES]
        # NSS has one name for a certificate, that of who came first.
        names = [name for line in listed if (name := _listed(line))]
        for name in sorted(names, key=lambda name: name != authority.name):
            shown = self._certutil(path, "-L", "-a", "-n", name).stdout
            if authority.der in _certificates(shown):
                return name
        return None

    def _certutil(self, path: Path, *words: str, given: str = "") -> CompletedProcess[str]:
        return self._run("certutil", "-d", f"sql:{path}", *words, given=given)


def _there(place: str, name: str, authority: Authority) -> Outcome:
    if name == authority.name:
        return Outcome(place, State.SAME, _("trusts it already"))
    text = _("has it already as {name}, which is left as it is").format(name=name)
    return Outcome(place, State.LEFT, text)


def _missing() -> str:
    """What to do without certutil; '' where it is. That of Windows is another program."""
    if sys.platform != "win32" and shutil.which("certutil"):
        return ""
    ways: Sequence[str] = [way for name, way in PACKAGES.items() if shutil.which(name)]
    way = ways[0] if ways else _("install the tools of NSS")
    return _("needs certutil: {way}, then give this command again").format(way=way)


def _listed(line: str) -> str:
    """The name in a line of a list, '' in those around it."""
    name, _space, trust = line.rstrip().rpartition(" ")
    return name.rstrip() if trust.count(",") == 2 and "/" not in trust else ""


def _certificates(text: str) -> list[bytes]:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    parts = text.split(begin)[1:]
    return [ssl.PEM_cert_to_DER_cert(begin + part.partition(end)[0] + end) for part in parts]
