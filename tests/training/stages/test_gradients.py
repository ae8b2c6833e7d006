"""What a step learns is the same however its rows go through the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loresmith.devices import Device
from loresmith.models.local import load_base
from loresmith.training.order import split_into_passes
from loresmith.training.rows import Row
from loresmith.training.stages import Dpo, Encoding, Kto, Reward, Stage
from training.stages.stage_rows import rows_for

STAGES = {
    "dpo": Dpo(beta=0.2, sft_weight=0.3, label_smoothing=0.1),
    "ipo": Dpo(loss="ipo", beta=0.5),
    "orpo": Dpo(loss="orpo", beta=0.5),
    "simpo": Dpo(loss="simpo", beta=2.0),
    "kto": Kto(beta=0.2, desirable_weight=1.3, undesirable_weight=0.7),
    "reward": Reward(),
}
REFERENCE = -0.31
"""How a token's log-probability by the reference is, in these tests."""


@pytest.fixture(params=STAGES, ids=str)
def stage(request: pytest.FixtureRequest) -> Stage:
    return STAGES[request.param]


@pytest.fixture
def model_and_items(base: Path, device: Device, stage: Stage) -> tuple[Any, list[Any]]:
    import torch

    loaded = load_base(base, device=device, dtype="float32")
    torch.manual_seed(3)
    for parameter in loaded.model.parameters():
        parameter.data.normal_(0, 0.2)  # so sharp that any cross-talk shows
    encoding = Encoding(loaded.tokenizer, max_length=512, too_long="drop", learn="replies", seed=0)
    items = stage.encode(rows_for(stage, range(6)), encoding).kept
    items = [_with_reference(item) for item in items] if stage.referred else items
    model = stage.adapted(loaded.model, pad_id=loaded.tokenizer.pad_token_id, seed=0)
    return model.requires_grad_(True), items


def _with_reference(item: Any) -> Any:
    return item.with_reference([REFERENCE * sum(row.labels_mask) for row in item.rows])


def take(
    stage: Stage, model: Any, items: list[Any], *, packing: str, pass_tokens: int = 10_000
) -> tuple[float, dict[str, float], dict[str, Any]]:
    """The loss, the measures and the gradients of one step."""
    forward = stage.forward(
        model, device="cpu", precision="fp32", pad_id=2, pass_tokens=pass_tokens
    )
    forward.choose([row for item in items for row in item.rows], packing)
    assert forward.packed == (packing == "on")
    model.zero_grad(set_to_none=True)
    with forward.ready():
        loss, measures = stage.objective(forward).backward(items)
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    return loss, dict(measures), gradients


def by_hand(stage: Stage, model: Any, items: list[Any]) -> tuple[float, dict[str, Any]]:
    """Row by row through the model's own forward: nothing of ours but the formula is in it."""
    import torch

    def log_prob(row: Row) -> Any:
        ids = torch.tensor([row.input_ids])
        scores = model(ids, use_cache=False).logits[0, :-1].log_softmax(-1)
        tokens = scores.gather(1, ids[0, 1:, None])[:, 0]
        return (tokens * torch.tensor(row.labels_mask[1:])).sum()

    model.zero_grad(set_to_none=True)
    loss = _LOSSES[type(stage)](stage, model, items, log_prob)
    loss.backward()
    return float(loss.detach()), {
        n: p.grad for n, p in model.named_parameters() if p.grad is not None
    }


def _dpo(stage: Any, _model: Any, items: list[Any], log_prob: Callable[[Row], Any]) -> Any:
    import torch
    from torch.nn.functional import logsigmoid

    losses = []
    for item in items:
        rows = (item.chosen, item.rejected)
        better, worse = map(log_prob, rows)
        counts = [sum(row.labels_mask) for row in rows]
        if stage.loss == "sigmoid":
            margin = better - item.chosen_reference - (worse - item.rejected_reference)
            smooth = stage.label_smoothing
            loss = -(1 - smooth) * logsigmoid(stage.beta * margin)
            loss = loss - smooth * logsigmoid(-stage.beta * margin)
        elif stage.loss == "ipo":
            margin = (better - item.chosen_reference) / counts[0]
            margin = margin - (worse - item.rejected_reference) / counts[1]
            loss = (margin - 1 / (2 * stage.beta)) ** 2
        elif stage.loss == "simpo":
            margin = better / counts[0] - worse / counts[1]
            loss = -logsigmoid(stage.beta * margin - stage.simpo_gamma)
        else:
            p, q = (better / counts[0]).exp(), (worse / counts[1]).exp()
            odds = torch.log(p / (1 - p) / (q / (1 - q)))
            loss = -stage.beta * logsigmoid(odds) - better / counts[0]
        losses.append(loss - stage.sft_weight * better / counts[0])
    return sum(losses) / len(losses)


