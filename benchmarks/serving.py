"""What answering many people at once gains: one by one against continuous batching.

Run `python benchmarks/serving.py`; it takes some minutes. It serves the embedded model from a
process of its own, with two adapters beside it, and asks as many questions at once as stand in the
first column. "One by one" is the same server with room for a single row: what comes next waits.
"""

from __future__ import annotations

import argparse
import json
import queue
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from loresmith.models.base import Sampling
from loresmith.models.base_models import resolve_base_model
from loresmith.models.hosting import Failed, Finished, Hosts, Piece, Question, Weights
from loresmith.records import Message
from loresmith.settings import load_settings

_PROMPTS = (
    "Explain why harbours are dredged.",
    "Write three sentences about the tide.",
    "What does a harbour master do all day?",
    "Name some goods that travel in bulk, and say why.",
)


class Measured(NamedTuple):
    """What one round of questions took."""

    tokens_a_second: float
    tokens_a_cpu_second: float
    """What a busy machine does not change: for each second that the model's process computed."""
    first_word: float
    """Seconds until the first text, the median."""
    last_word: float
    """Seconds until the last reply ended."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--base-model", default="embedded")
    options.add_argument("--tokens", type=int, default=64, help="Longest reply.")
    options.add_argument("--at-once", type=int, nargs="+", default=[1, 4, 16])
    chosen = options.parse_args()
    base = resolve_base_model(chosen.base_model, load_settings())
    with tempfile.TemporaryDirectory() as folder:
        adapters = [_adapter(base, Path(folder) / name) for name in ("one", "two")]
        print(
            "| questions at once | who answers | way | tokens/s | first word (s) | all done (s) |"
        )
        print("|---:|---|---|---:|---:|---:|---:|")
        for who, weights in (
            ("base", [Weights(base)]),
            ("base + 2 adapters", [Weights(base), *(Weights(base, one) for one in adapters)]),
        ):
            for way, limit in (("one by one", 1), ("batched", 64)):
                _round_of(who, way, weights, limit, chosen)


def _round_of(
    who: str, way: str, weights: Sequence[Weights], limit: int, chosen: argparse.Namespace
) -> None:
    hosts = Hosts(max_rows=limit)
    try:
        for one in weights:
            hosts.load(one)
        _ask(hosts, weights, 1, chosen.tokens)  # what is slow only the first time
        for count in chosen.at_once:
            measured = _ask(hosts, weights, count, chosen.tokens)
            print(
                f"| {count} | {who} | {way} | {measured.tokens_a_second:.1f} "
                f"| {measured.tokens_a_cpu_second:.1f} | {measured.first_word:.2f} "
                f"| {measured.last_word:.1f} |",
                flush=True,
            )
    finally:
        hosts.close()


def _ask(hosts: Hosts, weights: Sequence[Weights], count: int, tokens_each: int) -> Measured:
    """`count` questions at the same moment, spread over `weights`."""
    heard: queue.Queue[tuple[int, float, Piece | Finished | Failed]] = queue.Queue()
    started, computed = time.monotonic(), _computed()
    for number in range(count):

        def hear(told: Piece | Finished | Failed, number: int = number) -> None:
            heard.put((number, time.monotonic() - started, told))

        messages = (Message(role="user", content=_PROMPTS[number % len(_PROMPTS)]),)
        sampling = Sampling(temperature=0.8, max_tokens=tokens_each, seed=number)
        question = Question(messages=messages, sampling=sampling)
        hosts.ask(weights[number % len(weights)], question, hear)
    first: dict[int, float] = {}
    tokens, ended, last = 0, 0, 0.0
    while ended < count:
        number, at, told = heard.get()
        if isinstance(told, Failed):
            raise told.error()
        first.setdefault(number, at)
        if isinstance(told, Finished):
            tokens, ended, last = tokens + told.usage.completion_tokens, ended + 1, at
    computed = _computed() - computed
    return Measured(tokens / last, tokens / computed, statistics.median(first.values()), last)


def _computed() -> float:
    """CPU seconds of the models' processes so far."""
    times = [child.cpu_times() for child in psutil.Process().children()]
    return sum(one.user + one.system for one in times)


def _adapter(base: Path, folder: Path) -> Path:
    """A LoRA adapter of rank 16 with random weights: it costs what a trained one does."""
    import torch
    from peft import LoraConfig, get_peft_model

    from loresmith.devices import detect_device
    from loresmith.models.loading import load_base

    loaded = load_base(base, device=detect_device("cpu"))
    tuned = get_peft_model(
        loaded.model,
        LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.002)
    tuned.save_pretrained(str(folder), save_embedding_layers=False)
    assert json.loads((folder / "adapter_config.json").read_text())["peft_type"] == "LORA"
    return folder


if __name__ == "__main__":
    main()
