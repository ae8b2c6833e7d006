"""A merged model answers as base and adapter do, in any format, and says so where it cannot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from loresmith.devices import detect_device
from loresmith.errors import ExportError
from loresmith.export import Artifact, Merged, Source
from loresmith.models.base import Sampling
from loresmith.models.local import LocalModel
from loresmith.records import Message


def export(source: Source, target: Path, **settings: object) -> Artifact:
    return Merged.model_validate(settings).export(source, target, on_progress=lambda _: None)


def reply(folder: Path, question: str, adapter: Path | None = None) -> str:
    with LocalModel(folder, adapter, detect_device("cpu"), dtype="float32") as model:
        return model.reply([Message(role="user", content=question)], Sampling(max_tokens=20)).text


def test_the_merged_model_alone_says_what_base_and_adapter_say(
    base: Path, adapter: Path, tmp_path: Path
) -> None:
    done = export(Source(base, "base", (adapter,)), tmp_path / "merged")
    assert done.largest_difference is not None and done.largest_difference < 1e-4
    for question in ("Who?", "谁？", "What did it cost?"):
        assert reply(tmp_path / "merged", question) == reply(base, question, adapter)
    assert reply(tmp_path / "merged", "Who?") != reply(base, "Who?")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_weights_are_in_the_format_that_was_asked_for(
    base: Path, adapter: Path, tmp_path: Path, dtype: str
) -> None:
    done = export(Source(base, "base", (adapter,)), tmp_path / "merged", dtype=dtype)
    config = json.loads((tmp_path / "merged" / "config.json").read_text())
    assert config["dtype"] == done.dtype == dtype


def test_large_weights_are_cut_into_files(base: Path, tmp_path: Path) -> None:
    export(Source(base, "base"), tmp_path / "cut", max_shard_size=0.0001)
    assert len(list((tmp_path / "cut").glob("*.safetensors"))) > 1
    assert (tmp_path / "cut" / "model.safetensors.index.json").is_file()


def test_several_adapters_are_merged_in_order(base: Path, adapter: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice"
    shutil.copytree(adapter, twice)
    settings = json.loads((twice / "adapter_config.json").read_text())
    (twice / "adapter_config.json").write_text(json.dumps({**settings, "lora_alpha": 1}))
    one = export(Source(base, "base", (adapter, twice)), tmp_path / "both", dtype="float32")
    step = export(Source(base, "base", (adapter,)), tmp_path / "first", dtype="float32")
    two = export(Source(Path(step.folder), "first", (twice,)), tmp_path / "then", dtype="float32")
    for name in ("Who?", "Name?"):
        assert reply(Path(one.folder), name) == reply(Path(two.folder), name)


def test_the_template_that_was_trained_with_is_exported(
    base: Path, adapter: Path, tmp_path: Path
) -> None:
    trained = shutil.copytree(adapter, tmp_path / "adapter")
    template = (
        "{% for m in messages %}<|im_start|>{{ m.role }}:{{ m.content }}<|im_end|>{% endfor %}"
    )
    (trained / "chat_template.jinja").write_text(template)
    export(Source(base, "base", (trained,)), tmp_path / "merged")
    assert (tmp_path / "merged" / "chat_template.jinja").read_text() == template


def test_other_programs_are_told_what_ends_a_reply(base: Path, tmp_path: Path) -> None:
    export(Source(base, "base"), tmp_path / "model")
    config = json.loads((tmp_path / "model" / "generation_config.json").read_text())
    assert config["eos_token_id"] == [2]


def test_nothing_is_merged_into_a_quantized_model(
    base: Path, adapter: Path, tmp_path: Path
) -> None:
    quantized = shutil.copytree(base, tmp_path / "quantized")
    config = json.loads((quantized / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "gptq", "bits": 4}
    (quantized / "config.json").write_text(json.dumps(config))
    with pytest.raises(ExportError, match="quantized \\(gptq\\)") as raised:
        export(Source(quantized, "small", (adapter,)), tmp_path / "merged")
    assert "full-precision" in raised.value.hint
    assert not (tmp_path / "merged").exists()


def test_what_does_not_answer_as_it_should_is_not_exported(
    base: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the weights were damaged on their way to the disk."""
    import torch
    from transformers import LlamaForCausalLM

    save = LlamaForCausalLM.save_pretrained

    def spoil(model: LlamaForCausalLM, *words: object, **options: object) -> None:
        with torch.no_grad():
            model.model.layers[0].mlp.down_proj.weight.mul_(-3)
        save(model, *words, **options)

    monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", spoil)
    with pytest.raises(ExportError, match="does not answer as base and adapters do"):
        export(Source(base, "base", (adapter,)), tmp_path / "merged")
    assert list(tmp_path.iterdir()) == []


def test_an_adapter_of_another_model_is_refused(adapter: Path, tmp_path: Path) -> None:
    from tiny_model import make_tiny_model

    other = make_tiny_model(tmp_path / "other", hidden_size=64)
    with pytest.raises(ExportError, match="cannot be merged"):
        export(Source(other, "other", (adapter,)), tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
