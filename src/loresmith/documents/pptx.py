"""PowerPoint files: each slide a heading with its number, its points, tables, charts and notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from loresmith.documents.base import Reading
from loresmith.documents.tables import markdown_table
from loresmith.documents.zipped import Parts, ZippedParser
from loresmith.records import Section

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class PptxParser(ZippedParser):
    """Reads .pptx files in the order of their slides; a speaker's notes stand as quotations."""

    media_type: ClassVar[str] = (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    )
    suffixes: ClassVar[tuple[str, ...]] = (".pptx",)
    own_title_first: ClassVar[bool] = True

    type: Literal["pptx"] = "pptx"

    def read(self, data: bytes, *, name: str) -> Reading:
        with self.opened(data, name=name, body=_PRESENTATION) as parts:
            related = parts.related(_PRESENTATION)
            listed = parts.xml(_PRESENTATION).iterfind(f"{_P}sldIdLst/{_P}sldId")
            slides = [_slide(parts, related[one.get(_ID, "")]) for one in listed]
            title = next((one.title for one in slides if one.title), parts.own_title())
        text, sections = "", []
        for number, slide in enumerate(slides, 1):
            if not slide.title and not slide.blocks:
                continue
            sections.append(Section(kind="slide", label=str(number), start=len(text)))
            heading = f"## {number}. {slide.title}".rstrip()
            text += "\n\n".join([heading, *slide.blocks]) + "\n\n"
        warnings = []
        unread = sum(slide.pictures for slide in slides)
        if unread:
            pictures = "1 picture was" if unread == 1 else f"{unread} pictures were"
            warnings.append(f"{pictures} not read")
        return Reading(text, title, tuple(warnings), tuple(sections))


class _Slide(NamedTuple):
    title: str
    blocks: list[str]
    pictures: int
    """Pictures on it, whose text nobody can read here."""


_PRESENTATION = "ppt/presentation.xml"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_CHOICE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Choice"
_RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_ID = f"{_RELATED}id"
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "dt", "ftr", "hdr", "sldImg")
_DEEPEST = 30


def _slide(parts: Parts, part: str) -> _Slide:
    related = parts.related(part)
    title, blocks, pictures = "", list[str](), 0
    for shape in _shapes(parts.xml(part).find(f"{_P}cSld/{_P}spTree"), 0):
        if shape.tag == f"{_P}pic":
            pictures += 1
        elif shape.tag == f"{_P}graphicFrame":
            blocks += _graphic(parts, shape, related)
        elif _kind(shape) in _TITLES and not title:
            title = " ".join(" ".join(line.text for line in _lines(shape)).split())
        elif _kind(shape) not in _FURNITURE:
            blocks += _paragraphs(shape)
    notes = next((one for one in related.values() if "/notesSlides/" in one), "")
    if notes in parts.names:
        blocks += _notes(parts.xml(notes))
    return _Slide(title, [block for block in blocks if block.strip()], pictures)


def _shapes(tree: Element | None, depth: int) -> Iterator[Element]:
    """Shapes, pictures, tables and charts in their order, those in groups too."""
    for shape in tree if tree is not None and depth < _DEEPEST else ():
        if shape.tag == f"{_P}grpSp":
            yield from _shapes(shape, depth + 1)
        elif shape.tag.endswith("}AlternateContent"):
            yield from _shapes(shape.find(_CHOICE), depth + 1)
        elif shape.tag in (f"{_P}sp", f"{_P}pic", f"{_P}graphicFrame"):
            yield shape


def _kind(shape: Element) -> str | None:
    """What the shape is for; `body` for the slide's own text, None for a text box."""
    place = shape.find(f".//{_P}nvPr/{_P}ph")
    return None if place is None else place.get("type", "body")


class _Line(NamedTuple):
    text: str
    level: int
    bullet: bool


