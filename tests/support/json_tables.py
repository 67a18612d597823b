"""What docs/json.md tells of the JSON that commands print, for tests to hold that against."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs" / "json.md"

JSON_TYPES = {
    "string": str,
    "number": int,
    "fraction": float,
    "boolean": bool,
    "object": dict,
    "list": list,
    "null": type(None),
}


def documented() -> dict[str, dict[str, set[type]]]:
    """kind -> field -> its types, as the tables have them."""
    found: dict[str, dict[str, set[type]]] = {}
    for section in DOCS.read_text().split("\n## ")[1:]:
        kind, _, text = section.partition("\n")
        rows = re.findall(r"^\| `(\w+)` \| ([a-z ]+) \|", text, re.MULTILINE)
        found[kind] = {
            field: {JSON_TYPES[word] for word in types.split(" or ")} for field, types in rows
        }
    return found


def check_fields(kind: str, found: dict[str, Any]) -> None:
    """An object has the fields of its table, of their types, and no others."""
    table = documented()[kind]
    assert found.keys() == table.keys()
    for field, value in found.items():
        assert type(value) in table[field], (kind, field, value)
