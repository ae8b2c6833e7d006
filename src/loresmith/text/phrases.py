"""Whether a text says a short phrase: a figure by its amount, a date by its parts, words as such.

Writers are asked to keep the short answer in every answer and out of every question; both
questions are put here, so that the writing and the checking of rows agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from loresmith.text.figures import Figure, figures, same_figure
from loresmith.text.normalising import locate, normalise
from loresmith.text.overlap import token_set


def states(text: str, phrase: str) -> bool:
    """True where `text` says what `phrase` says.

    It does where the phrase stands in it word for word, but for an article. A phrase with figures
    is also said where each of its amounts is (`3,100万` by `0.31亿`, a part of a date by the whole
    date), whatever the words around them; another one of at least four words or Chinese
    characters is said where four fifths of them stand, in any order.
    """
    bare = _bare(phrase)
    if not bare or locate(bare, text) is not None:
        return bool(bare)
    wanted = _amounts(bare)
    if wanted:
        return all(any(covers(given, figure) for given in _figures(text)) for figure in wanted)
    words = token_set(bare) - _LITTLE_WORDS
    return len(words) >= 4 and len(words & token_set(text)) >= 0.8 * len(words)


def reveals(question: str, phrase: str) -> bool:
    """True where `question` gives away `phrase` as its answer.

    Stricter than `states`: a year in the question does not reveal a whole date, a bare 2 does not
    reveal two weeks, and yes or no is never revealed.
    """
    bare = _bare(phrase)
    if len(bare) < 2 or normalise(bare, fold_case=True) in _YES_OR_NO:
        return False
    if locate(bare, question) is not None:
        return True
    wanted = _amounts(bare)
    given = _figures(question)
    return bool(wanted) and all(any(_same_with_unit(g, w) for g in given) for w in wanted)


def covers(given: Figure, wanted: Figure) -> bool:
    """True where `given` states `wanted`: the same amount, or a date of which it is a part."""
    if same_figure(given, wanted):
        return True
    parts, needed = moment_parts(given), moment_parts(wanted)
    return bool(needed) and all(parts.get(name) == value for name, value in needed.items())


def moment_parts(figure: Figure) -> dict[str, int]:
    """Year, month, day, quarter or time of a figure that is a point in time; else nothing."""
    value = int(figure.value) if figure.value == figure.value.to_integral_value() else 0
    match figure.unit:
        case "date":
            return {"year": value // 10000, "month": value // 100 % 100, "day": value % 100}
        case "year and month":
            return {"year": value // 100, "month": value % 100}
        case "month and day":
            return {"month": value // 100, "day": value % 100}
        case "month of year":
            return {"month": value}
        case "calendar year":
            return {"year": value}
        case "quarter of year":
            return {"quarter": value}
        case "time of day":
            return {"time": value}
    return {}


_ARTICLE = re.compile(r"^(?:the|a|an|its|his|her|their)\s+", re.IGNORECASE)
_LITTLE_WORDS = frozenset(
    "the a an of in on at to by for and its his her their 的 了 在 于 和 与".split()
)
_YES_OR_NO = frozenset("yes no true false 是 否 有 没有 不是 对 不对 能 不能 可以 不可以".split())
_SMALL = Decimal(12)


def _bare(phrase: str) -> str:
    """Without an article before and a full stop after."""
    return _ARTICLE.sub("", phrase.strip().rstrip("。.!！"))


def _amounts(phrase: str) -> list[Figure]:
    """The figures of a phrase, less the number words of a name such as `Osprey Nine`."""
    return [
        f for f in _figures(phrase) if f.start == 0 or not (f.text.isalpha() and f.text.istitle())
    ]


@lru_cache(maxsize=8192)
def _figures(text: str) -> Sequence[Figure]:
    return tuple(figures(text))


def _same_with_unit(given: Figure, wanted: Figure) -> bool:
    if not same_figure(given, wanted):
        return False
    bare_and_small = abs(wanted.value) <= _SMALL and not (given.unit and wanted.unit)
    return not bare_and_small or (given.unit == wanted.unit and given.text == wanted.text)
