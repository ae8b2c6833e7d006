"""Keeps keys encrypted on the disk of one person or team, for command line, workers and studio.

Two files in the home folder, readable by their owner alone: `keys.fernet` holds the keys,
encrypted together (Fernet: AES-128-CBC with HMAC-SHA256), and `keys.key` what decrypts them. Who
copies the one without the other learns nothing; who may read both files may read the keys.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loresmith.errors import VaultError
from loresmith.whole_files import OWNER_ONLY, whole_file

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_NAME = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
_LONGEST = 4096


class Vault:
    """The keys in a home folder, by the name of the environment variable they stand for.

    Safe to use from several threads and processes. Every method raises VaultError when the files
    cannot be read or written, or when the key file is not the one that the keys were written with.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file = home / "keys.fernet"
        self._key_file = home / "keys.key"

    def get(self, name: str) -> str | None:
        """The key under `name`, or None."""
        return self._read().get(name) if self._file.exists() else None

    def names(self) -> frozenset[str]:
        """Which keys are set; the keys themselves are shown to nobody."""
        return frozenset(self._read()) if self._file.exists() else frozenset()

    def set(self, name: str, key: str) -> None:
        """Keeps `key` under `name`, in place of an earlier one."""
        key = key.strip()
        if not _NAME.fullmatch(name):
            raise VaultError("a key's name is that of an environment variable: letters, digits, _")
        if not key or len(key) > _LONGEST or not key.isascii() or not key.isprintable():
            raise VaultError(
                f"what was given for {name} is no key",
                hint="A key is one line of plain characters; paste it without quotes.",
            )
        with self._locked():
            self._write({**self._read(), name: key})

    def delete(self, name: str) -> bool:
        """Forgets the key under `name`; returns whether there was one."""
        with self._locked():
            keys = self._read()
            if name not in keys:
                return False
            del keys[name]
            self._write(keys)
            return True

    def _read(self) -> dict[str, str]:
        from cryptography.fernet import InvalidToken

        if not self._file.exists():
            return {}
        try:
            sealed = self._file.read_bytes()
            keys = json.loads(self._fernet(make=False).decrypt(sealed))
        except OSError as error:
            raise VaultError(f"{self._file} cannot be read: {error.strerror}") from error
        except (InvalidToken, ValueError) as error:
            raise self._lost("the keys cannot be decrypted with") from error
        return dict(keys)

    def _write(self, keys: dict[str, str]) -> None:
        try:
            _write_private(self._file, self._fernet(make=True).encrypt(json.dumps(keys).encode()))
        except OSError as error:
            raise VaultError(f"{self._file} cannot be written: {error.strerror}") from error

    def _fernet(self, *, make: bool) -> Fernet:
        from cryptography.fernet import Fernet

        if make and not self._key_file.exists():
            _write_private(self._key_file, Fernet.generate_key())
        try:
            return Fernet(self._key_file.read_bytes().strip())
        except FileNotFoundError as error:
            raise self._lost("the keys cannot be read without") from error
        except ValueError as error:
            raise self._lost("the keys cannot be decrypted with") from error

    def _lost(self, what: str) -> VaultError:
        return VaultError(
            f"{what} the key file {self._key_file}: it is missing, damaged or another one",
            hint=f"Put the right {self._key_file.name} back, or delete {self._file} and enter the "
            "keys anew. Keys in the environment work all the same.",
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lets one writer after the other read, change and write."""
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._home / "keys.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise VaultError(f"{self._home} cannot be written: {error.strerror}") from error
        try:
            _lock(descriptor)
            yield
        finally:
            os.close(descriptor)  # which unlocks it


def _write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    with whole_file(path, rights=OWNER_ONLY) as stream:
        stream.write(content)


def _lock(descriptor: int) -> None:
    """Waits until no other process or thread holds the file."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
