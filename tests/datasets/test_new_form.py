"""An export form is one file and one line: a toy one is known wherever forms are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from loresmith.datasets import exporting
from toy_members import with_toy

_TOY = '''
from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind


class Flashcards(ExportForm):
    """A card for each row."""

    type: Literal["flashcards"] = "flashcards"

    @property
    def file(self) -> FileKind:
        return "csv"

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column("front"), Column("back"))

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        question, answer = row.conversation.messages[-2:]
        yield {"front": question.content, "back": answer.content}
'''

_EXPORT = """
import io, sys
from pathlib import Path
from loresmith import Workspace
from loresmith.workspace.datasets import Datasets, EXPORT_FORMS, Imports, export_settings_of
folder = Path(sys.argv[1])
(folder / "documents").mkdir(parents=True)
workspace = Workspace(folder, teacher="openai:nobody")
imports = Imports(workspace)
rows = io.BytesIO(b'[{"question": "Q?", "answer": "A."}]')
imports.import_rows(imports.hand_over("rows.json", rows).id)
workspace.do("dataset")
for name in ("cards.csv", "cards.jsonl", "cards"):
    Datasets(workspace).write(folder / name, export_settings_of("flashcards"))
assert "flashcards" in EXPORT_FORMS
"""


def _members() -> str:
    """The line (over several) that names the forms."""
    text = Path(str(exporting.__file__)).read_text("utf-8")
    start = text.index("_Form = Annotated[")
    return text[start : text.index(",", start) + 1]


def test_a_form_of_ones_own_is_written_as_every_kind_of_file(tmp_path: Path) -> None:
    environment = with_toy(
        tmp_path / "package",
        family="datasets/exporting",
        module="flashcards",
        source=_TOY,
        members=_members(),
    )
    folder = tmp_path / "project"
    words = [sys.executable, "-c", _EXPORT, str(folder)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (folder / "cards.csv").read_bytes() == b"\xef\xbb\xbffront,back\r\nQ?,A.\r\n"
    assert (folder / "cards.jsonl").read_text() == '{"front": "Q?", "back": "A."}\n'
    assert (folder / "cards" / "README.md").exists()
