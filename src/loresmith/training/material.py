"""Why: a training begins with a base model and with the rows as that model's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from loresmith.errors import TrainingError
from loresmith.models.chat_templates import give_template
from loresmith.records import Drop, TrainingRow
from loresmith.training.placement import keeps_whole
from loresmith.training.sample_replies import chosen_prompts
from loresmith.training.session import Session
from loresmith.training.shown_row import shown_row
from loresmith.training.stages import Encoding


class Material(NamedTuple):
    """What is trained, and what on."""

    model: Any
    tokenizer: Any
    parameters: int
    """Of the base model, without what a stage or a method adds to it."""
    rows: list[Any]
    """Items of the stage: rows, or pairs of them."""
    validation: list[Any]
    dropped: list[Drop]
    sample_prompts: tuple[str, ...]


def load_material(
    session: Session, examples: Sequence[TrainingRow], validation: Sequence[TrainingRow]
) -> Material:
    """The base model, and the rows as its tokens. Raises TrainingError when none is left."""
    session.tell("preparing", 0, 0)
    method, stage = session.method, session.method.stage
    model, tokenizer = _load(session)
    encoding = _encoding(session, model, tokenizer)
    rows, measured = stage.encode(examples, encoding), stage.encode(validation, encoding)
    if rows.shortened:
        first = rows.shortened[0]
        session.note(
            f"{len(rows.shortened)} rows were shortened to {encoding.max_length} tokens, the first "
            f"of them {first.subject_id} ({first.detail})"
        )
    if not rows.kept:
        reasons = "; ".join(sorted({f"{drop.reason}: {drop.detail}" for drop in rows.dropped}))
        raise TrainingError(
            f"none of the {len(examples)} rows can be trained on",
            hint=f"Why: {reasons[:500]}." if reasons else "Give at least one row.",
        )
    session.show(shown_row(rows.kept[0].rows[0], tokenizer))
    parameters = _count_parameters(model)
    return Material(
        stage.adapted(model, pad_id=tokenizer.pad_token_id, seed=session.seed),
        tokenizer,
        parameters,
        rows.kept,
        measured.kept,
        rows.dropped,
        chosen_prompts(
            method.sample_prompts if stage.chats else (),
            session.callbacks.sample_prompts,
            validation or examples,
        ),
    )


def _load(session: Session) -> tuple[Any, Any]:
    method, device = session.method, session.device
    if not keeps_whole(method, session.ranks):  # no card may be able to hold all of it
        device = device.model_copy(update={"torch_device": "cpu"})
    model, tokenizer = method.load(session.base, device=device, precision=session.precision)
    give_template(tokenizer, method.chat_template)
    return model, tokenizer


def _encoding(session: Session, model: Any, tokenizer: Any) -> Encoding:
    method = session.method
    window = getattr(model.config, "max_position_embeddings", None)
    return Encoding(
        tokenizer,
        max_length=min(method.max_length, window or method.max_length),
        too_long=method.too_long,
        learn=method.learn,
        seed=session.seed,
        folder=session.folder if session.ranks.first else None,
    )


def _count_parameters(model: Any) -> int:
    """Of the model as it was made, however few bytes they are held in."""
    if getattr(model, "is_quantized", False):
        return int(model.num_parameters())
    return sum(parameter.numel() for parameter in model.parameters())
