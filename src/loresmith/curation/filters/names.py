"""Throws out rows with a name that the document does not contain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from loresmith.curation.capitalised import MONTHS_AND_DAYS, OPENERS
from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict
from loresmith.text.normalising import locate
from loresmith.text.overlap import token_set


class NameFilter(Filter):
    """Drops a claim with a name that is nowhere in the document (`name_not_in_source`).

    A name is a capitalised word inside a sentence (no abbreviation), or a title between 《 and 》.
    Chinese names without such marks are not recognised. Abstentions may speak of what is not there.
    Rows in another language than their source are not judged: they spell names in their own way.
    """

    type: Literal["names"] = "names"

    def judge(self, claim: Claim) -> Verdict:
        if claim.kind == "abstention" or claim.is_translated:
            return KEEP
        document = claim.source.document
        known = _words(document.text) | _words(f"{document.title}\n{document.name}")
        for text in (claim.question, claim.answer):
            for name in _names(text):
                if name.lower() not in known and not _is_form_of(name.lower(), known):
                    return drop("name_not_in_source", f"{name!r} is not in {document.name}")
            for title in _TITLE.findall(text):
                if locate(title, f"{document.title}\n{document.text}") is None:
                    return drop("name_not_in_source", f"《{title}》 is not in {document.name}")
        return KEEP


_WORD = re.compile(r"[A-Z][^\W\d_\u3040-\u30ff\u3400-\u9fff]{2,}")  # ends where Chinese begins
_ACRONYM = 5
"""Letters up to which a word in capitals is an abbreviation (CEO) and no name."""
_TITLE = re.compile(r"《([^《》]+)》")
_ORDINARY = MONTHS_AND_DAYS | OPENERS


def _names(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        before = text[: match.start()].rstrip(" \"'“‘(")
        opens_sentence = not before or before[-1] in ".!?:;。！？：；\n"
        is_acronym = match[0].isupper() and len(match[0]) <= _ACRONYM
        if not (opens_sentence or is_acronym) and match[0].lower() not in _ORDINARY:
            yield match[0]


def _is_form_of(word: str, known: frozenset[str]) -> bool:
    """`Norwegian` beside `Norway`: the first five letters are enough."""
    return len(word) > 5 and any(other.startswith(word[:5]) for other in known)


@lru_cache(maxsize=16)
def _words(text: str) -> frozenset[str]:
    return token_set(text)
