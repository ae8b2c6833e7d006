"""Runs `loresmith` and ends it with SIGKILL at a moment of its own work, never of the clock.

    python tests/killed_at.py '{"table": "facts", "rows": 3, "side": "before"}' generate FOLDER

The moment is told by what the store holds (so many rows in a table, right before or right after
the commit that brings them), by a table that is read, or by a file that is about to be put in
place. A process that comes to no such moment ends as it would.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _at_rows(table: str, *, rows: int, side: str) -> None:
    from sqlalchemy import Connection, Engine, event
    from sqlalchemy.pool import Pool

    touched: set[int] = set()
    due: list[bool] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def note(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(f"INSERT INTO {table} "):
            touched.add(id(connection))

    @event.listens_for(Engine, "commit")
    def count(connection: Connection) -> None:
        if id(connection) not in touched:
            return
        touched.discard(id(connection))
        held = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        if held >= rows and side == "before":
            _die()
        elif held >= rows:
            due.append(True)

    @event.listens_for(Pool, "checkin")
    def after(*_: Any) -> None:
        if due:
            _die()


def _at_reading(table: str) -> None:
    from sqlalchemy import Engine, event

    @event.listens_for(Engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and f"FROM {table}" in statement:
            _die()


def _at_file(name: str) -> None:
    def note(happened: str, arguments: tuple[Any, ...]) -> None:
        if happened == "os.rename" and Path(os.fsdecode(arguments[1])).name == name:
            _die()

    sys.addaudithook(note)


def main() -> None:
    """The moment is the first argument, the command the others."""
    moment: dict[str, Any] = json.loads(sys.argv.pop(1))
    if "file" in moment:
        _at_file(moment["file"])
    elif "read" in moment:
        _at_reading(moment["read"])
    else:
        _at_rows(moment["table"], rows=moment["rows"], side=moment["side"])
    from loresmith.cli import main as command

    command()


if __name__ == "__main__":
    main()
