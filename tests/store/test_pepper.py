"""The pepper: what is made with it fits nothing without it, and its file is never half there."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.store import pepper as module
from securechat.store.pepper import Pepper, PepperError, SealError, create_pepper, load_pepper
from tests.support.pepper import PEPPER

OTHER = Pepper(bytes(32))
SECRET = b"a secret of twenty b"


# --- keys ----------------------------------------------------------------------------------------


def hkdf(key: bytes, info: str, size: int) -> bytes:
    """RFC 5869 without a salt, by the letter."""
    fixed = hmac.digest(bytes(32), key, "sha256")
    out = last = b""
    for number in range(1, 3):
        last = hmac.digest(fixed, last + info.encode() + bytes([number]), "sha256")
        out += last
    return out[:size]


def test_each_use_has_its_own_key_by_hkdf() -> None:
    """What is in databases was made with these: they must be the same for ever."""
    derived = {
        PEPPER.password_key: ("password", 48),
        PEPPER.cost_key: ("cost of a name", 32),
        bytes.fromhex(PEPPER.fingerprint()): ("fingerprint", 16),
    }
    for key, (label, size) in derived.items():
        assert key == hkdf(PEPPER.key, f"securechat pepper v1: {label}", size)
    digest_key = hkdf(PEPPER.key, "securechat pepper v1: digest", 32)
    assert PEPPER.digest("abc") == hmac.digest(digest_key, b"abc", "sha256")


def test_another_pepper_has_other_keys() -> None:
    """And another fingerprint, so that it is known for another."""
    assert PEPPER.password_key != OTHER.password_key
    assert PEPPER.cost_key != OTHER.cost_key
    assert PEPPER.fingerprint() != OTHER.fingerprint()
    assert PEPPER.fingerprint() == Pepper(PEPPER.key).fingerprint()


def test_a_repr_shows_nothing_of_it() -> None:
    """It may reach a log."""
    PEPPER.seal(SECRET, "x")  # all that is kept for later uses is there now
    for shown in (repr(PEPPER), str(PEPPER), f"{PEPPER}"):
        assert shown == "Pepper()"


@pytest.mark.parametrize("size", [0, 31, 33])
def test_another_number_of_bytes_is_no_pepper(size: int) -> None:
    """A key that was cut off would be weak."""
    with pytest.raises(ValueError, match=f"32 bytes, not {size}"):
        Pepper(b"k" * size)


@pytest.mark.parametrize("size", [0, 1, 32])
def test_random_bytes_are_never_the_same(size: int) -> None:
    """As many as are asked for."""
    found = [PEPPER.random(size) for _ in range(2)]
    assert [len(raw) for raw in found] == [size, size]
    assert size < 32 or found[0] != found[1]


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_digest_is_keyed(text: str) -> None:
    """The same text has the same one; without the pepper nobody can make it."""
    assert PEPPER.digest(text) == PEPPER.digest(text)
    assert PEPPER.digest(text) not in (OTHER.digest(text), hashlib.sha256(text.encode()).digest())


# --- sealing -------------------------------------------------------------------------------------


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_again(secret: bytes, context: str) -> None:
    """Whatever it is; each time it is sealed in another form, which says nothing of it."""
    one, two = (PEPPER.seal(secret, context) for _ in range(2))
    assert PEPPER.unseal(one, context) == PEPPER.unseal(two, context) == secret
    assert one != two
    assert one.isascii()
    assert one.isprintable()


def test_a_seal_of_the_first_version_opens() -> None:
    """What is in databases must open for ever."""
    sealed = "sp1,pbi9Z0tqYoGkhUITgwOUYvL8zJUvk2LAjYw13l9oFCMdUSRhxQDRHJ6kqIFQOtBP"
    assert PEPPER.unseal(sealed, "totp 1") == SECRET


def refused(pepper: Pepper, sealed: str, context: str) -> str:
    with pytest.raises(SealError) as caught:
        pepper.unseal(sealed, context)
    return str(caught.value)


def test_another_pepper_does_not_open_it() -> None:
    """The text says what may have happened and what to do, and nothing of the secret."""
    sealed = PEPPER.seal(SECRET, "totp 1")
    told = refused(OTHER, sealed, "totp 1")
    assert told == (
        "the totp 1 in the database can't be opened: it was changed, or sealed with another "
        "pepper; put database and pepper back from the same backup"
    )


def test_it_opens_only_where_it_belongs() -> None:
    """Somebody who can write in the database can't give one account the secret of another."""
    assert "totp 2" in refused(PEPPER, PEPPER.seal(SECRET, "totp 1"), "totp 2")


