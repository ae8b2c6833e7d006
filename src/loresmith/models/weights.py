"""Why: which files make up a model, and how big it is, can be told without loading it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

from loresmith.errors import ModelUnavailable
from loresmith.models.base_model_facts import BaseModelFacts, free_bytes

_BESIDE_THE_WEIGHTS = (".json", ".txt", ".model", ".jinja", ".tiktoken", ".py")
_LONGEST_HEADER = 100_000_000  # bytes; the limit of the safetensors format


def describe_folder(folder: Path, *, name: str) -> BaseModelFacts:
    """The facts of a model in a local folder. Raises ModelUnavailable when it holds none."""
    if not folder.is_dir():
        raise ModelUnavailable(
            f"the base model {name!r} is not there: no such folder",
            hint="Correct the path, or name a model of a hub.",
        )
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        raise ModelUnavailable(
            f"{folder} holds an adapter, not a base model",
            hint="Name the base model that the adapter was trained on.",
        )
    if not (folder / "config.json").is_file() or not has_all_weights(folder):
        raise ModelUnavailable(
            f"{folder} holds no base model: it needs config.json and all its *.safetensors",
            hint="Give a folder in Hugging Face's layout.",
        )
    return BaseModelFacts(
        name=name,
        source="folder",
        folder=folder,
        parameters=_count_parameters(folder),
        bytes_to_download=0,
        bytes_free=free_bytes(folder),
    )


def has_all_weights(folder: Path) -> bool:
    """Whether weights are there, and with them every shard that an index names."""
    here = {path.name for path in folder.iterdir()}
    try:
        for index in folder.glob("*.index.json"):
            shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
            if not here.issuperset(shards):
                return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return bool(model_files(here))


def model_files(names: Iterable[str]) -> list[str]:
    """Of a repository's files, those that make up the model; empty when there are no weights.

    Safetensors are preferred to pickled weights; subfolders (other formats, mostly) and Mistral's
    second copy of its weights are left out.
    """
    top = sorted(name for name in names if "/" not in name and "\\" not in name)
    weights = [n for n in top if n.endswith(".safetensors") and not n.startswith("consolidated")]
    weights = weights or [n for n in top if n.startswith("pytorch_model") and n.endswith(".bin")]
    licences = [n for n in top if n.lower().startswith(("license", "licence", "notice"))]
    beside = [n for n in top if n.endswith(_BESIDE_THE_WEIGHTS) and n not in licences]
    return [*weights, *beside, *licences] if weights else []


def stored_dtype(folder: Path) -> str:
    """The number format that the weights in a model's folder are in, such as `bfloat16`."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return str(config.get("dtype") or config.get("torch_dtype") or "float32")
    except (OSError, ValueError, AttributeError):
        return "float32"


def _count_parameters(folder: Path) -> int | None:
    """The sum over the headers of all safetensors files; None for other weights."""
    files = [folder / n for n in model_files(p.name for p in folder.iterdir())]
    counts = [
        sum(math.prod(shape) for shape in tensor_shapes(file).values())
        for file in files
        if file.suffix == ".safetensors"
    ]
    return sum(counts) if counts else None


def tensor_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a safetensors file's tensors by name, read from its header alone.

    The format: 8 bytes of header length (little-endian), the header as JSON, the numbers. Raises
    ModelUnavailable when the file is damaged.
    """
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(min(length, _LONGEST_HEADER)))
        tensors = {key: entry for key, entry in header.items() if key != "__metadata__"}
        end = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
        whole = file.stat().st_size == 8 + length + end
        shapes = {key: tuple(map(int, entry["shape"])) for key, entry in tensors.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise ModelUnavailable(
            f"the weights in {file} are damaged or incomplete", hint="Fetch the model again."
        )
    return shapes
