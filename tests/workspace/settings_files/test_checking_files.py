"""What a file would train on is known before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loresmith.errors import RecipeError
from loresmith.workspace.settings_files.checking import (
    CheckedFile,
    check_llamafactory_file,
    refuse_faults,
)
from tiny_model import make_tiny_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two datasets of ten rows, one of them in Chinese; a base model's folder without weights."""
    rows = {
        "en": [{"instruction": f"Question {n}?", "output": f"Answer {n}."} for n in range(10)],
        "zh": [{"instruction": f"第{n}问？", "output": f"第{n}答。"} for n in range(10)],
    }
    for name, listed in rows.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(listed, ensure_ascii=False), "utf-8")
    described = {name: {"file_name": f"{name}.json"} for name in rows}
    described["lost"] = {"file_name": "lost.json"}
    (tmp_path / "dataset_info.json").write_text(json.dumps(described), encoding="utf-8")
    return tmp_path


def check(folder: Path, *changes: str) -> CheckedFile:
    path = folder / "sft.yaml"
    path.write_text(
        f"model_name_or_path: {folder / 'model'}\ndo_train: true\ndataset: en, zh\n"
        f"dataset_dir: {folder}\noutput_dir: {folder / 'out'}\n",
        encoding="utf-8",
    )
    return check_llamafactory_file(path, changes)


def questions(checked: CheckedFile) -> tuple[list[str], list[str]]:
    assert checked.rows is not None
    learned, measured, _ = checked.rows
    return (
        [example.messages[-2].content for example in learned],
        [example.messages[-2].content for example in measured],
    )


def test_datasets_are_read_in_the_order_in_which_they_are_named(folder: Path) -> None:
    learned, measured = questions(check(folder))
    assert (learned[0], learned[10], len(learned)) == ("Question 0?", "第0问？", 20)
    assert measured == []


STREAMED = ("streaming=true", "max_steps=2", "per_device_train_batch_size=2", "buffer_size=3")


def test_a_streamed_training_reads_what_its_steps_are_drawn_among_and_no_more(folder: Path) -> None:
    with (folder / "en.json").open("a", encoding="utf-8") as file:
        file.write("broken from here on")
    whole = check(folder).rows
    assert whole is not None and whole.drops, "read to its end"
    checked = check(folder, *STREAMED)
    learned, _ = questions(checked)
    assert learned == [f"Question {n}?" for n in range(7)]
    assert checked.rows is not None and not checked.rows.drops
    assert any("the first 7 rows are read" in note for note in checked.notes)
    taken_in_turn, _ = questions(check(folder, *STREAMED, "mix_strategy=interleave_under"))
    assert (
        taken_in_turn[:3] == ["Question 0?", "第0问？", "Question 1?"] and len(taken_in_turn) == 7
    )
    learned, measured = questions(check(folder, *STREAMED, "val_size=2"))
    assert (len(learned), len(measured)) == (7, 2)
    assert len(questions(check(folder, *STREAMED, "max_steps=1000"))[0]) == 20, "all that there are"


def test_several_processes_read_as_many_rows_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPROC_PER_NODE", "2")
    assert len(questions(check(folder, *STREAMED))[0]) == 2 * 4 + 3


def test_streamed_texts_are_read_whole_and_it_is_said(folder: Path) -> None:
    described = {"texts": {"file_name": "en.json", "columns": {"prompt": "instruction"}}}
    (folder / "dataset_info.json").write_text(json.dumps(described), encoding="utf-8")
    checked = check(folder, *STREAMED, "stage=pt", "dataset=texts")
    assert checked.rows is not None, checked.faults
    assert len(checked.rows.learned) == 10
    assert any("texts are read whole" in note for note in checked.notes)


def test_max_samples_are_the_first_rows_of_each(folder: Path) -> None:
    learned, _ = questions(check(folder, "max_samples=2"))
    assert learned == ["Question 0?", "Question 1?", "第0问？", "第1问？"]


@pytest.mark.parametrize(("size", "rows"), [("0.1", 2), ("5", 5)])
def test_val_size_keeps_rows_out_of_the_training(folder: Path, size: str, rows: int) -> None:
    learned, measured = questions(check(folder, f"val_size={size}"))
    assert (len(learned), len(measured)) == (20 - rows, rows)
    assert not set(learned) & set(measured)
    assert questions(check(folder, f"val_size={size}")) == (learned, measured)
    assert questions(check(folder, f"val_size={size}", "seed=7")) != (learned, measured)


def test_eval_dataset_is_measured_whole(folder: Path) -> None:
    learned, measured = questions(check(folder, "dataset=en", "eval_dataset=zh"))
    assert (len(learned), len(measured)) == (10, 10)
    assert measured[0] == "第0问？"


def test_a_system_message_is_put_before_rows_without_one(folder: Path) -> None:
    checked = check(folder, "default_system=你是向导。")
    assert checked.rows is not None
    first = [example.messages[0] for example in checked.rows.learned]
    assert all((one.role, one.content) == ("system", "你是向导。") for one in first)
    assert len({example.id for example in checked.rows.learned}) == 20


def test_what_cannot_be_had_is_told_of_the_key_that_asks_for_it(folder: Path) -> None:
    checked = check(folder, "eval_dataset=lost", "dataset=english")
    told = "\n".join(checked.faults)
    assert "line 1: model_name_or_path: the base model" in told
    assert "behind the file: dataset: english: " in told
    assert "behind the file: eval_dataset: lost" in told
    with pytest.raises(RecipeError, match="has 3 faults"):
        refuse_faults(checked)


def test_no_row_to_learn_is_a_fault(folder: Path) -> None:
    assert any("val_size: " in fault for fault in check(folder, "val_size=20").faults)


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="this machine has a card")
def test_the_example_with_deepspeed_ends_in_one_message_where_a_card_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = Path(__file__).parents[3]
    monkeypatch.chdir(root)
    monkeypatch.delenv("DS_ACCELERATOR", raising=False)
    base = make_tiny_model(tmp_path / "base")
    example = root / "examples" / "llamafactory" / "deepspeed_lora_sft.yaml"
    checked = check_llamafactory_file(example, [f"model_name_or_path={base}"])
    (fault,) = checked.faults
    assert "training.deepspeed needs a card that torch can use" in fault
