from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loresmith.devices import Device
from loresmith.errors import ModelError, ModelUnavailable
from loresmith.models.base import Sampling
from loresmith.models.local import LocalModel, load_base
from loresmith.records import Message, Reply

GREEDY = Sampling(max_tokens=12)
QUESTIONS = ["Who?", "What did the crane cost in 2023?", "港务局局长是谁？", "a", "Who " * 30] * 8


def ask(text: str) -> list[Message]:
    return [Message(role="user", content=text)]


@pytest.fixture(scope="module")
def model(tiny_model: Path, device: Device) -> Iterator[LocalModel]:
    with LocalModel(tiny_model, device=device, dtype="float32") as opened:
        yield opened


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, device: Device) -> Path:
    """The tiny model after a few steps on two questions, so that its replies differ and end."""
    import torch

    from loresmith.models.templates import ChatTemplate

    loaded = load_base(tiny_model, device=device, dtype="float32")
    template = ChatTemplate(loaded.tokenizer)
    rows = [
        template.encode_example([*ask(question), Message(role="assistant", content=answer)])
        for question, answer in [("Who?", "Ilse Brandt."), ("谁？", "林海舟。")]
    ]
    optimizer = torch.optim.AdamW(loaded.model.parameters(), lr=1e-2)
    for _ in range(150):
        for row in rows:
            labels = [
                token if mark else -100
                for token, mark in zip(row.input_ids, row.labels_mask, strict=True)
            ]
            loss = loaded.model(
                input_ids=torch.tensor([row.input_ids]), labels=torch.tensor([labels])
            ).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    assert float(loss.detach()) < 0.05
    folder = tmp_path_factory.mktemp("taught")
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


def test_a_batch_gives_the_same_replies_as_one_by_one(taught: Path, device: Device) -> None:
    with LocalModel(taught, device=device, dtype="float32") as model:
        together = model.reply_all([ask(question) for question in QUESTIONS], GREEDY)
        assert together == [model.reply(ask(question), GREEDY) for question in QUESTIONS]
    assert len({reply.text for reply in together}) > 1
    assert len({reply.usage.completion_tokens for reply in together}) > 1


def test_rows_that_end_early_leave_the_batch_without_disturbing_the_others(
    taught: Path, device: Device
) -> None:
    with LocalModel(taught, device=device, dtype="float32") as model:
        replies = model.reply_all([ask(q) for q in ["Who?", "谁？", "Why so?", "Who?"]], GREEDY)
        assert replies[0].text == replies[3].text == "Ilse Brandt."
        assert replies[1].text == "林海舟。"
        assert replies[0].finish_reason == "stop"
        assert replies[2] == model.reply(ask("Why so?"), GREEDY)


def test_the_ending_token_is_counted_but_not_shown(taught: Path, device: Device) -> None:
    with LocalModel(taught, device=device, dtype="float32") as model:
        reply = model.reply(ask("谁？"), Sampling(max_tokens=40))
    assert "<|im_end|>" not in reply.text
    assert 1 < reply.usage.completion_tokens < 40


def test_a_reply_that_is_cut_says_so(taught: Path, device: Device) -> None:
    with LocalModel(taught, device=device, dtype="float32") as model:
        reply = model.reply(ask("Who?"), Sampling(max_tokens=2))
    assert reply.finish_reason == "length"
    assert reply.usage.completion_tokens == 2


def test_progress_hears_of_every_reply_once(model: LocalModel) -> None:
    heard: dict[int, Reply] = {}

    def hear(index: int, reply: Reply) -> None:
        assert index not in heard
        heard[index] = reply

    replies = model.reply_all([ask(q) for q in QUESTIONS[:5]], GREEDY, on_reply=hear)
    assert [heard[index] for index in range(5)] == replies


def test_nothing_asked_is_nothing_answered(model: LocalModel) -> None:
    assert model.reply_all([], GREEDY) == []
    assert model.score_all([]) == []


def test_a_stream_adds_up_to_the_reply_and_never_shows_half_a_character(
    taught: Path, device: Device
) -> None:
    with LocalModel(taught, device=device, dtype="float32") as model:
        pieces = list(model.stream(ask("谁？"), GREEDY))
        assert "".join(pieces) == model.reply(ask("谁？"), GREEDY).text == "林海舟。"
    assert len(pieces) > 1
    assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in pieces)


