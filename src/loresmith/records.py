"""What flows through the work, from document to score, as frozen records.

Positions are code points of `Document.text`. Ids are content hashes (see `content_id`): the same
input, prompt, model and settings give the same id on every machine, so that running again adds
only what is missing.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

Role = Literal["system", "user", "assistant", "tool"]
WordingKind = Literal["pair", "paraphrase", "restatement", "reversed", "direct", "abstention"]
WordingUse = Literal["training", "practice", "exam"]
ReviewVerdict = Literal["confirmed", "rejected", "edited", "pending"]
SplitName = Literal["train", "validation"]
TagPath = tuple[str, ...]
"""A subject of the domain tree, by its labels from the top down."""
Flaw = Literal[
    "wrong_figure",
    "wrong_period",
    "dropped_qualifier",
    "wrong_subject",
    "invented_detail",
    "not_answering",
]
"""How the worse answer of a preference is wrong."""

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def _is_empty(value: object) -> bool:
    return not value


def _is_none(value: object) -> bool:
    return value is None


class Record(BaseModel):
    """An immutable value that can be stored as JSON and read back equal."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @field_validator("*", mode="after")
    @classmethod
    def _whole_characters(cls, value: Any) -> Any:
        """Half a surrogate pair, which UTF-8 cannot write, becomes U+FFFD; positions stay."""
        if isinstance(value, str):
            return _HALF_CHARACTER.sub("\ufffd", value)
        if isinstance(value, tuple) and value and isinstance(value[0], str):
            return tuple(_HALF_CHARACTER.sub("\ufffd", part) for part in value)
        return value


class StoredRecord(Record):
    """A record with an identity, under which the store keeps it."""

    id: str


class Span(Record):
    """A half-open range [start, end) of code points of one document's text."""

    document_id: str
    """The id of the document."""
    start: int = Field(ge=0)
    """Where it begins."""
    end: int = Field(ge=0)
    """Where it ends; not part of it."""


class Heading(Record):
    """A heading of a document, at the position where its line starts in the text."""

    level: int = Field(ge=1, le=9)
    title: str
    start: int = Field(ge=0)


class Section(Record):
    """A part of a source file as its readers know it, at the position where its text begins."""

    kind: Literal["page", "slide", "sheet", "chapter"]
    label: str
    """Its number from 1; of a sheet, its name."""
    start: int = Field(ge=0)


class Document(StoredRecord):
    """The text of one source file, with its structure."""

    name: str
    """Path relative to the documents folder, with forward slashes."""
    title: str
    text: str
    language: str
    """ISO 639-1 code of the main language, such as `en` or `zh`."""
    media_type: str
    source_sha256: str
    headings: tuple[Heading, ...] = ()
    warnings: tuple[str, ...] = ()
    """What a reader should know of the reading: a guessed encoding, replaced characters."""
    sections: tuple[Section, ...] = ()
    """Where its pages, slides, sheets or chapters begin, in order; none where it has none."""

    def sections_of(self, start: int, end: int) -> tuple[Section, ...]:
        """The sections that the characters from `start` to `end` lie on."""
        first = bisect_right(self.sections, start, key=lambda section: section.start) - 1
        last = bisect_left(self.sections, end, key=lambda section: section.start)
        return self.sections[max(first, 0) : max(last, first + 1)]


class Chunk(StoredRecord):
    """A passage: `text` equals `document.text[start:end]`, always."""

    document_id: str
    index: int
    start: int
    end: int
    text: str
    context: str = ""
    """Titles of the headings above, one a line, and the header row of a table that began before."""


class Fact(StoredRecord):
    """One distinct piece of knowledge: a question and its answer, with evidence in the source."""

    chunk_id: str
    document_id: str
    index: int
    language: str
    question: str
    answer: str
    short_answer: str
    """The shortest phrase that answers: a figure with its unit, a name, a short cause."""
    quotes: tuple[str, ...]
    """The evidence as the writer quoted it."""
    evidence: tuple[Span, ...] = ()
    """Where the quotes stand in the source; empty until they are found."""
    formula: str | None = None
    """How a computed figure follows from figures of the evidence, such as `44.1 - 37.9`."""
    type: str = Field(default="", exclude_if=_is_empty)
    """Which type of question it is, such as `analysis`; empty where no type was asked for."""
    difficulty: str = Field(default="", exclude_if=_is_empty)
    """`easy`, `medium` or `hard`; empty where none was asked for."""
    tag: TagPath = Field(default=(), exclude_if=_is_empty)
    """The subject of the domain tree that the writer gave it; () for none."""
    model: str
    prompt_version: str


