"""Tables of comma- or tab-separated values, as one Markdown table."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import ClassVar, Literal

from loresmith.documents.base import Parser, Reading, clean
from loresmith.documents.encoding import decode
from loresmith.documents.tables import markdown_table
from loresmith.errors import DocumentError


class CsvParser(Parser):
    """Reads .csv and .tsv files; what separates the values is found by looking at them."""

    media_type: ClassVar[str] = "text/csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")
    own_title_first: ClassVar[bool] = True

    type: Literal["csv"] = "csv"

    def read(self, data: bytes, *, name: str) -> Reading:
        decoded = decode(data, name=name)
        text, cleaned = clean(decoded.text)
        warnings = [*decoded.warnings, *cleaned]
        delimiter = _delimiter(text, likeliest="\t" if name.lower().endswith(".tsv") else ",")
        csv.field_size_limit(self.max_bytes)  # one for the whole process
        try:
            rows = _rows(text, delimiter, warnings)
        except csv.Error as error:
            raise DocumentError(
                f"{name} is not a table of separated values: {error}",
                hint="Save it anew as CSV in UTF-8, or as a .txt file if it is no table.",
            ) from None
        uneven = sum(len(row) != len(rows[0]) for row in rows if any(row))
        if uneven:
            lines = "1 row has" if uneven == 1 else f"{uneven} rows have"
            warnings.append(f"{lines} more or fewer cells than the first row")
        return Reading(markdown_table(rows) + "\n", warnings=tuple(warnings))


_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_ROWS = 100
_SAMPLE_CHARACTERS = 200_000


def _delimiter(text: str, *, likeliest: str) -> str:
    """What cuts most rows of a sample into the same number of cells, more than one."""

    def fit(delimiter: str) -> tuple[float, int, bool]:
        widths = list(_widths(text[:_SAMPLE_CHARACTERS], delimiter))
        width, rows = Counter(widths).most_common(1)[0] if widths else (1, 0)
        share = rows / len(widths) if width > 1 else 0.0
        return round(share, 1), width, delimiter == likeliest

    best = max(_DELIMITERS, key=fit)
    return best if fit(best)[1] > 1 else likeliest


def _widths(sample: str, delimiter: str) -> Iterator[int]:
    """How many cells each of the first rows has, up to one that breaks the rules of quoting."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True)
    with suppress(csv.Error):
        yield from (len(row) for row in islice(reader, _SAMPLE_ROWS) if row)


def _rows(text: str, delimiter: str, warnings: list[str]) -> list[list[str]]:
    """All rows; where a quotation mark is never closed, every mark is taken as it stands."""
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    warnings.append("a quotation mark is never closed: all of them were taken as they stand")
    plain = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return list(plain)
