"""Fixtures of the client's tests."""

from __future__ import annotations

from pathlib import Path

import keyring.core
import pytest

from tests.support.certificates import Authority

Files = tuple[Path, Path]


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The CA of the server."""
    return Authority()


@pytest.fixture(scope="session")
def other_authority() -> Authority:
    """Another CA, of the same name."""
    return Authority()


@pytest.fixture(scope="session")
def certificate(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The server's certificate, for localhost, and its key."""
    directory = tmp_path_factory.mktemp("server")
    return authority.server("localhost", "127.0.0.1", "::1").write(directory, "server")


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> Path:
    """The server's CA, as one gives it with --ca."""
    return authority.write(tmp_path)


@pytest.fixture(autouse=True)
def settings_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test may see or change the settings of the one who runs it."""
    directory = tmp_path / "settings"
    monkeypatch.setenv("SECURECHAT_CONFIG_DIR", str(directory))
    return directory


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the keyring, in this process and in those that it starts."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
