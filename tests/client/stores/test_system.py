"""The authorities of a distribution, in a directory of the test's."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from securechat.client.stores.authority import Authority
from securechat.client.stores.outcome import Outcome, State
from securechat.client.stores.system import Distribution, SystemStore


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
