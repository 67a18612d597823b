"""What a server asks of passwords, for who gives somebody a new one. Any thread may call."""

from __future__ import annotations

from dataclasses import dataclass

from securechat.common.passphrases import passphrase
from securechat.store import passwords
from securechat.store.passwords import InvalidPassword
from securechat.store.pepper import Pepper


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a server asks of passwords, and how it stores them.

    cost: bcrypt's. min_length: in characters. server_name: no password may consist of it. pepper:
    the server's.
    """

    cost: int
    min_length: int
    server_name: str
    pepper: Pepper

    def why_refused(self, password: str, account: str) -> str | None:
        """Why the account's password can't be this one, or None. Takes some milliseconds."""
        try:
            passwords.check_acceptable(
                password,
                account=account,
                server_name=self.server_name,
                min_length=self.min_length,
            )
        except InvalidPassword as error:
            return str(error)
        return None

    def make(self, account: str) -> str:
        """A passphrase for an account, which the server accepts."""
        while True:
            made = passphrase(self.min_length)
            # Hardly ever: it may consist of the server's name.
            if self.why_refused(made, account) is None:
                return made

    def stored(self, password: str) -> str:
        """The form in which it is kept. Takes 300 ms at cost 12."""
        return passwords.hash_password(password, cost=self.cost, pepper=self.pepper)
