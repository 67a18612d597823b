"""The private directory in which a backup is put together, or taken apart and looked over. Main
thread.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from securechat.admin.backup.archive import DATABASE, PEPPER, BackupError
from securechat.store.errors import StoreError
from securechat.store.pepper import PepperError, check_pepper
from securechat.store.sqlite.copies import look_over


@contextmanager
def staging(beside: Path) -> Iterator[Path]:
    """A directory, 0700, on the disk of a path, gone afterwards with all that is left in it.

    Raises BackupError when the disk doesn't let it be made, or what is done in the block.
    """
    try:
        # On the disk of the goal, so that the result can be renamed to it: all or nothing.
        ground = _ground(beside.parent)
        with (
            _tidy_when_told_to_end(),
            TemporaryDirectory(prefix=f".{beside.name}.", suffix=".tmp", dir=ground) as made,
        ):
            yield Path(made)
    except OSError as error:
        raise BackupError(
            f"{beside} can't be written, and nothing was changed: {error.strerror}; check the disk "
            "and the owner and mode of its directory"
        ) from error


@contextmanager
def _tidy_when_told_to_end() -> Iterator[None]:
    # By default both end the process at once, and its secrets stay behind: when a timer has run
    # out, or a terminal is closed.
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, _interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _ground(path: Path) -> Path:
    """The nearest directory at or above a path that exists."""
    # None is made, as it would stay there when the backup is refused.
    return path if path.exists() or path == path.parent else _ground(path.parent)


def verify(directory: Path) -> int:
    """See that a server could start on what a backup holds; the format of its database.

    Raises BackupError.
    """
    try:
        schema, faults = look_over(directory / DATABASE)
        if faults:
            raise BackupError(f"its database is no good: {'; '.join(faults)}")
        check_pepper(directory / DATABASE, directory / PEPPER)
    except PepperError:  # whose text is of paths that nobody has seen
        raise BackupError("its pepper is missing, or not that of its database") from None
    except StoreError as error:
        # In ASCII: what it quotes of a damaged database was never text.
        raise BackupError(
            f"its database can't be read: {ascii(str(error.__cause__))[1:-1]}"
        ) from None
    return schema
