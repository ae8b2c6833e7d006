"""The report as a table in the terminal, with a verdict in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loresmith.exams.compare import Accuracy
from loresmith.models.prices import in_words
from loresmith.workspace.report import formatting
from loresmith.workspace.report.formatting import PageLanguage, count, duration
from loresmith.workspace.report.inert import inert
from loresmith.workspace.report.model import RunReport
from loresmith.workspace.report.phrases import phrases, reason_phrase, stage_phrase
from loresmith.workspace.report.scoreboard import ScoreSection, scoreboard
from loresmith.workspace.report.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_MOST_FAILURES = 20
_HINTS_FROM_WIDTH = 100
"""Columns of a terminal in which the hints beside scores break no line."""


def print_report(
    report: RunReport,
    console: Console,
    *,
    folder: Path | None = None,
    language: PageLanguage = "en",
) -> None:
    """Prints scores by group, what was dropped, cost, what is missing, and the verdict.

    `folder` is where the files are; without it no file is named.
    """
    t = phrases(language)
    sections = scoreboard(report.exam, language=language)
    console.print()
    if sections:
        console.print(_scores(sections, t, language, hints=console.width >= _HINTS_FROM_WIDTH))
        console.print()
    for number, sentence in enumerate(verdict(report.exam, language=language)):
        console.print(sentence, style="bold" if number == 0 else "", markup=False, highlight=False)
    _print_dropped(report, console, language)
    _print_cost(report, console, language)
    _print_lines(t["remarks"], [inert(note) for note in report.notes], console)
    _print_missing(report, console, language)
    if folder is not None:
        names = ("report.html", "report.json")
        _print_lines(t["files"], [inert(str(folder / name)) for name in names], console)


def _scores(
    sections: Sequence[ScoreSection], t: Mapping[str, str], language: PageLanguage, *, hints: bool
) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", overflow="fold")
    for heading in (t["n"], t["before"], t["after"], t["gain"]):
        table.add_column(heading, justify="right", no_wrap=True)
    for section in sections:
        if section.heading:
            table.add_row("")
            table.add_row(Text(section.heading, style="dim"))
        for row in section.rows:
            style = "bold" if row.leads else ""
            label = Text(inert(row.label), style=style)
            if row.hint and hints:
                label.append(f"  {row.hint}", style="dim")
            table.add_row(
                label,
                count(row.after.n),
                _share(row.before, language, style="dim"),
                _share(row.after, language, style=style),
                formatting.points(row.gain),
            )
    return table


def _share(accuracy: Accuracy, language: PageLanguage, *, style: str) -> Text:
    from rich.text import Text

    text = Text(formatting.percent(accuracy.accuracy, language), style=style)
    return text.append(f"  {formatting.interval(accuracy.interval, language):>8}", style="dim")


def _print_dropped(report: RunReport, console: Console, language: PageLanguage) -> None:
    most_first = sorted(report.dropped.items(), key=lambda pair: (-pair[1], pair[0]))
    lines = [f"{count(n):>6}  {inert(reason_phrase(r, language))}" for r, n in most_first]
    _print_lines(phrases(language)["dropped"], lines, console)


def _print_cost(report: RunReport, console: Console, language: PageLanguage) -> None:
    t, usage = phrases(language), report.usage
    spent = (
        f"{t['calls']} {count(usage.calls)}  {t['cached']} {count(usage.cached)}  "
        f"{t['prompt_tokens']} {count(usage.prompt_tokens)}  "
        f"{t['completion_tokens']} {count(usage.completion_tokens)}"
        f"{f'  {in_words(usage.money)}' if usage.money else ''}"
    )
    stages = [
        f"{stage_phrase(name, language)} {duration(seconds, language)}"
        for name, seconds in usage.seconds.items()
    ]
    total = f"{t['total']} {duration(sum(usage.seconds.values()), language)}"
    _print_lines(t["cost"], [spent, inert("  ".join([*stages, total]))], console)


def _print_missing(report: RunReport, console: Console, language: PageLanguage) -> None:
    t = phrases(language)
    lines = [
        inert(f"{failure.subject} ({stage_phrase(failure.step, language)}): {failure.reason}")
        for failure in report.failures[:_MOST_FAILURES]
    ]
    if len(report.failures) > _MOST_FAILURES:
        lines.append(t["and_more"].format(count(len(report.failures) - _MOST_FAILURES)))
    _print_lines(t["missing"], lines, console)


def _print_lines(heading: str, lines: Sequence[str], console: Console) -> None:
    """A heading and indented lines; nothing where there is no line."""
    from rich.padding import Padding
    from rich.text import Text

    if not lines:
        return
    console.print()
    console.print(heading, style="bold", markup=False, highlight=False)
    for line in lines:
        console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
