"""Rows: questions with their answers, as people list, review and edit them."""

from loresmith.store.row_index import IndexedRow
from loresmith.store.row_query import RowFilter, RowKind, RowOrder, RowState
from loresmith.workspace.rows.model import (
    AnswerPart,
    DocumentMap,
    Edited,
    Facet,
    Facets,
    Neighbours,
    Progress,
    Reviewed,
    RowPage,
    RowView,
    SourceText,
    Undone,
)
from loresmith.workspace.rows.rewriting import Proposal, propose
from loresmith.workspace.rows.rows import Rows
from loresmith.workspace.rows.view import source_blocks

__all__ = [
    "AnswerPart",
    "DocumentMap",
    "Edited",
    "Facet",
    "Facets",
    "IndexedRow",
    "Neighbours",
    "Progress",
    "Proposal",
    "Reviewed",
    "RowFilter",
    "RowKind",
    "RowOrder",
    "RowPage",
    "RowState",
    "RowView",
    "Rows",
    "SourceText",
    "Undone",
    "propose",
    "source_blocks",
]
