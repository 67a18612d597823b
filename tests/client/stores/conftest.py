"""An authority that is limited like those that the server makes."""

from __future__ import annotations

import pytest

from securechat.ca.constraints import constraints_for
from securechat.client.stores.authority import Authority as Limited
from securechat.client.stores.authority import constrained
from tests.support.certificates import Authority


@pytest.fixture(scope="session")
def limited() -> Limited:
    """Of a name of its own."""
    return constrained(Authority("CA of chat.test", constraints_for(["chat.test"])).der)
