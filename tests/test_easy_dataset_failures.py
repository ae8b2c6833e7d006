"""Each failure that was seen in Easy Dataset has a test, and the page that lists them names it."""

from __future__ import annotations

import ast
import json
import re
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.errors import RecipeError
from loresmith.workspace.datasets import Imports, import_path
from loresmith.workspace.rows import RowFilter, Rows
from projects import HARBOR, copy_documents, loresmith
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer
from waiting import wait_for
from written_rows import copy_written

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "easy-dataset-failures.md"
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def _failures(page: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the page says was seen, and the tests that it names."""
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ") and "`" in line]
    return [(row[0].strip("| "), NAMED.findall(row[-1])) for row in rows]


@pytest.mark.parametrize("page", [PAGE, PAGE.with_suffix(".zh.md")], ids=["en", "zh"])
def test_every_test_that_the_page_names_is_there(page: Path) -> None:
    failures = _failures(page)
    assert len(failures) >= 20
    for seen, named in failures:
        assert named, f"no test is named for: {seen}"
        for file, name in named:
            tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
            found = {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
            assert not name or name in found, f"{file} has no {name}"


def test_both_languages_name_the_same_tests() -> None:
    english, chinese = (_failures(page) for page in (PAGE, PAGE.with_suffix(".zh.md")))
    assert [named for _, named in english] == [named for _, named in chinese]


def test_a_least_length_over_the_greatest_is_refused_before_any_work(tmp_path: Path) -> None:
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    lengths = ("chunking.min_length=900", "chunking.max_length=300")
    with pytest.raises(RecipeError, match=r"900.*300"):
        Workspace(project, overrides=lengths).do("chunk")
    assert not (project / ".loresmith").exists()


def test_a_bad_second_call_leaves_the_result_of_the_first(tmp_path: Path) -> None:
    """Facts are asked for first, wordings second; a teacher fails at every wording."""
    project = copy_documents(tmp_path / "coast", "annual-review.md")

    def fails(messages: list[dict[str, str]]) -> str:
        reply = sentence_teacher(messages)
        return reply if '"evidence"' in reply or reply == "ready" else "I cannot do that."

    def generated(server: TeacherServer, *more: str) -> int:
        words = ("--teacher", f"openai:any@{server.url}", *more)
        return loresmith("generate", project, *words).code

    with TeacherServer(fails) as server:
        assert generated(server, "--set", "generation.tolerated_failures=0") == 1
        first = {call.digest for call in server.finished if '"evidence"' in call.text}
        asked_for_facts = len(first)
        assert asked_for_facts
        server.answer = sentence_teacher
        assert generated(server) == 0
        again = Counter(call.digest for call in server.finished if call.digest in first)
    assert set(again.values()) == {1}, "the first call was paid for again"


def test_a_name_is_never_run(tmp_path: Path) -> None:
    """Files, a project and an export with names that a shell would act on."""
    evil = "a;touch pwned;$(touch pwned)`touch pwned`|touch pwned&.md"
    project = tmp_path / "p;touch pwned;$(touch pwned) '\""
    (project / "documents").mkdir(parents=True)
    text = (HARBOR / "documents" / "annual-review.md").read_text(encoding="utf-8")
    (project / "documents" / evil).write_text(text, encoding="utf-8")
    output = tmp_path / "$(touch pwned);out.jsonl"
    with TeacherServer(sentence_teacher) as server:
        teacher = ("--teacher", f"openai:any@{server.url}")
        made = loresmith("dataset", project, *teacher)
    assert made.code == 0, made.err
    done = loresmith("export-dataset", project, "--form", "jsonl", "--output", output)
    assert done.code == 0, done.err
    assert output.stat().st_size > 0
    places = [*tmp_path.rglob("pwned*"), *Path.cwd().glob("pwned*")]
    assert places == []


def _listed(folder: Path, rows: int) -> Rows:
    """The rows of a project of so many imported ones."""
    folder.mkdir()
    many = [{"instruction": f"What is berth {n} for?", "output": f"Rope {n}."} for n in range(rows)]
    (folder / "rows.json").write_text(json.dumps(many), encoding="utf-8")
    workspace = Workspace(folder)
    import_path(Imports(workspace), folder / "rows.json", [])
    return Rows(workspace)


def test_a_page_reads_as_much_of_a_long_list_as_of_a_short_one(tmp_path: Path) -> None:
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    read: list[int] = []

    def counted(_cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
        read.append(1)
        return row

    def count(connection: Any, *_: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.row_factory = counted

    def rows_read(size: int) -> tuple[int, int]:
        """By two pages of a list of that length; and how many a search finds."""
        rows = _listed(tmp_path / str(size), size)
        wait_for(lambda: rows.page(limit=20).total == size)  # a long list is made apart
        cursor = rows.page(limit=20).after
        read.clear()
        first, later = rows.page(limit=20), rows.page(limit=20, cursor=cursor)
        assert len(first.rows) == len(later.rows) == 20
        return len(read), len(rows.page(RowFilter(search="berth 4"), limit=20).rows)

    event.listen(Pool, "checkout", count)
    try:
        short, _ = rows_read(100)
        long, found = rows_read(5000)
    finally:
        event.remove(Pool, "checkout", count)
    assert 0 < long <= short + 5
    assert found == 20


def test_several_reviewers_at_once_lose_no_word(tmp_path: Path) -> None:
    folder = copy_written(tmp_path / "coast")
    listed = Rows(Workspace(folder)).page(limit=48).rows
    people = ("mei", "ines", "otto", "ana")
    shares = [[row.id for row in listed[place :: len(people)]] for place in range(len(people))]
    start = threading.Barrier(len(people))

    def review(person: str, ids: list[str]) -> None:
        rows = Rows(Workspace(folder))
        start.wait()
        for one in ids:
            rows.review([one], "confirmed", note=f"read by {person}", author=person)

    threads = [
        threading.Thread(target=review, args=pair) for pair in zip(people, shares, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = Rows(Workspace(folder))
    for person, ids in zip(people, shares, strict=True):
        for one in ids:
            said = rows.row(one).history
            assert [(review.author, review.verdict) for review in said] == [(person, "confirmed")]
