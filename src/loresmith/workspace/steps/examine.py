"""The exam, sat exactly twice: by the base model, and by what fine-tuning made of it.

Each reply is stored as it comes. Marking is cheap and repeatable, so marks are not stored: a
better grader marks the same replies again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from loresmith.component import content_id
from loresmith.exams import retention_items
from loresmith.models.base import ChatModel
from loresmith.models.chat_templates import template_text
from loresmith.records import ExamItem, ExamReply, Score, Transcript
from loresmith.workspace.candidates import Candidate, find_candidate
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.frozen_rows import frozen_rows
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.dataset import dataset, exam_sheet
from loresmith.workspace.steps.sitting_progress import SittingProgress
from loresmith.workspace.steps.train import run_folder, run_id

_BLOCK = 40


class ExamineBase(Step):
    """The base model sits the exam and the general questions."""

    name = "exam before"

    def state(self, context: Context) -> StepState:
        items = _items_before(context)
        return _state(context, _base(context), items, _progress_before(context, items))

    def run(self, context: Context) -> None:
        candidate = _base(context)
        with base_model(context) as model:
            while not self.state(context).complete:  # each sitting may call for more questions
                items = _items_before(context)
                so_far = _progress_before(context, items)
                _sit(context, self.name, candidate, items, model, so_far)
        _tell_state(context, self)


class ExamineTuned(Step):
    """The tuned model sits the same exam, and the general questions that the base got right."""

    name = "exam after"

    def state(self, context: Context) -> StepState:
        items = _items_after(context)
        return _state(context, _tuned(context), items, SittingProgress(len(items)))

    def run(self, context: Context) -> None:
        items = _items_after(context)
        tuned = find_candidate(run_folder(context), base_model=context.recipe.base_model)
        with tuned.open("tuned") as model:
            _sit(context, self.name, _tuned(context), items, model, SittingProgress(len(items)))
        _tell_state(context, self)


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
    """The recipe's base model, to be entered with `with`; it is downloaded where it is not here."""
    text = template_text(context.recipe.training.chat_template)
    return Candidate(context.recipe.base_model, chat_template=text).open(
        "base", on_progress=lambda words: context.tell("fetch", 0, 0, words)
    )


def _state(
    context: Context, candidate: str, items: Sequence[ExamItem], so_far: SittingProgress
) -> StepState:
    if not items:
        return StepState(0, 1)
    answers = _answers(context, candidate, items)
    if len(answers) == len(items):
        return StepState(so_far.total, so_far.total)
    _count(context, so_far, items, answers)
    return StepState(min(so_far.done, so_far.total - 1), so_far.total)


def _tell_state(context: Context, step: Step) -> None:
    state = step.state(context)
    context.tell(step.name, state.done, state.total)


def _progress_before(context: Context, items: Sequence[ExamItem]) -> SittingProgress:
    own = sum(item.kind != "retention" for item in items)
    available = sum(len(block) for block in _blocks(_languages(context))) if items else 0
    return SittingProgress(own, wanted=context.recipe.exam.retention, available=available)


def _count(
    context: Context,
    so_far: SittingProgress,
    items: Sequence[ExamItem],
    answers: Mapping[str, str],
) -> None:
    """Counts the replies that are stored."""
    answered = [item for item in items if item.id in answers]
    marks = context.recipe.exam.mark(answered, answers, candidate="").scores
    for item, score in zip(answered, marks, strict=True):
        so_far.take(item, right=score.score == 1.0)


def _sit(
    context: Context,
    step: str,
    candidate: str,
    items: Sequence[ExamItem],
    model: ChatModel,
    so_far: SittingProgress,
) -> None:
    """Asks what is not answered yet, general questions last and with shorter replies.

    The last step to the total is not told here: a further block of questions may follow.
    """
    general = [item for item in items if item.kind == "retention"]
    own = [item for item in items if item.kind != "retention"]
    exam = context.recipe.exam
    short = exam.model_copy(update={"max_tokens": exam.max_general_tokens})
    answers = _answers(context, candidate, items)
    _count(context, so_far, items, answers)
    by_id = {item.id: item for item in items}

    def keep(score: Score) -> None:
        item = by_id[score.item_id]
        reply_id = _reply_id(context, candidate, item.prompt)
        context.store.add([ExamReply(id=reply_id, prompt=item.prompt, text=score.reply)])
        so_far.take(item, right=score.score == 1.0)
        context.tell(step, min(so_far.done, so_far.total - 1), so_far.total)

    for part, how in ((own, exam), (general, short)):
        how.sit(model, part, answered=answers, on_score=keep)


def _transcript(context: Context, candidate: str, items: Sequence[ExamItem]) -> Transcript:
    """The marks of stored replies; nothing is asked."""
    answers = _answers(context, candidate, items)
    return context.recipe.exam.mark(items, answers, candidate=candidate)


def _answers(context: Context, candidate: str, items: Sequence[ExamItem]) -> dict[str, str]:
    """Replies by item id, as far as they are stored."""
    ids = {item.id: _reply_id(context, candidate, item.prompt) for item in items}
    found = {reply.id: reply.text for reply in context.store.get(ExamReply, list(ids.values()))}
    return {item: found[reply] for item, reply in ids.items() if reply in found}


def _items_before(context: Context) -> list[ExamItem]:
    """The exam, and general questions block by block until enough of them were got right."""
    if dataset(context) is None:
        return []
    exam = context.recipe.exam
    general: list[ExamItem] = []
    for block in _blocks(_languages(context)):
        if len(_known(context, general)) >= exam.retention:
            break
        general += block
        if len(_answers(context, _base(context), general)) < len(general):
            break
    return [*exam_sheet(context).items, *general]


def _items_after(context: Context) -> list[ExamItem]:
    """The exam, and those general questions that the base model got right."""
    items = _items_before(context)
    known = _known(context, [item for item in items if item.kind == "retention"])
    return [item for item in items if item.kind != "retention" or item.id in known]


@remembered
def _languages(context: Context) -> Counter[str]:
    """The languages of the frozen dataset's rows."""
    frozen = dataset(context)
    if frozen is None:
        return Counter()
    return Counter(example.language for example in frozen_rows(context, frozen.id))


def _blocks(languages: Counter[str]) -> Iterator[list[ExamItem]]:
    """General questions in blocks, those in the corpus' main language first."""
    for language, _ in languages.most_common():
        items = list(retention_items([language]))
        for start in range(0, len(items), _BLOCK):
            yield items[start : start + _BLOCK]


def _known(context: Context, general: Sequence[ExamItem]) -> set[str]:
    """Ids of the general questions that the base model has answered, and rightly."""
    answers = _answers(context, _base(context), general)
    answered = [item for item in general if item.id in answers]
    marks = context.recipe.exam.mark(answered, answers, candidate="").scores
    return {score.item_id for score in marks if score.score == 1.0}


def _base(context: Context) -> str:
    text = template_text(context.recipe.training.chat_template)
    asked = [text] if text is not None else []
    return content_id("base", context.recipe.base_model, *asked)


def _tuned(context: Context) -> str:
    return content_id("tuned", run_id(context))


def _reply_id(context: Context, candidate: str, prompt: str) -> str:
    exam = context.recipe.exam
    limits = [exam.max_tokens, exam.max_general_tokens]
    return content_id("exam reply", candidate, prompt, limits, exam.system_prompt)