def _lines(shape: Element) -> list[_Line]:
    """The paragraphs of a shape."""
    points = _kind(shape) in ("body", "obj")
    lines = []
    for paragraph in shape.iter(f"{_A}p"):
        text = "".join(
            "\n" if part.tag == f"{_A}br" else part.text or ""
            for part in paragraph.iter()
            if part.tag in (f"{_A}t", f"{_A}br")
        ).strip()
        style = paragraph.find(f"{_A}pPr")
        level = int(style.get("lvl", "0")) if style is not None else 0
        marks = {one.tag for one in style} if style is not None else set()
        own = f"{_A}buChar" in marks or f"{_A}buAutoNum" in marks
        if text:
            lines.append(_Line(text, level, own or (points and f"{_A}buNone" not in marks)))
    return lines


def _paragraphs(shape: Element) -> list[str]:
    """Points as lists, a text that stands alone as a paragraph."""
    lines = _lines(shape)
    if len(lines) == 1 and not lines[0].level:
        return [lines[0].text]
    blocks: list[str] = []
    in_list = False
    for line in lines:
        if line.bullet:
            indent = "  " * min(line.level, 8)
            written = f"{indent}- " + line.text.replace("\n", f"\n{indent}  ")
            if in_list:
                blocks[-1] += "\n" + written
            else:
                blocks.append(written)
        else:
            blocks.append(line.text)
        in_list = line.bullet
    return blocks


def _notes(notes: Element) -> list[str]:
    lines = [
        line.text
        for shape in _shapes(notes.find(f"{_P}cSld/{_P}spTree"), 0)
        if shape.tag == f"{_P}sp" and _kind(shape) not in _FURNITURE
        for line in _lines(shape)
    ]
    return ["\n".join(f"> {part}" for line in lines for part in line.split("\n"))]


def _graphic(parts: Parts, frame: Element, related: dict[str, str]) -> list[str]:
    """A table, the figures of a chart, or the words of a diagram."""
    table = frame.find(f".//{_A}tbl")
    if table is not None:
        rows: list[list[str]] = []
        for row in table.iterfind(f"{_A}tr"):
            rows.append(_cells(row, rows[-1] if rows else []))
        return [markdown_table(rows)]
    chart = frame.find(f".//{_C}chart")
    if chart is not None and related.get(chart.get(_ID, ""), "") in parts.names:
        return [_chart(parts.xml(related[chart.get(_ID, "")]))]
    diagram = frame.find(f".//{_DIAGRAM}relIds")
    place = related.get(diagram.get(f"{_RELATED}dm", ""), "") if diagram is not None else ""
    if place in parts.names:
        points = parts.xml(place).iter(f"{_DIAGRAM}pt")
        words = ["".join(t.text or "" for t in point.iter(f"{_A}t")).strip() for point in points]
        return ["\n".join(f"- {one}" for one in words if one)]
    return []


def _cells(row: Element, above: list[str]) -> list[str]:
    """The texts of a row; a cell that is merged with another one says the same."""
    cells: list[str] = []
    for cell in row.iterfind(f"{_A}tc"):
        if cell.get("hMerge") == "1" and cells:
            cells.append(cells[-1])
        elif cell.get("vMerge") == "1" and len(above) > len(cells):
            cells.append(above[len(cells)])
        else:
            cells.append(" ".join(line.text for line in _lines(cell)))
    return cells


def _chart(chart: Element) -> str:
    """The figures that a chart shows, as a table: a row for each category, a column a series."""
    columns, categories = [], dict[int, str]()
    for series in chart.iter(f"{_C}ser"):
        named = series.find(f"{_C}tx")
        title = "".join(v.text or "" for v in named.iter(f"{_C}v")) if named is not None else ""
        axis = series.find(f"{_C}cat")
        categories = categories or (_points(axis) if axis is not None else {})
        values = series.find(f"{_C}val")
        columns.append((title, _points(values) if values is not None else {}))
    numbers = sorted({number for _, column in columns for number in column} | set(categories))
    rows = [[categories.get(n, ""), *(column.get(n, "") for _, column in columns)] for n in numbers]
    return markdown_table([["", *(title for title, _ in columns)], *rows])


def _points(values: Element) -> dict[int, str]:
    return {
        int(point.get("idx", "0")): point.findtext(f"{_C}v") or ""
        for point in values.iter(f"{_C}pt")
    }
