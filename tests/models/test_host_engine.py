"""The engine that writes many replies at once gives what asking one by one gives."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from loresmith.devices import Device
from loresmith.errors import ModelError
from loresmith.models.base import Sampling
from loresmith.models.hosting.adapters import AdaptedModel
from loresmith.models.hosting.engine import Capacity, Engine
from loresmith.models.hosting.protocol import Failed, Finished, Piece, Question
from loresmith.models.loading import load_base
from loresmith.models.local import LocalModel
from loresmith.records import Message
from taught_models import teach, teach_adapter

GREEDY = Sampling(max_tokens=12)
QUESTIONS = ["Who?", "What did the crane cost in 2023?", "港务局局长是谁？", "a", "Who " * 30]
ROOMY = Capacity(rows=32, tokens=100_000, prompt_tokens=10_000)


def ask(text: str) -> tuple[Message, ...]:
    return (Message(role="user", content=text),)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return teach(tiny_model, tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory, base: Path) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("adapters")
    return {
        "one": teach_adapter(base, folder / "one"),
        "two": teach_adapter(base, folder / "two", {"Who?": "It cost 4.2 million."}),
    }


def engine_of(
    folder: Path, device: Device, *, adapters: dict[str, Path] | None = None, **options: Any
) -> Engine:
    loaded = load_base(folder, device=device, dtype="float32")
    model = AdaptedModel(loaded.model)
    for name, adapter in (adapters or {}).items():
        model.add(name, adapter)
    options = {"stop_ids": frozenset(), "longest": 512, "capacity": ROOMY, **options}
    return Engine(model, loaded.tokenizer, **options)


class Heard:
    """What an engine told about each question."""

    def __init__(self) -> None:
        self.text: dict[int, str] = defaultdict(str)
        self.ends: dict[int, Finished | Failed] = {}
        self.order: list[int] = []

    def step(self, engine: Engine) -> None:
        for told in engine.step():
            if isinstance(told, Piece):
                assert told.id not in self.ends
                self.text[told.id] += told.text
            else:
                assert isinstance(told, Finished | Failed)
                self.ends[told.id] = told
                self.order.append(told.id)

    def all(self, engine: Engine) -> Heard:
        while engine.busy:
            self.step(engine)
        return self


@pytest.mark.parametrize("adapter", ["", "one", "two"])
def test_greedy_replies_are_those_of_the_exam_token_for_token(
    base: Path, adapters: dict[str, Path], device: Device, adapter: str
) -> None:
    engine = engine_of(base, device, adapters=adapters)
    with LocalModel(base, adapters.get(adapter), device, dtype="float32") as model:
        expected = [model.reply(ask(question), GREEDY) for question in QUESTIONS]
    for number, question in enumerate(QUESTIONS):
        engine.submit(number, adapter, Question(messages=ask(question), sampling=GREEDY))
        alone = Heard().all(engine)
        assert alone.text[number] == expected[number].text
    for number, question in enumerate(QUESTIONS):
        engine.submit(number, adapter, Question(messages=ask(question), sampling=GREEDY))
    together = Heard().all(engine)
    for number, reply in enumerate(expected):
        assert together.text[number] == reply.text
        end = together.ends[number]
        assert isinstance(end, Finished)
        assert (end.finish_reason, end.usage) == (reply.finish_reason, reply.usage)


@pytest.fixture
def rows_together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each pass through the model had."""
    counted: list[int] = []
    forward = AdaptedModel.__call__

    def count(self: AdaptedModel, **inputs: Any) -> Any:
        counted.append(len(inputs["input_ids"]))
        return forward(self, **inputs)

    monkeypatch.setattr(AdaptedModel, "__call__", count)
    return counted


def test_base_and_adapters_answer_in_one_batch_each_with_its_own_words(
    base: Path, adapters: dict[str, Path], device: Device, rows_together: list[int]
) -> None:
    engine = engine_of(base, device, adapters=adapters)
    for number, name in enumerate(["one", "", "two", "one"]):
        engine.submit(number, name, Question(messages=ask("Who?"), sampling=GREEDY))
    heard = Heard().all(engine)
    assert rows_together[:2] == [3, 4]  # the prompt that two ask of one adapter is read once
    assert heard.text[0] == heard.text[3] == "Ilse Brandt."
    assert heard.text[2] == "It cost 4.2 million."
    with LocalModel(base, device=device, dtype="float32") as model:
        assert heard.text[1] == model.reply(ask("Who?"), GREEDY).text


def test_who_comes_later_joins_and_does_not_wait_for_the_longest(
    base: Path, adapters: dict[str, Path], device: Device
) -> None:
    engine = engine_of(base, device, adapters=adapters)
    heard = Heard()
    engine.submit(1, "", Question(messages=ask("What did it cost?"), sampling=GREEDY))
    heard.step(engine)
    engine.submit(2, "one", Question(messages=ask("谁？"), sampling=Sampling(max_tokens=2)))
    heard.all(engine)
    assert heard.order == [2, 1]
    assert "林海舟。".startswith(heard.text[2])
    assert heard.text[1] == "It cost 4.2 million."


def test_rows_beyond_the_capacity_wait_and_are_answered_all_the_same(
    base: Path, adapters: dict[str, Path], device: Device
) -> None:
    narrow = Capacity(rows=2, tokens=100_000, prompt_tokens=10)
    engine = engine_of(base, device, adapters=adapters, capacity=narrow)
    for number in range(5):
        engine.submit(number, "one", Question(messages=ask("Who?"), sampling=GREEDY))
    assert set(Heard().all(engine).text.values()) == {"Ilse Brandt."}


