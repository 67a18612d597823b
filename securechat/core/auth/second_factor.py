"""The second factor of an account: enrolled with a first code, used with the password, removed; and
who has to have one.

Hub thread only. RFC 6238; the secret is sealed in the database, recovery codes are kept as digests.
"""

from __future__ import annotations

import hmac

from securechat.core.auth import totp
from securechat.core.journal.events.accounts import (
    FactorRemoved,
    FactorSet,
    FactorUsed,
    RecoveryCodeAdded,
    RecoveryCodesCleared,
    RecoveryCodeUsed,
)
from securechat.core.model.credentials import Factor
from securechat.core.model.entities import Account
from securechat.core.shared import Offered, offer_context
from securechat.core.turn import Turn

ENROLMENT_SECONDS = 1800.0
"""How long a secret is the one that a login has offered: who scans it first needs a phone."""


def required(turn: Turn, account: Account) -> bool:
    """Whether this server asks for a second factor of the account."""
    # A bot has nobody who could read a code; the administrator has made its token.
    asked = "none" if account.bot else turn.settings.require_second_factor
    return asked == "all" or (asked == "administrators" and account.admin)


def lacking(turn: Turn, account: Account) -> bool:
    """Whether the account has none, and has to: then nothing logs it in but its enrolment."""
    return account.factor is None and required(turn, account)


def offered(turn: Turn, account: Account, network: str) -> bytes:
    """The secret that a login offers to an account that is lacking one; in memory only. The same
    for a while, as clients come again by themselves while somebody is scanning it, but not to
    another network: who has stolen the password, and waits, must not know the owner's secret.
    """
    offers = turn.model.enrolments.get(account.id, {})
    secret, until = offers.get(network, (b"", 0.0))
    if turn.clock >= until:
        secret = turn.vault.random(totp.SECRET_BYTES)
        sealed = turn.vault.seal(secret, offer_context(account.id))
        turn.share(Offered(account.id, network, sealed, ENROLMENT_SECONDS))
    return secret


def accepted_offer(turn: Turn, account: Account, code: str) -> bytes | None:
    """The secret, of those that are offered to an account, that a code is of: whichever network it
    was shown in, as somebody may come by IPv4 now and then by IPv6.
    """
    offers = turn.model.enrolments.get(account.id, {}).values()
    secrets = [secret for secret, until in offers if turn.clock < until]
    found = [one for one in secrets if totp.accepted(one, code, turn.now_ms, after=-1) is not None]
    return found[0] if found else None


def use(turn: Turn, account: Account, factor: Factor, code: str) -> str | None:
    """Accept a code once: 'code' or 'recovery code', as it was one; None for a wrong one."""
    secret = turn.vault.unseal(factor.secret, _context(account))
    # The counter of the last code that was taken: who has seen it typed can't use it again.
    step = totp.accepted(secret, code, turn.now_ms, factor.counter)
    if step is not None:
        turn.record(FactorUsed(step, account.id))
        return "code"
    digest = _digest(turn, account, code)
    # In a time that doesn't tell how much of it was right.
    if any(hmac.compare_digest(digest, known) for known in factor.recovery):
        turn.record(RecoveryCodeUsed(digest, account.id))
        return "recovery code"
    return None


def enrol(turn: Turn, account: Account, secret: bytes, code: str) -> list[str] | None:
    """Turn the second factor on, if the code shows that the authenticator has the secret: the
    recovery codes then. None for a wrong code.
    """
    # A first code shows that the secret has arrived; else its owner would be locked out.
    step = totp.accepted(secret, code, turn.now_ms, after=-1)
    if step is None:
        return None
    sealed = turn.vault.seal(secret, _context(account))
    # With this step, so that the code that enrolled can't log in as well.
    turn.record(FactorSet(account.id, sealed, step, turn.now_ms))
    return renew_recovery_codes(turn, account)


def renew_recovery_codes(turn: Turn, account: Account) -> list[str]:
    """New recovery codes in the place of all that are left."""
    codes = totp.recovery_codes(turn.vault.random)
    # All of them, as a list on paper that is half valid is worse than none.
    turn.record(RecoveryCodesCleared(account.id))
    for code in codes:
        turn.record(RecoveryCodeAdded(_digest(turn, account, code), account.id))
    return codes


def remove(turn: Turn, account: Account) -> None:
    """The password alone is enough from now on."""
    turn.record(FactorRemoved(account.id))


def _context(account: Account) -> str:
    """Binds a sealed secret to its account."""
    # So nobody who writes to the database can put their own factor in another's row.
    return f"totp {account.id}"


def _digest(turn: Turn, account: Account, code: str) -> bytes:
    # Keyed, as 50 bits could be tried out on a plain digest; the id makes equal codes differ.
    return turn.vault.digest(f"recovery {account.id} {code}")
