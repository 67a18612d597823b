"""QR codes: the same modules as another encoder's."""

from __future__ import annotations

import pytest
import segno

from tests.web.page.conftest import Run

URI = "otpauth://totp/chat.example:%D0%B0%D0%BD%D0%BD%D0%B0?secret=JBSWY3DPEHPK3PXP&issuer=chat.example"
CAPACITY = (
    *(17, 32, 53, 78, 106, 134, 154, 192, 230, 271),
    *(321, 367, 425, 458, 520, 586, 644, 718, 792, 858),
)
"""Bytes that each version holds, by table 7 of the standard."""


def test_a_code_is_as_another_encoder_draws_it(run: Run) -> None:
    """In each of the twenty versions, filled to the last byte: that one pads otherwise."""
    texts = [(URI + "я" * most).encode()[:most].decode(errors="replace") for most in CAPACITY]
    texts = [text.replace("\ufffd", "?") for text in texts]
    found = run("return given.map((text) => it.modules(text))", "views/qr", given=texts)
    for text, rows in zip(texts, found, strict=True):
        assert rows == [list(row) for row in drawn(text).matrix], len(text)


def test_what_is_left_is_padded_as_the_standard_has_it(run: Run) -> None:
    bits = run("return it.encode('a').bits", "views/qr")
    data = bytes(int(bits[at : at + 8], 2) for at in range(0, 19 * 8, 8))
    assert data == bytes.fromhex("401610" + "ec11" * 8)


def drawn(text: str) -> segno.QRCode:
    data = text.encode()
    return segno.make(data, error="l", mask=0, mode="byte", boost_error=False, micro=False)


@pytest.mark.parametrize(("length", "there"), [(CAPACITY[-1], True), (CAPACITY[-1] + 1, False)])
def test_a_text_that_is_too_long_has_none(run: Run, length: int, there: bool) -> None:
    code = "return [!!it.modules(given), !!it.Qr({text: given})]"
    assert run(code, "views/qr", given="x" * length) == [there, there]
