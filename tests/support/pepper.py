"""A pepper for tests that bring their own database."""

from __future__ import annotations

from securechat.store.pepper import Pepper

PEPPER = Pepper(b"of the tests: 32 well-known byte")
