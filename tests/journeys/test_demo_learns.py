"""The demo in full: its model learns the facts, with any seed, and from these documents only.

Slow: about a quarter of an hour for each training on two idle cores.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.workspace.candidates import find_candidate
from loresmith.workspace.steps.dataset import exam_sheet
from projects import HARBOR, copy_example

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * 3600)]


def test_three_seeds_all_learn_and_agree_within_ten_points(tmp_path: Path) -> None:
    scores = []
    for seed in (1, 2, 3):
        report = Workspace(copy_example(tmp_path / str(seed) / "harbor"), seed=seed).run()
        english = report.exam.languages["en"]
        assert english.before.accuracy is not None and english.before.accuracy <= 0.05
        assert english.after.accuracy is not None and english.after.accuracy >= 0.80
        scores.append(english.after.accuracy)
    assert max(scores) - min(scores) <= 0.10, scores


def test_an_adapter_of_another_corpus_knows_nothing_of_the_harbour(tmp_path: Path) -> None:
    other = tmp_path / "prose"
    shutil.copytree(HARBOR.parent / "prose" / "documents", other / "documents")
    Workspace(other).do("train")
    with Workspace(copy_example(tmp_path / "harbor")).context_after("dataset") as context:
        items = [item for item in exam_sheet(context).items if item.kind == "direct"]
        with find_candidate(other).open("tuned") as model:
            scores = context.recipe.exam.sit(model, items).scores
    assert sum(score.score for score in scores) / len(scores) <= 0.05
