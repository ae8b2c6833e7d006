"""What a training would take is told by a file, a recipe or a project, and begins nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from loresmith.errors import ModelUnavailable, NotFound, RecipeError
from loresmith.workspace.training_estimate import TrainingEstimate, estimate_training
from tiny_model import make_tiny_model


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base") / "tiny")


QUESTIONS = [{"instruction": f"Question {n}?", "output": f"Answer {n}."} for n in range(10)]


def estimated(
    base: Path,
    folder: Path,
    *changes: str,
    measure: bool = False,
    rows: Sequence[Mapping[str, object]] = QUESTIONS,
    columns: str = '"formatting": "alpaca"',
) -> TrainingEstimate:
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    info = f'{{"mine": {{"file_name": "rows.json", {columns}}}}}'
    (folder / "dataset_info.json").write_text(info, "utf-8")
    path = folder / "sft.yaml"
    path.write_text(
        f"model_name_or_path: {base}\ndo_train: true\ndataset: mine\ndataset_dir: {folder}\n"
        f"output_dir: {folder / 'out'}\nper_device_train_batch_size: 2\n"
        "gradient_accumulation_steps: 2\nnum_train_epochs: 4\nfinetuning_type: lora\n",
        encoding="utf-8",
    )
    return estimate_training(path, changes, measure=measure)


def test_a_llama_factory_file_is_estimated_by_its_rows(base: Path, tmp_path: Path) -> None:
    found = estimated(base, tmp_path)
    assert (found.rows, found.method) == (10, "lora")
    assert found.memory.batch_size == 4, "per_device_train_batch_size x accumulation"
    assert found.row_tokens is not None and 10 < found.row_tokens <= found.memory.row_tokens < 60
    assert found.memory.fits and found.memory.rows_at_once > 4
    assert found.time is not None and found.time.steps == 12
    assert found.time.tokens == pytest.approx(40 * found.row_tokens, abs=1)
    assert "6 FLOP a parameter and token" in found.time.judged_by
    assert not (tmp_path / "out").exists()


PAIRS = [
    {"instruction": f"Ship {n}?", "chosen": f"Berth {n}.", "rejected": "No."} for n in range(9)
]
LIKED = [
    {"instruction": f"Ship {n}?", "output": f"Berth {n}.", "kto_tag": n % 2 == 0} for n in range(9)
]
TEXTS = [{"text": f"Ship {n} lies at berth {n} of Velmora."} for n in range(9)]
STAGES = {
    "dpo": (
        PAIRS,
        '"ranking": true, "columns": {"prompt": "instruction", "chosen": "chosen", '
        '"rejected": "rejected"}',
    ),
    "rm": (
        PAIRS,
        '"ranking": true, "columns": {"prompt": "instruction", "chosen": "chosen", '
        '"rejected": "rejected"}',
    ),
    "kto": (
        LIKED,
        '"columns": {"prompt": "instruction", "response": "output", "kto_tag": "kto_tag"}',
    ),
    "pt": (TEXTS, '"columns": {"prompt": "text"}'),
}


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_is_estimated_by_what_goes_through_the_model(
    base: Path, tmp_path: Path, stage: str
) -> None:
    rows, columns = STAGES[stage]
    plain = estimated(base, tmp_path, f"stage={stage}", rows=rows, columns=columns)
    assert plain.rows and plain.row_tokens and plain.time is not None
    assert plain.memory.row_tokens >= plain.row_tokens
    referred = stage in ("dpo", "kto")
    assert (plain.time.reference_seconds > 0) is referred
    assert plain.time.reference_seconds < plain.time.seconds / 2
    assert plain.memory.fits
    # KTO learns from an answer, and reads the same question with another's answer beside it.
    assert ("FLOP" in plain.time.judged_by) and (
        plain.time.judged_by.startswith("6 FLOP") is (stage != "kto")
    )


def test_without_rows_a_pair_has_two_of_the_longest(base: Path, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(f"base_model: {base}\ntraining: {{max_length: 333}}\n", encoding="utf-8")
    one = estimate_training(path, ["training.stage.type=kto"])
    two = estimate_training(path, ["training.stage.type=dpo"])
    assert (one.memory.row_tokens, two.memory.row_tokens) == (333, 666)


def test_shards_on_several_processes_are_told_by_process(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = ["finetuning_type=full"]
    alone = estimated(base, tmp_path, *full)
    monkeypatch.setenv("NPROC_PER_NODE", "4")
    copies = estimated(base, tmp_path, *full)
    cut = estimated(base, tmp_path, *full, "fsdp=full_shard")
    assert (alone.memory.processes, copies.memory.processes, cut.memory.processes) == (1, 4, 4)
    assert cut.memory.batch_size == 16, "each process learns from four rows of a step"
    sizes = [
        next(part.bytes for part in found.memory.parts if part.name == "optimizer")
        for found in (alone, copies, cut)
    ]
    assert sizes[0] == sizes[1] == pytest.approx(4 * sizes[2], abs=4)


def test_the_time_can_be_measured(base: Path, tmp_path: Path) -> None:
    found = estimated(base, tmp_path, "num_train_epochs=100", measure=True)
    assert found.time is not None and found.time.seconds > 0
    assert "4 steps of it" in found.time.judged_by
    assert not (tmp_path / "out").exists()


def test_a_recipe_without_rows_is_estimated_by_the_longest_that_it_allows(
    base: Path, tmp_path: Path
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(f"base_model: {base}\ntraining: {{max_length: 333}}\n", encoding="utf-8")
    found = estimate_training(path, ["training.rank=4"])
    assert (found.rows, found.time, found.memory.row_tokens) == (None, None, 333)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["recipe.yaml"], "nothing is begun"
    more = estimate_training(path, ["training.rank=32"])
    assert more.memory.learned == 8 * found.memory.learned


def test_a_project_is_estimated_by_its_own_recipe(base: Path, tmp_path: Path) -> None:
    (tmp_path / "loresmith.yaml").write_text(
        f"base_model: {base}\ntraining: {{type: full}}\n", encoding="utf-8"
    )
    found = estimate_training(tmp_path)
    assert found.method == "full" and found.memory.learned == found.memory.parameters


def test_what_cannot_be_estimated_is_one_error(base: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        estimate_training(tmp_path / "none.yaml")
    with pytest.raises(RecipeError, match="lora_rank"):
        estimated(base, tmp_path, "lora_rank=0")
    with pytest.raises(ModelUnavailable):
        estimated(tmp_path / "nowhere", tmp_path)
