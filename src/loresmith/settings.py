"""Where things are on this machine and who pays: never what a run does (see `recipe`)."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from loresmith.errors import LoresmithError

_LINE = re.compile(
    r"""\s* (?:export\s+)? (?P<key>[A-Za-z_]\w*) \s*=\s*
    (?: '(?P<single>[^']*)' | "(?P<double>[^"]*)" | (?P<bare>[^'"\s\#].*?)? ) \s* (?:\s\#.*)?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Settings:
    """What belongs to the person and the machine, read from `LORESMITH_*` and a `.env` file."""

    home: Path
    """Model cache and everything that outlives a project (`LORESMITH_HOME`)."""
    database_url: str | None
    """One database for all projects (`LORESMITH_DATABASE_URL`); None for one in each project."""

    @property
    def models(self) -> Path:
        """Where models are downloaded to and converted in."""
        return self.home / "models"


def load_settings() -> Settings:
    """Reads the environment anew; a `.env` in the working folder fills what is not set there."""
    _read_dotenv(Path(".env"))
    home = os.environ.get("LORESMITH_HOME")
    return Settings(
        home=Path(home).expanduser().absolute() if home else _user_data_folder() / "loresmith",
        database_url=os.environ.get("LORESMITH_DATABASE_URL") or None,
    )


def secret(name: str) -> str | None:
    """The secret that the environment (or `.env`) holds under `name`, else the vault in home.

    Raises VaultError where the vault is there and cannot be read.
    """
    from loresmith.vault import Vault

    return secret_of_environment(name) or Vault(load_settings().home).get(name)


def secret_of_environment(name: str) -> str | None:
    """The secret that the environment (or `.env`) holds under `name`; it is not stored by us."""
    _read_dotenv(Path(".env"))
    return os.environ.get(name) or None


def _user_data_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def _read_dotenv(path: Path) -> None:
    """Adds the `KEY=value` lines of `path` to the environment, which wins where both have a key.

    So the libraries and child processes that read the environment see them too (HF_ENDPOINT,
    say). `#` begins a comment; a value may stand in quotes; other lines are passed over.
    """
    if not path.is_file():
        return
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise LoresmithError(
            f"the settings in {path.absolute()} cannot be read: {error.strerror}",
            hint="Let the file be readable for you, or move it away.",
        ) from error
    for line in text.replace("\x00", "").splitlines():
        found = _LINE.fullmatch(line)
        if found:
            value = found["single"] or found["double"] or found["bare"] or ""
            os.environ.setdefault(found["key"], value)
