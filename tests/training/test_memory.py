"""What a training needs of memory is told from config.json, and agrees with what is really held."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    LlamaConfig,
    MixtralConfig,
    PretrainedConfig,
    Qwen2Config,
    Qwen3Config,
    Qwen3MoeConfig,
)

from loresmith.devices import Device
from loresmith.errors import ModelUnavailable
from loresmith.training import Freeze, Full, Lora, TrainingMethod
from loresmith.training.memory import (
    MemoryEstimate,
    activation_bytes,
    estimate_memory,
    moments_bytes,
)
from loresmith.training.model_shape import ModelShape, read_shape, shape_of
from loresmith.training.optimizers import make_optimizer
from loresmith.training.placement.fsdp import FullyShardedCopies
from loresmith.training.ranks import ManyRanks
from loresmith.training.rows import Row
from loresmith.training.shortage import checkpoint_activations
from loresmith.training.stages import Dpo, Kto, Pretrain, Reward, Stage
from loresmith.training.stages.kto import Feedback
from loresmith.training.stages.pairs import Pair

SMALL: dict[str, Any] = {
    "vocab_size": 500,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
WIDE: dict[str, Any] = {
    "vocab_size": 400,
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 6,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
}
EXPERTS = {"moe_intermediate_size": 32, "num_experts": 8, "num_experts_per_tok": 2, "head_dim": 16}
SEVEN_BILLION = shape_of(
    {
        "vocab_size": 152_064,
        "hidden_size": 3584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "tie_word_embeddings": False,
    }
)
CARD = Device(
    kind="cuda", torch_device="cuda:0", name="A card", memory_bytes=24 * 10**9, bf16=True, threads=1
)


@pytest.mark.parametrize(
    "config",
    [
        LlamaConfig(**SMALL, tie_word_embeddings=False),
        Qwen2Config(**SMALL),
        Qwen3Config(**SMALL, head_dim=32),
        Gemma2Config(**SMALL, head_dim=16),
        MixtralConfig(**SMALL, num_local_experts=4),
        Qwen3MoeConfig(**SMALL, **EXPERTS),
    ],
    ids=lambda config: config.model_type,
)
def test_the_parameters_of_a_config_are_those_of_its_model(config: PretrainedConfig) -> None:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    real = sum(parameter.numel() for parameter in model.parameters())
    assert shape_of(config.to_dict()).parameters == pytest.approx(real, rel=0.005)


@pytest.mark.parametrize(
    "method",
    [
        Lora(rank=8),
        Lora(rank=4, target_modules=("q_proj", "v_proj"), dora=True),
        Lora(rank=4, additional_modules=("embed_tokens",)),
        Full(),
        Freeze(trainable_layers=1),
    ],
    ids=["lora", "dora of two layers", "lora and embeddings", "full", "freeze"],
)
def test_what_is_learned_is_counted_as_the_method_makes_it(
    method: TrainingMethod, base: Path
) -> None:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    shape = read_shape(base)
    held = method.held(shape, precision="fp32")
    prepared = method.prepare(model, base=base)
    real = sum(p.numel() for p in prepared.parameters() if p.requires_grad)
    assert held.learned == pytest.approx(real, rel=0.01)
    bytes_held = sum(p.numel() * p.element_size() for p in prepared.parameters())
    assert held.weights == pytest.approx(bytes_held, rel=0.15)


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
@pytest.mark.parametrize(
    "method", [Full(), Lora(rank=16), Lora(rank=16, dropout=0.1)], ids=["full", "lora", "dropout"]
)
def test_activations_are_those_that_autograd_keeps(
    method: TrainingMethod, base: Path, twice: bool
) -> None:
    config = LlamaConfig(**WIDE)
    model = method.prepare(AutoModelForCausalLM.from_config(config), base=base).train()
    if twice:
        checkpoint_activations(model)
    shape = shape_of(config.to_dict())
    told = activation_bytes(
        shape, method.held(shape, precision="fp32"), "fp32", tokens=200, twice=twice
    )
    kept = _kept_by_autograd(model, tokens=200)
    if twice:  # and one layer when its gradients are computed, which is not kept now
        assert kept < told < 12 * kept
    else:
        assert told == pytest.approx(kept, rel=0.25)


def _kept_by_autograd(model: Any, *, tokens: int) -> int:
    """Bytes of tensors that are kept for gradients, weights left out."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in weights:
            kept[place] = tensor
        return tensor

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        inner.model(torch.randint(0, 400, (1, tokens)), use_cache=False)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.mark.parametrize("method", [Full, Lora], ids=["full", "lora"])
@pytest.mark.parametrize("stage", [Pretrain(), Dpo(), Kto(), Reward()], ids=lambda s: s.type)
def test_a_step_of_each_stage_keeps_what_is_told_of_it(
    method: type[TrainingMethod], stage: Stage, base: Path
) -> None:
    config = LlamaConfig(**WIDE, tie_word_embeddings=False)
    settings = method(stage=stage, batch_size=1, gradient_checkpointing="off", precision="fp32")
    blank = AutoModelForCausalLM.from_config(config)
    model = settings.prepare(stage.adapted(blank, pad_id=0, seed=0), base=base).train()
    options = {"device": "cpu", "precision": "fp32", "pad_id": 0, "pass_tokens": 10_000}
    forward = stage.forward(model, **options)
    items = _items(stage, tokens=120)
    forward.choose([row for item in items for row in item.rows], "off")
    objective = stage.objective(forward)
    told = estimate_memory(
        settings,
        shape_of(config.to_dict()),
        device=CARD,
        free=24 * 10**9,
        row_tokens=120 * stage.rows_together,
        started=True,
    )
    kept = _peak_of_autograd(model, lambda: objective.backward(items))
    assert part(told, "activations") + part(told, "scores") == pytest.approx(kept, rel=0.15)
    held = sum(p.numel() * p.element_size() for p in model.parameters())
    assert part(told, "weights") == pytest.approx(held, rel=0.05)


