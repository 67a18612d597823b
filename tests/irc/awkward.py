"""Texts that try the borders of names, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

# Letters whose case, width, marks or looks are awkward, script by script, beside anything at all.
AWKWARD = [
    "aIil1|O0mMrnßẞſİıǅéｱＡ\u0301\u0308-_[]{}^",
    "еЕсСЅѕіІоОйЙ1\u0306_",
    "ςσΣΝνΗηΐᾳΆ\u0345\u0301-",
    "김가각ᄀ漢Aa",
    "שלום1_\u05b4",
    "ري١۱ة\u0651",
    "ขไकि१\u094d",
    "a\u200d.#! *?@:,١",
]
texts = st.one_of(*(st.text(letters, min_size=1, max_size=9) for letters in AWKWARD), st.text())
