"""Counts rows by their properties, from cells that the database counted once for a whole page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from loresmith.store.row_index import FacetCell, tags_of
from loresmith.store.row_query import SUBJECT_MARK, RowFilter
from loresmith.store.row_tables import FACETS
from loresmith.workspace.rows.model import Facet, Facets


def counted(cells: Sequence[FacetCell], documents: Mapping[str, int], chosen: RowFilter) -> Facets:
    """What the rows can be filtered by: each field's counts disregard its own filter.

    `cells` are of the documents that are chosen; `documents` are the counts of each document.
    """
    wanted = _wanted(chosen)
    counts: dict[str, dict[str | int, int]] = {name: {} for name in FACETS}
    total = 0
    for cell in cells:
        failing = [one.name for one in wanted if not one.fits(cell)]
        if len(failing) > 1:
            continue
        if not failing:
            total += cell.rows
        for name in failing or _PLACES:
            of_field = counts[name]
            for value in _values(name, cell):
                of_field[value] = of_field.get(value, 0) + cell.rows
    counts["document"].update(documents)
    return Facets(total=total, **{name: _in_order(name, counts[name]) for name in FACETS})


class _Wanted(NamedTuple):
    """A field of the filter, and the values that will do."""

    name: str
    values: frozenset[str | int]

    def fits(self, cell: FacetCell) -> bool:
        return any(value in self.values for value in _values(self.name, cell))


def _values(name: str, cell: FacetCell) -> tuple[str | int, ...]:
    """What the rows of a cell are of a field: each of their tags, each subject above theirs."""
    value = cell[_PLACES[name]]
    if name == "tags":
        return tags_of(str(value))
    if name == "subject" and value:
        labels = str(value).split(SUBJECT_MARK)
        return tuple(SUBJECT_MARK.join(labels[:depth]) for depth in range(1, len(labels) + 1))
    return (value,)


_PLACES = {name: place for place, name in enumerate(FacetCell._fields[:-1])}


def _wanted(chosen: RowFilter) -> list[_Wanted]:
    """The fields that leave any row out."""
    found = []
    for name in _PLACES:
        value = getattr(chosen, name)
        if value not in (None, ()):
            values = frozenset([value] if isinstance(value, bool) else value)
            found.append(_Wanted(name, values))
    return found


def _in_order(name: str, counts: dict[str | int, int]) -> tuple[Facet, ...]:
    shown = {str(v).lower() if isinstance(v, bool) else str(v): rows for v, rows in counts.items()}
    shown.pop("", None)  # rows that were not dropped have no reason
    in_order = sorted(shown.items(), key=_ORDERS.get(name, _most_first))
    return tuple(Facet(value=value, count=count) for value, count in in_order)


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return (-item[1], item[0])


def _by_name(item: tuple[str, int]) -> tuple[int, str]:
    return (0, item[0])


_ORDERS: dict[str, Callable[[tuple[str, int]], tuple[int, str]]] = {
    "document": _by_name,
    "subject": _by_name,
    "stars": _by_name,
}
