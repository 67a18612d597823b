"""Opens a browser at an address that no other user may see.

The arguments of a program can be seen by all users of a machine, so what the browser is given is
the name of a file, which only its owner can read and which leads on. Browsers that come as snaps
see nothing but what lies in the home directory, and no hidden files there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import threading
import webbrowser
from html import escape
from pathlib import Path
from typing import Final

from securechat.common.files import write_new

PREFIX: Final = "securechat-open-"

PAGE: Final = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
<title>securechat</title>
<p><a href="{address}">securechat</a></p>
"""


class LeadingFile:
    """A file that leads to an address, for who has opened it. Any thread may call remove().

    Raises OSError.
    """

    def __init__(self, address: str, home: Path | None = None) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home or Path.home()))  # 0700
        self.path = self._directory / "open.html"
        try:
            write_new(self.path, PAGE.format(address=escape(address)).encode())
        except OSError:
            self.remove()
            raise

    def remove(self) -> None:
        """Remove it, if it is still there."""
        shutil.rmtree(self._directory, ignore_errors=True)


def can_open() -> bool:
    """Whether there may be a browser with a window."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def start(path: Path) -> None:
    """Have this person's browser open a file. Some wait until it has ended, so it isn't waited for;
    nor is it said that none was found, as few say so.
    """

    def opened() -> None:
        with contextlib.suppress(webbrowser.Error, OSError):
            webbrowser.open(path.as_uri())

    threading.Thread(target=opened, name="browser", daemon=True).start()
