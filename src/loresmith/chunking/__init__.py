"""Chunking: a document becomes passages of a length that a model can be asked about.

A new chunker is one file with a `Chunker` and its name in `AnyChunker`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.chunking.base import Chunker
from loresmith.chunking.fixed_length import FixedLengthChunker
from loresmith.chunking.headings import HeadingChunker
from loresmith.chunking.manual import ManualChunker
from loresmith.chunking.recursive import RecursiveChunker
from loresmith.chunking.sentences import SentenceChunker
from loresmith.chunking.separator import SeparatorChunker
from loresmith.chunking.tokens import TokenChunker
from loresmith.component import any_instance_of

__all__ = [
    "AnyChunker",
    "Chunker",
    "FixedLengthChunker",
    "HeadingChunker",
    "ManualChunker",
    "RecursiveChunker",
    "SentenceChunker",
    "SeparatorChunker",
    "TokenChunker",
]

AnyChunker = Annotated[
    Annotated[
        # One member a line; each has its own `type`.
        HeadingChunker
        | SentenceChunker
        | RecursiveChunker
        | FixedLengthChunker
        | TokenChunker
        | SeparatorChunker
        | ManualChunker,
        Field(discriminator="type"),
    ],
    any_instance_of(Chunker),
]
