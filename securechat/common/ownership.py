"""Whose eyes are on a file or directory: whether it is a place for secrets. Any thread may call."""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from pathlib import Path

OPEN_TO_OTHERS = 0o077
"""Permission bits of a file's group and of everybody."""


def exposure(found: os.stat_result, path: Path) -> str | None:
    """Why a file is no place for a secret, and what to type; None for a private one.

    A pipe or a device, such as a shell's `<(…)`, has nobody else's eyes on it.
    """
    if not stat.S_ISREG(found.st_mode):
        return None
    if found.st_mode & OPEN_TO_OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        return (
            f"other users can read this secret (mode {mode:04o}); a key that "
            f"somebody may have read must be replaced. Close it with: chmod 600 {_typed(path)}"
        )
    return foreign_owner(found, path)


def foreign_owner(found: os.stat_result, path: Path) -> str | None:
    """Why a file or directory isn't ours, and what to do; None for this user's or root's.

    Its owner may open it to others at any time, and change what is in it.
    """
    if found.st_uid in (os.geteuid(), 0):
        return None
    owner, us = _user_name(found.st_uid), _user_name(os.geteuid())
    return (
        f"it belongs to the user {owner}, and this runs as {us}: do this as {owner}, or, if it is "
        f"yours, have it given to you with: chown {us} {_typed(path)}"
    )


def _user_name(number: int) -> str:
    """What the system calls the user; the number of one that it doesn't know."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _typed(path: Path) -> str:
    return shlex.quote(str(path))
