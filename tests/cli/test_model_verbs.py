"""`train FILE`, `predict` and `chat` without any project, on a tiny model."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from projects import Finished
from projects import loresmith as in_a_process

Loresmith = Callable[..., Finished]

_ROWS = [
    {"instruction": "Who is the harbour master?", "output": "Ilse Brandt."},
    {"instruction": "港务局局长是谁？", "input": "", "output": "林海舟。"},
    {"instruction": "", "output": "nobody"},
    {"foo": 1},
    7,
]


class _Training(NamedTuple):
    folder: Path
    words: list[str | Path]
    first: Finished


@pytest.fixture(scope="module")
def training(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> _Training:
    """What `train FILE` makes of two good rows and three bad ones."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "rows.json").write_text(json.dumps(_ROWS), encoding="utf-8")
    words = ["train", folder / "rows.json", "--output", folder / "tuned"]
    words += ["--base-model", tiny_base, "--set", "training.num_epochs=2"]
    return _Training(folder / "tuned", words, in_a_process(*words))


@pytest.fixture
def trained(training: _Training, tmp_path: Path) -> Path:
    """A copy of it, to be used and spoiled."""
    return Path(shutil.copytree(training.folder, tmp_path / "tuned"))


def test_a_file_of_rows_is_trained_as_it_stands(training: _Training) -> None:
    for name in ("adapter/adapter_config.json", "trainer_log.jsonl", "training_loss.png"):
        assert (training.folder / name).exists()


def test_rows_that_cannot_be_used_are_listed_and_the_rest_is_trained(training: _Training) -> None:
    assert training.first.code == 1
    for said in ("row 3: empty", "row 4: unknown_format", "row 5: unknown_format", "on 2 rows"):
        assert said in training.first.out


def test_libraries_do_not_talk_to_the_user(training: _Training) -> None:
    assert "Warning" not in training.first.err
    sample = re.compile("^the first row, .*⟧$", re.S | re.M)
    said = [line for line in sample.sub("", training.first.err).splitlines() if line]
    assert said and all(line.startswith("train: ") for line in said)


def test_training_on_the_same_file_again_does_nothing(training: _Training) -> None:
    log = training.folder / "trainer_log.jsonl"
    before = log.stat().st_mtime_ns
    again = in_a_process(*training.words)
    assert (again.code, again.out) == (1, training.first.out)
    assert log.stat().st_mtime_ns == before


@pytest.mark.parametrize("text", ["[]", "{bad", "", "[[1]]"])
def test_a_file_without_rows_says_what_is_expected(
    loresmith: Loresmith, tiny_base: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "rows.json").write_text(text)
    done = loresmith("train", "rows.json", "--output", "tuned", "--base-model", tiny_base)
    assert done.code in (1, 2)
    assert "rows.json" in done.err
    assert not (tmp_path / "tuned").exists()


def test_predict_answers_each_line_and_lists_those_that_are_no_prompts(
    loresmith: Loresmith, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "prompts.jsonl").write_text(
        '{"id": 1, "prompt": "Who?", "tag": "a"}\nnot json\n{"id": 2}\n'
        '{"id": 1, "prompt": "Again?"}\n\n{"id": "三", "prompt": "你好"}\n',
        encoding="utf-8",
    )
    words = ("predict", trained, "prompts.jsonl", "--output", "replies.jsonl", "--max-tokens", "3")
    done = loresmith(*words)
    assert done.code == 1
    for said in ("line 2: not a JSON object", "line 3: has no text", "line 4: the id 1 stands"):
        assert said in done.out
    rows = [json.loads(line) for line in _lines(tmp_path / "replies.jsonl")]
    assert [(row["id"], row["prompt"], row.get("tag")) for row in rows] == [
        (1, "Who?", "a"),
        ("三", "你好", None),
    ]
    assert all(isinstance(row["reply"], str) for row in rows)

    again = loresmith(*words)
    assert "0 answered, 2 kept from before" in again.out


def test_predict_goes_on_after_a_line_that_was_cut_off(
    loresmith: Loresmith, tiny_base: Path, tmp_path: Path
) -> None:
    prompts = [{"id": n, "prompt": f"Question {n}?"} for n in range(3)]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(p) + "\n" for p in prompts))
    words = ("predict", tiny_base, "prompts.jsonl", "--output", "replies.jsonl")
    assert loresmith(*words, "--max-tokens", "3").code == 0
    whole = (tmp_path / "replies.jsonl").read_bytes()
    first_line_end = whole.index(b"\n") + 1
    (tmp_path / "replies.jsonl").write_bytes(whole[: first_line_end + 9])
    done = loresmith(*words, "--max-tokens", "3")
    assert "2 answered, 1 kept from before" in done.out
    assert (tmp_path / "replies.jsonl").read_bytes() == whole


