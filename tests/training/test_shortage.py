"""A step that memory is too short for is done again with less at once, and learns the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from loresmith.devices import Device
from loresmith.errors import JobCancelled, OutOfDeviceMemory
from loresmith.records import Example
from loresmith.training import Full, Lora, TrainingProgress
from tiny_training import FACTS, example, train

STEPS = 6
LORA = Lora(max_steps=STEPS, batch_size=8, learning_rate=1e-2)
SHORTAGE = "CUDA out of memory. Tried to allocate 20.00 GiB"


@contextmanager
def room_for(tokens: int, *, while_: Callable[[int], bool] = lambda _: True) -> Iterator[None]:
    """A device that has no memory for more tokens at once, from the first step on: torch's own
    error, where they enter the model."""
    begun: list[bool] = []

    def refuse(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if not isinstance(module, torch.nn.Embedding):
            return
        if module.training:
            begun.append(True)
        if begun and inputs[0].numel() > tokens and while_(inputs[0].numel()):
            raise torch.OutOfMemoryError(SHORTAGE)

    hook = torch.nn.modules.module.register_module_forward_pre_hook(refuse)
    try:
        yield
    finally:
        hook.remove()


@pytest.mark.parametrize("packing", ["off", "on"])
def test_a_step_that_does_not_fit_is_done_in_parts_and_learns_the_same(
    base: Path, device: Device, examples: list[Example], tmp_path: Path, packing: str
) -> None:
    method = LORA.model_copy(update={"packing": packing})
    expected = train(method, examples, base, tmp_path / "whole", device)
    told: list[TrainingProgress] = []
    with room_for(130):
        result = train(method, examples, base, tmp_path / "run", device, on_progress=told.append)
    assert result.losses == pytest.approx(expected.losses, abs=1e-5)
    notes = [note for note in result.notes if "memory ran out" in note]
    assert notes and "what a step learns is the same" in notes[-1]
    assert [p.step for p in told if "memory ran out" in p.note] == [1], "found out once"
    lines = (tmp_path / "run" / "trainer_log.jsonl").read_text(encoding="utf-8").splitlines()
    assert "memory ran out" in json.loads(lines[0])["note"]
    assert result.batch_size == 8 and result.steps == STEPS


def test_what_is_random_in_a_step_is_drawn_again_from_where_it_began(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = LORA.model_copy(update={"dropout": 0.3, "packing": "off", "neftune_noise_alpha": 5.0})
    with room_for(130):
        tried = train(method, examples, base, tmp_path / "run", device)
    (size,) = {int(note.split("at most ")[1].split()[0]) for note in tried.notes[-1:]}
    small = method.model_copy(update={"pass_tokens": size})
    expected = train(small, examples, base, tmp_path / "small", device)
    assert tried.losses == pytest.approx(expected.losses, abs=1e-6)


def test_what_was_found_to_fit_is_kept_over_a_resume(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    expected = train(LORA, examples, base, tmp_path / "whole", device)
    done: list[int] = [0]
    with room_for(130), pytest.raises(JobCancelled):
        train(
            LORA,
            examples,
            base,
            tmp_path / "run",
            device,
            on_progress=lambda progress: done.append(progress.step),
            should_stop=lambda: done[-1] >= 3,
        )
    with room_for(130):
        result = train(LORA, examples, base, tmp_path / "run", device)
    assert result.losses == pytest.approx(expected.losses, abs=1e-5)
    assert sum("memory ran out" in note for note in result.notes) >= 1
    told = [note for note in result.notes if "memory ran out" in note]
    assert len(told) == len(set(told)), "nothing is found out a second time"


def test_validation_rows_that_do_not_fit_at_once_are_measured_in_parts(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    expected = train(LORA, examples[:4], base, tmp_path / "a", device, validation=examples[4:])
    with room_for(90):
        found = train(LORA, examples[:4], base, tmp_path / "b", device, validation=examples[4:])
    losses = [score.validation_loss for score in found.practice]
    assert losses == pytest.approx([score.validation_loss for score in expected.practice], abs=1e-5)


def test_with_one_row_too_large_activations_are_computed_twice_before_one_gives_up(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    expected = train(LORA, examples, base, tmp_path / "whole", device)
    alone: list[int] = []

    def once_alone(tokens: int) -> bool:
        if tokens < 45:
            alone.append(tokens)
        return len(alone) <= 1

    with room_for(3, while_=once_alone):
        result = train(LORA, examples, base, tmp_path / "run", device)
    assert any("gradient checkpointing is on from now on" in note for note in result.notes)
    assert result.losses == pytest.approx(expected.losses, abs=1e-5)


def test_a_row_that_does_not_fit_alone_is_named_with_what_would_help(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    long = example("What is told?", "word " * 60)
    method = Full(
        max_steps=3, batch_size=4, gradient_checkpointing="off", precision="fp32", packing="off"
    )
    with room_for(100), pytest.raises(OutOfDeviceMemory) as error:
        train(method, [*examples[:3], long], base, tmp_path, device)
    assert "the row row of What is told? alone" in error.value.message
    assert "tokens" in error.value.message
    for helps in ("gradient_checkpointing", "max_length", "too_long", "precision", "type lora"):
        assert helps in error.value.hint
    assert "\n" not in error.value.message


def test_an_error_that_is_not_about_memory_is_not_hidden(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    def break_down(module: torch.nn.Module, _inputs: tuple[torch.Tensor, ...]) -> None:
        if isinstance(module, torch.nn.Embedding) and module.training:
            raise RuntimeError("a wire is loose")

    hook = torch.nn.modules.module.register_module_forward_pre_hook(break_down)
    try:
        with pytest.raises(RuntimeError, match="a wire is loose"):
            train(LORA, examples, base, tmp_path, device)
    finally:
        hook.remove()


LIMITED = """
import resource, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
import psutil
from loresmith.training import Full
from tiny_training import one_thread
from training.test_shortage import long_rows
def on_progress(progress):
    if progress.phase == "training" and progress.step == 1:
        held = psutil.Process().memory_info().vms
        resource.setrlimit(resource.RLIMIT_AS, (held + {room}, resource.RLIM_INFINITY))
    if progress.phase == "training" and progress.step == {steps}:  # what comes then is imported
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
result = Full.model_validate_json({settings!r}).train(
    long_rows(), base=Path({base!r}), folder=Path({folder!r}), seed=5, device=one_thread(),
    on_progress=on_progress,
)
"""


def long_rows() -> list[Example]:
    return [
        example(f"{n}. {question}", f"{answer} " * 9)
        for n in range(4)
        for question, answer in FACTS
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS holds on Linux alone")
def test_under_an_imposed_limit_of_memory_a_training_ends_as_without(
    base: Path, device: Device, tmp_path: Path
) -> None:
    method = Full(
        max_steps=4, batch_size=32, learning_rate=1e-3, pass_tokens=100_000, packing="off"
    )
    code = LIMITED.format(
        tests=str(Path(__file__).parents[1]),
        room=12_000_000,
        steps=4,
        settings=method.model_dump_json(),
        base=str(base),
        folder=str(tmp_path / "limited"),
    )
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MALLOC_MMAP_THRESHOLD_": "65536",  # what is freed goes back to the system
        "MALLOC_ARENA_MAX": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    limited = json.loads((tmp_path / "limited" / "training_result.json").read_text())["result"]
    assert any("memory ran out" in note for note in limited["notes"]), limited["notes"]
    expected = train(method, long_rows(), base, tmp_path / "whole", device)
    assert limited["losses"] == pytest.approx(expected.losses, abs=1e-4)
