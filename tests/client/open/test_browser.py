"""What a browser is opened by."""

from __future__ import annotations

from pathlib import Path

import pytest

from securechat.client.open import browser
from securechat.client.open.browser import LeadingFile

ADDRESS = "http://127.0.0.1:1/secret/"


def test_the_file_leads_there_for_its_owner_alone(tmp_path: Path) -> None:
    """In a directory that no other user can enter, and that isn't hidden: snaps see no such."""
    file = LeadingFile(ADDRESS, tmp_path)
    assert f'content="0; url={ADDRESS}"' in file.path.read_text()
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert file.path.parent.parent == tmp_path
    assert not file.path.parent.name.startswith(".")
    assert "secret" not in file.path.as_uri()
    file.remove()
    assert list(tmp_path.iterdir()) == []
    file.remove()  # by the page that has come, and at the end


def test_a_file_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(browser, "write_new", full)
    with pytest.raises(OSError, match="No space"):
        LeadingFile(ADDRESS, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_window_there_is_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fills the terminal is nothing for this page."""
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert not browser.can_open()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert browser.can_open()
