"""Lines from standard input, with an end that another thread can bring about."""

from __future__ import annotations

import codecs
import os
import selectors
from collections.abc import Iterator

from securechat.client.wire.stream import Waker

CHUNK = 65536

MAX_LINE = 1 << 20
"""Bytes of one line; a longer one is handed on in parts, so that memory stays bounded."""


class InputLines:
    """The lines of a file descriptor, without their ends. Input thread, except stop().

    Bytes that aren't UTF-8 become U+FFFD.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._waker = Waker()
        self._stopped = False

    def stop(self) -> None:
        """No more lines are wanted, also when one is being waited for. Any thread may call."""
        self._stopped = True
        self._waker.wake()

    def __iter__(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while data := self._read():
            *lines, rest = (rest + decoder.decode(data)).split("\n")
            if len(rest) > MAX_LINE:
                lines, rest = [*lines, rest], ""
            for line in lines:
                if self._stopped:
                    return
                yield line
        rest += decoder.decode(b"", final=True)
        if rest and not self._stopped:
            yield rest

    def _read(self) -> bytes:
        """What there is, as soon as there is something; nothing at the end or after stop()."""
        # Not epoll, the default, which refuses plain files.
        with selectors.SelectSelector() as selector:
            selector.register(self._handle, selectors.EVENT_READ)
            selector.register(self._waker.near, selectors.EVENT_READ)
            selector.select()
        return b"" if self._stopped else os.read(self._handle, CHUNK)
