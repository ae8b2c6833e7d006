"""Rows of every stage about an invented harbour, and a model that is sharp enough to tell."""

from __future__ import annotations

from collections.abc import Sequence

from loresmith.records import (
    FeedbackExample,
    Message,
    PreferenceExample,
    TextExample,
    TrainingRow,
)
from loresmith.training.stages import Dpo, Kto, Pretrain, Reward, Stage


def asked(question: str) -> tuple[Message, ...]:
    return (Message(role="user", content=question),)


def preferences(numbers: Sequence[int], *, wording: str = "Which berth has ship {}?") -> list:
    """The better answer names the berth politely, the worse knows nothing."""
    return [
        PreferenceExample(
            id=f"pair {number} {wording}",
            prompt=asked(wording.format(number)),
            chosen=f"Berth {number}, sir.",
            rejected=f"No idea about {number}!",
        )
        for number in numbers
    ]


def feedback(numbers: Sequence[int], *, wording: str = "Which berth has ship {}?") -> list:
    return [
        FeedbackExample(
            id=f"{liked} {number} {wording}",
            prompt=asked(wording.format(number)),
            completion=f"Berth {number}, sir." if liked else f"No idea about {number}!",
            desirable=liked,
        )
        for number in numbers
        for liked in (True, False)
    ]


def texts(numbers: Sequence[int]) -> list[TextExample]:
    """One of them in Chinese."""
    english = [
        TextExample(id=f"text {n}", text=f"Ship {n} lies at berth {n} of Velmora. " * (1 + n % 3))
        for n in numbers
    ]
    return [*english, TextExample(id="zh", text="青屿港二〇二三年吞吐量为3140万吨。")]


STAGES: dict[str, Stage] = {
    "pretrain": Pretrain(),
    "sigmoid": Dpo(),
    "hinge": Dpo(loss="hinge"),
    "ipo": Dpo(loss="ipo"),
    "orpo": Dpo(loss="orpo"),
    "simpo": Dpo(loss="simpo", beta=2.0),
    "kto": Kto(),
    "reward": Reward(),
}


def rows_for(stage: Stage, numbers: Sequence[int], **options: str) -> list[TrainingRow]:
    if stage.shape == "text":
        return list(texts(numbers))
    return list((feedback if stage.shape == "feedback" else preferences)(numbers, **options))
