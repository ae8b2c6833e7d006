"""Why: two samples in three of a small model are no good, and each fault can be named by rule."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from loresmith.generation.extractive.sentence_verbs import (
    LITTLE_WORDS,
    WORD,
    verb_before,
    verb_of,
    verbs_in,
)
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


def fault_of(question: str, statement: Statement, target: Target, vocabulary: Vocabulary) -> str:
    """Why `question` does not ask `statement` for `target`; empty where it does."""
    words = WORD.findall(question)
    if not question.endswith("?") or question.count("?") != 1 or "\n" in question:
        return "not one question"
    if not _FEWEST_WORDS <= len(words) <= _MOST_WORDS:
        return "too short or too long"
    if not question.startswith(_beginnings(target)):
        return "asks for something else"
    if words[-1].lower() in _LEFT_HANGING:
        return "ends before its last noun"
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


_LEFT_HANGING = frozenset("of out to from on at by with for in into and or the a an".split())
_FEWEST_WORDS, _MOST_WORDS = 4, 34
_WORDS_OF_QUESTIONS = frozenset(
    "year month date day number name person people percentage percent place reason company time"
    " called kind first".split()
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
        "share": ("What was the percentage", "What is the percentage"),
        "agent": ("Which person", "What is the name of the person"),
        "subject": ("Which person", "What is the name of the person"),
        "named": ("What is", "What was", "Who is", "Who was"),
        "place": ("In which place", "What is the name of the place"),
        "reason": ("For what reason", "What was the reason", "What is the reason"),
    }
    if target.kind == "amount":
        if target.preposition == "of":
            return target.beginnings
        quality = tuple(f"How {word}" for word in ("long ", "high ", "deep ", "wide ", "tall "))
        plain = ("What is the", "What was the")  # of a sum: `What was the surplus for 2031?`
        return (*target.beginnings, *plain, *quality)
    return (*target.beginnings, *told[target.kind])


def _names_the_answer(question: str, statement: Statement, target: Target) -> bool:
    """True where a word of the name or cause that is asked for stands in the question."""
    words = set(WORD.findall(question))
    if target.kind in ("agent", "place", "subject", "named"):
        return bool(words & {word for word in WORD.findall(target.text) if word[0].isupper()})
    if target.kind == "reason":
        told = {stem(word) for word in WORD.findall(statement.text[: target.start])}
        cause = {stem(w) for w in WORD.findall(target.text) if w.lower() not in LITTLE_WORDS}
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
    names = [name.text for name in vocabulary.names(statement.text)]
    known = [part for name in names for part in (name, *name.split(" of "))]
    known += [match[0] for match in _LABEL.finditer(statement.text)]
    known += [statement.subject] if statement.subject else []
    for heading in statement.headings:
        known += [name.text for name in vocabulary.names(heading)]
    known += _pairs_of_nouns(vocabulary.title)
    lower = question.lower()
    return [one for one in known if one not in target.text and one.lower() in lower]


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
        if first.isalpha() and second.isalpha() and not {first, second} & LITTLE_WORDS
    ]


def _invention(question: str, statement: Statement) -> str:
    """A name, figure or other telling word that neither the sentence nor a heading has."""
    sources = statement.sources
    known_words = set(WORD.findall(sources))
    known_stems = {stem(word) for word in known_words}
    given = figures(sources)
    for figure in figures(question):
        if not any(covers(one, figure) for one in given):
            return f"{figure.text!r} is not in the sentence"
    for name in _NAME_WITH_ARTICLE.findall(question):
        if name.lower() not in sources.lower():
            return f"{name!r} is not in the sentence"
    for number, word in enumerate(WORD.findall(question)):
        if number and word[0].isupper() and word not in known_words:
            return f"{word!r} is not in the sentence"
        small = word.lower()
        if small in LITTLE_WORDS or small in _WORDS_OF_QUESTIONS or word[0].isdigit() or not number:
            continue
        if stem(small) not in known_stems:
            return f"{word!r} is not in the sentence"
    return ""


_NAME_WITH_ARTICLE = re.compile(r"\bthe [A-Z]\w+")


def _repetition(words: list[str], statement: Statement) -> str:
    """A telling word that stands more often in the question than in its sources."""
    allowed = Counter(stem(word) for word in WORD.findall(statement.sources))
    used = Counter(stem(word) for word in words if word.lower() not in LITTLE_WORDS)
    return next(
        (f"repeats {word!r}" for word, count in used.items() if count > max(1, allowed[word])), ""
    )


def _lost_thread(words: list[str], statement: Statement, target: Target) -> str:
    """The verb and the noun that the answer hangs on must be asked about: `made` in Lutterholm."""
    verb = verb_of(statement.text, target)
    asked = {stem(word) for word in words}
    if target.preposition == "of":
        return "" if _stems(target.noun) <= asked else f"does not ask for {target.noun!r}"
    if verb.word and stem(verb.word) not in asked:
        return f"does not ask about {verb.word!r}"
    if not verb.word and target.kind in ("amount", "named"):
        subject = _stems(statement.text[: verb.start]) if verb.start > 0 else asked
        if not subject <= asked:
            return "does not name the whole subject"
        if target.kind == "named" or words[0] == "What":
            return ""
    asks_for_it = words[1].lower() in _QUALITIES or stem(target.counted) in asked
    if target.kind == "amount" and not asks_for_it:
        return f"does not ask for {target.noun!r}"
    return ""


def _stems(text: str) -> set[str]:
    return {stem(word) for word in WORD.findall(text) if word.lower() not in LITTLE_WORDS}


_QUALITIES = ("long", "high", "deep", "wide", "tall", "old")


def _wrong_verb_form(words: list[str], statement: Statement, target: Target) -> str:
    """`did the mill build`, where it was built; `does the mill sell`, where it sold."""
    verb = verb_of(statement.text, target, finite=True)
    lower = [word.lower() for word in words]
    does = next((word for word in lower if word in _DO), "")
    tells = lower[:2] in (["what", "was"], ["what", "is"]) or lower[0] in ("who", "which")
    if _has_two_auxiliaries(lower) and not tells:
        fits = False
    elif target.kind == "agent" and lower[0] == "who":
        fits = not does and not any(word in BE for word in lower)
    elif verb.auxiliary:
        fits = not does and verb.auxiliary in lower
    elif not verb.word or tells:
        fits = not does
    else:
        fits = does == _support_of(verb.word) and base_form(verb.word) in lower
    return "" if fits else "puts the verb in another form"


_DO = ("do", "does", "did")
_MODALS = frozenset((*_DO, *"will would can could may might must shall should".split()))


def _has_two_auxiliaries(words: list[str]) -> bool:
    """True for `When is Dr Osk will repeat the trial?`; `until it was built` may follow."""
    used = [word for word in words if word in AUXILIARIES or word in _MODALS]
    modals = sum(word in _MODALS for word in used)
    return modals > 1 or (modals == 1 and used[0] not in _MODALS)


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
    first = next((verb.start for verb in verbs_in(text)), len(text))
    for figure in figures(text):
        if target.start <= figure.start < target.end:
            continue
        with_it = figure.unit in _MOMENTS and verb_before(text, figure.start) == own
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
        of_one_verb = verb_before(text, figure.start) == verb_before(text, target.start)
        follows = text[figure.end :].split()[:3]
        alike = figure.unit == unit and (bool(unit) or target.counted in follows)
        told = any(covers(figure, one) for one in asked)
        if alike and of_one_verb and not is_wanted and not told:
            return f"could also ask for {figure.text!r}"
    return ""
