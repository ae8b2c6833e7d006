"""LLaMA Factory itself, in an environment of its own: what it makes of a dataset folder is proof.

`LORESMITH_TEST_LLAMA_FACTORY` may name a virtual environment that has it; without, the newest that
the package index has is installed (minutes, and some gigabytes).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.records import Message

_SETTINGS: dict[str, Any] = {
    "stage": "sft",
    "do_train": True,
    "do_eval": True,
    "finetuning_type": "lora",
    "cutoff_len": 1024,
    "overwrite_cache": True,
    "max_steps": 3,
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "report_to": "none",
    "use_cpu": True,
}

_DUMP_ROWS = """
import json, sys
from datasets import load_from_disk
for split, rows in load_from_disk(sys.argv[1]).items():
    for row in rows:
        print(json.dumps([split, row["input_ids"], row["labels"]]))
"""

_DUMP_CONVERTED = """
import json, pathlib, sys
from types import SimpleNamespace
from llamafactory.data.converter import get_dataset_converter
from llamafactory.data.parser import get_dataset_list
folder = sys.argv[1]
info = json.loads((pathlib.Path(folder) / "dataset_info.json").read_text("utf-8"))
for name, attributes in zip(info, get_dataset_list(list(info), folder)):
    convert = get_dataset_converter(attributes.formatting, attributes, SimpleNamespace())
    text = (pathlib.Path(folder) / info[name]["file_name"]).read_text("utf-8")
    for row in json.loads(text):
        made = convert(row)
        print("row " + json.dumps([name, made["_system"], made["_prompt"], made["_response"]]))
"""

_DUMP_LOADED = """
import json, pathlib, sys
from types import SimpleNamespace
from llamafactory.data.loader import _load_single_dataset
from llamafactory.data.parser import get_dataset_list
from llamafactory.hparams import DataArguments, ModelArguments
folder = sys.argv[1]
info = json.loads((pathlib.Path(folder) / "dataset_info.json").read_text("utf-8"))
data = DataArguments(dataset_dir=folder, overwrite_cache=True)
model = ModelArguments(model_name_or_path="none", cache_dir=sys.argv[2])
training = SimpleNamespace(local_process_index=0, dataloader_num_workers=0)
for name, attributes in zip(info, get_dataset_list(list(info), folder)):
    for row in _load_single_dataset(attributes, model, data, training):
        print("row " + json.dumps([name, row["_system"], row["_prompt"], row["_response"]]))
"""

_REMOVE_COMPILED_PART = """
import importlib.util, pathlib
folder = pathlib.Path(importlib.util.find_spec("torchaudio").origin).parent
for library in folder.glob("lib/*.so"):
    library.unlink()
"""

_WRITE_CHATS = """
import copy, json, sys
from transformers import AutoTokenizer
from llamafactory.data.template import TEMPLATES
written = {}
for name, folder in json.loads(sys.argv[1]).items():
    if name not in TEMPLATES:
        continue
    template, tokenizer = copy.deepcopy(TEMPLATES[name]), AutoTokenizer.from_pretrained(folder)
    template.fix_special_tokens(tokenizer)
    written[name] = []
    for talk in json.loads(sys.argv[2]):
        system = talk[0]["content"] if talk[0]["role"] == "system" else None
        tools = sys.argv[3] or None
        pairs = template.encode_multiturn(tokenizer, talk[1:] if system else talk, system, tools)
        written[name].append([[tokenizer.decode(part) for part in pair] for pair in pairs])
print("\\n" + json.dumps(written))
"""


class ConvertedRow(NamedTuple):
    """A row of a file as its converter understands it: none of a row that it leaves out."""

    dataset: str
    system: str
    prompt: list[dict[str, str]]
    response: list[dict[str, str]]


IGNORED = -100
"""LLaMA Factory's label of a token that is read and not learned."""


class SeenRow(NamedTuple):
    """A row as its trainer gets it."""

    input_ids: list[int]
    labels: list[int]


class LlamaFactoryRun(NamedTuple):
    """What a training left behind."""

    train: list[SeenRow]
    validation: list[SeenRow]
    results: dict[str, float]
    output: Path
    log: str


