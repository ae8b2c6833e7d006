"""The geometry of the loss curve: where its points, grid lines and labels stand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

_MOST_POINTS = 600
"""More would be finer than the pixels of a page."""
_FEWEST_TO_SMOOTH = 40


class Tick(NamedTuple):
    """A label on an axis, at a share (0 to 1) of its length, from the left or from the top."""

    label: str
    at: float


class Dot(NamedTuple):
    """A point at shares (0 to 1) of both axes, from the left and from the top."""

    x: float
    y: float


class LossCurve(NamedTuple):
    """Paths in a square of 1000 by 1000 (SVG `d` syntax), and the ticks of both axes."""

    raw: str
    smooth: str
    """Empty when there are too few points to smooth."""
    validation: tuple[Dot, ...]
    """Loss on rows that are not trained on, where it was measured; within the square."""
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    first: float
    """The smoothed loss at the first step."""
    last: float
    """The smoothed loss at the last step."""


class _Point(NamedTuple):
    step: int
    loss: float


def loss_curve(
    losses: Sequence[float | None], *, validation: Sequence[tuple[int, float]] = ()
) -> LossCurve | None:
    """The curve of the losses of steps 1, 2, ...; steps without a finite loss leave a gap.

    `validation` are pairs of step and loss. None where fewer than two steps have a finite loss.
    """
    points = [
        _Point(step, loss)
        for step, loss in enumerate(losses, start=1)
        if loss is not None and math.isfinite(loss)
    ]
    if len(points) < 2:
        return None
    smooth = _smoothed(points)
    measured = [_Point(*one) for one in validation if one[0] >= 1 and math.isfinite(one[1])]
    y_ticks = _ticks(0.0, max(point.loss for point in (*points, *measured)))
    top = y_ticks[-1]
    last_step = max(len(losses), *(point.step for point in measured), 2)

    def place(point: _Point) -> Dot:
        return Dot((point.step - 1) / (last_step - 1), 1 - point.loss / top)

    def path(run: Sequence[_Point]) -> str:
        dots = (place(point) for point in _thinned(run))
        return "M" + "L".join(f"{dot.x * 1000:.1f} {dot.y * 1000:.1f}" for dot in dots)

    return LossCurve(
        raw="".join(path(run) for run in _unbroken(points)),
        smooth=path(smooth) if len(points) >= _FEWEST_TO_SMOOTH else "",
        validation=tuple(place(point) for point in measured),
        x_ticks=tuple(
            Tick(f"{step:,}", (step - 1) / (last_step - 1)) for step in _step_ticks(last_step)
        ),
        y_ticks=tuple(Tick(_plain(value, y_ticks[1]), 1 - value / top) for value in y_ticks),
        first=smooth[0].loss,
        last=smooth[-1].loss,
    )


def _smoothed(points: Sequence[_Point]) -> list[_Point]:
    """The mean over about a twentieth of the run around each step, over less at both ends."""
    reach = len(points) // 40
    sums = [0.0, *itertools.accumulate(point.loss for point in points)]
    smooth = []
    for index, point in enumerate(points):
        near = min(reach, index, len(points) - 1 - index)
        total = sums[index + near + 1] - sums[index - near]
        smooth.append(_Point(point.step, total / (2 * near + 1)))
    return smooth


def _unbroken(points: Sequence[_Point]) -> list[list[_Point]]:
    """Runs of consecutive steps."""
    runs = [[points[0]]]
    for before, point in itertools.pairwise(points):
        if point.step == before.step + 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _thinned(points: Sequence[_Point]) -> list[_Point]:
    """At most `_MOST_POINTS`, keeping the lowest and highest of every stretch."""
    if len(points) <= _MOST_POINTS:
        return list(points)
    stretch = math.ceil(2 * len(points) / _MOST_POINTS)
    kept: list[_Point] = []
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        ends = {min(part, key=lambda p: p.loss), max(part, key=lambda p: p.loss)}
        kept += sorted(ends)
    return kept


_FLAT = 1e-12
"""A difference that no chart of losses can show."""


def _ticks(low: float, high: float) -> list[float]:
    """From `low` up past `high` in steps of 1, 2 or 5 times a power of ten: three to seven."""
    if high - low < _FLAT:
        high = low + 1.0
    rough = (high - low) / 4
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough * 0.999)
    return [low + index * step for index in range(math.ceil((high - low) / step * 0.9999) + 1)]


def _step_ticks(last: int) -> list[int]:
    """The first and last step, and round ones between that leave both room."""
    step = max(1, round(_ticks(0.0, float(last))[1]))
    between = [s for s in range(step, last, step) if s > 1 and last - s > step * 0.4]
    return [1, *between, last]


def _plain(value: float, step: float) -> str:
    """With as many decimals as tell one tick from the next."""
    decimals = max(0, -math.floor(math.log10(step)))
    return f"{value:,.{decimals}f}" if decimals <= 6 else f"{value:.1e}"
