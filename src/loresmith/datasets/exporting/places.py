"""Where the evidence of a row is to be found, in words that a person can follow."""

from __future__ import annotations

from collections.abc import Mapping

from loresmith.records import Document, Provenance


def told_places(origin: Provenance, documents: Mapping[str, Document]) -> tuple[str, ...]:
    """One line for each piece of evidence, such as `report.pdf, page 3, characters 1204-1377`.

    Characters are counted from 0 in the document's text, the end not included. `documents` are
    known by their ids; their texts are not looked at. Evidence of others is passed over.
    """
    lines = []
    for span in origin.evidence:
        document = documents.get(span.document_id)
        if document is None:
            continue
        sections = document.sections_of(span.start, span.end)
        on = [f"{one.kind} {one.label}" for one in sections]
        lines.append(", ".join([document.name, *on, f"characters {span.start}-{span.end}"]))
    return tuple(dict.fromkeys(lines))
