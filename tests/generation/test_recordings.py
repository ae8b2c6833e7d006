"""A teacher's readable lines become replies to today's requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from loresmith.errors import DocumentError, NotFound
from loresmith.generation import ExamWordingWriter, FactWriter, TrainingWordingWriter
from loresmith.generation.recordings import Recording, read_teacher_lines, recordings
from loresmith.records import Chunk, Document, Fact
from small_corpus import CHINESE, ENGLISH, chunk_of, document_of

CUT = ENGLISH.index("The fish market")


def line(**parts: Any) -> dict[str, Any]:
    wordings = [
        {"kind": kind, "question": f"{kind} {n}?", "answer": "It was 1,297 calls."}
        for n, kind in enumerate(["paraphrase"] * 6 + ["restatement", "restatement", "reversed"])
    ]
    return {
        "document": "review.md",
        "question": "How many ship calls did Calder Reach count in 2031?",
        "answer": "Calder Reach counted 1,297 ship calls in 2031.",
        "short_answer": "1,297 ship calls",
        "evidence": ["Calder Reach counted 1,297 ship calls in 2031."],
        "formula": None,
        "wordings": wordings,
        "practice": [{"question": "Practice?"}],
        "exam": [{"kind": "direct", "question": "Exam?"}, {"kind": "direct", "question": "Ask?"}],
    } | parts


UNANSWERABLE = {
    "document": "review.md",
    "anchor": "The fish market opened in May 2030.",
    "unanswerable": [
        {"use": "training", "question": "Who built the market?", "answer": "I do not know."},
        {"use": "exam", "question": "What did the market cost?"},
    ],
}


def record(tmp_path: Path, *lines: dict[str, Any]) -> list[Recording]:
    path = tmp_path / "teacher.jsonl"
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in lines), "utf-8")
    document = document_of(ENGLISH)
    chinese = document_of(CHINESE, name="纪要.txt", language="zh")
    chunks = [chunk_of(document, 0, CUT), chunk_of(document, CUT, index=1), chunk_of(chinese)]
    return rendered(read_teacher_lines(path), chunks, [document, chinese])


def rendered(lines: Any, chunks: Sequence[Chunk], documents: Sequence[Document]) -> list[Recording]:
    def keep(facts: list[Fact]) -> list[Fact]:
        return facts

    return list(
        recordings(
            lines,
            chunks,
            documents,
            fact_writer=FactWriter(),
            training_writer=TrainingWordingWriter(paraphrases=6, restatements=2),
            exam_writer=ExamWordingWriter(),
            keep=keep,
            model="recorded",
        )
    )


def test_every_request_of_today_gets_a_reply(tmp_path: Path) -> None:
    made = record(tmp_path, line(), UNANSWERABLE)
    assert [one.request.purpose for one in made] == [
        *["facts"] * 3,
        "training wordings",
        "exam wordings",
    ]
    first = json.loads(made[0].reply)
    assert first["pairs"][0]["short_answer"] == "1,297 ship calls"
    assert json.loads(made[1].reply)["pairs"] == []
    training = json.loads(made[3].reply)
    assert len(training["pairs"][0]["wordings"]) == 9


def test_unanswerable_questions_of_a_chunk_without_facts_go_to_the_nearest_with_some(
    tmp_path: Path,
) -> None:
    made = record(tmp_path, line(), UNANSWERABLE)
    assert json.loads(made[3].reply)["unanswerable"][0]["question"] == "Who built the market?"
    assert json.loads(made[4].reply)["unanswerable"] == [{"question": "What did the market cost?"}]


def test_a_quotation_that_no_chunk_holds_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"review\.md: no chunk holds 'Calder Reach counted 9'"):
        record(tmp_path, line(evidence=["Calder Reach counted 9"]))
    with pytest.raises(NotFound, match=r"other\.md"):
        record(tmp_path, line(document="other.md"))


def test_a_header_row_of_another_place_may_come_first(tmp_path: Path) -> None:
    evidence = ["| a header | that is nowhere |", "Calder Reach counted 1,297 ship calls in 2031."]
    assert len(record(tmp_path, line(evidence=evidence))) == 5


def test_lines_that_answer_less_than_is_asked_are_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="6 of kind paraphrase asked for, 1 given"):
        record(tmp_path, line(wordings=line()["wordings"][5:]))


def test_a_line_that_is_no_json_is_named_by_number(tmp_path: Path) -> None:
    path = tmp_path / "teacher.jsonl"
    path.write_text('\n{"document": "a.md"}\n{"document": }\n', "utf-8")
    with pytest.raises(DocumentError, match=r"teacher\.jsonl, line 3"):
        read_teacher_lines(path)
