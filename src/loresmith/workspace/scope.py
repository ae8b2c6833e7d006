"""How a job is narrowed: which passages it is about."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from loresmith.records import Record


class NewTree(Record):
    """Another domain tree is asked for, in place of one that there is."""

    instead_of: str = ""
    """The id of the tree that there is; empty where there is none."""
    revise: bool = False
    """Whether the subjects that there are stay, and others are only added."""
    source: Literal["none", "headings", "teacher"] = "none"
    """Where it comes from; `none` as the recipe says."""


class FillOrder(Record):
    """What a fill is to ask for."""

    again: bool = False
    """Whether also for what the teacher once said is not there."""
    document: str | None = None
    """The document to fill, by name; None for all."""


class Scope(Record):
    """What a job is limited to; with nothing set, it is about the whole project."""

    chunks: tuple[str, ...] | None = None
    """Ids of the passages that the teacher is asked about; None for all of them."""
    tree: NewTree | None = None
    """The domain tree that the job is to make; None where what there is will do."""

    fill: FillOrder | None = None
    """How a `fill` is narrowed."""

    @field_validator("chunks")
    @classmethod
    def _not_none_at_all(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and not value:
            raise ValueError("a selection holds at least one passage")
        return value
