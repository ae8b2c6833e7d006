"""One engine a database, kept for the next to ask: opening and upgrading one is not free."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL, Engine

from loresmith.database import open_database


class _Opened(NamedTuple):
    engine: Engine
    file: int | None
    """The inode of a SQLite file: a project may be deleted, and another made in its place."""


_KEPT = 32
"""Databases that stay open; the one that was asked for longest ago is closed for the next."""
_opened: OrderedDict[str, _Opened] = OrderedDict()
_lock = threading.Lock()


def engine_of(url: str | URL) -> Engine:
    """The process's engine on `url`, its schema up to date. Raises StoreError."""
    with _lock:
        known = _opened.get(_key(url))
        if known is not None and known.file == _inode(known.engine.url):
            _opened.move_to_end(_key(url))
            return known.engine
        if known is not None:
            known.engine.dispose()
        engine = open_database(url)
        _opened[_key(url)] = _Opened(engine, _inode(engine.url))
        while len(_opened) > _KEPT:  # whoever works with it still opens its connections anew
            _opened.popitem(last=False)[1].engine.dispose()
        return engine


def forget_engine(url: str | URL) -> None:
    """Closes the engine on `url`, so that its file can be deleted."""
    with _lock:
        known = _opened.pop(_key(url), None)
    if known is not None:
        known.engine.dispose()


def _key(url: str | URL) -> str:
    return url if isinstance(url, str) else url.render_as_string(hide_password=False)


def _inode(url: URL) -> int | None:
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    try:
        return Path(url.database).stat().st_ino
    except FileNotFoundError:
        return None
