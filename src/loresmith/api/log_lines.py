"""The server's log: one JSON object a line on standard error, with whatever looks like a key
struck out."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone

from loresmith.workspace.background.redaction import without_secrets

_EXTRAS = ("request_id", "method", "route", "status", "milliseconds")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _EXTRAS if hasattr(record, name)}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        struck = {
            key: without_secrets(value) if isinstance(value, str) else value
            for key, value in line.items()
        }
        return json.dumps(struck, ensure_ascii=False)


def log_to_stderr() -> None:
    """Sends every logger's lines there, from `info` upwards for what is ours."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonLines())
    logging.basicConfig(handlers=[stream], level=logging.WARNING, force=True)
    logging.getLogger("loresmith").setLevel(logging.INFO)
