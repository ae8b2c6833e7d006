"""Which calls a teacher has to answer for a passage, and what becomes of each reply.

A strong teacher is asked for facts, and then for wordings of those that pass the checks, so that
nothing is paid for a fact that will be thrown out. The embedded model cannot answer such requests:
for it a passage is one task, done by the extractive writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from loresmith.component import content_id
from loresmith.errors import ModelUnavailable
from loresmith.generation import Batch, ExamWordingWriter, FactWriter, TrainingWordingWriter
from loresmith.generation.brief import Brief
from loresmith.generation.extractive import rules_version
from loresmith.generation.passages import Passage
from loresmith.generation.row_kinds import PassageFacts
from loresmith.models import Embedded, ModelSpec, Recorded
from loresmith.models.base import ChatModel
from loresmith.models.budget import Allowance, Budget
from loresmith.models.local import LocalModel
from loresmith.models.prices import Prices
from loresmith.models.structured import Asker, Request
from loresmith.records import Chunk, Document, Fact, TagTree, Usage
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.fill_rounds import fact_rounds, facts_of_rounds
from loresmith.workspace.row_writing import corpus_row_tasks, kinds_beyond, passage_row_tasks
from loresmith.workspace.tasks import Made, Task, made, place_of

if TYPE_CHECKING:
    from loresmith.models.cache import ReplyCache

__all__ = [
    "Made",
    "Task",
    "brief_of",
    "corpus_tasks",
    "further_tasks",
    "made",
    "open_asker",
    "opening_task",
    "refuse_unsuited_teacher",
    "tasks_after_rounds",
    "tasks_for",
    "teacher_of",
    "tree",
    "unsuited",
    "wording_request",
    "wording_tasks",
]

AnyPromptedWriter: TypeAlias = FactWriter | TrainingWordingWriter | ExamWordingWriter


@contextmanager
def open_asker(context: Context) -> Iterator[Asker]:
    """The teacher, ready to be asked through the project's cache of paid-for replies."""
    from loresmith.models.cache import ReplyCache

    with teacher_of(context).open() as model, ReplyCache(context.project.replies) as cache:
        yield Asker(
            model,
            cache,
            attempts=context.recipe.generation.attempts,
            job=context.job,
            allowance=_allowance(context, model, cache),
        )


def _allowance(context: Context, model: ChatModel, cache: ReplyCache) -> Allowance | None:
    """What is left of the recipe's budget; None where there is none."""
    budget = context.recipe.generation.budget
    if budget == Budget():
        return None
    spent = sum((one.usage for one in cache.spending()), Usage())
    price = Prices(context.settings.home).of(model.endpoint, model.name)
    return Allowance(budget, spent, price, model=model.name)


def brief_of(context: Context) -> Brief:
    """What the teacher is told about every passage alike."""
    now = tree(context)
    return Brief(context.recipe.generation.style, now.subjects if now is not None else ())


@remembered
def tree(context: Context) -> TagTree | None:
    """The domain tree that counts: the latest one."""
    trees = context.store.all(TagTree)
    return trees[-1] if trees else None


def teacher_of(context: Context) -> ModelSpec:
    """The recipe's teacher, with paths taken from the project's folder."""
    spec = context.recipe.teacher
    if isinstance(spec, Recorded):
        return spec.model_copy(update={"path": context.project.folder / spec.path})
    return spec


def unsuited(context: Context, asked: Iterable[Document]) -> list[str]:
    """Which of these documents are beyond the teacher, and why."""
    if not isinstance(context.recipe.teacher, Embedded):
        return []
    writer = context.recipe.generation.extractive
    found = [(document.name, writer.supports(document)) for document in asked]
    return [f"{name}: {reason}" for name, reason in found if reason]


def refuse_unsuited_teacher(context: Context, asked: Iterable[Document]) -> None:
    """Raises ModelUnavailable where documents that it is asked about, or row kinds of the recipe,
    are beyond the teacher."""
    beyond = kinds_beyond(context)
    if beyond:
        raise ModelUnavailable(
            f"the embedded model cannot write rows of kind {', '.join(beyond)}",
            hint="Name a model that can, for example --teacher deepseek:deepseek-chat, or take "
            "them out of generation.rows.",
        )
    reasons = unsuited(context, asked)
    if reasons:
        raise ModelUnavailable(
            "the embedded model cannot write questions for these documents:\n"
            + "\n".join(f"  {reason}" for reason in reasons),
            hint="Name a model that can, for example --teacher deepseek:deepseek-chat, "
            "--teacher dashscope:qwen-plus or --teacher openai:MODEL@http://127.0.0.1:8000/v1",
        )


def opening_task(context: Context, chunk: Chunk, document: Document) -> Task:
    """The task that a passage begins with: of the embedded model its only one, else its facts."""
    if isinstance(context.recipe.teacher, Embedded):
        return _extraction(context, chunk, document)
    return _facts(context, chunk, document)


def tasks_for(context: Context, chunk: Chunk, document: Document) -> list[Task]:
    """All tasks of a passage that can be named by now: wordings only once its facts are there."""
    opening = opening_task(context, chunk, document)
    if isinstance(context.recipe.teacher, Embedded) and not context.recipe.generation.rows:
        return [opening]
    facts = context.store.get(Fact, made(context, opening))
    return [opening, *wording_tasks(context, chunk, document, facts)]


def _facts(context: Context, chunk: Chunk, document: Document) -> Task:
    writer, brief = context.recipe.generation.facts, brief_of(context)

    def write(asker: Asker) -> Made:
        reply = asker.ask(writer.request(chunk, document, brief))
        return Made(writer.facts(chunk, document, reply, model=asker.model.name, brief=brief))

    key = _key(context, "facts", writer, writer.passage(chunk, document), [chunk.id])
    return Task(
        key, _place(chunk, document, "facts"), write, lambda: writer.request(chunk, document, brief)
    )


