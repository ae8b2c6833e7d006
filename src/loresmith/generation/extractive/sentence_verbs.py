"""Why: what a phrase of a sentence belongs to is told by the verb before it."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from loresmith.generation.extractive.targets import Target
from loresmith.generation.extractive.verbs import AUXILIARIES, BE, base_form

WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_](?:[\w’'-]*\w)?")
"""A number, or a word with its hyphens and apostrophes."""
LITTLE_WORDS = frozenset(
    "a an the of in on at to for from by with and or as is are was were be been being do does did"
    " has have had will would can could may might must shall should what which who whom whose when"
    " where why how many much long far high old did it its his her their that than there if not no"
    " after before during since until about per into onto within over under between more less"
    " only up down out off".split()
)
"""Words that say nothing of their own."""


class Verb(NamedTuple):
    """A full verb of a sentence, and the auxiliary before it; both empty where there is none."""

    word: str
    auxiliary: str
    start: int


_NO_VERB = Verb("", "", -1)


def verb_of(text: str, target: Target, *, finite: bool = False) -> Verb:
    """The verb that the asked phrase belongs to: the last one before it, for a cause the first;
    for a subject the one after it. Of `is 27 km long`, only the auxiliary."""
    found = [verb for verb in verbs_in(text) if verb.auxiliary != "to" or not finite]
    if target.kind == "subject" or target.start == 0:
        return next((verb for verb in found if verb.start >= target.end), _NO_VERB)
    before = [verb for verb in found if verb.start < target.start]
    if not before:
        return _NO_VERB
    return before[0] if target.kind == "reason" else before[-1]


def verb_before(text: str, position: int) -> Verb:
    return next((verb for verb in reversed(verbs_in(text)) if verb.start < position), _NO_VERB)


@lru_cache(maxsize=512)
def verbs_in(text: str) -> tuple[Verb, ...]:
    """All full verbs in order; a lone `is` or `has` counts with an empty word."""
    words = list(WORD.finditer(text))
    found: list[Verb] = []
    auxiliary = ""
    for number, match in enumerate(words):
        word, before = match[0], words[number - 1][0].lower() if number else ""
        if word in AUXILIARIES or word in BE:
            auxiliary = auxiliary or word
            near = [other[0] for other in words[number + 1 : number + 4]]
            following = takewhile(lambda other: other not in _DETERMINERS, near)
            if not any(_is_full_verb(other, before=word) for other in following):
                alone = ("", word) if word in BE else (word, "")
                found.append(Verb(*alone, match.start()))
                auxiliary = ""
        elif number and _is_full_verb(word, before=before):
            found.append(Verb(word, "to" if before == "to" else auxiliary, match.start()))
            auxiliary = ""
        elif before not in AUXILIARIES | BE and not word.endswith("ly") and word != "not":
            auxiliary = ""
    return tuple(found)


def _is_full_verb(word: str, *, before: str) -> bool:
    if (
        before in _DETERMINERS
        or not word.islower()
        or word in AUXILIARIES
        or word in BE
        or word in LITTLE_WORDS
    ):
        return False
    return base_form(word) is not None or before in _BEFORE_BASES


_DETERMINERS = frozenset("a an the its his her their every each no".split())
_BEFORE_BASES = frozenset("to will would can could may might must shall should".split())
