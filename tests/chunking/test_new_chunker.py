"""A new chunker is one file plus one line: a toy is added to a copy of the package, and used."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from toy_members import seen_everywhere, with_toy

CHUNKER = '''
"""A toy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from loresmith.chunking.base import Chunker
from loresmith.chunking.partition import Stretch
from loresmith.records import Document


class Strips(Chunker):
    """Cuts after so many characters, come what may."""

    type: Literal["strips"] = "strips"
    width: int = Field(default=7, ge=1)
    """How wide a strip is."""

    @property
    def longest(self) -> int:
        return self.width

    def stretches(self, document: Document) -> Sequence[Stretch]:
        starts = range(0, len(document.text), self.width)
        return [Stretch(at, min(at + self.width, len(document.text))) for at in starts]
'''

MEMBERS = """AnyChunker = Annotated[
    Annotated[
        # One member a line; each has its own `type`.
        HeadingChunker
        | SentenceChunker
        | RecursiveChunker
        | FixedLengthChunker
        | TokenChunker
        | SeparatorChunker
        | ManualChunker,"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where Python finds the package with one chunker more."""
    return with_toy(
        tmp_path_factory.mktemp("more"),
        family="chunking",
        module="strips",
        source=CHUNKER,
        members=MEMBERS,
    )


def test_it_is_in_recipes_forms_and_the_reference(environment: dict[str, str]) -> None:
    found = seen_everywhere(
        environment,
        "chunking: {type: strips, width: 9}",
        path="chunking",
        name="strips",
        setting="width",
    )
    assert found["recipe"]["chunking"] == {"type": "strips", "width": 9}
    assert "How wide a strip is." in found["yaml"]
    assert found["options"][0] == "headings" and "strips" in found["options"]
    assert found["field"]["value"] == 7
    assert "How wide a strip is." in found["reference"]


def test_a_project_is_cut_by_it(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("The tide turns at noon.", encoding="utf-8")
    ran = ["-m", "loresmith", "chunk", str(tmp_path), "--set", "chunking.type=strips"]
    done = subprocess.run([sys.executable, *ran], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / ".loresmith" / "project.sqlite") as project:
        cut = [json.loads(body)["text"] for (body,) in project.execute("select body from chunks")]
    assert cut == ["The tid", "e turns", "at noo", "n."]
