"""The benchmark of training runs from start to table, without LLaMA Factory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tiny_model import make_tiny_model

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "train.py"


@pytest.mark.slow
def test_the_quick_benchmark_trains_alike_in_all_its_ways(tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "tiny")
    output = tmp_path / "train.json"
    words = [sys.executable, BENCHMARK, "--quick", "--base", base, "--output", output]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "| Loresmith |" in done.stdout and "LLaMA Factory" not in done.stdout
    runs = json.loads(output.read_text(encoding="utf-8"))["runs"]
    assert runs.keys() == {"ours", "ours-fp32", "trainer"}
    losses = [[step["loss"] for step in rounds[0]["steps"]] for rounds in runs.values()]
    assert all(len(one) == 3 for one in losses)
    for one in losses[1:]:
        assert one == pytest.approx(losses[0], rel=0.02)  # one of them in fp32
