"""Counts rows by their properties, from cells that the database counted once for a whole page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from loresmith.store.row_index import FacetCell
from loresmith.store.row_query import RowFilter
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
        failing = [one.name for one in wanted if cell[one.place] not in one.values]
        if len(failing) > 1:
            continue
        if not failing:
            total += cell.rows
        for name in failing or _PLACES:
            value, of_field = cell[_PLACES[name]], counts[name]
            of_field[value] = of_field.get(value, 0) + cell.rows
    counts["document"].update(documents)
    return Facets(total=total, **{name: _in_order(name, counts[name]) for name in FACETS})


class _Wanted(NamedTuple):
    """A field of the filter, where it stands in a cell, and the values that will do."""

    name: str
    place: int
    values: frozenset[str | int]


_PLACES = {name: place for place, name in enumerate(FacetCell._fields[:-1])}


def _wanted(chosen: RowFilter) -> list[_Wanted]:
    """The fields that leave any row out."""
    found = []
    for name, place in _PLACES.items():
        value = getattr(chosen, name)
        if value not in (None, ()):
            values = frozenset([value] if isinstance(value, bool) else value)
            found.append(_Wanted(name, place, values))
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


_ORDERS: dict[str, Callable[[tuple[str, int]], tuple[int, str]]] = {"document": _by_name}
