"""Tokens and money of a project's calls, by job, model and purpose."""

from __future__ import annotations

from collections.abc import Sequence

from loresmith.models.cache import Spending
from loresmith.models.prices import Prices, added_up, in_words
from loresmith.records import Record, Usage


class SpentBy(Record):
    """What the calls of one job to one model for one purpose took."""

    job: str
    """The job's id; empty where it is not known."""
    endpoint: str
    model: str
    purpose: str
    calls: int
    prompt_tokens: int
    cached_prompt_tokens: int
    """Those of the prompt tokens that the endpoint had in its own cache."""
    completion_tokens: int
    money: float | None = None
    """At the price known today; null where there is none."""
    currency: str = ""


class Spent(Record):
    """What calls took, added up."""

    calls: int
    prompt_tokens: int
    cached_prompt_tokens: int
    completion_tokens: int
    money: dict[str, float]
    """By currency, at the prices known today."""
    unpriced: tuple[str, ...] = ()
    """Models whose price is not known: their calls are not part of the money."""
    parts: tuple[SpentBy, ...] = ()

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def money_in_words(self) -> str:
        """`3.40 CNY`; empty where no price is known."""
        return in_words(self.money)


def spent(found: Sequence[Spending], prices: Prices, *, job: str | None = None) -> Spent:
    """What was paid, of all jobs or of one."""
    known = {(one.endpoint.casefold(), one.model): one for one in prices.all()}
    parts, total, amounts, unpriced = [], Usage(), [], []
    for one in found:
        if (job is not None and one.job != job) or not one.usage.calls:
            continue
        price = known.get((one.endpoint.casefold(), one.model))
        money = None if price is None else price.of(one.usage)
        parts.append(
            SpentBy(
                job=one.job,
                endpoint=one.endpoint,
                model=one.model,
                purpose=one.purpose,
                calls=one.usage.calls,
                prompt_tokens=one.usage.prompt_tokens,
                cached_prompt_tokens=one.usage.cached_prompt_tokens,
                completion_tokens=one.usage.completion_tokens,
                money=money,
                currency=price.currency if price is not None else "",
            )
        )
        total += one.usage
        if price is None or money is None:
            unpriced.append(one.model)
        else:
            amounts.append((price.currency, money))
    return Spent(
        calls=total.calls,
        prompt_tokens=total.prompt_tokens,
        cached_prompt_tokens=total.cached_prompt_tokens,
        completion_tokens=total.completion_tokens,
        money=added_up(amounts),
        unpriced=tuple(dict.fromkeys(unpriced)),
        parts=tuple(parts),
    )
