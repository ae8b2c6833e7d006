"""Asks a teacher for the facts of a passage, as questions and answers with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from loresmith.component import content_id
from loresmith.generation.brief import NO_BRIEF, Brief
from loresmith.generation.passages import PASSAGE_WORDS, Passage, passage_of, sample_passages
from loresmith.generation.prompts import PromptedWriter, TaskPrompts
from loresmith.generation.question_mix import Difficulties, QuestionTypes
from loresmith.generation.replies import Pair, WrittenFacts
from loresmith.models.base import Sampling
from loresmith.models.structured import Request
from loresmith.records import Chunk, Document, Fact
from loresmith.text.language import language_of

OutputLanguage = Literal["passage", "en", "zh"]


class FactPrompts(TaskPrompts):
    """What the teacher is told when it writes questions and answers about a passage."""

    task = "facts"
    variables = PASSAGE_WORDS | {
        "count": "how many pairs to write",
        "style": "the style guide of the project; may be empty",
        "language": "the language to write in, by its name; empty for that of the passage",
        "types": "how many pairs of which type; empty where types are not asked for",
        "known_types": "the types that are asked for somewhere",
        "difficulties": "how many pairs of which difficulty; empty where it is not asked for",
        "known_difficulties": "the difficulties that are asked for somewhere",
        "tags": "the subjects of the domain tree, numbered, one a line; empty without a tree",
    }
    samples = tuple(
        {"passage": passage, **values}
        for passage, values in zip(
            sample_passages(),
            (
                {
                    "count": 1,
                    "style": "",
                    "language": "",
                    "types": {},
                    "known_types": (),
                    "difficulties": {},
                    "known_difficulties": (),
                    "tags": (),
                },
                {
                    "count": 5,
                    "style": "Plain words.",
                    "language": "English",
                    "types": {"fact": 3, "analysis": 2},
                    "known_types": ("fact", "analysis"),
                    "difficulties": {"easy": 5},
                    "known_difficulties": ("easy", "hard"),
                    "tags": ("1.1 Harbour > Fish",),
                },
            ),
            strict=True,
        )
    )
    shown = ("passage.text",)


class FactWriter(PromptedWriter):
    """One structured call per chunk gives all its facts.

    It asks for one pair per `density` characters. Fewer come back where the passage holds fewer:
    a reply with less than half of what was asked for is sent back, unless it says why in
    `fewer_because`. Rows with a missing part do not count; they become facts all the same, so
    that the curation can throw them out by name and the report can count them.
    """

    type: Literal["teacher"] = "teacher"
    density: int = Field(
        default=240, ge=1, json_schema_extra={"common": True, "unit": "characters"}
    )
    """Characters of a passage for each pair asked for. Fewer give more pairs."""
    types: QuestionTypes = QuestionTypes()
    """Which types of questions, in which proportion."""
    difficulties: Difficulties = Difficulties()
    """How difficult they are, in which proportion."""
    language: OutputLanguage = Field(default="passage", json_schema_extra={"common": True})
    """What is written in: the language of each passage, or English or Chinese for all. The evidence
    stays in the language of the source."""
    most: int = Field(default=40, ge=1)
    """Most pairs to ask for in one call, however long the passage."""
    temperature: float = Field(default=0.3, ge=0.0, le=2.0)
    """0 is the likeliest reply; higher values vary more."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Draw from the smallest set of tokens whose probabilities sum to this."""
    max_tokens: int = Field(default=8192, ge=256)
    """Longest reply, in tokens. A pair takes about 150 in English and 200 in Chinese."""
    prompt: FactPrompts = FactPrompts()
    """What the teacher is told."""

    def request(
        self, chunk: Chunk, document: Document, brief: Brief = NO_BRIEF
    ) -> Request[WrittenFacts]:
        """What to ask about `chunk`."""
        passage = self.passage(chunk, document)
        count = self.count(chunk)
        return Request(
            messages=self.prompt.of(passage.language).messages(
                passage=passage,
                count=count,
                style=brief.style.strip(),
                language=language_name(self.language),
                types=self.types.counts(count),
                known_types=self.types.wanted(),
                difficulties=self.difficulties.counts(count),
                known_difficulties=self.difficulties.wanted(),
                tags=brief.numbered,
            ),
            schema=WrittenFacts,
            sampling=Sampling(
                temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens
            ),
            purpose="facts",
            check=lambda reply: self._faults(reply, count=count, passage=passage),
        )

    def passage(self, chunk: Chunk, document: Document) -> Passage:
        """What is shown of `chunk`, with the language to write in."""
        return passage_of(chunk, document, language=self.language)

    def count(self, chunk: Chunk) -> int:
        """How many pairs to ask for: at least 1, at most `most`."""
        return max(1, min(self.most, len(chunk.text) // self.density))

    def facts(
        self,
        chunk: Chunk,
        document: Document,
        reply: WrittenFacts,
        *,
        model: str,
        brief: Brief = NO_BRIEF,
    ) -> list[Fact]:
        """The reply as records, in its order; evidence is quoted but not yet found."""
        passage = self.passage(chunk, document)
        version = self.prompt.of(passage.language).version
        return [
            Fact(
                id=content_id("fact", chunk.id, version, self.fingerprint(), model, index),
                chunk_id=chunk.id,
                document_id=document.id,
                index=index,
                language=passage.language,
                question=pair.question,
                answer=pair.answer,
                short_answer=pair.short_answer,
                quotes=tuple(quote for quote in pair.evidence if quote.strip()),
                formula=pair.formula or None,
                type=pair.type if pair.type in self.types.wanted() else "",
                difficulty=pair.difficulty if pair.difficulty in self.difficulties.wanted() else "",
                tag=brief.tag(pair.tag),
                model=model,
                prompt_version=version,
            )
            for index, pair in enumerate(reply.pairs)
        ]

    def _faults(self, reply: WrittenFacts, *, count: int, passage: Passage) -> list[str]:
        whole = [pair for pair in reply.pairs if pair.is_whole]
        faults = []
        if 2 * len(whole) < count and not reply.fewer_because:
            halves = len(reply.pairs) - len(whole)
            missing = f", {halves} with a part missing" if halves else ""
            faults.append(
                f"{count} pairs asked for, {len(whole)} given{missing}: write the others, "
                "or say in fewer_because why the passage holds no more facts"
            )
        return [*faults, *language_faults(whole, passage, self.language), *self._unnamed(whole)]

    def _unnamed(self, whole: Sequence[Pair]) -> list[str]:
        """Pairs that do not say what they are where it is asked for: half of them, or more."""
        faults: list[str] = []
        for name, wanted, given in (
            ("type", self.types.wanted(), [pair.type for pair in whole]),
            ("difficulty", self.difficulties.wanted(), [pair.difficulty for pair in whole]),
        ):
            known = sum(one in wanted for one in given)
            if wanted and 2 * known < len(given):
                faults.append(f"give each pair its {name}: {', '.join(wanted)}")
        return faults


def language_faults(whole: Sequence[Pair], passage: Passage, language: OutputLanguage) -> list[str]:
    """What is wrong where most pairs are in another language than the one that is asked for."""
    faults: list[str] = []
    chinese = sum(language_of(pair.question) == "zh" for pair in whole)
    if whole and 2 * chinese < len(whole) and passage.language == "zh":
        if language == "passage":
            faults.append("the passage is Chinese: write the questions and answers in Chinese")
        else:
            faults.append("write the questions and answers in Chinese")
    if whole and 2 * chinese > len(whole) and passage.language != "zh":
        if language == "passage":
            faults.append("write the questions and answers in the language of the passage")
        else:
            faults.append("write the questions and answers in English")
    return faults


def language_name(language: OutputLanguage) -> str:
    """As the prompt in that language calls it; empty for that of the passage."""
    return {"passage": "", "en": "English", "zh": "中文"}[language]
