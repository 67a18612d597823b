"""All targets by their names."""

from __future__ import annotations

from tests.fuzz.archive import ARCHIVE
from tests.fuzz.client import CLIENT
from tests.fuzz.proxy import PROXY
from tests.fuzz.session import SESSION
from tests.fuzz.target import Target
from tests.fuzz.texts import TEXTS
from tests.fuzz.wire import WIRE

TARGETS: dict[str, Target] = {
    target.name: target for target in (*WIRE, PROXY, *TEXTS, ARCHIVE, CLIENT, SESSION)
}
