"""Several processes that train one model: what comes out, and what is told when one of them fails.

All of it on the CPU, with gloo, by the way that a training on several cards takes.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from loresmith.errors import (
    AnotherTrainingError,
    JobCancelled,
    OutOfDeviceMemory,
    RecipeError,
    TrainingError,
)
from loresmith.records import Example, Message
from loresmith.training import Full, Lora, TrainingMethod, TrainingProgress, TrainingResult
from loresmith.workspace.rank_processes import places
from loresmith.workspace.training_process import TrainingTask, train_in_child
from tiny_model import make_tiny_model
from tiny_training import FACTS

ROWS = FACTS[:7]
SETTINGS: dict[str, Any] = {
    "num_epochs": 2,
    "batch_size": 3,  # of 7 rows: some steps have fewer rows than others, and processes too
    "pass_tokens": 64,
    "learning_rate": 1e-2,
    "precision": "fp32",
}
STEPS = 6
WEIGHTS = {
    "lora": "adapter/adapter_model.safetensors",
    "full": "model/model.safetensors",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def alone(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a training in one process, by method; trained when it is first asked for."""
    done: dict[str, Path] = {}

    def trained(kind: str) -> Path:
        if kind not in done:
            done[kind] = tmp_path_factory.mktemp(kind)
            _train(base, _method(kind, processes=1), done[kind])
        return done[kind]

    return trained


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        pytest.param("lora", {}, id="lora"),
        pytest.param("full", {"fsdp": "full_shard"}, id="full in shards"),
        pytest.param(
            "lora", {"fsdp": "shard_grad_op"}, id="lora in shards", marks=pytest.mark.slow
        ),
    ],
)
def test_two_processes_learn_what_one_learns(
    base: Path,
    alone: Callable[[str], Path],
    tmp_path: Path,
    kind: str,
    settings: dict[str, Any],
) -> None:
    told: list[TrainingProgress] = []
    result = _train(base, _method(kind, processes=2, **settings), tmp_path, told)
    expected = _result(alone(kind))
    assert result.losses == pytest.approx(expected.losses, abs=1e-5)
    assert [p.validation_loss for p in result.practice] == pytest.approx(
        [p.validation_loss for p in expected.practice], abs=1e-5
    )
    assert result.useful_tokens == expected.useful_tokens
    _assert_same_weights(tmp_path / WEIGHTS[kind], alone(kind) / WEIGHTS[kind])
    assert [p.step for p in told if p.phase == "training"] == [*range(1, STEPS + 1)]
    log = (tmp_path / "trainer_log.jsonl").read_text().splitlines()
    assert [json.loads(line)["current_steps"] for line in log] == [*range(1, STEPS + 1)]


