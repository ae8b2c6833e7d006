"""Rows for KTO: a question with an answer, and whether it was liked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, RowShape, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.formats.alpaca import asked_columns


class FeedbackFile(ExportForm):
    """`{"instruction", "input", "output", "kto_tag", "system"}`, as LLaMA Factory has them."""

    type: Literal["kto"] = "kto"

    @property
    def file(self) -> FileKind:
        return "json"

    @property
    def shape(self) -> RowShape:
        return "feedback"

    @property
    def columns(self) -> tuple[Column, ...]:
        asked = map(Column, ("instruction", "input", "output"))
        return (*asked, Column("kto_tag", "flag"), Column("system"), Column("history", "pairs"))

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        judged = row.feedback
        system, question, history = asked_columns(judged.prompt)
        yield {
            "instruction": question,
            "input": "",
            "output": judged.completion,
            "kto_tag": judged.desirable,
            "system": system,
            **({"history": history} if history else {}),
        }

    @property
    def layout(self) -> dict[str, Any]:
        columns = {"prompt": "instruction", "query": "input", "response": "output"}
        columns |= {"kto_tag": "kto_tag", "system": "system"}
        return {"columns": columns}
