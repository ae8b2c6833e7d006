"""Whether a worse answer is wrong in the way that it says: a pair that teaches nothing, or the
wrong thing, is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from loresmith.curation.claim import Claim
from loresmith.curation.qualifiers import QUALIFIERS
from loresmith.records import Flaw
from loresmith.text.figures import Figure, figures
from loresmith.text.language import language_of
from loresmith.text.overlap import token_set
from loresmith.text.phrases import covers, moment_parts, states


def flaw_fault(flaw: Flaw, right: Claim, wrong: str) -> str:
    """Why `wrong` is not wrong as `flaw` says, beside the right answer to the same question;
    empty where it is."""
    if not wrong.strip():
        return "the worse answer is empty"
    if token_set(wrong) == token_set(right.answer):
        return "both answers say the same"
    chinese = [language_of(text) == "zh" for text in (wrong, right.answer)]
    if chinese[0] != chinese[1]:
        return "the answers are in two languages"
    return _CHECKS[flaw](right, wrong)


def _wrong_figure(right: Claim, wrong: str) -> str:
    if not figures(right.short_answer):
        return "the right answer has no figure"
    if states(wrong, right.short_answer):
        return f"the worse answer gives {right.short_answer!r} too"
    if not _foreign(figures(wrong), right):
        return "every figure of the worse answer is in the evidence"
    return ""


def _wrong_period(right: Claim, wrong: str) -> str:
    said = _moments(f"{right.question}\n{right.answer}")
    if not said:
        return "neither question nor answer names a period"
    if not any(_clashes(one, said) for one in figures(wrong) if moment_parts(one)):
        return "the worse answer names no other period"
    return ""


def _dropped_qualifier(right: Claim, wrong: str) -> str:
    named = [one for one in QUALIFIERS if one.said.search(right.answer)]
    if not named:
        return "the right answer has no qualifier"
    if all(one.asked.search(wrong) for one in named):
        return f"the worse answer says {named[0].name} too"
    if not states(wrong, right.short_answer):
        return f"more is wrong than the qualifier: {right.short_answer!r} is not said"
    return ""


def _wrong_subject(right: Claim, wrong: str) -> str:
    answer, other = token_set(right.answer), token_set(wrong)
    shared = answer & token_set(right.question)
    if not _words(shared - other):
        return "the worse answer names the same subject"
    if not _words(other - answer - token_set(right.question)):
        return "the worse answer names no other subject"
    return ""


def _invented_detail(right: Claim, wrong: str) -> str:
    if not states(wrong, right.short_answer):
        return f"more is wrong than a detail: {right.short_answer!r} is not said"
    source = f"{right.source.chunk.text}\n{right.source.surroundings}\n{right.question}"
    new = _words(token_set(wrong) - token_set(right.answer) - token_set(source))
    if len(new) < 2 and not _foreign(figures(wrong), right):
        return "all that the worse answer says is in the passage"
    return ""


def _not_answering(right: Claim, wrong: str) -> str:
    return f"it says {right.short_answer!r}" if states(wrong, right.short_answer) else ""


_CHECKS: Mapping[Flaw, Callable[[Claim, str], str]] = {
    "wrong_figure": _wrong_figure,
    "wrong_period": _wrong_period,
    "dropped_qualifier": _dropped_qualifier,
    "wrong_subject": _wrong_subject,
    "invented_detail": _invented_detail,
    "not_answering": _not_answering,
}


def _foreign(found: Sequence[Figure], right: Claim) -> list[Figure]:
    """The figures that neither the evidence nor the right answer has."""
    known = figures(f"{right.evidence}\n{right.answer}\n{right.question}")
    return [one for one in found if not any(covers(other, one) for other in known)]


def _moments(text: str) -> dict[str, set[int]]:
    named: dict[str, set[int]] = {}
    for figure in figures(text):
        for name, value in moment_parts(figure).items():
            named.setdefault(name, set()).add(value)
    return named


def _clashes(figure: Figure, said: Mapping[str, set[int]]) -> bool:
    parts = moment_parts(figure)
    return any(name in said and value not in said[name] for name, value in parts.items())


def _words(found: set[str] | frozenset[str]) -> set[str]:
    """Those that name something: no numbers."""
    return {word for word in found if not any(sign.isdecimal() for sign in word)}
