"""Why: a small model varies what rules cannot, if it is shown by examples what to ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from loresmith.generation.extractive.statements import Statement
from loresmith.generation.extractive.targets import Target
from loresmith.models.base import Sampling
from loresmith.records import Message, Reply


class RankingModel(Protocol):
    """A chat model that also tells how likely it finds a given reply, as `LocalModel` does."""

    name: str

    def reply_all(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling
    ) -> list[Reply]:
        """Answers in the order of `conversations`."""
        ...

    def score_all(self, candidates: Sequence[tuple[Sequence[Message], str]]) -> list[float]:
        """Mean log-likelihood (nats a token) of each continuation as the reply."""
        ...


class Wanted(NamedTuple):
    """What to ask a sentence for."""

    statement: Statement
    target: Target


def sampled_questions(
    wanted: Sequence[Wanted], model: RankingModel, *, samples: int, sampling: Sampling
) -> list[list[str]]:
    """`samples` questions for each of `wanted`, as the model wrote them: two in three are bad."""
    conversations = [_conversation(one) for one in wanted for _ in range(samples)]
    replies = model.reply_all(conversations, sampling)
    texts = [reply.text.strip() for reply in replies]
    return [texts[at : at + samples] for at in range(0, len(texts), samples)]


class _Shot(NamedTuple):
    sentence: str
    answer: str
    beginning: str
    question: str


SHOTS = (
    _Shot(
        "The lighthouse on Varn Island was lit for the first time on 6 May 1893.",
        "6 May 1893",
        "When",
        "When was the lighthouse on Varn Island lit for the first time?",
    ),
    _Shot(
        "Orla Benning runs the bakery in Dale Street, which employs nine people.",
        "nine people",
        "How many people",
        "How many people does the bakery in Dale Street employ?",
    ),
    _Shot(
        "The bridge at Tolm was designed by Ivo Marsh and closed in 1950.",
        "Ivo Marsh",
        "Who",
        "Who designed the bridge at Tolm?",
    ),
)
REQUEST = '{sentence}\nAsk a question whose answer is "{answer}". Begin with "{beginning}".'


def _conversation(wanted: Wanted) -> list[Message]:
    turns = []
    for shot in SHOTS:
        turns.append(_request(shot.sentence, shot.answer, shot.beginning))
        turns.append(Message(role="assistant", content=shot.question))
    target = wanted.target
    return [*turns, _request(wanted.statement.text, target.text, target.beginnings[0])]


def _request(sentence: str, answer: str, beginning: str) -> Message:
    content = REQUEST.format(sentence=sentence, answer=answer, beginning=beginning)
    return Message(role="user", content=content)
