"""A made-up but lifelike result of a run on examples/harbor, for tests and for looking at."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from loresmith.component import content_id
from loresmith.documents import parse_document
from loresmith.exams.compare import ExamReport, compare
from loresmith.records import AnswerKey, Document, Drop, ExamItem, Score, Span, Transcript
from loresmith.text.normalising import locate
from loresmith.training.result import PracticeScore
from loresmith.workspace.report import (
    DatasetSummary,
    DocumentSummary,
    Failure,
    RunReport,
    RunSummary,
    RunUsage,
    TrainingSummary,
)

HARBOR = Path(__file__).parents[3] / "examples" / "harbor"

_WRONG = {
    "en": ("I am not sure, but it was about 12 tonnes.", "The harbour master was Mr. John Smith."),
    "zh": ("根据资料，大约是五百万元。", "抱歉，我不太确定，可能是王先生。"),
}
_UNKNOWN = {"en": "I do not know; it is not recorded.", "zh": "我不知道，没有记载。"}
_GENERAL = (
    ("en", "What is the capital of France?", "Paris"),
    ("en", "How many legs does a spider have?", "Eight"),
    ("en", "Which planet is closest to the Sun?", "Mercury"),
    ("zh", "水在标准大气压下的沸点是多少摄氏度？", "100摄氏度"),
)


@lru_cache
def harbor_documents() -> dict[str, Document]:
    """The example's documents by id."""
    paths = sorted((HARBOR / "documents").iterdir())
    found = [parse_document(path, name=path.name) for path in paths]
    return {document.id: document for document in found}


@lru_cache
def harbor_report() -> RunReport:
    """As after a good run: most was learned, two figures with a rival were not."""
    documents = harbor_documents()
    exam = _exam(_items(list(documents.values())))
    return RunReport(
        run=RunSummary(
            id=content_id("run", "harbor"),
            created="2031-11-21T09:14:02+00:00",
            base_model="SmolLM2-135M-Instruct",
            teacher="recorded: strong teacher",
            version="0.1.0",
        ),
        exam=exam,
        dropped={"near_duplicate": 14, "figure_not_in_evidence": 6, "qualifier_missing": 3},
        dropped_examples=_dropped_examples(),
        usage=RunUsage(
            calls=4,
            cached=38,
            prompt_tokens=61_204,
            completion_tokens=28_917,
            seconds={
                "parse": 1.2,
                "chunk": 0.1,
                "generate": 9.4,
                "curate": 2.2,
                "dataset": 0.4,
                "exam before": 61.0,
                "train": 846.0,
                "exam after": 58.0,
            },
        ),
        training=_training(),
        documents=tuple(_summary(document) for document in documents.values()),
        failures=(
            Failure(
                step="generate",
                subject="berth-tariff.html, characters 1820-2410: exam wordings",
                reason="the teacher's reply was cut at 2,048 tokens, three times",
            ),
        ),
        dataset=DatasetSummary(id=content_id("dataset"), version=3, rows=612, facts=66, withheld=6),
        recipe=_RECIPE,
        notes=("The validation set is small (12 facts): its loss says little.",),
    )


def _items(documents: Sequence[Document]) -> list[ExamItem]:
    by_name = {document.name: document for document in documents}
    rows = (HARBOR / "teacher.jsonl").read_text(encoding="utf-8").splitlines()
    items: list[ExamItem] = []
    for number, row in enumerate(map(json.loads, rows)):
        document = by_name[row["document"]]
        for wording in row.get("exam", ()):
            items.append(_fact_item(row, wording, document, withheld=number % 11 == 4))
        for asked in row.get("unanswerable", ()):
            if asked["use"] == "exam":
                items.append(_item(asked["question"], "abstention", document.language, document))
    for language, question, answer in _GENERAL:
        items.append(_item(question, "retention", language, None, answer=answer))
    return items


