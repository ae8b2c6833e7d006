"""Whether a year, quarter, month or day of an answer is one that its source speaks of.

A text of 2031 names 2030 by "last year" too; and a year that is named for comparison only
(2030年同期) is no year that an undated sentence is about.
"""

from __future__ import annotations

import re
from functools import lru_cache

from loresmith.curation.claim import Claim
from loresmith.text.figures import Figure, figures
from loresmith.text.phrases import moment_parts


def is_sourced_moment(figure: Figure, claim: Claim) -> bool:
    """Each part of a date is compared with that part of the dates of the evidence, or where the
    evidence has none, of the surroundings, the passage and the document."""
    sentences = "\n".join(claim.evidence_sentences)
    evidence = _moments(sentences)
    around = _moments(claim.source.surroundings)
    document = _moments(claim.source.document.text)
    said = _moments(f"{claim.question}\n{claim.answer}")
    for name, value in moment_parts(figure).items():
        near = evidence.get(name, _NONE) | around.get(name, _NONE)
        everywhere = near | document.get(name, _NONE)
        if name == "year" and value not in near:
            everywhere -= _bases_alone(claim.source.document.text)
        if value in (near if name in evidence else everywhere):
            continue
        bases = _related(name, value, sentences, said.get(name, _NONE))
        if not bases & everywhere:
            return False
    return True


@lru_cache(maxsize=64)
def _bases_alone(text: str) -> frozenset[int]:
    """The years that a document names for nothing but comparison (2023年同期): no sentence without
    a year is about them."""
    bases: set[int] = set()
    own: set[int] = set()
    for figure in figures(text):
        year = moment_parts(figure).get("year")
        if year is None:
            continue
        compared = _BASE_AFTER.match(text, figure.end) or _BASE_BEFORE.search(
            text[max(0, figure.start - 16) : figure.start]
        )
        (bases if compared else own).add(year)
    return frozenset(bases - own)


_BASE_AFTER = re.compile(r"\s?年?同期")
_BASE_BEFORE = re.compile(
    r"(?:[比较]|相对于|\b(?:than|against|versus|vs\.?|compared with) )\Z", re.IGNORECASE
)
_NONE: frozenset[int] = frozenset()
_BEFORE = {
    "year": re.compile(
        r"去年|上年|上一年|前一年|(?<!年)同期"
        r"|\b(?:last|previous|preceding|prior|same) (?:year|period)"
        r"|\byear (?:before|earlier)",
        re.IGNORECASE,
    ),
    "quarter": re.compile(
        r"上一?个?季|前一?个?季|\b(?:last|previous|preceding|prior) quarter"
        r"|\bquarter (?:before|earlier)",
        re.IGNORECASE,
    ),
    "month": re.compile(
        r"上一?个?月|前一?个?月|\b(?:last|previous|preceding|prior) month"
        r"|\bmonth (?:before|earlier)",
        re.IGNORECASE,
    ),
}
"""Words by which a text of 2031 speaks of 2030 without naming it."""
_AFTER = {
    "year": re.compile(r"明年|次年|翌年|来年|\b(?:next|following) year", re.IGNORECASE),
    "quarter": re.compile(r"下一?个?季|\bnext quarter", re.IGNORECASE),
    "month": re.compile(r"下一?个?月|次月|\bnext month", re.IGNORECASE),
}
_COMPARED = {
    "year": re.compile(r"同比|year[- ]on[- ]year", re.IGNORECASE),
    "quarter": re.compile(r"环比|quarter[- ]on[- ]quarter", re.IGNORECASE),
    "month": re.compile(r"环比|month[- ]on[- ]month", re.IGNORECASE),
}
"""Words of a change from the period before; who names that one names the later one too."""


def _related(name: str, value: int, sentences: str, said: frozenset[int]) -> frozenset[int]:
    """The years, quarters or months from which `sentences` lead to `value`; they go round."""
    cycle = {"quarter": 4, "month": 12}.get(name)
    later = value % cycle + 1 if cycle else value + 1
    earlier = (value - 2) % cycle + 1 if cycle else value - 1
    bases = set()
    if name in _BEFORE and _BEFORE[name].search(sentences):
        bases.add(later)
    if name in _AFTER and _AFTER[name].search(sentences):
        bases.add(earlier)
    if name in _COMPARED and _COMPARED[name].search(sentences) and later in said:
        bases.add(later)
    return frozenset(bases)


@lru_cache(maxsize=4096)
def _moments(text: str) -> dict[str, frozenset[int]]:
    """The years, months, days, quarters and times that a text names."""
    named: dict[str, set[int]] = {}
    for figure in figures(text):
        for name, value in moment_parts(figure).items():
            named.setdefault(name, set()).add(value)
    return {name: frozenset(values) for name, values in named.items()}
