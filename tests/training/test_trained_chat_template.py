"""The template that a model was trained with is kept with it: whoever loads it asks in that way."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.devices import Device
from loresmith.models.base import Sampling
from loresmith.models.chat_templates import template_text
from loresmith.models.hosting.adapters import AdaptedModel
from loresmith.models.hosting.engine import Capacity, Engine
from loresmith.models.hosting.protocol import Finished, Question
from loresmith.models.loading import add_adapter, chat_template_of, load_base
from loresmith.models.local import LocalModel
from loresmith.models.templates import ChatTemplate
from loresmith.records import Example, Message
from loresmith.training import Full, Lora, TrainingMethod
from loresmith.workspace.candidates import find_candidate
from tiny_model import make_tiny_model

ROW = Example(
    id="row",
    messages=(
        Message(role="user", content="谁主持会议？"),
        Message(role="assistant", content="岑望舟。"),
    ),
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model that brings no template of its own."""
    return make_tiny_model(tmp_path_factory.mktemp("base"), chat_template=None)


@pytest.fixture
def device() -> Device:
    from loresmith.devices import detect_device

    return detect_device("cpu")


def trained(method: TrainingMethod, base: Path, folder: Path, device: Device) -> Path:
    result = method.train([ROW] * 8, base=base, folder=folder, seed=1, device=device)
    return Path(result.checkpoint.folder)


SETTINGS = {"chat_template": "default", "num_epochs": 60, "learning_rate": 1e-2}


def test_an_adapter_is_asked_as_it_was_trained(base: Path, device: Device, tmp_path: Path) -> None:
    adapter = trained(Lora(rank=16, **SETTINGS), base, tmp_path / "run", device)  # type: ignore[arg-type]
    assert chat_template_of(adapter) == template_text("default")
    loaded = add_adapter(load_base(base, device=device), adapter, device=device)
    asked = ChatTemplate(loaded.tokenizer).encode_prompt(ROW.messages[:1])
    assert loaded.tokenizer.decode(asked).startswith("Human: 谁主持会议？")
    with LocalModel(base, adapter, device=device) as model:
        assert model.reply(ROW.messages[:1], Sampling(max_tokens=20)).text.startswith("岑望舟。")
    with find_candidate(tmp_path / "run", base_model=str(base)).open("base") as before:
        assert isinstance(before, LocalModel)
        prompt = before._opened().template.encode_prompt(ROW.messages[:1])
    assert prompt == asked, "the base that it is compared with is asked in the same way"


def test_adapters_with_templates_of_their_own_share_a_base(
    base: Path, device: Device, tmp_path: Path
) -> None:
    adapter = trained(Lora(rank=16, **SETTINGS), base, tmp_path / "run", device)  # type: ignore[arg-type]
    loaded = load_base(base, device=device, dtype="float32")
    model = AdaptedModel(loaded.model)
    model.add("tuned", adapter)
    roomy = Capacity(rows=8, tokens=10_000, prompt_tokens=10_000)
    engine = Engine(model, loaded.tokenizer, stop_ids=frozenset(), longest=512, capacity=roomy)
    engine.write_as("tuned", template_text("default"))
    question = Question(messages=ROW.messages[:1], sampling=Sampling(max_tokens=20))
    engine.submit(1, "tuned", question)
    engine.submit(2, "", question)
    ended: dict[int, Finished] = {}
    while engine.busy:
        for told in engine.step():
            if isinstance(told, Finished):
                ended[told.id] = told
    asked = ChatTemplate(loaded.tokenizer, template_text("default"))
    plain = ChatTemplate(loaded.tokenizer)
    assert [ended[id].usage.prompt_tokens for id in (1, 2)] == [
        len(template.encode_prompt(ROW.messages[:1])) for template in (asked, plain)
    ]


def test_whole_weights_keep_it_as_well(base: Path, device: Device, tmp_path: Path) -> None:
    folder = trained(Full(**SETTINGS), base, tmp_path, device)  # type: ignore[arg-type]
    assert chat_template_of(folder) == template_text("default")
