"""Why: a question turns a statement's subject and verb around, so a statement is taken apart here.

Only plain clauses are understood: an opening with a comma or a date after it, a subject, one verb,
the rest. Everything else gives None, and rules then make no question of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from loresmith.generation.extractive.verbs import (
    AUXILIARIES,
    BE,
    base_form,
    is_participle,
    is_past,
    is_present,
)
from loresmith.text.figures import figures


class Clause(NamedTuple):
    """`opening` + `subject` + `verb` + `rest` of the first clause of a sentence."""

    opening: str
    """`By 1801`, without its comma; empty where the subject comes first."""
    subject: str
    verb: str
    rest: str
    """Up to a relative or second clause, without the full stop."""

    @property
    def is_turned_by_itself(self) -> bool:
        """True where a question puts the verb itself before the subject: `was the mill built`."""
        lower = self.verb.lower()
        if lower in ("has", "have", "had"):
            words = [word for word in self.rest.split() if not word.endswith("ly")]
            return bool(words) and (is_participle(words[0]) or words[0] == "been")
        return lower in AUXILIARIES

    def declared(self, rest: str) -> str:
        """The clause as a statement with another `rest`."""
        return _joined(self.subject, self.verb, rest)

    def asked(self, rest: str) -> str:
        """The clause in the order of a question: `did the town receive its charter`."""
        if self.is_turned_by_itself:
            return _joined(self.verb, self.subject, rest)
        base = base_form(self.verb) or self.verb
        does = "does" if is_present(self.verb) or self.verb == "has" else "did"
        does = "do" if self.verb == "have" else does
        return _joined(does, self.subject, base, rest)


def clauses_of(sentence: str) -> list[Clause]:
    """The plain clauses of a statement: the first; one after `and` with the same subject; and one
    after `, which` about a named thing right before it. Empty where none is surely understood."""
    text = sentence.strip().rstrip(".")
    opening, body = _without_opening(text)
    main = _first_clause(body)
    found = _read(main, opening)
    if found is None:
        return []
    return [found.first, *found.second, *_relative(body, main)]


def clause_of(sentence: str) -> Clause | None:
    """The first of `clauses_of`."""
    return next(iter(clauses_of(sentence)), None)


class _Read(NamedTuple):
    first: Clause
    second: list[Clause]


def _read(main: str, opening: str) -> _Read | None:
    words = list(_WORD.finditer(main))
    for number, word in enumerate(words):
        if number and _is_verb(words, number):
            subject, verb = main[: word.start()].strip(), word[0]
            rest = main[word.end() :].strip(" ,")
            own = _without_second_verb(rest)
            first = Clause(opening, subject, verb, own)
            if not _is_noun_phrase(subject) or not _is_sure(first):
                return None
            return _Read(first, _with_second_verb(first, rest[len(own) :]))
    return None


def _with_second_verb(first: Clause, following: str) -> list[Clause]:
    """Of `measured six metres and turned for five hours`, the second. Not of `was built and
    burned`, where the second may be a participle after `was`."""
    found = re.match(r",? (?:and|but) ([a-z]+) (.+)", following)
    if found is None:
        return []
    verb, rest = found[1], found[2]
    is_finite = verb in AUXILIARIES or is_present(verb)
    if not is_finite and not (is_past(verb) and first.verb not in AUXILIARIES):
        return []
    return [Clause("", first.subject, verb, _without_second_verb(rest))]


_ANTECEDENT = re.compile(r"\b(?:the|a|an) (?:(?!the\b|a\b|an\b)[\w&’'-]+ ?){1,8}$")


def _relative(body: str, main: str) -> list[Clause]:
    """`the Oster Museum, which opened in 1987` as a clause of its own."""
    found = re.match(r", which (?=[a-z]+ )", body[len(main) :])
    named = _ANTECEDENT.search(main)
    if found is None or named is None or not re.search(r"\b[A-Z]", named[0]):
        return []
    if re.match(r"(?:the|a|an) [a-z]+ (?:by|to|for|on|with) ", named[0]):
        return []
    told = re.split(r"[,;:(–—]", body[len(main) + found.end() :])[0]
    read = _read(f"{named[0]} {told}", "")
    return [read.first, *read.second] if read and read.first.subject == named[0] else []


_WORD = re.compile(r"[^\s,;:()\"“”]+")
_PREPOSITIONS = (
    "in on at by after before until since during from for with under over between within without"
    " against through across near above below despite according as when while because if although"
    " though today now then later earlier every each once".split()
)
_END = re.compile(
    r",? (?:because|although|though|whereas|while|unless|so that|when|where|until the|before the"
    r"|after the)\b|, (?:which|who|whose|whom|of which|half of which)\b|[;:(–—]"
    r"|,? (?:and|but) (?:then |later |now )?"
    r"(?=(?:it|he|she|they|its|his|her|their|the|a|one|another|nobody)\b)|, but\b"
)
_BREAKS = frozenset(
    "that which who whom whose because when where while and or but not than".split()
)
_BEFORE_NOUNS = frozenset(
    "the a an its his her their our every each newly recently of in on at by for from with to"
    " no this that these those first second third last own".split()
)


_NOUNS_BEFORE_OF = frozenset("cost cut set spread split run rise find show lead".split())


def _without_opening(text: str) -> tuple[str, str]:
    """An opening ends at a comma, or at the end of a date or year that it closes with."""
    first = text.split(" ", 1)[0].rstrip(",").lower()
    if first not in _PREPOSITIONS:
        return "", text
    for figure in figures(text)[:2]:
        after = text[figure.end :]
        dated = figure.unit in ("calendar year", "date", "month and day", "year and month")
        if dated and re.match(r",? (?=the\b|a\b|an\b|[A-Z])", after):
            return text[: figure.end], after.lstrip(" ,")
    head, comma, rest = text.partition(", ")
    if comma and len(head.split()) <= 12:
        return head, rest
    if first in ("today", "now"):
        return first, text.partition(" ")[2]
    return text, ""


def _first_clause(body: str) -> str:
    found = _END.search(body)
    return body[: found.start()] if found else body


def _is_verb(words: list[re.Match[str]], number: int) -> bool:
    word = words[number][0]
    before = words[number - 1][0].lower()
    if before in _BEFORE_NOUNS or not word.isalpha() or word[0].isupper():
        return False
    if word in _NOUNS_BEFORE_OF and [w[0] for w in words[number + 1 : number + 2]] == ["of"]:
        return False
    return word in AUXILIARIES or is_past(word) or is_present(word)


def _is_noun_phrase(subject: str) -> bool:
    words = [word[0].lower() for word in _WORD.finditer(subject)]
    bare = _APPOSITION.sub("", subject)
    if not 1 <= len(words) <= 16 or "," in bare or _BREAKS & set(words) - {"and"}:
        return False
    return words[0] not in _PREPOSITIONS or words[0] == "every"


_APPOSITION = re.compile(r", (?:the |a |an )?[^,]{2,40},$")


def _is_sure(clause: Clause) -> bool:
    """False where the verb may be a participle: `Orders placed by May will be delivered`."""
    if clause.verb in AUXILIARIES:
        return bool(clause.rest)
    later = {word[0].lower() for word in _WORD.finditer(clause.rest)}
    return bool(clause.rest) and not later & (AUXILIARIES | BE)


def _without_second_verb(rest: str) -> str:
    """Cuts `built in 1764 and was sold` before its second verb."""
    for match in re.finditer(r",? (?:and|but) (?=([a-z]+)\b)", rest):
        word = match[1]
        if word in AUXILIARIES or is_past(word) or is_present(word) or is_participle(word):
            return rest[: match.start()]
    return rest


def _joined(*parts: str) -> str:
    text = " ".join(part.strip() for part in parts if part.strip())
    return re.sub(r"\s+([,.;])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,")
