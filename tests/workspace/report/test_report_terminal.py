"""The terminal shows the same numbers, with a verdict in words."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from harbor_report import harbor_report
from rich.console import Console

from loresmith.workspace.report import Failure, RunReport, print_report
from loresmith.workspace.report.verdict import verdict

MakeReport = Callable[..., RunReport]


def test_the_table_names_every_group_with_its_interval() -> None:
    text = _printed(harbor_report())
    for group in (
        "Facts that were trained",
        "Not known before",
        "English",
        "船厂简报.md",
        "Withheld facts",
    ):
        assert group in text
    line = next(line for line in text.splitlines() if line.startswith("Withheld"))
    assert line.split()[-10:] == ["8", "0", "%", "0–32", "%", "0", "%", "0–32", "%", "0"]


def test_drops_cost_failures_and_files_follow() -> None:
    text = _printed(harbor_report(), folder=Path("runs") / "v3")
    assert "14  near duplicate" in text
    assert "Calls 4" in text and "16 min 18 s" in text
    assert "three times" in text
    assert str(Path("runs") / "v3" / "report.html") in text


def test_the_verdict_says_what_was_learned_and_what_the_control_gained() -> None:
    learned, control, *_ = verdict(harbor_report().exam)
    assert learned.replace("\u00a0", " ").startswith("82 % of what the base model did not know")
    assert control == "Withheld facts, the control, gained 0 points."


def test_a_control_that_gains_is_called_out() -> None:
    report = harbor_report()
    gained = report.exam.withheld.model_copy(update={"after": report.exam.after})
    exam = report.exam.model_copy(update={"withheld": gained})
    assert any("not knowledge" in sentence for sentence in verdict(exam))


def test_a_base_model_that_knew_everything_had_nothing_to_learn(make_report: MakeReport) -> None:
    exam = make_report(prompt="?", scores=(1.0, 1.0)).exam
    assert "nothing to learn" in verdict(exam)[0]


def test_a_run_without_an_exam_says_so(make_report: MakeReport) -> None:
    assert "No exam has been sat." in _printed(make_report())


def test_chinese_is_spoken_where_it_is_asked_for() -> None:
    text = _printed(harbor_report(), language="zh")
    assert "底座模型原本不会的内容，学会了 82%。" in text
    assert "近似重复" in text


def test_text_from_outside_cannot_colour_or_control_the_terminal(make_report: MakeReport) -> None:
    nasty = "\x1b[31mred [bold]loud[/bold] [/nonsense] \u202e"
    report = make_report(failures=(Failure(step="parse", subject=nasty, reason=nasty),))
    text = _printed(report.model_copy(update={"dropped": {nasty: 1}, "notes": (nasty,)}))
    assert "\x1b" not in text and "\u202e" not in text
    assert text.count("[bold]loud[/bold] [/nonsense]") == 4


def test_a_narrow_terminal_still_shows_every_score() -> None:
    assert _printed(harbor_report(), width=60).count("%") >= 40


def _printed(
    report: RunReport, *, width: int = 110, folder: Path | None = None, language: str = "en"
) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width)
    print_report(report, console, folder=folder, language=language)  # type: ignore[arg-type]
    return out.getvalue().replace("\u00a0", " ")
