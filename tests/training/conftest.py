"""A tiny base model, a device of one thread, and rows about an invented harbour."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from loresmith.devices import Device
from loresmith.records import Example
from tiny_model import make_tiny_model
from tiny_training import FACTS, example, one_thread


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(scope="session")
def settled(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base that answers each question with the answer to the next: its embeddings mean something,
    so that an adapter on it learns."""
    return _misled(base, tmp_path_factory.mktemp("settled"), learning_rate=1e-2)


@pytest.fixture(scope="session")
def wide_settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with layers as wide as the blocks in which numbers are quantized."""
    folder = tmp_path_factory.mktemp("wide")
    blank = make_tiny_model(folder / "blank", hidden_size=128, intermediate_size=256)
    return _misled(blank, folder, learning_rate=3e-3)


def _misled(base: Path, folder: Path, *, learning_rate: float) -> Path:
    from loresmith.training import Full

    answers = [answer for _, answer in (*FACTS[1:], FACTS[0])]
    rows = [example(fact[0], answer) for fact, answer in zip(FACTS, answers, strict=True)]
    method = Full(learning_rate=learning_rate, num_epochs=60, scheduler="constant")
    result = method.train(rows, base=base, folder=folder, seed=0, device=one_thread())
    return Path(result.checkpoint.folder)


@pytest.fixture
def device() -> Device:
    return one_thread()


@pytest.fixture
def without_bitsandbytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine as one on which that package is not installed."""
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bitsandbytes" else there(name)
    )


@pytest.fixture
def examples() -> list[Example]:
    return [example(question, answer) for question, answer in FACTS]
