"""Why: of the good questions about one sentence some are trained on, and one is held apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loresmith.text.overlap import jaccard, token_set


class Selection(NamedTuple):
    """Questions for one fact, by use. The first of `training` is the fact's own."""

    training: tuple[str, ...]
    practice: tuple[str, ...]
    exam: tuple[str, ...]


def select(
    ranked: Sequence[str], *, paraphrases: int, exam: int, practice: int, max_overlap: float
) -> Selection:
    """Shares `ranked` questions (best first) out.

    A question is held apart for the exam or for practice only while it shares at most
    `max_overlap` (token-set Jaccard) with every question that stays in training, and at least one
    does; questions that are too near to it are not used at all. With few or like questions none is
    held apart.
    """
    distinct = _distinct(ranked)
    held: list[str] = []
    for _ in range(exam + practice):
        apart = _best_apart(distinct, max_overlap=max_overlap, least=1 if not held else 3)
        if apart is None:
            break
        held.append(apart.question)
        distinct = list(apart.training)
    training = tuple(distinct[: 1 + paraphrases])
    return Selection(training, practice=tuple(held[exam:]), exam=tuple(held[:exam]))


class _Apart(NamedTuple):
    question: str
    training: tuple[str, ...]


def _best_apart(questions: Sequence[str], *, max_overlap: float, least: int) -> _Apart | None:
    """The question that leaves most others for training; of equals, the worst ranked."""
    found: _Apart | None = None
    for question in reversed(questions):
        tokens = token_set(question)
        training = tuple(
            other
            for other in questions
            if other != question and jaccard(tokens, token_set(other)) <= max_overlap
        )
        if len(training) >= least and (found is None or len(training) > len(found.training)):
            found = _Apart(question, training)
    return found


_SAME = 0.95


def _distinct(questions: Sequence[str]) -> list[str]:
    """Without those that say the same in the same words as a better one."""
    kept: list[str] = []
    for question in questions:
        tokens = token_set(question)
        if all(jaccard(tokens, token_set(other)) < _SAME for other in kept):
            kept.append(question)
    return kept
