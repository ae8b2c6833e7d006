"""Each form says of a row what its readers expect, and with or without its chain of thought."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from loresmith.datasets import read_rows
from loresmith.datasets.exporting import (
    EXPORT_FORMS,
    AnyExportForm,
    ExportForm,
    FileKind,
    SourcedRow,
    folder_files,
    shaped,
    without_thoughts,
    written,
)
from loresmith.datasets.named import read_bare, read_named
from loresmith.datasets.writing import write_files
from loresmith.records import (
    Example,
    FeedbackExample,
    Message,
    PreferenceExample,
    Provenance,
    SplitName,
    TextExample,
    TrainingRow,
)

SYSTEM = Message(role="system", content="你是港务专家。")
QUESTION = Message(role="user", content="澜屿渔港卸鱼量同比增长多少？")
THOUGHT = "<think>先看表，再看年份。\n“5月”一列。</think>\n12.6%。"
ORIGIN = Provenance(
    fact_id="f", document="纪要.txt", kind="pair", model="deepseek-chat", tags=("渔港", "卸鱼量")
)
ROW = Example(
    id="r",
    messages=(SYSTEM, QUESTION, Message(role="assistant", content=THOUGHT)),
    language="zh",
    provenance=ORIGIN,
)
TALK = Example(
    id="t",
    messages=(
        *(Message(role="user", content="First?"), Message(role="assistant", content="One.")),
        *(Message(role="user", content="Then?"), Message(role="assistant", content="Two.")),
    ),
    language="en",
    split="validation",
)
PAIR = PreferenceExample(
    id="p", prompt=(SYSTEM, QUESTION), chosen="12.6%。", rejected="126%。", language="zh"
)
JUDGED = FeedbackExample(
    id="k", prompt=(QUESTION,), completion="126%。", desirable=False, language="zh"
)


def form_of(name: str, **settings: Any) -> ExportForm:
    form: ExportForm = TypeAdapter(AnyExportForm).validate_python({"type": name, **settings})
    return form


def rows_of(name: str, row: TrainingRow | SourcedRow, **settings: Any) -> list[dict[str, Any]]:
    sourced = row if isinstance(row, SourcedRow) else SourcedRow(row)
    return list(form_of(name, **settings).rows(sourced))


def test_the_shapes_of_rows_are_those_of_easy_dataset() -> None:
    assert rows_of("alpaca", ROW) == [
        {
            "instruction": QUESTION.content,
            "input": "",
            "output": THOUGHT,
            "system": "你是港务专家。",
        }
    ]
    assert rows_of("sharegpt", ROW) == [
        {
            "messages": [
                {"role": "system", "content": "你是港务专家。"},
                {"role": "user", "content": QUESTION.content},
                {"role": "assistant", "content": THOUGHT},
            ]
        }
    ]


def test_multilingual_thinking_keeps_the_chain_of_thought_apart() -> None:
    assert rows_of("multilingual-thinking", ROW) == [
        {
            "reasoning_language": "Chinese",
            "developer": "你是港务专家。",
            "user": QUESTION.content,
            "analysis": "先看表，再看年份。\n“5月”一列。",
            "final": "12.6%。",
            "messages": [
                {"content": "你是港务专家。", "role": "system", "thinking": None},
                {"content": QUESTION.content, "role": "user", "thinking": None},
                {
                    "content": "12.6%。",
                    "role": "assistant",
                    "thinking": "先看表，再看年份。\n“5月”一列。",
                },
            ],
        }
    ]
    (bare,) = rows_of("multilingual-thinking", without_thoughts(ROW))
    assert (bare["analysis"], bare["final"]) == (None, "12.6%。")


@pytest.mark.parametrize(
    ("answer", "without"),
    [
        (THOUGHT, "12.6%。"),
        ("<think>\na\n</think>\n\nb", "b"),
        ("plain", "plain"),
        ("says <think>x</think> inside", "says <think>x</think> inside"),
        ("<think>never ends", "<think>never ends"),
        ("<think>nothing after</think>", "<think>nothing after</think>"),
    ],
)
def test_an_answer_without_its_chain_of_thought(answer: str, without: str) -> None:
    row = Example(id="x", messages=(QUESTION, Message(role="assistant", content=answer)))
    stripped = without_thoughts(row)
    assert isinstance(stripped, Example)
    assert stripped.messages[-1].content == without


def test_custom_fields_have_the_names_and_values_that_were_chosen() -> None:
    named = {
        "问题": "question",
        "答案": "answer",
        "complexCOT": "reasoning",
        "labels": "tags",
        "chunk": "passage",
        "证据": "evidence",
        "来源": "document",
    }
    row = SourcedRow(ROW, ("同比增长12.6%",), "12.6%", "5月卸鱼量1297吨，同比增长12.6%。")
    assert rows_of("custom", row, fields=named) == [
        {
            "问题": QUESTION.content,
            "答案": "12.6%。",
            "complexCOT": "先看表，再看年份。\n“5月”一列。",
            "labels": ["渔港", "卸鱼量"],
            "chunk": "5月卸鱼量1297吨，同比增长12.6%。",
            "证据": ["同比增长12.6%"],
            "来源": "纪要.txt",
        }
    ]


def test_every_value_of_a_custom_field_can_be_written_in_every_kind_of_file() -> None:
    from loresmith.datasets.exporting import FILE_KINDS, VALUES

    form = form_of("custom", fields={name: name for name in VALUES})
    for kind in FILE_KINDS:
        content = b"".join(written(form.rows(SourcedRow(ROW)), kind, form.columns))
        assert content


def test_an_unknown_value_names_those_that_there_are() -> None:
    with pytest.raises(ValidationError, match="there is no value 'anser'; there are id, question"):
        form_of("custom", fields={"x": "anser"})


def test_preferences_marks_and_texts() -> None:
    asked = {"instruction": QUESTION.content, "input": ""}
    assert rows_of("dpo", PAIR) == [
        {**asked, "chosen": "12.6%。", "rejected": "126%。", "system": "你是港务专家。"}
    ]
    assert rows_of("kto", JUDGED) == [{**asked, "output": "126%。", "kto_tag": False, "system": ""}]
    both = [rows_of("kto", one)[0] for one in shaped(PAIR, "feedback")]
    assert [(row["output"], row["kto_tag"]) for row in both] == [
        ("12.6%。", True),
        ("126%。", False),
    ]
    (text,) = shaped(TALK, "text")
    assert rows_of("text", text) == [{"text": "First?\n\nOne.\n\nThen?\n\nTwo."}]
    assert list(shaped(ROW, "preference")) == []


def in_folder(
    folder: Path,
    name: str,
    rows: Iterable[TrainingRow],
    *,
    file: FileKind | None = None,
    **settings: Any,
) -> Path:
    every = list(rows)
    splits: tuple[SplitName, ...] = ("train", "validation")
    folder.mkdir()
    files = folder_files(
        lambda split: (SourcedRow(row) for row in every if row.split == split),
        form_of(name, **settings),
        file=file,
        project="港",
        splits=splits,
        notes={"dataset": "d", "version": 1},
    )
    write_files(files, folder)
    return folder


ROWS: dict[str, list[TrainingRow]] = {
    "dpo": [PAIR, PAIR.model_copy(update={"id": "q", "split": "validation"})],
    "kto": [JUDGED, JUDGED.model_copy(update={"id": "q", "split": "validation"})],
    "text": [TextExample(id=str(n), text=f"段落 {n}。\n第二行。", language="zh") for n in range(3)],
}


@pytest.mark.parametrize("name", EXPORT_FORMS)
def test_a_folder_names_its_files_for_llama_factory_and_is_read_back(
    name: str, tmp_path: Path
) -> None:
    rows = ROWS.get(name, [ROW, TALK])
    folder = in_folder(tmp_path / "out", name, rows)
    info = json.loads((folder / "dataset_info.json").read_text("utf-8"))
    read = read_named(list(info), folder=folder, mix="concat")
    assert read.drops == ()
    copies = 2 if name == "llamafactory" else 1
    assert len(read.rows) == copies * len(rows)


@pytest.mark.parametrize("name", ["dpo", "kto", "text"])
def test_what_is_exported_for_a_stage_is_trained_on_as_it_lies_there(
    name: str, tmp_path: Path
) -> None:
    shapes: dict[str, Any] = {"dpo": "preference", "kto": "feedback", "text": "text"}
    form = form_of(name)
    folder = in_folder(tmp_path / "out", name, ROWS[name])
    read = read_bare(folder / f"{form.stem}.{form.file}", shape=shapes[name])
    trained = [row for row in ROWS[name] if row.split == "train"]
    plain = [row.model_dump(exclude={"id", "provenance", "language"}) for row in read.rows]
    assert plain == [row.model_dump(exclude={"id", "provenance", "language"}) for row in trained]


@pytest.mark.parametrize("file", ["json", "jsonl", "csv", "parquet"])
@pytest.mark.parametrize("name", EXPORT_FORMS)
def test_the_datasets_library_loads_every_form_by_its_card(
    name: str, file: FileKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    import datasets

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # the variable is read once a process
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)

    rows = ROWS.get(name, [ROW, TALK, ROW.model_copy(update={"id": "r2"})])
    folder = in_folder(tmp_path / "out", name, rows, file=file)
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    for split in {row.split for row in rows}:
        form = form_of(name)
        wanted = [one for row in rows if row.split == split for one in form.rows(SourcedRow(row))]
        got = list(loaded[split])
        assert len(got) == len(wanted)
        told = next(iter(wanted[0]))
        if file != "csv":
            assert [row[told] for row in got] == [row[told] for row in wanted] or told == "messages"


def test_a_folder_that_is_written_twice_has_the_same_bytes(tmp_path: Path) -> None:
    for name in EXPORT_FORMS:
        rows = ROWS.get(name, [ROW, TALK])
        one = in_folder(tmp_path / f"{name}-1", name, rows)
        two = in_folder(tmp_path / f"{name}-2", name, rows)
        first = {path.name: path.read_bytes() for path in one.iterdir()}
        assert {path.name: path.read_bytes() for path in two.iterdir()} == first


def test_reasoning_that_lies_beside_the_answer_is_read_into_it(tmp_path: Path) -> None:
    folder = in_folder(tmp_path / "out", "multilingual-thinking", [ROW])
    (read,) = read_rows(folder / "multilingual-thinking.json").examples
    assert read.messages == ROW.messages