@pytest.mark.skipif(
    importlib.util.find_spec("deepspeed") is None, reason="deepspeed is not installed"
)
@pytest.mark.parametrize("preset", ["zero2", "zero3_offload"])
def test_deepspeed_learns_what_one_process_learns(
    base: Path,
    alone: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    preset: str,
) -> None:
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    result = _train(base, _method("full", processes=2, deepspeed=preset), tmp_path)
    assert result.losses == pytest.approx(_result(alone("full")).losses, abs=1e-5)
    _assert_same_weights(tmp_path / WEIGHTS["full"], alone("full") / WEIGHTS["full"])


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            Lora(**{**SETTINGS, "processes": 2, "dropout": 0.2, "checkpoint_seconds": 0}),
            id="copies with dropout",
        ),
        pytest.param(
            Full(**{**SETTINGS, "processes": 2, "fsdp": "full_shard", "checkpoint_seconds": 0}),
            id="shards",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_after_kill_9_of_one_process_all_end_and_the_run_goes_on_as_if_nothing_had_been(
    base: Path, tmp_path: Path, method: TrainingMethod
) -> None:
    expected = _train(base, method, tmp_path / "whole")

    def kill(progress: TrainingProgress) -> None:
        if progress.phase == "training" and progress.step == 3:
            _process_of_rank(1).kill()

    with pytest.raises(TrainingError, match=r"process 1 of 2, on .*: .*ended by SIGKILL") as error:
        train_in_child(_task(base, method), tmp_path / "run", on_progress=kill, check=lambda: None)
    assert "from the last checkpoint" in error.value.hint
    assert not _children()
    told: list[TrainingProgress] = []
    result = _train(base, method, tmp_path / "run", told)
    steps = [p.step for p in told if p.phase == "training"]
    assert steps[0] > 1, "it began anew"
    assert result.losses == pytest.approx(expected.losses, abs=1e-5)


@pytest.mark.parametrize(
    ("raised", "kind", "shown"),
    [
        (
            "RuntimeError('not enough memory: you tried to allocate 64 bytes')",
            OutOfDeviceMemory,
            "",
        ),
        ("ValueError('token 7 of a row is none')", TrainingError, "token 7 of a row is none"),
    ],
    ids=["out of memory", "crash"],
)
def test_what_one_process_raises_is_the_error_of_the_training(
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raised: str,
    kind: type[TrainingError],
    shown: str,
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os\n"
        "if os.environ.get('RANK') == '1':\n"
        "    import torch\n"
        "    real = torch.nn.functional.embedding\n"
        "    def broken(*given, **named):\n"
        "        if torch.is_grad_enabled():\n"
        f"            raise {raised}\n"
        "        return real(*given, **named)\n"
        "    torch.nn.functional.embedding = broken\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(kind, match="process 1 of 2, on ") as error:
        _train(base, _method("lora", processes=2), tmp_path / "run")
    assert type(error.value) is kind
    assert shown in error.value.hint
    assert not _children()


def test_stopping_saves_one_checkpoint_and_leaves_no_process(base: Path, tmp_path: Path) -> None:
    told: list[TrainingProgress] = []

    def check() -> None:
        if any(p.phase == "training" for p in told):
            raise JobCancelled("enough was seen")

    method = Lora(**{**SETTINGS, "processes": 2, "num_epochs": 900})
    with pytest.raises(JobCancelled, match="enough was seen"):
        train_in_child(_task(base, method), tmp_path, on_progress=told.append, check=check)
    assert not _children()
    assert len(list(tmp_path.glob("attempt-*/checkpoint-*/manifest.json"))) == 1


@pytest.mark.slow
def test_a_checkpoint_of_two_processes_is_gone_on_from_by_one(base: Path, tmp_path: Path) -> None:
    told: list[TrainingProgress] = []

    def check() -> None:
        if sum(p.phase == "training" for p in told) == 3:
            raise JobCancelled("enough was seen")

    method = _method("lora", processes=2)
    with pytest.raises(JobCancelled):
        train_in_child(_task(base, method), tmp_path, on_progress=told.append, check=check)
    other = _task(base, method.model_copy(update={"learning_rate": 1e-3}))
    with pytest.raises(AnotherTrainingError):
        train_in_child(other, tmp_path, on_progress=told.append, check=lambda: None)
    result = _train(base, _method("lora", processes=1), tmp_path)
    assert any("goes on after step" in note for note in result.notes)
    assert len(result.losses) == STEPS


def test_an_environment_that_leaves_machines_unable_to_meet_is_refused_with_all_its_faults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NNODES", "2")
    monkeypatch.setenv("NODE_RANK", "2")
    monkeypatch.setenv("NPROC_PER_NODE", "two")
    with pytest.raises(RecipeError) as error:
        places(None)
    assert error.value.faults == (
        "NPROC_PER_NODE should be a whole number of at least 0, and is 'two'",
        "MASTER_ADDR is needed with NNODES=2",
        "MASTER_PORT is needed with NNODES=2",
        "NODE_RANK should be below NNODES=2, and is 2",
    )


def test_machines_number_their_processes_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "NNODES": "2",
        "NODE_RANK": "1",
        "NPROC_PER_NODE": "4",
        "MASTER_ADDR": "10.0.0.1",
        "MASTER_PORT": "29500",
    }.items():
        monkeypatch.setenv(name, value)
    found = places(None)
    assert [one.rank for one in found] == [4, 5, 6, 7]
    assert [one.environment["LOCAL_RANK"] for one in found] == ["0", "1", "2", "3"]
    assert {one.world_size for one in found} == {8}
    assert {one.environment["MASTER_ADDR"] for one in found} == {"10.0.0.1"}


def _method(kind: str, **changes: Any) -> TrainingMethod:
    return {"lora": Lora, "full": Full}[kind](**{**SETTINGS, **changes})


def _task(base: Path, method: TrainingMethod) -> TrainingTask:
    rows = tuple(
        Example(
            id=question,
            messages=(
                Message(role="user", content=question),
                Message(role="assistant", content=answer),
            ),
        )
        for question, answer in ROWS
    )
    return TrainingTask(training=method, base=str(base), seed=5, examples=rows, validation=rows[:3])


def _train(
    base: Path,
    method: TrainingMethod,
    folder: Path,
    told: list[TrainingProgress] | None = None,
) -> TrainingResult:
    keep = [] if told is None else told
    return train_in_child(_task(base, method), folder, on_progress=keep.append, check=lambda: None)


def _result(folder: Path) -> TrainingResult:
    return TrainingResult.model_validate_json((folder / "training.json").read_text())


def _assert_same_weights(path: Path, expected: Path) -> None:
    from safetensors.torch import load_file

    ours, theirs = load_file(path), load_file(expected)
    assert ours.keys() == theirs.keys()
    for name, weight in ours.items():
        assert float((weight.float() - theirs[name].float()).abs().max()) < 1e-4, name


def _children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE
        and "training_process" in " ".join(child.cmdline())
    ]


def _process_of_rank(rank: int) -> psutil.Process:
    return next(child for child in _children() if child.environ().get("RANK") == str(rank))
