from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.models.local import load_base
from loresmith.models.templates import ChatTemplate
from loresmith.records import Example
from loresmith.training import Lora
from loresmith.training.batches import packed_batch
from loresmith.training.forward import Forward
from loresmith.training.order import split_into_passes
from loresmith.training.rows import Row, encode_rows


@pytest.fixture
def model(base: Path, device: Device) -> Iterator[Any]:
    import torch

    loaded = load_base(base, device=device, dtype="float32")
    torch.manual_seed(3)
    for parameter in loaded.model.parameters():
        parameter.data.normal_(0, 0.2)  # so sharp that any cross-talk shows
    return loaded.model.requires_grad_(True)


@pytest.fixture
def rows(base: Path, device: Device, examples: list[Example]) -> list[Row]:
    tokenizer = load_base(base, device=device).tokenizer
    return encode_rows(examples, ChatTemplate(tokenizer), max_length=512).kept


def forward(model: Any, rows: list[Row], *, packing: str, pass_tokens: int = 4096) -> Forward:
    made = Forward(model, device="cpu", precision="fp32", pad_id=2, pass_tokens=pass_tokens)
    made.choose(rows, packing)  # type: ignore[arg-type]
    return made


def loss_and_gradients(way: Forward, model: Any, rows: list[Row]) -> tuple[float, dict[str, Any]]:
    model.zero_grad(set_to_none=True)
    with way.ready():
        loss = way.backward(rows)
    return loss, {name: p.grad.clone() for name, p in model.named_parameters()}


def assert_same(one: tuple[float, dict[str, Any]], other: tuple[float, dict[str, Any]]) -> None:
    import torch

    assert one[0] == pytest.approx(other[0], rel=1e-5)
    for name, gradient in one[1].items():
        torch.testing.assert_close(gradient, other[1][name], rtol=1e-3, atol=1e-5)


def test_packed_rows_give_the_loss_and_the_gradients_of_rows_one_by_one(
    model: Any, rows: list[Row]
) -> None:
    import torch

    losses, tokens = 0.0, 0
    model.zero_grad(set_to_none=True)
    for row in rows:  # by the model's own forward, alone: nothing of ours in it
        labels = [t if m else -100 for t, m in zip(*row[:2], strict=True)]
        scores = model(torch.tensor([row.input_ids]), use_cache=False).logits[0, :-1]
        loss = torch.nn.functional.cross_entropy(
            scores, torch.tensor(labels[1:]), reduction="sum", ignore_index=-100
        )
        losses, tokens = losses + float(loss.detach()), tokens + sum(row.labels_mask)
        loss.backward()
    plain = {name: p.grad / tokens for name, p in model.named_parameters()}
    packed = forward(model, rows, packing="on")
    assert packed.packed
    assert_same((losses / tokens, plain), loss_and_gradients(packed, model, rows))


def test_what_all_rows_begin_with_is_computed_once(rows: list[Row]) -> None:
    batch = packed_batch(rows, device="cpu")
    shared = batch.inputs["layout"].shared
    assert shared >= 10  # the system prompt and the head of the user's turn
    own = sum(len(row.input_ids) - shared for row in rows)
    assert batch.inputs["input_ids"].shape == (1, shared + own)


def test_rows_with_one_question_and_many_answers_are_packed_right(
    model: Any, rows: list[Row]
) -> None:
    answers = [
        Row([*rows[0].input_ids, *extra], [*rows[0].labels_mask, *[True] * len(extra)])
        for extra in ([5, 6], [7], [7, 8, 9])
    ]
    packed, padded = (forward(model, answers, packing=way) for way in ("on", "off"))
    assert_same(
        loss_and_gradients(packed, model, answers), loss_and_gradients(padded, model, answers)
    )


def test_rows_with_nothing_in_common_are_packed_right(model: Any) -> None:
    odd = [Row([n, n + 1, n + 2, *range(20, 20 + n)], [False] * 3 + [True] * n) for n in (3, 9, 5)]
    assert packed_batch(odd, device="cpu").inputs["layout"].shared == 0
    packed, padded = (forward(model, odd, packing=way) for way in ("on", "off"))
    assert_same(loss_and_gradients(packed, model, odd), loss_and_gradients(padded, model, odd))


@pytest.mark.parametrize("lengths", [(7, 7, 7), (5, 60, 61, 150, 150, 300)])
@pytest.mark.parametrize("shared", [0, 9])
def test_rows_of_any_lengths_are_packed_right(
    model: Any, lengths: tuple[int, ...], shared: int
) -> None:
    system = list(range(100, 100 + shared))
    rows = [
        Row([*system, *range(n, n + length)], [*[False] * (shared + 2), *[True] * (length - 2)])
        for n, length in enumerate(lengths, start=3)
    ]
    assert packed_batch(rows, device="cpu").inputs["layout"].shared == shared
    packed, padded = (forward(model, rows, packing=way) for way in ("on", "off"))
    assert_same(loss_and_gradients(packed, model, rows), loss_and_gradients(padded, model, rows))


