"""Between steps a model is measured and asked; the best by what was measured is delivered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.records import Example
from loresmith.training import Lora
from loresmith.training.plan import make_plan
from loresmith.training.sample_replies import chosen_prompts, read_samples
from stopped_training import stop_after
from tiny_training import example, train

LORA = Lora(max_steps=12, batch_size=4, eval_steps=3, learning_rate=2e-2, scheduler="constant")


def test_evaluations_come_every_so_many_steps_and_at_the_end() -> None:
    plan = make_plan(Lora(max_steps=10, eval_steps=4), rows=80, parameters=10**8)
    assert sorted(plan.practice_steps()) == [4, 8, 10]


def test_without_practice_the_lowest_validation_loss_tells_the_best(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = LORA.model_copy(update={"max_steps": 30, "early_stopping": False})
    result = train(method, examples[:4], base, tmp_path, device, validation=examples[4:])
    losses = {one.step: one.validation_loss for one in result.practice}
    assert [*losses] == [3, 6, 9, 12, 15, 18, 21, 24, 27, 30]
    best = min(losses, key=lambda step: losses[step] or 0.0)
    assert result.checkpoint.step == best
    last = train(
        method.model_copy(update={"best_by": "last"}),
        examples[:4],
        base,
        tmp_path / "last",
        device,
        validation=examples[4:],
    )
    assert last.checkpoint.step == 30
    name = "adapter/adapter_model.safetensors"
    one, other = load_file(tmp_path / name), load_file(tmp_path / "last" / name)
    assert best == 30 or any(not torch.equal(one[key], other[key]) for key in one)


def test_a_validation_loss_that_no_longer_falls_ends_the_training(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    wrong = [example(str(row.messages[0].content), "Nobody knows." * 3) for row in examples[:4]]
    method = LORA.model_copy(update={"max_steps": 90, "patience": 2})
    result = train(method, examples[:4], base, tmp_path, device, validation=wrong)
    losses = [one.validation_loss for one in result.practice]
    assert result.steps < 90 == result.total_steps
    assert result.checkpoint.step == result.practice[losses.index(min(losses))].step
    assert result.steps == result.checkpoint.step + 2 * 3


def test_practice_goes_before_validation_unless_one_says_otherwise(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    scores = iter([0.9, *[0.1] * 9])
    method = LORA.model_copy(update={"early_stopping": False})
    result = train(
        method,
        examples[:4],
        base,
        tmp_path,
        device,
        validation=examples[4:],
        evaluate=lambda _: next(scores),
    )
    assert result.checkpoint.step == 3


@pytest.mark.parametrize("best_by", ["practice", "validation_loss"])
def test_what_cannot_be_measured_is_refused(
    base: Path, device: Device, examples: list[Example], tmp_path: Path, best_by: str
) -> None:
    method = LORA.model_copy(update={"best_by": best_by})
    with pytest.raises(TrainingError, match=f"best_by is {best_by}"):
        train(method, examples, base, tmp_path, device)


def test_the_same_prompts_are_answered_before_the_start_and_at_each_evaluation(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = LORA.model_copy(update={"sample_prompts": ("Who is the harbour master?", "港务局？")})
    result = train(method, examples, base, tmp_path, device)
    samples = read_samples(tmp_path / "samples.jsonl")
    assert [one.step for one in samples] == [0, 0, 3, 3, 6, 6, 9, 9, 12, 12]
    assert {one.prompt for one in samples} == {"Who is the harbour master?", "港务局？"}
    assert samples[0].reply != samples[-2].reply, "one sees it change"
    silent = train(
        LORA.model_copy(update={"sample_prompts": ()}), examples, base, tmp_path / "x", device
    )
    assert silent.losses == result.losses, "to be asked changes nothing"
    assert not (tmp_path / "x" / "samples.jsonl").exists()


def test_where_nothing_is_named_a_few_questions_of_rows_are_asked(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    train(LORA, examples[:4], base, tmp_path, device, validation=examples[4:])
    asked = dict.fromkeys(one.prompt for one in read_samples(tmp_path / "samples.jsonl"))
    assert [*asked] == [row.messages[0].content for row in examples[4:7]]
    assert chosen_prompts(None, ["a", "b", "c", "d"], examples) == ("a", "b", "c")
    assert chosen_prompts(("mine",), ["a"], examples) == ("mine",)
    assert chosen_prompts((), ["a"], examples) == ()


def test_after_a_stop_no_sample_stands_twice(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    options = {"validation": examples[4:]}
    where = {"base": base, "folder": tmp_path, "seed": 5, "device": device}
    stop_after(7, LORA, examples[:4], **where, **options)
    (tmp_path / "samples.jsonl").open("a").write('{"step": 9, "pro')
    train(LORA, examples[:4], base, tmp_path, device, **options)
    steps = [one.step for one in read_samples(tmp_path / "samples.jsonl")]
    assert steps == [step for step in (0, 3, 6, 9, 12) for _ in range(3)]
    practice = (tmp_path / "practice_log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in practice] == [3, 6, 9, 12]


def test_a_prompt_without_room_for_a_reply_does_not_end_the_training(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = LORA.model_copy(update={"sample_prompts": ("long " * 390,)})
    result = train(method, examples, base, tmp_path, device)
    assert result.steps == 12
    assert all("no room" in one.fault for one in read_samples(tmp_path / "samples.jsonl"))
