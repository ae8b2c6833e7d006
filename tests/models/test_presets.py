"""`PRESET:MODEL[@URL]` becomes settings, or an error that says what was meant to stand there."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from loresmith.errors import RecipeError
from loresmith.models import OpenAICompatible, parse_teacher
from loresmith.models.presets import PRESETS, endpoint_url


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ("deepseek:deepseek-chat", {"preset": "deepseek", "model": "deepseek-chat"}),
        ("ollama:qwen2.5:7b", {"preset": "ollama", "model": "qwen2.5:7b"}),
        (
            "siliconflow:deepseek-ai/DeepSeek-V3",
            {"preset": "siliconflow", "model": "deepseek-ai/DeepSeek-V3"},
        ),
        (
            "openai:my-model@http://127.0.0.1:8000/v1",
            {"preset": "openai", "model": "my-model", "url": "http://127.0.0.1:8000/v1"},
        ),
        (
            "vllm:Qwen/Qwen2.5@https://user:pass@host/v1/chat/completions/",
            {"preset": "vllm", "model": "Qwen/Qwen2.5", "url": "https://user:pass@host/v1"},
        ),
        ("openai:claude@20240229", {"preset": "openai", "model": "claude@20240229"}),
    ],
)
def test_a_teacher_in_one_word_becomes_settings(value: str, fields: dict[str, str]) -> None:
    assert parse_teacher(value) == {"type": "openai", **fields}
    OpenAICompatible.model_validate(parse_teacher(value))


def test_the_embedded_model_is_a_teacher_too() -> None:
    assert parse_teacher(" embedded ") == {"type": "embedded"}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("deepsek:deepseek-chat", "did you mean deepseek?"),
        ("DeepSeek:deepseek-chat", "did you mean deepseek?"),
        ("anything:else", "known are openai, deepseek, dashscope"),
        ("deepseek-chat", "PRESET:MODEL"),
        ("", "PRESET:MODEL"),
        ("openai:", "names no model"),
        ("openai:@http://127.0.0.1:8000/v1", "names no model"),
        ("openai:my-model@127.0.0.1:8000/v1", "must begin with http:// or https://"),
        ("openai:my-model@localhost", "must begin with http:// or https://"),
        ("openai:my-model@http://", "is not a URL"),
        ("openai:my-model@http://host:port/v1", "is not a URL"),
    ],
)
def test_a_teacher_that_cannot_be_read_is_explained(value: str, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_teacher(value)
    assert says in f"{caught.value} {caught.value.hint}"


def test_every_preset_has_a_usable_url_and_opens_from_a_recipe() -> None:
    for name, preset in PRESETS.items():
        assert endpoint_url(preset.url) == preset.url
        spec = OpenAICompatible(preset=name, model="m")
        assert spec.base_url == preset.url
        assert spec.key_env == preset.api_key_env


def test_keys_are_named_and_never_part_of_the_settings() -> None:
    assert PRESETS["deepseek"].api_key_env == "DEEPSEEK_API_KEY"
    assert PRESETS["dashscope"].api_key_env == "DASHSCOPE_API_KEY"
    assert not any("key" in name for name in OpenAICompatible.model_fields if name != "api_key_env")


def test_a_wrong_url_in_a_recipe_is_refused() -> None:
    with pytest.raises(ValidationError, match="must look like https"):
        OpenAICompatible(model="m", url="127.0.0.1:8000")


def test_the_union_takes_a_recipe_and_a_python_instance() -> None:
    from loresmith.models import AnyModelSpec

    adapter: TypeAdapter[object] = TypeAdapter(AnyModelSpec)
    spec = adapter.validate_python({"type": "openai", "preset": "ollama", "model": "qwen3"})
    assert isinstance(spec, OpenAICompatible)
    assert adapter.validate_python(spec) is spec
