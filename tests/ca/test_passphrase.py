"""Passphrases come from a file or the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from securechat.ca import builders, files, passphrase, pem
from securechat.ca.errors import PassphraseError, StorageError
from securechat.ca.files import NewFile
from tests.ca.support import GOOD_PASSPHRASE


def save(path: Path, data: bytes) -> Path:
    files.write_files([NewFile(path, data)], overwrite=True)
    return path


def typing(monkeypatch: pytest.MonkeyPatch, lines: Sequence[str]) -> list[str]:
    """Somebody at a terminal types ``lines``; returns a prompt for each, as far as it was passed.

    Older versions of click print the text themselves, on stderr.
    """
    prompts: list[str] = []
    answers = iter(lines)

    def hidden(prompt: str) -> str:
        prompts.append(prompt)
        return next(answers)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.hidden_prompt_func", hidden)
    return prompts


def nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\na second line\n"])
def test_the_first_line_of_the_file_is_taken(tmp_path: Path, ending: bytes) -> None:
    """Without its end, however the editor left it."""
    path = save(tmp_path / "secret", GOOD_PASSPHRASE + ending)
    assert passphrase.from_file(path) == passphrase.new(path) == GOOD_PASSPHRASE


@pytest.mark.parametrize("content", [b"", b"\n", b"\nsecond"])
def test_an_empty_first_line_is_no_passphrase(tmp_path: Path, content: bytes) -> None:
    """It would leave the key open."""
    with pytest.raises(PassphraseError, match="expected the passphrase in the first line"):
        passphrase.from_file(save(tmp_path / "secret", content))


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """What they know is no secret."""
    path = save(tmp_path / "secret", GOOD_PASSPHRASE)
    path.chmod(0o644)
    with pytest.raises(StorageError, match="other users can read this secret"):
        passphrase.from_file(path)


@pytest.mark.parametrize(
    ("secret", "length"), [(b"shortest", 8), (b"x" * 14, 14), (b"x" * 1024, 1024)]
)
def test_a_new_passphrase_has_15_bytes_or_more(tmp_path: Path, secret: bytes, length: int) -> None:
    """And no more than OpenSSL takes; the text tells the length, not the passphrase."""
    with pytest.raises(PassphraseError, match=f"has {length} bytes, expected 15 to 1023") as caught:
        passphrase.new(save(tmp_path / "secret", secret))
    assert secret.decode() not in str(caught.value)


def test_a_new_passphrase_is_typed_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until both agree."""
    good = GOOD_PASSPHRASE.decode()
    prompts = typing(monkeypatch, [good, "a slip of the finger", good, good])
    assert passphrase.new(None) == GOOD_PASSPHRASE
    shown = "".join(prompts) + capsys.readouterr().err
    assert shown.count("Passphrase for the new CA key") == 2
    assert shown.count("Repeat for confirmation") == 2
    assert good not in shown


def test_an_existing_keys_passphrase_is_typed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the key is read."""
    key = save(tmp_path / "ca-key.pem", pem.key_pem(builders.new_key(), GOOD_PASSPHRASE))
    prompts = typing(monkeypatch, [GOOD_PASSPHRASE.decode()])
    unlock = passphrase.unlock(key, None)
    shown = "".join(prompts) + capsys.readouterr().err
    assert shown.count(f"Passphrase of {key}") == len(prompts) == 1
    assert unlock is not None
    assert unlock(key) == GOOD_PASSPHRASE


def test_without_a_terminal_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for a new key nor for an existing one does it wait for input that can't come."""
    key = save(tmp_path / "ca-key.pem", pem.key_pem(builders.new_key(), GOOD_PASSPHRASE))
    nobody_there(monkeypatch)
    with pytest.raises(PassphraseError, match=r"no terminal to ask on: .*--passphrase-file"):
        passphrase.new(None)
    with pytest.raises(PassphraseError, match="no terminal to ask on"):
        passphrase.unlock(key, None)


def test_a_plain_key_needs_none(tmp_path: Path) -> None:
    """A passphrase for it is a misunderstanding that should not pass in silence."""
    key = save(tmp_path / "ca-key.pem", pem.key_pem(builders.new_key()))
    secret = save(tmp_path / "secret", GOOD_PASSPHRASE)
    assert passphrase.unlock(key, None) is None
    with pytest.raises(PassphraseError, match="this key is not encrypted, so there is no use"):
        passphrase.unlock(key, secret)


def test_a_key_that_is_not_here_asks_for_nothing(tmp_path: Path) -> None:
    """That it is missing is told when it is read."""
    assert passphrase.unlock(tmp_path / "ca-key.pem", None) is None
