"""Curation: filters that judge what was written, each with a reason, and the run through them."""

from __future__ import annotations

from loresmith.curation.claim import Claim, Source
from loresmith.curation.curation import CuratedFacts, CuratedWordings, Curation
from loresmith.curation.filters import AnyFilter, Filter
from loresmith.curation.kept import Kept

__all__ = [
    "AnyFilter",
    "Claim",
    "CuratedFacts",
    "CuratedWordings",
    "Curation",
    "Filter",
    "Kept",
    "Source",
]
