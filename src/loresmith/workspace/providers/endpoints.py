"""The endpoints that people added to the providers known by name, in a file of the home folder."""

from __future__ import annotations

import os
import re
import threading
import uuid
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError, field_validator

from loresmith.component import content_id
from loresmith.errors import Conflict, NotFound, StoreError
from loresmith.models.presets import PRESETS, endpoint_url
from loresmith.records import Record, StoredRecord

_writing = threading.Lock()


class NewEndpoint(Record):
    """A server that answers chat completions in OpenAI's form."""

    name: str = Field(min_length=1, max_length=80, examples=["Lab server"])
    """What people call it."""
    url: str = Field(max_length=500, examples=["http://10.0.0.7:8000/v1"])
    """Its base URL."""
    model: str = Field(default="", max_length=200, examples=["qwen2.5-72b-instruct"])
    """The model that is proposed; may be empty."""
    needs_key: bool = False
    """Whether it asks for a key; a key of its own, never one of another provider."""

    @field_validator("url")
    @classmethod
    def _is_a_base_url(cls, value: str) -> str:
        url = endpoint_url(value)
        if re.search(r"[\s\x00-\x1f\x7f]", url) or "@" in url.split("//", 1)[1].split("/", 1)[0]:
            raise ValueError("a URL holds no space and no user name or password")
        return url


class Endpoint(NewEndpoint, StoredRecord):
    """One that was added."""

    @property
    def key_name(self) -> str | None:
        """The name under which its key is kept."""
        return f"LORESMITH_KEY_{self.id.upper()}" if self.needs_key else None


_FILE = TypeAdapter(tuple[Endpoint, ...])


class Endpoints:
    """The added endpoints, in `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> tuple[Endpoint, ...]:
        """In the order in which they were added. Raises StoreError."""
        try:
            return _FILE.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"the list of endpoints in {self._path.name} cannot be read",
                hint="Move the file out of LORESMITH_HOME and add the endpoints anew.",
            ) from error

    def add(self, wanted: NewEndpoint) -> Endpoint:
        """Adds one; raises Conflict where its name or its URL is known already."""
        with _writing:
            known = self.all()
            if any(one.name.casefold() == wanted.name.casefold() for one in known) or (
                wanted.name.casefold() in PRESETS
            ):
                raise Conflict(f"there is a provider called {wanted.name!r} already")
            if any(one.url == wanted.url for one in known):
                raise Conflict(f"{wanted.url} is known already", hint="One endpoint is enough.")
            made = Endpoint(id=content_id("endpoint", wanted.url)[:12], **wanted.model_dump())
            self._write((*known, made))
        return made

    def remove(self, endpoint_id: str) -> Endpoint:
        """Forgets one; raises NotFound."""
        with _writing:
            known = self.all()
            gone = next((one for one in known if one.id == endpoint_id), None)
            if gone is None:
                raise NotFound("there is no such endpoint")
            self._write(tuple(one for one in known if one.id != endpoint_id))
        return gone

    def _write(self, endpoints: tuple[Endpoint, ...]) -> None:
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}.{uuid.uuid4().hex}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(_FILE.dump_json(endpoints, indent=1))
            fresh.replace(self._path)
        except OSError as error:
            raise StoreError(
                f"the list of endpoints cannot be written: {error.strerror}"
            ) from error
        finally:
            fresh.unlink(missing_ok=True)