def test_a_seed_draws_what_it_draws_alone(base: Path, device: Device) -> None:
    drawn = Sampling(temperature=1.0, top_p=0.9, max_tokens=12, seed=7)
    with LocalModel(base, device=device, dtype="float32") as model:
        expected = model.reply(ask("Who?"), drawn).text
    engine = engine_of(base, device)
    engine.submit(1, "", Question(messages=ask("a"), sampling=GREEDY))
    engine.submit(2, "", Question(messages=ask("Who?"), sampling=drawn))
    assert Heard().all(engine).text[2] == expected


def test_one_prompt_with_three_seeds_is_read_once_and_answered_as_if_alone(
    base: Path, device: Device, rows_together: list[int]
) -> None:
    seeds = [Sampling(temperature=1.0, max_tokens=12, seed=seed) for seed in (1, 2, 3)]
    with LocalModel(base, device=device, dtype="float32") as model:
        expected = [model.reply(ask("港务局"), drawn).text for drawn in seeds]
    engine = engine_of(base, device)
    for number, drawn in enumerate(seeds):
        engine.submit(number, "", Question(messages=ask("港务局"), sampling=drawn))
    heard = Heard().all(engine)
    assert [heard.text[number] for number in range(3)] == expected
    assert rows_together[0] == 1
    assert max(rows_together) > 1


def test_a_reply_ends_before_a_stop_string_even_across_tokens(
    base: Path, adapters: dict[str, Path], device: Device
) -> None:
    engine = engine_of(base, device, adapters=adapters)
    asked = Question(messages=ask("Who?"), sampling=GREEDY, stop=("Brandt", "zzz"))
    engine.submit(1, "one", asked)
    heard = Heard().all(engine)
    assert heard.text[1] == "Ilse"
    end = heard.ends[1]
    assert isinstance(end, Finished)
    assert end.finish_reason == "stop"


def test_what_was_cancelled_is_not_heard_of_again_and_disturbs_nobody(
    base: Path, adapters: dict[str, Path], device: Device
) -> None:
    engine = engine_of(base, device, adapters=adapters)
    heard = Heard()
    for number in (1, 2, 3):
        engine.submit(number, "one", Question(messages=ask("Who?"), sampling=GREEDY))
    heard.step(engine)
    engine.cancel(2)
    heard.all(engine)
    assert sorted(heard.ends) == [1, 3]
    assert heard.text[1] == heard.text[3] == "Ilse Brandt."


def test_dropping_an_adapter_fails_its_replies_and_no_others(
    base: Path, adapters: dict[str, Path], device: Device
) -> None:
    engine = engine_of(base, device, adapters=adapters)
    heard = Heard()
    engine.submit(1, "one", Question(messages=ask("Who?"), sampling=GREEDY))
    engine.submit(2, "two", Question(messages=ask("Who?"), sampling=GREEDY))
    heard.step(engine)
    failed = list(engine.drop_adapter("two"))
    assert [told.id for told in failed] == [2]
    assert heard.all(engine).text[1] == "Ilse Brandt."
    with pytest.raises(ModelError, match="not loaded"):
        engine.submit(3, "two", Question(messages=ask("Who?"), sampling=GREEDY))
    assert list(engine.drop_adapter("one")) == []
    engine.submit(4, "", Question(messages=ask("Who?"), sampling=GREEDY))
    with LocalModel(base, device=device, dtype="float32") as model:
        assert Heard().all(engine).text[4] == model.reply(ask("Who?"), GREEDY).text


def test_a_plain_prompt_is_gone_on_with_without_a_template(base: Path, device: Device) -> None:
    engine = engine_of(base, device)
    engine.submit(1, "", Question(prompt="The harbour", sampling=Sampling(max_tokens=3)))
    end = Heard().all(engine).ends[1]
    assert isinstance(end, Finished)
    loaded = load_base(base, device=device, dtype="float32")
    assert end.usage.prompt_tokens == len(loaded.tokenizer.encode("The harbour"))


def test_a_prompt_without_room_for_a_reply_is_refused_with_the_figures(
    base: Path, device: Device
) -> None:
    engine = engine_of(base, device)
    with pytest.raises(ModelError, match="reads at most 512"):
        engine.submit(1, "", Question(messages=ask("港" * 600)))
    assert not engine.busy


def test_a_full_device_goes_on_with_half_and_loses_no_word(
    base: Path, adapters: dict[str, Path], device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    engine = engine_of(base, device, adapters=adapters)
    forward = AdaptedModel.__call__

    def two_rows_fit(self: AdaptedModel, **inputs: Any) -> Any:
        if len(inputs["input_ids"]) > 2:
            raise torch.OutOfMemoryError("no room")
        return forward(self, **inputs)

    monkeypatch.setattr(AdaptedModel, "__call__", two_rows_fit)
    words = {1: "Who?", 2: "谁？", 3: "Who? ", 4: "谁？ ", 5: "a"}
    for number, question in words.items():
        name = "one" if number < 3 else ""
        engine.submit(number, name, Question(messages=ask(question), sampling=GREEDY))
    heard = Heard().all(engine)
    assert (heard.text[1], heard.text[2]) == ("Ilse Brandt.", "林海舟。")
    assert all(isinstance(end, Finished) for end in heard.ends.values())
    assert len(heard.ends) == 5