def test_a_stream_that_is_left_early_blocks_nobody(model: LocalModel) -> None:
    stream = model.stream(ask("Who?"), GREEDY)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert model.reply(ask("Who?"), GREEDY)


def test_sampling_with_a_seed_repeats_and_differs_by_seed(model: LocalModel) -> None:
    def drawn(seed: int) -> list[str]:
        sampling = Sampling(temperature=1.0, top_p=0.95, max_tokens=12, seed=seed)
        return [r.text for r in model.reply_all([ask(q) for q in QUESTIONS[:6]], sampling)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_a_row_draws_its_own_numbers_whatever_stands_beside_it(model: LocalModel) -> None:
    sampling = Sampling(temperature=1.0, max_tokens=12, seed=7)
    alone = model.reply(ask("Who?"), sampling)
    beside = model.reply_all([ask("Who?"), ask("What is it?"), ask("谁？")], sampling)
    assert beside[0] == alone


def test_a_tiny_top_p_is_greedy(model: LocalModel) -> None:
    narrow = Sampling(temperature=1.5, top_p=1e-6, max_tokens=12, seed=3)
    assert model.reply(ask("Who?"), narrow) == model.reply(ask("Who?"), GREEDY)


def test_sampling_follows_the_models_probabilities() -> None:
    import torch

    from loresmith.models.decoding import sampler

    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).repeat(4000, 1)
    for top_p, expected in [(1.0, [0.5, 0.3, 0.15, 0.05]), (0.75, [0.625, 0.375, 0.0, 0.0])]:
        draw = sampler(Sampling(temperature=1.0, top_p=top_p), list(range(4000)), "cpu")
        shares = torch.bincount(draw(logits, range(4000)), minlength=4) / 4000
        assert shares.tolist() == pytest.approx(expected, abs=0.03)


def test_several_threads_may_ask_at_once(model: LocalModel) -> None:
    expected = {q: model.reply(ask(q), GREEDY).text for q in QUESTIONS[:4]}
    answers: dict[str, str] = {}
    threads = [
        threading.Thread(
            target=lambda q=q: answers.update({q: model.reply(ask(q), GREEDY).text})  # type: ignore[misc]
        )
        for q in QUESTIONS[:4]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == expected


def test_what_was_taught_scores_higher_than_what_was_not(taught: Path, device: Device) -> None:
    with LocalModel(taught, device=device, dtype="float32") as model:
        candidates = [
            (ask("Who?"), "Ilse Brandt."),
            (ask("Who?"), "4.2 million and so on and on."),
            (ask("谁？"), "林海舟。"),
        ]
        scores = model.score_all(candidates)
        assert scores[0] > scores[1]
        assert scores[2] > scores[1]
        assert all(score <= 0.0 for score in scores)
        one_by_one = [model.score(prompt, text) for prompt, text in candidates]
        assert scores == pytest.approx(one_by_one, abs=1e-4)


def test_a_prompt_longer_than_the_context_is_refused_with_the_figures(model: LocalModel) -> None:
    with pytest.raises(ModelError, match="reads at most 512"):
        model.reply(ask("港" * 600), GREEDY)


def test_a_reply_ends_where_the_context_does(model: LocalModel) -> None:
    reply = model.reply(ask("海" * 150), Sampling(max_tokens=5000))
    total = reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert total <= 512
    assert reply.finish_reason == "length" or total < 512


def test_around_a_model_in_training_leaves_everything_as_it_was(
    tiny_model: Path, device: Device
) -> None:
    import torch

    loaded = load_base(tiny_model, device=device, dtype="float32")
    loaded.model.train()
    frozen = loaded.model.model.layers[1]
    frozen.eval()
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    with LocalModel.around(*loaded, device=device, name="trainee") as candidate:
        reply = candidate.reply(ask("Who?"), Sampling(temperature=1.0, max_tokens=4))
        assert candidate.name == "trainee"
    assert reply.usage.completion_tokens >= 1
    assert loaded.model.training
    assert loaded.model.model.layers[0].training
    assert not frozen.training
    assert torch.equal(torch.random.get_rng_state(), state)
    loaded.model(input_ids=torch.tensor([[1, 5]]), labels=torch.tensor([[1, 5]])).loss.backward()
    assert loaded.model.model.embed_tokens.weight.grad is not None


def test_an_adapter_changes_the_replies_as_it_did_in_training(
    tmp_path: Path, tiny_model: Path, device: Device
) -> None:
    import torch
    from peft import LoraConfig, get_peft_model

    loaded = load_base(tiny_model, device=device, dtype="float32")
    tuned = get_peft_model(loaded.model, LoraConfig(r=4, target_modules="all-linear"))
    torch.manual_seed(0)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0.0, 0.5)
    tuned.save_pretrained(str(tmp_path))
    questions = [ask(question) for question in QUESTIONS[:5]]
    during = LocalModel.around(tuned, loaded.tokenizer, device=device, name="trainee")
    expected = [reply.text for reply in during.reply_all(questions, GREEDY)]
    with LocalModel(tiny_model, tmp_path, device, dtype="float32") as after:
        assert [reply.text for reply in after.reply_all(questions, GREEDY)] == expected
        assert after.name == f"{tiny_model.name}+{tmp_path.name}"
    with LocalModel(tiny_model, device=device, dtype="float32") as base:
        assert [reply.text for reply in base.reply_all(questions, GREEDY)] != expected


