"""Chunking: a document becomes passages of a length that a model can be asked about.

A new chunker is one file with a `Chunker` and its name in `AnyChunker`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.chunking.base import Chunker
from loresmith.chunking.headings import HeadingChunker
from loresmith.chunking.sentences import SentenceChunker
from loresmith.component import any_instance_of

__all__ = ["AnyChunker", "Chunker", "HeadingChunker", "SentenceChunker"]

AnyChunker = Annotated[
    Annotated[HeadingChunker | SentenceChunker, Field(discriminator="type")],
    any_instance_of(Chunker),
]
