"""Finds the quotations of a fact in its source, and throws out facts whose source is not there."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from loresmith.curation.claim import Claim, Source
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Fact, Span, Verdict
from loresmith.text.normalising import locate


class Found(NamedTuple):
    """Where the quotations stand, in the order of the document, and those that stand nowhere."""

    spans: tuple[Span, ...]
    missing: tuple[str, ...]


class EvidenceFilter(Filter):
    """Drops a fact that quotes nothing (`no_evidence`) or something that the document does not
    say (`evidence_not_found`).

    Space, width, quotation marks and Markdown emphasis may differ. The passage is searched first,
    then the whole document, where headings and table headers stand. A quotation with an ellipsis
    is found by its parts.
    """

    type: Literal["evidence"] = "evidence"

    def judge(self, claim: Claim) -> Verdict:
        if claim.kind != "pair" or claim.fact is None:
            return KEEP
        found = find_evidence(claim.fact, claim.source)
        if found.missing:
            return drop("evidence_not_found", f"not in {_place(claim)}: {found.missing[0]}")
        if not found.spans:
            return drop("no_evidence", "nothing is quoted")
        return KEEP


def find_evidence(fact: Fact, source: Source) -> Found:
    """Looks up every quotation of `fact`."""
    spans: set[tuple[int, int]] = set()
    missing = []
    for quote in fact.quotes:
        for part in _ELLIPSIS.split(quote):
            if not re.search(r"\w", part):
                continue
            place = _locate(part, source)
            if place is None:
                missing.append(quote)
            else:
                spans.add(place)
    document_id = source.document.id
    return Found(
        tuple(Span(document_id=document_id, start=s, end=e) for s, e in sorted(spans)),
        tuple(dict.fromkeys(missing)),
    )


_ELLIPSIS = re.compile(r"\s*(?:\[?(?:\.{3}|…+)\]?)\s*")


def _locate(quote: str, source: Source) -> tuple[int, int] | None:
    in_chunk = locate(quote, source.chunk.text)
    if in_chunk is not None:
        return source.chunk.start + in_chunk[0], source.chunk.start + in_chunk[1]
    return locate(quote, source.document.text)


def _place(claim: Claim) -> str:
    return claim.source.document.name
