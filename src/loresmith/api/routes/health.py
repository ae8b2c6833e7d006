"""Whether the server is there, for whoever watches over it."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from loresmith import __version__
from loresmith.api.dependencies import HomeHere
from loresmith.records import Record

router = APIRouter(tags=["server"])


class Health(Record):
    """The server is well."""

    status: Literal["ok"] = "ok"
    """A server that is not well answers with a problem instead."""
    version: str
    """The version of Loresmith."""


@router.get("/healthz", summary="Is the server well?")
def healthz(home: HomeHere) -> Health:
    """Answers once the home's database can be read."""
    home.projects.all()
    return Health(version=__version__)
