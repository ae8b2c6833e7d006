"""A secret of this server, kept in the home folder so that a restart leaves open pages valid."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from loresmith.errors import StoreError

_BYTES = 32


def server_key(home: Path) -> bytes:
    """The key in `home`, made at the first call; readable by its owner only. Raises StoreError."""
    path = home / "server.key"
    try:
        _make(path)
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"the key of this server, {path}, cannot be used: {error}",
            hint="Check the folder's permissions, or delete the file: a new one is made.",
        ) from error
    if len(key) < _BYTES:
        raise StoreError(
            f"the key of this server, {path}, is cut short",
            hint="Delete the file: a new one is made.",
        )
    return key


def _make(path: Path) -> None:
    """Writes a new key whole or not at all, and never over one that is there."""
    if path.exists():
        return
    fresh = path.with_name(f".{secrets.token_hex(8)}.key")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_BYTES))
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
