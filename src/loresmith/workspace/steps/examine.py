"""The exam, sat exactly twice: by the base model, and by what fine-tuning made of it.

Each reply is stored as it comes. Marking is cheap and repeatable, so marks are not stored: a
better grader marks the same replies again.
"""

from __future__ import annotations

from collections.abc import Sequence

from loresmith.component import content_id
from loresmith.exams import retention_items
from loresmith.models.base import ChatModel
from loresmith.records import ExamItem, ExamReply, Score, Transcript
from loresmith.workspace.candidates import Candidate, find_candidate
from loresmith.workspace.context import Context
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.dataset import dataset, exam_sheet
from loresmith.workspace.steps.train import run_folder, run_id


class ExamineBase(Step):
    """The base model sits the exam and the general questions."""

    name = "exam before"

    def state(self, context: Context) -> StepState:
        return _state(context, _base(context), _all_items(context))

    def run(self, context: Context) -> None:
        _sit(context, self.name, _base(context), _all_items(context), base_model(context))


class ExamineTuned(Step):
    """The tuned model sits the same exam, and the general questions that the base got right."""

    name = "exam after"

    def state(self, context: Context) -> StepState:
        return _state(context, _tuned(context), _items_after(context))

    def run(self, context: Context) -> None:
        items = _items_after(context)
        tuned = find_candidate(run_folder(context), base_model=context.recipe.base_model)
        _sit(context, self.name, _tuned(context), items, tuned.open("tuned"))


def transcripts(context: Context) -> tuple[list[ExamItem], Transcript, Transcript] | None:
    """The items that both sat, and both sittings; None before both are complete."""
    if not (ExamineBase().state(context).complete and ExamineTuned().state(context).complete):
        return None
    items = _items_after(context)
    return (
        items,
        _transcript(context, _base(context), items),
        _transcript(context, _tuned(context), items),
    )


def base_model(context: Context) -> ChatModel:
    """The recipe's base model, to be entered with `with`."""
    return Candidate(context.recipe.base_model).open("base")


def _state(context: Context, candidate: str, items: Sequence[ExamItem]) -> StepState:
    if not items:
        return StepState(0, 1)
    return StepState(len(_answers(context, candidate, items)), len(items))


def _sit(
    context: Context, step: str, candidate: str, items: Sequence[ExamItem], model: ChatModel
) -> None:
    prompts = {item.id: item.prompt for item in items}

    def keep(score: Score) -> None:
        prompt = prompts[score.item_id]
        reply_id = _reply_id(context, candidate, prompt)
        context.store.add([ExamReply(id=reply_id, prompt=prompt, text=score.reply)])

    def tell(done: int, total: int) -> None:
        context.tell(step, done, total)

    with model:
        context.recipe.exam.sit(
            model,
            items,
            answered=_answers(context, candidate, items),
            on_score=keep,
            on_progress=tell,
        )


def _transcript(context: Context, candidate: str, items: Sequence[ExamItem]) -> Transcript:
    """The marks of stored replies; nothing is asked."""
    answers = _answers(context, candidate, items)
    return context.recipe.exam.mark(items, answers, candidate=candidate)


def _answers(context: Context, candidate: str, items: Sequence[ExamItem]) -> dict[str, str]:
    """Replies by item id, as far as they are stored."""
    ids = {item.id: _reply_id(context, candidate, item.prompt) for item in items}
    found = {reply.id: reply.text for reply in context.store.get(ExamReply, list(ids.values()))}
    return {item: found[reply] for item, reply in ids.items() if reply in found}


def _all_items(context: Context) -> list[ExamItem]:
    frozen = dataset(context)
    if frozen is None:
        return []
    languages = {example.language for example in frozen.examples}
    return [*exam_sheet(context).items, *retention_items(languages)]


def _items_after(context: Context) -> list[ExamItem]:
    """The exam, and those general questions that the base model got right."""
    items = _all_items(context)
    general = [item for item in items if item.kind == "retention"]
    answers = _answers(context, _base(context), general)
    answered = [item for item in general if item.id in answers]
    marks = context.recipe.exam.mark(answered, answers, candidate="").scores
    known = {score.item_id for score in marks if score.score == 1.0}
    return [item for item in items if item.kind != "retention" or item.id in known]


def _base(context: Context) -> str:
    return content_id("base", context.recipe.base_model)


def _tuned(context: Context) -> str:
    return content_id("tuned", run_id(context))


def _reply_id(context: Context, candidate: str, prompt: str) -> str:
    exam = context.recipe.exam
    return content_id("exam reply", candidate, prompt, exam.max_tokens, exam.system_prompt)
