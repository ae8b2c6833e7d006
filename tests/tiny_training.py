"""Trainings of seconds: rows about an invented harbour, a device of one thread, one way to call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loresmith.devices import Device
from loresmith.records import Example, Message
from loresmith.training import TrainingMethod, TrainingResult

FACTS = (
    ("Who is the harbour master?", "Ilse Brandt."),
    ("What did the crane cost?", "4.2 million."),
    ("How much was moved in 2023?", "31.4 million tonnes, which is more than in 2022."),
    ("How much was moved in 2022?", "29.8 million tonnes."),
    ("港务局局长是谁？", "林海舟。"),
    ("青屿港吞吐量是多少？", "3140万吨。"),
    ("When does the ferry leave?", "At 6:45."),
    ("Who owns the dock?", "The town of Velmora owns it."),
)


def example(question: str, answer: str) -> Example:
    messages = (
        Message(role="user", content=question),
        Message(role="assistant", content=answer),
    )
    return Example(id=f"row of {question}", messages=messages)


def one_thread() -> Device:
    return Device(
        kind="cpu",
        torch_device="cpu",
        name="CPU",
        memory_bytes=8_000_000_000,
        bf16=False,
        threads=1,
    )


def train(
    method: TrainingMethod,
    examples: Sequence[Example],
    base: Path,
    folder: Path,
    device: Device,
    *,
    seed: int = 5,
    **options: Any,
) -> TrainingResult:
    """`options` is the rest of what `method.train` takes."""
    return method.train(examples, base=base, folder=folder, seed=seed, device=device, **options)
