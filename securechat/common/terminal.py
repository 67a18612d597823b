"""The process's controlling terminal (tty(4)), wherever its inputs and outputs lead. Any thread."""

from __future__ import annotations

import os

TERMINAL = "/dev/tty"


def open_terminal() -> int | None:
    """A file descriptor of the terminal, to read and write; None without one."""
    try:
        # It must not become the terminal of a process that has none.
        return os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None


def has_terminal() -> bool:
    """Whether there is one."""
    handle = open_terminal()
    if handle is not None:
        os.close(handle)
    return handle is not None


def show_on_terminal(text: str) -> bool:
    """Show a secret to who sits at the terminal; False without one."""
    # Standard output and error may be a file, which would keep it.
    handle = open_terminal()
    if handle is None:
        return False
    with open(handle, "w", encoding="utf-8", errors="backslashreplace") as terminal:
        terminal.write(f"{text}\n")
    return True
