"""What the rules need of secrets: randomness, and a key that isn't in the database."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Given to the rules from outside; store.pepper.Pepper is the real one. Hub thread."""

    def random(self, size: int) -> bytes:
        """So many bytes that nobody can foretell."""
        ...

    def seal(self, secret: bytes, context: str) -> str:
        """Encrypt and authenticate; context must be the same when it is opened."""
        ...

    def unseal(self, sealed: str, context: str) -> bytes:
        """The secret again. Raises an error when the text is damaged or sealed elsewhere."""
        ...

    def digest(self, text: str) -> bytes:
        """A keyed digest, for codes that are short enough to be guessed from a plain one."""
        ...
