"""A model that reads each row beside its source and scores it by a rubric, with reasons.

Filters find what can be found by rule; a judge finds what needs reading: an answer that is true
and beside the question, a qualifier in other words, a sentence that nobody would say. It never
judges without the source: from a question and answer alone, a judge can but guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from loresmith.component import Component, content_id
from loresmith.curation.claim import Source
from loresmith.curation.filters.base import KEEP, drop
from loresmith.curation.prompts import TaskPrompts
from loresmith.models.base import Sampling
from loresmith.models.structured import Request
from loresmith.records import CriterionScore, Rating, Verdict

BEST = 5
"""The highest score of a criterion."""


class Criterion(Component):
    """One thing that a judge looks at."""

    name: str = Field(pattern=r"^\w[\w -]{0,39}$")
    """A short name, which the judge gives back with each score."""
    en: str = Field(min_length=1, max_length=2000)
    """What full marks mean, for rows that are not Chinese."""
    zh: str = Field(default="", max_length=2000)
    """What full marks mean, for Chinese rows; empty: as for the others."""
    weight: float = Field(default=1.0, gt=0.0, le=100.0)
    """How much it counts in the rating."""
    least: int = Field(default=0, ge=0, le=BEST)
    """A row with a lower score is dropped, whatever its rating."""

    def asks(self, language: str) -> str:
        """What full marks mean, in the language of the prompt."""
        return self.zh or self.en if language == "zh" else self.en


class AskedCriterion(NamedTuple):
    """A criterion as it stands in a prompt."""

    name: str
    asks: str


RUBRIC = (
    Criterion(
        name="supported",
        en="The source bears out everything that the answer says: every figure, name, date, cause "
        "and relation. Nothing is added from elsewhere, nothing is turned round.",
        zh="答案说的每一点都有原文支持：每个数字、名称、日期、原因和关系。没有从别处添加，没有颠倒。",
        weight=3.0,
        least=4,
    ),
    Criterion(
        name="qualifiers",
        en="Question and answer keep what limits the statement in the source: period, subject, "
        "scope, unit, adjusted or not, estimated or not, compared with what.",
        zh="问题和答案保留了原文对这一说法的限定：期间、主体、口径、单位、是否经调整、是否预计、与什么相比。",
        weight=2.0,
        least=3,
    ),
    Criterion(
        name="self_contained",
        en="Question and answer can be understood without the source: the subject is named, "
        "nothing points at a document, a table, “above” or “this year”.",
        zh="脱离原文也能看懂问题和答案：写明了主体，不指向文档、表格、“上文”或“今年”。",
    ),
    Criterion(
        name="complete",
        en="The answer answers the whole question and leaves out nothing that would mislead by "
        "its absence.",
        zh="答案回答了整个问题，没有遗漏会造成误解的内容。",
    ),
    Criterion(
        name="natural",
        en="Somebody in the field would ask and answer like this: clear, grammatical, not stilted, "
        "not translated word by word.",
        zh="业内人就会这样问、这样答：清楚、通顺、不生硬，没有翻译腔。",
    ),
)
"""What is looked at where the recipe names nothing else."""


class JudgedRow(NamedTuple):
    """A row as a judge sees it, beside its sources."""

    id: str
    language: str
    said: str
    """Question and answer, or all turns."""
    evidence: str
    """The places of the source that are named for it; empty for none."""
    sources: tuple[Source, ...]
    """The passages that it was written from; never none."""
    is_abstention: bool = False
    """Whether it asks for what the source does not tell."""


class _JudgedPassage(NamedTuple):
    title: str
    context: str
    text: str


class _Score(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    criterion: str
    reason: str = ""
    score: int = Field(ge=0, le=BEST)


class _RowScores(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    scores: tuple[_Score, ...]


class JudgeReply(BaseModel):
    """What a judge is asked for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rows: tuple[_RowScores, ...]


def _sample(text: str, title: str, said: str, asks: str) -> Mapping[str, Any]:
    row = JudgedRow("", "", said, text, ())
    return {
        "rubric": (AskedCriterion("supported", asks),),
        "passages": (_JudgedPassage(title, "", text),),
        "rows": (row, row._replace(evidence="", is_abstention=True)),
    }


class JudgePrompts(TaskPrompts):
    """What the judge is told."""

    task = "judge"
    variables = {  # noqa: RUF012
        "rubric": "the criteria, each with name and asks: what full marks mean",
        "passages": "the passages of the source, each with title, context (the headings above; "
        "may be empty) and text",
        "rows": "the rows, each with said (question and answer, or all turns), evidence (may be "
        "empty) and is_abstention; the judge names each by its place, from 1",
    }
    samples = (
        _sample("Fish grew to 57,200 tonnes in 2031.", "Annual Review", "Q: ...\nA: ...", "True."),
        _sample("二〇三一年渔获增至57,200吨。", "年报", "问：……\n答：……", "属实。"),
    )
    shown = ("passages[0].text", "rows[0].said")


