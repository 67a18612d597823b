"""The style sheet: where the parts are. Colours come from look.py."""

from __future__ import annotations

from typing import Final

CSS: Final = """
Screen { background: ansi_default; color: ansi_default; layout: vertical; overflow: hidden; }
ModalScreen { background: transparent; }
#body { height: 1fr; }
#rooms { width: 22; }
#members { width: 20; }
#rooms, #members, #timeline { background: ansi_default; color: ansi_default; }
#rooms, #members { scrollbar-size: 0 0; padding: 0 1; }
#rooms { border-right: solid $look-faint; }
#members { border-left: solid $look-faint; }
#talk { width: 1fr; }
#header { height: 2; border-bottom: solid $look-faint; padding: 0 1; }
#timeline { height: 1fr; }
#beside { height: 1; padding: 0 1; }
#typed {
    height: auto; max-height: 8; border: none; border-top: solid $look-faint; padding: 0 1;
    background: ansi_default; color: ansi_default; scrollbar-size: 0 0;
}
#typed:focus { border: none; border-top: solid $look-faint; background: ansi_default; }
#typed .text-area--cursor { background: ansi_default; color: ansi_default; text-style: none; }
#typed .text-area--placeholder { color: $look-faint; text-style: dim; }
#typed .text-area--selection { text-style: reverse; }
#footer { height: 1; padding: 0 1; }
.low #header { height: 1; border: none; }
.low #typed { border: none; max-height: 3; }
"""
