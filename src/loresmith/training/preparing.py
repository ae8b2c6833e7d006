"""Why: between a loaded model and its first step lies all that is decided once for a training."""

from __future__ import annotations

import random
import shutil
from typing import Any

from loresmith.devices import free_memory
from loresmith.errors import CheckpointError, TrainingError
from loresmith.training.best import measure_of
from loresmith.training.forward import Forward
from loresmith.training.fused.liger import reason_against_fused_kernels, use_fused_kernels
from loresmith.training.interrupts import Interrupts
from loresmith.training.loop import Prepared
from loresmith.training.material import Material
from loresmith.training.memory import MemoryEstimate, estimate_memory
from loresmith.training.model_shape import shape_of
from loresmith.training.placement import Copies, keeps_whole, place
from loresmith.training.plan import Plan, make_plan
from loresmith.training.rows import Row
from loresmith.training.session import Session
from loresmith.training.shortage import checkpoint_activations, shortage_explained
from loresmith.training.stages.reference import Reference


def prepare(
    session: Session, material: Material, interrupts: Interrupts, *, run_id: str
) -> Prepared:
    """The model made ready to learn, and how it is taken through. Seeds all generators."""
    method, stage = session.method, session.method.stage
    _seed_everything(session.seed)
    plan = make_plan(method, rows=len(material.rows), parameters=material.parameters)
    model = method.prepare(material.model, base=session.base)
    if session.ranks.first:
        _require_space(session, model, plan)
    items = [*material.rows, *material.validation]
    _fuse(session, model, material.rows[0].rows[0])
    estimate = _estimate(session, model, material)
    saves_memory = _saves_memory(session, model, estimate)
    placement = place(
        model, method, session.ranks, device=session.device, precision=session.precision
    )
    forward = _forward(session, model, placement, pad_id=material.tokenizer.pad_token_id or 0)
    forward.choose([row for item in items for row in item.rows], method.packing)
    for note in method.notes():
        session.note(note)
    if estimate is not None and estimate.largest_pass < forward.pass_tokens:
        _take_less(session, forward, estimate)
    if stage.referred:
        with shortage_explained(practice=True):
            items = _reference(session, run_id, interrupts).known_to(items, forward)
    return Prepared(
        method=method,
        plan=plan,
        rows=items[: len(material.rows)],
        validation=items[len(material.rows) :],
        objective=stage.objective(forward),
        sample_prompts=material.sample_prompts,
        best_by=measure_of(
            method.best_by,
            practice=session.callbacks.evaluate is not None,
            validation=bool(material.validation),
        ),
        model=model,
        tokenizer=material.tokenizer,
        forward=forward,
        saves_memory=saves_memory,
        device=session.device,
        folder=session.folder,
        seed=session.seed,
        placement=placement,
        ranks=session.ranks,
    )


def count_trainable(model: Any) -> int:
    """How many of its numbers are learned."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _seed_everything(seed: int) -> None:
    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def _require_space(session: Session, model: Any, plan: Plan) -> None:
    """Refuses at once what would fail at the first checkpoint, or the last."""
    method, folder = session.method, session.folder
    weights = 4 * count_trainable(model)
    # Each checkpoint holds the weights and two moments of each; then the best and the result.
    limit, every = method.save_total_limit, method.save_steps
    to_keep = min(limit, plan.total_steps // every) if every is not None else 0
    newest = limit if every is None else min(2, limit)
    needed = 3 * weights * (newest + to_keep + 1) + 2 * weights
    if method.delivery == "model":  # with what was not learned
        needed += sum(p.numel() for p in model.parameters()) * 4 - weights
    there = [*folder.glob("attempt-*/*/*"), *folder.glob("best-*/*")]
    reused = sum(path.stat().st_size for path in there)
    free = shutil.disk_usage(folder).free
    if free + reused < needed:
        raise CheckpointError(
            f"checkpoints in {folder} need {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB of that disk are free",
            hint="Make room, choose another disk, or set training.save_total_limit to 1.",
        )


def _fuse(session: Session, model: Any, row: Row) -> None:
    """Takes fused kernels, where that is wanted and works."""
    wanted = session.method.fused_kernels
    if wanted == "off":
        return
    reason = reason_against_fused_kernels(session.device.torch_device)
    if not reason:
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        use_fused_kernels(inner, row.input_ids)
        session.note("fused kernels are used")
    elif wanted == "on":
        raise TrainingError(
            f"fused kernels cannot be used: {reason}",
            hint="Set training.fused_kernels to auto or off.",
        )


def _estimate(session: Session, model: Any, material: Material) -> MemoryEstimate | None:
    """What the loaded model's training needs; None of a model whose config tells no sizes."""
    try:
        shape = shape_of(model.config.to_dict(), parameters=material.parameters)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    whole = keeps_whole(session.method, session.ranks)
    held = sum(p.numel() * p.element_size() for p in model.parameters())
    there = held if whole or session.device.kind == "cpu" else 0  # loaded, but not on the card
    return estimate_memory(
        session.method,
        shape,
        device=session.device,
        free=min(session.device.memory_bytes, there + free_memory(session.device)),
        row_tokens=max(item.tokens for item in material.rows),
        started=True,
        processes=session.ranks.world_size,
    )


def _saves_memory(session: Session, model: Any, estimate: MemoryEstimate | None) -> bool:
    """Whether activations are computed twice; makes it so."""
    saves = session.method.gradient_checkpointing == "on"
    if estimate is not None:
        saves = estimate.gradient_checkpointing
    if saves:
        checkpoint_activations(model)
        session.note("gradient checkpointing is on")
    return saves


def _forward(session: Session, model: Any, placement: Copies, *, pad_id: int) -> Forward:
    return session.method.stage.forward(
        model,
        device=session.device.torch_device,
        precision=session.precision,
        pad_id=pad_id,
        pass_tokens=session.method.pass_tokens,
        noise_alpha=session.method.neftune_noise_alpha,
        placement=placement,
        ranks=session.ranks,
        fused=session.method.fused_kernels != "off",
    )


def _take_less(session: Session, forward: Forward, estimate: MemoryEstimate) -> None:
    """Lets no more through at once than memory is likely to hold."""
    wanted = min(forward.pass_tokens, session.method.batch_size * estimate.row_tokens)
    forward.pass_tokens = max(estimate.largest_pass, estimate.row_tokens)
    if forward.pass_tokens < wanted:
        session.note(
            f"by the memory that is free, at most {forward.pass_tokens} tokens go through the "
            "model at once; what a step learns is the same"
        )


def _reference(session: Session, run_id: str, interrupts: Interrupts) -> Reference:
    return Reference(
        session.folder,
        run_id=run_id,
        on_note=lambda text: session.tell("preparing", 0, 0, note=text),
        stopped=lambda: interrupts.wanted,
    )
