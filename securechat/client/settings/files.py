"""Small private files: 0600 from birth, in directories of 0700, replaced as a whole.

Main thread.
"""

from __future__ import annotations

import os
from pathlib import Path

from securechat.client.exits import SettingsError
from securechat.common import files


def read(path: Path, forbidden: int, advice: str) -> str | None:
    """The text of a file, None when there is none.

    forbidden: permission bits that it may not have; advice: what is wrong if it has, and what to
    do. Raises SettingsError.
    """

    def refuse_open(found: os.stat_result) -> None:
        if found.st_mode & forbidden:
            raise SettingsError(f"{path}: {advice}")

    try:
        # Somebody's editor may have written the line ends of another system.
        return files.read_named(path, check=refuse_open).decode().replace("\r\n", "\n")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(f"can't read {path}: {reason}") from None


def write(path: Path, text: str) -> None:
    """Atomically: a reader finds the old content or the new, also after a power cut.

    Makes the file's directory and the one above. Raises SettingsError.
    """
    try:
        for directory in (path.parent.parent, path.parent):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.replace(path, text.encode())
    except OSError as error:
        raise SettingsError(f"can't write {path}: {error.strerror}") from None


def remove(path: Path) -> None:
    """Delete a file, if it is there. Raises SettingsError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"can't delete {path}: {error.strerror}") from None
