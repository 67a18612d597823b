"""The operating system's keyring, by the `keyring` library: Secret Service, KWallet, macOS, others.

Each call of it has a thread of its own, and is waited for PATIENCE seconds at most. Main thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

    from keyring.backend import KeyringBackend

# Priority from which on the library counts a backend as safe; below are those that keep nothing
# (fail, null) and those that keep plain text.
RECOMMENDED = 1

NOTICE = 3.0
"""Seconds after which the person is told what is waited for."""

PATIENCE = 60.0
"""Seconds a person may take to unlock a keyring."""

T = TypeVar("T")


VARIABLE = "PYTHON_KEYRING_BACKEND"
"""By which a person, or a program, names the backend to the library."""

_UNREACHABLE = frozenset(
    ("InitError", "OSError", "DBusErrorResponse", "SecretServiceNotAvailableException")
)

DIAGNOSE = "`python -m keyring diagnose` shows which one is set up"


class KeyringTroubleError(Exception):
    """There is a keyring, and it can't be used now; the text says what happened, and holds no
    secret. advice: what the person may do, a sentence.
    """

    def __init__(self, text: str, advice: str) -> None:
        super().__init__(text)
        self.advice = advice


class Keyring:
    """Entries by server and account. All calls raise KeyringTroubleError.

    load: finds the backend, None when there is none of use. waiting: is called when an answer
    takes long. notice, patience: seconds.
    """

    def __init__(
        self,
        waiting: Callable[[], None],
        load: Callable[[], KeyringBackend | None] | None = None,
        notice: float = NOTICE,
        patience: float = PATIENCE,
    ) -> None:
        self._waiting = waiting
        self._load = load or usable_backend
        self._notice = notice
        self._patience = patience

    def get(self, server: str, account: str) -> str | None:
        """The entry; None when there is none, or no keyring."""
        return self._call(lambda backend: backend.get_password(_service(server), account))

    def put(self, server: str, account: str, entry: str) -> bool:
        """Keep entry; False when there is no keyring."""

        def put(backend: KeyringBackend) -> bool:
            backend.set_password(_service(server), account, entry)
            return True

        return bool(self._call(put))

    def drop(self, server: str, account: str) -> None:
        """Forget the entry, if there is one."""

        def drop(backend: KeyringBackend) -> None:
            # To delete what isn't there is an error, which each backend raises in its own way.
            if backend.get_password(_service(server), account) is not None:
                backend.delete_password(_service(server), account)

        self._call(drop)

    def _call(self, function: Callable[[KeyringBackend], T]) -> T | None:
        from concurrent.futures import Future  # only here, as it takes long to load

        future: Future[T | None] = Future()
        loaded = False

        def work() -> None:
            nonlocal loaded
            try:
                backend = self._load()
                loaded = True
                future.set_result(None if backend is None else function(backend))
            except Exception as error:  # a backend may raise whatever its system has
                future.set_exception(error)

        # A keyring may ask the person to unlock it, and one without a screen to ask on may never
        # answer. As a daemon its thread doesn't keep the program from ending.
        threading.Thread(target=work, name="keyring", daemon=True).start()
        try:
            return self._result(future)
        except Exception as error:
            # Without the error's text and traceback, which may hold what was to be kept.
            raise _trouble(error, loaded=loaded) from None

    def _result(self, future: Future[T]) -> T:
        try:
            return future.result(self._notice)
        except TimeoutError:
            if future.done():  # then it is the backend's own
                raise
        self._waiting()
        return future.result(self._patience)


def usable_backend() -> KeyringBackend | None:
    """The keyring to use, None when there is none that is safe. May raise what a backend raises."""
    # Not at the top, as it takes a while, and whoever has a token in a file doesn't need it.
    import keyring
    from keyring.backends.chainer import ChainerBackend

    found = keyring.get_keyring()
    if isinstance(found, ChainerBackend):
        # It ranks high whatever it is made of, and writes to the first.
        found = next(iter(found.backends), found)
        if isinstance(found, ChainerBackend):
            return None
    return found if found.priority >= RECOMMENDED else None


def _service(server: str) -> str:
    return f"securechat {server}"


def _trouble(error: Exception, *, loaded: bool) -> KeyringTroubleError:
    """What an error of the library's, or of a backend's, means. loaded: whether it was found."""
    # By their names, as the library isn't imported, and each backend has errors of its own.
    names = {one.__name__ for one in type(error).__mro__}
    if any("locked" in name.lower() or "Dismissed" in name for name in names):
        return KeyringTroubleError("it is locked", "Unlock it to have it used the next time.")
    if "TimeoutError" in names:
        advice = "Look whether a window, perhaps on another screen, asks you to unlock it."
        return KeyringTroubleError("it doesn't answer", advice)
    if not loaded:
        return _not_loaded(error)
    if names & _UNREACHABLE:
        advice = "Start it, or log in on the desktop, to have it used the next time."
        return KeyringTroubleError("its service can't be reached", advice)
    if names & {"PasswordSetError", "PasswordDeleteError"}:
        return KeyringTroubleError("it refuses the change", f"{DIAGNOSE}.")
    name = type(error).__name__
    return KeyringTroubleError(f"it has an error of its own ({name})", f"{DIAGNOSE}.")


def _not_loaded(error: Exception) -> KeyringTroubleError:
    name = type(error).__name__
    if os.environ.get(VARIABLE) is not None:
        text = f"the variable {VARIABLE} names one that can't be loaded ({name})"
        return KeyringTroubleError(text, "Unset the variable, or correct it.")
    text = f"the one that is set up for Python can't be loaded ({name})"
    return KeyringTroubleError(text, f"{DIAGNOSE}; in its file keyringrc.cfg that can be changed.")
