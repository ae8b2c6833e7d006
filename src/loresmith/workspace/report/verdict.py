"""What the scores say, in a few plain sentences."""

from __future__ import annotations

from loresmith.exams.compare import Comparison, ExamReport
from loresmith.workspace.report.formatting import PageLanguage, percent, points
from loresmith.workspace.report.phrases import phrases

_SUSPICIOUS_GAIN = 0.1
"""A control that gains more says that the gain elsewhere is not all knowledge."""


def verdict(exam: ExamReport, *, language: PageLanguage = "en") -> tuple[str, ...]:
    """The main finding first, then the controls; never empty."""
    t = phrases(language)
    if not any(both.after.n for both in _groups(exam)):
        return (t["no_exam"],)
    sentences = []
    if exam.unknown.after.n:
        learned = percent(exam.unknown.after.accuracy, language)
        sentences.append(t["verdict_learned"].format(learned))
    elif exam.before.n:
        sentences.append(t["verdict_nothing_unknown"])
    if exam.withheld.after.n:
        gain = exam.withheld.after.accuracy - exam.withheld.before.accuracy
        phrase = "verdict_withheld_suspicious" if gain > _SUSPICIOUS_GAIN else "verdict_withheld"
        sentences.append(t[phrase].format(points(gain)))
    if exam.retention.after.n:
        kept = percent(exam.retention.after.accuracy, language)
        sentences.append(t["verdict_retention"].format(kept))
    if exam.abstention.after.n:
        declined = percent(exam.abstention.after.accuracy, language)
        sentences.append(t["verdict_abstention"].format(declined))
    if exam.hand_graded:
        phrase = "verdict_hand_graded_one" if exam.hand_graded == 1 else "verdict_hand_graded"
        sentences.append(t[phrase].format(exam.hand_graded))
    return tuple(sentences)


def _groups(exam: ExamReport) -> tuple[Comparison, ...]:
    whole = Comparison(before=exam.before, after=exam.after)
    return whole, exam.withheld, exam.abstention, exam.retention
