"""The log: one line an event, for people or, as JSON, for programs. Goes to standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

Format = Literal["text", "json"]


def set_up(log_format: Format, *, verbose: bool = False) -> None:
    """Configure the root logger of this process. Main thread, once."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    facts = getattr(record, "facts", None)
    return facts if isinstance(facts, dict) else {}


class TextFormatter(logging.Formatter):
    """2026-01-31 23:59:59 info login account=alice address=192.0.2.7"""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone()
        facts = "".join(f" {key}={_quoted(value)}" for key, value in _facts(record).items())
        level = record.levelname.lower()
        text = f"{at:%Y-%m-%d %H:%M:%S} {level} {escape(record.getMessage())}{facts}"
        if record.exc_info:
            # Indented, so that an error which quotes what it failed at can't fake a line either.
            lines = self.formatException(record.exc_info).split("\n")
            text += "".join(f"\n    {escape(line)}" for line in lines)
        return text


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=True, default=str)


def escape(text: str) -> str:
    """Control and format characters made visible, so that no remote text drives the terminal or
    fakes a line.
    """
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _quoted(value: object) -> str:
    text = escape(str(value))
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text
