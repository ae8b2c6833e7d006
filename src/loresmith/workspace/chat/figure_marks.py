"""Why: whoever reads an answer sees at once which of its figures stand in the documents.

A figure counts as found where the documents state the same amount in the same kind of unit, in
whatever words (3,100万 is 0.31亿), or the same number beside words of the answer or the question.
Where only the number agrees, the mark says so. That a figure is also the right one is for a person
to see, at the place that the mark links to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence, Set
from itertools import combinations, islice
from typing import Literal, NamedTuple

from loresmith.records import Document, Record
from loresmith.text.figures import Figure, figures
from loresmith.text.overlap import token_set
from loresmith.text.phrases import covers, moment_parts
from loresmith.text.units import measure_of
from loresmith.workspace.places import document_key

_PLACES = 3
"""Places that a mark links to."""
_AROUND = 60
"""Code points of the document that are shown on either side of a figure."""
_LOOKED_AT = 200
"""Places of one figure that are compared with the answer; a page number may stand anywhere."""
_LIST_MARKER = re.compile(r"^[ \t>]*(\d{1,3})(?:[.)]\s|、|．(?![０-９]))", re.MULTILINE)
_TABLE_RULES = re.compile(r"(?:\s*(?:\||:?-{2,}:?(?=\s*(?:\||$))))+\s*")
_COMMON = frozenset(
    "with from that this were have been than when what which there their about more most into over "
    "only also many much some each year years".split()
)
_ENDS = re.compile(r"[。！？!?；;\n]|\.\s")


class Place(Record):
    """Where the documents state a figure."""

    key: str
    """The document's key in addresses, as the list of documents has it."""
    document: str
    """The document's name."""
    start: int
    """Code points of the document's text."""
    end: int
    before: str
    """What stands before it, shortened."""
    text: str
    """The figure as the document writes it."""
    after: str


class FigureMark(Record):
    """A figure of an answer, and whether the documents know it."""

    start: int
    """Code points of the answer."""
    end: int
    text: str
    status: Literal["found", "number", "asked", "not_found"]
    """`number`: the documents have the number, but nothing there says that it counts the same.
    `asked`: not in the documents, only in the question."""
    places: tuple[Place, ...] = ()
    """Where it stands in the documents, the likeliest first."""


class _Stated(NamedTuple):
    """A figure of a document."""

    document: Document
    figure: Figure


class FigureIndex:
    """The figures of documents, to be looked up by their amount."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._measured: defaultdict[Hashable, list[_Stated]] = defaultdict(list)
        self._bare: defaultdict[Hashable, list[_Stated]] = defaultdict(list)
        self._any: defaultdict[Hashable, list[_Stated]] = defaultdict(list)
        self._moments: defaultdict[Hashable, list[_Stated]] = defaultdict(list)
        for document in documents:
            for figure in figures(document.text):
                stated = _Stated(document, figure)
                self._any[figure.value].append(stated)
                for parts in _parts(figure):
                    self._moments[parts].append(stated)
                if figure.unit:
                    self._measured[_amount(figure)].append(stated)
                else:
                    self._bare[figure.value].append(stated)

    def marks(self, answer: str, question: str = "") -> tuple[FigureMark, ...]:
        """The figures of `answer` in order; numbers of a list (`1.`) are none."""
        asked = figures(question)
        listed = {match.start(1) for match in _LIST_MARKER.finditer(answer)}
        words = token_set(question)
        return tuple(
            self._mark(figure, answer, asked, words)
            for figure in figures(answer)
            if figure.start not in listed
        )

    def _mark(
        self, figure: Figure, answer: str, asked: Sequence[Figure], question: Set[str]
    ) -> FigureMark:
        words = token_set(_sentence(answer, figure.start, figure.end))
        same = self._same(figure)
        agreeing = [one for one in same if _agrees(one, figure, words | question)]
        if agreeing:
            status = "found"
        elif any(covers(one, figure) for one in asked):
            status = "asked"
        else:
            status = "number" if same else "not_found"
        shown = agreeing if agreeing else same if status == "number" else []
        shown.sort(key=lambda one: (-len(words & _words_around(one)), not one.figure.unit))
        return FigureMark(
            start=figure.start,
            end=figure.end,
            text=answer[figure.start : figure.end],
            status=status,
            places=tuple(_place(one) for one in shown[:_PLACES]),
        )

    def _same(self, figure: Figure) -> list[_Stated]:
        """Where the documents state the amount, or the number."""
        if figure.unit:
            measured = self._measured.get(_amount(figure), [])
            stated = [*measured, *self._bare.get(figure.value, [])]
            stated += self._moments.get(frozenset(moment_parts(figure).items()), [])
        else:
            stated = self._any.get(figure.value, [])
        same = islice((one for one in stated if covers(one.figure, figure)), _LOOKED_AT)
        return list({(one.document.id, one.figure.start): one for one in same}.values())


def _amount(figure: Figure) -> Hashable:
    measure = measure_of(figure.unit)
    return (measure.dimension, figure.value * measure.factor)


def _parts(figure: Figure) -> Iterator[Hashable]:
    """What a point in time states besides itself: a whole date its year, its month, ..."""
    parts = list(moment_parts(figure).items())
    for count in range(1, len(parts) + 1):
        for chosen in combinations(parts, count):
            yield frozenset(chosen)


def _agrees(stated: _Stated, figure: Figure, words: Set[str]) -> bool:
    """Whether both count the same: both have units, or the words around say so.

    Two Chinese characters in common or one longer word are enough.
    """
    if figure.unit and stated.figure.unit:
        return True
    shared = words & _words_around(stated)
    chinese = sum(word > "\u2e80" for word in shared)
    return chinese > 1 or any(len(word) > 3 and word not in _COMMON for word in shared)


def _words_around(stated: _Stated) -> frozenset[str]:
    text, figure = stated.document.text, stated.figure
    sentence = _sentence(text, figure.start, figure.end)
    return frozenset(word for word in token_set(sentence) if not word[0].isdecimal())


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence around [start, end), or 200 code points on either side of it."""
    first, last = max(0, start - 200), min(len(text), end + 200)
    before = [match.end() for match in _ENDS.finditer(text, first, start)]
    after = _ENDS.search(text, end, last)
    return text[before[-1] if before else first : after.start() if after else last]


def _place(stated: _Stated) -> Place:
    document, figure = stated
    text = document.text
    before = _readable(text[max(0, figure.start - 2 * _AROUND) : figure.start])
    after = _readable(text[figure.end : figure.end + 2 * _AROUND])
    return Place(
        key=document_key(document.name),
        document=document.name,
        start=figure.start,
        end=figure.end,
        before=before[-_AROUND:].lstrip(),
        text=text[figure.start : figure.end],
        after=after[:_AROUND].rstrip(),
    )


def _readable(text: str) -> str:
    """On one line, with a point between the cells of a table in place of its bars and rules."""
    line = re.sub(r"\s+", " ", text)
    return _TABLE_RULES.sub(" · ", line) if "|" in line else line
