"""The operating system's keyring: Keyring, usable_backend()."""

from __future__ import annotations

import threading
from collections.abc import Callable

import keyring.core
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import InitError, KeyringLocked, PasswordSetError

from securechat.client.credentials.keyrings import Keyring, KeyringTroubleError, usable_backend
from tests.client.keyrings import LockedKeyring, MemoryKeyring, PlainKeyring


class PromptDismissedException(Exception):  # noqa: N818 - its own name
    """Of the Secret Service's library, which isn't there on every system."""


HERE = ("chat.example:6697", "alice")


def keyring_of(backend: KeyringBackend | None) -> Keyring:
    def never() -> None:
        raise AssertionError("an answer at once needs no notice")

    return Keyring(never, lambda: backend)


def test_an_entry_is_kept_and_dropped() -> None:
    """Under the server and the account; to drop what isn't there is no error."""
    backend = MemoryKeyring()
    ring = keyring_of(backend)
    assert ring.get(*HERE) is None
    assert ring.put(*HERE, "entry")
    assert ring.get(*HERE) == "entry"
    assert ring.get("chat.example:6698", "alice") is None
    assert ring.get("chat.example:6697", "bob") is None
    assert backend.entries == {("securechat chat.example:6697", "alice"): "entry"}
    ring.drop(*HERE)
    ring.drop(*HERE)
    assert backend.entries == {}


def test_without_a_keyring_nothing_is_kept() -> None:
    """And put() says so."""
    ring = keyring_of(None)
    assert ring.get(*HERE) is None
    assert ring.put(*HERE, "entry") is False
    ring.drop(*HERE)


@pytest.mark.parametrize(
    "call",
    [
        lambda ring: ring.get(*HERE),
        lambda ring: ring.put(*HERE, "sct1_secret"),
        lambda ring: ring.drop(*HERE),
    ],
)
def test_a_locked_keyring(call: Callable[[Keyring], object]) -> None:
    """Is told as such; what was to be kept is in no text and no traceback."""
    with pytest.raises(KeyringTroubleError) as trouble:
        call(keyring_of(LockedKeyring()))
    assert str(trouble.value) == "it is locked"
    assert trouble.value.__cause__ is None
    assert trouble.value.__suppress_context__


def test_a_keyring_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it raises, such as that of a backend that isn't installed."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")

    def load() -> KeyringBackend:
        raise ModuleNotFoundError("No module named 'keyrings'")

    with pytest.raises(KeyringTroubleError) as trouble:
        Keyring(lambda: None, load).get(*HERE)
    assert str(trouble.value) == (
        "the one that is set up for Python can't be loaded (ModuleNotFoundError)"
    )
    assert "keyringrc.cfg" in trouble.value.advice


@pytest.mark.parametrize("name", ["none", "no.such.Keyring", "keyring.backends.null.Nothing", ""])
def test_a_variable_that_names_no_keyring(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The library's own errors of it, such as a ValueError, tell a person nothing."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    with pytest.raises(KeyringTroubleError, match="PYTHON_KEYRING_BACKEND names one") as trouble:
        Keyring(lambda: None).get(*HERE)
    assert trouble.value.advice == "Unset the variable, or correct it."


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyringLocked("Failed to unlock"), "it is locked"),
        (PromptDismissedException("Prompt dismissed"), "it is locked"),
        (InitError("Failed to create the collection"), "its service can't be reached"),
        (ConnectionRefusedError(111, "Connection refused"), "its service can't be reached"),
        (PasswordSetError("sct1_secret"), "it refuses the change"),
        (ValueError("sct1_secret"), "it has an error of its own (ValueError)"),
    ],
)
def test_what_a_keyring_fails_with(error: Exception, told: str) -> None:
    """Is told in plain words, with what to do; the error's own text may hold the secret."""

    class Failing(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            raise error

    with pytest.raises(KeyringTroubleError) as trouble:
        keyring_of(Failing()).get(*HERE)
    assert str(trouble.value) == told
    assert trouble.value.advice.endswith(".")
    assert "sct1" not in trouble.value.advice


def test_a_keyring_that_never_answers() -> None:
    """The person is told what is waited for, and then it is given up."""
    opened = threading.Event()
    told: list[str] = []

    def load() -> KeyringBackend:
        opened.wait(20)
        return MemoryKeyring()

    ring = Keyring(lambda: told.append("waiting"), load, notice=0.0, patience=0.0)
    with pytest.raises(KeyringTroubleError, match=r"^it doesn't answer$"):
        ring.get(*HERE)
    assert told == ["waiting"]
    opened.set()


def test_a_keyring_that_is_unlocked_in_time() -> None:
    """Works as if it had been open."""
    opened = threading.Event()
    backend = MemoryKeyring()

    def load() -> KeyringBackend:
        opened.wait(20)
        return backend

    ring = Keyring(opened.set, load, notice=0.0)
    assert ring.put(*HERE, "entry")
    assert list(backend.entries.values()) == ["entry"]


class Chain(chainer.ChainerBackend):
    """Several keyrings, one behind the other."""

    backends: list[KeyringBackend] = []  # noqa: RUF012


@pytest.mark.parametrize(
    ("found", "usable"),
    [
        (MemoryKeyring(), True),
        (PlainKeyring(), False),
        (fail.Keyring(), False),  # type: ignore[no-untyped-call]
        (null.Keyring(), False),  # type: ignore[no-untyped-call]
    ],
)
def test_which_keyrings_count(
    monkeypatch: pytest.MonkeyPatch, found: KeyringBackend, usable: bool
) -> None:
    """Those that the library recommends: not one that fails, keeps nothing, or keeps plain text."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", found)
    assert usable_backend() is (found if usable else None)


def test_a_chain_counts_as_its_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that is the one that would be written to."""
    chain, good = Chain(), MemoryKeyring()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(keyring.core, "_keyring_backend", chain)
    monkeypatch.setattr(Chain, "backends", [good, PlainKeyring()])
    assert usable_backend() is good
    monkeypatch.setattr(Chain, "backends", [PlainKeyring(), PlainKeyring()])
    assert usable_backend() is None
    monkeypatch.setattr(Chain, "backends", [])
    assert usable_backend() is None