def test_rows_of_like_length_alone_are_attended_side_by_side() -> None:
    rows = [Row([n] * n, [True] * n) for n in (50, 52, 55, 160, 300)]
    tables = packed_batch(rows, device="cpu").inputs["layout"].tables
    assert [(table.rows, table.widest) for table in tables] == [(3, 55), (1, 160), (1, 300)]


@pytest.mark.parametrize("packing", ["on", "off"])
def test_a_step_in_several_passes_is_the_same_step(
    model: Any, rows: list[Row], packing: str
) -> None:
    whole = forward(model, rows, packing=packing)
    parts = forward(model, rows, packing=packing, pass_tokens=100)
    assert len(split_into_passes(rows, tokens=100, packed=packing == "on", worth_a_pass=60)) > 2
    assert_same(loss_and_gradients(whole, model, rows), loss_and_gradients(parts, model, rows))


def test_only_answers_and_their_end_are_learned(rows: list[Row], base: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    batch = packed_batch(rows[:2], device="cpu")
    assert tokenizer.decode(batch.targets) == "Ilse Brandt.<|im_end|>4.2 million.<|im_end|>"


def test_a_model_with_other_attention_is_not_packed_but_trains(
    model: Any, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "set_attn_implementation", lambda _: None)  # as old models do
    careful = forward(model, rows, packing="auto")
    assert not careful.packed
    loss_and_gradients(careful, model, rows)
    with pytest.raises(TrainingError, match="cannot be packed"):
        forward(model, rows, packing="on")


def test_a_model_that_scales_its_scores_is_scored_by_its_own_forward(
    model: Any, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = forward(model, rows, packing="off")
    expected = usual.loss(rows)
    own_forward = type(model).forward

    def scaled(self: Any, *arguments: Any, **options: Any) -> Any:
        output = own_forward(self, *arguments, **options)
        output.logits = output.logits * 5
        return output

    monkeypatch.setattr(type(model), "forward", scaled)
    assert forward(model, rows, packing="off").loss(rows) != pytest.approx(expected, rel=1e-2)


def test_rows_beyond_a_sliding_window_are_not_packed() -> None:
    from transformers import MistralConfig, MistralForCausalLM

    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 100}
    model = MistralForCausalLM(MistralConfig(sliding_window=16, **shape, **heads))
    short = [Row(list(range(3, 12)), [False] * 4 + [True] * 5) for _ in range(3)]
    assert forward(model, short, packing="auto").packed
    long = Row(list(range(3, 30)), [False] * 4 + [True] * 23)
    assert not forward(model, [*short, long], packing="auto").packed


@pytest.mark.parametrize("packing", ["on", "off"])
def test_gradient_checkpointing_changes_nothing_but_memory(
    base: Path, device: Device, examples: list[Example], tmp_path: Path, packing: str
) -> None:
    losses = []
    for switch in ("on", "off"):
        method = Lora(num_epochs=3, gradient_checkpointing=switch, packing=packing)  # type: ignore[arg-type]
        folder = tmp_path / switch
        result = method.train(examples, base=base, folder=folder, seed=0, device=device)
        losses.append(result.losses)
        assert result.packed == (packing == "on")
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def attend_row_by_row(
    query: Any, key: Any, value: Any, *, cu_seqlens_q: Any, softmax_scale: float, **how: Any
) -> Any:
    """What flash-attn's function gives, which runs on a card alone: (tokens, heads, width)."""
    import torch

    assert how["causal"] and not how["dropout_p"]
    seen, groups = [], query.shape[1] // key.shape[1]
    for start, end in pairwise(cu_seqlens_q.tolist()):
        q, k, v = (one[start:end].transpose(0, 1) for one in (query, key, value))
        k, v = (one.repeat_interleave(groups, dim=0) for one in (k, v))
        row = torch.nn.functional.scaled_dot_product_attention(
            q, k, v, is_causal=True, scale=softmax_scale
        )
        seen.append(row.transpose(0, 1))
    return torch.cat(seen)


def test_variable_length_attention_gives_the_same_loss_and_gradients(
    model: Any, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "loresmith.training.attention.variable_length_attention", lambda: attend_row_by_row
    )
    by_length, padded = (forward(model, rows, packing=way) for way in ("on", "off"))
    by_length._by_length = True  # as where there is a card
    starts = packed_batch(rows, device="cpu", by_length=True).inputs["layout"].starts
    assert starts.tolist()[-1] == sum(len(row.input_ids) for row in rows)
    assert_same(loss_and_gradients(by_length, model, rows), loss_and_gradients(padded, model, rows))


@pytest.mark.parametrize("switch", ["auto", "off"])
def test_without_a_card_no_fused_kernels_are_used(
    base: Path, device: Device, examples: list[Example], tmp_path: Path, switch: str
) -> None:
    method = Lora(max_steps=1, fused_kernels=switch)  # type: ignore[arg-type]
    result = method.train(examples, base=base, folder=tmp_path, seed=0, device=device)
    assert result.steps == 1 and not any("fused" in note for note in result.notes)


def test_fused_kernels_that_cannot_be_used_are_refused_with_the_reason(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="fused kernels cannot be used: they are for a card"):
        Lora(fused_kernels="on").train(examples, base=base, folder=tmp_path, seed=0, device=device)
