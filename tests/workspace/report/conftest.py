"""Fixtures for the report's tests: small reports made for one case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loresmith.exams.compare import compare
from loresmith.records import AnswerKey, Document, ExamItem, Score, Span, Transcript
from loresmith.workspace.report import DatasetSummary, RunReport, RunSummary

MakeReport = Callable[..., RunReport]


@pytest.fixture
def make_report() -> MakeReport:
    """A report with at most one exam item; keywords change it."""
    return _make_report


@pytest.fixture
def make_document() -> Callable[..., Document]:
    """A document with the given text."""
    return _make_document


def _make_document(text: str, *, name: str = "a.md", title: str = "A") -> Document:
    return Document(
        id=f"id-{name}",
        name=name,
        title=title,
        text=text,
        language="en",
        media_type="text/markdown",
        source_sha256="0",
    )


def _make_report(
    *,
    prompt: str | None = None,
    expected: str = "Right.",
    replies: tuple[str, str] = ("no", "yes"),
    scores: tuple[float, float] = (0.0, 1.0),
    document: str = "a.md",
    kind: str = "direct",
    evidence: tuple[Span, ...] = (),
    quotes: tuple[str, ...] = (),
    **changes: Any,
) -> RunReport:
    items = []
    if prompt is not None:
        key = AnswerKey(short_answer="", answer=expected, quotes=quotes, evidence=evidence)
        known = {"id": "i", "prompt": prompt, "kind": kind, "document": document, "key": key}
        items.append(ExamItem.model_validate({**known, "language": "en"}))
    sittings = [
        Transcript(
            candidate="c",
            scores=tuple(Score(item_id=i.id, reply=reply, score=score) for i in items),
            seconds=1.0,
        )
        for reply, score in zip(replies, scores, strict=True)
    ]
    report = RunReport(
        run=RunSummary(id="r", created="2031-01-01", base_model="b", teacher="t", version="0"),
        exam=compare(sittings[0], sittings[1], items),
        dataset=DatasetSummary(id="d"),
    )
    return report.model_copy(update=changes)
