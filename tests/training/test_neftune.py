from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from loresmith.devices import Device
from loresmith.models.local import load_base
from loresmith.models.templates import ChatTemplate
from loresmith.records import Example
from loresmith.training import Full, Lora
from loresmith.training.forward import Forward
from loresmith.training.neftune import noisy_embeddings
from loresmith.training.rows import Row, encode_rows
from stopped_training import stop_after

ALPHA = 5.0


@pytest.fixture
def model(base: Path, device: Device) -> Any:
    return load_base(base, device=device, dtype="float32").model.requires_grad_(True)


@pytest.fixture
def rows(base: Path, device: Device, examples: list[Example]) -> list[Row]:
    tokenizer = load_base(base, device=device).tokenizer
    return encode_rows(examples, ChatTemplate(tokenizer), max_length=512).kept


def test_the_noise_has_the_scale_of_the_paper_for_each_row_however_rows_are_grouped(
    model: Any,
) -> None:
    import torch

    embeddings = model.get_input_embeddings()
    width = embeddings.weight.shape[1]
    long, short = 300, 60
    for packed, ids in (
        (True, torch.full((1, long + short), 7)),
        (False, torch.full((2, long), 7)),
    ):
        plain = embeddings(ids)
        with noisy_embeddings(model, alpha=ALPHA, lengths=[long, short], packed=packed):
            noise = (embeddings(ids) - plain).detach()
        ends = [long, long + short] if packed else [long, long]
        of_long = noise[0, : ends[0]]
        of_short = noise[0, ends[0] :] if packed else noise[1, :short]
        for part, length in ((of_long, long), (of_short, short)):
            bound = ALPHA / math.sqrt(length * width)
            assert 0.98 * bound < float(part.abs().max()) <= bound * 1.001
            assert abs(float(part.mean())) < 0.05 * bound
        assert torch.equal(embeddings(ids), plain)  # and no longer


@pytest.mark.parametrize("packing", ["on", "off"])
def test_noise_is_added_in_training_and_none_in_evaluation(
    model: Any, rows: list[Row], packing: Any
) -> None:
    import torch

    noisy, plain = (
        Forward(model, device="cpu", precision="fp32", pad_id=2, pass_tokens=4096, noise_alpha=a)
        for a in (50.0, None)
    )
    for forward in (noisy, plain):
        forward.choose(rows, packing)
    torch.manual_seed(1)
    with noisy.ready():
        assert noisy.loss(rows) == pytest.approx(plain_loss := loss_of(plain, rows), rel=1e-6)
        first, second = noisy.backward(rows), noisy.backward(rows)
    assert first != second
    assert abs(first - plain_loss) > 1e-4


def loss_of(forward: Forward, rows: list[Row]) -> float:
    with forward.ready():
        return forward.loss(rows)


def test_rows_that_begin_alike_get_noise_of_their_own_when_packed(
    model: Any, rows: list[Row]
) -> None:
    forward = Forward(
        model, device="cpu", precision="fp32", pad_id=2, pass_tokens=4096, noise_alpha=ALPHA
    )
    forward.choose(rows, "on")
    seen: list[int] = []
    hook = model.get_input_embeddings().register_forward_hook(
        lambda _module, _inputs, embedded: seen.append(embedded.shape[1])
    )
    with forward.ready():
        forward.backward(rows)
    hook.remove()
    assert sum(seen) == sum(len(row.input_ids) for row in rows)


def test_a_model_learns_with_noise_and_a_stopped_training_draws_the_same(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = Full(neftune_noise_alpha=ALPHA, learning_rate=1e-2, num_epochs=30, batch_size=4)
    whole = method.train(examples, base=base, folder=tmp_path / "a", seed=1, device=device)
    assert whole.losses[-1] < 0.7 * whole.losses[0]
    quiet = method.model_copy(update={"neftune_noise_alpha": None})
    still = quiet.train(examples, base=base, folder=tmp_path / "b", seed=1, device=device)
    assert still.losses != whole.losses
    stop_after(9, method, examples, base=base, folder=tmp_path / "c", seed=1, device=device)
    resumed = method.train(examples, base=base, folder=tmp_path / "c", seed=1, device=device)
    assert resumed.losses == whole.losses


def test_an_adapter_learns_with_noise(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = Lora(neftune_noise_alpha=ALPHA, additional_modules=("embed_tokens",), num_epochs=10)
    result = method.train(examples, base=base, folder=tmp_path, seed=1, device=device)
    assert result.losses[-1] < result.losses[0]
