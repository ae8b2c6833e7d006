"""A new stage is one file plus one line: a toy is added to a copy of the package, and used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toy_members import seen_everywhere, train_with_toy, with_toy

STAGE = '''
"""Why: a toy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from loresmith.training.rows import Row
from loresmith.training.stages.plain import PlainObjective
from loresmith.training.stages.stage import Encoded, Encoding, Objective, Shape, Stage


class Echo(Stage):
    """The better answers alone are learned, several times over."""

    type: Literal["echo"] = "echo"
    shape: ClassVar[Shape] = "preference"

    times: int = Field(default=3, ge=1, le=9)
    """How often the toy says it again."""

    def encode(self, rows: Sequence[Any], encoding: Encoding) -> Encoded:
        ids = [encoding.tokenizer.encode(row.chosen * self.times) for row in rows]
        return Encoded([Row(one, [True] * len(one)) for one in ids], [], [])

    def objective(self, forward: Any) -> Objective:
        return PlainObjective(forward)
'''


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where Python finds the package with one stage more."""
    return with_toy(
        tmp_path_factory.mktemp("more"),
        family="training/stages",
        module="echo",
        source=STAGE,
        members="AnyStage = Annotated[\n    Annotated[Sft | Pretrain | Dpo | Kto | Reward,",
    )


def test_it_is_in_recipes_forms_and_the_reference(environment: dict[str, str]) -> None:
    found = seen_everywhere(
        environment,
        "training: {stage: {type: echo, times: 5}}",
        path="training.stage",
        name="echo",
        setting="times",
    )
    assert found["recipe"]["training"]["stage"]["type"] == "echo"
    assert "    # How often the toy says it again.\n    times: 5\n" in found["yaml"]
    assert found["options"] == ["sft", "pretrain", "dpo", "kto", "reward", "echo"]
    assert (found["field"]["kind"], found["field"]["ge"], found["field"]["le"]) == ("integer", 1, 9)
    assert found["field"]["help"] == "How often the toy says it again."
    assert "| `echo` | The better answers alone are learned" in found["reference"]
    assert "with `type: echo`" in found["reference"]
    assert "How often the toy says it again." in found["reference"]


def test_it_is_trained_by_its_name(environment: dict[str, str], base: Path, tmp_path: Path) -> None:
    rows = [
        {"instruction": f"Which berth has ship {n}?", "chosen": f"Berth {n}.", "rejected": "No."}
        for n in range(8)
    ]
    settings = ("training.stage.type=echo", "training.stage.times=2", "training.max_steps=30")
    done = train_with_toy(environment, rows, base, tmp_path, *settings)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out" / "training_result.json").read_text("utf-8"))["result"]
    assert result["stage"] == "echo"
    assert result["losses"][-1] < result["losses"][0]
