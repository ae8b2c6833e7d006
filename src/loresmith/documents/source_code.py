"""Source code, which stays as it is: a block of code that no heading is looked for in."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import ClassVar, Literal

from loresmith.documents.base import Parser, Reading
from loresmith.documents.encoding import decode


class SourceCodeParser(Parser):
    """Reads source code as one block of code, in whatever encoding it comes."""

    media_type: ClassVar[str] = "text/x-source"
    suffixes: ClassVar[tuple[str, ...]] = (
        *(".py", ".js", ".mjs", ".jsx", ".ts", ".tsx", ".java", ".kt", ".scala", ".go", ".rs"),
        *(".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".swift", ".rb", ".php", ".lua", ".sh"),
        *(".sql", ".proto", ".tex", ".rst"),
    )
    light_bytes: ClassVar[int] = 250_000

    type: Literal["code"] = "code"

    def read(self, data: bytes, *, name: str) -> Reading:
        decoded = decode(data, name=name)
        code = decoded.text.removeprefix("\ufeff")
        if not code.strip():
            return Reading("")
        fence = _fence_around(code)
        language = PurePosixPath(name).suffix[1:].lower()
        text = f"{fence}{language}\n{code.rstrip()}\n{fence}\n"
        return Reading(text, title=PurePosixPath(name).name, warnings=decoded.warnings)


def _fence_around(code: str) -> str:
    """A fence that no line of the code ends (CommonMark 0.31, 4.5)."""
    mark = "~" if re.search(r"^ {0,3}```", code, re.MULTILINE) else "`"
    longest = max((len(run) for run in re.findall(f"{mark}+", code)), default=0)
    return mark * max(3, longest + 1)
