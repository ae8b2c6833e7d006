"""Why: where the right replies are known, how close a model comes to them is told in figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from loresmith.errors import ModelError
from loresmith.models.local import LocalModel
from loresmith.records import Message, Record
from loresmith.text.likeness import Likeness, likeness


class Answered(NamedTuple):
    """A conversation that was replied to, and what the reply should have been."""

    conversation: tuple[Message, ...]
    reply: str
    reference: str


class ReplyScores(Record):
    """What the replies to a file of prompts are worth."""

    likeness: Likeness
    """Of the replies to the references, in words."""
    perplexity: float | None
    """Of the references: how many tokens the model finds as likely as the right one, on average;
    each reference weighs the same. Null where it cannot be computed."""


def score_replies(model: object, answered: Sequence[Answered]) -> ReplyScores:
    """The scores of what `model`, which is open, replied. Raises MissingDependency."""
    perplexity = None
    if isinstance(model, LocalModel):
        perplexity = _perplexity(model, answered)
    found = likeness([one.reply for one in answered], [one.reference for one in answered])
    return ReplyScores(likeness=found, perplexity=perplexity)


def _perplexity(model: LocalModel, answered: Sequence[Answered]) -> float | None:
    """exp of the mean over references of a token's mean negative log-likelihood."""
    try:
        means = model.score_all([(one.conversation, one.reference) for one in answered])
    except ModelError:  # a conversation that the template cannot be trained on
        return None
    perplexity = math.exp(min(-sum(means) / max(len(means), 1), 700.0))
    return perplexity if math.isfinite(perplexity) else None
