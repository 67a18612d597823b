"""What others have written is what they have published."""

from __future__ import annotations

import hashlib
import re

from tests.web.page.conftest import PAGE

VENDOR = PAGE / "vendor"


def test_each_file_is_the_one_that_the_readme_names() -> None:
    told = re.findall(
        r"^\| `(\S+)`.*`([0-9a-f]{64})` \|$", (VENDOR / "README.md").read_text(), re.M
    )
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")
    }
    assert dict(told) == found


def test_each_licence_is_there() -> None:
    named = set(re.findall(r"`(LICENSE\.\w+)`", (VENDOR / "README.md").read_text()))
    assert named == {path.name for path in VENDOR.glob("LICENSE.*")}
