"""A chunker that counts in the tokens of a model: for those who know what fits its window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.chunking.base import Chunker
from loresmith.chunking.partition import Stretch
from loresmith.chunking.windows import Ruler, windows
from loresmith.models.token_spans import TokenSpans, token_spans
from loresmith.records import Document


class TokenChunker(Chunker):
    """Cuts after so many tokens of a model, wherever headings stand; each passage can repeat the
    end of the one before.

    A passage ends with a sentence, a clause or a word where one ends in its last fifth.
    """

    type: Literal["tokens"] = "tokens"
    max_tokens: int = Field(
        default=800, ge=16, json_schema_extra={"common": True, "unit": "tokens"}
    )
    """Longest chunk, in tokens; never exceeded. Only the last of a document is much shorter."""
    overlap_tokens: int = Field(
        default=100, ge=0, json_schema_extra={"common": True, "unit": "tokens"}
    )
    """Most tokens of the end of a chunk that the next one repeats, at most half of `max_tokens`;
    less where a sentence or a word begins a little later. 0 repeats nothing."""
    tokenizer: str = Field(default="approximate", min_length=1, json_schema_extra={"common": True})
    """Whose tokens are counted: `approximate` needs no model and is right to about a fifth; else
    the name of a model as for `base_model`, of which only tokenizer.json is fetched if it can be.
    """

    @model_validator(mode="after")
    def _room_for_more(self) -> Self:
        if self.overlap_tokens * 2 > self.max_tokens:
            raise ValueError(
                f"overlap_tokens ({self.overlap_tokens}) is more than half of max_tokens "
                f"({self.max_tokens})"
            )
        return self

    @property
    def longest(self) -> int:
        return self.max_tokens

    def measure(self, text: str) -> int:
        """How many tokens `text` has by itself. Raises as `stretches` does."""
        return len(token_spans(self.tokenizer)(text))

    def stretches(self, document: Document) -> Sequence[Stretch]:
        """Raises ModelUnavailable and MissingDependency where the tokenizer cannot be had."""
        spans = token_spans(self.tokenizer)
        ruler = _Tokens(document.text, spans, self.max_tokens, self.overlap_tokens)
        return list(windows(document.text, ruler))


_CHARACTERS_A_TOKEN = 4


class _Tokens(Ruler):
    """Counts the tokens that a passage has by itself, for they depend on what stands around."""

    def __init__(self, text: str, spans: TokenSpans, most: int, overlap: int) -> None:
        self._text = text
        self._spans = spans
        self._most = most
        self._overlap = overlap

    def reach(self, start: int, limit: int) -> int:
        room = self._most * _CHARACTERS_A_TOKEN
        while True:
            end = min(start + room, limit)
            found = self._spans(self._text[start:end].rstrip())
            if len(found) > self._most:
                return start + max(1, found[self._most][0])
            if end == limit:
                return end
            room *= 2

    def back(self, start: int, end: int) -> int:
        if not self._overlap:
            return end
        found = self._spans(self._text[start:end].rstrip())
        return start + found[-self._overlap][0] if len(found) > self._overlap else start
