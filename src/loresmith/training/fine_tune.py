"""Why: from rows and a base model to a finished training, whatever happened to earlier attempts."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from loresmith.devices import Device
from loresmith.errors import MissingDependency
from loresmith.records import Checkpoint, TrainingRow
from loresmith.training.checkpoints import Checkpoints, Position
from loresmith.training.delivery import deliver, read_result, write_result
from loresmith.training.identity import identity_of
from loresmith.training.interrupts import Interrupts
from loresmith.training.lock import trainer_lock
from loresmith.training.loop import Callbacks, Prepared, TrainingLoop
from loresmith.training.material import Material, load_material
from loresmith.training.method import TrainingMethod
from loresmith.training.obstacles import refuse_obstacles
from loresmith.training.placement import keeps_whole, placement_notes
from loresmith.training.preparing import count_trainable, prepare
from loresmith.training.profiling import profiled
from loresmith.training.ranks import Ranks, is_first_process, join_ranks
from loresmith.training.result import TrainingResult
from loresmith.training.session import Session
from loresmith.training.token_cache import forget_tokens
from loresmith.training.watchers.watching import watched


def fine_tune(
    method: TrainingMethod,
    examples: Sequence[TrainingRow],
    validation: Sequence[TrainingRow],
    *,
    base: Path,
    folder: Path,
    seed: int,
    device: Device,
    callbacks: Callbacks,
) -> TrainingResult:
    """See `TrainingMethod.train`."""
    _require_libraries()
    wrong = list(method.stage.wrong_rows([*examples, *validation]))
    refuse_obstacles([*method.obstacles(base=base), *wrong])
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if is_first_process():
            stack.enter_context(trainer_lock(folder))
        interrupts = stack.enter_context(Interrupts(callbacks.should_stop))
        stack.enter_context(_threads(device))
        ranks = stack.enter_context(join_ranks(device, timeout=method.rank_timeout))
        session = Session(method, base, folder, seed, ranks.device(device), callbacks, ranks)
        return _train(session, examples, validation, interrupts)


def _train(
    session: Session,
    examples: Sequence[TrainingRow],
    validation: Sequence[TrainingRow],
    interrupts: Interrupts,
) -> TrainingResult:
    """All of it, or what is missing. The first process's result is that of all."""
    ranks, folder = session.ranks, session.folder
    material = load_material(session, examples, validation)
    run_id, made_of = identity_of(session, material)
    ranks.require_same(run_id, "rows, settings or base model")
    finished = ranks.from_first(lambda: read_result(folder, run_id=run_id, made_of=made_of))
    if finished is not None:
        return finished
    _note_processes(session)
    with _at_once(interrupts, ranks):
        prepared = prepare(session, material, interrupts, run_id=run_id)
    checkpoints = Checkpoints(
        folder,
        run_id=run_id,
        limit=session.method.save_total_limit,
        keep_every=session.method.save_steps,
        made_of=made_of,
    )
    with _watched(session, run_id) as watching:
        threads = session.device.threads
        loop = TrainingLoop(prepared, watching, interrupts, checkpoints, threads=threads)
        loop.resume(session.note)
        position = loop.run()
    whole = prepared._replace(model=prepared.placement.whole_model())

    def finish() -> TrainingResult:
        step = deliver(whole, position, base=session.base, on_note=session.note)
        result = _result(session, prepared, material, position, delivered_step=step)
        write_result(folder, result, run_id=run_id, made_of=made_of)
        checkpoints.clear()
        forget_tokens(folder)
        session.tell("finished", result.steps, result.total_steps)
        return result

    return ranks.from_first(finish)


def _at_once(interrupts: Interrupts, ranks: Ranks) -> AbstractContextManager[None]:
    """A lone process has nobody who waits for it: it can leave at any moment."""
    return interrupts.at_once() if ranks.world_size == 1 else nullcontext()


def _note_processes(session: Session) -> None:
    """Tells what several processes, or a lone one, make different of the settings."""
    method, ranks = session.method, session.ranks
    if ranks.world_size > 1:
        session.note(f"{ranks.world_size} processes share the rows of each step")
    if ranks.world_size > method.batch_size:
        session.note(f"only {method.batch_size} of them have a row in a step: see batch_size")
    if ranks.world_size == 1 and method.fsdp != "off":
        session.note("one process alone: fsdp has nothing to cut into shards")
    for text in placement_notes(method):
        session.note(text)
    if session.callbacks.evaluate is not None and not keeps_whole(method, ranks):
        session.callbacks = session.callbacks._replace(evaluate=None)
        session.note("practice questions are not asked of a model in shards")


@contextmanager
def _watched(session: Session, run_id: str) -> Iterator[Callbacks]:
    """Yields the callbacks of a loop that is watched, and traced, as the settings say."""
    if not session.ranks.first:
        yield session.callbacks
        return
    method, folder, callbacks = session.method, session.folder, session.callbacks
    with (
        watched(
            method.report_to,
            folder,
            run_id=run_id,
            name=method.run_name,
            settings=method.model_dump(mode="json"),
            on_note=session.note,
        ),
        profiled(method.profile_steps, folder, callbacks.on_progress, session.note) as on_progress,
    ):
        yield callbacks._replace(on_progress=on_progress)


def _result(
    session: Session,
    prepared: Prepared,
    material: Material,
    position: Position,
    *,
    delivered_step: int,
) -> TrainingResult:
    """The record of a training whose weights are delivered."""
    method, plan = session.method, prepared.plan
    return TrainingResult(
        checkpoint=Checkpoint(
            folder=str(session.folder / method.delivery),
            step=delivered_step,
            base_model=str(session.base),
            adapter=method.delivery == "adapter",
        ),
        steps=position.step,
        total_steps=plan.total_steps,
        epochs=plan.epoch(position.step),
        learning_rate=plan.learning_rate,
        batch_size=method.batch_size,
        losses=position.losses,
        stage=method.stage.type,
        measures=position.measures,
        practice=position.practice,
        useful_tokens=position.useful_tokens,
        seconds=position.seconds,
        useful_tokens_per_second=position.useful_tokens / max(position.seconds, 1e-9),
        rows=len(material.rows),
        dropped=tuple(material.dropped),
        trainable_parameters=count_trainable(prepared.model),
        parameters=material.parameters,
        device=session.device.name,
        threads=position.threads,
        precision=session.precision,
        packed=prepared.forward.packed,
        notes=(*session.notes, *position.notes),
    )


def _require_libraries() -> None:
    for package in ("torch", "transformers", "peft", "safetensors", "filelock", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            raise MissingDependency(package, extra="train")


@contextmanager
def _threads(device: Device) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(device.threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
