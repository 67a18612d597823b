"""What goes wrong in the store, whatever keeps it.

StoreError
├── ConflictError          refused: it doesn't fit what is stored
├── UnknownError           refused: there is no such thing
├── HeldError              refused: another program holds the database
├── DamagedError           refused: a part of the database can't be read
├── DisplacedError         refused: the database is another server's, or another one, by now
└── UnknownOutcomeError    stored or refused: nobody knows yet
"""

from __future__ import annotations

from collections.abc import Callable


class StoreError(Exception):
    """The database can't be used, or refuses; the text says why and what to do.

    told: the same for everybody who talks here, without where the database is; where it is empty
    the text says nothing of that.
    """

    def __init__(self, text: str, told: str = "") -> None:
        super().__init__(text)
        self.told = told or text


class ConflictError(StoreError):
    """A row can't be stored because of what others have stored: a name taken meanwhile."""


class UnknownError(StoreError):
    """There is no such account, token, certificate, second factor or invite."""


class HeldError(StoreError):
    """Another program holds the database; nothing is wrong with it, and it is free again later."""


class DamagedError(StoreError):
    """A part of the database holds nonsense; what stands in other parts can be used."""


class DisplacedError(StoreError):
    """What this server knows is no longer what is stored, and it may store nothing more: another
    one has taken over, or the database is an older state of it. The server must end.
    """


class UnknownOutcomeError(StoreError):
    """A commit was broken off so that it may have been stored or not, as where the store is reached
    over a network. A file on this machine knows no such thing.

    settle: asks until it is known, and returns whether it was stored. Raises StoreError when it
    can't be learned: then nothing may be said of it, and the server must end.
    """

    def __init__(self, text: str, settle: Callable[[], bool], told: str = "") -> None:
        super().__init__(text, told)
        self.settle = settle


def too_new(place: object, found: int, newest: int) -> StoreError:
    """A database of a format that this program, whose newest is given, doesn't know."""
    return StoreError(
        f"{place} was made by a newer securechat (its format is {found}, this one knows up to "
        f"{newest}); install that version, or restore a backup"
    )
