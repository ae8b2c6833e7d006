"""Rows of every shape are understood as LLaMA Factory's own converter understands them.

Run by `make journeys`, or alone: `pytest -m slow tests/journeys/test_llama_factory_datasets.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataset_folders import dataset_folder
from llama_factory import ConvertedRow, LlamaFactory
from loresmith.datasets import read_named
from loresmith.records import Example, FeedbackExample, Message, PreferenceExample, TrainingRow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

OPENAI_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
}
ENTRIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "alpaca": {
        "columns": {
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
            "history": "history",
        }
    },
    "text": {"columns": {"prompt": "output"}},
    "ranked": {
        "ranking": True,
        "columns": {"prompt": "instruction", "chosen": "output", "rejected": "system"},
    },
    "sharegpt": {
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system"},
    },
    "dpo": {
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "asked", "chosen": "chosen", "rejected": "rejected"},
    },
    "kto": {
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "kto_tag": "label"},
        "tags": OPENAI_TAGS,
    },
}


def row(number: int) -> dict[str, Any]:
    """A row that holds every shape, with every optional part there now and then."""
    turns = [("human", f"问 {number}"), ("gpt", f"答 {number}")] * (1 + number % 3)
    said = [{"from": who, "value": text} for who, text in turns]
    broken = number % 7 == 6
    return {
        "instruction": f"问 {number}",
        "input": f"补充 {number}" if number % 2 else "",
        "output": f"Answer {number}.",
        "system": f"设定 {number}" if number % 3 else "",
        "history": [["Hi", "Hello"]] * (number % 3),
        "conversations": [
            *([{"from": "system", "value": "Be brief."}] if number % 4 == 0 else []),
            *(said[::-1] if broken else said),
        ],
        "asked": said[:-1],
        "chosen": {"from": "gpt", "value": "好"},
        "rejected": {"from": "gpt", "value": "坏"},
        "messages": [
            {"role": "user" if one["from"] == "human" else "assistant", "content": one["value"]}
            for one in said
        ],
        "label": number % 2 == 0,
    }


def test_every_shape(tmp_path: Path) -> None:
    rows = [row(number) for number in range(42)]
    for one in rows:
        one["system"] = one["system"] or "设定"  # of `ranked`, the worse answer
    entries = {name: {"file_name": "rows.json", **entry} for name, entry in ENTRIES.items()}
    folder = dataset_folder(tmp_path / "data", entries, {"rows.json": rows})
    theirs = LlamaFactory.found_or_installed(tmp_path).converted(folder)
    for name in ENTRIES:
        ours = read_named([name], folder=folder)
        expected = [_as_said(one) for one in theirs if one.dataset == name and one.prompt]
        assert [_said(one) for one in ours.rows] == expected, name
        assert len(ours.rows) + len(ours.drops) == len(rows)
        assert len(ours.drops) == (6 if name == "sharegpt" else 0)


def _as_said(made: ConvertedRow) -> list[str]:
    system = [f"system: {made.system}"] if made.system else []
    answers = [f"answer: {turn['content']}" for turn in made.response]
    return [*system, *(f"{turn['role']}: {turn['content']}" for turn in made.prompt), *answers]


def _said(made: TrainingRow) -> list[str]:
    """Ours, as theirs tells it: of KTO, the empty answer is the one that nobody gave."""

    def told(messages: tuple[Message, ...]) -> list[str]:
        return [f"{message.role}: {message.content}" for message in messages]

    if isinstance(made, Example):
        return [*told(made.messages[:-1]), f"answer: {made.messages[-1].content}"]
    if isinstance(made, PreferenceExample):
        return [*told(made.prompt), f"answer: {made.chosen}", f"answer: {made.rejected}"]
    if isinstance(made, FeedbackExample):
        answers = [f"answer: {made.completion}", "answer: "]
        return [*told(made.prompt), *(answers if made.desirable else answers[::-1])]
    return [f"user: {made.text}"]
