"""How a job is narrowed: which passages it is about."""

from __future__ import annotations

from pydantic import field_validator

from loresmith.records import Record


class Scope(Record):
    """What a job is limited to; with nothing set, it is about the whole project."""

    chunks: tuple[str, ...] | None = None
    """Ids of the passages that the teacher is asked about; None for all of them."""

    @field_validator("chunks")
    @classmethod
    def _not_none_at_all(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and not value:
            raise ValueError("a selection holds at least one passage")
        return value