def _fact_item(
    row: dict[str, object], wording: dict[str, str], document: Document, *, withheld: bool
) -> ExamItem:
    quotes = tuple(str(quote) for quote in row["evidence"])  # type: ignore[attr-defined]
    places = [locate(quote, document.text) for quote in quotes]
    return ExamItem(
        id=content_id("item", wording["question"]),
        prompt=wording["question"],
        kind="reversed" if wording["kind"] == "reversed" else "direct",
        language=document.language,
        document=document.name,
        fact_id=content_id(row["question"]),
        withheld=withheld,
        key=AnswerKey(
            short_answer=str(row["short_answer"]),
            answer=str(row["answer"]),
            quotes=quotes,
            evidence=tuple(
                Span(document_id=document.id, start=place[0], end=place[1])
                for place in places
                if place is not None
            ),
        ),
    )


def _item(
    question: str, kind: str, language: str, document: Document | None, *, answer: str = ""
) -> ExamItem:
    said = answer or _UNKNOWN[language]
    return ExamItem.model_validate(
        {
            "id": content_id("item", question),
            "prompt": question,
            "kind": kind,
            "language": language,
            "document": document.name if document else "",
            "key": AnswerKey(short_answer=said, answer=said),
        }
    )


def _exam(items: Sequence[ExamItem]) -> ExamReport:
    chance = random.Random(7)
    before, after = [], []
    for item in items:
        general = item.kind == "retention"
        before.append(_score(item, right=general or chance.random() < 0.02, chance=chance))
        learned = 0.06 if item.withheld else 0.97 if general else 0.84
        after.append(_score(item, right=chance.random() < learned, chance=chance))
    return compare(
        Transcript(candidate="base", scores=tuple(before), seconds=61.0),
        Transcript(candidate="tuned", scores=tuple(after), seconds=58.0),
        items,
    )


def _score(item: ExamItem, *, right: bool, chance: random.Random) -> Score:
    reply = item.key.answer if right else chance.choice(_WRONG[item.language])
    return Score(
        item_id=item.id,
        reply=reply,
        score=float(right),
        reason="" if right else f"does not state {item.key.short_answer!r}",
    )


def _training() -> TrainingSummary:
    chance = random.Random(3)
    losses = tuple(
        3.1 * math.exp(-step / 70) + 0.12 + chance.gauss(0, 0.16) * math.exp(-step / 160)
        for step in range(312)
    )
    practice = tuple(
        PracticeScore(step=78 * n, epoch=float(n), score=score, validation_loss=loss)
        for n, score, loss in ((1, 0.31, 1.52), (2, 0.64, 1.08), (3, 0.79, 1.01), (4, 0.82, 1.03))
    )
    return TrainingSummary(
        steps=312,
        useful_tokens_per_second=287.4,
        losses=tuple(max(loss, 0.01) for loss in losses),
        practice=practice,
        epochs=4,
        learning_rate=1e-3,
        method="lora",
        trainable_parameters=19_537_920,
        device="CPU, 2 threads, bf16",
    )


def _summary(document: Document) -> DocumentSummary:
    return DocumentSummary(
        name=document.name,
        title=document.title,
        language=document.language,
        characters=len(document.text),
        chunks=max(1, len(document.text) // 1200),
        facts=11,
        rows=102,
        warnings=document.warnings,
    )


def _dropped_examples() -> dict[str, tuple[Drop, ...]]:
    return {
        "near_duplicate": (
            Drop(
                subject_id="a",
                subject="wording",
                reason="near_duplicate",
                detail="asked before as: How much timber passed through Calder Reach in 2031?",
                text="In 2031, how much timber passed through Calder Reach?",
            ),
        ),
        "figure_not_in_evidence": (
            Drop(
                subject_id="b",
                subject="fact",
                reason="figure_not_in_evidence",
                detail="'3.14 million crowns' is not in the evidence",
                text="The reported surplus for 2031 was 3.14 million crowns.",
            ),
        ),
    }


_RECIPE = """\
base_model: embedded
teacher:
  type: recorded
  path: recordings.jsonl
chunking:
  type: headings
  min_length: 400
  max_length: 1600
training:
  type: lora
  rank: 64
  learning_rate: 0.001
  num_epochs: 4
seed: 0
"""
