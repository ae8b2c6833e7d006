"""A training is watched by other programs; they see each step once, and cannot stop it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from loresmith.devices import Device
from loresmith.errors import JobCancelled
from loresmith.records import Example, Message
from loresmith.training import Full, TrainingResult
from tiny_model import make_tiny_model

DEVICE = Device(
    kind="cpu", torch_device="cpu", name="a CPU", memory_bytes=8 << 30, bf16=False, threads=1
)
ROWS = [
    Example(
        id=str(number),
        messages=(
            Message(role="user", content=f"Which is number {number}?"),
            Message(role="assistant", content=f"It is {number}."),
        ),
    )
    for number in range(4)
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `trackio` that notes what it is told; returns the file of its notes."""
    notes = tmp_path / "notes.jsonl"
    package = tmp_path / "packages"
    package.mkdir()
    (package / "trackio.py").write_text(
        "import json, os\n"
        "def note(*what):\n"
        f"    open({str(notes)!r}, 'a').write(json.dumps(what) + '\\n')\n"
        "def init(**options):\n"
        "    if os.environ.get('BROKEN_WATCHER'): raise RuntimeError('no such account')\n"
        "    note('init', options['name'], options['resume'])\n"
        "def log(values, step): note('log', step, values)\n"
        "def finish(): note('finish')\n"
    )
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package), *sys.path]))
    return notes


def train(
    base: Path, folder: Path, stop_after: int | None = None, **settings: object
) -> TrainingResult:
    done = 0

    def tell(progress: object) -> None:
        nonlocal done
        done = progress.step  # type: ignore[attr-defined]

    return Full.model_validate({"max_steps": 5, **settings}).train(
        ROWS,
        base=base,
        folder=folder,
        seed=0,
        device=DEVICE,
        on_progress=tell,
        should_stop=lambda: stop_after is not None and done >= stop_after,
    )


def noted(notes: Path) -> list[list[object]]:
    return [json.loads(line) for line in notes.read_text().splitlines()]


def test_every_step_is_told_once_also_by_an_attempt_that_goes_on(
    base: Path, stand_in: Path, tmp_path: Path
) -> None:
    with pytest.raises(JobCancelled):
        train(base, tmp_path / "run", stop_after=2, report_to=["trackio"])
    result = train(base, tmp_path / "run", report_to=["trackio"])
    told = noted(stand_in)
    steps = [one[1] for one in told if one[0] == "log"]
    assert steps == [1, 2, 3, 4, 5]
    names = {one[1] for one in told if one[0] == "init"}
    assert len(names) == 1, "both attempts are one run there"
    losses = [one[2]["train/loss"] for one in told if one[0] == "log"]  # type: ignore[index]
    assert losses == pytest.approx(list(result.losses))
    assert told[-1] == ["finish"]
    assert any("watched by trackio" in note for note in result.notes)


def test_a_watcher_that_fails_is_told_of_once_and_stops_nothing(
    base: Path, stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN_WATCHER", "1")
    result = train(base, tmp_path / "run", report_to=["trackio"])
    assert result.steps == 5
    said = [note for note in result.notes if "trackio" in note]
    assert said == [
        "trackio stopped watching: RuntimeError: no such account (the training is not affected)"
    ]
    assert not stand_in.exists()


@pytest.mark.usefixtures("stand_in")
def test_watching_changes_no_training(base: Path, tmp_path: Path) -> None:
    watched = train(base, tmp_path / "one", report_to=["trackio"])
    assert train(base, tmp_path / "two").losses == watched.losses


def test_a_watcher_that_is_not_installed_is_told_before_anything_is_loaded(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    method = Full(report_to=("wandb", "mlflow"))
    told = [(error.message, error.hint) for error in method.obstacles(base=base)]
    assert ("training.report_to names wandb, and the package wandb is not installed") in told[0]
    assert any("pip install mlflow" in hint for _, hint in told)


def test_tensorboard_shows_the_losses(base: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is of the extra `dev`")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = train(base, tmp_path / "run", report_to=["tensorboard"])
    events = EventAccumulator(str(tmp_path / "run" / "watchers" / "tensorboard"))
    events.Reload()
    shown = events.Scalars("train/loss")
    assert [one.step for one in shown] == [1, 2, 3, 4, 5]
    assert [one.value for one in shown] == pytest.approx(list(result.losses), rel=1e-5)


def test_a_few_steps_are_traced(base: Path, tmp_path: Path) -> None:
    result = train(base, tmp_path / "run", profile_steps=2)
    trace = json.loads((tmp_path / "run" / "profile" / "trace.json").read_text())
    assert any("backward" in str(event.get("name", "")).lower() for event in trace["traceEvents"])
    assert any("2 steps were traced" in note for note in result.notes)
    assert train(base, tmp_path / "other").losses == result.losses


def test_a_name_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="report_to"):
        Full.model_validate({"report_to": ["tensorbord"]})
