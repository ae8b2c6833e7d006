"""Why: one sees a model change in its own words, by the same prompts at each evaluation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from loresmith.errors import ModelError
from loresmith.models.base import ChatModel, Sampling
from loresmith.records import Example, Message, Record, TextExample, TrainingRow
from loresmith.training.checkpoints import writing
from loresmith.training.sealed import write_at_once

_PROMPTS = 3
_LONGEST_REPLY = 64  # tokens
_LONGEST_PROMPT = 2000  # characters


class SampleReply(Record):
    """What the model answered after so many steps."""

    step: int
    epoch: float
    prompt: str
    reply: str
    fault: str = ""
    """Why there is no reply; mostly empty."""


class Samples:
    """`samples.jsonl`: every prompt's reply at step 0 and at each evaluation."""

    def __init__(self, path: Path, prompts: Sequence[str]) -> None:
        self._path = path
        self._prompts = tuple(prompt[:_LONGEST_PROMPT] for prompt in prompts)

    @property
    def wanted(self) -> bool:
        """Whether there is a prompt at all."""
        return bool(self._prompts)

    def has_begun(self) -> bool:
        """Whether the model's first words are there."""
        return any(sample.step == 0 for sample in read_samples(self._path))

    def answer(self, model: ChatModel, *, step: int, epoch: float) -> None:
        """Adds the replies of now, in place of any from this step on (of an earlier attempt)."""
        kept = [sample for sample in read_samples(self._path) if sample.step < step]
        kept += self._replies(model, step=step, epoch=epoch)
        lines = (json.dumps(one.model_dump(mode="json"), ensure_ascii=False) for one in kept)
        with writing(self._path):
            write_at_once(self._path, "".join(f"{line}\n" for line in lines))

    def _replies(self, model: ChatModel, *, step: int, epoch: float) -> list[SampleReply]:
        asked = [[Message(role="user", content=prompt)] for prompt in self._prompts]
        sampling = Sampling(temperature=0.0, max_tokens=_LONGEST_REPLY)
        fault = ""
        try:
            replies = [reply.text for reply in model.reply_all(asked, sampling)]
        except ModelError as error:  # a prompt that leaves the model no room, say
            replies, fault = [""] * len(asked), error.message
        return [
            SampleReply(step=step, epoch=epoch, prompt=prompt, reply=reply, fault=fault)
            for prompt, reply in zip(self._prompts, replies, strict=True)
        ]


def chosen_prompts(
    named: Sequence[str] | None,
    offered: Sequence[str],
    rows: Sequence[TrainingRow],
) -> tuple[str, ...]:
    """Those that the settings name; else a few of those offered, or of the questions of `rows`."""
    if named is not None:
        return tuple(named)
    if offered:
        return tuple(offered[:_PROMPTS])
    asked = (
        next((message.content for message in _said(row) if message.role == "user"), "")
        for row in rows[: 4 * _PROMPTS]
    )
    return tuple(dict.fromkeys(prompt for prompt in asked if prompt.strip()))[:_PROMPTS]


def _said(row: TrainingRow) -> tuple[Message, ...]:
    if isinstance(row, TextExample):
        return ()
    return row.messages if isinstance(row, Example) else row.prompt


def read_samples(path: Path) -> list[SampleReply]:
    """All whole lines of a file of samples, in their order; none where there is no file."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(SampleReply.model_validate_json(line))
        except ValidationError:
            continue
    return found
