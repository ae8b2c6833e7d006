"""Why: one look at the loss curve tells how a training went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from loresmith.training.result import PracticeScore


def plot_losses(
    losses: Sequence[float],
    practice: Sequence[PracticeScore],
    path: Path,
    *,
    unit: str = "nats a token",
) -> None:
    """Writes a PNG: the loss of each step, the same smoothed, and the practice scores."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)  # draws without a screen
    axes = figure.add_subplot()
    steps = range(1, len(losses) + 1)
    axes.plot(steps, losses, color="#9db4d6", linewidth=1, label="loss")
    axes.plot(steps, smooth(losses), color="#1f4e9c", linewidth=2, label="loss, smoothed")
    axes.set(xlabel="step", ylabel=f"loss ({unit})" if unit else "loss", ylim=(0, None))
    axes.grid(alpha=0.3)
    lines, labels = axes.get_legend_handles_labels()
    scores = [(p.step, p.score) for p in practice if p.score is not None]
    if scores:
        right = axes.twinx()
        right.plot(*zip(*scores, strict=True), "o-", color="#c2571a", label="practice score")
        right.set(ylabel="practice score", ylim=(0, 1.05))
        more_lines, more_labels = right.get_legend_handles_labels()
        lines, labels = lines + more_lines, labels + more_labels
    axes.legend(lines, labels, loc="center right")
    figure.savefig(path, dpi=120)


def plot_measures(
    measures: Mapping[str, Sequence[float | None]], practice: Sequence[PracticeScore], path: Path
) -> None:
    """Writes a PNG of a stage's own figures, each by step and smoothed, and by its name alone;
    dots are of rows that are not learned. Nothing is written where there are no figures."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not measures:
        return
    figure = Figure(figsize=(8, 2.5 * len(measures)), layout="constrained")
    FigureCanvasAgg(figure)
    places = figure.subplots(len(measures), sharex=True, squeeze=False)[:, 0]
    for axes, (name, figures) in zip(places, measures.items(), strict=True):
        known = [(step, one) for step, one in enumerate(figures, start=1) if one is not None]
        steps, values = [step for step, _ in known], [one for _, one in known]
        axes.plot(steps, values, color="#9db4d6", linewidth=1)
        axes.plot(steps, smooth(values), color="#1f4e9c", linewidth=2)
        unseen = [(p.step, p.validation_measures.get(name)) for p in practice]
        dots = [(step, one) for step, one in unseen if one is not None]
        axes.plot([step for step, _ in dots], [one for _, one in dots], "o-", color="#c2571a")
        axes.set(ylabel=name)
        axes.grid(alpha=0.3)
    places[-1].set(xlabel="step")
    figure.savefig(path, dpi=120)


def smooth(values: Sequence[float], *, weight: float = 0.9) -> list[float]:
    """An exponential moving average, without its usual pull towards zero at the start."""
    smoothed, average = [], 0.0
    for count, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        smoothed.append(average / (1 - weight**count))
    return smoothed
