"""Writes the formulas of a Word file in a line of text, so that they are not lost.

The elements are those of Office MathML (ECMA-376 Part 1, section 22.1).
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

MATHEMATICS = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def formulas_in_line(body: bytes) -> bytes:
    """The XML of `word/document.xml` with each formula as a run of text such as `(a+b)/(2)`.

    Raises ElementTree.ParseError where the XML is broken.
    """
    root = ElementTree.fromstring(body)
    for parent in list(root.iter()):
        for index, child in enumerate(list(parent)):
            if child.tag == _FORMULA:
                parent[index] = _run(_in_line(child))
    rewritten: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return rewritten


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_FORMULA = f"{{{MATHEMATICS}}}oMath"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def _run(text: str) -> Element:
    run = Element(f"{{{_WORD}}}r")
    ElementTree.SubElement(run, f"{{{_WORD}}}t", {_SPACE: "preserve"}).text = text
    return run


def _in_line(element: Element) -> str:
    kind = element.tag.removeprefix(f"{{{MATHEMATICS}}}")
    if kind == "t":
        return element.text or ""
    if kind == "f":
        return f"({_part(element, 'num')})/({_part(element, 'den')})"
    if kind in ("sSup", "sSub", "sSubSup"):
        return _part(element, "e") + _scripts(element)
    if kind == "rad":
        return f"{_part(element, 'deg')}√({_part(element, 'e')})"
    if kind == "d":
        return f"({', '.join(_in_line(e) for e in element if e.tag.endswith('}e'))})"
    if kind == "nary":
        sign = element.find(f".//{{{MATHEMATICS}}}chr")
        symbol = "∫" if sign is None else sign.get(f"{{{MATHEMATICS}}}val", "∫")
        return f"{symbol}{_scripts(element)} {_part(element, 'e')}"
    return "".join(_in_line(child) for child in element)


def _part(element: Element, name: str) -> str:
    part = element.find(f"{{{MATHEMATICS}}}{name}")
    return "" if part is None else _in_line(part)


def _scripts(element: Element) -> str:
    below, above = _part(element, "sub"), _part(element, "sup")
    return (f"_({below})" if below else "") + (f"^({above})" if above else "")