def test_every_changed_letter_is_noticed() -> None:
    """Nonce, secret and tag are all authenticated; the last letter's spare bits may differ."""
    sealed = PEPPER.seal(SECRET, "x")
    for place, letter in enumerate(sealed):
        changed = sealed[:place] + ("A" if letter != "A" else "Q") + sealed[place + 1 :]
        refused(PEPPER, changed, "x")


@pytest.mark.parametrize(
    "sealed",
    ["", "sp1,", "sp1,AAAA", "sp1,====", "sp1,я", "sp1,A A", "plain key", "sp2," + "A" * 64],
)
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    """It is told like what was changed, and is no error of another kind."""
    refused(PEPPER, sealed, "x")


# --- the file ------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the pepper will be."""
    return tmp_path / module.FILE_NAME


@pytest.fixture
def wide_open() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("wide_open")
def test_a_new_one_is_private_and_random(file: Path) -> None:
    """32 bytes, 0600 whatever the umask; nothing else is left in its directory."""
    made = create_pepper(file)
    assert file.read_bytes() == made.key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert load_pepper(file) == made
    assert create_pepper(file.with_name("other")) != made


def test_one_that_is_there_stays(file: Path) -> None:
    """A new one in its place would make every password wrong."""
    first = create_pepper(file)
    assert create_pepper(file) == first
    assert list(file.parent.iterdir()) == [file]


def test_those_who_make_one_at_once_have_the_same(file: Path) -> None:
    """A server and `securechat-admin` may both be the first."""
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(create_pepper, [file] * 8))
    assert len(made) == 1
    assert made == {load_pepper(file)}
    assert list(file.parent.iterdir()) == [file]


def test_it_is_on_the_disk_before_it_has_its_name(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its name before anything is made with it: a power cut leaves it whole, or not at all."""
    done: list[str] = []
    noted(monkeypatch, os, "fsync", lambda handle: done.append(kind(handle)))
    noted(monkeypatch, os, "link", lambda *_: done.append("named"))
    create_pepper(file)
    assert done == ["file", "named", "directory"]


def kind(handle: int) -> str:
    return "directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"


def noted(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, note: Callable[..., object]
) -> None:
    """Have each call of a function noted before it is made."""
    real = getattr(module, name)

    def call(*args: object) -> object:
        note(*args)
        return real(*args)

    monkeypatch.setattr(module, name, call)


def test_a_full_disk_leaves_nothing_behind(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next start tries again."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PepperError, match="pepper can't be written: No space left on device"):
        create_pepper(file)
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "is missing; restore it from a backup, with mode 0600"),
        (b"", "expected the 32 bytes of a pepper, found 0; restore it from a backup"),
        (b"k" * 31, "found 31"),
        (b"k" * 33, "found more"),
    ],
)
def test_one_that_can_t_be_used_is_told(file: Path, content: bytes | None, told: str) -> None:
    """With its path and what to do, and without a byte of it."""
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PepperError) as caught:
        load_pepper(file)
    assert str(caught.value).startswith(str(file))
    assert told in str(caught.value)
    assert "kkk" not in str(caught.value)


def test_a_directory_in_its_place_is_told(file: Path) -> None:
    """As the system calls it."""
    file.mkdir()
    with pytest.raises(PepperError, match="can't be read: Is a directory"):
        load_pepper(file)
