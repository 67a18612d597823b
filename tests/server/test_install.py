"""`securechat-server install-service`: the units that it writes, and what it tells."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from securechat.server import install, unit
from securechat.server.cli import main
from securechat.server.config import Config

SYSTEMD = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze isn't here")

EXPOSURE = 2.0
"""What `systemd-analyze security` may find at most, of 10: "OK" begins at 5, "SAFE" ends at 2."""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose /etc and home are directories of the test, with nothing hidden."""
    monkeypatch.setattr(install, "SYSTEM", tmp_path / "etc/systemd/system")
    monkeypatch.setattr(install, "SYSUSERS", tmp_path / "etc/sysusers.d/securechat.conf")
    monkeypatch.setattr(install, "HIDDEN", ())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *flags: object) -> tuple[int, str, str]:
    code = main([str(flag) for flag in flags])
    return code, *capsys.readouterr()


def printed(capsys: pytest.CaptureFixture[str], *flags: object) -> str:
    code, out, err = run(capsys, "install-service", "--print", *flags)
    assert (code, err) == (0, "")
    return out


def test_a_service_of_the_machine(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its unit and its user, both for everybody to read; what comes next is told."""
    code, out, err = run(capsys, "install-service", "--host", "0.0.0.0")
    assert (code, err) == (0, "")
    path = machine / "etc/systemd/system/securechat.service"
    text = path.read_text()
    assert re.search(
        r"^ExecStart=\S*securechat.server --host 0\.0\.0\.0 --data /var/lib/securechat$",
        text.replace(f"{sys.executable} -m ", ""),
        re.MULTILINE,
    )
    assert "\nUser=securechat\n" in text
    assert "\nStateDirectory=securechat\nStateDirectoryMode=0700\n" in text
    assert "\nCapabilityBoundingSet=\n" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert (machine / "etc/sysusers.d/securechat.conf").read_text() == unit.SYSUSERS
    for line in ("systemd-sysusers", "systemctl daemon-reload", "enable --now securechat"):
        assert line in out
    assert re.search(r"runuser -u securechat -- .*--data /var/lib/securechat invite --admin", out)
    assert "Only this machine" not in out


def test_a_service_of_ones_own(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the data that a server in a terminal has, and nothing that only root can give."""
    code, out, _ = run(capsys, "install-service", "--user")
    assert code == 0
    text = (machine / "settings/systemd/user/securechat.service").read_text()
    assert "--data" not in text
    assert "\nUser=" not in text
    assert "ProtectSystem" not in text
    assert "WantedBy=default.target" in text
    assert "loginctl enable-linger" in out
    assert "systemctl --user enable --now securechat" in out
    assert "runuser" not in out
    assert "Only this machine can connect" in out


def test_options_may_stand_before_and_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """Those behind the command come over those before it."""
    assert (
        main(["--port", "7000", "--host", "::", "install-service", "--print", "--port", "7001"])
        == 0
    )
    assert " --host :: --port 7001 --data " in capsys.readouterr().out
    assert main(["--check", "install-service"]) == 2
    assert "--check is not for `install-service`" in capsys.readouterr().err


def test_nothing_is_overwritten(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless it says the same, or by --force; what is in the way is named, and nothing written."""
    assert run(capsys, "install-service")[0] == 0
    assert run(capsys, "install-service")[0] == 0
    path = machine / "etc/systemd/system/securechat.service"
    path.write_text("mine")
    (machine / "etc/sysusers.d/securechat.conf").unlink()
    code, out, err = run(capsys, "install-service")
    assert (code, out) == (1, "")
    assert err.startswith(f"securechat-server: {path} is there and says something else")
    assert path.read_text() == "mine"
    assert not (machine / "etc/sysusers.d/securechat.conf").exists()
    assert run(capsys, "install-service", "--force")[0] == 0
    assert "ExecStart" in path.read_text()


def test_a_low_port_takes_one_capability(capsys: pytest.CaptureFixture[str]) -> None:
    """That of a service of the machine; a person's own can't have it."""
    text = printed(capsys, "--port", 443)
    assert "\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n" in text
    assert "\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n" in text
    assert "\nPrivateUsers=no\n" in text
    assert "CAP_" not in printed(capsys, "--port", 1024)
    assert "CAP_" not in printed(capsys, "--port", 0)
    code, _, err = run(capsys, "install-service", "--user", "--port", 443)
    assert code == 1
    assert "port 443 is below 1024" in err


def test_a_port_of_the_directory_s_configuration_counts(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of a node that has joined: its start goes by that, too."""
    data = machine / "node"
    data.mkdir()
    (data / "securechat.toml").write_text("[listen]\nport = 443\n")
    text = printed(capsys, "--data", data)
    assert "\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n" in text
    assert " --config " not in text


def test_a_port_of_the_configuration_counts(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a configuration that the server would refuse is refused here."""
    file = machine / "config.toml"
    for listen in ("port = 443", 'also = ["0.0.0.0:443"]'):
        file.write_text(f"[listen]\n{listen}\n")
        assert "AmbientCapabilities" in printed(capsys, "--config", file)
    file.write_text("[listen]\nprot = 443\n")
    code, _, err = run(capsys, "install-service", "--config", file)
    assert code == 1
    assert "unknown key listen.prot" in err


def test_data_elsewhere_may_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Else the whole file system is read-only; who makes it is told."""
    assert "\nReadWritePaths=/srv/chat\n" in printed(capsys, "--data", "/srv/chat")
    assert "ReadWritePaths" not in printed(capsys)
    out = run(capsys, "install-service", "--data", "/srv/chat")[1]
    assert "install -d -m 700 -o securechat -g securechat /srv/chat" in out


@pytest.mark.parametrize("flag", ["", "--config", "--cert", "--data"])
def test_what_the_service_could_not_see_is_refused(
    machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    """A program or a file below a home: told at once, and not by a service that can't start."""
    hidden = sys.prefix if not flag else "/home"
    monkeypatch.setattr(install, "HIDDEN", (str(Path(hidden).resolve()),))
    (machine / "config.toml").touch()
    monkeypatch.setattr(install, "load_config", lambda path: Config())
    given = [flag, "/home/alice/x"] if flag else []
    code, _, err = run(capsys, "install-service", *given)
    assert code == 1
    assert "is hidden from a service of the machine" in err
    assert ("/opt/securechat" in err) == (not flag)
    assert list((machine / "etc").glob("**/*")) == []
    assert run(capsys, "install-service", "--user", *given)[0] == 0


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain", "plain"),
        ("a b", '"a b"'),
        ("100%", "100%%"),
        ("$HOME", "$$HOME"),
        ('say "x"', r'"say \"x\""'),
        ("back\\slash", r'"back\\slash"'),
        ("", '""'),
        (";", '";"'),
    ],
)
def test_words_of_a_command_line(word: str, written: str) -> None:
    """As systemd takes them apart again (systemd.service(5))."""
    assert unit.command_line([word]) == written


def test_a_name_can_t_end_the_line(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What follows would be a setting of its own."""
    code, _, err = run(capsys, "install-service", "--data", "/srv/x\nUser=root")
    assert code == 1
    assert "control character" in err
    assert not (machine / "etc").exists()


def test_no_right_to_write_is_told(
    machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the two ways out."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(install, "replace", refuse)
    code, _, err = run(capsys, "install-service")
    assert code == 1
    assert "do this as root, or install the service for yourself with --user" in err


@needs_systemd
@pytest.mark.parametrize("flags", [[], ["--port", "443"], ["--user"]], ids=str)
def test_systemd_takes_it(
    machine: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
) -> None:
    """Without a word on it."""
    path = machine / install.SERVICE
    path.write_text(printed(capsys, *flags))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(machine))  # that of a person who is logged in
    manager = "--user" if "--user" in flags else "--system"
    assert analyze("verify", "--man=no", manager, str(path)) == ""


@needs_systemd
@pytest.mark.parametrize("flags", [[], ["--port", "443"]], ids=str)
def test_how_exposed_it_is(
    machine: Path, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    """By systemd's own measure."""
    path = machine / install.SERVICE
    path.write_text(printed(capsys, *flags))
    told = analyze("security", "--offline=true", "--no-pager", str(path))
    [level] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", told)
    assert float(level) <= EXPOSURE


def analyze(*words: str) -> str:
    assert SYSTEMD is not None
    done = subprocess.run([SYSTEMD, *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
