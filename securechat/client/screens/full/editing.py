"""The person's own editor, for a longer text."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from securechat.common.language import _

MAX_BYTES: Final = 262_144
"""Read of what was written; a message has fewer by far."""


class EditingError(Exception):
    """The editor couldn't be run, or has failed; the text is as it was."""


def edited(text: str, environ: Mapping[str, str]) -> str:
    """text, as somebody has edited it. The file is 0600 in a directory of 0700, and goes away with
    it. Raises EditingError.
    """
    words = command(environ)
    try:
        with tempfile.TemporaryDirectory(prefix="securechat-") as directory:
            path = Path(directory) / "message.txt"
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
            code = subprocess.run([*words, str(path)], check=False).returncode  # noqa: S603
            if code:
                told = _("{editor} has failed, with exit code {code}; the text is as it was")
                raise EditingError(told.format(editor=words[0], code=code))
            with path.open("rb") as written:
                data = written.read(MAX_BYTES)
    except OSError as error:
        told = _("can't run {editor}: {error}; set $EDITOR to another one")
        raise EditingError(told.format(editor=words[0], error=error.strerror or error)) from None
    return data.decode(errors="replace").rstrip("\n")


def command(environ: Mapping[str, str]) -> list[str]:
    """The editor's command line, as $VISUAL or $EDITOR has it. Raises EditingError."""
    named = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    try:
        words = shlex.split(named)
    except ValueError:
        words = []
    if not words:
        raise EditingError(_("$EDITOR names no program: {value}").format(value=named))
    return words
