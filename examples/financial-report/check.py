"""Checks the rows about a real report again: against their evidence, or against the report itself.

    python examples/financial-report/check.py            # needs nothing but this folder
    python examples/financial-report/check.py REPORT     # the whole way, from the report's file

The first goes through the same filters as `loresmith dataset`, over the sentences that the rows
quote. The second parses and cuts the report, renders teacher.jsonl into replies to today's
requests, writes and curates, and compares what is kept with rows.jsonl, word for word.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.component import content_id
from loresmith.curation import Curation
from loresmith.recipe import Recipe
from loresmith.records import Chunk, Document, Drop, Fact, Wording

HERE = Path(__file__).parent
NAME = "kuaishou.md"
TITLE = "快手二季度净利润增超七成，CEO程一笑强调可灵AI商业化"


class Rows(NamedTuple):
    """What rows.jsonl says, as records about a document made of the quoted sentences."""

    document: Document
    chunk: Chunk
    facts: list[Fact]
    wordings: list[Wording]


def lines() -> list[dict[str, Any]]:
    """The rows as they are committed, each with its verdict."""
    return [json.loads(line) for line in (HERE / "rows.jsonl").read_text("utf-8").splitlines()]


def curation() -> Curation:
    """The filters of the recipe beside this file."""
    import yaml

    settings = yaml.safe_load((HERE / "loresmith.yaml").read_text(encoding="utf-8"))
    return Recipe.model_validate({"curation": settings["curation"]}).curation


def rows() -> Rows:
    """All rows as records."""
    quotes = dict.fromkeys(quote for line in lines() for quote in line.get("evidence", ()))
    text = "\n\n".join(quotes)
    document = Document(
        id="report",
        name=NAME,
        title=TITLE,
        text=text,
        language="zh",
        media_type="text/markdown",
        source_sha256="",
    )
    chunk = Chunk(
        id="all", document_id="report", index=0, start=0, end=len(text), text=text, context=""
    )
    facts: list[Fact] = []
    wordings: list[Wording] = []
    for number, line in enumerate(lines()):
        if line["kind"] == "pair":
            facts.append(_fact(line, number))
        else:
            wordings.append(_wording(line, number, facts))
    return Rows(document, chunk, facts, wordings)


def _fact(line: dict[str, Any], number: int) -> Fact:
    return Fact(
        id=content_id("fact", line["question"]),
        chunk_id="all",
        document_id="report",
        index=number,
        language="zh",
        question=line["question"],
        answer=line["answer"],
        short_answer=line["short_answer"],
        quotes=tuple(line["evidence"]),
        formula=line.get("formula"),
        model="report-teacher",
        prompt_version="",
    )


def _wording(line: dict[str, Any], number: int, facts: list[Fact]) -> Wording:
    about = facts[line["fact"] - 1] if line["fact"] else None
    return Wording(
        id=content_id(line["use"], line["question"]),
        fact_id=about.id if about else None,
        chunk_id="all",
        document_id="report",
        index=number,
        language="zh",
        use=line["use"],
        kind=line["kind"],
        question=line["question"],
        answer=line["answer"],
        short_answer=about.short_answer if about else "",
        model="report-teacher",
        prompt_version="",
    )


def objections(found: Rows) -> list[Drop]:
    """What today's filters throw out of the committed rows: nothing, if all is well."""
    today = ([found.chunk], [found.document])
    facts = curation().curate_facts(found.facts, *today)
    wordings = curation().curate_wordings(found.wordings, facts.kept, *today)
    return [*facts.drops, *wordings.drops]


def written_anew(report: Path) -> tuple[list[tuple[str, str]], list[Drop]]:
    """Question and answer of every row that is kept today when the report itself is read."""
    from loresmith import Workspace
    from loresmith.workspace.recording import record
    from loresmith.workspace.steps.curate import curated

    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "report"
        (project / "documents").mkdir(parents=True)
        shutil.copy(report, project / "documents" / NAME)
        for name in ("loresmith.yaml", "teacher.jsonl"):
            shutil.copy(HERE / name, project)
        record(project)
        Workspace(project).do("curate")
        with Workspace(project).opened() as context:
            kept = curated(context)
    if kept is None:
        raise SystemExit("nothing was curated")
    return [(one.question, one.answer) for one in (*kept.facts, *kept.wordings)], list(kept.drops)


def main() -> None:
    if len(sys.argv) > 1:
        kept, dropped = written_anew(Path(sys.argv[1]))
        committed = [(line["question"], line["answer"]) for line in lines()]
        differing = Counter(kept) - Counter(committed) + (Counter(committed) - Counter(kept))
        print(f"{len(kept)} rows kept, {len(dropped)} thrown out, {len(differing)} differ")
        for drop in dropped:
            print(f"  {drop.reason}: {drop.detail}: {drop.text}")
        for question, _ in differing:
            print(f"  differs: {question}")
        raise SystemExit(bool(differing))
    found = objections(rows())
    print(f"{len(lines())} rows, {len(found)} objections")
    for drop in found:
        print(f"  {drop.reason}: {drop.detail}: {drop.text}")
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