def _kto(stage: Any, _model: Any, items: list[Any], log_prob: Callable[[Row], Any]) -> Any:
    risen = [float(log_prob(item.strange)) - item.strange_reference for item in items]
    drift = max(0.0, sum(risen) / len(risen))
    losses = []
    for item in items:
        sign = 1 if item.desirable else -1
        weight = stage.desirable_weight if item.desirable else stage.undesirable_weight
        margin = stage.beta * sign * (log_prob(item.row) - item.reference - drift)
        losses.append(weight * (1 - margin.sigmoid()))
    return sum(losses) / len(losses)


def _reward(_stage: Any, model: Any, items: list[Any], _log_prob: Any) -> Any:
    import torch
    from torch.nn.functional import logsigmoid

    def reward(row: Row) -> Any:
        return model(torch.tensor([row.input_ids[:-1]]), use_cache=False).logits[0, 0]

    pairs = [(reward(item.chosen), reward(item.rejected)) for item in items]
    return sum(-logsigmoid(better - worse) for better, worse in pairs) / len(pairs)


_LOSSES: dict[type, Any] = {Dpo: _dpo, Kto: _kto, Reward: _reward}


def assert_same(expected: dict[str, Any], given: dict[str, Any]) -> None:
    import torch

    assert given.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(given[name], gradient, rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("packing", ["on", "off"])
def test_a_step_is_what_its_formula_says_of_each_row_alone(
    stage: Stage, model_and_items: tuple[Any, list[Any]], packing: str
) -> None:
    model, items = model_and_items
    expected, gradients = by_hand(stage, model, items)
    loss, measures, given = take(stage, model, items, packing=packing)
    assert loss == pytest.approx(expected, rel=1e-4)
    assert {"margin", "chosen_reward", "rejected_reward"} <= measures.keys()
    assert_same(gradients, given)


@pytest.mark.parametrize("packing", ["on", "off"])
def test_a_step_in_several_passes_is_the_same_step(
    stage: Stage, model_and_items: tuple[Any, list[Any]], packing: str
) -> None:
    model, items = model_and_items
    whole, parts = (
        take(stage, model, items, packing=packing, pass_tokens=tokens) for tokens in (10_000, 150)
    )
    assert len(split_into_passes(items, tokens=150, packed=packing == "on", worth_a_pass=60)) > 2
    assert parts[0] == pytest.approx(whole[0], rel=1e-5)
    assert parts[1] == pytest.approx(whole[1], rel=1e-4, abs=1e-6)
    assert_same(whole[2], parts[2])


def test_scores_in_parts_give_the_same_gradients(
    stage: Stage, model_and_items: tuple[Any, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, items = model_and_items
    whole = take(stage, model, items, packing="on")
    monkeypatch.setattr("loresmith.training.row_log_probs.SCORES_AT_ONCE", 3000)
    parts = take(stage, model, items, packing="on")
    assert parts[0] == pytest.approx(whole[0], rel=1e-5)
    assert_same(whole[2], parts[2])


def test_a_step_of_its_own_measure_is_that_of_its_learning(
    stage: Stage, model_and_items: tuple[Any, list[Any]]
) -> None:
    model, items = model_and_items
    loss, measures, _ = take(stage, model, items, packing="on")
    forward = stage.forward(model, device="cpu", precision="fp32", pad_id=2, pass_tokens=10_000)
    forward.choose([row for item in items for row in item.rows], "on")
    with forward.ready():
        measured = stage.objective(forward).measure(items)
    assert measured.loss == pytest.approx(loss, rel=1e-5)
    assert dict(measured.measures) == pytest.approx(measures, rel=1e-4, abs=1e-6)
