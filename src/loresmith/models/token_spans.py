"""Why: a text can be measured in the tokens of a model without loading the model."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from loresmith.errors import MissingDependency, ModelUnavailable
from loresmith.models.base_models import folder_of_tokenizer
from loresmith.settings import load_settings

APPROXIMATE = "approximate"
"""The name of a count that needs no tokenizer."""

TokenSpans = Callable[[str], list[tuple[int, int]]]
"""Where the tokens of a text stand in it, in order; one after the other, as half-open ranges of
code points. Tokens that share a character have its range in common."""


def token_spans(tokenizer: str) -> TokenSpans:
    """The way to cut texts into tokens that `tokenizer` names.

    It is a base model's name as in a recipe (`embedded`, a folder, a hub id, `modelscope:ID`), of
    which nothing but the tokenizer is fetched where that can be had alone, or `approximate`. Read
    once a process. Raises ModelUnavailable, and MissingDependency without the library.
    """
    return approximate_spans if tokenizer == APPROXIMATE else _spans_of(tokenizer)


_CHARACTERS = re.compile(
    "[\u1100-\u11ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]"
    "{1,3}|[^\u1100-\u11ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\uff00-\uffef]{1,4}"
)


def approximate_spans(text: str) -> list[tuple[int, int]]:
    """Two tokens for three Chinese, Japanese or Korean characters, one for four of other text:
    what current tokenizers need, to about a fifth."""
    found: list[tuple[int, int]] = []
    for match in _CHARACTERS.finditer(text):
        start, end = match.span()
        if end - start == 3 and not match.group().isascii() and match.group()[0] >= "\u1100":
            found += [(start, start + 1), (start + 1, end)]
        else:
            found.append((start, end))
    return found


@lru_cache(maxsize=4)
def _spans_of(tokenizer: str) -> TokenSpans:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingDependency("tokenizers", extra="train") from error
    file = folder_of_tokenizer(tokenizer, load_settings()) / "tokenizer.json"
    try:
        read = Tokenizer.from_file(str(file))
    except Exception as error:
        raise ModelUnavailable(
            f"the tokenizer {file} cannot be read: {error}",
            hint="Its file may be damaged: fetch the model again, or use approximate.",
        ) from error
    read.no_truncation()
    read.no_padding()

    def spans(text: str) -> list[tuple[int, int]]:
        offsets: list[tuple[int, int]] = read.encode(text, add_special_tokens=False).offsets
        return offsets

    return spans
