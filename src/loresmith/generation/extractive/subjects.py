"""Why: a sentence that is learned alone must say what it is about, so `It` and `The town` go.

Plain rules, each of which can be told in a sentence; where none fits, the sentence is given up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from loresmith.generation.extractive.clauses import Clause, clause_of
from loresmith.generation.extractive.verbs import BE
from loresmith.generation.extractive.vocabulary import Vocabulary


class Surroundings(NamedTuple):
    """What stands before a sentence in its section."""

    before: Sequence[str]
    """The sentences of the section so far, resolved, oldest first."""
    headings: Sequence[str]
    """The headings above, from the top down."""
    vocabulary: Vocabulary


class Resolved(NamedTuple):
    """A sentence with its subject named, as far as it could be."""

    text: str
    subject: str = ""
    """The phrase that was put in place of a pronoun or a short name; empty where none was."""
    is_clear: bool = True
    """False where it cannot be said what the sentence is about."""


def resolve(sentence: str, around: Surroundings) -> Resolved:
    """Names the subject of `sentence`.

    - `It`, `They`, `He`, `She`: the subject of the sentence before, if that is the one candidate.
    - `Its`, `His`, `Her`, `Their`: the same, as `the wheel of the tide mill at Gannet Point`.
    - `The mill`: a longer name for the same noun in the section (`the tide mill at Gannet Point`)
      or in a heading (`the flood of 1907`).
    - `The town`, `The company`: the name in the title, if the document uses it as one.
    """
    clause = clause_of(sentence)
    subject = clause.subject if clause else sentence.split(",")[0]
    first = subject.split(" ", 1)[0].lower()
    if first in _POINTING:
        return Resolved(sentence, is_clear=False)
    if first in _PRONOUNS or first in _POSSESSIVES:
        return _without_pronoun(sentence, subject, around)
    if first == "the" and clause and not around.vocabulary.names(subject):
        return _with_longer_name(sentence, subject, around)
    loose = _LOOSE.search(sentence)
    if loose and not around.vocabulary.names(sentence[: loose.start()]):
        return Resolved(sentence, is_clear=False)
    return Resolved(sentence)


_PRONOUNS = {"it": "thing", "they": "things", "he": "person", "she": "person"}
_POSSESSIVES = {"its": "thing", "their": "things", "his": "person", "her": "person"}
_POINTING = frozenset(
    "this these that those such both neither either others another there here so then one some"
    " most half two three".split()
)
_LOOSE = re.compile(r"\b(?:it|they|them|he|him|she|its|their|his|her)\b", re.IGNORECASE)
_PLACES = frozenset("town city village port island county district parish borough".split())
_COMPANIES = frozenset("company firm group corporation manufacturer maker".split())
_CORPORATE = r"(?:Ltd|Limited|Inc|plc|PLC|LLC|GmbH|AG|Co|Corp|Company|Corporation)\b"


def _without_pronoun(sentence: str, subject: str, around: Surroundings) -> Resolved:
    word, _, noun = subject.partition(" ")
    kind = _PRONOUNS.get(word.lower()) or _POSSESSIVES[word.lower()]
    antecedent = _antecedent(kind, around)
    if not antecedent:
        return Resolved(sentence, is_clear=False)
    inside = around.vocabulary.inside(antecedent)
    if word.lower() in _PRONOUNS:
        return Resolved(_replaced(sentence, word, inside), antecedent)
    if not noun or clause_of(sentence) is None:
        return Resolved(sentence, is_clear=False)
    return Resolved(_replaced(sentence, subject, f"the {noun} of {inside}"), antecedent)


def _antecedent(kind: str, around: Surroundings) -> str:
    """The named subject of the sentence before, if nothing else there can be meant."""
    clause = clause_of(around.before[-1]) if around.before else None
    if clause is None:
        return ""
    names = around.vocabulary.names(clause.subject)
    if not names:
        return ""
    if kind == "person":
        whole = len(names) == 1 and _is_bare_name(clause.subject, names[0].text)
        rivals = [n for n in around.vocabulary.names(clause.rest) if _may_be_a_person(n.text)]
        return clause.subject if whole and not rivals else ""
    if kind == "things":
        plural = re.search(r"\b\w+s\b", clause.subject.split(" of ")[0].split(" at ")[0])
        return clause.subject if plural and _has_no_object(clause) else ""
    in_title = clause.subject in around.vocabulary.title_names
    if not in_title and not clause.subject.lower().startswith(("the ", "a ", "an ")):
        return ""
    return clause.subject if _has_no_object(clause) else ""


def _is_bare_name(subject: str, name: str) -> bool:
    """`Margit Oyelaran`, `Dr Hanne Osk`, `Her predecessor, Edwin Tamsin`; not `The Oster`."""
    return subject.removeprefix("Mr ").removeprefix("Mrs ").removeprefix("Ms ") == name


def _may_be_a_person(name: str) -> bool:
    return len(name.split()) == 2 and "&" not in name and not name[-1].isdigit()


def _has_no_object(clause: Clause) -> bool:
    """True after `is`, or where the verb goes with a preposition: no other noun can be meant."""
    if clause.verb in BE:
        return True
    following = clause.rest.split(" ", 1)[0].lower()
    return following in ("in", "on", "at", "by", "from", "to", "with", "for", "of", "across", "up")


def _with_longer_name(sentence: str, subject: str, around: Surroundings) -> Resolved:
    head = re.split(r" (?:of|in|on|at|from|for|with|to|below|under) ", subject)[0].split()[-1]
    found = (
        _in_headings(head, around)
        or _in_section(head, subject, around)
        or _in_title(head.lower(), around)
    )
    if found and subject.lower().startswith("the ") and subject.lower() == f"the {head.lower()}":
        return Resolved(_replaced(sentence, subject, found), found)
    if around.vocabulary.names(sentence):
        return Resolved(sentence)  # whether it names enough, each question must show
    return Resolved(sentence, is_clear=False)


def _in_headings(head: str, around: Surroundings) -> str:
    for heading in reversed(around.headings):
        bare = re.sub(r"^(?:The|A|An) ", "", heading.strip())
        tells = re.search(r"\b\d{4}\b", bare) or around.vocabulary.names(f"x {bare}")
        if re.search(rf"\b{head}\b", bare, re.IGNORECASE) and tells and len(bare.split()) <= 5:
            return f"the {around.vocabulary.inside(bare)}" if " and " not in bare else ""
    return ""


def _in_section(head: str, subject: str, around: Surroundings) -> str:
    pattern = re.compile(
        rf"\b[Tt]he ((?:[a-z]+ ){{0,2}}{re.escape(head)} (?:of|at|in|on) (?:the )?[A-Z][\w’'-]+"
        r"(?: (?:& )?[A-Z][\w’'-]+)*)"
    )
    found = {f"the {match[1]}" for text in around.before for match in pattern.finditer(text)}
    return found.pop() if len(found) == 1 and subject.lower() == f"the {head.lower()}" else ""


def _in_title(head: str, around: Surroundings) -> str:
    names = around.vocabulary.title_names
    if len(names) != 1:
        return ""
    used = around.vocabulary.text
    name = re.escape(names[0])
    if head in _PLACES and re.search(rf"\b(?:[Ii]n|near|reached|town of) {name}\b", used):
        return names[0]
    if head in _COMPANIES and re.search(rf"\b{name}(?: \w+)? {_CORPORATE}", used):
        return names[0]
    return ""


def _replaced(sentence: str, old: str, new: str) -> str:
    """`sentence` with its first `old` replaced, and a capital where it begins."""
    at = re.search(rf"(?<!\w){re.escape(old)}(?!\w)", sentence)
    if at is None:
        return sentence
    text = sentence[: at.start()] + new + sentence[at.end() :]
    return text[0].upper() + text[1:]
