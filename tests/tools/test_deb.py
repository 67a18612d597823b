"""The Debian package: what is in it, and where. That it installs, `.ci/debian-package` tries."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import bundle
import deb
import manuals
import pytest

DPKG = shutil.which("dpkg-deb")


@pytest.fixture
def content(tmp_path: Path) -> dict[str, bytes]:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("pip-26.3-py3-none-any.whl", "more_itertools-11.2.1-py3-none-any.whl"):
        (wheels / name).write_bytes(b"wheel")
    return deb.files(sorted(wheels.iterdir()))


def test_it_holds_the_bundle(content: dict[str, bytes]) -> None:
    """With the installer that checks the hashes, which postinst calls by its place."""
    assert "usr/share/securechat/bundle/wheels/pip-26.3-py3-none-any.whl" in content
    script = (deb.SCRIPTS / "postinst").read_text()
    assert "sh /usr/share/securechat/bundle/install.sh /usr/lib/securechat" in script
    assert "usr/share/securechat/bundle/install.sh" in content


def test_all_of_share_has_a_place(content: dict[str, bytes]) -> None:
    """A new kind of file is not left out."""
    places = {name.rpartition("/")[0] + "/" for name in manuals.files()}
    assert set(deb.PLACES) == places
    assert "usr/share/man/man1/securechat.1" in content
    assert set(deb.PROGRAMS) == set(manuals.PROGRAMS)


def test_its_service_runs_on_its_configuration(content: dict[str, bytes]) -> None:
    """Which is the administrator's to change, and listens on this machine only as it comes."""
    text = content["usr/lib/systemd/system/securechat.service"].decode()
    command = "/usr/bin/securechat-server --config /etc/securechat/config.toml"
    assert f"\nExecStart={command} --data /var/lib/securechat\n" in text
    assert content["etc/securechat/config.toml"].startswith(b"# The configuration of securechat")
    assert deb.control(content)["conffiles"] == b"/etc/securechat/config.toml\n"


def test_a_python_that_has_no_wheels_is_refused(content: dict[str, bytes]) -> None:
    """By dpkg, before anything is there."""
    fields = deb.control(content)["control"].decode()
    newest = int(bundle.PYTHONS[-1].partition(".")[2])
    assert f"python3 (>= {bundle.PYTHONS[0]}), python3 (<< 3.{newest + 1}~)" in fields


@pytest.mark.skipif(DPKG is None, reason="dpkg-deb isn't here")
def test_it_is_packed(content: dict[str, bytes], tmp_path: Path) -> None:
    """As root's, readable by all, with scripts that run; the same each time."""
    made = []
    for name in ("one", "other"):
        deb.lay(tmp_path / name, content)
        deb.pack(tmp_path / name, tmp_path / f"{name}.deb")
        made.append((tmp_path / f"{name}.deb").read_bytes())
    assert made[0] == made[1]
    assert DPKG is not None
    listed = subprocess.run([DPKG, "-c", tmp_path / "one.deb"], capture_output=True, text=True)
    modes = {line.split()[0] for line in listed.stdout.splitlines()}
    assert modes == {"drwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"}
    assert {line.split()[1] for line in listed.stdout.splitlines()} == {"root/root"}
    assert stat.S_IMODE((tmp_path / "one/DEBIAN/postinst").stat().st_mode) == 0o755


def test_without_dpkg_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with exit code 1."""
    monkeypatch.setattr(bundle, "gather", lambda directory, *_: directory.mkdir())
    monkeypatch.setattr(deb, "files", lambda wheels: {})
    monkeypatch.setenv("PATH", "")
    assert deb.main(["--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("deb: can't run dpkg-deb, which Debian has")