def test_predict_never_writes_into_replies_to_other_prompts(
    loresmith: Loresmith, tiny_base: Path, tmp_path: Path
) -> None:
    (tmp_path / "prompts.jsonl").write_text('{"id": 1, "prompt": "Who?"}\n')
    other = '{"id": 1, "prompt": "Who else?", "reply": "Nobody."}\n'
    (tmp_path / "replies.jsonl").write_text(other)
    done = loresmith("predict", tiny_base, "prompts.jsonl", "--output", "replies.jsonl")
    assert done.code == 2
    assert "replies to these prompts" in done.err
    assert (tmp_path / "replies.jsonl").read_text() == other


@pytest.mark.parametrize(
    "content",
    [
        '[{"instruction": "Who?", "output": "Nobody."}]',
        "Notes of mine.",
        "Notes of mine.\n",
        '{"id": 1, "prompt": "Who?", "reply": "N"}\n{"id": 2, "prompt": "More?", "reply": "M"}\n',
    ],
)
def test_predict_never_writes_over_a_file_that_it_did_not_begin(
    loresmith: Loresmith, tiny_base: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / "prompts.jsonl").write_text('{"id": 1, "prompt": "Who?"}\n')
    (tmp_path / "mine").write_text(content)
    done = loresmith("predict", tiny_base, "prompts.jsonl", "--output", "mine")
    assert done.code == 2
    assert "replies to these prompts" in done.err
    assert (tmp_path / "mine").read_text() == content


def test_what_was_trained_on_a_file_remembers_its_base(
    loresmith: Loresmith, trained: Path, tiny_base: Path
) -> None:
    assert json.loads((trained / "run.json").read_text())["base_model"] == str(tiny_base)
    done = loresmith("chat", trained, "--base", "--max-tokens", "3", input="Who?\n")
    assert done.code == 0


def test_chat_answers_until_the_input_ends(loresmith: Loresmith, trained: Path) -> None:
    done = loresmith("chat", trained, "--max-tokens", "3", input="Who?\n/new\n港务局局长是谁？\n")
    assert done.code == 0
    assert done.out.count("> ") >= 4


def test_chat_compares_base_and_tuned(loresmith: Loresmith, trained: Path) -> None:
    done = loresmith("chat", trained, "--compare", "--max-tokens", "3", input="Who?\n")
    assert done.code == 0
    assert "base> " in done.out
    assert "tuned> " in done.out


def test_a_folder_without_a_model_says_how_to_get_one(loresmith: Loresmith, project: Path) -> None:
    done = loresmith("chat", project)
    assert done.code == 2
    assert "`loresmith run` trains one" in done.err


def test_an_adapter_whose_note_is_damaged_asks_for_the_base_model(
    loresmith: Loresmith, trained: Path
) -> None:
    (trained / "run.json").write_text("{")
    done = loresmith("chat", trained)
    assert done.code == 2
    assert "--base-model" in done.err


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("method", ["lora", "full", "freeze"])
def test_one_can_talk_with_a_model_as_it_was_half_way(
    loresmith: Loresmith, tiny_base: Path, tmp_path: Path, method: str
) -> None:
    rows = [{"instruction": f"Where is berth {n}?", "output": f"At pier {n}."} for n in range(8)]
    (tmp_path / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    settings = {
        "training.type": method,
        "training.max_steps": 30,
        "training.learning_rate": 0.02,
        "training.save_steps": 2,
        "training.save_total_limit": 15,
    }
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    done = in_a_process(
        *("train", tmp_path / "rows.json", "--output", tmp_path / "run", *words),
        *("--base-model", tiny_base),
    )
    assert done.code == 0, done.err
    listed = loresmith("chat", tmp_path / "run", "--checkpoints")
    steps = [int(line.split()[0]) for line in listed.out.splitlines()]
    assert steps == [*range(2, 31, 2)]
    said = {
        step: loresmith(
            *("chat", tmp_path / "run", "--checkpoint", step, "--max-tokens", "8"),
            input="Where is berth 3?\n\n",
        )
        for step in ("2", "30")
    }
    assert all(one.code == 0 for one in said.values()), said["2"].err
    assert said["2"].out != said["30"].out
    finished = loresmith(
        "chat", tmp_path / "run", "--max-tokens", "8", input="Where is berth 3?\n\n"
    )
    assert finished.out == said["30"].out, "the last checkpoint is what was delivered"
    missing = loresmith("chat", tmp_path / "run", "--checkpoint", "11")
    assert missing.code == 2 and "There are: 2, 4, 6, " in missing.err
    (tmp_path / "run" / "attempt-1" / "checkpoint-2" / "manifest.json").unlink()
    damaged = loresmith("chat", tmp_path / "run", "--checkpoint", "2")
    assert damaged.code == 2 and "There are: 4, 6, " in damaged.err
    nowhere = loresmith("chat", tiny_base, "--checkpoint", "10")
    assert nowhere.code == 2 and "holds no training run" in nowhere.err
