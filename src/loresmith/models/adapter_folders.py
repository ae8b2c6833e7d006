"""Why: whether a folder holds an adapter, and one that fits, can be told without loading anything.

An adapter that was trained on top of earlier ones is of no use without them: they lie, whole, in
its folder `earlier`, numbered in the order in which they are merged.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loresmith.errors import ModelUnavailable
from loresmith.json_files import read_object
from loresmith.models.weights import model_files, tensor_shapes

_CONFIG = "adapter_config.json"
_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
_EARLIER = "earlier"
_LAYER = re.compile(r"\.(?:layers|h|blocks)\.(\d+)\.")


def adapter_chain(folder: Path) -> list[Path]:
    """The adapters to apply for this one, in order; itself is the last."""
    earlier = [path for path in (folder / _EARLIER).glob("*") if path.name.isdigit()]
    return [*sorted(earlier, key=lambda path: int(path.name)), folder]


def keep_earlier(folder: Path, earlier: Sequence[Path]) -> None:
    """Copies earlier adapters into the folder of one that was trained on top of them."""
    for number, adapter in enumerate(earlier, start=1):
        place = folder / _EARLIER / str(number)
        place.mkdir(parents=True)
        shutil.copyfile(adapter / _CONFIG, place / _CONFIG)
        for name in _WEIGHTS:
            if (adapter / name).is_file():
                shutil.copyfile(adapter / name, place / name)


def adapter_id(folder: Path) -> str:
    """Equal for adapters with the same settings and weights, wherever they lie."""
    digest = hashlib.sha256()
    for name in (_CONFIG, *_WEIGHTS):
        if (folder / name).is_file():
            digest.update(name.encode())
            digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()[:24]


def adapter_settings(folder: Path) -> dict[str, Any]:
    """What PEFT noted of an adapter; empty where that cannot be read."""
    return read_object(folder / _CONFIG)


def adapter_fault(folder: Path, *, base: Path | None) -> str:
    """Why `folder` is no LoRA adapter in PEFT's layout, or none of the base model in `base`; empty
    when nothing speaks against it."""
    if not folder.is_dir():
        return "there is no such folder"
    if not (folder / _CONFIG).is_file():
        return _other_content(folder)
    settings = adapter_settings(folder)
    if not settings:
        return f"its {_CONFIG} cannot be read"
    if settings.get("peft_type") != "LORA":
        return f"it is of PEFT's type {settings.get('peft_type')}, not LORA"
    if not any((folder / name).is_file() for name in _WEIGHTS):
        return f"it has no {_WEIGHTS[0]}"
    if not (folder / _WEIGHTS[0]).is_file():
        return ""  # pickled weights: their shapes show when they are loaded
    try:
        shapes = tensor_shapes(folder / _WEIGHTS[0])
        return _misfit(shapes, _shapes_of(base)) if base is not None else ""
    except ModelUnavailable as error:
        return error.message


def _other_content(folder: Path) -> str:
    if (folder / "config.json").is_file():
        return "it holds a whole model; name it as base_model"
    if (folder / "adapter" / _CONFIG).is_file():
        return f"the adapter is in its folder {folder / 'adapter'}"
    return f"it has no {_CONFIG}"


def _shapes_of(base: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the base model's weights; empty where they are not as the model computes."""
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    if "quantization_config" in config:
        return {}
    found: dict[str, tuple[int, ...]] = {}
    for name in model_files(path.name for path in base.iterdir()):
        if name.endswith(".safetensors"):
            found |= tensor_shapes(base / name)
    return found


def _misfit(shapes: dict[str, tuple[int, ...]], base: dict[str, tuple[int, ...]]) -> str:
    layers = _layers(base)
    for key, shape in shapes.items():
        name, _, part = key.removeprefix("base_model.model.").partition(".lora_")
        adapted = base.get(f"{name}.weight" if part else name)
        if layers and _layers([key]) > layers:
            return f"it adapts layer {_layers([key])}, and the base model has {layers}"
        if adapted is None or len(shape) != 2:
            continue
        sides = {"A": shape[1:], "B": shape[:1], "e": ()}.get(part[:1], shape)
        if not set(sides) <= set(adapted):
            return f"{name} has the shape {_shown(adapted)} in the base model, and other in it"
    return ""


def _layers(names: Any) -> int:
    """How many layers the names tell of."""
    numbers = [int(found[1]) for name in names if (found := _LAYER.search(f".{name}"))]
    return max(numbers, default=-1) + 1


def _shown(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
