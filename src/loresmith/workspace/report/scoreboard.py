"""The groups whose scores are set side by side, the same in the terminal and on the page."""

from __future__ import annotations

from typing import NamedTuple

from loresmith.exams.compare import Accuracy, Comparison, ExamReport
from loresmith.workspace.report.formatting import PageLanguage
from loresmith.workspace.report.phrases import language_phrase, phrases


class ScoreRow(NamedTuple):
    """One group of questions, before and after training."""

    label: str
    hint: str
    """What a good score of this group is, where high is not simply good."""
    before: Accuracy
    after: Accuracy
    leads: bool = False
    """True for the row that sums up the others."""

    @property
    def gain(self) -> float:
        """After less before, as a share."""
        return self.after.accuracy - self.before.accuracy


class ScoreSection(NamedTuple):
    """Rows under one heading (empty for the first)."""

    heading: str
    rows: tuple[ScoreRow, ...]


def scoreboard(exam: ExamReport, *, language: PageLanguage = "en") -> tuple[ScoreSection, ...]:
    """Sections with their rows; groups without a question are left out."""
    t = phrases(language)
    whole = Comparison(before=exam.before, after=exam.after)
    sections = (
        ScoreSection("", (_row(t["all"], whole, leads=True), _row(t["unknown"], exam.unknown))),
        ScoreSection(
            t["by_language"],
            tuple(
                _row(language_phrase(code, language), both) for code, both in exam.languages.items()
            ),
        ),
        ScoreSection(
            t["by_document"], tuple(_row(name, both) for name, both in exam.documents.items())
        ),
        ScoreSection(
            t["controls"],
            (
                _row(t["withheld"], exam.withheld, hint=t["withheld_hint"]),
                _row(t["abstention"], exam.abstention, hint=t["abstention_hint"]),
                _row(t["retention"], exam.retention, hint=t["retention_hint"]),
            ),
        ),
    )
    found = (
        ScoreSection(section.heading, tuple(row for row in section.rows if row.after.n))
        for section in sections
    )
    return tuple(section for section in found if section.rows)


def _row(label: str, both: Comparison, *, hint: str = "", leads: bool = False) -> ScoreRow:
    return ScoreRow(label, hint, both.before, both.after, leads)
