"""Lists come in pages: a cursor says where the next one begins, whatever was added meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Generic, NamedTuple, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from loresmith.api.problems import BadRequest

ItemT = TypeVar("ItemT")

LARGEST_PAGE = 200
"""Most items of one page."""

Position = int | str
"""Where a page begins: what the list is sorted by, or a count of items."""


class Page(BaseModel, Generic[ItemT]):
    """A part of a list."""

    # Descriptions by docstring would be looked for in the source of every `Page[...]`: a second.
    model_config = ConfigDict(frozen=True, json_schema_extra={"description": "A part of a list."})

    items: tuple[ItemT, ...] = Field(description="The items of this page, in order.")
    next_cursor: str | None = Field(
        default=None, description="Ask with it for the next page; null on the last one."
    )
    total: int | None = Field(default=None, description="How many items the whole list has.")


class Paging(NamedTuple):
    """Which page is asked for."""

    position: Position | None
    """What the cursor holds; None for the first page."""
    limit: int
    """Most items of the page."""


def paging(
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Most items of the page.")] = 50,
) -> Paging:
    """Reads `?cursor=...&limit=...`. Raises BadRequest for a cursor that no page gave out."""
    return Paging(None if cursor is None else _position_in(cursor), limit)


PagingHere = Annotated[Paging, Depends(paging)]


def cursor_of(position: Position) -> str:
    """The cursor for a page that begins at `position`; callers treat it as opaque."""
    text = json.dumps(position, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def page_of(items: Sequence[ItemT], asked: Paging) -> Page[ItemT]:
    """The page of a list that is at hand as a whole; its cursors count items."""
    start = asked.position if isinstance(asked.position, int) else 0
    end = start + asked.limit
    return Page(
        items=tuple(items[start:end]),
        next_cursor=cursor_of(end) if end < len(items) else None,
        total=len(items),
    )


def _position_in(cursor: str) -> Position:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        position = None
    if isinstance(position, bool) or not isinstance(position, (int, str)):
        raise BadRequest("the cursor cannot be read", hint="Use the `next_cursor` of a page.")
    if isinstance(position, int) and not 0 <= position < 2**63:
        raise BadRequest("the cursor cannot be read", hint="Use the `next_cursor` of a page.")
    return position
