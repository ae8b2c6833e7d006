"""What answering many clients at once gains, measured through `/v1/chat/completions`.

    python benchmarks/serving.py [--base-model embedded] [--at-once 1 8 16] [--requests 32]

Starts `loresmith serve` over a project with two trained runs (adapters of rank 16 with random
weights, which cost what trained ones do) and asks it as many questions as `--requests` says, so
many of them at once as stands in the first column: each client asks its next question when its
answer has ended. With one at once, nobody shares a batch with anybody: that is what the others are
compared with. Answers are streamed and at most 64 tokens long; the same questions with the same
seeds are asked in each line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil

from loresmith.models.base_models import resolve_base_model
from loresmith.settings import load_settings

_PROMPTS = (
    "Explain why harbours are dredged.",
    "Write three sentences about the tide.",
    "What does a harbour master do all day?",
    "Name some goods that travel in bulk, and say why.",
)
_START = "from loresmith.cli import main; main()"
_DONE = "[DONE]"


class Answered(NamedTuple):
    """What one request took, in seconds, and gave."""

    first_word: float
    whole: float
    tokens: int


class Measured(NamedTuple):
    """What all requests of a line took."""

    requests_a_second: float
    tokens_a_second: float
    tokens_a_cpu_second: float
    """For each second that the model's process computed: what a busy machine changes least."""
    first_word: float
    """Seconds until the first text, the median."""
    slowest: float
    """Seconds of the slowest request."""


def main() -> None:
    """Prints a table, in the form that docs/benchmarks.md holds."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--base-model", default="embedded")
    options.add_argument("--tokens", type=int, default=64, help="Longest reply.")
    options.add_argument("--requests", type=int, default=32, help="Questions of a line.")
    options.add_argument("--at-once", type=int, nargs="+", default=[1, 8, 16])
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder), chosen.base_model) as url:
        base, *runs = _models(url)
        print("| at once | who answers | requests/s | tokens/s | gain | tokens/CPU s ", end="")
        print("| first word (s) | slowest (s) |\n|---:|---|---:|---:|---:|---:|---:|---:|")
        for who, models in (("base", [base]), ("base + 2 adapters", [base, *runs])):
            alone: Measured | None = None
            for count in chosen.at_once:
                asked = [models[number % len(models)] for number in range(chosen.requests)]
                one = asyncio.run(_round(url, asked, count, chosen.tokens))
                alone = alone or one
                gain = one.tokens_a_second / alone.tokens_a_second
                print(
                    f"| {count} | {who} | {one.requests_a_second:.2f} | {one.tokens_a_second:.1f} "
                    f"| {gain:.1f} | {one.tokens_a_cpu_second:.1f} | {one.first_word:.2f} "
                    f"| {one.slowest:.1f} |",
                    flush=True,
                )


async def _round(url: str, models: Sequence[str], at_once: int, tokens: int) -> Measured:
    """One request to each of `models`, in order, `at_once` of them at a time."""
    waiting = asyncio.Queue[tuple[int, str]]()
    for numbered in enumerate(models):
        waiting.put_nowait(numbered)
    answers: list[Answered] = []
    async with httpx.AsyncClient(base_url=url, timeout=None, trust_env=False) as client:
        for model in dict.fromkeys(models):  # what is slow only the first time
            await _ask(client, model, 0, 1)

        async def keep_asking() -> None:
            while not waiting.empty():
                number, model = waiting.get_nowait()
                answers.append(await _ask(client, model, number, tokens))

        began, computed = time.monotonic(), _computed()
        await asyncio.gather(*(keep_asking() for _ in range(at_once)))
        seconds, computed = time.monotonic() - began, _computed() - computed
    written = sum(answer.tokens for answer in answers)
    return Measured(
        len(answers) / seconds,
        written / seconds,
        written / computed,
        statistics.median(answer.first_word for answer in answers),
        max(answer.whole for answer in answers),
    )


async def _ask(client: httpx.AsyncClient, model: str, number: int, tokens: int) -> Answered:
    asked = {
        "model": model,
        "messages": [{"role": "user", "content": _PROMPTS[number % len(_PROMPTS)]}],
        "temperature": 0.8,
        "seed": number,
        "max_tokens": tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    began = time.monotonic()
    first, written = 0.0, 0
    async with client.stream("POST", "/v1/chat/completions", json=asked) as reply:
        if reply.status_code != 200:
            raise SystemExit((await reply.aread()).decode())
        async for line in reply.aiter_lines():
            if not line.startswith("data: ") or line.endswith(_DONE):
                continue
            chunk = json.loads(line.removeprefix("data: "))
            if chunk["usage"]:
                written = chunk["usage"]["completion_tokens"]
            elif chunk["choices"][0]["delta"].get("content"):
                first = first or time.monotonic() - began
    return Answered(first, time.monotonic() - began, written)


@contextmanager
def _served(folder: Path, base_model: str) -> Iterator[str]:
    """The address of a server with its own home, which takes this machine's models."""
    settings = load_settings()
    base = resolve_base_model(base_model, settings)
    home = folder / "home"
    home.mkdir()
    (home / "models").symlink_to(settings.home / "models")
    project = _project(folder / "harbor", base_model, base)
    server = subprocess.Popen(
        [sys.executable, "-c", _START, "serve", str(project), "--port", "0"],
        env={**os.environ, "LORESMITH_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[4].removesuffix("/api/v1")
    finally:
        server.terminate()
        server.wait(20)


def _project(folder: Path, base_model: str, weights: Path) -> Path:
    """A project that looks as if two runs had been trained in it."""
    for name in ("one", "two"):
        run = folder / "runs" / name
        _write_adapter(weights, run / "adapter")
        note = {"id": name, "base_model": base_model}
        (run / "run.json").write_text(json.dumps(note), encoding="utf-8")
    (folder / "loresmith.yaml").write_text(f"base_model: {base_model}\n", encoding="utf-8")
    return folder


def _write_adapter(base: Path, folder: Path) -> None:
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


def _models(url: str) -> list[str]:
    """The project's base, then its runs."""
    found = httpx.get(f"{url}/v1/models", trust_env=False).json()["data"]
    ids = [str(model["id"]) for model in found]
    tuned = [id for id in ids if id.startswith("harbor/")]
    return [next(id for id in reversed(ids) if id not in tuned), *tuned]


def _computed() -> float:
    """CPU seconds of the processes that hold models, so far."""
    below = psutil.Process().children(recursive=True)
    times = [one.cpu_times() for one in below if "hosting.child" in " ".join(one.cmdline())]
    return sum(one.user + one.system for one in times)


if __name__ == "__main__":
    main()
