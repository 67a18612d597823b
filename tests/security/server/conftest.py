"""What a hostile server and the client that meets it need."""

from __future__ import annotations

from tests.client.conftest import (
    _no_keyring,
    authority,
    ca_file,
    certificate,
    settings_directory,
)

__all__ = ["_no_keyring", "authority", "ca_file", "certificate", "settings_directory"]
