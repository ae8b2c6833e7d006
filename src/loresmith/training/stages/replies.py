"""Why: a question with a reply, of which the reply alone counts, and what becomes of one that is
too long: the same for pairs of answers and for answers that somebody marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from loresmith.errors import ModelError, TrainingError
from loresmith.models.templates import ChatTemplate
from loresmith.records import Drop, Message, StoredRecord
from loresmith.training.rows import Row, TooLong


class Replies(NamedTuple):
    """A conversation that ends with a question, and one reply to it or several."""

    prompt: tuple[Message, ...]
    replies: tuple[str, ...]


class EncodedReplies(NamedTuple):
    """Rows for each record that can be used, and the records that cannot."""

    kept: list[tuple[int, list[Row]]]
    """Each record's place, and a row for each of its replies."""
    dropped: list[Drop]
    shortened: list[Drop]


def encode_replies(
    records: Sequence[StoredRecord],
    read: Callable[[StoredRecord], Replies],
    template: ChatTemplate,
    *,
    max_length: int,
    too_long: TooLong,
) -> EncodedReplies:
    """Tokens of all records, with only the last reply and its end marked as learned.

    With `shorten`, the messages of a record that is too long are cut at their ends, all to the same
    number of characters at most; the same question stands before all replies. With `error`,
    TrainingError names what is too long.
    """
    done = EncodedReplies([], [], [])
    for place, record in enumerate(records):
        said = read(record)
        try:
            rows = _rows(said, template)
            length = _longest(rows)
            if length > max_length and too_long == "shorten":
                rows = _shortened(said, template, max_length)
        except ModelError as error:
            done.dropped.append(_drop(record, said, "nothing_to_learn", error.message))
            continue
        detail = f"{length} tokens, and max_length is {max_length}"
        if _longest(rows) > max_length:
            done.dropped.append(_drop(record, said, "too_long", detail))
            continue
        done.kept.append((place, [row._replace(id=record.id) for row in rows]))
        if length > max_length:
            done.shortened.append(_drop(record, said, "shortened", detail))
    if too_long == "error":
        _refuse_long(done.dropped, max_length)
    return done


def reply_row(prompt: Sequence[Message], reply: str, template: ChatTemplate) -> Row:
    """The tokens of one conversation. Raises ModelError where the template cannot write it."""
    messages = (*prompt, Message(role="assistant", content=reply))
    return Row(*template.encode_example(messages, learn="last_reply"))


def _rows(said: Replies, template: ChatTemplate) -> list[Row]:
    return [reply_row(said.prompt, reply, template) for reply in said.replies]


def _longest(rows: Iterable[Row]) -> int:
    return max(len(row.input_ids) for row in rows)


def _shortened(said: Replies, template: ChatTemplate, max_length: int) -> list[Row]:
    """The rows with no message longer than the longest limit that fits; too long still where even
    that of one character does not."""

    def cut_at(limit: int) -> list[Row]:
        prompt = tuple(
            message.model_copy(update={"content": message.content[:limit]})
            for message in said.prompt
        )
        return _rows(Replies(prompt, tuple(reply[:limit] for reply in said.replies)), template)

    texts = [*(message.content for message in said.prompt), *said.replies]
    fits, over = 1, max(map(len, texts))
    while over - fits > 1:
        middle = (fits + over) // 2
        if _longest(cut_at(middle)) <= max_length:
            fits = middle
        else:
            over = middle
    return cut_at(fits)


def _refuse_long(dropped: Sequence[Drop], max_length: int) -> None:
    long = [drop for drop in dropped if drop.reason == "too_long"]
    if long:
        named = "; ".join(f"{drop.subject_id}: {drop.detail}" for drop in long[:5])
        raise TrainingError(
            f"{len(long)} rows are longer than max_length={max_length}: {named}",
            hint="Raise max_length, shorten the rows, or set too_long to drop or shorten.",
        )


def _drop(record: StoredRecord, said: Replies, reason: str, detail: str) -> Drop:
    text = " | ".join([*(message.content for message in said.prompt), *said.replies])
    shown = text if len(text) <= 200 else text[:199] + "…"
    return Drop(subject_id=record.id, subject="row", reason=reason, detail=detail, text=shown)
