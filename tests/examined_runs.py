"""A project with a finished run, as a tiny model leaves it: weights, logs, replies, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loresmith import Workspace
from loresmith.workspace.recipes import change_recipe
from projects import copy_documents
from tiny_model import make_tiny_model

TINY = {
    "training.num_epochs": 2.0,
    "training.batch_size": 16,
    "dataset.split.validation": 0.1,
    "exam.max_practice": 3,
    "exam.max_items": 6,
    "exam.max_tokens": 4,
    "exam.max_general_tokens": 2,
    "exam.retention": 0,
}
"""Settings under which a tiny model is trained and examined in seconds."""


def project_with_tiny_model(
    folder: Path, url: str, *, names: Sequence[str] = ("annual-review.md", "渔港纪要.txt")
) -> Workspace:
    """A project whose recipe names the teacher at `url` and a tiny base model; nothing is done."""
    copy_documents(folder, *names)
    model = make_tiny_model(folder.parent / "tiny-base")
    changes = {
        **TINY,
        "base_model": str(model),
        "teacher": {"type": "openai", "model": "any", "url": url},
    }
    change_recipe(folder, changes)
    return Workspace(folder)
