"""What writing questions for a selection will take, before it is begun: calls, tokens and time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from loresmith.errors import LoresmithError
from loresmith.models import Embedded, ModelSpec, OpenAICompatible, Recorded
from loresmith.models.budget import Budget
from loresmith.models.cache import ReplyCache
from loresmith.models.prices import Price, Prices, in_words
from loresmith.records import Chunk, Document, Record, Usage
from loresmith.workspace.context import Context
from loresmith.workspace.documents.measurements import FEWEST, factors, measured
from loresmith.workspace.documents.passage_costs import Cost, cost_of, cost_of_fill
from loresmith.workspace.report.formatting import duration, short
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps.asking import asked_passages, passages
from loresmith.workspace.steps.fill import FillCall
from loresmith.workspace.writing import teacher_of, unsuited

TokenMethod = Literal["by_characters", "by_characters_and_usage"]
TimeMethod = Literal["measured", "assumed"]

_MOST_RENDERED = 300
"""Passages whose calls are looked at one by one; of more, a sample spread over all of them."""
_ASSUMED_CONCURRENCY = 16
_ASSUMED_TOKENS_A_SECOND = 60.0
_ASSUMED_SECONDS_TO_ANSWER = 1.0
_ASSUMED_SECONDS_EMBEDDED = 10.0


class Estimate(Record):
    """What `generate` will take for a selection."""

    teacher: str
    """The model that is asked, as people know it."""
    passages: int
    """Passages of the selection."""
    finished: int
    """Those for which nothing is missing."""
    calls: int
    """Calls to pay for: those missing now, and those for wordings that follow from them."""
    cached: int
    """Calls that are answered from replies paid for earlier."""
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """How long it takes from the start, with `concurrency` calls at once."""
    concurrency: int
    token_method: TokenMethod
    """`by_characters_and_usage`: corrected by what earlier calls of this project used."""
    time_method: TimeMethod
    """`measured` on earlier calls of this project, or `assumed`."""
    money: float | None = None
    """What it costs, at the price known today; null where none is known."""
    currency: str = ""
    sampled: int
    """Passages that were looked at; with fewer than `passages`, the figures are scaled up."""
    beyond_budget: str = ""
    """How far the recipe's budget would not suffice; empty where it does, or there is none."""
    obstacle: str = ""
    """Why it would fail at once; empty where nothing is known to stand in the way."""
    hint: str = ""
    """What to do about the obstacle."""

    @property
    def money_in_words(self) -> str:
        """`3.40 CNY`; empty where no price is known."""
        return in_words({self.currency: self.money}) if self.money is not None else ""

    @property
    def tokens(self) -> int:
        """Sent and written."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def words(self) -> str:
        """`about 1.2 M tokens, 3.40 CNY, 12 min`, and what of it is not known, in English."""
        timed = "" if self.time_method == "measured" else " (at an assumed speed)"
        parts = [f"{self.calls:,} calls"] if self.calls != 1 else ["1 call"]
        if self.tokens:
            parts.append(f"{short(self.tokens)} tokens")
            parts.append(self.money_in_words or "no price is known")
        parts.append(f"{duration(self.seconds, 'en')}{timed}")
        return f"about {', '.join(parts)}"


def estimate(context: Context, scope: Scope) -> Estimate:
    """What a `generate` of this scope would take; asks no model.

    Documents that are not read and cut yet are not part of it. Raises Conflict for a selection of
    passages that are not there any more.
    """
    context.scope = scope
    return _of(context, passages(context) if scope.chunks is None else asked_passages(context))


def estimate_of_start(context: Context) -> Estimate:
    """What the writing that is about to begin will take: of the passages that it is about."""
    return _of(context, asked_passages(context))


def _of(context: Context, asked: Sequence[tuple[Chunk, Document]]) -> Estimate:
    step = -(-len(asked) // _MOST_RENDERED) or 1
    sample = asked[::step]
    cost = cost_of(context, sample)
    scale = len(asked) / len(sample) if sample else 1.0
    obstacle = _obstacle(context, asked, cost)
    return _estimate(context, cost, scale, len(asked), len(sample), obstacle)


def estimate_of_fill(context: Context, calls: Sequence[FillCall]) -> Estimate:
    """What these calls that fill gaps would take, with what follows from them; asks no model."""
    cost = cost_of_fill(context, calls)
    passages = len({call.passage[0].id for call in calls})
    obstacle = _obstacle(context, [call.passage for call in calls], cost) if calls else _Obstacle()
    return _estimate(context, cost, 1.0, passages, passages, obstacle)


def _estimate(
    context: Context, cost: Cost, scale: float, passages: int, sampled: int, obstacle: _Obstacle
) -> Estimate:
    spec = context.recipe.teacher
    concurrency = _calls_at_once(spec)
    used = measured(context)
    correction = factors(context, used)
    calls = round(cost.calls * scale)
    prompt, completion = cost.prompt * correction.prompt, cost.completion * correction.completion
    per_call = (
        used.seconds / used.calls
        if used.calls >= FEWEST
        else _assumed_seconds(context, cost) / concurrency
    )
    asked = Usage(prompt_tokens=round(prompt * scale), completion_tokens=round(completion * scale))
    price = _price(context)
    return Estimate(
        beyond_budget=_beyond_budget(context, asked, price),
        money=price.of(asked) if price is not None else None,
        currency=price.currency if price is not None else "",
        teacher=str(getattr(spec, "model", "")) or "embedded",
        passages=passages,
        finished=round(cost.finished * scale),
        calls=calls,
        cached=round(cost.cached * scale),
        prompt_tokens=round(prompt * scale),
        completion_tokens=round(completion * scale),
        seconds=round(calls * per_call, 1),
        concurrency=concurrency,
        token_method="by_characters_and_usage" if correction.measured else "by_characters",
        time_method="measured" if used.calls >= FEWEST else "assumed",
        sampled=sampled,
        obstacle=obstacle.reason,
        hint=obstacle.hint,
    )


def _beyond_budget(context: Context, wanted: Usage, price: Price | None) -> str:
    """How far what is left of the budget would not do; by what was spent so far."""
    budget = context.recipe.generation.budget
    if budget == Budget() or not context.project.replies.exists():
        spent = Usage()
    else:
        with ReplyCache(context.project.replies) as cache:
            spent = sum((one.usage for one in cache.spending()), Usage())
    used = spent.prompt_tokens + spent.completion_tokens
    tokens = wanted.prompt_tokens + wanted.completion_tokens
    if budget.tokens is not None and used + tokens > budget.tokens:
        return (
            f"the budget of {budget.tokens:,} tokens would not suffice: {used:,} are used, and "
            f"about {tokens:,} are wanted"
        )
    if budget.money is not None and price is not None:
        paid, cost = price.of(spent), price.of(wanted)
        if paid + cost > budget.money:
            return (
                f"the budget of {budget.money:,.2f} {price.currency} would not suffice: "
                f"{paid:,.2f} {price.currency} are spent, and about {cost:,.2f} {price.currency} "
                "are wanted"
            )
    return ""


def _price(context: Context) -> Price | None:
    teacher = context.recipe.teacher
    if not isinstance(teacher, OpenAICompatible):
        return None
    return Prices(context.settings.home).of(teacher.base_url, teacher.model)


def _calls_at_once(spec: ModelSpec) -> int:
    """What the recipe says; where the number is to be found, where finding it begins."""
    said = getattr(spec, "concurrency", 1)
    return said if isinstance(said, int) else _ASSUMED_CONCURRENCY


def _assumed_seconds(context: Context, cost: Cost) -> float:
    """Seconds of one call, where none of this project was measured."""
    if isinstance(context.recipe.teacher, Embedded):
        return _ASSUMED_SECONDS_EMBEDDED
    each = cost.completion / cost.calls if cost.calls else 0.0
    return _ASSUMED_SECONDS_TO_ANSWER + each / _ASSUMED_TOKENS_A_SECOND


class _Obstacle(NamedTuple):
    reason: str = ""
    hint: str = ""


def _obstacle(context: Context, asked: Sequence[tuple[Chunk, Document]], cost: Cost) -> _Obstacle:
    """What would stop the work at once, as far as it can be known without a call."""
    if not asked:
        return _Obstacle("there is no passage to ask about", "Upload a document first.")
    by_id = {document.id: document for _, document in asked}
    reasons = unsuited(context, by_id.values())
    if reasons:
        return _Obstacle(
            "the embedded model cannot write questions for these documents: " + "; ".join(reasons),
            "Choose another teacher.",
        )
    if isinstance(context.recipe.teacher, Embedded):
        return _Obstacle()
    try:
        teacher_of(context).open()
    except LoresmithError as error:
        return _Obstacle(error.message, error.hint)
    if isinstance(context.recipe.teacher, Recorded) and cost.calls:
        return _Obstacle(
            "this teacher has replies for the example's own texts only",
            "Choose another teacher under Models, or restore the text; or select only documents "
            "that are as they were.",
        )
    return _Obstacle()
