"""Two people in a channel, for the specifications of what is said there.

What their clients ask for, a file says by CAPS, and by BOBS_CAPS where bob's differ.
"""

from __future__ import annotations

import pytest

from tests.support.client import Client
from tests.support.rules import RulesUnderTest


@pytest.fixture
def rules() -> RulesUnderTest:
    return RulesUnderTest("alice", "bob", "carol")


@pytest.fixture
def alice(rules: RulesUnderTest, request: pytest.FixtureRequest) -> Client:
    """The founder of #den."""
    alice = rules.member("alice", caps=request.module.CAPS)
    alice.says("JOIN #den")
    return alice


@pytest.fixture
def bob(rules: RulesUnderTest, alice: Client, request: pytest.FixtureRequest) -> Client:
    """A member of #den."""
    module = request.module
    bob = rules.member("bob", caps=getattr(module, "BOBS_CAPS", module.CAPS))
    bob.says("JOIN #den")
    alice.hears()
    return bob
