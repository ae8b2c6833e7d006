"""The providers that people name in one word, and `PRESET:MODEL[@URL]` read into settings."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from loresmith.errors import RecipeError

TEACHER_FORM = "PRESET:MODEL or PRESET:MODEL@URL"


class Preset(NamedTuple):
    """Where a provider answers in OpenAI's form, and what to know of it."""

    title: str
    """What people call the provider."""
    url: str
    api_key_env: str | None
    """The environment variable that holds the key; None where a server asks for none."""
    unknown_model: str
    """What to do when the endpoint does not know the model."""
    max_tokens_field: str = "max_tokens"
    """OpenAI's own newer models take the limit of a reply under another name."""


PRESETS: dict[str, Preset] = {
    # One entry a provider: recipes, the command line and the studio know it by this alone.
    "openai": Preset(
        title="OpenAI",
        url="https://api.openai.com/v1",
        api_key_env="OPENAI_API_KEY",
        unknown_model="see https://platform.openai.com/docs/models for the names",
        max_tokens_field="max_completion_tokens",
    ),
    "deepseek": Preset(
        title="DeepSeek",
        url="https://api.deepseek.com",
        api_key_env="DEEPSEEK_API_KEY",
        unknown_model="see https://api-docs.deepseek.com for the names, such as deepseek-chat",
    ),
    "dashscope": Preset(
        title="Alibaba Cloud Model Studio (百炼)",
        url="https://dashscope.aliyuncs.com/compatible-mode/v1",
        api_key_env="DASHSCOPE_API_KEY",
        unknown_model="see the model list of Alibaba Cloud Model Studio (百炼), such as qwen-plus",
    ),
    "volcengine": Preset(
        title="Volcengine Ark (火山方舟)",
        url="https://ark.cn-beijing.volces.com/api/v3",
        api_key_env="ARK_API_KEY",
        unknown_model="give the full model id with its date, or your endpoint id (ep-...), "
        "and open the model in the Ark console (方舟控制台) first",
    ),
    "siliconflow": Preset(
        title="SiliconFlow (硅基流动)",
        url="https://api.siliconflow.cn/v1",
        api_key_env="SILICONFLOW_API_KEY",
        unknown_model="names carry their publisher, such as deepseek-ai/DeepSeek-V3",
    ),
    "ollama": Preset(
        title="Ollama",
        url="http://127.0.0.1:11434/v1",
        api_key_env=None,
        unknown_model="`ollama list` shows the models; fetch one with `ollama pull MODEL`",
    ),
    "vllm": Preset(
        title="vLLM",
        url="http://127.0.0.1:8000/v1",
        api_key_env="VLLM_API_KEY",
        unknown_model="use the name given to `vllm serve` (or its --served-model-name)",
    ),
}

if TYPE_CHECKING:
    PresetName: TypeAlias = str
else:
    PresetName = Literal[tuple(PRESETS)]

_TEACHER = re.compile(r"(?P<preset>[^:]*):(?P<model>.*?)(?:@(?P<url>https?://.*))?", re.DOTALL)
_URL_WITHOUT_SCHEME = re.compile(r".+@(localhost|\[|[^/@]*[.:/])")


def parse_teacher(value: str) -> dict[str, str]:
    """Reads `PRESET:MODEL[@URL]`, or `embedded`, into the settings of a model.

    `deepseek:deepseek-chat` gives `{"type": "openai", "preset": "deepseek", "model":
    "deepseek-chat"}`. Raises RecipeError for anything else, saying what was meant to stand there.
    """
    text = value.strip()
    if text == "embedded":
        return {"type": "embedded"}
    match = _TEACHER.fullmatch(text)
    if match is None:
        raise RecipeError(f"teacher {value!r} is not of the form {TEACHER_FORM}", hint=_examples())
    preset, model, url = match["preset"], match["model"].strip(), match["url"]
    if preset not in PRESETS:
        raise RecipeError(f"teacher {value!r}: unknown preset {preset!r}{_nearest(preset)}")
    if not model:
        raise RecipeError(f"teacher {value!r} names no model", hint=_examples())
    if url is None and _URL_WITHOUT_SCHEME.match(model):
        raise RecipeError(f"teacher {value!r}: the URL after @ must begin with http:// or https://")
    fields = {"type": "openai", "preset": preset, "model": model}
    if url is not None:
        try:
            fields["url"] = endpoint_url(url)
        except ValueError as error:
            raise RecipeError(f"teacher {value!r}: {error}") from None
    return fields


def endpoint_url(url: str) -> str:
    """The base URL without the path of the call itself; ValueError names what is wrong with it."""
    trimmed = url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
    try:
        parts = urlsplit(trimmed)
        complete = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise ValueError(f"{url!r} is not a URL: it must look like https://host/v1")
    return trimmed


def _nearest(preset: str) -> str:
    close = difflib.get_close_matches(preset.lower(), PRESETS, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(PRESETS)}"


def _examples() -> str:
    return "for example deepseek:deepseek-chat, or openai:my-model@http://127.0.0.1:8000/v1"
