"""Curation: filters that judge what was written, each with a reason, and the run through them."""

from __future__ import annotations

from loresmith.curation.claim import Claim, Source
from loresmith.curation.curation import CuratedFacts, CuratedRows, CuratedWordings, Curation
from loresmith.curation.filters import AnyFilter, Filter
from loresmith.curation.kept import Kept

__all__ = [
    "AnyFilter",
    "Claim",
    "CuratedFacts",
    "CuratedRows",
    "CuratedWordings",
    "Curation",
    "Filter",
    "Kept",
    "Source",
]
