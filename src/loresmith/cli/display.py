"""What the terminal shows: bars while work goes on, and a table of what came of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    from loresmith.export import Artifact
    from loresmith.training import ShownRow
    from loresmith.workspace import Outcome
    from loresmith.workspace.coverage_report import DocumentCoverage, Gap
    from loresmith.workspace.datasets import BadRow, ImportReport
    from loresmith.workspace.domain_tree import TreeView
    from loresmith.workspace.file_training import FileTraining
    from loresmith.workspace.prediction import Prediction
    from loresmith.workspace.progress import Progress as Step
    from loresmith.workspace.progress import ProgressListener
    from loresmith.workspace.reply_scores import ReplyScores
    from loresmith.workspace.settings_files import CheckedFile
    from loresmith.workspace.settings_files.answering import FilePrediction
    from loresmith.workspace.steps.base import StepState
    from loresmith.workspace.training_estimate import TrainingEstimate

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
        if step.sample is not None:
            _show_row(step.sample)
        if step.said:
            _errors.print(f"{step.step}: {step.said}", markup=False, soft_wrap=True)
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
        if step.sample is not None:
            _show_row(step.sample)
        if step.said:
            print(f"{step.step}: {step.said}", file=sys.stderr, flush=True)
        news = 10 * step.done // step.total if step.total else step.note
        if said.get(step.step) == news:
            return
        said[step.step] = news
        of = f"{step.done}/{step.total}" if step.total else "..."
        print(f"{step.step}: {of} {step.note}".rstrip(), file=sys.stderr, flush=True)

    return listen


def _show_row(sample: ShownRow) -> None:
    """Prints the row that is shown before a training: what is learned of it stands between ⟦ and ⟧,
    and in colour where the terminal has it."""
    from rich.text import Text

    from loresmith.workspace.report.inert import inert

    shown = Text("the first row, what is learned between ⟦ and ⟧: ", style="dim")
    for piece in sample.pieces:
        text = inert(piece.text)
        shown.append(f"⟦{text}⟧" if piece.learned else text, "bold green" if piece.learned else "")
    _errors.print(shown, soft_wrap=True)


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
            say(f"{failure.step}: {about}{failure.reason}")
    return all(state.complete for state in states.values())


def show_coverage(documents: Sequence[DocumentCoverage], gaps: Iterable[Gap]) -> None:
    """Prints how much of each document its facts rest on, and some statements that are open."""
    table = Table(box=None, pad_edge=False)
    table.add_column("document")
    for title in ("passages", "without facts", "facts", "thin", "statements", "figures"):
        table.add_column(title, justify="right")
    for one in documents:
        covered = f"{one.statements - one.open_statements}/{one.statements}"
        figures = f"{one.figures - one.open_figures}/{one.figures}"
        counts = (one.passages, one.empty_passages, one.facts, one.thin_facts)
        table.add_row(one.document, *map(str, counts), covered, figures)
    console.print(table)
    for gap in gaps:
        missing = f"  [{', '.join(gap.figures)}]" if gap.figures else ""
        page = "".join(f", {one.kind} {one.label}" for one in gap.place.sections[:1])
        say(f"{gap.document}{page}, {gap.start}: {gap.text}{missing}{_why_open(gap)}")


def _why_open(gap: Gap) -> str:
    """Why a statement is open that was asked about again; empty where it was not."""
    if gap.not_there:
        return f"  (the teacher: {gap.not_there})"
    if gap.thrown_out:
        return f"  (thrown out: {', '.join(gap.thrown_out)})"
    return "  (asked about, and left out in the reply)" if gap.asked else ""


def show_tree(view: TreeView) -> None:
    """Prints the domain tree, a subject a line with the facts that belong to it."""
    for subject in view.subjects:
        count = f"  {subject.facts}" if subject.facts else ""
        say("  " * (len(subject.path) - 1) + subject.path[-1] + count)
    if view.untagged:
        say(f"({view.untagged} without a subject)")


def show_training(result: FileTraining) -> None:
    """Prints where the trained weights are and which rows were left out."""
    if result.told_by_another:
        return
    for drop in result.drops:
        say(f"left out: {drop.subject_id}: {drop.reason} ({drop.detail})")
    steps = "1 step" if result.steps == 1 else f"{result.steps} steps"
    say(f"Trained {steps} on {result.rows} rows: {result.folder}")


def show_import(report: ImportReport, bad: Iterable[BadRow]) -> None:
    """Prints what an import brought, and the first of the rows that it did not take."""
    say(f"{report.name}: {report.kept} of {report.read} rows taken")
    for row in bad:
        say(f"  row {row.number}: {row.reason} ({row.detail})")
    more = sum(report.bad.values())
    if more > 20:
        counts = ", ".join(f"{reason} {count}" for reason, count in report.bad.items())
        say(f"  {more} in all: {counts}")
    if report.unused:
        say(f"  left out: the columns {', '.join(report.unused)}")


def show_notes(notes: Iterable[str]) -> None:
    """Prints what a file says and nobody follows, with the reasons."""
    for note in notes:
        say(note)


def show_check(checked: CheckedFile, device: str, trouble: str) -> None:
    """Prints what would be trained, what is ignored or left out, and what stands in the way."""
    show_notes(checked.notes)
    rows, model = checked.rows, checked.model
    for drop in rows.drops if rows else ():
        say(f"left out: {drop.subject_id}: {drop.reason} ({drop.detail})")
    if rows:
        say(f"rows: {len(rows.learned)} to learn, {len(rows.measured)} to measure")
    if model:
        size = f", {model.parameters / 1e6:,.0f}M parameters" if model.parameters else ""
        missing = f", {model.bytes_to_download / 1e9:.1f} GB to fetch"
        say(f"base model: {model.name}{size}{missing if model.bytes_to_download else ''}")
    say(f"device: {device}")
    faults = [*checked.faults, *([trouble] if trouble else [])]
    for fault in faults:
        say(f"wrong: {fault}")
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    say(f"{checked.path} has {count}." if faults else f"{checked.path} can be trained by.")


def show_estimate(found: TrainingEstimate) -> None:
    """Prints the memory by part, beside what is free, how much fits at once, and the time."""
    memory = found.memory
    say(f"base model: {found.base_model}, {memory.parameters / 1e6:,.0f}M parameters")
    say(f"method: {found.method}, {memory.learned / 1e6:,.1f}M parameters learned")
    if found.rows is not None:
        mean = f", {found.row_tokens:,.0f} tokens each" if found.row_tokens else ""
        say(f"rows: {found.rows}{mean}, {memory.row_tokens:,} in the longest")
    table = Table(box=None, pad_edge=False)
    table.add_column("memory")
    table.add_column("GB", justify="right")
    for part in memory.parts:
        table.add_row(part.name, f"{part.bytes / 1e9:.2f}")
    table.add_row("needed", f"{memory.needed / 1e9:.2f}", style="bold")
    table.add_row("free", f"{memory.free / 1e9:.2f}")
    table.add_row("in all", f"{memory.total / 1e9:.2f}")
    console.print(table)
    switch = "on" if memory.gradient_checkpointing else "off"
    say(f"device: {memory.device}, {memory.precision}, gradient checkpointing {switch}")
    if memory.processes > 1:
        say(f"processes: {memory.processes}; the memory is that of each")
    say(_what_fits(found))
    if found.time is not None:
        told = f"{found.time.steps} steps, {found.time.tokens:,} tokens"
        say(f"time: about {_duration(found.time.seconds)} for {told}")
        if found.time.reference_seconds:
            before = _duration(found.time.reference_seconds)
            say(f"  of it about {before} to ask the model as it starts, before the first step")
        say(f"  by {found.time.judged_by}")
    else:
        say("time: not known before there are rows and a tokenizer to count their tokens")


def _what_fits(found: TrainingEstimate) -> str:
    memory = found.memory
    if not memory.fits:
        return (
            f"Not even one row of {memory.row_tokens:,} tokens fits. What would help: a smaller "
            "base model, training.type lora, training.quantization 4, training.max_length lower"
        )
    batch = min(memory.rows_at_once, memory.batch_size)
    return (
        f"fits: {memory.largest_pass:,} tokens at once, {memory.rows_at_once:,} rows of the "
        f"longest; a step of {memory.batch_size} rows takes {batch} at once "
        f"({memory.pass_tokens:,} tokens)"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def show_prediction(done: Prediction, output: Path) -> None:
    """Prints how many prompts were answered and which lines were refused."""
    for refusal in done.refused:
        say(f"refused: line {refusal.line}: {refusal.reason}")
    say(f"{done.answered} answered, {done.kept} kept from before: {output}")
    if done.scores is not None:
        _show_scores(done.scores)


def show_file_prediction(done: FilePrediction) -> None:
    """Prints how many rows were answered, what the replies are worth, and what was left out."""
    for drop in done.drops:
        say(f"left out: {drop.subject_id}: {drop.reason} ({drop.detail})")
    say(f"{done.answered} answered: {done.folder}")
    _show_scores(done.scores)


def _show_scores(scores: ReplyScores) -> None:
    found = scores.likeness
    say(
        f"BLEU-4 {found.bleu_4:.1f}, ROUGE-1 {found.rouge_1:.1f}, ROUGE-2 {found.rouge_2:.1f}, "
        f"ROUGE-L {found.rouge_l:.1f}, exact match {found.exact_match:.1f} % of {found.n}"
    )
    if scores.perplexity is not None:
        say(f"perplexity of the references: {scores.perplexity:.2f}")


def show_export(done: Artifact) -> None:
    """Prints where an export is, how large, and what there is to know of it."""
    for note in done.notes:
        say(f"note: {note}")
    if done.largest_difference is not None:
        say(f"Checked: the logits differ by {done.largest_difference:.2%} from base and adapter.")
    say(f"Exported {done.bytes / 1e6:,.1f} MB ({done.dtype}): {done.folder}")


def say(text: str) -> None:
    """Prints a line as it is, whatever a file name or a model put into it."""
    from loresmith.workspace.report.inert import inert

    console.print(inert(text), markup=False, highlight=False, soft_wrap=True)
