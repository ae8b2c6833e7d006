"""The limits of endpoints that hold on this machine, whatever recipe a job works by."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError

from loresmith.errors import StoreError
from loresmith.records import Record
from loresmith.whole_files import write_whole

_writing = threading.Lock()


class EndpointLimits(Record):
    """What an endpoint gets from this machine at most; a recipe's own limits hold beside them."""

    concurrency: int | None = Field(default=None, ge=1, examples=[20])
    """Most calls in flight at once; empty for what recipes say."""
    requests_per_minute: int | None = Field(default=None, ge=1, examples=[500])
    """Most calls a minute; empty for no limit."""
    tokens_per_minute: int | None = Field(default=None, ge=1, examples=[200_000])
    """Most tokens a minute, of prompts and replies together; empty for no limit."""


_FILE = TypeAdapter(dict[str, EndpointLimits])


class LimitsOfMachine:
    """The file `limits.json` of a home: limits by the base URL of an endpoint."""

    def __init__(self, home: Path) -> None:
        self._path = home / "limits.json"

    def all(self) -> dict[str, EndpointLimits]:
        """By URL. Raises StoreError for a file that cannot be read."""
        try:
            return _FILE.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"the limits in {self._path} cannot be read",
                hint="Mend the file, or move it away to begin without limits.",
            ) from error

    def of(self, url: str) -> EndpointLimits:
        """Those of one endpoint; none where nothing was set."""
        return self.all().get(limits_key(url), EndpointLimits())

    def set(self, url: str, limits: EndpointLimits) -> None:
        """Keeps them; jobs that run go by them from their next start on. Raises StoreError."""
        with _writing:
            known = self.all()
            known[limits_key(url)] = limits
            kept = {place: one for place, one in known.items() if one != EndpointLimits()}
            text = json.dumps(_FILE.dump_python(kept, mode="json", exclude_none=True), indent=1)
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self._path, f"{text}\n")
            except OSError as error:
                raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error


def stricter(one: int | None, other: int | None) -> int | None:
    """The lower of two limits, of which either may not be set."""
    both = [limit for limit in (one, other) if limit is not None]
    return min(both, default=None)


def limits_key(url: str) -> str:
    """Under which name an endpoint's limits are kept."""
    return url.rstrip("/").casefold()