class LlamaFactory:
    """The `llamafactory-cli` of one virtual environment."""

    def __init__(self, environment: Path) -> None:
        self._bin = environment / "bin"

    @classmethod
    def found_or_installed(cls, scratch: Path) -> LlamaFactory:
        """The one that the environment names, else a new one below `scratch`."""
        named = os.environ.get("LORESMITH_TEST_LLAMA_FACTORY")
        return cls(Path(named)) if named else cls._installed(scratch / "llama-factory")

    @property
    def version(self) -> str:
        show = "from importlib.metadata import version; print(version('llamafactory'))"
        return self._python("-c", show).strip()

    def train(
        self, folder: Path, dataset: str, eval_dataset: str, *, base: Path, scratch: Path
    ) -> LlamaFactoryRun:
        """A few steps on an entry of `folder`'s dataset_info.json, as its users start them."""
        scratch.mkdir(parents=True)
        output, tokenized, settings = scratch / "out", scratch / "rows", scratch / "sft.yaml"
        where = {
            "model_name_or_path": str(base),
            "dataset_dir": str(folder),
            "dataset": dataset,
            "eval_dataset": eval_dataset,
            "tokenized_path": str(tokenized),
            "output_dir": str(output),
        }
        # JSON is YAML in which the brackets of a dataset's name are quoted.
        settings.write_text(json.dumps({**_SETTINGS, **where}), encoding="utf-8")
        quiet = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(scratch / "hub"), "OMP_NUM_THREADS": "1"}
        log = "".join(_run(self._bin / "llamafactory-cli", "train", settings, **quiet))
        rows: dict[str, list[SeenRow]] = {"train": [], "validation": []}
        for line in self._python("-c", _DUMP_ROWS, tokenized).splitlines():
            split, input_ids, labels = json.loads(line)
            rows[split].append(SeenRow(input_ids, labels))
        results = json.loads((output / "all_results.json").read_text("utf-8"))
        return LlamaFactoryRun(rows["train"], rows["validation"], results, output, log)

    def converted(self, folder: Path) -> list[ConvertedRow]:
        """What it makes of all rows of all datasets of `folder`, which are JSON lists."""
        lines = self._python("-c", _DUMP_CONVERTED, folder).splitlines()
        rows = [json.loads(line[4:]) for line in lines if line.startswith("row ")]
        return [ConvertedRow(*row) for row in rows]

    def loaded(self, folder: Path, *, cache: Path) -> list[ConvertedRow]:
        """The rows of all datasets of `folder`, of whatever kind of file, by its own loader."""
        lines = self._python("-c", _DUMP_LOADED, folder, cache).splitlines()
        return [ConvertedRow(*json.loads(line[4:])) for line in lines if line.startswith("row ")]

    def written(
        self,
        tokenizers: Mapping[str, Path],
        talks: Sequence[Sequence[Message]],
        *,
        tools: str = "",
    ) -> dict[str, list[list[tuple[str, str]]]]:
        """Each conversation by each template that it has: for each turn what is read and what is
        learned, as text."""
        folders = json.dumps({name: str(folder) for name, folder in tokenizers.items()})
        plain = json.dumps([[_its_turn(message) for message in talk] for talk in talks])
        lines = self._python("-c", _WRITE_CHATS, folders, plain, tools).splitlines()
        found = json.loads(lines[-1])
        return {
            name: [[(read, learned) for read, learned in talk] for talk in chats]
            for name, chats in found.items()
        }

    @classmethod
    def _installed(cls, environment: Path) -> LlamaFactory:
        """With the torch of this environment, so that a CPU box is not filled with CUDA's."""
        _run(sys.executable, "-m", "venv", environment)
        made = cls(environment)
        torch = f"torch=={version('torch').partition('+')[0]}"
        constraint = environment / "constraints.txt"
        constraint.write_text(f"{torch}\n", encoding="utf-8")
        made._python("-m", "pip", "install", "--quiet", torch)
        made._python("-m", "pip", "install", "--quiet", "llamafactory", "-c", constraint)
        made._suit_to_torch()
        return made

    def _suit_to_torch(self) -> None:
        """A CPU build of torch cannot load the CUDA builds of torchvision and torchaudio.

        Text needs neither. Transformers does without torchvision; LLaMA Factory imports torchaudio
        in any case, and that does without its compiled part if it is not there.
        """
        if not self._imports("torchvision"):
            self._python("-m", "pip", "uninstall", "--quiet", "--yes", "torchvision")
        if not self._imports("torchaudio"):
            self._python("-c", _REMOVE_COMPILED_PART)

    def _imports(self, module: str) -> bool:
        command = [self._bin / "python", "-c", f"import {module}"]
        return subprocess.run(command, capture_output=True).returncode == 0

    def _python(self, *words: str | Path) -> str:
        return _run(self._bin / "python", *words).out


def _its_turn(message: Message) -> dict[str, str]:
    """A message under the roles that it has; its calls are JSON."""
    if message.role == "tool":
        return {"role": "observation", "content": message.content}
    if not message.tool_calls:
        return {"role": message.role, "content": message.content}
    calls = [
        {"name": call.name, "arguments": json.loads(call.arguments)} for call in message.tool_calls
    ]
    return {"role": "function", "content": message.content + json.dumps(calls, ensure_ascii=False)}


class _Said(NamedTuple):
    out: str
    err: str


def _run(*words: str | Path, **changes: str) -> _Said:
    """What the command says; an AssertionError with the end of it where it fails."""
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **changes},
    )
    assert done.returncode == 0, f"{words[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}"
    return _Said(done.stdout, done.stderr)