def test_an_unopened_model_says_that_it_is_not_loaded(tiny_model: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not loaded"):
        LocalModel(tiny_model).reply(ask("Who?"), GREEDY)


@pytest.mark.parametrize("damage", ["no folder", "no config", "cut weights", "unknown kind", "{"])
def test_a_folder_that_is_no_model_is_one_clear_error(
    tmp_path: Path, tiny_model: Path, device: Device, damage: str
) -> None:
    folder = tmp_path / "model"
    if damage != "no folder":
        folder.mkdir()
        for file in tiny_model.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
    if damage == "no config":
        (folder / "config.json").unlink()
    if damage == "cut weights":
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
    if damage == "unknown kind":
        config = json.loads((folder / "config.json").read_text())
        config.update(model_type="mystery", architectures=["Mystery"])
        (folder / "config.json").write_text(json.dumps(config))
    if damage == "{":
        (folder / "config.json").write_text("{")
    with pytest.raises(ModelUnavailable) as caught, LocalModel(folder, device=device):
        pass
    assert str(folder) in caught.value.message
    assert "\n" not in caught.value.message


def test_an_adapter_folder_without_adapter_is_one_clear_error(
    tmp_path: Path, tiny_model: Path, device: Device
) -> None:
    with (
        pytest.raises(ModelUnavailable, match="holds no adapter"),
        LocalModel(tiny_model, tmp_path, device),
    ):
        pass


def test_loading_prints_nothing(
    tiny_model: Path, device: Device, capfd: pytest.CaptureFixture[str]
) -> None:
    with LocalModel(tiny_model, device=device) as model:
        model.reply(ask("Who?"), GREEDY)
    assert capfd.readouterr() == ("", "")


def test_a_full_device_halves_the_batch_until_it_fits(
    model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from loresmith.models import local

    expected = model.reply_all([ask(q) for q in QUESTIONS[:5]], GREEDY)
    decode = local.decode

    def two_rows_fit(network: Any, prompts: Any, *rest: Any, **options: Any) -> Any:
        if len(prompts) > 2:
            raise torch.OutOfMemoryError("no room")
        return decode(network, prompts, *rest, **options)

    monkeypatch.setattr(local, "decode", two_rows_fit)
    assert model.reply_all([ask(q) for q in QUESTIONS[:5]], GREEDY) == expected


def test_where_not_one_prompt_fits_the_device_the_error_says_so(
    model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from loresmith.models import local

    def nothing_fits(*_anything: Any, **_options: Any) -> Any:
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(local, "decode", nothing_fits)
    with pytest.raises(ModelUnavailable, match="no room for one prompt"):
        model.reply_all([ask(q) for q in QUESTIONS[:3]], GREEDY)