class Judge(Component):
    """A model that scores each row beside its source; it costs calls, and is off by default.

    Rows that were written without a source, and rows that a person confirmed or edited, are left
    as they are.
    """

    use: Literal["off", "rate", "drop"] = Field(default="off", json_schema_extra={"common": True})
    """`rate`: rows are scored, and all stay; `drop`: those below `threshold`, or below the least
    score of a criterion, are dropped (`rated_low`)."""
    threshold: float = Field(default=3.5, ge=0.0, le=BEST, json_schema_extra={"common": True})
    """The lowest rating of a row that is kept: the mean of its scores by weight, from 0 to 5."""
    rows: Literal["facts", "training", "all"] = "training"
    """`facts`: each fact's own question and answer, with which its wordings stand or fall;
    `training`: all that is trained on; `all`: the questions of exam and practice as well."""
    rubric: tuple[Criterion, ...] = Field(
        default=RUBRIC, min_length=1, max_length=20, json_schema_extra={"form": "json"}
    )
    """What is looked at."""
    rows_per_call: int = Field(default=8, ge=1, le=50)
    """Rows about the same passage that are judged in one call, at most."""
    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    """0 is the likeliest reply; higher values vary more."""
    max_tokens: int = Field(default=4096, ge=256)
    """Longest reply, in tokens."""
    prompt: JudgePrompts = JudgePrompts()
    """What the judge is told."""

    @field_validator("rubric")
    @classmethod
    def _each_name_once(cls, rubric: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        twice = [name for name, times in Counter(one.name for one in rubric).items() if times > 1]
        if twice:
            raise ValueError(f"stands more than once: {', '.join(twice)}")
        return rubric

    def batches(self, rows: Sequence[JudgedRow]) -> Iterator[tuple[JudgedRow, ...]]:
        """Rows that follow one another and share sources and language, as calls take them."""

        def alike(row: JudgedRow) -> tuple[str, ...]:
            return (row.language, *(source.chunk.id for source in row.sources))

        for _, same in groupby(rows, key=alike):
            together = tuple(same)
            for start in range(0, len(together), self.rows_per_call):
                yield together[start : start + self.rows_per_call]

    def request(self, rows: Sequence[JudgedRow]) -> Request[JudgeReply]:
        """What to ask about rows of one batch."""
        language = rows[0].language
        return Request(
            messages=self.prompt.of(language).messages(
                rubric=self._asked(language),
                passages=[_shown(source) for source in rows[0].sources],
                rows=rows,
            ),
            schema=JudgeReply,
            sampling=Sampling(temperature=self.temperature, max_tokens=self.max_tokens),
            purpose="judge",
            check=lambda reply: self._faults(reply, len(rows)),
        )

    def ratings(
        self, rows: Sequence[JudgedRow], reply: JudgeReply, *, judged_by: str, model: str
    ) -> list[Rating]:
        """The reply as records, in the order of `rows`."""
        by_number = {one.number: one.scores for one in reply.rows}
        names = [criterion.name for criterion in self.rubric]
        return [
            Rating(
                id=self.rating_id(row, judged_by=judged_by),
                subject_id=row.id,
                scores=tuple(
                    CriterionScore(criterion=one.criterion, score=one.score, reason=one.reason)
                    for one in sorted(scores, key=lambda score: names.index(score.criterion))
                ),
                model=model,
                prompt_version=self.prompt.of(row.language).version,
            )
            for row, scores in ((row, by_number[at]) for at, row in enumerate(rows, start=1))
        ]

    def rating_id(self, row: JudgedRow, *, judged_by: str) -> str:
        """Changes with what the row says, with the judge (`judged_by`) and with what it is asked;
        not with weights and thresholds, which are put to the scores afterwards."""
        prompt = self.prompt.of(row.language).version
        asked = [*self._asked(row.language)]
        return content_id("rating", judged_by, prompt, asked, self.temperature, row.id, row.said)

    def overall(self, rating: Rating) -> float:
        """The mean of the scores by weight, from 0 to 5."""
        weights = {criterion.name: criterion.weight for criterion in self.rubric}
        total = sum(weights[one.criterion] for one in rating.scores)
        return sum(weights[one.criterion] * one.score for one in rating.scores) / total

    def verdict(self, rating: Rating | None) -> Verdict:
        """Whether a row may stay; one that is not rated stays."""
        if rating is None or self.use != "drop":
            return KEEP
        least = {criterion.name: criterion.least for criterion in self.rubric}
        below = [one for one in rating.scores if one.score < least[one.criterion]]
        overall = self.overall(rating)
        if not below and overall >= self.threshold:
            return KEEP
        named = below or [one for one in rating.scores if one.score < BEST]
        why = "; ".join(f"{one.criterion} {one.score}: {one.reason}" for one in named)
        return drop("rated_low", f"rated {overall:.1f} of {BEST}: {why}")

    def _asked(self, language: str) -> tuple[AskedCriterion, ...]:
        return tuple(AskedCriterion(one.name, one.asks(language)) for one in self.rubric)

    def _faults(self, reply: JudgeReply, rows: int) -> list[str]:
        """What is wrong with a reply, in words that the judge can mend."""
        wanted = Counter(range(1, rows + 1))
        found = Counter(one.number for one in reply.rows)
        if found != wanted:
            return [f"each row from 1 to {rows} has to appear once; given: {sorted(found)}"]
        names = Counter(criterion.name for criterion in self.rubric)
        faults = []
        for row in reply.rows:
            if Counter(one.criterion for one in row.scores) != names:
                faults.append(f"row {row.number}: score each of {', '.join(names)} once")
            faults += [
                f"row {row.number}: {one.criterion} is scored {one.score} without a reason"
                for one in row.scores
                if one.score < BEST and not one.reason
            ]
        return faults


def _shown(source: Source) -> _JudgedPassage:
    document, chunk = source.document, source.chunk
    title = document.title.strip() or document.name
    return _JudgedPassage(title, chunk.context.strip(), chunk.text.strip("\n"))
