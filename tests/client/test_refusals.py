"""What a login can meet, in people's words: refusal(), unconnected(), no_handshake()."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from securechat.client.exits import LoginError
from securechat.client.refusals import (
    CONNECTIONS,
    HANDSHAKES,
    NAMES,
    REFUSALS,
    no_handshake,
    refusal,
    unconnected,
)
from securechat.client.session import handshake
from securechat.common import language


def test_each_refusal_of_the_handshake_has_its_words() -> None:
    """A code without them would be told in the server's words alone."""
    codes = {
        *handshake._SASL_FAILURES,
        *handshake.PASSWORD_CODES,
        *handshake._LATER_CODES,
        *(handshake._NAME_CODES - {"NEED_NICK"}),  # its text is the nick's problem
        *("432", "433", "464", "INVALID_EMAIL", "TOO_MANY_CODES", "CERTIFICATE_UNKNOWN"),
        *(handshake.NO_ACCOUNTS, handshake.NO_ECHO, handshake.NO_LOGIN),
        *(handshake.TOO_LONG, handshake.BY_CERTIFICATE),
    }
    assert codes - set(REFUSALS) == set()


def test_a_wrong_password_says_so_and_what_to_do() -> None:
    """Not what the server's protocol calls it."""
    error = LoginError("SASL authentication failed: wrong account or password", reason="904")
    what, next_ = refusal(error).split("\n")
    assert what == "The account or the password is wrong."
    assert "Caps Lock" in next_
    assert refusal(error, again=True) == what


def test_the_servers_words_stand_behind_ours() -> None:
    """Where they say more; of a code that nobody knows they are all there is."""
    rule = LoginError("That name is reserved; choose another", "name", reason="BAD_ACCOUNT_NAME")
    assert refusal(rule, again=True) == (
        "The server doesn't take that name. It says: That name is reserved; choose another."
    )
    assert refusal(LoginError("Pay first", reason="PAYWALL")) == "refused: Pay first"
    assert refusal(LoginError("", reason="432"), again=True) == REFUSALS["432"].what


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "nothing listens there"),
        (TimeoutError("timed out"), "there is no answer"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "no way there"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no way there"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "closed at once"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no computer of that"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "can't be looked up now"),
        (UnicodeError("label empty or too long"), "no computer of that name"),
        (PermissionError(errno.EACCES, "Permission denied"), "permission denied"),
    ],
)
def test_why_there_is_no_connection(error: OSError | UnicodeError, told: str) -> None:
    """With what to look at; what isn't known is told as the system has it."""
    assert told in unconnected(error)


def test_what_a_server_does_instead_of_a_handshake() -> None:
    """Another service's port, an old server, somebody in between."""
    plain = ssl.SSLError(1, "wrong version")
    plain.reason = "WRONG_VERSION_NUMBER"
    assert "doesn't speak TLS" in str(no_handshake(plain))
    assert no_handshake(OSError("x")) is None
    assert no_handshake(ssl.SSLError(1, "x")) is None


def test_all_of_it_is_told_in_russian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sentence of the tables."""
    texts = [text for words in REFUSALS.values() for text in (words.what, words.next) if text]
    texts += [*CONNECTIONS.values(), *NAMES.values(), *HANDSHAKES.values()]
    monkeypatch.setenv("LANGUAGE", "ru")
    monkeypatch.delenv("LC_ALL", raising=False)
    language.forget()
    try:
        assert [text for text in texts if language.translated(text) == text] == []
    finally:
        monkeypatch.undo()
        language.forget()