def wording_tasks(
    context: Context, chunk: Chunk, document: Document, facts: Sequence[Fact]
) -> Iterator[Task]:
    """The tasks that follow from the facts of a passage: wordings of those that pass, and rows of
    other kinds about them. The embedded model has written its wordings with the facts."""
    kept = context.recipe.curation.curate_facts(facts, [chunk], [document]).kept
    if not isinstance(context.recipe.teacher, Embedded):
        yield from _asked_wordings(context, chunk, document, kept)
    yield from passage_row_tasks(context, PassageFacts(chunk, document, kept))


def further_tasks(
    context: Context,
    chunk: Chunk,
    document: Document,
    facts: Sequence[Fact],
    *,
    before: Sequence[Fact],
) -> Iterator[Task]:
    """The same for `facts` that were written to fill gaps, `before` which there were others: in
    calls of their own, so that nothing that was asked before is asked anew."""
    added = {fact.id for fact in facts}
    judged = context.recipe.curation.curate_facts(
        [*before, *facts], [chunk], [document], added=added
    )
    kept = tuple(fact for fact in judged.kept if fact.id in added)
    if kept:
        yield from _asked_wordings(context, chunk, document, kept, abstentions=False)
        yield from passage_row_tasks(context, PassageFacts(chunk, document, kept), further=True)


def tasks_after_rounds(
    context: Context, chunk: Chunk, document: Document, opening: str, facts: Sequence[Fact]
) -> Iterator[Task]:
    """What follows from the rounds that filled gaps of a passage; `facts` are its first ones."""
    before = list(facts)
    for one in fact_rounds(context, opening):
        brought = facts_of_rounds(context, [one])
        yield from further_tasks(context, chunk, document, brought, before=before)
        before += brought


def _asked_wordings(
    context: Context,
    chunk: Chunk,
    document: Document,
    kept: Sequence[Fact],
    *,
    abstentions: bool = True,
) -> Iterator[Task]:
    generation = context.recipe.generation
    for use, writer in (
        ("training wordings", generation.training),
        ("exam wordings", generation.exam),
    ):
        for first in writer.batches(chunk, document, kept):
            batch = first._replace(is_first=first.is_first and abstentions)
            ids = [fact.id for fact in batch.facts]
            key = _key(context, use, writer, batch.passage, ids)
            yield Task(
                key,
                _place(chunk, document, use),
                _wording_call(writer, batch, brief_of(context)),
                wording_request(writer, batch, brief_of(context)),
            )


def wording_request(
    writer: TrainingWordingWriter | ExamWordingWriter, batch: Batch, brief: Brief
) -> Callable[[], Request[Any]]:
    """Puts together what to ask; exam questions have no style to follow."""
    if isinstance(writer, TrainingWordingWriter):
        return partial(writer.request, batch, brief)
    return partial(writer.request, batch)


def corpus_tasks(context: Context, passages: Sequence[tuple[Chunk, Document]]) -> Iterator[Task]:
    """The tasks about all these passages together, as far as their facts are there."""

    def kept() -> list[PassageFacts]:
        by_chunk: dict[str, list[Fact]] = {}
        for fact in _facts_of(context, passages):
            by_chunk.setdefault(fact.chunk_id, []).append(fact)
        return [PassageFacts(*one, tuple(by_chunk.get(one[0].id, ()))) for one in passages]

    yield from corpus_row_tasks(context, kept)


def _facts_of(context: Context, passages: Sequence[tuple[Chunk, Document]]) -> Sequence[Fact]:
    """The facts of passages that pass, of all together."""
    ids = [one for passage in passages for one in made(context, opening_task(context, *passage))]
    chunks, documents = [one[0] for one in passages], {one[1].id: one[1] for one in passages}
    facts = context.store.get(Fact, ids)
    return context.recipe.curation.curate_facts(facts, chunks, documents.values()).kept


def _wording_call(
    writer: TrainingWordingWriter | ExamWordingWriter, batch: Batch, brief: Brief
) -> Callable[[Asker], Made]:
    def write(asker: Asker) -> Made:
        if isinstance(writer, TrainingWordingWriter):
            training = asker.ask(writer.request(batch, brief))
            return Made(writer.wordings(batch, training, model=asker.model.name))
        exam = asker.ask(writer.request(batch))
        return Made(writer.wordings(batch, exam, model=asker.model.name))

    return write


def _extraction(context: Context, chunk: Chunk, document: Document) -> Task:
    writer = context.recipe.generation.extractive

    def write(asker: Asker) -> Made:
        assert isinstance(asker.model, LocalModel)  # what the embedded spec opens
        written = writer.write(chunk, document, asker.model)
        return Made([*written.facts, *written.wordings], written.skipped)

    teacher = context.fingerprint(context.recipe.teacher)
    key = content_id("extraction", teacher, context.fingerprint(writer), rules_version(), chunk.id)
    return Task(key, _place(chunk, document, "questions"), write)


def _key(
    context: Context, use: str, writer: AnyPromptedWriter, passage: Passage, ids: list[str]
) -> str:
    """Changes with all that a person set of what the reply depends on; of the prompts with the one
    that is sent. Another domain tree does not undo what was written."""
    prompt = writer.prompt.of(passage.language)
    teacher, style = context.fingerprint(context.recipe.teacher), context.recipe.generation.style
    styled = [style] if style and not isinstance(writer, ExamWordingWriter) else []
    return content_id(use, teacher, context.fingerprint(writer), prompt.version, ids, *styled)


def _place(chunk: Chunk, document: Document, use: str) -> str:
    return f"{place_of(chunk, document)}: {use}"
