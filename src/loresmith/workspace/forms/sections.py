"""Which settings stand on which page of a project's settings, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Section = Literal["writing", "rows", "curation", "dataset"]

SECTIONS: Mapping[Section, tuple[str, ...]] = MappingProxyType(
    {
        "writing": (
            "generation.style",
            "generation.attempts",
            "generation.tolerated_failures",
            "generation.facts",
            "generation.training",
            "generation.exam",
            "generation.fill",
            "generation.tags",
            "generation.budget",
            "generation.extractive",
        ),
        "rows": ("generation.rows",),
        "curation": ("curation",),
        "dataset": ("dataset",),
    }
)
"""Documents, chunking, models and training have pages of their own; prompts have one, too."""
