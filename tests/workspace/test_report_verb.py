"""`loresmith report` shows what is there; it never starts work that was not asked for."""

from __future__ import annotations

from pathlib import Path

from projects import copy_documents, copy_example, loresmith
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer


def test_a_report_without_a_finished_run_says_how_to_get_one(tmp_path: Path) -> None:
    project = copy_example(tmp_path / "harbor", "annual-review.md")
    asked = loresmith("report", project)
    assert asked.code == 2
    assert "no finished run" in asked.err and "loresmith run" in asked.err
    assert not (project / "datasets").exists() and not (project / "runs").exists()


def test_the_report_of_another_run_is_named(tmp_path: Path) -> None:
    project = copy_example(tmp_path / "harbor", "annual-review.md")
    page = project / "runs" / "v1-0123456789" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>an earlier run</p>", encoding="utf-8")
    assert str(page) in loresmith("report", project).err


def test_status_of_a_folder_without_recipe_tells_of_what_was_last_asked_for(tmp_path: Path) -> None:
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    with TeacherServer(sentence_teacher) as server:
        words = ("dataset", project, "--teacher", f"openai:any@{server.url}")
        assert loresmith(*words).code == 0
    rows = loresmith("status", project).out.splitlines()
    (generate,) = [row.split() for row in rows if row.startswith("generate")]
    (dataset,) = [row.split() for row in rows if row.startswith("dataset")]
    assert generate[1] == generate[2] != "–"
    assert dataset[1:] == ["1", "1"]