def _items(stage: Stage, *, tokens: int) -> list[Any]:
    """One, of rows with so many tokens each, of which all are learned."""
    if isinstance(stage, Reward):
        rows = [Row([n, *range(1, tokens)], [*[False] * (tokens - 1), True]) for n in (1, 2)]
    else:
        rows = [Row([n, *range(1, tokens)], [True] * tokens) for n in (1, 2)]
    if stage.type == "pretrain":
        return rows[:1]
    return [Feedback(rows[0], rows[1], True) if isinstance(stage, Kto) else Pair(*rows)]


def _peak_of_autograd(model: Any, work: Callable[[], object]) -> int:
    """The most bytes that are kept for gradients at the same time, weights left out."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    there: dict[int, int] = {}
    sizes: dict[int, int] = {}
    most = [0]

    class Kept:
        def __init__(self, tensor: torch.Tensor) -> None:
            self.tensor = tensor

    def let_go(place: int) -> None:
        there[place] -= 1

    def keep(tensor: torch.Tensor) -> Kept:
        kept, storage = Kept(tensor), tensor.untyped_storage()
        place = storage.data_ptr()
        if place not in weights:
            there[place], sizes[place] = there.get(place, 0) + 1, storage.nbytes()
            most[0] = max(most[0], sum(sizes[one] for one, count in there.items() if count))
            weakref.finalize(kept, let_go, place)
        return kept

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda kept: kept.tensor):
        work()
    return most[0]


@pytest.mark.parametrize("kind", ["full_shard", "shard_grad_op"])
@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_what_a_process_holds_of_a_model_in_shards_is_what_is_told(kind: str, bf16: bool) -> None:
    """Of four processes, three of which are only pretended: nothing is sent, and all is cut."""
    config = LlamaConfig(**WIDE)
    method = Full(fsdp=kind, gradient_checkpointing="off", batch_size=4)  # type: ignore[arg-type]
    card = CARD.model_copy(update={"bf16": bf16})
    told = estimate_memory(
        method.model_copy(update={"precision": "bf16" if bf16 else "fp32"}),
        shape_of(config.to_dict()),
        device=card,
        free=24 * 10**9,
        row_tokens=100,
        started=True,
        processes=4,
    )
    with _four_processes() as ranks:
        model = AutoModelForCausalLM.from_config(config).float().train()
        whole = sum(p.numel() * p.element_size() for p in model.parameters())
        device = card.model_copy(update={"kind": "cpu"})
        copies = FullyShardedCopies(model, method, ranks, device)
        ids = torch.randint(0, 400, (1, 100))
        saved: list[torch.Tensor] = []

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            saved.append(tensor)
            return tensor

        with (
            torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
            torch.autocast("cpu", torch.bfloat16, enabled=bf16),
        ):
            loss = model(ids, use_cache=False).logits.float().logsumexp(-1).mean()
        stored = {one.untyped_storage()._cdata: one.untyped_storage().nbytes() for one in saved}
        kept = sum(stored.values())
        loss.backward()
        shards = sum(p.to_local().nbytes for p in model.parameters())
        gradients = sum(p.grad.to_local().nbytes for p in model.parameters())
        copies.optimizer.step()
        moments = sum(
            one.to_local().nbytes
            for state in copies.optimizer.state.values()
            for one in state.values()
            if hasattr(one, "to_local")
        )
    assert part(told, "gradients") == pytest.approx(gradients, rel=0.02)
    assert gradients == pytest.approx(whole / 4, rel=0.02)
    assert part(told, "optimizer") == pytest.approx(moments, rel=0.02)
    # What is brought together is among what is kept after the pass, or is gone by then.
    most = part(told, "weights") - shards + part(told, "activations") + part(told, "scores")
    assert 0.4 * most < kept < 1.1 * most


@contextmanager
def _four_processes() -> Iterator[Any]:
    from torch import distributed
    from torch.testing._internal.distributed.fake_pg import FakeStore

    distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=4)
    try:
        yield ManyRanks(rank=0, world_size=4, local_rank=0, control=None)
    finally:
        distributed.destroy_process_group()


def test_shards_let_a_model_fit_that_does_not_alone() -> None:
    def of(**settings: Any) -> MemoryEstimate:
        return estimate_memory(
            Full(batch_size=8, precision="bf16", pass_tokens=1024, **settings),
            SEVEN_BILLION,
            device=CARD,
            free=80 * 10**9,
            row_tokens=1024,
            processes=8,
        )

    copies, cut = of(), of(fsdp="full_shard")
    assert not copies.fits and cut.fits, "16 bytes a parameter, and an eighth of them"
    assert part(cut, "optimizer") == part(copies, "optimizer") // 8
    assert part(of(fsdp="shard_grad_op"), "weights") > part(cut, "weights")
    offloaded = of(fsdp="full_shard", fsdp_offload=True)
    assert part(offloaded, "optimizer") == 0 < part(offloaded, "weights") < part(cut, "weights")
    assert cut.processes == 8


def test_gradients_of_several_passes_are_added_up_before_they_are_cut() -> None:
    def of(pass_tokens: int) -> MemoryEstimate:
        return estimate_memory(
            Full(batch_size=8, fsdp="full_shard", pass_tokens=pass_tokens),
            SEVEN_BILLION,
            device=CARD,
            free=900 * 10**9,
            row_tokens=512,
            processes=4,
        )

    assert part(of(512), "gradients") == 4 * part(of(1024), "gradients")


@pytest.mark.parametrize("name", ["adamw_torch", "sgd", "adafactor", "adagrad", "rmsprop", "nadam"])
def test_the_moments_of_an_optimizer_are_those_that_it_keeps(name: str) -> None:
    weight = torch.nn.Parameter(torch.ones(256, 256))
    optimizer = make_optimizer(Full(optimizer=name), [("weight", weight)])  # type: ignore[arg-type]
    for group in optimizer.param_groups:
        group["lr"] = 1e-3
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    state = [value for one in optimizer.state.values() for value in one.values()]
    real = sum(value.numel() * value.element_size() for value in state if torch.is_tensor(value))
    assert moments_bytes(name) * weight.numel() == pytest.approx(real, abs=0.1 * weight.numel())


def estimate(
    method: TrainingMethod, *, free: int = 24 * 10**9, row_tokens: int = 1024
) -> MemoryEstimate:
    return estimate_memory(method, SEVEN_BILLION, device=CARD, free=free, row_tokens=row_tokens)


def part(found: MemoryEstimate, name: str) -> int:
    return next(one.bytes for one in found.parts if one.name == name)


def test_seven_billion_parameters_take_what_is_known_of_them() -> None:
    assert SEVEN_BILLION.parameters == pytest.approx(7.6e9, rel=0.02)
    full, lora, qlora = estimate(Full()), estimate(Lora(rank=8)), estimate(Lora(quantization=4))
    assert part(lora, "weights") == pytest.approx(15.3e9, rel=0.02)
    assert part(qlora, "weights") < 0.45 * part(lora, "weights"), "the head is not quantized"
    assert part(estimate(Lora(quantization=8)), "weights") > part(qlora, "weights")
    assert part(full, "optimizer") == 8 * full.learned and full.learned == full.parameters
    assert part(lora, "optimizer") < 0.02 * part(full, "optimizer")
    assert not full.fits and full.largest_pass == 0 and full.rows_at_once == 0
    assert lora.fits and qlora.fits and qlora.rows_at_once > lora.rows_at_once


def test_activations_are_computed_twice_only_where_memory_is_short() -> None:
    assert estimate(Lora()).gradient_checkpointing
    assert not estimate(Lora(), free=80 * 10**9).gradient_checkpointing
    assert not estimate(Lora(gradient_checkpointing="off")).gradient_checkpointing
    assert estimate(Lora(gradient_checkpointing="on"), free=80 * 10**9).gradient_checkpointing
    once, twice = (estimate(Lora(gradient_checkpointing=switch)) for switch in ("off", "on"))
    assert part(twice, "activations") < part(once, "activations")
    assert twice.largest_pass > once.largest_pass


@given(
    free=st.integers(16, 200).map(lambda giga: giga * 10**9),
    row_tokens=st.integers(64, 8192),
    batch_size=st.integers(1, 64),
)
def test_what_is_said_to_fit_does(free: int, row_tokens: int, batch_size: int) -> None:
    found = estimate(Lora(batch_size=batch_size), free=free, row_tokens=row_tokens)
    assert found.pass_tokens >= row_tokens
    if found.fits:
        assert found.needed <= free
        assert found.pass_tokens <= found.largest_pass
    more = estimate(Lora(batch_size=batch_size), free=free + 10**9, row_tokens=row_tokens)
    assert more.fits or not found.fits


def test_a_model_that_comes_quantized_takes_less() -> None:
    stored = {"quantization_config": {"quant_method": "gptq", "bits": 4}}
    plain = LlamaConfig(**SMALL).to_dict()
    assert shape_of({**plain, **stored}).stored_bits == 4
    held = [
        Lora().held(shape_of(c), precision="bf16").weights for c in (plain, {**plain, **stored})
    ]
    assert held[1] < held[0]


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"hidden_size": "wide"}', '{"hidden_size": 0}']
)
def test_a_config_that_tells_no_sizes_is_one_error(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="does not tell the sizes"):
        read_shape(tmp_path)
    with pytest.raises(ModelUnavailable):
        read_shape(tmp_path / "nowhere")


def test_sizes_of_a_model_of_text_and_pictures_are_those_of_its_text(tmp_path: Path) -> None:
    inner = LlamaConfig(**SMALL).to_dict()
    (tmp_path / "config.json").write_text(json.dumps({"text_config": inner}), encoding="utf-8")
    found: ModelShape = read_shape(tmp_path)
    assert (found.hidden, found.layers) == (64, 3)
