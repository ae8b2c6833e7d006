"""Why: whether a training fits, and how much of it at once, is estimated before anything is loaded.

One source for the check before a start, for `loresmith estimate`, and for the choice of gradient
checkpointing. Activations are those of a decoder of transformers with `sdpa` attention: the bytes a
token and layer that autograd keeps were counted by its own hooks on Llamas of several widths, and
are linear in the widths. (Korthikanti et al. 2022, arXiv 2205.05198, count alike for GPT-3's.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from loresmith.devices import Device
from loresmith.records import Record
from loresmith.training.forward import SCORES_AT_ONCE
from loresmith.training.method import Precision, TrainingMethod
from loresmith.training.model_shape import Held, ModelShape
from loresmith.training.placement.shares import Shares, shares_of

PartName = Literal["weights", "gradients", "optimizer", "activations", "scores", "overhead"]

_SPARE = 0.92
"""Share of free memory that is planned with: allocators leave holes."""
_OVERHEAD_BYTES = {"cpu": 700_000_000, "card": 900_000_000}
"""Of a process with torch and transformers in it; on a card, its context and its kernels' room."""
_MOMENTS_BYTES = {"8bit": 2.1, "4bit": 1.2}
"""A learned parameter, where an optimizer's name says that it rounds its two moments."""
_ONE_MOMENT = ("lion", "rmsprop", "adagrad")
_NO_MOMENTS = ("sgd", "adafactor")  # adafactor's are a row and a column of each matrix
_SMALLEST_PASS = 16  # tokens


class MemoryPart(Record):
    """What one thing takes of the device's memory."""

    name: PartName
    bytes: int


class MemoryEstimate(Record):
    """What a training needs of a device's memory, by part, and how much of it fits."""

    device: str
    free: int
    """Bytes that are free now."""
    total: int
    """Bytes that the device has."""
    parts: tuple[MemoryPart, ...]
    """With as many tokens at once as will go through the model."""
    precision: Precision
    gradient_checkpointing: bool
    """Whether activations are computed twice to fit."""
    pass_tokens: int
    """Tokens that go through the model at once, by these settings and this memory."""
    largest_pass: int
    """Tokens that would fit at once; 0 where not even the weights and their training do."""
    row_tokens: int
    """Tokens of the longest row, or of both rows of the longest pair."""
    processes: int = 1
    """Among which the rows of a step are divided; what is told is one process's."""
    batch_size: int
    """Rows that an optimizer step learns from; in how many passes follows from memory."""
    learned: int
    """Parameters that are learned."""
    parameters: int
    """Of the base model."""

    @property
    def needed(self) -> int:
        """Bytes of all parts."""
        return sum(part.bytes for part in self.parts)

    @property
    def fits(self) -> bool:
        """Whether the longest row can be learned at all."""
        return self.largest_pass >= self.row_tokens

    @property
    def rows_at_once(self) -> int:
        """Rows of the longest kind that fit at once: the largest micro-batch."""
        return self.largest_pass // max(self.row_tokens, 1)


