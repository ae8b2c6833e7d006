"""Why: two samples in three of a small model are no good, and each fault can be named by rule."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from loresmith.generation.extractive.statements import Statement
from loresmith.generation.extractive.targets import Target
from loresmith.generation.extractive.verbs import (
    AUXILIARIES,
    BE,
    base_form,
    is_past,
    is_present,
    stem,
)
from loresmith.generation.extractive.vocabulary import Vocabulary
from loresmith.text.figures import figures
from loresmith.text.phrases import covers, reveals


def fault_of(
    question: str, statement: Statement, target: Target, vocabulary: Vocabulary
) -> str:
    """Why `question` does not ask `statement` for `target`; empty where it does."""
    words = _WORD.findall(question)
    if not question.endswith("?") or question.count("?") != 1 or "\n" in question:
        return "not one question"
    if not _FEWEST_WORDS <= len(words) <= _MOST_WORDS:
        return "too short or too long"
    if not question.startswith(_beginnings(target)):
        return "asks for something else"
    if reveals(question, target.text) or _names_the_answer(question, statement, target):
        return "contains the answer"
    if _points_elsewhere(question, vocabulary):
        return "not self-contained"
    if not _entities(statement, target, vocabulary, question):
        return "names nothing"
    return (
        _invention(question, statement)
        or _repetition(words, statement)
        or _lost_thread(words, statement, target)
        or _wrong_verb_form(words, statement, target)
        or _lost_period(question, statement, target)
        or _ambiguity(question, statement, target)
    )


_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_](?:[\w’'-]*\w)?")
_FEWEST_WORDS, _MOST_WORDS = 4, 34
_SMALL = frozenset(
    "a an the of in on at to for from by with and or as is are was were be been being do does did"
    " has have had will would can could may might must shall should what which who whom whose when"
    " where why how many much long far high old did it its his her their that than there if not no"
    " after before during since until about per into onto within over under between more less"
    " only up down out off".split()  # noqa: SIM905
)
_WORDS_OF_QUESTIONS = frozenset(
    "year month date day number name person people percentage percent place reason company time"
    " called kind first".split()  # noqa: SIM905
)
_POINTING = re.compile(
    r"\b(?:it|they|he|she|him|them|this|these|those|we|our|us|you|your|I|my|above|following"
    r"|sentence|passage|document|text|article)\b",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"\b(?:its|his|her|their)\b")


def _beginnings(target: Target) -> tuple[str, ...]:
    told: dict[str, tuple[str, ...]] = {
        "year": ("What year", "What was the year", "What is the year"),
        "date": (
            *("What date", "What was the date", "What is the date"),
            *("What was the month", "What is the month"),
        ),
        "amount": ("What was the number", "What is the number", "How "),
        "share": ("What was the percentage", "What is the percentage"),
        "agent": ("Which person", "What is the name of the person"),
        "subject": ("Which person", "What is the name of the person"),
        "place": ("In which place", "What is the name of the place"),
        "reason": ("For what reason", "What was the reason", "What is the reason"),
    }
    if target.kind == "amount":
        quality = tuple(f"How {word}" for word in ("long ", "high ", "deep ", "wide ", "tall "))
        return (*target.beginnings, *told["amount"][:2], *quality)
    return (*target.beginnings, *told[target.kind])


def _names_the_answer(question: str, statement: Statement, target: Target) -> bool:
    """True where a word of the name or cause that is asked for stands in the question."""
    words = set(_WORD.findall(question))
    if target.kind in ("agent", "place", "subject"):
        return bool(words & {word for word in _WORD.findall(target.text) if word[0].isupper()})
    if target.kind == "reason":
        told = {stem(word) for word in _WORD.findall(statement.text[: target.start])}
        cause = {stem(w) for w in _WORD.findall(target.text) if w.lower() not in _SMALL}
        return bool((cause - told) & {stem(word) for word in words})
    return False


def _points_elsewhere(question: str, vocabulary: Vocabulary) -> bool:
    if _POINTING.search(question):
        return True
    loose = _POSSESSIVE.search(question)
    return bool(loose and not vocabulary.names(question[: loose.start()]))


def _entities(
    statement: Statement, target: Target, vocabulary: Vocabulary, question: str
) -> list[str]:
    """What the question names: names and labels of its sentence, or words of the title."""
    known = [name.text for name in vocabulary.names(statement.text)]
    known += [match[0] for match in _LABEL.finditer(statement.text)]
    known += [statement.subject] if statement.subject else []
    for heading in statement.headings:
        known += [name.text for name in vocabulary.names(heading)]
        known += _pairs_of_nouns(heading)
    lower = question.lower()
    return [one for one in known if one != target.text and one.lower() in lower]


_LABEL = re.compile(
    r"\b(?:batch|sample|group|phase|room|gate|hall|line|unit|model|version|dock|berth|pier|shed"
    r"|crane|tank|reactor|plot|trial|run|class|type|mark|pump|well|mine|pit|block|tower|platform"
    r"|station|route|zone|ward|lot|stage|patient|boiler|kiln|engine|mill|cell|probe|cabin|pond)"
    r" (?:\d{1,3}|[A-Z])(?!\w)",
    re.IGNORECASE,
)


def _pairs_of_nouns(heading: str) -> list[str]:
    words = heading.lower().split()
    return [
        f"{first} {second}"
        for first, second in pairwise(words)
        if first.isalpha() and second.isalpha() and not {first, second} & _SMALL
    ]


def _invention(question: str, statement: Statement) -> str:
    """A name, figure or other telling word that neither the sentence nor a heading has."""
    sources = statement.sources
    known_words = set(_WORD.findall(sources))
    known_stems = {stem(word) for word in known_words}
    given = figures(sources)
    for figure in figures(question):
        if not any(covers(one, figure) for one in given):
            return f"{figure.text!r} is not in the sentence"
    for number, word in enumerate(_WORD.findall(question)):
        if number and word[0].isupper() and word not in known_words:
            return f"{word!r} is not in the sentence"
        small = word.lower()
        if small in _SMALL or small in _WORDS_OF_QUESTIONS or word[0].isdigit() or not number:
            continue
        if stem(small) not in known_stems:
            return f"{word!r} is not in the sentence"
    return ""


def _repetition(words: list[str], statement: Statement) -> str:
    """A telling word that stands more often in the question than in its sources."""
    allowed = Counter(stem(word) for word in _WORD.findall(statement.sources))
    used = Counter(stem(word) for word in words if word.lower() not in _SMALL)
    return next(
        (f"repeats {word!r}" for word, count in used.items() if count > max(1, allowed[word])), ""
    )


def _lost_thread(words: list[str], statement: Statement, target: Target) -> str:
    """The verb and the noun that the answer hangs on must be asked about: `made` in Lutterholm."""
    verb = verb_of(statement.text, target)
    asked = {stem(word) for word in words}
    if verb.word and stem(verb.word) not in asked:
        return f"does not ask about {verb.word!r}"
    asks_for_it = words[1].lower() in _QUALITIES or stem(target.counted) in asked
    if target.kind == "amount" and not asks_for_it:
        return f"does not ask for {target.noun!r}"
    return ""


_QUALITIES = ("long", "high", "deep", "wide", "tall", "old")


def _wrong_verb_form(words: list[str], statement: Statement, target: Target) -> str:
    """`did the mill build`, where it was built; `does the mill sell`, where it sold."""
    verb, lower = verb_of(statement.text, target), [word.lower() for word in words]
    does = next((word for word in lower if word in ("do", "does", "did")), "")
    tells = lower[:2] in (["what", "was"], ["what", "is"]) or lower[0] in ("who", "which")
    if target.kind == "agent" and lower[0] == "who":
        fits = not does and not any(word in BE for word in lower)
    elif verb.auxiliary:
        fits = not does and verb.auxiliary in lower
    elif not verb.word or tells:
        fits = not does
    else:
        fits = does == _support_of(verb.word) and base_form(verb.word) in lower
    return "" if fits else "puts the verb in another form"


def _support_of(verb: str) -> str:
    if is_present(verb) or verb == "has":
        return "does"
    return "did" if is_past(verb) or verb == "had" else "do"


def _lost_period(question: str, statement: Statement, target: Target) -> str:
    """A sum or share is true of a period: dates that go with it, and what the sentence opens with,
    must be in the question."""
    if target.kind not in ("amount", "share"):
        return ""
    text, asked = statement.text, figures(question)
    own = verb_of(text, target)
    first = next((verb.start for verb in _verbs(text)), len(text))
    for figure in figures(text):
        if target.start <= figure.start < target.end:
            continue
        with_it = figure.unit in _MOMENTS and _verb_before(text, figure.start) == own
        if (with_it or figure.start < first) and not any(covers(f, figure) for f in asked):
            return f"leaves out {figure.text!r}"
    return ""


_MOMENTS = ("calendar year", "date", "month and day", "year and month")


def _ambiguity(question: str, statement: Statement, target: Target) -> str:
    """Of two years or two sums that go with one verb, the question must tell which it asks for:
    by the other one, or by the preposition (`To how many crowns ...?`)."""
    if target.kind not in ("year", "date", "amount"):
        return ""
    if target.preposition and question.startswith(f"{target.preposition.capitalize()} how many"):
        return ""
    text, asked, wanted = statement.text, figures(question), figures(target.text)
    unit = wanted[0].unit if wanted else ""
    for figure in figures(text):
        is_wanted = any(covers(figure, one) for one in wanted)
        of_one_verb = _verb_before(text, figure.start) == _verb_before(text, target.start)
        follows = text[figure.end :].split()[:3]
        alike = figure.unit == unit and (bool(unit) or target.counted in follows)
        told = any(covers(figure, one) for one in asked)
        if alike and of_one_verb and not is_wanted and not told:
            return f"could also ask for {figure.text!r}"
    return ""


class Verb(NamedTuple):
    """A full verb of a sentence, and the auxiliary before it; both empty where there is none."""

    word: str
    auxiliary: str
    start: int


_NO_VERB = Verb("", "", -1)


def verb_of(text: str, target: Target) -> Verb:
    """The verb that the asked phrase belongs to: the last one before it, for a cause the first;
    for a subject the one after it. Of `is 27 km long`, only the auxiliary."""
    found = _verbs(text)
    if target.kind == "subject" or target.start == 0:
        return next((verb for verb in found if verb.start >= target.end), _NO_VERB)
    before = [verb for verb in found if verb.start < target.start]
    if not before:
        return _NO_VERB
    return before[0] if target.kind == "reason" else before[-1]


def _verb_before(text: str, position: int) -> Verb:
    return next((verb for verb in reversed(_verbs(text)) if verb.start < position), _NO_VERB)


@lru_cache(maxsize=512)
def _verbs(text: str) -> tuple[Verb, ...]:
    """All full verbs in order; a lone `is` or `has` counts with an empty word."""
    words = list(_WORD.finditer(text))
    found: list[Verb] = []
    auxiliary = ""
    for number, match in enumerate(words):
        word, before = match[0], words[number - 1][0].lower() if number else ""
        if word in AUXILIARIES or word in BE:
            auxiliary = auxiliary or word
            following = [other[0] for other in words[number + 1 : number + 4]]
            if not any(_is_full_verb(other, before=word) for other in following):
                found.append(Verb("" if word in BE else word, word if word in BE else "", match.start()))
                auxiliary = ""
        elif number and _is_full_verb(word, before=before):
            found.append(Verb(word, auxiliary, match.start()))
            auxiliary = ""
        elif before not in AUXILIARIES | BE and not word.endswith("ly") and word != "not":
            auxiliary = ""
    return tuple(found)


def _is_full_verb(word: str, *, before: str) -> bool:
    if not word.islower() or word in AUXILIARIES or word in BE or word in _SMALL:
        return False
    return base_form(word) is not None or before in _BEFORE_BASES


_BEFORE_BASES = frozenset("to will would can could may might must shall should".split())  # noqa: SIM905
