"""Why: of a plain clause a question follows by rule, always grammatical and never invented."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loresmith.generation.extractive.clauses import Clause, clauses_of
from loresmith.generation.extractive.targets import Target
from loresmith.generation.extractive.verbs import (
    BE,
    base_form,
    is_participle,
    is_past,
    is_past_as_participle,
)
from loresmith.generation.extractive.vocabulary import Vocabulary


def rule_questions(sentence: str, target: Target, vocabulary: Vocabulary) -> list[str]:
    """Questions that ask `sentence` for `target`, made by moving its subject and verb.

    In two orders, `In which year was the mill built?` and `What was the year in which the mill
    was built?`, each with and without what follows the asked phrase. None where the sentence is
    not plain or the phrase stands outside its first clause.
    """
    phrase = sentence[target.start : target.end].strip(" ,")
    made: list[str] = []
    for clause in clauses_of(sentence):
        inside = clause._replace(
            subject=vocabulary.inside(clause.subject), opening=vocabulary.inside(clause.opening)
        )
        for questions in _without(phrase, inside, target):
            made += questions
    return list(dict.fromkeys(_finished(question) for question in made))


def _without(phrase: str, clause: Clause, target: Target) -> Iterator[Iterator[str]]:
    """The questions for each way to leave the asked phrase out of the clause."""
    if target.kind == "subject" or (
        target.kind == "amount" and clause.subject.lower().startswith(phrase.lower())
    ):
        yield _about_subject(clause, target)
    elif target.kind == "reason":
        yield _forms(clause, target, clause.rest)
    elif phrase.lower() in clause.opening.lower():
        if clause.opening.lower() == phrase.lower():
            yield _forms(clause._replace(opening=""), target, clause.rest)
    elif clause.rest.count(phrase) == 1:
        before, _, after = clause.rest.partition(phrase)
        before, after = before.strip(" ,"), after.strip(" ")
        if re.match(r", (?:the|a|an)\b", after):  # an apposition goes with what it explains
            after = ""
        if _hangs_on_a_noun(before, target) or _BREAK.search(before):
            return
        yield _forms(clause, target, f"{before} {after} {clause.opening}".strip())
        if after and not _QUALITY.match(after) and (before or target.kind == "amount"):
            yield _forms(clause, target, before)
        short = _PHRASE_LEFT_OUT.sub("", before)
        if short and short != before and _may_leave_out(clause):
            yield _forms(clause, target, short)


def _may_leave_out(clause: Clause) -> bool:
    """False where the verb says nothing without its preposition: `belonged`, `was turned`."""
    verb = clause.rest.split()[0] if clause.is_turned_by_itself else clause.verb
    return (base_form(verb) or verb) not in _NEEDS_ITS_PREPOSITION


def _hangs_on_a_noun(before: str, target: Target) -> bool:
    """True for `a viaduct (of 61 spans)`: the phrase belongs to the noun, not to the verb."""
    words = before.split()
    if target.kind == "place" and words:
        return not (is_participle(words[-1]) or is_past(words[-1]))
    if target.kind in ("amount", "share") and not target.preposition and target.noun != "times":
        return not all(_goes_with_a_verb(word, words[at - 1]) for at, word in enumerate(words))
    return False


def _goes_with_a_verb(word: str, before: str) -> bool:
    """True for the words of `expected to cost`, `since built`, `already sold`."""
    adverb = word.endswith("ly") or word in ("to", "be", "been", "only", "already", "not", "now")
    return adverb or base_form(word) is not None or before == "to"


_PHRASE_LEFT_OUT = re.compile(r" (?:by|from|to|with|at|for|in|under) .*$")
_NEEDS_ITS_PREPOSITION = frozenset(
    "belong consist depend rely lead refer amount result turn apply serve come go lie"
    " be stand live give convert".split()
)
_BREAK = re.compile(r",|\b(?:that|which|who|whose|where|when|because)\b")
_QUALITY = re.compile(r"(?P<quality>long|high|deep|wide|tall|across|thick|old)\b,? ?(?P<more>.*)")


def _forms(clause: Clause, target: Target, rest: str) -> Iterator[str]:
    """The questions of a kind; `rest` is the clause without the asked phrase."""
    asked, told = clause.asked(rest), clause.declared(rest)
    was = "was" if _is_told_of_the_past(clause) else "is"
    match target.kind:
        case "year" | "date":
            yield from (f"{beginning} {asked}" for beginning in target.beginnings[:2])
            if target.preposition in ("in", "on"):
                unit = "year" if target.kind == "year" else "date"
                unit = "month" if target.preposition == "in" and unit == "date" else unit
                yield f"What {was} the {unit} {target.preposition} which {told}"
        case "amount":
            yield from _amount_forms(clause, target, rest, was)
        case "share":
            yield from _share_forms(clause, target, rest, was)
        case "agent":
            yield from _agent_forms(clause, rest)
        case "named":
            if clause.verb in BE and not rest:
                yield f"{target.beginnings[0]} {clause.verb} {clause.subject}"
                if target.beginnings[0] == "Who":
                    yield f"What {clause.verb} the name of {clause.subject}"
        case "place":
            yield f"Where {asked}"
            if target.text[0].isupper():
                yield f"What is the name of the place {target.preposition} which {told}"
        case "reason":
            yield f"Why {asked}"
            yield f"For what reason {asked}"
            yield f"What {was} the reason why {told}"


def _amount_forms(clause: Clause, target: Target, rest: str, was: str) -> Iterator[str]:
    noun, asked, told = target.noun, clause.asked(rest), clause.declared(rest)
    if target.preposition == "of":
        yield f"What {noun} {asked}"
        if clause.verb in ("has", "had"):
            yield f"What {was} the {noun} of {clause.subject} {rest}"
        return
    if target.preposition in ("for", "by", "to", "at", "within"):
        yield from (f"{beginning} {asked}" for beginning in target.beginnings)
        yield f"What {was} the number of {noun} {target.preposition} which {told}"
        return
    if target.preposition:
        return
    quality = _QUALITY.match(rest)
    if clause.verb in BE:
        if quality:
            adjective, more = quality["quality"], quality["more"]
            yield f"How many {noun} {adjective} {clause.asked(more)}"
            if adjective != "across":
                yield f"How {adjective} {clause.asked(more)}"
        elif not rest:
            yield f"What {clause.verb} {clause.subject}"
            yield f"How many {noun} {clause.verb} {clause.subject}"
        return
    yield f"How many {noun} {asked}"
    yield f"What {was} the number of {noun} that {told}"
    if base_form(clause.verb) in ("take", "last") and "How long" in target.beginnings:
        yield f"How long {asked}"


def _share_forms(clause: Clause, target: Target, rest: str, was: str) -> Iterator[str]:
    asked, told = clause.asked(rest), clause.declared(rest)
    if target.preposition:
        yield f"{target.beginnings[0]} {asked}"
        yield f"What {was} the percentage {target.preposition} which {told}"
    elif target.noun:
        yield f"What percentage {target.noun} {asked}"
        yield f"What {was} the percentage {target.noun} that {told}"


def _agent_forms(clause: Clause, rest: str) -> Iterator[str]:
    if clause.verb not in BE:
        return
    participle, _, more = rest.partition(" ")
    yield f"By whom {clause.asked(rest)}"
    if is_past_as_participle(participle) and clause.verb in ("was", "were"):
        yield f"Who {participle} {clause.subject} {more}"


def _about_subject(clause: Clause, target: Target) -> Iterator[str]:
    told = f"{clause.verb} {clause.rest}"
    if target.kind == "amount":
        yield f"How many {target.noun} {told}"
        return
    yield f"Who {told} {clause.opening}"
    yield f"What is the name of the person who {told} {clause.opening}"


def _is_told_of_the_past(clause: Clause) -> bool:
    return clause.verb in ("was", "were", "had") or is_past(clause.verb)


def _finished(question: str) -> str:
    text = re.sub(r"\s+", " ", question).strip(" ,")
    text = re.sub(r"\s+([,.;])", r"\1", text)
    text = re.sub(r"\b(?:about|around|only|nearly|almost|approximately)$", "", text).strip(" ,")
    return f"{text}?"
