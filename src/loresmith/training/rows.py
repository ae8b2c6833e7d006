"""Why: a row is trained on whole or not at all, and what is left out is counted with its reason."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from loresmith.errors import ModelError
from loresmith.models.templates import ChatTemplate
from loresmith.records import Drop, Example


class Row(NamedTuple):
    """One conversation as tokens. `labels_mask` is True where the token is to be learned."""

    input_ids: list[int]
    labels_mask: list[bool]


class Rows(NamedTuple):
    """What is trained on, and what is not."""

    kept: list[Row]
    dropped: list[Drop]


def encode_rows(examples: Sequence[Example], template: ChatTemplate, *, max_length: int) -> Rows:
    """Tokens of all examples; those over `max_length` tokens, and those without any answer to
    learn, are dropped with reason `too_long` or `nothing_to_learn`."""
    rows = Rows([], [])
    for example in examples:
        try:
            encoded = template.encode_example(example.messages)
        except ModelError as error:
            rows.dropped.append(_drop(example, "nothing_to_learn", error.message))
            continue
        length = len(encoded.input_ids)
        if length > max_length:
            detail = f"{length} tokens, and max_length is {max_length}"
            rows.dropped.append(_drop(example, "too_long", detail))
        elif not any(encoded.labels_mask[1:]):
            rows.dropped.append(_drop(example, "nothing_to_learn", "no answer in it"))
        else:
            rows.kept.append(Row(encoded.input_ids, encoded.labels_mask))
    return rows


def rows_id(rows: Sequence[Row]) -> str:
    """Equal for equal rows in equal order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(len(row.input_ids).to_bytes(8, "little"))
        digest.update(array("q", row.input_ids).tobytes())
        digest.update(bytes(row.labels_mask))
    return digest.hexdigest()[:24]


def _drop(example: Example, reason: str, detail: str) -> Drop:
    text = " | ".join(message.content for message in example.messages)
    shown = text if len(text) <= 200 else text[:199] + "…"
    return Drop(subject_id=example.id, subject="row", reason=reason, detail=detail, text=shown)
