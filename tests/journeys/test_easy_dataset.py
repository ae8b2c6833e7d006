"""What Easy Dataset exports for LLaMA Factory is read whole and trained on as it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loresmith.datasets import read_rows
from projects import loresmith

_ALPACA_COLUMNS = {
    "prompt": "instruction",
    "query": "input",
    "response": "output",
    "system": "system",
}
_SHAREGPT_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
_ROWS = (
    ("澜屿渔港2031年5月卸鱼量是多少？", "1297吨。", "你是港务专家。"),
    (
        "澜屿渔港卸鱼量同比增长多少？",
        "<think>先看表，再看年份。\n“5月”一列。</think>\n12.6%。",
        "你是港务专家。",
    ),
    ("How many ship calls did Calder Reach count?", "**1,297** in 2031.\n\n- all berths", ""),
    ("Who is harbour master?", "<think>The staff list says so.</think>\nInes Tavarel.", ""),
)
"""Question, answer (with its chain of thought where it was exported) and system prompt."""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """The folder, its files with exactly the members, the indent and the letters of an export."""
    name = "[Easy Dataset] [k2Vw7tQp1xZa]"
    alpaca = [{"instruction": q, "input": "", "output": a, "system": s} for q, a, s in _ROWS]
    _write(tmp_path / "alpaca.json", alpaca)
    _write(tmp_path / "sharegpt.json", [{"messages": _messages(*row)} for row in _ROWS])
    info = {
        f"{name} Alpaca": {"file_name": "alpaca.json", "columns": _ALPACA_COLUMNS},
        f"{name} ShareGPT": {
            "file_name": "sharegpt.json",
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": _SHAREGPT_TAGS,
        },
    }
    _write(tmp_path / "dataset_info.json", info)
    return tmp_path


def _messages(question: str, answer: str, system: str) -> list[dict[str, str]]:
    turns = [("system", system), ("user", question), ("assistant", answer)]
    return [{"role": role, "content": text} for role, text in turns if text]


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")


@pytest.mark.parametrize("file", ["alpaca.json", "sharegpt.json"])
def test_its_rows_are_read_with_system_prompt_and_reasoning(export: Path, file: str) -> None:
    read = read_rows(export / file)
    assert read.drops == ()
    assert [[m.model_dump() for m in e.messages] for e in read.examples] == [
        _messages(*row) for row in _ROWS
    ]


def test_its_alpaca_file_is_trained_on_as_it_stands(
    export: Path, tiny_base: Path, tmp_path: Path
) -> None:
    output = tmp_path / "tuned"
    done = loresmith(
        *("train", export / "alpaca.json", "--output", output, "--base-model", tiny_base),
        *("--set", "training.num_epochs=2", "--set", "training.batch_size=2"),
        LORESMITH_HOME=str(tmp_path / "home"),
    )
    assert done.code == 0, done.err[-3000:]
    assert "4 steps on 4 rows" in done.out
    assert (output / "adapter" / "adapter_model.safetensors").exists()
