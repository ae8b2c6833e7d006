"""The curves of a training, read from the logs that it writes while it runs.

A log is written anew when a training goes on after a crash, from the last checkpoint: `log_id`
then changes, and whoever has drawn the old points begins again.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from loresmith.records import Record
from loresmith.training.log import OF_EVERY_STAGE
from loresmith.workspace.device_log import DEVICE_LOG

_BLOCK = 1 << 16


class Curves(Record):
    """Columns of equal length, one entry a step, and what was measured between steps.

    A stage that has figures of its own, such as a DPO's `margin`, has a column of each.

    The losses are raw; who draws may smooth them (the studio: an exponential moving average with
    the start's bias taken out, as TensorBoard does).
    """

    log_id: str
    """Changes when earlier points no longer hold; empty before the first step."""
    state: Literal["waiting", "training", "stopped", "trained", "examined"]
    total_steps: int | None
    step: tuple[int, ...] = ()
    """Optimizer steps done."""
    loss: tuple[float | None, ...] = ()
    """Mean over the answer tokens of the step, in nats a token, or what the stage asks of a pair or
    an answer."""
    learning_rate: tuple[float | None, ...] = ()
    grad_norm: tuple[float | None, ...] = ()
    """Length of the gradient before it was clipped."""
    tokens_per_second: tuple[float | None, ...] = ()
    """Useful tokens; padding does not count."""
    epoch: tuple[float | None, ...] = ()
    measures: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    """The stage's own figures by name, such as `margin` or `accuracy`; empty for sft and pretrain.
    Of the points that are sent: a name that none of them has is left out."""
    practice_step: tuple[int, ...] = ()
    """After how many steps the model was measured; always from the beginning."""
    practice_score: tuple[float | None, ...] = ()
    """Share of the practice questions answered rightly."""
    validation_loss: tuple[float | None, ...] = ()
    """Mean over the answer tokens of rows that are not learned, in nats, or what the stage asks."""
    validation_measures: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    """The stage's own figures of those rows, by name."""
    device_step: tuple[int, ...] = ()
    """After how many steps the device was looked at; always from the beginning."""
    device_busy: tuple[float | None, ...] = ()
    """Percent of the time that the cards of the training computed, or all cores without cards."""
    elapsed: str = ""
    """Time spent in steps, as `1:02:03`."""
    remaining: str = ""
    """Until the last step, practice not counted, as `1:02:03`; empty when it has ended."""


def read_curves(
    folder: Path,
    *,
    state: Literal["waiting", "training", "stopped", "trained", "examined"],
    since: int = 0,
    log_id: str = "",
) -> Curves:
    """The points after step `since`; from the first one where `log_id` is not that of the log."""
    path = folder / "trainer_log.jsonl"
    known = _id_of(path)
    lines = lines_after(path, since if known and log_id == known else 0)
    last = lines[-1] if lines else last_line(path)
    measured = [_parsed(line) for line in _lines(folder / "practice_log.jsonl")]
    looks = _looks(folder / DEVICE_LOG)
    return Curves(
        log_id=known,
        state=state,
        total_steps=last.get("total_steps"),
        step=tuple(int(line["current_steps"]) for line in lines),
        loss=_column(lines, "loss"),
        learning_rate=_column(lines, "lr"),
        grad_norm=_column(lines, "grad_norm"),
        tokens_per_second=_column(lines, "tokens_per_second"),
        epoch=_column(lines, "epoch"),
        measures=_measures(
            [{n: v for n, v in line.items() if n not in OF_EVERY_STAGE} for line in lines]
        ),
        practice_step=tuple(int(line.get("step", 0)) for line in measured),
        practice_score=_column(measured, "score"),
        validation_loss=_column(measured, "validation_loss"),
        validation_measures=_measures([_figures_of(one) for one in measured]),
        device_step=tuple(looks),
        device_busy=_column([*looks.values()], "busy_percent"),
        elapsed=str(last.get("elapsed_time", "")),
        remaining=str(last.get("remaining_time", "")) if state == "training" else "",
    )


def lines_after(path: Path, step: int) -> list[dict[str, Any]]:
    """The lines of a trainer log after `step`, in order; only as much of the file is read."""
    if step <= 0:
        return [line for line in map(_parsed, _lines(path)) if line]
    size, wanted = _size(path), _BLOCK
    while True:
        lines = [line for line in map(_parsed, _last_lines(path, wanted)) if line]
        if wanted >= size or (lines and int(lines[0]["current_steps"]) <= step):
            return [line for line in lines if int(line["current_steps"]) > step]
        wanted *= 4


def last_line(path: Path) -> dict[str, Any]:
    """The last whole line of a log; empty where there is none."""
    for line in reversed(_last_lines(path, 4096)):
        parsed = _parsed(line)
        if parsed:
            return parsed
    return {}


def _looks(path: Path) -> dict[int, dict[str, Any]]:
    """By step the last look at the device; steps that were done again after a crash count once."""
    parsed = (_parsed(line) for line in _lines(path))
    found = {int(line["step"]): line for line in parsed if isinstance(line.get("step"), int)}
    return dict(sorted(found.items()))


def _last_lines(path: Path, size: int) -> list[str]:
    """The whole lines among the last `size` bytes."""
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, 2) - size)
            file.seek(start)
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    lines = text.splitlines()
    return lines[1:] if start else lines


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _parsed(line: str) -> dict[str, Any]:
    """A line that is being written just now is cut off: it comes with the next look."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _column(lines: list[dict[str, Any]], name: str) -> tuple[float | None, ...]:
    return tuple(_finite(line.get(name)) for line in lines)


def _figures_of(measured: dict[str, Any]) -> dict[str, Any]:
    found = measured.get("validation_measures")
    return found if isinstance(found, dict) else {}


def _measures(lines: list[dict[str, Any]]) -> dict[str, tuple[float | None, ...]]:
    """A column of each name, in the order in which they first came."""
    names = dict.fromkeys(name for line in lines for name in line)
    columns = {name: _column(lines, name) for name in names}
    return {name: found for name, found in columns.items() if any(v is not None for v in found)}


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _id_of(path: Path) -> str:
    """The file's own number, as a log that is written anew is another file, and the number of
    attempts, as a file that is gone leaves its number to a later one."""
    try:
        number = path.stat().st_ino
    except FileNotFoundError:
        return ""
    attempts = sum(1 for _ in path.parent.glob("attempt-*"))
    return f"{number}-{attempts}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
