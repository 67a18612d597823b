"""Reads the password: from the terminal, standard input, or a file of mode 0600.

Never from an argument or the environment, which other users of the machine can read. Main thread.
"""

from __future__ import annotations

import os
from pathlib import Path

from securechat.client.exits import UsageError
from securechat.client.person import Person
from securechat.common.files import open_named
from securechat.common.language import _, translated
from securechat.common.strength import Weakness, weakness

# Characters; what a login can carry (SASL) with room to spare.
MAX_PASSWORD = 1024

NO_WAY = (
    "there is no terminal to ask for the password on; run `securechat login` on one once, so that "
    "this device is remembered, or give --password-file FILE, --password-stdin, or a client "
    "certificate with --cert FILE"
)


RULES = (
    "A password has at least 15 characters, unless this server asks for another number, and is not "
    "easily guessed: four or more unrelated words make a good one."
)


def problem(password: str, account: str, least: int | None) -> str:
    """What is wrong with a new password by the rules of our server, '' for nothing. least:
    characters, None for a server that doesn't say: then its rules are unknown.
    """
    if least is None:
        return ""
    # The server's own name is known to the server alone, which has the last word.
    match weakness(password, account=account, server_name="", min_length=least):
        case Weakness.SHORT:
            text = _("That has {number} characters, and this server asks for at least {least}.")
            return text.format(number=len(password), least=least)
        case Weakness.NAME:
            return _("That is mainly the account's name, which is what is tried first.")
        case Weakness.GUESSED:
            return _(
                "That is easily guessed: a common password, repetitions, sequences or neighbouring "
                "keys. Four or more unrelated words make a good one."
            )
    return ""


def ask_new(person: Person, account: str, least: int | None = None) -> str:
    """A new password, asked twice until both are the same; Enter alone takes the one offered.
    least: as in problem().
    """
    # Before somebody has thought of one that won't do.
    person.tell(_rules(least))
    from securechat.common.passphrases import passphrase  # here alone, as it has a list to load

    offered = passphrase(least or 0)
    # As a part of the prompt, which goes to the terminal alone: all that is said may go to a file.
    offer = _("Enter alone takes this one; write it down, as it is not shown again:  {offered}\n")
    offer = offer.format(offered=offered)
    question = _("New password for {account}: ").format(account=account)
    while True:
        password = person.ask_secret(offer + question, NO_WAY)
        if not password:
            if person.present:
                # The full screen covers it at once.
                person.ask(_("Enter, once you have written it down"), NO_WAY)
            return offered
        if wrong := problem(checked(password), account, least):
            person.tell(wrong)
            continue
        if person.ask_secret(_("The same again: "), NO_WAY) == password:
            return password
        person.tell(_("The two are not the same; once more."))
        offer = ""


def _rules(least: int | None) -> str:
    if least is None:
        return translated(RULES)
    return _(
        "A password has at least {least} characters here, and is not easily guessed: four or more "
        "unrelated words make a good one."
    ).format(least=least)


def from_stdin(handle: int) -> str:
    """The first line of standard input, a file descriptor. Raises UsageError."""
    line = b""
    # Byte by byte, so that what follows stays there for whoever reads next: with `login` these are
    # the lines to send. A character takes at most four bytes of UTF-8.
    while len(line) < MAX_PASSWORD * 4 and (byte := os.read(handle, 1)) not in (b"", b"\n"):
        line += byte
    try:
        return _first_line(line.decode(), "--password-stdin")
    except UnicodeDecodeError:
        raise UsageError("--password-stdin: the password is not UTF-8") from None


def from_file(path: Path) -> str:
    """The first line of a file that only its owner can read. Raises UsageError."""
    try:
        with open(open_named(path), encoding="utf-8", newline="") as file:
            status = os.fstat(file.fileno())  # of the open file, as its path may lead elsewhere now
            if status.st_mode & 0o077 or status.st_uid not in (os.getuid(), 0):
                raise UsageError(
                    f"--password-file {path}: others can read this file; run: chmod 600 {path}"
                )
            return _first_line(file.readline(MAX_PASSWORD + 2), f"--password-file {path}")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "the password is not UTF-8"
        raise UsageError(f"--password-file {path}: {reason}") from None


def _first_line(line: str, source: str) -> str:
    password = line.removesuffix("\n").removesuffix("\r")
    if not password:
        raise UsageError(f"{source}: expected the password on the first line; it is empty")
    return checked(password)


def checked(password: str) -> str:
    """password, when it can be sent. Raises UsageError, which doesn't show it."""
    if len(password) > MAX_PASSWORD:
        raise UsageError(f"the password has more than {MAX_PASSWORD} characters")
    if any(char in password for char in "\0\r\n"):
        raise UsageError("the password holds a line break or NUL, which can't be sent")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise UsageError("the password is not UTF-8") from None
    return password
