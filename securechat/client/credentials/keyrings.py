"""The operating system's keyring, by the `keyring` library: Secret Service, KWallet, macOS, others.

Each call of it has a thread of its own, and is waited for PATIENCE seconds at most. Main thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

# Priority from which on the library counts a backend as safe; below are those that keep nothing
# (fail, null) and those that keep plain text.
RECOMMENDED = 1

NOTICE = 3.0
"""Seconds after which the person is told what is waited for."""

PATIENCE = 60.0
"""Seconds a person may take to unlock a keyring."""

T = TypeVar("T")


class KeyringTroubleError(Exception):
    """There is a keyring, and it can't be used now; the text says why, and holds no secret."""


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
        future: Future[T | None] = Future()

        def work() -> None:
            try:
                backend = self._load()
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
            raise KeyringTroubleError(_reason(error)) from None

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


def _reason(error: Exception) -> str:
    name = type(error).__name__
    if "locked" in name.lower():
        return "it is locked"
    return "it doesn't answer" if isinstance(error, TimeoutError) else f"it fails with {name}"
