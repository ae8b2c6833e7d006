"""What the terminal shows: bars while work goes on, and a table of what came of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from loresmith.workspace import Outcome
    from loresmith.workspace.file_training import FileTraining
    from loresmith.workspace.prediction import Prediction
    from loresmith.workspace.progress import Progress as Step
    from loresmith.workspace.progress import ProgressListener
    from loresmith.workspace.settings_files import CheckedFile
    from loresmith.workspace.steps.base import StepState

console = Console()
_errors = Console(stderr=True)


@contextmanager
def shown_progress() -> Iterator[ProgressListener]:
    """Yields a listener that draws a bar for each step, or plain lines where nobody watches."""
    if not _errors.is_terminal:
        yield _plain_lines()
        return
    bars = Progress(
        TextColumn("[bold]{task.description:<14}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[note]}"),
        console=_errors,
    )
    tasks: dict[str, TaskID] = {}

    def listen(step: Step) -> None:
        if step.step not in tasks:
            tasks[step.step] = bars.add_task(step.step, note="")
        bars.update(
            tasks[step.step],
            completed=step.done,
            total=step.total or None,
            note=step.note[:60],
        )

    with bars:
        yield listen


def _plain_lines() -> ProgressListener:
    """A line when a step begins, at each tenth of it, and when it ends."""
    said: dict[str, int | str] = {}

    def listen(step: Step) -> None:
        news = 10 * step.done // step.total if step.total else step.note
        if said.get(step.step) == news:
            return
        said[step.step] = news
        of = f"{step.done}/{step.total}" if step.total else "..."
        print(f"{step.step}: {of} {step.note}".rstrip(), file=sys.stderr, flush=True)

    return listen


def show_outcome(outcome: Outcome) -> None:
    """Prints what a verb brought: the report where there is one, else the state of each step."""
    if outcome.report is not None:
        from loresmith.workspace.report.terminal import print_report

        print_report(outcome.report, console, folder=outcome.folder)
    else:
        show_status(outcome.states)


def show_status(states: Mapping[str, StepState]) -> bool:
    """Prints a line a step, with what is missing and why; True if nothing is."""
    table = Table(box=None, pad_edge=False)
    table.add_column("step")
    table.add_column("done", justify="right")
    table.add_column("of", justify="right")
    for name, state in states.items():
        known = state.total > 0  # what the steps before it will bring is not known yet
        table.add_row(name, *(str(n) if known else "–" for n in (state.done, state.total)))
    console.print(table)
    for state in states.values():
        for failure in state.failures:
            about = "" if failure.reason.startswith(failure.subject) else f"{failure.subject}: "
            _say(f"{failure.step}: {about}{failure.reason}")
    return all(state.complete for state in states.values())


def show_training(result: FileTraining) -> None:
    """Prints where the trained weights are and which rows were left out."""
    if result.told_by_another:
        return
    for drop in result.drops:
        _say(f"left out: {drop.subject_id}: {drop.reason} ({drop.detail})")
    steps = "1 step" if result.steps == 1 else f"{result.steps} steps"
    _say(f"Trained {steps} on {result.rows} rows: {result.folder}")


def show_notes(notes: Iterable[str]) -> None:
    """Prints what a file says and nobody follows, with the reasons."""
    for note in notes:
        _say(note)


def show_check(checked: CheckedFile, device: str, trouble: str) -> None:
    """Prints what would be trained, what is ignored or left out, and what stands in the way."""
    show_notes(checked.notes)
    rows, model = checked.rows, checked.model
    for drop in rows.drops if rows else ():
        _say(f"left out: {drop.subject_id}: {drop.reason} ({drop.detail})")
    if rows:
        _say(f"rows: {len(rows.learned)} to learn, {len(rows.measured)} to measure")
    if model:
        size = f", {model.parameters / 1e6:,.0f}M parameters" if model.parameters else ""
        missing = f", {model.bytes_to_download / 1e9:.1f} GB to fetch"
        _say(f"base model: {model.name}{size}{missing if model.bytes_to_download else ''}")
    _say(f"device: {device}")
    faults = [*checked.faults, *([trouble] if trouble else [])]
    for fault in faults:
        _say(f"wrong: {fault}")
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    _say(f"{checked.path} has {count}." if faults else f"{checked.path} can be trained by.")


def show_prediction(done: Prediction, output: Path) -> None:
    """Prints how many prompts were answered and which lines were refused."""
    for refusal in done.refused:
        _say(f"refused: line {refusal.line}: {refusal.reason}")
    _say(f"{done.answered} answered, {done.kept} kept from before: {output}")


def _say(text: str) -> None:
    """Prints a line as it is, whatever a file name or a model put into it."""
    from loresmith.workspace.report.inert import inert

    console.print(inert(text), markup=False, highlight=False, soft_wrap=True)
