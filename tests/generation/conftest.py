"""A passage in each language."""

from __future__ import annotations

import pytest

from loresmith.records import Chunk, Document
from small_corpus import CHINESE, ENGLISH, chunk_of, document_of


@pytest.fixture
def english() -> tuple[Chunk, Document]:
    document = document_of(ENGLISH)
    return chunk_of(document, context="Harbour"), document


@pytest.fixture
def chinese() -> tuple[Chunk, Document]:
    document = document_of(CHINESE, name="纪要.txt", language="zh")
    return chunk_of(document), document