class Wording(StoredRecord):
    """One way to ask for a fact (or, for an abstention, for what the documents do not say)."""

    fact_id: str | None
    """None for an abstention."""
    chunk_id: str
    document_id: str
    index: int
    language: str
    use: WordingUse
    kind: WordingKind
    question: str
    answer: str
    """The full answer to train on; for the exam, the answer that is shown as expected."""
    short_answer: str
    model: str
    prompt_version: str


def _renamed(ids: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(names.get(one, one) for one in ids)


class WrittenTurn(Record):
    """What a user says in a written conversation, and the answer to be learned."""

    question: str
    answer: str
    fact_ids: tuple[str, ...] = ()
    """The facts that the answer states; none where it says that it does not know."""
    formula: str | None = None
    """How a figure of the answer follows from figures of those facts, such as `61 - 57`."""


class WrittenConversation(Record):
    """A conversation of one or more turns."""

    shape: Literal["conversation"] = "conversation"
    system: str = ""
    """The system prompt; empty for none."""
    turns: tuple[WrittenTurn, ...]


class WrittenPreference(Record):
    """A question with a right answer, and one that is wrong in a way that has a name."""

    shape: Literal["preference"] = "preference"
    question: str
    chosen: str
    rejected: str
    flaw: Flaw


class WrittenFeedback(Record):
    """A question with one answer, marked as right or wrong."""

    shape: Literal["feedback"] = "feedback"
    question: str
    completion: str
    desirable: bool
    flaw: Flaw | None = None
    """How it is wrong; None for a right one."""


class WrittenText(Record):
    """Running text, to pre-train on."""

    shape: Literal["text"] = "text"
    text: str


class WrittenTopics(Record):
    """What further rows will be about; no row to train on itself."""

    shape: Literal["topics"] = "topics"
    paths: tuple[tuple[str, ...], ...]
    """From the whole topic to its smallest part."""


class WrittenRow(StoredRecord):
    """A training row of another kind than question and answer; `content` is what it says."""

    kind: str
    """The `type` of the row kind that wrote it, such as `dialogue`."""
    index: int
    """Its place among the rows of one call."""
    language: str
    fact_ids: tuple[str, ...] = ()
    """The facts that it rests on, in the order in which they come up."""
    chunk_ids: tuple[str, ...] = ()
    """The passages that it was written from; none where no document was at hand."""
    grounded: bool = True
    """False where nothing but the model's own knowledge is behind it."""
    content: Annotated[
        WrittenConversation | WrittenPreference | WrittenFeedback | WrittenText | WrittenTopics,
        Field(discriminator="shape"),
    ]
    evidence: tuple[Span, ...] = ()
    """Where what it says stands in the documents; empty until curation has looked."""
    model: str
    """Who wrote it; empty where it is the document's own text."""
    prompt_version: str

    @property
    def said(self) -> str:
        """All that it says, a text a line."""
        content = self.content
        if isinstance(content, WrittenConversation):
            return "\n".join(
                part for turn in content.turns for part in (turn.question, turn.answer)
            )
        if isinstance(content, WrittenPreference):
            return f"{content.question}\n{content.chosen}\n{content.rejected}"
        if isinstance(content, WrittenFeedback):
            return f"{content.question}\n{content.completion}"
        if isinstance(content, WrittenTopics):
            return "\n".join(" / ".join(path) for path in content.paths)
        return content.text

    def rephrased(self, change: Callable[[str], str]) -> WrittenRow:
        """This row with every text that it says as `change` makes it."""
        content = self.content
        if isinstance(content, WrittenConversation):
            turns = tuple(_rephrased(turn, change, "question", "answer") for turn in content.turns)
            changed = content.model_copy(update={"turns": turns, "system": change(content.system)})
            return self.model_copy(update={"content": changed})
        return self.model_copy(
            update={
                "content": _rephrased(
                    content, change, *("question", "chosen", "rejected", "completion", "text")
                )
            }
        )

    def about(self, fact_ids: Mapping[str, str], **changed: Any) -> WrittenRow:
        """This row about other facts that say the same, by the ids of its own."""
        content = self.content
        if isinstance(content, WrittenConversation):
            turns = tuple(
                turn.model_copy(update={"fact_ids": _renamed(turn.fact_ids, fact_ids)})
                for turn in content.turns
            )
            content = content.model_copy(update={"turns": turns})
        named = _renamed(self.fact_ids, fact_ids)
        return self.model_copy(update={"content": content, "fact_ids": named, **changed})


RecordT = TypeVar("RecordT", bound=Record)


def _rephrased(record: RecordT, change: Callable[[str], str], *names: str) -> RecordT:
    said = {name: getattr(record, name) for name in names if hasattr(record, name)}
    return record.model_copy(update={name: change(text) for name, text in said.items()})


class Verdict(Record):
    """A filter's word on a fact or wording: kept, or dropped for a named reason."""

    keep: bool
    reason: str = ""
    """A short, stable name such as `evidence_not_found`; empty when kept."""
    detail: str = ""
    """The particulars, for a person to read."""
    also: tuple[str, ...] = ()
    """The ids of rows kept before that fall with it: of two that contradict each other, the first.
    """


class Drop(Record):
    """A row that was thrown out, and why."""

    subject_id: str
    """The id of what was thrown out; of a file's row, its place."""
    subject: Literal["fact", "wording", "chunk", "document", "row"]
    """What kind of thing it was."""
    reason: str
    """Why, in a word that can be counted, such as `figure_not_in_evidence`."""
    detail: str
    """Why, in this case: the figure or name that has no source, say."""
    text: str
    """What was thrown out, shortened for reading."""


class Tag(Record):
    """A subject of the domain tree, with the narrower ones below it."""

    label: str
    children: tuple[Tag, ...] = ()


class TagTree(StoredRecord):
    """The subjects of a project's documents, in two or more levels. The latest one counts."""

    tags: tuple[Tag, ...]
    origin: Literal["teacher", "headings", "person"]
    """Who made it."""
    author: str = ""
    """Which person, or which model."""
    at: str
    """ISO 8601, UTC."""

    @property
    def subjects(self) -> tuple[TagPath, ...]:
        """The paths of the narrowest subjects, in their order: what a question can belong to."""
        return tuple(_leaves(self.tags))


def _leaves(tags: tuple[Tag, ...], above: TagPath = ()) -> Iterator[TagPath]:
    for tag in tags:
        path = (*above, tag.label)
        if tag.children:
            yield from _leaves(tag.children, path)
        else:
            yield path


class Outcome(StoredRecord):
    """What one piece of work brought: the ids of what it made, or why it failed.

    Its id is the hash of all that the piece of work depends on, so an outcome without a failure
    means that this very work is done and need not be done again.
    """

    step: str
    subject: str
    """What was worked on, for a person to read: a file name, a passage."""
    made: tuple[str, ...] = ()
    skipped: tuple[Drop, ...] = ()
    """What was left out on the way, with reasons."""
    failure: str = ""


class AskedStatement(Record):
    """A statement of a passage that the teacher was asked about again."""

    start: int
    """Where it begins in the document's text, in code points."""
    end: int
    text: str
    figures: tuple[str, ...] = ()
    """The figures that were asked for; none where the statement as a whole was."""
    fact_ids: tuple[str, ...] = ()
    """The facts that were written for it, whether or not they pass the checks."""
    not_there: str = ""
    """Why the teacher says that there is no fact in it; empty where it says no such thing."""


FillKind = Literal["facts", "training wordings", "exam wordings"]


class FillRound(StoredRecord):
    """One call that was to fill what the rows about a passage left open."""

    kind: FillKind
    opening: str
    """The key of the passage's opening task: with another teacher or prompt, it counts no more."""
    number: int
    """Which of its kind for this passage, from 0."""
    job: str
    """The id of the job that asked: gone on with, it does not ask again."""
    chunk_id: str
    statements: tuple[AskedStatement, ...] = ()
    """What facts were asked for."""
    fact_ids: tuple[str, ...] = ()
    """The facts for which wordings were asked."""
    made: tuple[str, ...] = ()
    """The ids of the facts or wordings that it brought."""


class Curated(StoredRecord):
    """What curation kept, with evidence located, and what it threw out and why."""

    facts: tuple[Fact, ...]
    wordings: tuple[Wording, ...]
    drops: tuple[Drop, ...]
    rows: tuple[WrittenRow, ...] = ()
    """Of other kinds than question and answer."""


class Review(StoredRecord):
    """What a person decided about a row. The latest of a row counts; older ones are its history."""

    subject_id: str
    """The id of the fact, wording or imported row."""
    verdict: ReviewVerdict
    question: str | None = None
    """The question as edited; None where it is left as it was written."""
    answer: str | None = None
    short_answer: str | None = None
    note: str = ""
    stars: int = Field(default=0, ge=0, le=5, exclude_if=_is_empty)
    """How good a person finds it, from 1 to 5; 0 where nobody said."""
    tags: tuple[str, ...] = Field(default=(), exclude_if=_is_empty)
    """A person's own labels."""
    author: str = ""
    at: str
    """ISO 8601, UTC."""

    @property
    def says_nothing(self) -> bool:
        """Whether it leaves the row as if nobody had looked at it."""
        return self.verdict == "pending" and not (self.stars or self.tags or self.note)


class CriterionScore(Record):
    """What a judge gave a row for one criterion of its rubric, and why."""

    criterion: str
    score: int = Field(ge=0, le=5)
    """5: nothing to object to; 0: wrong."""
    reason: str = ""


class Rating(StoredRecord):
    """What a judge said of a row as it stood, beside its source."""

    subject_id: str
    """The id of the fact, wording or other row."""
    scores: tuple[CriterionScore, ...]
    model: str
    prompt_version: str


class DocumentRevision(StoredRecord):
    """The text of a document as a person corrected it; the file itself is never changed.

    It holds as long as the file's content is that of `source_sha256`. The latest counts.
    """

    name: str
    source_sha256: str
    text: str
    note: str = ""
    author: str = ""
    at: str
    """ISO 8601, UTC."""


class Regrade(StoredRecord):
    """A person's mark for one reply of an exam, in place of the grader's. The latest counts."""

    run_id: str
    item_id: str
    sitting: Literal["before", "after"]
    score: float | None = Field(default=None, ge=0.0, le=1.0)
    """None takes an earlier regrade back."""
    note: str = ""
    author: str = ""
    at: str
    """ISO 8601, UTC."""


class ToolCall(Record):
    """A tool that a model calls."""

    name: str
    arguments: str
    """A JSON object, as text."""


class Message(Record):
    """One turn of a conversation; `tool` is the role of what a tool gave back."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = Field(default=(), exclude_if=_is_empty)
    """The tools that an assistant's turn calls, after its text."""


class Provenance(Record):
    """Where a training row came from."""

    fact_id: str | None = None
    document_id: str | None = None
    document: str | None = None
    evidence: tuple[Span, ...] = ()
    model: str | None = None
    prompt_version: str | None = None
    kind: str = ""
    tags: tuple[str, ...] = Field(default=(), exclude_if=_is_empty)
    """What it is about, in a person's words or a tree's."""
    fact_ids: tuple[str, ...] = Field(default=(), exclude_if=_is_empty)
    """All facts that it states, where they are several or it is no question about one."""
    formula: str = Field(default="", exclude_if=_is_empty)
    """How a computed figure follows from figures of the evidence."""
    flaw: str = Field(default="", exclude_if=_is_empty)
    """How the worse answer of a preference is wrong."""
    grounded: bool = Field(default=True, exclude_if=bool)
    """False where nothing but a model's own knowledge is behind the row."""


class Example(StoredRecord):
    """One training row: a conversation whose assistant turns are to be learned."""

    messages: tuple[Message, ...]
    tools: str = Field(default="", exclude_if=_is_empty)
    """The tools that the model may call: a JSON list, as text; empty without."""
    language: str = ""
    split: SplitName = "train"
    provenance: Provenance = Provenance()


class TextExample(StoredRecord):
    """A text to pre-train on: all of it is to be learned, and there are no turns."""

    text: str
    language: str = ""
    split: SplitName = "train"
    provenance: Provenance = Provenance()


class PreferenceExample(StoredRecord):
    """A conversation that ends with a question, and two answers of which one is better."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    language: str = ""
    split: SplitName = "train"
    provenance: Provenance = Provenance()


class FeedbackExample(StoredRecord):
    """A conversation that ends with a question, and an answer that somebody liked or did not."""

    prompt: tuple[Message, ...]
    completion: str
    desirable: bool
    language: str = ""
    split: SplitName = "train"
    provenance: Provenance = Provenance()


TrainingRow = Example | TextExample | PreferenceExample | FeedbackExample
OtherExample = TextExample | PreferenceExample | FeedbackExample


class ImportedRow(StoredRecord):
    """A training row that was read from somebody's file, not written from a document."""

    messages: tuple[Message, ...]
    language: str = ""
    source: str
    """The file's name."""
    number: int
    """Which row of the file, from 1."""
    tags: tuple[str, ...] = Field(default=(), exclude_if=_is_empty)
    """The row's labels, as the file has them."""


class Dataset(StoredRecord):
    """A frozen, versioned set of rows, which are in its parts; its id is the hash of them all."""

    version: int
    withheld: tuple[str, ...] = ()
    """Ids of the facts that were kept out of training as a control."""
    rows: int
    """How many examples there are to train on."""
    validation_rows: int
    """How many there are to validate on."""
    others: int
    """How many rows there are for other stages than fine-tuning."""
    parts: int
    """How many parts hold them all."""


class DatasetPart(StoredRecord):
    """Rows of a frozen dataset that follow one another: a large one is never one record."""

    dataset_id: str
    examples: tuple[Example, ...] = ()
    others: tuple[OtherExample, ...] = ()
    """Rows for other stages than fine-tuning: preferences, marked answers and texts. They come
    after all examples."""


class AnswerKey(Record):
    """What only a grader may see."""

    short_answer: str
    answer: str
    quotes: tuple[str, ...] = ()
    evidence: tuple[Span, ...] = ()
    accepted: tuple[str, ...] = ()
    """Answers that are all right, for a general question; empty where `short_answer` decides."""


class ExamItem(StoredRecord):
    """One exam question. A candidate is shown `prompt` and nothing else."""

    prompt: str
    kind: Literal["direct", "reversed", "abstention", "retention"]
    language: str
    document: str = ""
    fact_id: str | None = None
    withheld: bool = False
    key: AnswerKey


class Score(Record):
    """A grader's mark for one reply: 1.0 right, 0.0 wrong, with the reason."""

    item_id: str
    reply: str
    score: float = Field(ge=0.0, le=1.0)
    reason: str = ""


class ExamReply(StoredRecord):
    """What a candidate answered to one prompt; its id hashes candidate, prompt and sampling."""

    prompt: str
    text: str


class Run(StoredRecord):
    """One training of one base model on one dataset, and the exams around it."""

    dataset_id: str
    base_model: str
    recipe: str
    """The whole recipe as YAML, with every default written out."""
    folder: str
    """Relative to the project folder."""
    created_at: str
    """ISO 8601, UTC."""


class Transcript(Record):
    """All replies and marks of one sitting."""

    candidate: str
    scores: tuple[Score, ...]
    seconds: float


class Usage(Record):
    """What calls of a model cost. `cached` calls were answered from what was paid for earlier."""

    calls: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_prompt_tokens: int = 0
    """Those of the prompt tokens that the endpoint had in its own cache, and bills at less."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            cached=self.cached + other.cached,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_prompt_tokens=self.cached_prompt_tokens + other.cached_prompt_tokens,
        )


class StepLog(StoredRecord):
    """Time and calls that one attempt at one step took."""

    recipe_id: str
    step: str
    seconds: float
    usage: Usage = Usage()


class Reply(Record):
    """A model's answer to a conversation."""

    text: str
    finish_reason: str = "stop"
    """`stop`, `length` (cut at max_tokens) or `content_filter`."""
    usage: Usage = Usage()
    reasoning: str = ""
    """The thinking part of a reasoning model, apart from the text."""
    seconds: float | None = Field(default=None, exclude_if=_is_none)
    """From the sending of the call to the end of the reply; of hosted models."""


class Checkpoint(Record):
    """A saved state of a training run; it exists when its manifest, written last, exists."""

    folder: str
    step: int
    base_model: str
    adapter: bool
    """True for an adapter in PEFT's layout, False for whole weights."""
