"""Whether the server is there, for whoever watches over it."""

from __future__ import annotations

import logging
from typing import Literal

from fastapi import APIRouter

from loresmith import __version__
from loresmith.api.dependencies import HomeHere
from loresmith.api.problems import NotWell
from loresmith.errors import StoreError
from loresmith.records import Record

router = APIRouter(tags=["server"])
_log = logging.getLogger(__name__)


class Health(Record):
    """The server is well."""

    status: Literal["ok"] = "ok"
    """A server that is not well answers with a problem instead."""
    version: str
    """The version of Loresmith."""


@router.get("/healthz", summary="Is the server well?")
def healthz(home: HomeHere) -> Health:
    """Yes, if the home's database can be read. Asked without a login, so it tells no more."""
    try:
        home.projects.all()
    except StoreError as error:
        _log.error("not well: %s", error.message)
        raise NotWell("the database cannot be read", hint="The server's log says why.") from error
    return Health(version=__version__)
