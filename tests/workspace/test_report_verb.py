"""`loresmith report` shows what is there; it never starts work that was not asked for."""

from __future__ import annotations

from pathlib import Path

from projects import copy_example, loresmith


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
