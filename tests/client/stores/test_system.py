"""The authorities of a distribution, in a directory of the test's."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from securechat.client.stores.authority import Authority
from securechat.client.stores.outcome import Outcome, State
from securechat.client.stores.system import KNOWN, Distribution, SystemStore


class Updates:
    """Stands in for the program that has others see what was added. code: of its exit."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.calls = 0

    def __call__(self, *argv: str, given: str = "") -> CompletedProcess[str]:
        assert argv == ("sh",)
        self.calls += 1
        return CompletedProcess(argv, self.code, "no room\n")


@pytest.fixture
def known(tmp_path: Path) -> list[Distribution]:
    """Of which the second one is this system's."""
    anchors = tmp_path / "anchors"
    anchors.mkdir()
    elsewhere = Distribution(tmp_path / "none", ".pem", ("sh",))
    return [elsewhere, Distribution(anchors, ".crt", ("sh",))]


def text(outcome: Outcome | None) -> str:
    assert outcome is not None
    return outcome.text


def test_root_puts_it_in_and_takes_it_out(
    known: list[Distribution], limited: Authority, tmp_path: Path
) -> None:
    updates = Updates()
    store = SystemStore(known, updates, is_root=True)
    kept = tmp_path / "kept.pem"
    assert text(store.put(limited, kept)) == "trusts it now"
    (file,) = known[1].directory.iterdir()
    assert file.name == f"{limited.name}.crt"
    assert (file.read_text(), file.stat().st_mode & 0o777) == (limited.pem, 0o644)
    assert text(store.put(limited, kept)) == "trusts it already"
    assert text(store.take(limited)) == "trusts it no longer"
    assert list(known[1].directory.iterdir()) == []
    assert text(store.take(limited)) == "doesn't have it"
    assert updates.calls == 2


def test_others_are_told_what_root_types(
    known: list[Distribution], limited: Authority, tmp_path: Path
) -> None:
    """With names in quotes that a shell would part."""
    store = SystemStore(known, Updates(), is_root=False)
    outcome = store.put(limited, tmp_path / "my authority.pem")
    assert outcome is not None
    assert outcome.state is State.WAITS
    file = known[1].directory / f"{limited.name}.crt"
    assert outcome.text.endswith(
        f"sudo install -m 644 '{tmp_path}/my authority.pem' {file} && sudo sh"
    )
    file.write_text(limited.pem)
    assert text(store.take(limited)).endswith(f"sudo rm {file} && sudo sh")


def test_a_file_that_is_none_of_ours_is_left(
    known: list[Distribution], limited: Authority, tmp_path: Path
) -> None:
    file = known[1].directory / f"{limited.name}.crt"
    file.write_text("something else")
    store = SystemStore(known, Updates(), is_root=True)
    for outcome in (store.put(limited, tmp_path), store.take(limited)):
        assert outcome is not None
        assert outcome.state is State.LEFT
    assert file.read_text() == "something else"


def test_what_goes_wrong_is_said(
    known: list[Distribution], limited: Authority, tmp_path: Path
) -> None:
    """And the next attempt finds what there was before."""
    updates = Updates(1)
    store = SystemStore(known, updates, is_root=True)
    outcome = store.put(limited, tmp_path)
    assert outcome is not None
    assert (outcome.state, outcome.text) == (State.FAILED, "sh: no room")
    assert list(known[1].directory.iterdir()) == []
    updates.code = 0
    store.put(limited, tmp_path)
    updates.code = 1
    assert text(store.take(limited)) == "sh: no room"
    assert len(list(known[1].directory.iterdir())) == 1


def test_a_system_without_such_a_store(limited: Authority, tmp_path: Path) -> None:
    store = SystemStore([], Updates(), is_root=True)
    assert store.put(limited, tmp_path) is None
    assert store.take(limited) is None


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with what the distributions' programs were called with. They stand in for these."""
    called = tmp_path / "called"
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("update-ca-trust", "update-ca-certificates"):
        program = directory / name
        program.write_text(f'#!/bin/sh\necho "$(basename "$0") $*" >> {called}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return called


@pytest.mark.parametrize(
    ("directory", "put", "taken"),
    [
        # docs.fedoraproject.org/quick-docs/using-shared-system-certificates
        (
            "/etc/pki/ca-trust/source/anchors",
            "update-ca-trust extract\n",
            "update-ca-trust extract\n",
        ),
        # update-ca-certificates(8): without --fresh it leaves links to what is gone
        (
            "/usr/local/share/ca-certificates",
            "update-ca-certificates \n",
            "update-ca-certificates --fresh\n-/etc/ssl/certs/NAME.pem\n",
        ),
        # wiki.archlinux.org/title/User:Grawity/Adding_a_trusted_CA_certificate
        ("/etc/ca-certificates/trust-source/anchors", "update-ca-trust \n", "update-ca-trust \n"),
        # github.com/openSUSE/ca-certificates
        ("/etc/pki/trust/anchors", "update-ca-certificates \n", "update-ca-certificates \n"),
    ],
)
def test_each_distribution_has_its_own_way(
    directory: str, put: str, taken: str, programs: Path, limited: Authority, tmp_path: Path
) -> None:
    """Its directory and its programs, below a root of the test's. Debian has hooks beside them."""
    (tmp_path / directory[1:]).mkdir(parents=True)
    hooks = tmp_path / "etc/ca-certificates/update.d"
    hooks.mkdir(parents=True, exist_ok=True)
    (hooks / "jks-keystore").write_text(f"#!/bin/sh\ncat >> {programs}\n")
    (hooks / "jks-keystore").chmod(0o755)
    (hooks / "README").write_text("no program")
    root = [
        Distribution(
            tmp_path / one.directory.relative_to("/"),
            one.suffix,
            one.update,
            one.forget,
            one.hooks and tmp_path / one.hooks.relative_to("/"),
        )
        for one in KNOWN
    ]
    store = SystemStore(root, is_root=True)
    assert text(store.put(limited, tmp_path)) == "trusts it now"
    assert [one.read_text() for one in (tmp_path / directory[1:]).iterdir()] == [limited.pem]
    assert programs.read_text() == put
    programs.unlink()
    assert text(store.take(limited)) == "trusts it no longer"
    assert programs.read_text() == taken.replace("NAME", limited.name)
    assert list((tmp_path / directory[1:]).iterdir()) == []
