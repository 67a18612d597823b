"""That a person agrees to trust another authority than before."""

from __future__ import annotations

from securechat.common.record import Record

REPLACE = "--replace-trust"
MOVED = "--moved"


class Consent(Record):
    """What the options allow. replace: another trust for an address. moved: a known authority at a
    new address. For what they don't, the person is asked.
    """

    replace: bool = False
    moved: bool = False
