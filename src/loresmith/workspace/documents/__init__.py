"""The documents of a project: upload, preview, chunking, corrections, and asking about them."""

from loresmith.workspace.documents.difference import Difference
from loresmith.workspace.documents.documents import Documents
from loresmith.workspace.documents.estimate import Estimate
from loresmith.workspace.documents.rechunking import ChunkingPreview
from loresmith.workspace.documents.revising import Revised, RevisionLine
from loresmith.workspace.documents.shown import (
    DocumentLine,
    DocumentListing,
    DocumentPage,
    Outline,
    Passage,
    TextPage,
    TextPiece,
    Uploaded,
)
from loresmith.workspace.places import document_key

__all__ = [
    "ChunkingPreview",
    "Difference",
    "DocumentLine",
    "DocumentListing",
    "DocumentPage",
    "Documents",
    "Estimate",
    "Outline",
    "Passage",
    "Revised",
    "RevisionLine",
    "TextPage",
    "TextPiece",
    "Uploaded",
    "document_key",
]
