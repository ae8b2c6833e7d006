"""What every row kind is: which calls it makes about which facts, and the rows a reply becomes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from loresmith.component import content_id
from loresmith.generation.passages import Passage, passage_of
from loresmith.generation.prompts import PromptedWriter, TaskPrompts
from loresmith.models.base import Sampling
from loresmith.models.structured import Request
from loresmith.records import (
    Chunk,
    Document,
    Fact,
    WrittenConversation,
    WrittenFeedback,
    WrittenPreference,
    WrittenRow,
    WrittenText,
    WrittenTopics,
)

RowContent = WrittenConversation | WrittenPreference | WrittenFeedback | WrittenText | WrittenTopics


class PassageFacts(NamedTuple):
    """A passage and those of its facts that passed the filters, in order."""

    chunk: Chunk
    document: Document
    facts: tuple[Fact, ...]

    @property
    def passage(self) -> Passage:
        return passage_of(self.chunk, self.document)


class RowBatch(NamedTuple):
    """What one call is about: facts of one passage, or of several. A prompt numbers the facts
    from 1, in this order."""

    passages: tuple[PassageFacts, ...] = ()
    words: tuple[str, ...] = ()
    """What the call is about besides, or instead: the path to a topic, say."""
    language: str = ""

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for one in self.passages for fact in one.facts)

    @property
    def ids(self) -> list[str]:
        """All that the call is about: equal for equal calls."""
        chunks = [one.chunk.id for one in self.passages]
        return [*chunks, *(fact.id for fact in self.facts), *self.words]


class RowWriter(PromptedWriter):
    """The base of all row kinds. A kind names no record of another kind and knows no store."""

    type: str
    of_corpus: ClassVar[bool] = False
    """Whether `batches` is to see all passages at once, when their facts are written; else it
    sees one passage at a time, as soon as its facts are there."""

    @abstractmethod
    def batches(self, passages: Sequence[PassageFacts]) -> list[RowBatch]:
        """The calls to make; the same passages give the same calls in the same order."""

    @abstractmethod
    def request(self, batch: RowBatch) -> Request[Any] | None:
        """What to ask the teacher; None where the rows need no call."""

    @abstractmethod
    def rows(self, batch: RowBatch, reply: Any, *, model: str) -> list[WrittenRow]:
        """The reply (None where nothing was asked) as records, in its order."""

    def following(self, _rows: Sequence[WrittenRow]) -> list[RowBatch]:
        """Further calls that follow from what one call brought; none for most kinds."""
        return []

    @property
    def needs_teacher(self) -> bool:
        """Whether it makes calls; one that does not works with the embedded model too."""
        return True

    @property
    def needs_no_document(self) -> bool:
        """Whether it writes where there is no document."""
        return False

    def reply_tokens(self, _batch: RowBatch) -> float:
        """About how many tokens the reply will have, for an estimate."""
        return 0.0

    def prompt_version(self, _batch: RowBatch) -> str:
        """Changes with the prompt that is sent; empty where none is."""
        return ""

    def row(
        self, batch: RowBatch, index: int, content: RowContent, facts: Iterable[Fact], *, model: str
    ) -> WrittenRow:
        """A record of this kind that rests on `facts`; its id hangs on all that made it."""
        version = self.prompt_version(batch)
        made_by = (version, self.fingerprint(), model)
        return WrittenRow(
            id=content_id(self.type, batch.ids, *made_by, index),
            kind=self.type,
            index=index,
            language=batch.language,
            fact_ids=tuple(dict.fromkeys(fact.id for fact in facts)),
            chunk_ids=tuple(dict.fromkeys(one.chunk.id for one in batch.passages)),
            grounded=bool(batch.passages),
            content=content,
            model=model,
            prompt_version=version,
        )


class AskedRows(RowWriter):
    """A row kind that asks the teacher by a prompt."""

    temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    """0 is the likeliest reply; higher values vary more."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Draw from the smallest set of tokens whose probabilities sum to this."""
    max_tokens: int = Field(default=4096, ge=256)
    """Longest reply, in tokens."""
    prompt: TaskPrompts
    """What the teacher is told."""

    def prompt_version(self, batch: RowBatch) -> str:
        return self.prompt.of(batch.language).version

    @property
    def sampling(self) -> Sampling:
        return Sampling(temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens)


def evenly(one: PassageFacts, *, size: int) -> list[RowBatch]:
    """The facts of a passage in as few batches of at most `size` as will do, evenly."""
    ordered = sorted(one.facts, key=lambda fact: (fact.index, fact.id))
    calls = -(-len(ordered) // size)
    cuts = [len(ordered) * call // calls for call in range(calls + 1)] if calls else [0]
    return [
        RowBatch((one._replace(facts=tuple(ordered[start:end])),), (), one.passage.language)
        for start, end in pairwise(cuts)
    ]
