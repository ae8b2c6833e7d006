"""Sets two sittings of one exam side by side: the numbers that a report rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field

from loresmith.errors import ExamError
from loresmith.records import ExamItem, Record, Score, Span, Transcript

_Z = 1.959963984540054
"""The standard normal quantile for 95 %."""


class Accuracy(Record):
    """The mean score over some items."""

    accuracy: float = Field(ge=0.0, le=1.0)
    """Mean score, 0 to 1; 0 where `n` is 0."""
    interval: tuple[float, float]
    """The 95 % confidence interval of it (Wilson's score interval)."""
    n: int = Field(ge=0)
    """How many items."""


class Comparison(Record):
    """The same items before and after training."""

    before: Accuracy
    """Scores of the base model."""
    after: Accuracy
    """Scores of the tuned model."""


class MarkedReply(Record):
    """What a candidate said to one question, and the mark for it."""

    reply: str
    """The reply as it came."""
    score: float = Field(ge=0.0, le=1.0)
    """1 right, 0 wrong."""
    reason: str = ""
    """Why the grader marked it so."""
    graded: float | None = None
    """The grader's own mark, where a person gave another in its place; else null."""
    note: str = ""
    """What the person said about it."""


class HandMark(Record):
    """A person's mark for one reply, in place of the grader's."""

    item_id: str
    sitting: Literal["before", "after"]
    score: float = Field(ge=0.0, le=1.0)
    note: str = ""


class ReportItem(Record):
    """One exam question with what was expected and both replies."""

    id: str
    """The item's id."""
    document: str
    """Name of the document that it asks about; empty for a general question."""
    language: str
    """ISO 639-1 code of the question's language."""
    kind: str
    """`direct`, `reversed`, `abstention` or `retention`."""
    withheld: bool = False
    """True where the fact was kept out of training as a control."""
    prompt: str
    """The question, which is all that a candidate was shown."""
    expected: str
    """The full right answer."""
    short_answer: str = ""
    """The phrase that a right reply must state."""
    evidence: tuple[Span, ...] = ()
    """Where the answer stands in its source."""
    quotes: tuple[str, ...] = ()
    """The evidence in the source's words."""
    before: MarkedReply
    """The base model's reply."""
    after: MarkedReply
    """The tuned model's reply."""


class ExamReport(Record):
    """The exam before and after training; `exam` of report.json.

    An item is answerable when the tuned model was taught its fact: neither withheld, nor an
    abstention, nor a general question.
    """

    before: Accuracy
    """The base model over all answerable items."""
    after: Accuracy
    """The tuned model over all answerable items."""
    unknown: Comparison
    """Over the answerable items that the base model missed."""
    languages: dict[str, Comparison] = Field(default_factory=dict)
    """Answerable items by ISO 639-1 code of the question."""
    documents: dict[str, Comparison] = Field(default_factory=dict)
    """Answerable items by name of the document."""
    withheld: Comparison
    """Questions on facts that were kept out of training: what is gained here is not knowledge."""
    abstention: Comparison
    """Questions that the documents do not answer: right is to say so."""
    retention: Comparison
    """General questions that the base model gets right (before is 1 by definition)."""
    hand_graded: int = Field(default=0, ge=0)
    """How many replies a person marked in the place of the grader; each keeps both marks."""
    items: tuple[ReportItem, ...] = ()
    """Every item, in the order of the exam."""


def compare(
    before: Transcript,
    after: Transcript,
    items: Sequence[ExamItem],
    *,
    by_hand: Iterable[HandMark] = (),
) -> ExamReport:
    """The report on two sittings, with the marks that people gave in place of the grader's.

    Raises ExamError when either sitting lacks an item's score.
    """
    was, now = _scores(before, items), _scores(after, items)
    return regraded([_report_item(item, was[item.id], now[item.id]) for item in items], by_hand)


def regraded(items: Iterable[ReportItem], by_hand: Iterable[HandMark]) -> ExamReport:
    """The report on items that are marked already, with these marks of people and no others."""
    marks = {(mark.item_id, mark.sitting): mark for mark in by_hand}
    return _summed_up(
        tuple(
            item.model_copy(
                update={
                    "before": _marked(item.before, marks.get((item.id, "before"))),
                    "after": _marked(item.after, marks.get((item.id, "after"))),
                }
            )
            for item in items
        )
    )


def _marked(reply: MarkedReply, mark: HandMark | None) -> MarkedReply:
    """`reply` with the person's mark, or with the grader's own; both are never lost."""
    grader = reply.score if reply.graded is None else reply.graded
    if mark is None:
        return reply.model_copy(update={"score": grader, "graded": None, "note": ""})
    return reply.model_copy(update={"score": mark.score, "graded": grader, "note": mark.note})


def _summed_up(items: tuple[ReportItem, ...]) -> ExamReport:
    def over(chosen: Iterable[ReportItem]) -> Comparison:
        pairs = [(item.before.score, item.after.score) for item in chosen]
        return Comparison(
            before=accuracy([before for before, _ in pairs]),
            after=accuracy([after for _, after in pairs]),
        )

    def by(part: Callable[[ReportItem], str]) -> dict[str, Comparison]:
        names = sorted({part(item) for item in taught})
        return {name: over(item for item in taught if part(item) == name) for name in names}

    taught = [item for item in items if _is_taught(item)]
    whole = over(taught)
    return ExamReport(
        before=whole.before,
        after=whole.after,
        unknown=over(item for item in taught if item.before.score < 1.0),
        languages=by(lambda item: item.language),
        documents=by(lambda item: item.document),
        withheld=over(item for item in items if item.withheld),
        abstention=over(item for item in items if item.kind == "abstention"),
        retention=over(
            item for item in items if item.kind == "retention" and item.before.score == 1.0
        ),
        hand_graded=sum(
            reply.graded is not None for item in items for reply in (item.before, item.after)
        ),
        items=items,
    )


def accuracy(scores: Sequence[float]) -> Accuracy:
    """The mean of `scores` with Wilson's 95 % score interval; (0, 1) where there are none.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), 209-212. Unlike mean ± 1.96 standard
    errors it stays within 0 and 1 and is sound for few items and for none or all right.
    """
    n = len(scores)
    if n == 0:
        return Accuracy(accuracy=0.0, interval=(0.0, 1.0), n=0)
    share = sum(scores) / n
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    low, high = min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))
    return Accuracy(accuracy=share, interval=(low, high), n=n)


def _is_taught(item: ReportItem) -> bool:
    return item.kind in ("direct", "reversed") and not item.withheld


def _scores(transcript: Transcript, items: Sequence[ExamItem]) -> Mapping[str, Score]:
    scores = {score.item_id: score for score in transcript.scores}
    missing = sum(item.id not in scores for item in items)
    if missing:
        raise ExamError(
            f"{transcript.candidate} has no mark for {missing} of {len(items)} exam questions",
            hint="Let it sit the exam again: what is answered already is not asked twice.",
        )
    return scores


def _report_item(item: ExamItem, was: Score, now: Score) -> ReportItem:
    return ReportItem(
        id=item.id,
        document=item.document,
        language=item.language,
        kind=item.kind,
        withheld=item.withheld,
        prompt=item.prompt,
        expected=item.key.answer,
        short_answer=item.key.short_answer,
        evidence=item.key.evidence,
        quotes=item.key.quotes,
        before=MarkedReply(reply=was.reply, score=was.score, reason=was.reason),
        after=MarkedReply(reply=now.reply, score=now.score, reason=now.reason),
    )
