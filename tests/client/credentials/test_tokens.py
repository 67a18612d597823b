"""The tokens by which this device is remembered: Tokens, TokenOwner, token_directory()."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.tokens import StoredToken, TokenOwner, Tokens, token_directory
from securechat.client.exits import SettingsError
from securechat.client.session.identity import Address
from securechat.common.record import replace
from tests.client.keyrings import LockedKeyring, MemoryKeyring
from tests.client.scripted import TOKEN

ALICE = TokenOwner(Address("chat.example"), "sha256:aa", "alice")
LAPTOP = StoredToken("laptop", TOKEN)


class Store:
    """Tokens in a directory and a keyring, and what the person was told."""

    def __init__(self, directory: Path, backend: KeyringBackend | None = None) -> None:
        self.told: list[str] = []
        self.directory = directory / "state" / "tokens"
        self.tokens = Tokens(
            self.directory, Keyring(lambda: None, lambda: backend), self.told.append
        )

    @property
    def files(self) -> list[Path]:
        return sorted(self.directory.glob("*")) if self.directory.exists() else []


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Where there is no keyring."""
    return Store(tmp_path)


def test_without_a_keyring_a_token_is_in_a_private_file(store: Store) -> None:
    """0600 in a directory of 0700, one for each account."""
    assert store.tokens.find(ALICE) is None
    assert store.tokens.save(ALICE, LAPTOP) == store.tokens.path(ALICE)
    store.tokens.save(replace(ALICE, account="bob"), StoredToken("composer", TOKEN))
    assert store.tokens.find(ALICE) == LAPTOP
    assert len(store.files) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.files} == {0o600}
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700
    assert store.told == []


def test_with_a_keyring_there_is_no_file(tmp_path: Path) -> None:
    """Also the one from before there was a keyring goes."""
    Store(tmp_path).tokens.save(ALICE, StoredToken("old", TOKEN))
    backend = MemoryKeyring()
    store = Store(tmp_path, backend)
    store.tokens.save(ALICE, LAPTOP)
    assert store.files == []
    assert store.tokens.find(ALICE) == LAPTOP
    assert list(backend.entries) == [("securechat chat.example:6697", "alice")]


OTHERS = [
    replace(ALICE, trust="sha256:bb"),
    replace(ALICE, trust="system"),
    replace(ALICE, address=Address("chat.example", 6698)),
    replace(ALICE, address=Address("evil.example")),
    replace(ALICE, account="bob"),
]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("kept_in", [None, MemoryKeyring])
def test_a_token_is_for_no_other_server(
    tmp_path: Path, other: TokenOwner, kept_in: Callable[[], KeyringBackend] | None
) -> None:
    """Another CA, port, host or account: there is no token then."""
    store = Store(tmp_path, kept_in() if kept_in else None)
    store.tokens.save(ALICE, LAPTOP)
    assert store.tokens.find(other) is None


@pytest.mark.parametrize("other", OTHERS)
def test_a_file_put_in_anothers_place_is_not_used(store: Store, other: TokenOwner) -> None:
    """What it says of itself counts, not where it lies."""
    store.tokens.save(ALICE, LAPTOP)
    store.tokens.path(ALICE).rename(store.tokens.path(other))
    assert store.tokens.find(other) is None


def test_the_same_owner_in_other_letters(store: Store) -> None:
    """Case makes no difference to hosts and names."""
    store.tokens.save(ALICE, LAPTOP)
    assert store.tokens.find(TokenOwner(Address("CHAT.Example"), ALICE.trust, "Alice")) == LAPTOP


def test_a_long_name_in_any_script(store: Store) -> None:
    """Fits in a file's name."""
    owner = replace(ALICE, account="ж" * 200)
    store.tokens.save(owner, LAPTOP)
    assert store.tokens.find(owner) == LAPTOP


