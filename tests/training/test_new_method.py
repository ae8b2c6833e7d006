"""A new method is one file plus one line: a toy is added to a copy of the package, and used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toy_members import seen_everywhere, train_with_toy, with_toy

ROWS = [
    {"instruction": f"Which berth has ship {number}?", "output": f"Berth {number}."}
    for number in range(8)
]
METHOD = '''
"""Why: a toy."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from loresmith.training.full import Full, write_whole_model
from loresmith.training.method import TrainingMethod


class Norms(TrainingMethod):
    """Only the lengths of the norms are learned."""

    type: Literal["norms"] = "norms"
    loudness: int = Field(default=3, ge=1, le=9)
    """How loud the toy is."""

    def default_learning_rate(self, parameters: int) -> float:
        return 0.05

    @property
    def default_epochs(self) -> float:
        return 1.0

    @property
    def delivery(self) -> Literal["adapter", "model"]:
        return "model"

    def prepare(self, model: Any, *, base: Path) -> Any:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("norm" in name)
        return model

    def save_weights(self, model: Any, folder: Path) -> None:
        Full().save_weights(model, folder)

    def load_weights(self, model: Any, folder: Path) -> None:
        Full().load_weights(model, folder)

    def deliver(self, model: Any, folder: Path, *, dtype: str) -> None:
        write_whole_model(model, folder, dtype=dtype)
'''


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where Python finds the package with one method more."""
    return with_toy(
        tmp_path_factory.mktemp("more"),
        family="training",
        module="norms",
        source=METHOD,
        members="AnyTraining = Annotated[\n    Annotated[Lora | Full | Freeze,",
    )


def test_it_is_in_recipes_forms_and_the_reference(environment: dict[str, str]) -> None:
    found = seen_everywhere(
        environment,
        "training: {type: norms, loudness: 5}",
        path="training",
        name="norms",
        setting="loudness",
    )
    assert found["recipe"]["training"]["type"] == "norms"
    assert "  # How loud the toy is.\n  loudness: 5\n" in found["yaml"]
    assert found["options"] == ["lora", "full", "freeze", "norms"]
    assert (found["field"]["kind"], found["field"]["ge"], found["field"]["le"]) == ("integer", 1, 9)
    assert found["field"]["help"] == "How loud the toy is."
    assert "| `norms` | Only the lengths of the norms are learned. |" in found["reference"]
    assert "### `training` with `type: norms`" in found["reference"]
    assert (
        "| `loudness` | whole number ≥ 1, ≤ 9 | `3` | How loud the toy is. |" in found["reference"]
    )


def test_it_is_trained_with_by_its_name(
    environment: dict[str, str], base: Path, tmp_path: Path
) -> None:
    settings = ("training.type=norms", "training.loudness=4", "training.max_steps=30")
    done = train_with_toy(environment, ROWS, base, tmp_path, *settings)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out" / "training_result.json").read_text("utf-8"))["result"]
    assert result["losses"][-1] < result["losses"][0]
    assert result["steps"] == 30
    assert (tmp_path / "out" / "model" / "config.json").is_file()


def test_its_settings_are_checked_as_all_others_are(
    environment: dict[str, str], base: Path, tmp_path: Path
) -> None:
    done = train_with_toy(
        environment, ROWS, base, tmp_path, "training.type=norms", "training.lodness=4"
    )
    assert done.returncode == 2
    assert "training.norms.lodness: unknown; did you mean loudness?" in done.stderr
