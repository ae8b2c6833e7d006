"""The card of a dataset: its README.md with the header that the Hugging Face hub reads.

With it, `datasets.load_dataset` and the hub know which file is of which split
(https://huggingface.co/docs/hub/datasets-cards, /datasets-manual-configuration). No licence is
set: whose documents these are, only their owner knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import yaml

from loresmith.datasets.exporting.file_kinds import Column
from loresmith.records import SplitName, TrainingRow


class CardFile(NamedTuple):
    """A file of rows: its form, which rows it has, and its name."""

    form: str
    split: SplitName
    name: str
    columns: tuple[Column, ...]


class _HasRow(Protocol):
    @property
    def row(self) -> TrainingRow: ...


_HasRowT = TypeVar("_HasRowT", bound=_HasRow)


class Tally:
    """Counts the rows that go by, and remembers none."""

    def __init__(self) -> None:
        self.splits: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.documents: Counter[str] = Counter()
        self.models: Counter[str] = Counter()

    def watch(self, rows: Iterable[_HasRowT]) -> Iterator[_HasRowT]:
        """`rows`, of which each has a `row`, counted while they are read."""
        for one in rows:
            self.add(one.row)
            yield one

    def add(self, row: TrainingRow) -> None:
        origin = row.provenance
        self.splits[row.split] += 1
        self.languages[row.language] += 1
        self.kinds[origin.kind] += 1
        self.documents[origin.document or ""] += 1
        if origin.model:
            self.models[origin.model] += 1


def dataset_card(
    tally: Tally, files: Sequence[CardFile], *, title: str, notes: Mapping[str, Any]
) -> str:
    """The text of README.md, in the language of most rows. `notes` say of which version it is, and
    what was asked for."""
    words = _CHINESE if _main_language(tally) == "zh" else _ENGLISH
    rows = sum(tally.splits.values())
    name = _inert(title)
    parts = [
        f"---\n{_header(tally, files, title)}---\n\n# {name}\n",
        words["about"].format(rows=f"{rows:,}", documents=len(tally.documents)),
        words["made"].format(models=", ".join(f"`{_inert(m)}`" for m in sorted(tally.models)))
        if tally.models
        else words["imported"],
        f"## {words['counts']}\n",
        _table(words["split"], words["rows"], tally.splits, words),
        _table(words["language"], words["rows"], tally.languages, words),
        _table(words["kind"], words["rows"], tally.kinds, words),
        f"## {words['documents']}\n",
        _table(words["document"], words["rows"], tally.documents, words),
        f"## {words['provenance']}\n",
        _noted(notes),
        f"## {words['licence']}\n",
        words["no_licence"],
    ]
    return "\n".join(part if part.endswith("\n") else f"{part}\n" for part in parts)


_MOST_SHOWN = 100
"""Documents of a table, the commonest first."""
_SIZES = (
    *((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")),
    *((1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M")),
)
_ENGLISH = {
    "about": "{rows} rows to fine-tune a language model on, about {documents} document(s).",
    "made": "Made with Loresmith: questions and answers were written from the passages of the "
    "documents by {models}, each with the evidence quoted; rows whose evidence or figures are not "
    "in the source, whose wording says nothing by itself, or that repeat others were left out.",
    "imported": "Put together with Loresmith out of files of rows that people had already.",
    "counts": "Counts",
    "rows": "rows",
    "split": "split",
    "language": "language",
    "kind": "kind",
    "document": "document or file",
    "documents": "Documents",
    "provenance": "Provenance",
    "licence": "Licence",
    "no_licence": "None is set. Whoever shares this data says under which licence, as far as that "
    "of the documents allows, and adds `license:` to the header above.",
    "none": "not known",
    "more": "and {count} more",
}
_CHINESE = {
    "about": "共 {rows} 条微调数据，涉及 {documents} 份文档。",
    "made": "由 Loresmith 制作：{models} 根据文档段落撰写问题与答案，每条都引用原文证据；"
    "证据或数字在原文中找不到、脱离上下文无法理解、或与其他条目重复的数据均已剔除。",
    "imported": "由 Loresmith 汇总已有的数据文件而成。",
    "counts": "数量",
    "rows": "条数",
    "split": "划分",
    "language": "语言",
    "kind": "类型",
    "document": "文档或文件",
    "documents": "文档",
    "provenance": "来源",
    "licence": "许可证",
    "no_licence": "未设置。分享数据者须在文档许可的范围内自行确定许可证，"
    "并在上方文件头中加入 `license:`。",
    "none": "未知",
    "more": "另有 {count} 份",
}


def _main_language(tally: Tally) -> str:
    return max(tally.languages, key=lambda one: (tally.languages[one], one), default="en")


def _header(tally: Tally, files: Sequence[CardFile], title: str) -> str:
    rows = sum(tally.splits.values())
    languages = sorted(code for code in tally.languages if len(code) == 2)
    size = next((name for most, name in _SIZES if rows < most), "100M<n<1B")
    configs = [
        {
            "config_name": form,
            **({"default": True} if number == 0 else {}),
            "data_files": [
                {"split": file.split, "path": file.name} for file in files if file.form == form
            ],
        }
        for number, form in enumerate(dict.fromkeys(file.form for file in files))
    ]
    features = [
        {"config_name": file.form, "features": [_feature(one, file.name) for one in file.columns]}
        for file in {one.form: one for one in files}.values()
        if not file.name.endswith(".parquet")  # it tells itself
    ]
    header: dict[str, Any] = {
        "pretty_name": title,
        **({"language": languages} if languages else {}),
        "task_categories": ["question-answering", "text-generation"],
        "size_categories": [size],
        "tags": ["loresmith", *(["synthetic"] if tally.models else [])],
        **({"configs": configs} if configs else {}),
        **({"dataset_info": features} if features else {}),
    }
    return yaml.safe_dump(header, allow_unicode=True, sort_keys=False, width=10_000)


def _feature(column: Column, file_name: str) -> dict[str, Any]:
    """A column as the hub's header has it: without, a column that is empty in one split would be
    of another type there. In a cell of CSV, lists are JSON text."""
    plain: dict[str, Any] = {"dtype": "bool" if column.kind == "flag" else "string"}
    if not file_name.endswith(".csv"):
        said = ["role", "content", *(["thinking"] if column.kind == "thoughts" else [])]
        turns = {"list": [{"name": name, "dtype": "string"} for name in said]}
        lists: dict[str, dict[str, Any]] = {
            "texts": {"sequence": "string"},
            "pairs": {"sequence": {"sequence": "string"}},
            "turns": turns,
            "thoughts": turns,
        }
        plain = lists.get(column.kind, plain)
    return {"name": column.name, **plain}


def _table(what: str, rows: str, counts: Counter[str], words: Mapping[str, str]) -> str:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    lines = [f"| {what} | {rows} |", "|---|---|"]
    for name, count in ordered[:_MOST_SHOWN]:
        lines.append(f"| {_inert(name) or words['none']} | {count:,} |")
    left = len(ordered) - _MOST_SHOWN
    if left > 0:
        others = sum(count for _, count in ordered[_MOST_SHOWN:])
        lines.append(f"| {words['more'].format(count=left)} | {others:,} |")
    return "\n".join(lines) + "\n"


def _noted(notes: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in notes.items() if value not in (None, "", (), [], {})}
    text = yaml.safe_dump(shown, allow_unicode=True, sort_keys=False, width=10_000)
    return f"```yaml\n{text.replace('`', chr(39))}```\n"


def _inert(name: str) -> str:
    """A name that markup can do nothing with."""
    for mark, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;")):
        name = name.replace(mark, instead)
    return " ".join(name.replace("`", "'").split())
