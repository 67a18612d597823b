"""How often Python looks for garbage while a screen is open. Main thread."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def looking_seldom() -> Iterator[None]:
    """Look for cycles of garbage seldom, and not in what is loaded by now.

    Textual's modules and a long timeline have some hundred thousand objects. To look through them
    takes 40 ms, was done every two seconds when much is said, and a key waited for it.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(1_000, 10, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
