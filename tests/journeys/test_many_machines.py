"""Trainings whose processes somebody else starts: torchrun, or several machines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loresmith.training import TrainingResult
from loresmith.workspace.rank_processes import places
from projects import environment
from tiny_model import make_tiny_model
from tiny_training import FACTS

pytestmark = pytest.mark.slow

ROWS = FACTS[:7]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base"))


def test_torchrun_starts_the_processes_of_one_training(base: Path, tmp_path: Path) -> None:
    words = [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"),
        *("--master-port", places(2)[0].environment["MASTER_PORT"]),
        *("-m", "loresmith", "train", str(_file(base, tmp_path))),
    ]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=environment())
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Trained ") == 1
    _assert_learned_together(tmp_path / "out")


def test_two_machines_train_as_one(base: Path, tmp_path: Path) -> None:
    """Two of our commands, each of which takes itself for a machine with one card."""
    port = places(2)[0].environment["MASTER_PORT"]
    file = _file(base, tmp_path)
    machines = [
        subprocess.Popen(
            [sys.executable, "-m", "loresmith", "train", str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env={
                **environment(),
                "NNODES": "2",
                "NODE_RANK": str(number),
                "NPROC_PER_NODE": "1",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": port,
                "GLOO_SOCKET_IFNAME": "lo",
            },
        )
        for number in range(2)
    ]
    said = [machine.communicate(timeout=200)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], said
    _assert_learned_together(tmp_path / "out")


def _file(base: Path, folder: Path) -> Path:
    """A LLaMA Factory file, whose batch size is that of each card: here 3 of 2 are 6 of 7 rows."""
    rows = [{"instruction": question, "output": answer} for question, answer in ROWS]
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    index = {"rows": {"file_name": "rows.json"}}
    (folder / "dataset_info.json").write_text(json.dumps(index), encoding="utf-8")
    settings = {
        "model_name_or_path": str(base),
        "do_train": True,
        "stage": "sft",
        "dataset": "rows",
        "dataset_dir": str(folder),
        "output_dir": str(folder / "out"),
        "finetuning_type": "lora",
        "lora_rank": 64,
        "lora_target": "all",
        "seed": 5,
        "num_train_epochs": 2,
        "per_device_train_batch_size": 3,
        "learning_rate": 1e-2,
        "gradient_accumulation_steps": 1,
        "lr_scheduler_type": "cosine",
        "warmup_ratio": 0.05,
        "cutoff_len": 1024,
    }
    path = folder / "train.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def _assert_learned_together(folder: Path) -> None:
    path = folder / "training.json"
    result = TrainingResult.model_validate_json(path.read_text(encoding="utf-8"))
    assert result.batch_size == 6
    assert any("2 processes share" in note for note in result.notes)
    assert (folder / "adapter_model.safetensors").is_file()
    log = (folder / "trainer_log.jsonl").read_text().splitlines()
    assert len(log) == len(result.losses) == 4, "each step is logged once"
