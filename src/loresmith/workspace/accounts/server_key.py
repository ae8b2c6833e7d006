"""A secret of this server, kept in the home folder so that a restart leaves open pages valid."""

from __future__ import annotations

import secrets
from pathlib import Path

from loresmith.errors import StoreError
from loresmith.whole_files import OWNER_ONLY, write_once

_BYTES = 32


def server_key(home: Path) -> bytes:
    """The key in `home`, made at the first call; readable by its owner only. Raises StoreError."""
    path = home / "server.key"
    try:
        if not path.exists():
            write_once(path, secrets.token_hex(_BYTES), rights=OWNER_ONLY)
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
