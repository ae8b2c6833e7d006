"""Writing without a strong teacher: facts are sentences of the source, only questions are made."""

from __future__ import annotations

from loresmith.generation.extractive.writer import ExtractiveWriter, Written, rules_version

__all__ = ["ExtractiveWriter", "Written", "rules_version"]
