"""The client's exit codes, and the errors that carry one.

ClientError
 +-- RefusedError        1  the server refused a command
 +-- UsageError          2  an argument, a file or a setting is wrong
 |    +-- SettingsError     ... a file of the settings directory
 +-- UnreachableError    3  no connection, or it was lost before all was confirmed
 +-- CertificateError    4  the server's certificate was refused
 +-- LoginError          5  the server refused the login or the registration
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    CERTIFICATE = 4
    LOGIN = 5
    INTERRUPTED = 130  # 128 + SIGINT, what shells expect after Ctrl-C


EXIT_CODES = "0 says that all went well; the other exit codes are in the manual: man securechat."
"""What stands below the help of the program."""

MEANING: Mapping[int, str] = {
    Exit.OK: "All went well; what was sent is stored on the server.",
    Exit.REFUSED: "The server refused a message, or what was asked for.",
    Exit.USAGE: "Wrong usage: an argument, a file or a setting.",
    Exit.UNREACHABLE: "No connection, or it was lost before all was confirmed.",
    Exit.CERTIFICATE: "The server's certificate was refused.",
    Exit.LOGIN: "The login or the registration was refused.",
    Exit.INTERRUPTED: "Ctrl-C.",
}
"""What each exit code says, as the manual has it."""


class ClientError(Exception):
    """Something the person at the terminal must know; the text is fit to be shown as it is."""

    code = Exit.REFUSED


class RefusedError(ClientError):
    """The server refused a command. reason: the code of its standard reply."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.advice = ""


class UsageError(ClientError):
    """An argument or a file is not what it should be."""

    code = Exit.USAGE


class SettingsError(UsageError):
    """A file of the settings directory can't be read, written or trusted."""


class UnreachableError(ClientError):
    """There is no connection to the server."""

    code = Exit.UNREACHABLE


class CertificateError(ClientError):
    """The server's certificate was refused; nothing secret was sent."""

    code = Exit.CERTIFICATE


class LoginError(ClientError):
    """The server refused the login or the registration.

    ask_again: "password" or "name" when another one may be accepted, "code" when that of the
    second factor is missing, "factor" when one has to be begun, else "". offer: the secret of that,
    and its URI. reason: the code of the refusal, as refusals.py has it. advice: what else to do,
    where more is known than the code.
    """

    code = Exit.LOGIN

    def __init__(
        self,
        text: str,
        ask_again: str = "",
        offer: tuple[str, str] = ("", ""),
        reason: str = "",
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.advice = ""
        self.ask_again = ask_again
        self.offer = offer