@pytest.mark.parametrize(
    "content",
    [
        "",
        "words",
        "[]",
        "5",
        "{}",
        json.dumps({"server": "s", "account": "a", "trust": "t", "name": "n", "token": 5}),
        json.dumps({"server": "s", "account": "a", "trust": "t", "name": "n", "token": "secret"}),
        json.dumps({"server": "s", "account": "a", "trust": "t", "name": "a b", "token": TOKEN}),
        json.dumps({"server": "s", "account": "a", "trust": "t", "name": ["n"], "token": TOKEN}),
    ],
)
def test_a_damaged_file(store: Store, content: str) -> None:
    """Is told by its name, with what to do, and without its content; saving mends it."""
    store.tokens.save(ALICE, LAPTOP)
    path = store.tokens.path(ALICE)
    path.write_text(content)
    with pytest.raises(SettingsError, match=f"{path}: .*delete the file, then log in") as damaged:
        store.tokens.find(ALICE)
    assert "secret" not in str(damaged.value)
    assert damaged.value.__suppress_context__
    store.tokens.save(ALICE, LAPTOP)
    assert store.tokens.find(ALICE) == LAPTOP


def test_a_damaged_entry_of_the_keyring(tmp_path: Path) -> None:
    """`logout` removes it, as a person can't find it easily."""
    backend = MemoryKeyring()
    store = Store(tmp_path, backend)
    backend.entries["securechat chat.example:6697", "alice"] = "words"
    with pytest.raises(SettingsError, match=r"keyring's entry for chat.example:6697: .*logout"):
        store.tokens.find(ALICE)
    store.tokens.forget(ALICE)
    assert store.tokens.find(ALICE) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read(store: Store, mode: int) -> None:
    """Its token may be known to them: it must go, and be revoked."""
    store.tokens.save(ALICE, LAPTOP)
    store.tokens.path(ALICE).chmod(mode)
    with pytest.raises(SettingsError, match=r"delete the file.*securechat token revoke"):
        store.tokens.find(ALICE)


def test_a_locked_keyring_is_told_once(tmp_path: Path) -> None:
    """One line, which says where tokens go instead; then it is left alone."""
    store = Store(tmp_path, LockedKeyring())
    assert store.tokens.find(ALICE) is None
    store.tokens.save(ALICE, LAPTOP)
    assert store.tokens.find(ALICE) == LAPTOP
    store.tokens.forget(ALICE)
    assert store.files == []
    [line] = store.told
    assert line == (
        "The keyring of this system can't be used: it is locked. The token of this device is "
        f"kept in a file that only you can read instead, in {store.directory}. "
        "Unlock it to have it used the next time."
    )


def test_forgetting_takes_both(tmp_path: Path) -> None:
    """The file and the entry of the keyring."""
    backend = MemoryKeyring()
    Store(tmp_path).tokens.save(ALICE, LAPTOP)
    backend.entries["securechat chat.example:6697", "alice"] = "old"
    store = Store(tmp_path, backend)
    store.tokens.forget(ALICE)
    assert (store.files, backend.entries) == ([], {})


def test_a_file_needs_no_keyring_to_be_loaded(tmp_path: Path) -> None:
    """It would only take time."""
    Store(tmp_path).tokens.save(ALICE, LAPTOP)

    def load() -> KeyringBackend:
        raise AssertionError("not needed")

    told: list[str] = []
    again = Tokens(tmp_path / "state" / "tokens", Keyring(lambda: None, load), told.append)
    assert again.find(ALICE) == LAPTOP
    assert told == []


def test_a_token_is_in_no_repr() -> None:
    """As that may reach a log."""
    assert TOKEN not in repr(LAPTOP)
    assert "laptop" in repr(LAPTOP)


def test_where_the_files_belong(
    tmp_path: Path, settings_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the directory that was named, by an option first; else in the system's place."""
    assert token_directory(tmp_path / "named") == tmp_path / "named" / "tokens"
    assert token_directory(None) == settings_directory / "tokens"
    monkeypatch.delenv("SECURECHAT_CONFIG_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert token_directory(None).parts[-2:] == ("securechat", "tokens")
