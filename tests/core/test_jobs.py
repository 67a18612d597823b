"""Work for workers: what a log may see of it."""

from __future__ import annotations

from securechat.core.jobs import Hashed, HashPassword, Verified, VerifyPassword
from tests.support.rules import RulesUnderTest

SECRET = "correct horse battery"


def test_no_secret_in_a_repr() -> None:
    """Neither a password nor a hash, as a repr may reach a log."""
    session = RulesUnderTest().connect().session
    for job in (
        VerifyPassword(session, 1, "alice", SECRET),
        HashPassword(session, "alice", SECRET),
        Verified(session, 1, granted=True, rehashed=SECRET),
        Hashed(session, 1, SECRET, None),
    ):
        assert SECRET not in repr(job)
        assert type(job).__name__ in repr(job)
