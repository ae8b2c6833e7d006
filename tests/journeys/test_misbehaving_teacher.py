"""Chinese business reports go through a teacher that fails in every way, and nothing is lost."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from projects import Finished, loresmith, with_settings
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import (
    TeacherServer,
    always,
    broken_off,
    cut,
    garbage,
    hang,
    now_and_then,
    reset,
    say,
    status,
)

_REPORTS = Path(__file__).parents[1] / "data" / "reports"
_FAULTS = (
    *(status(429, retry_after=0.2), status(500), garbage(), hang(), cut(), reset(), broken_off()),
    *(say("抱歉，我无法完成这个请求。"), say('```json\n{"pairs": [}\n```'), say('{"pairs": []}')),
)
_SETTINGS = (
    *("teacher.timeout=1.0", "teacher.retry_wait=0.02", "teacher.longest_wait=0.5"),
    *("teacher.max_retries=1", "generation.attempts=2", "generation.tolerated_failures=0"),
    *("chunking.min_length=300", "chunking.max_length=600", "generation.facts.density=50"),
)
_MOST_RUNS = 12


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(_REPORTS, tmp_path / "reports" / "documents")
    return tmp_path / "reports"


def _dataset(project: Path, server: TeacherServer) -> Finished:
    words = ("--teacher", f"openai:any@{server.url}", *with_settings(_SETTINGS))
    return loresmith("dataset", project, *words)


def test_it_says_what_is_missing_and_running_again_completes_it(
    project: Path, tmp_path: Path
) -> None:
    script = now_and_then(*_FAULTS, share=0.5, seed=11)
    with TeacherServer(sentence_teacher, script=script) as server:
        for _ in range(_MOST_RUNS):
            done = _dataset(project, server)
            if done.code == 0:
                break
            assert done.code == 1
            assert "brought nothing" in done.err or "answer" in done.err
            missing = _missing(project, server)
            assert missing.code == 1
            assert re.search(r"generate: .+, characters \d+-\d+: .+: .+", missing.out)
        assert done.code == 0, done.err
        asked = len(server.requests)
        assert _dataset(project, server).code == 0
        assert len(server.requests) == asked
    assert len(server.requests) > len(server.finished), "the server behaved too well"

    with TeacherServer(sentence_teacher) as server:
        untroubled = tmp_path / "untroubled" / "reports"
        shutil.copytree(_REPORTS, untroubled / "documents")
        assert _dataset(untroubled, server).code == 0
    assert _files(project) == _files(untroubled)


def test_every_answer_stands_in_the_file_that_it_names(project: Path) -> None:
    with TeacherServer(sentence_teacher) as server:
        assert _dataset(project, server).code == 0
    rows = _rows(project)
    assert {row.document for row in rows} == {path.name for path in _REPORTS.iterdir()}
    assert len({row.fact for row in rows}) >= 15
    for row in rows:
        source = _bare((_REPORTS / row.document).read_text(encoding="utf-8"))
        assert _bare(row.answer) in source, row
    told = (project / "datasets" / "v1").glob("alpaca*.json")  # trained on, or kept apart
    assert any("GMV占总GMV" in file.read_text("utf-8") for file in told), "a fact was lost"


def test_a_teacher_that_only_fails_is_given_up_soon(project: Path) -> None:
    with TeacherServer(sentence_teacher, script=always(status(503))) as server:
        done = _dataset(project, server)
        assert done.code == 1
        assert "503" in done.err
        assert len(server.requests) < 20


def _missing(project: Path, server: TeacherServer) -> Finished:
    teacher = f"teacher={{type: openai, model: any, url: '{server.url}'}}"
    return loresmith("status", project, *with_settings((teacher, *_SETTINGS)))


class _Row(NamedTuple):
    fact: str
    document: str
    answer: str


def _rows(project: Path) -> list[_Row]:
    """The rows to train on that teach a fact, each beside its provenance."""
    folder = project / "datasets" / "v1"
    origins = [
        json.loads(line)
        for line in (folder / "provenance.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    alpaca: list[dict[str, Any]] = json.loads((folder / "alpaca.json").read_text(encoding="utf-8"))
    trained = [origin for origin in origins if origin["split"] == "train"]
    return [
        _Row(origin["fact_id"], origin["document"], row["output"])
        for origin, row in zip(trained, alpaca, strict=True)
        if origin["fact_id"]
    ]


def _bare(text: str) -> str:
    """Without space, width, case and marks: an independent way to compare."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def _files(project: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project / "datasets" / "v1").iterdir()}
