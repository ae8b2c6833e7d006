"""A stage's own figures in a browser: a curve of each beside the loss, while they come in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from examined_runs import project_with_tiny_model
from loresmith import Workspace
from loresmith.records import Run
from loresmith.settings import Settings
from loresmith.workspace.home import Home

FIGURES = {"accuracy": 0.75, "chosen_reward": 0.5, "rejected_reward": -0.25}


@pytest.fixture
def project(home, tmp_path):
    folder = tmp_path / "coast"
    project_with_tiny_model(folder, "http://127.0.0.1:9/v1", names=("annual-review.md",))
    return Home(Settings(home=home, database_url=None)).projects.add(folder, name="Coast")


def begun(project) -> Path:
    """A run that learns from pairs, before its first step; its trainer log."""
    workspace = Workspace(Path(project.folder))
    run = Run(
        id="pairs",
        dataset_id="none",
        base_model=workspace.recipe.base_model,
        recipe=yaml.safe_dump(workspace.recipe.model_dump(mode="json")),
        folder="runs/v1-pairs",
        created_at="2026-01-01T00:00:00+00:00",
    )
    with workspace.opened() as context:
        context.add([run])
    folder = workspace.project.runs / "v1-pairs"
    folder.mkdir(parents=True)
    return folder / "trainer_log.jsonl"


def add_steps(log: Path, first: int, last: int, **figures: float) -> None:
    with log.open("a", encoding="utf-8") as file:
        for step in range(first, last + 1):
            line = {"current_steps": step, "total_steps": 9, "loss": 0.6, **figures}
            file.write(json.dumps(line) + "\n")


def wait_for_points(page, chart: str, count: int) -> None:
    for _ in range(100):
        if page.locator(chart).get_attribute("data-points") == str(count):
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"{chart} does not come to {count} points")


def test_figures_of_pairs_are_drawn_beside_the_loss_as_they_come(page, project):
    log = begun(project)
    page.goto(f"/projects/{project.id}/train")
    page.locator("#chart-loss canvas").wait_for()
    assert page.locator("[data-of-stage]").count() == 0
    assert page.get_by_text("nats a token, on answers").is_visible()
    add_steps(log, 1, 3, margin=0.75, **FIGURES)
    wait_for_points(page, "#chart-margin", 3)
    assert page.get_by_text("nats a token, on answers").is_hidden()
    titles = page.locator("[data-of-stage] [data-title]").all_inner_texts()
    assert titles == ["Margin", "Accuracy", "Rewards"]
    rewards = page.locator("#chart-rewards .u-legend").inner_text()
    assert "better answers" in rewards and "worse answers" in rewards
    add_steps(log, 4, 5, margin=0.75, kl=0.5, **FIGURES)
    wait_for_points(page, "#chart-margin", 5)
    wait_for_points(page, "#chart-kl", 5)
    page.locator("#chart-margin .u-over").hover()
    shown = page.locator("#chart-margin .u-value").all_inner_texts()
    assert shown[1] == "0.75", "raw, at the step below the pointer"


@pytest.mark.parametrize("language", ["zh"])
def test_they_have_chinese_names_and_an_unknown_one_its_own(page, project):
    add_steps(begun(project), 1, 3, margin=0.75, entropy=2.0)
    page.goto(f"/projects/{project.id}/train")
    wait_for_points(page, "#chart-margin", 3)
    titles = page.locator("[data-of-stage] [data-title]").all_inner_texts()
    assert titles == ["奖励差值", "entropy"]
