"""A format more: one file and one line, added to a copy of the package."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import loresmith

_PACKAGE = Path(loresmith.__file__).parent
_SOURCE = '''
"""Reads .toy files, which say themselves what becomes of who reads them."""

import os
import time
from typing import ClassVar, Literal

from loresmith.documents.base import Parser, Reading
from loresmith.errors import DocumentError


class Toy(Parser):
    """Reads .toy files."""

    media_type: ClassVar[str] = "text/x-toy"
    suffixes: ClassVar[tuple[str, ...]] = (".toy",)

    type: Literal["toy"] = "toy"

    def read(self, data: bytes, *, name: str) -> Reading:
        order, _, text = data.decode().partition(" ")
        while order == "hang":
            time.sleep(0.1)
        while order == "spin":
            pass
        if order == "eat":
            kept = [bytes(10_000_000) for _ in range(1000)]
            raise DocumentError(f"{name} ate {len(kept)} pieces")
        if order == "crash":
            os.abort()
        if order == "stumble":
            raise KeyError("a fault of the parser")
        if order == "note":
            with open(os.environ["TOY_NOTES"], "a") as notes:
                notes.write(f"{os.getpid()}\\n")
            time.sleep(0.2)
        return Reading(text)
'''
_LAST_MEMBER = "    | JsonParser\n"
_LAST_IMPORT = "from loresmith.documents.xlsx import XlsxParser\n"


def with_toy_parser(folder: Path) -> dict[str, str]:
    """The environment in which Python finds the package with a parser of .toy files."""
    ignored = shutil.ignore_patterns("__pycache__", "docs")
    shutil.copytree(_PACKAGE, folder / "loresmith", ignore=ignored)
    place = folder / "loresmith" / "documents"
    (place / "toy.py").write_text(_SOURCE.lstrip(), encoding="utf-8")
    index = place / "__init__.py"
    known = index.read_text(encoding="utf-8")
    added = known.replace(_LAST_IMPORT, f"from loresmith.documents.toy import Toy\n{_LAST_IMPORT}")
    added = added.replace(_LAST_MEMBER, f"{_LAST_MEMBER}    | Toy\n")
    assert len(added.splitlines()) == len(known.splitlines()) + 2
    index.write_text(added, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
