"""Why: a question is checked best when it is known beforehand what it is to ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from loresmith.generation.extractive.verbs import (
    AUXILIARIES,
    base_form,
    is_participle,
    is_past,
    is_present,
)
from loresmith.generation.extractive.vocabulary import Vocabulary
from loresmith.text.figures import Figure, figures

TargetKind = Literal[
    "year", "date", "amount", "share", "agent", "place", "reason", "subject", "named"
]


class Target(NamedTuple):
    """A phrase of a sentence that a question can ask for."""

    kind: TargetKind
    text: str
    """The short answer: a figure with its unit or what it counts, a name, a cause."""
    start: int
    """Where the phrase begins in the sentence, with its preposition and `about`."""
    end: int
    preposition: str
    """In small letters; empty where the phrase has none."""
    noun: str
    """What is counted or measured: `kilometres`, `timber spans`; of a share, `of the iodine`."""
    beginnings: tuple[str, ...]
    """How a question for it may begin; the first ones sound best."""

    @property
    def counted(self) -> str:
        """The last word of what is counted, without what follows it: `milligrams` (of iodine)."""
        words = re.split(r" (?:of|per|an?) ", self.noun)[0].split()
        return words[-1] if words else ""


def targets_of(sentence: str, vocabulary: Vocabulary) -> list[Target]:
    """All phrases of `sentence` that can be asked for, best kinds first."""
    names = vocabulary.names(sentence)
    found = [
        *_measured(sentence),
        *_agents_and_places(sentence, vocabulary),
        *_named(sentence, vocabulary),
        *_reason(sentence),
    ]
    inside = [(name.start, name.end) for name in names]
    plain = [
        target
        for target in found
        if target.kind not in _FIGURES
        or not any(start < target.end - 1 and target.start < end for start, end in inside)
    ]
    return sorted(plain, key=lambda target: (_ORDER[target.kind], target.start))


_FIGURES = ("year", "date", "amount", "share")
_ORDER = {
    "date": 0, "year": 0, "amount": 1, "share": 1, "agent": 2, "subject": 2, "named": 2,
    "place": 3, "reason": 4,
}  # fmt: skip
_BEFORE = re.compile(
    r"(?:\b(?P<preposition>in|on|at|by|for|to|from|since|until|within|after|before|of|between)\s+)?"
    r"(?P<about>(?:the year|about|around|nearly|almost|roughly|approximately|only|exactly|some"
    r"|just)\s+)?(?P<bound>(?:more than|less than|fewer than|over|at least|at most|up to)\s+)?$",
    re.IGNORECASE,
)
_NO_NOUNS = frozenset(
    "in on at by for to from since until within after before of between and or but than as per"
    " that which who when where while because a an the this its his her their each every more"
    " less fewer later earlier long high deep wide tall across old away apart ago".split()
)
_IRREGULAR_PLURALS = frozenset(
    "people men women children staff fish sheep feet teeth crew cattle aircraft".split()
)


def _measured(sentence: str) -> Iterator[Target]:
    for figure in figures(sentence):
        before = _BEFORE.search(sentence, 0, figure.start)
        if before is None or sentence[figure.start - 1 : figure.start] in ("-", "/"):
            continue
        start, preposition = before.start(), (before["preposition"] or "").lower()
        of = _NOUN_OF.search(sentence, 0, figure.start) if preposition == "of" else None
        if of and is_verb_like(of["verb"]) and figure.unit not in _MOMENTS:
            made = _amount_of_a_noun(figure, of, sentence)
        elif figure.unit in _MOMENTS or _is_early_year(figure, preposition, sentence):
            made = _moment(figure, preposition, start, sentence)
        elif figure.unit == "%":
            made = _share(figure, preposition, before["bound"] or "", start, sentence)
        else:
            made = _amount(figure, preposition, before["bound"] or "", start, sentence)
        if made is not None:
            yield made


_MOMENTS = ("calendar year", "date", "month and day", "year and month")


def _is_early_year(figure: Figure, preposition: str, sentence: str) -> bool:
    """`in 1322`: four bare digits after `in`, with no noun behind."""
    digits = re.fullmatch(r"1\d{3}", figure.text.strip()) is not None
    alone = not _counted(sentence[figure.end :])
    return digits and alone and not figure.unit and preposition in ("in", "since", "until")


def _moment(figure: Figure, preposition: str, start: int, sentence: str) -> Target | None:
    if re.match(r"(?:'s|’s|-| (?:and|or|to) \d)", sentence[figure.end :]):
        return None
    if re.search(r"\bfrom [^,]*\d[^,]*$", sentence[:start]):
        return None  # `48 million, from 41 million in 2030`: the year of the rival
    year = figure.unit in ("calendar year", "")
    beginnings: dict[str, tuple[str, ...]] = {
        "in": ("In which year", "When", "In what year") if year else ("When", "In which month"),
        "on": ("When", "On what date", "On which day"),
        "since": ("Since when", "Since which year") if year else ("Since when",),
        "until": ("Until when", "Until which year") if year else ("Until when",),
    }
    if preposition not in beginnings or (preposition == "on" and year):
        return None
    kind: TargetKind = "year" if year else "date"
    text = figure.text.rstrip(" .,")
    end = figure.start + len(text)
    return Target(kind, text, start, end, preposition, "", beginnings[preposition])


_NOUN_OF = re.compile(
    r"\b(?P<verb>[a-z]+) (?P<phrase>an? (?P<noun>[a-z]+(?: [a-z]+)?) of )"
    r"(?:(?:about|around|nearly|almost|roughly|only) )?$"
)


def _amount_of_a_noun(figure: Figure, of: re.Match[str], sentence: str) -> Target | None:
    """`a rated load of 64 tonnes` after a verb: asked for as `What rated load`."""
    counted = "" if figure.unit else _counted(sentence[figure.end :])
    if not figure.unit and not counted:
        return None
    end = figure.end + 1 + len(counted) if counted else figure.end
    noun = of["noun"]
    beginnings = (f"What {noun}", f"What is the {noun}", f"What was the {noun}")
    text = sentence[figure.start : end].strip()
    return Target("amount", text, of.start("phrase"), end, "of", noun, beginnings)


def _share(
    figure: Figure, preposition: str, bound: str, start: int, sentence: str
) -> Target | None:
    of = re.match(r" of (?:the |all |its )?[a-z]+(?: [a-z]+(?= (?:in|on|at|by|for|was|is)\b))?",
                  sentence[figure.end :])  # fmt: skip
    text = f"{bound}{figure.text}".strip()
    if preposition in ("by", "at", "to", "from"):
        beginnings: tuple[str, ...] = (f"{preposition.capitalize()} what percentage",)
        return Target("share", text, start, figure.end, preposition, "", beginnings)
    if of is None or preposition:
        return None
    noun, end = of[0].strip(), figure.end + len(of[0])
    return Target("share", text, start, end, "", noun, ("What percentage",))


def _amount(
    figure: Figure, preposition: str, bound: str, start: int, sentence: str
) -> Target | None:
    """A count with what it counts, or a measure; labels such as `batch 2` are neither."""
    if figure.unit in ("ordinal", "time of day", "month of year", "quarter of year", "degree"):
        return None
    noun, end = _unit_words(figure), figure.end
    if not noun:
        counted = _counted(sentence[figure.end :])
        noun, end = counted, figure.end + 1 + len(counted)
    is_aside = not preposition and sentence[:start].rstrip().endswith(",")
    if is_aside or not noun or figure.value == 1 or not _is_plural(noun):
        return None
    if preposition not in ("", "for", "by", "to", "at", "within"):
        return None
    beginnings: tuple[str, ...]
    if preposition:
        beginnings = (f"{preposition.capitalize()} how many {noun}",)
        if preposition == "for" and figure.unit in ("year", "month", "week", "day", "hour"):
            beginnings = (*beginnings, "How long")
    else:
        beginnings = (f"How many {noun}",)
        if figure.unit in ("hour", "minute", "day", "week", "month", "year"):
            beginnings = (*beginnings, "How long")
    amount = sentence[figure.start : end].strip()
    more = _MEASURED_OF.match(sentence, end)
    if more and not preposition:
        noun, end = f"{noun}{more[0]}", more.end()
    return Target("amount", f"{bound}{amount}".strip(), start, end, preposition, noun, beginnings)


_MEASURED_OF = re.compile(
    r" (?:of (?!which|whom|the\b|a\b)[a-z]+(?: per [a-z]+(?: of [a-z]+(?: [a-z]+(?=[.,]|$))?)?)?"
    r"|per [a-z]+(?: of [a-z]+(?: [a-z]+(?=[.,]|$))?)?|an? (?:year|month|week|day|hour|share))\b"
)


def _unit_words(figure: Figure) -> str:
    """`square metres` of `6,200 square metres`; empty for signs and for `12-metre`."""
    if not figure.unit:
        return ""
    found = _UNIT_WORDS.search(figure.text)
    return found[0] if found and "-" not in figure.text.replace("-hour", " hour") else ""


_UNIT_WORDS = re.compile(r"(?<=\w )(?!million\b|billion\b|thousand\b)[a-z]{3,}[a-z -]*$")


def _counted(following: str) -> str:
    """The noun right after a number, with at most two words before it: `timber spans`."""
    words: list[str] = []
    for match in re.finditer(r" ([A-Za-z][\w-]*)(?=[ ,.;]|$)", following):
        expected = sum(len(word) + 1 for word in words)
        word = match[1]
        if match.start() != expected or not word.islower() or word in _NO_NOUNS or _is_verb(word):
            break
        words.append(word)
        if _is_plural(word) or len(words) == 3:
            break
    return " ".join(words) if words and _is_plural(words[-1]) else ""


def _is_plural(noun: str) -> bool:
    last = noun.split()[-1] if noun else ""
    return last in _IRREGULAR_PLURALS or (last.endswith("s") and not last.endswith(("ss", "us")))


def _is_verb(word: str) -> bool:
    if word in AUXILIARIES:
        return True
    return base_form(word) is not None and (
        is_present(word) or (is_past(word) and not is_participle(word))
    )


_AGENT = re.compile(r"\bby (?:(?:the |a |an )(?:(?!from|of|in|at|for|with)[a-z]+ ){1,2})?$")
_PLACE = re.compile(r"\b(?P<preposition>in|at|near) (?P<kind>(?:the )?(?:[a-z]+ (?:of )?){0,2})$")
_BECAUSE = re.compile(r",? because (?:of )?(?P<cause>[^;]{8,110})(?=\.$)")
_PREDICATE = re.compile(r"\b(?:is|was|are|were) (?P<role>(?:the |a |an )(?:[a-z]+ ){1,3})?$")


def _agents_and_places(sentence: str, vocabulary: Vocabulary) -> Iterator[Target]:
    for name in vocabulary.names(sentence):
        before = sentence[: name.start]
        agent = _AGENT.search(before)
        if agent:
            after = sentence[name.end :]
            text = name.text
            if re.match(r" (?:from|of) (?:the )?[A-Z]", after):
                continue
            who = ("Who", "By whom", "Which company")
            yield Target("agent", text, agent.start(), name.end, "by", "", who)
            continue
        place = _PLACE.search(before)
        if place and not re.match(r"['’]s?\b", sentence[name.end :]):
            if any(character.isdigit() for character in name.text):
                continue  # a device or a label
            text = f"{place['kind']}{name.text}".removeprefix("the ")
            yield Target(
                "place", text, place.start(), name.end, place["preposition"], "", ("Where",)
            )
    yield from _person_as_subject(sentence, vocabulary)


def _person_as_subject(sentence: str, vocabulary: Vocabulary) -> Iterator[Target]:
    """The name that a sentence begins with, where the document speaks of it as of a person."""
    names = vocabulary.names(sentence)
    if not names or names[0].start or len(names[0].text.split()) < 2:
        return
    name = names[0]
    following = sentence[name.end :].split()
    if following and is_verb_like(following[0]) and vocabulary.is_person(name.text):
        yield Target("subject", name.text, 0, name.end, "", "", ("Who",))


def _named(sentence: str, vocabulary: Vocabulary) -> Iterator[Target]:
    """The name that ends `The chief pilot of the service is Bram Oskeld.`"""
    for name in vocabulary.names(sentence):
        before = _PREDICATE.search(sentence, 0, name.start)
        if before and sentence[name.end :] == "." and len(sentence[: before.start()].split()) >= 3:
            start = before.start("role") if before["role"] else name.start
            beginnings = ("Who", "What") if vocabulary.is_person(name.text) else ("What", "Who")
            yield Target("named", name.text, start, name.end, "", "", beginnings)


def is_verb_like(word: str) -> bool:
    """True for any form of a known verb."""
    return word in AUXILIARIES or base_form(word) is not None


def _reason(sentence: str) -> Iterator[Target]:
    found = _BECAUSE.search(sentence)
    if found and len(found["cause"].split()) <= 16:
        cause = found["cause"].strip()
        yield Target("reason", cause, found.start(), found.end(), "because", "", ("Why",))
