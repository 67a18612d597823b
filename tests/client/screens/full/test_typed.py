"""The editor, and what may be typed."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from securechat.client.screens.full import editing
from securechat.client.screens.full.handover import Handover
from securechat.client.screens.full.typed import clean
from securechat.client.session.events.base import Info

EDITOR = """
import os, stat, sys
path = sys.argv[1]
modes = [oct(stat.S_IMODE(os.stat(one).st_mode)) for one in (path, os.path.dirname(path))]
print(path, *modes, file=open(sys.argv[0] + ".told", "w"))
text = open(path).read()
open(path, "w").write(text.upper() + "\\nmore\\n")
sys.exit(int(os.environ.get("FAIL", "0")))
"""


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that writes louder, and tells what it was given."""
    path = tmp_path / "loud.py"
    path.write_text(EDITOR)
    return path


def environ(editor: Path) -> dict[str, str]:
    return {"EDITOR": f"'{sys.executable}' '{editor}'"}


def test_the_editor_gets_a_private_file(editor: Path) -> None:
    """Which is gone afterwards."""
    assert editing.edited("hello", environ(editor)) == "HELLO\nmore"
    where, *modes = Path(f"{editor}.told").read_text().split()
    assert [int(mode, 8) for mode in modes] == [stat.S_IRUSR | stat.S_IWUSR, stat.S_IRWXU]
    assert not Path(where).parent.exists()


def test_an_editor_that_fails_changes_nothing(
    editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told in words."""
    monkeypatch.setenv("FAIL", "3")
    with pytest.raises(editing.EditingError, match="exit code 3; the text is as it was"):
        editing.edited("hello", environ(editor))
    with pytest.raises(editing.EditingError, match="can't run /no/such/editor"):
        editing.edited("hello", {"VISUAL": "/no/such/editor"})
    with pytest.raises(editing.EditingError, match="names no program"):
        editing.edited("hello", {"EDITOR": "'"})


def test_what_is_pasted_is_shown_as_it_is_sent() -> None:
    """Line ends of all systems; nothing that would drive the terminal while it is typed."""
    assert clean("one\r\ntwo\rthree\n") == "one\ntwo\nthree\n"
    assert clean("\x1b[31mred\x07\x9b") == "^[[31mred^G\\x9b"


def test_the_listener_waits_for_the_screen_only_while_it_is_open() -> None:
    """What is handed over comes in its order."""
    woken: list[int] = []
    handover = Handover(lambda: woken.append(1), limit=2)
    handover.put([Info("one"), Info("two"), Info("three")])
    assert [handover.take(), handover.take()] == [Info("one"), Info("two")]
    handover.put([Info("four")])
    handover.lift()
    handover.put([Info("five")])
    assert [handover.take(), handover.take(), handover.take()] == [
        Info("three"),
        Info("four"),
        None,
    ]
    assert len(woken) == 2
