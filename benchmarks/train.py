"""How fast a LoRA training is: ours, LLaMA Factory's and transformers' Trainer, side by side.

    python benchmarks/train.py --llama-factory VENV [--steps 20] [--rounds 3] [--runs ours,lf]

All train the same rows (made here, English and Chinese, 30 to 200 tokens) in the same order, on the
same base model (the embedded one, unless --base names another), from the same first adapter (rank
16 on all linear layers), with the same chat template, learning rate and seed, eight rows a step.
Rounds are interleaved, so that what else the machine does weighs on all alike; ratios are taken
within a round. LLaMA Factory needs an environment of its own, made with

    python -m venv VENV
    VENV/bin/pip install torch==2.13.0
    VENV/bin/pip install llamafactory==0.9.5

(on a machine without a card, take torch from https://download.pytorch.org/whl/cpu, and uninstall
torchvision if it does not import); without it, its runs are left out. --quick is a smoke test.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.devices import Device, detect_device
from loresmith.models.base_models import resolve_base_model
from loresmith.models.chat_templates import template_text
from loresmith.models.templates import ChatTemplate
from loresmith.records import Message
from loresmith.settings import load_settings
from loresmith.training.order import Order

HERE = Path(__file__).resolve().parent / "train_runs"
SEED = 11
ROWS_A_STEP = 8
RATE = 2e-4
TEMPLATE = "llama2"  # both write it alike and learn the same tokens: nothing after a reply's end


class Setup(NamedTuple):
    """What all runs have in common."""

    base: Path
    base_fp32: Path
    """The same weights in fp32: LLaMA Factory computes in what a model is written in."""
    adapter: Path
    rows: list[dict[str, str]]
    """In the order in which our run shuffles them: with that, `in_order` is what is trained."""
    in_order: list[dict[str, str]]
    tokens: list[dict[str, list[int]]]
    """Of `in_order`."""
    steps: int
    threads: int
    device: Device
    llama_factory: Path | None

    @property
    def on_gpu(self) -> bool:
        return self.device.torch_device != "cpu"

    @property
    def half(self) -> bool:
        return self.device.bf16


class Measured(NamedTuple):
    """One run of one round."""

    cpu_seconds: float
    """Of the whole process, its children and its start included."""
    seconds: float
    peak_bytes: int
    steps: list[dict[str, float]]

    def tokens_a_second(self, tokens: int, on_gpu: bool) -> float:
        return tokens / (self.seconds if on_gpu else self.cpu_seconds)

    def tokens_a_second_in_steps(self, tokens: int, on_gpu: bool) -> float:
        """After the first step: what a long training comes near to."""
        clock = "seconds" if on_gpu else "cpu_seconds"
        first, last = self.steps[0][clock], self.steps[-1][clock]
        share = (len(self.steps) - 1) / len(self.steps)
        return tokens * share / max(last - first, 1e-9)


def main() -> None:
    chosen = _arguments()
    device = detect_device()
    base = chosen.base or resolve_base_model(
        "embedded", load_settings(), on_progress=lambda words: print(words, file=sys.stderr)
    )
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        setup = _setup(chosen, base.absolute(), device, scratch)
        names = chosen.runs.split(",")
        if setup.llama_factory is None:
            names = [name for name in names if not name.startswith("lf")]
        found: dict[str, list[Measured]] = {name: [] for name in names}
        for number in range(chosen.rounds):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
                found[name].append(_measure(name, setup, scratch / f"{number}-{len(found[name])}"))
        _report(setup, found, chosen.output)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--base", type=Path, help="folder of another base model")
    parser.add_argument("--runs", default=",".join(RUNS), help="which, by name, parted by commas")
    parser.add_argument("--output", type=Path, default=Path("train.json"))
    named = os.environ.get("LORESMITH_TEST_LLAMA_FACTORY")
    parser.add_argument("--llama-factory", type=Path, default=Path(named) if named else None)
    parser.add_argument("--quick", action="store_true", help="3 steps, 1 round, our runs alone")
    chosen = parser.parse_args()
    if unknown := set(chosen.runs.split(",")) - RUNS.keys():
        parser.error(f"no such run: {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}")
    if chosen.quick:
        chosen.steps, chosen.rounds, chosen.llama_factory = 3, 1, None
    return chosen


def _setup(chosen: argparse.Namespace, base: Path, device: Device, scratch: Path) -> Setup:
    from transformers import AutoTokenizer

    template = ChatTemplate(AutoTokenizer.from_pretrained(base), template_text(TEMPLATE))
    made = [_row(template, random.Random(f"{SEED}/{n}")) for n in range(chosen.steps * ROWS_A_STEP)]
    rows = [row for row, _ in made]
    order: Any = Order(range(len(rows)), steps_per_epoch=chosen.steps, seed=SEED)  # type: ignore[arg-type]
    places = [place for step in range(chosen.steps) for place in order.rows_of_step(step)]
    adapter, fp32 = scratch / "first-adapter", scratch / "fp32"
    made_of = [str(base), str(adapter), str(fp32)]
    subprocess.run([sys.executable, "-c", _MAKE_ADAPTER, *made_of], check=True)
    return Setup(
        base=base,
        base_fp32=fp32,
        adapter=adapter,
        rows=rows,
        in_order=[rows[place] for place in places],
        tokens=[made[place][1] for place in places],
        steps=chosen.steps,
        threads=chosen.threads,
        device=device,
        llama_factory=chosen.llama_factory,
    )


_MAKE_ADAPTER = f"""
import sys, torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer
torch.manual_seed({SEED})
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
AutoTokenizer.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[3])
model.save_pretrained(sys.argv[3])
settings = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
get_peft_model(model, settings).save_pretrained(sys.argv[2])
"""

_PLACES = ("Calder Reach", "Lantern Quay", "澜屿渔港", "Hask Yard", "云杉码头", "Sorrel Point")
_ENGLISH = (
    "The {place} yard moved {n} thousand tonnes in its {m}th year.",
    "Nobody at {place} had asked for the crane that came on day {n}.",
    "Its keeper counts {n} lamps, of which {m} burn through the night.",
    "In spring the tide at {place} stands {m} hands above the old mark.",
)
_CHINESE = (
    "{place}第{m}年吞吐量为{n}千吨。",
    "第{n}天，{place}的吊机才运到。",
    "守灯人数过{n}盏灯，其中{m}盏彻夜不灭。",
    "春天的潮水比{place}旧标记高出{m}掌。",
)


def _row(
    template: ChatTemplate, chance: random.Random
) -> tuple[dict[str, str], dict[str, list[int]]]:
    """One row, and its tokens with labels: as many sentences as bring it to its length."""
    wanted = chance.randint(30, 200)
    place, sentences = chance.choice(_PLACES), chance.choice((_ENGLISH, _CHINESE))
    row = {"instruction": "谁在那里？" if sentences is _CHINESE else "Who was there?", "output": ""}
    best: tuple[dict[str, str], dict[str, list[int]]] | None = None
    while True:
        text = chance.choice(sentences).format(
            place=place, n=chance.randint(2, 999), m=chance.randint(2, 99)
        )
        part = "instruction" if chance.random() < 0.3 else "output"
        row = row | {part: f"{row[part]} {text}".strip()}
        if not row["output"]:
            continue
        turns = (
            Message(role="user", content=row["instruction"]),
            Message(role="assistant", content=row["output"]),
        )
        ids, learned = template.encode_example(turns)
        if best is not None and len(ids) > wanted:
            return best
        labels = [token if mark else -100 for token, mark in zip(ids, learned, strict=True)]
        best = row, {"input_ids": ids, "labels": labels}


def _ours(setup: Setup, folder: Path, *, half: bool, packing: str) -> list[str]:
    settings = {
        "adapters": [str(setup.adapter)],
        "learning_rate": RATE,
        "scheduler": "constant",
        "warmup_steps": 0,
        "num_epochs": 1,
        "batch_size": ROWS_A_STEP,
        "chat_template": TEMPLATE,
        "packing": packing,
        "precision": "bf16" if half else "fp32",
        "checkpoint_seconds": 86_400,
    }
    shared = {"rows": setup.rows, "base": str(setup.base), "seed": SEED, "threads": setup.threads}
    spec = _spec(folder, settings=settings, folder=str(folder / "run"), **shared)
    return [sys.executable, str(HERE / "ours.py"), spec]


def _llama_factory(setup: Setup, folder: Path, **changes: Any) -> list[str]:
    data = folder / "data"
    data.mkdir()
    rows = [{"input": "", **row} for row in setup.in_order]
    (data / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    (data / "dataset_info.json").write_text('{"rows": {"file_name": "rows.json"}}', "utf-8")
    settings = {
        "model_name_or_path": str(setup.base),
        "adapter_name_or_path": str(setup.adapter),
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": 16,
        "lora_target": "all",
        "dataset": "rows",
        "dataset_dir": str(data),
        "template": TEMPLATE,
        "disable_shuffling": True,
        "output_dir": str(folder / "run"),
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 4,
        "learning_rate": RATE,
        "lr_scheduler_type": "constant",
        "num_train_epochs": 1.0,
        "logging_steps": 1,
        "report_to": "none",
        "seed": SEED,
        **changes,
    }
    assert setup.llama_factory is not None  # these runs are left out without it
    python = str(setup.llama_factory / "bin" / "python")
    return [python, str(HERE / "llama_factory.py"), _spec(folder, settings=settings)]


def _trainer(setup: Setup, folder: Path) -> list[str]:
    settings = {
        "output_dir": str(folder / "run"),
        "per_device_train_batch_size": ROWS_A_STEP,
        "learning_rate": RATE,
        "lr_scheduler_type": "constant",
        "num_train_epochs": 1,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": [],
        "seed": SEED,
        "bf16": setup.half,
        "use_cpu": not setup.on_gpu,
        "dataloader_pin_memory": False,
    }
    spec = _spec(
        folder,
        settings=settings,
        base=str(setup.base),
        adapter=str(setup.adapter),
        tokens=setup.tokens,
        threads=setup.threads,
        on_gpu=setup.on_gpu,
        dtype="bfloat16" if setup.half else "float32",
    )
    return [sys.executable, str(HERE / "trainer.py"), spec]


class Way(NamedTuple):
    """One way to train: its name in the table, and the command."""

    title: str
    command: Callable[[Setup, Path], list[str]]


def _neatly_packed(setup: Setup, folder: Path) -> list[str]:
    """A pack holds about as many tokens as eight rows: its number of steps differs a little."""
    packs = {"neat_packing": True, "cutoff_len": 1024}
    alone = {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 1}
    return _llama_factory(setup, folder, **_at_its_best(setup, **packs, **alone))


def _at_once(setup: Setup, folder: Path) -> list[str]:
    batch = {"per_device_train_batch_size": ROWS_A_STEP, "gradient_accumulation_steps": 1}
    return _llama_factory(setup, folder, **_at_its_best(setup, **batch))


def _at_its_best(setup: Setup, **more: Any) -> dict[str, Any]:
    half = {"bf16": True, "use_cpu": not setup.on_gpu} if setup.half else {}
    return {"disable_gradient_checkpointing": True, **half, **more}


RUNS: dict[str, Way] = {
    "ours": Way("Loresmith", lambda s, f: _ours(s, f, half=s.half, packing="auto")),
    "ours-fp32": Way(
        "Loresmith, fp32, unpacked", lambda s, f: _ours(s, f, half=False, packing="off")
    ),
    "lf": Way("LLaMA Factory, its defaults", _llama_factory),
    "lf-fp32": Way(
        "LLaMA Factory, its defaults, weights in fp32",
        lambda s, f: _llama_factory(s, f, model_name_or_path=str(s.base_fp32)),
    ),
    "lf-bf16": Way(
        "LLaMA Factory, bf16, no gradient checkpointing",
        lambda s, f: _llama_factory(s, f, **_at_its_best(s)),
    ),
    "lf-bf16-8": Way("LLaMA Factory, the same, 8 rows at once", _at_once),
    "lf-neat": Way("LLaMA Factory, the same, neat_packing", _neatly_packed),
    "trainer": Way("transformers' Trainer, packed, bf16", _trainer),
}


def _spec(place: Path, **content: Any) -> str:
    path = place / "spec.json"
    told = {**content, "output": str(place / "measured.json"), "started": 0.0}
    path.write_text(json.dumps(told), encoding="utf-8")
    return str(path)


def _measure(name: str, setup: Setup, folder: Path) -> Measured:
    folder = folder.with_name(f"{folder.name}-{list(RUNS).index(name)}")
    folder.mkdir()
    command = RUNS[name].command(setup, folder)
    spec = Path(command[-1])
    began = time.time()
    told = {**json.loads(spec.read_text(encoding="utf-8")), "started": began}
    spec.write_text(json.dumps(told), encoding="utf-8")
    with (folder / "log.txt").open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, env=_environment(setup))
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        end = (folder / "log.txt").read_text(encoding="utf-8", errors="replace")[-3000:]
        raise SystemExit(f"{name} failed:\n{end}")
    noted = json.loads((folder / "measured.json").read_text(encoding="utf-8"))
    return Measured(
        cpu_seconds=used.ru_utime + used.ru_stime,
        seconds=time.time() - began,
        peak_bytes=used.ru_maxrss * 1024,
        steps=noted["steps"],
    )


def _environment(setup: Setup) -> dict[str, str]:
    quiet = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(setup.threads), "TQDM_DISABLE": "1"}
    return {**os.environ, **quiet, "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}


def _report(setup: Setup, found: dict[str, list[Measured]], output: Path) -> None:
    tokens = sum(len(row["input_ids"]) for row in setup.tokens)
    speeds = {
        name: [one.tokens_a_second(tokens, setup.on_gpu) for one in runs]
        for name, runs in found.items()
    }
    unit = "second" if setup.on_gpu else "CPU-second"
    print(
        f"\n{tokens:,} useful tokens in {setup.steps} steps of {ROWS_A_STEP} rows, "
        f"{setup.threads} thread(s), {setup.device.name}; median of "
        f"{len(next(iter(found.values())))} interleaved rounds\n"
    )
    print(
        f"| run | useful tokens a {unit}, whole process | after the first step | peak memory "
        "| start to first step | ours is faster by | loss, first and last | gradient norm, mean |"
    )
    print("|---|---:|---:|---:|---:|---:|---|---:|")
    for name, runs in found.items():
        print(_line(name, runs, speeds, tokens, setup))
    _compare_losses(found)
    if not setup.on_gpu:
        _say_ceiling(setup, tokens)
    output.write_text(json.dumps(_as_json(setup, found, tokens), indent=1), encoding="utf-8")
    print(f"\nAll figures: {output}", file=sys.stderr)


def _line(
    name: str,
    runs: Sequence[Measured],
    speeds: dict[str, list[float]],
    tokens: int,
    setup: Setup,
) -> str:
    ours = speeds.get("ours", speeds[name])
    ratio = statistics.median(a / b for a, b in zip(ours, speeds[name], strict=True))
    later = statistics.median(one.tokens_a_second_in_steps(tokens, setup.on_gpu) for one in runs)
    losses = [step["loss"] for step in runs[0].steps]
    norms = [step["grad_norm"] for step in runs[0].steps]
    return (
        f"| {RUNS[name].title} | {statistics.median(speeds[name]):.1f} | {later:.1f} "
        f"| {statistics.median(one.peak_bytes for one in runs) / 1e9:.1f} GB "
        f"| {statistics.median(one.steps[0]['seconds'] for one in runs):.1f} s "
        f"| {ratio:.2f} | {losses[0]:.3f}, {losses[-1]:.3f} | {statistics.mean(norms):.2f} |"
    )


def _compare_losses(found: dict[str, list[Measured]]) -> None:
    """Says how far the losses of the same steps in fp32 are apart."""
    pair = [found.get(name) for name in ("ours-fp32", "lf-fp32")]
    if not all(pair):
        return
    one, other = ([step["loss"] for step in runs[0].steps] for runs in pair if runs)
    apart = max(abs(a - b) for a, b in zip(one, other, strict=True))
    print(
        f"\nLoss a step, fp32, unpacked, the same rows in the same order: ours and LLaMA Factory's "
        f"are at most {apart:.1e} apart over {len(one)} steps."
    )


def _say_ceiling(setup: Setup, tokens: int) -> None:
    """Says how fast this training could be if it were matrix products and nothing else."""
    import torch
    from peft import PeftModel
    from torch.nn import Linear
    from transformers import AutoModelForCausalLM

    dtype = torch.bfloat16 if setup.half else torch.float32
    torch.set_num_threads(setup.threads)
    base = AutoModelForCausalLM.from_pretrained(setup.base, dtype=dtype)
    head = base.get_output_embeddings().weight
    frozen = sum(m.weight.numel() for m in base.modules() if isinstance(m, Linear)) - head.numel()
    adapted = PeftModel.from_pretrained(base, setup.adapter, is_trainable=True)
    adapter = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    learned = sum(label != -100 for row in setup.tokens for label in row["labels"]) / tokens
    # A product forward, one back to its input; of what is learned one more.
    operations = 4 * frozen + 4 * head.numel() * learned + 6 * adapter
    rate = _products_a_second(base, dtype)
    print(
        f"\nThe matrix products of a token are {operations / 1e9:.2f} G operations. This machine "
        f"does {rate / 1e9:.0f} G a CPU-second ({setup.threads} thread(s), {dtype}, the model's "
        f"widest layer): {rate / operations:.0f} useful tokens, if a training were nothing else."
    )


def _products_a_second(model: Any, dtype: Any) -> float:
    """Operations a CPU-second of the model's widest layer: the best of three tries."""
    import torch
    from torch.nn import Linear

    layers = [m for m in model.modules() if type(m) is Linear]
    layers = [m for m in layers if m is not model.get_output_embeddings()]
    weight = max(layers, key=lambda layer: layer.weight.numel()).weight.detach()
    tokens, times = torch.randn(512, weight.shape[1], dtype=dtype), 200
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        for _ in range(times):
            tokens @ weight.t()
        taken = time.process_time() - began
        best = max(best, 2 * len(tokens) * weight.numel() * times / taken)
    return best


def _as_json(setup: Setup, found: dict[str, list[Measured]], tokens: int) -> dict[str, Any]:
    return {
        "device": setup.device.name,
        "threads": setup.threads,
        "steps": setup.steps,
        "useful_tokens": tokens,
        "base": setup.base.name,
        "runs": {name: [one._asdict() for one in runs] for name, runs in found.items()},
    }


if __name__ == "__main__":
    main()
