"""That a person agrees to trust another authority than before."""

from __future__ import annotations

from dataclasses import dataclass

REPLACE = "--replace-trust"
MOVED = "--moved"


@dataclass(frozen=True, slots=True)
class Consent:
    """What the options allow. replace: another trust for an address. moved: a known authority at a
    new address. For what they don't, the person is asked.
    """

    replace: bool = False
    moved: bool = False