def estimate_memory(
    method: TrainingMethod,
    shape: ModelShape,
    *,
    device: Device,
    free: int,
    row_tokens: int,
    started: bool = False,
    processes: int = 1,
) -> MemoryEstimate:
    """What `method` needs for a model of this shape, where rows have up to `row_tokens` tokens; a
    pair of rows, which goes through at once, counts as one.

    `free` are the bytes that the training may take, its weights included; with `started`, what a
    process takes before any weights is not among them. The reference of a preference stage is asked
    before there are gradients and an optimizer, and keeps nothing: it needs less than a step.
    """
    shape = shape if method.stage.chats else _without_vocabulary_head(shape)
    precision = method.computed_in(device)
    held = method.held(shape, precision=precision)
    kind = "cpu" if device.kind == "cpu" else "card"
    shares = shares_of(method, processes=processes, on_card=kind == "card")
    fixed = {
        "weights": _weight_bytes(shape, held, shares, precision),
        "gradients": int(shares.kept * 4 * held.learned),
        "optimizer": int(shares.kept * held.learned * moments_bytes(method.optimizer)),
        "overhead": 0 if started else _OVERHEAD_BYTES[kind],
    }
    scores = _scores_of(method, shape, shares, precision)
    own = -(-max(1, method.batch_size) // processes) * row_tokens
    wanted = max(row_tokens, min(method.pass_tokens, own))

    def plan() -> _Passes:
        room = int(_SPARE * free) - sum(fixed.values())
        return _passes(method, shape, held, precision, scores, wanted=wanted, room=room)

    passes = plan()
    if shares.in_shards and min(wanted, passes.largest) < own:
        # Of several passes, the gradients are added up before they are cut.
        fixed["gradients"] = 4 * held.learned
        passes = plan()
    twice, largest = passes
    tokens = max(row_tokens, min(wanted, largest))
    parts = {
        **fixed,
        "activations": activation_bytes(shape, held, precision, tokens=tokens, twice=twice),
        "scores": scores(tokens),
    }
    names: tuple[PartName, ...] = (
        *("weights", "gradients", "optimizer", "activations", "scores", "overhead"),
    )
    return MemoryEstimate(
        device=device.name,
        free=free,
        total=device.memory_bytes,
        parts=tuple(MemoryPart(name=name, bytes=parts[name]) for name in names),
        precision=precision,
        gradient_checkpointing=twice,
        pass_tokens=tokens,
        largest_pass=largest,
        row_tokens=row_tokens,
        processes=processes,
        batch_size=method.batch_size,
        learned=held.learned,
        parameters=shape.parameters,
    )


def moments_bytes(optimizer: str) -> float:
    """Bytes that an optimizer of this name keeps for a learned parameter, beside its gradient."""
    for name, size in _MOMENTS_BYTES.items():
        if name in optimizer:
            return size / 2 if any(one in optimizer for one in _ONE_MOMENT) else size
    if optimizer.startswith(_NO_MOMENTS):
        return 0.1 if optimizer == "adafactor" else 0.0
    if "ademamix" in optimizer:
        return 12.0
    return 4.0 if any(one in optimizer for one in _ONE_MOMENT) else 8.0


def activation_bytes(
    shape: ModelShape, held: Held, precision: Precision, *, tokens: int, twice: bool
) -> int:
    """What is kept of so many tokens for their gradients; with `twice`, only the inputs of all
    layers, and all of one layer."""
    layer = _bytes_in_layer(shape, held, precision)
    at_ends = 4 * 4 * shape.hidden  # embeddings, the last norm, and what the head is given
    if twice:
        between = (2 if precision == "bf16" and held.adapted else 4) * shape.hidden
        return int(tokens * (shape.layers * between + 2 * layer + at_ends))
    return int(tokens * (shape.layers * layer + at_ends))


def score_bytes(shape: ModelShape, *, tokens: int) -> int:
    """The vocabulary's scores of a part of a pass, once more in fp32, and their gradients."""
    at_once = min(tokens, max(1, SCORES_AT_ONCE // shape.vocabulary))
    return at_once * shape.vocabulary * 12


def _scores_of(
    method: TrainingMethod, shape: ModelShape, shares: Shares, precision: Precision
) -> Callable[[int], int]:
    """What the scores of so many tokens take: a reward model has none; a model in shards gives
    those of every token at once, twice in its own numbers and once in fp32, with gradients."""
    if not method.stage.chats:
        return lambda tokens: 0  # noqa: ARG005
    if shares.in_shards:
        size = 2 if precision == "bf16" else 4
        return lambda tokens: tokens * shape.vocabulary * (4 * size + 8)
    return lambda tokens: score_bytes(shape, tokens=tokens)


def _without_vocabulary_head(shape: ModelShape) -> ModelShape:
    """A reward model's: one number stands where the vocabulary's scores would."""
    if shape.tied:
        return shape
    left = shape.parameters - shape.vocabulary * shape.hidden
    return shape.model_copy(update={"parameters": left, "tied": True})


def _weight_bytes(shape: ModelShape, held: Held, shares: Shares, precision: Precision) -> int:
    """Of a process's share, and of what is brought together while it is computed. What is learned
    and turned into bf16 for a pass is kept so, whole, until its gradients are there."""
    if not shares.in_shards:
        return held.weights
    turned = 2 * held.learned if precision == "bf16" and not held.adapted else 0
    stored = held.weights - turned
    whole = 1.0
    if shares.together == "two layers":
        outside = shape.embeddings / max(shape.parameters, 1)
        whole = outside + (1 - outside) * min(1.0, 2 / max(shape.layers, 1))
    return int(shares.kept * stored + whole * stored) + turned


def _bytes_in_layer(shape: ModelShape, held: Held, precision: Precision) -> float:
    """What one layer keeps of one token."""
    size = 2 if precision == "bf16" else 4
    # Norms and residuals are computed in fp32, so their share does not halve with the size.
    of_hidden = (25 if held.adapted else 30) if size == 2 else (25 if held.adapted else 33)
    kept: float = of_hidden * shape.hidden + 2 * size * shape.kv + 4 * size * shape.inner
    kept += 2 * size * held.rank * len(held.adapted) / 2
    if held.dropout:
        kept += (size + 1.5) * sum(one.wide_in for one in held.adapted)
    return kept


class _Passes(NamedTuple):
    twice: bool
    """Whether activations are computed twice."""
    largest: int
    """The most tokens that fit at once; 0 where few do."""


def _passes(
    method: TrainingMethod,
    shape: ModelShape,
    held: Held,
    precision: Precision,
    scores: Callable[[int], int],
    *,
    wanted: int,
    room: int,
) -> _Passes:
    """How rows go through in `room` bytes, where `wanted` tokens at once would be best."""

    def takes(tokens: int, twice: bool) -> int:
        kept = activation_bytes(shape, held, precision, tokens=tokens, twice=twice)
        return kept + scores(tokens)

    twice = method.gradient_checkpointing == "on"
    if method.gradient_checkpointing == "auto":
        twice = takes(wanted, False) > room
    fits, over = 0, 1 << 24
    while over - fits > 1:
        middle = (fits + over) // 2
        if takes(middle, twice) <= room:
            fits = middle
        else:
            over = middle
    return _Passes(twice, fits if fits >= _SMALLEST_PASS else 0)
