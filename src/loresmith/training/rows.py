"""Why: what a row loses or is left out for is counted with its reason, and its marks stay whole."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from loresmith.errors import ModelError, TrainingError
from loresmith.models.templates import ChatTemplate, EncodedExample, Learned
from loresmith.records import Drop, Example


class Row(NamedTuple):
    """One conversation as tokens. `labels_mask` is True where the token is to be learned."""

    input_ids: list[int]
    labels_mask: list[bool]
    id: str = ""
    """Of the example that it was made of, to name it by."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Itself: it is learned on its own."""
        return (self,)

    @property
    def tokens(self) -> int:
        """How many tokens it has."""
        return len(self.input_ids)

    @property
    def mark(self) -> bytes:
        """Nothing more than its tokens tells it from another."""
        return b""


def count_learned(row: Row) -> int:
    """How many tokens of `row` are learned; the first has nothing to be predicted from."""
    return sum(row.labels_mask[1:])


class Rows(NamedTuple):
    """What is trained on, and what is not."""

    kept: list[Row]
    dropped: list[Drop]
    shortened: list[Drop]
    """Rows that are among `kept`, one of their messages cut at its end."""


TooLong = Literal["drop", "shorten", "error"]


def encode_rows(
    examples: Sequence[Example],
    template: ChatTemplate,
    *,
    max_length: int,
    too_long: TooLong = "drop",
    learn: Learned = "replies",
) -> Rows:
    """Tokens of all examples; those over `max_length` tokens, and those without any answer to
    learn, are dropped with reason `too_long` or `nothing_to_learn`.

    With `shorten`, the longest message of a row that is too long is cut at its end, so that the
    template's own tokens stay whole. With `error`, TrainingError names what is too long.
    """
    rows = Rows([], [], [])
    for example in examples:
        try:
            encoded = template.encode_example(example.messages, learn=learn, tools=example.tools)
            length = len(encoded.input_ids)
            if length > max_length and too_long == "shorten":
                encoded = _shortened(example, template, max_length=max_length, learn=learn)
        except ModelError as error:
            rows.dropped.append(_drop(example, "nothing_to_learn", error.message))
            continue
        detail = f"{length} tokens, and max_length is {max_length}"
        if len(encoded.input_ids) > max_length:
            rows.dropped.append(_drop(example, "too_long", detail))
        elif not any(encoded.labels_mask[1:]):
            rows.dropped.append(_drop(example, "nothing_to_learn", "no answer in it"))
        else:
            rows.kept.append(Row(encoded.input_ids, encoded.labels_mask, example.id))
            if length > max_length:
                rows.shortened.append(_drop(example, "shortened", detail))
    if too_long == "error":
        _refuse_long(rows, max_length)
    return rows


def _shortened(
    example: Example, template: ChatTemplate, *, max_length: int, learn: Learned
) -> EncodedExample:
    """The row with as much of its longest message as fits; too long still where nothing does."""
    messages = list(example.messages)
    at = max(range(len(messages)), key=lambda index: len(messages[index].content))
    whole = messages[at]

    def encoded(kept: int) -> EncodedExample:
        messages[at] = whole.model_copy(update={"content": whole.content[:kept]})
        return template.encode_example(messages, learn=learn, tools=example.tools)

    fits, over = 1, len(whole.content)
    while over - fits > 1:
        middle = (fits + over) // 2
        if len(encoded(middle).input_ids) <= max_length:
            fits = middle
        else:
            over = middle
    return encoded(fits)


def _refuse_long(rows: Rows, max_length: int) -> None:
    long = [drop for drop in rows.dropped if drop.reason == "too_long"]
    if long:
        named = "; ".join(f"{drop.subject_id}: {drop.detail}" for drop in long[:5])
        raise TrainingError(
            f"{len(long)} rows are longer than max_length={max_length}: {named}",
            hint="Raise max_length, shorten the rows, or set too_long to drop or shorten.",
        )


def rows_id(items: Sequence[Any]) -> str:
    """Equal for equal rows, or pairs of them, in equal order."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(item.mark)
        for row in item.rows:
            digest.update(len(row.input_ids).to_bytes(8, "little"))
            digest.update(array("q", row.input_ids).tobytes())
            digest.update(bytes(row.labels_mask))
    return digest.hexdigest()[:24]


def _drop(example: Example, reason: str, detail: str) -> Drop:
    text = " | ".join(message.content for message in example.messages)
    shown = text if len(text) <= 200 else text[:199] + "…"
    return Drop(subject_id=example.id, subject="row", reason=reason, detail=detail, text=shown)
