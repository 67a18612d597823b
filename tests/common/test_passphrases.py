"""Passphrases: of which words, how long, and where they are shown."""

from __future__ import annotations

import math
import re

import pytest

from securechat.common import passphrases
from securechat.common.passphrases import passphrase, word_list
from securechat.store.passwords import check_acceptable


def test_the_words_can_be_typed_and_suffice() -> None:
    """Short, of plain letters, each once; five of them are more than 50 bits."""
    words = word_list()
    assert all(re.fullmatch("[a-z]{3,5}", word) for word in words)
    assert len(set(words)) == len(words)
    assert passphrases.WORDS * math.log2(len(words)) > 51


@pytest.mark.parametrize("least", [0, 15, 64, 200])
def test_a_passphrase_is_long_enough_for_the_server(least: int) -> None:
    """And by its rules it is never easily guessed."""
    for _ in range(3):
        made = passphrase(least)
        assert set(made.split("-")) <= set(word_list())
        check_acceptable(made, account="alice", server_name="chat.test", min_length=max(least, 15))


def test_no_two_are_the_same() -> None:
    """They are drawn."""
    assert len({passphrase() for _ in range(50)}) == 50
