"""Rows for DPO and reward models: a question with a better and a worse answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, RowShape, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.formats.alpaca import asked_columns


class PreferenceFile(ExportForm):
    """`{"instruction", "input", "chosen", "rejected", "system"}`, as LLaMA Factory ranks."""

    type: Literal["dpo"] = "dpo"

    @property
    def file(self) -> FileKind:
        return "json"

    @property
    def shape(self) -> RowShape:
        return "preference"

    @property
    def columns(self) -> tuple[Column, ...]:
        names = ("instruction", "input", "chosen", "rejected", "system")
        return (*map(Column, names), Column("history", "pairs"))

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        pair = row.preference
        system, question, history = asked_columns(pair.prompt)
        yield {
            "instruction": question,
            "input": "",
            "chosen": pair.chosen,
            "rejected": pair.rejected,
            "system": system,
            **({"history": history} if history else {}),
        }

    @property
    def layout(self) -> dict[str, Any]:
        columns = {"prompt": "instruction", "query": "input"}
        columns |= {"chosen": "chosen", "rejected": "rejected", "system": "system"}
        return {"ranking": True, "columns": columns}
