"""Before a training one row is shown and kept as it is trained, with what is learned of it."""

from __future__ import annotations

from pathlib import Path

from loresmith.devices import Device
from loresmith.records import Example
from loresmith.training import Lora, TrainingProgress, read_shown_row


def test_the_first_row_is_told_before_the_first_step_and_kept(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    told: list[TrainingProgress] = []
    method = Lora(max_steps=1)
    method.train(
        examples, base=base, folder=tmp_path, seed=0, device=device, on_progress=told.append
    )
    shown = [number for number, progress in enumerate(told) if progress.sample is not None]
    stepped = [number for number, progress in enumerate(told) if progress.phase == "training"]
    assert len(shown) == 1 and shown[0] < stepped[0]
    sample = told[shown[0]].sample
    assert sample is not None and read_shown_row(tmp_path) == sample
    question, answer = (message.content for message in examples[0].messages)
    assert [one.text for one in sample.pieces if one.learned] == [f"{answer}<|im_end|>"]
    assert any(f"{question}<|im_end|>" in one.text for one in sample.pieces if not one.learned)
    assert f"⟦{answer}<|im_end|>⟧" in (tmp_path / "sample.txt").read_text(encoding="utf-8")
    assert 0 < sample.learned_tokens < sample.tokens


def test_what_is_shown_is_what_the_settings_learn(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    Lora(max_steps=1, learn="everything").train(
        examples, base=base, folder=tmp_path, seed=0, device=device
    )
    sample = read_shown_row(tmp_path)
    assert sample is not None and all(one.learned for one in sample.pieces)


def test_a_folder_without_a_training_has_no_sample(tmp_path: Path) -> None:
    assert read_shown_row(tmp_path) is None
