"""The databases of many projects: a few stay open, and each can be used again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from loresmith.database import sqlite_url, transaction
from loresmith.workspace import engines
from loresmith.workspace.engines import engine_of


def test_of_many_databases_only_those_asked_for_last_stay_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_KEPT", 2)
    used = [engine_of(sqlite_url(tmp_path / f"{number}.sqlite")) for number in range(5)]
    assert _open_in(tmp_path) <= {"3.sqlite", "4.sqlite"}
    for engine in used:  # whoever still holds one can go on with it
        with transaction(engine) as connection:
            assert connection.execute(text("SELECT count(*) FROM jobs")).scalar() == 0


def _open_in(folder: Path) -> set[str]:
    """The files of a folder that this process holds open, side files of SQLite left out."""
    found = set()
    for handle in Path("/proc/self/fd").iterdir():
        try:
            path = handle.readlink()
        except OSError:
            continue
        if path.parent == folder:
            found.add(path.name)
    return {name for name in found if not name.endswith(("-wal", "-shm"))}
