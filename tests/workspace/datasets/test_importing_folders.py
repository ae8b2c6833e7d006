"""A folder as Easy Dataset or LLaMA Factory exports it comes in whole, each row once."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.errors import DatasetError, NotFound, RecipeError
from loresmith.records import ImportedRow
from loresmith.workspace.datasets import (
    Datasets,
    Imports,
    export_settings_of,
    import_path,
)

ROWS = [
    {"instruction": f"问题 {n}？", "input": "", "output": f"<think>想 {n}。</think>\n答案 {n}。",
     "system": "你是港务专家。"}
    for n in range(3)
]  # fmt: skip
INFO = {
    "[Easy Dataset] [k2Vw7tQp1xZa] Alpaca": {
        "file_name": "alpaca.json",
        "columns": {
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
        },
    },
    "[Easy Dataset] [k2Vw7tQp1xZa] ShareGPT": {
        "file_name": "sharegpt.json",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user"},
    },
}


def turns(row: dict[str, str]) -> list[dict[str, str]]:
    said = (("system", row["system"]), ("user", row["instruction"]), ("assistant", row["output"]))
    return [{"role": role, "content": content} for role, content in said]


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "easy"
    folder.mkdir()
    write(folder / "alpaca.json", ROWS)
    write(folder / "sharegpt.json", [{"messages": turns(row)} for row in ROWS])
    write(folder / "dataset_info.json", INFO)
    write(folder / "statistics.json", {"total": 3})
    return folder


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "alone" / "documents").mkdir(parents=True)
    return Workspace(tmp_path / "alone", teacher="openai:nobody")


def stored(workspace: Workspace) -> list[ImportedRow]:
    with workspace.opened() as context:
        return sorted(context.store.all(ImportedRow), key=lambda row: (row.source, row.number))


def test_each_row_comes_in_once_and_every_other_file_is_named(
    alone: Workspace, export: Path
) -> None:
    done = import_path(Imports(alone), export)
    assert [(report.name, report.kept, report.bad) for report in done.reports] == [
        ("alpaca.json", 3, {})
    ]
    assert {one.name: one.reason for one in done.skipped} == {
        "dataset_info.json": "it is no file of rows",
        "statistics.json": "it is no file of rows",
        "sharegpt.json": "another file has the same rows",
    }
    assert [[m.model_dump() for m in row.messages] for row in stored(alone)] == list(
        map(turns, ROWS)
    )
    assert [report.name for report in Imports(alone).all()] == ["alpaca.json"]


def test_a_zip_of_it_is_the_same(alone: Workspace, export: Path, tmp_path: Path) -> None:
    path = tmp_path / "easy.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in export.iterdir():
            archive.write(file, f"easy/{file.name}")
        archive.writestr("../../evil.json", json.dumps([{"instruction": "Q?", "output": "A."}]))
        archive.writestr("__MACOSX/._alpaca.json", b"\0\0")
    done = import_path(Imports(alone), path)
    assert {report.name: report.kept for report in done.reports} == {
        "alpaca.json": 3,
        "evil.json": 1,
    }
    assert not (tmp_path / "evil.json").exists()


def test_its_columns_are_those_that_the_folder_names(alone: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    write(folder / "rows.json", [{"x": "Q?", "y": "A.", "z": "be brief"}])
    columns = {"prompt": "x", "response": "y", "system": "z"}
    write(folder / "dataset_info.json", {"mine": {"file_name": "rows.json", "columns": columns}})
    import_path(Imports(alone), folder)
    (row,) = stored(alone)
    assert [message.content for message in row.messages] == ["be brief", "Q?", "A."]


@pytest.mark.parametrize("form", ["multilingual-thinking", "custom", "parquet", "csv", "sharegpt"])
def test_what_one_project_exports_another_takes_in(
    alone: Workspace, export: Path, tmp_path: Path, form: str
) -> None:
    import_path(Imports(alone), export)
    alone.do("dataset")
    fields = ["question", "answer", "cot=reasoning", "system"] if form == "custom" else []
    Datasets(alone).write(tmp_path / "out", export_settings_of(form, fields))
    (tmp_path / "other" / "documents").mkdir(parents=True)
    other = Workspace(tmp_path / "other", teacher="openai:nobody")
    done = import_path(Imports(other), tmp_path / "out")
    assert done.kept == 3 and done.bad == 0
    assert [row.messages for row in stored(other)] == [row.messages for row in stored(alone)]


def test_its_own_fields_with_labels_and_a_chain_of_thought(
    alone: Workspace, tmp_path: Path
) -> None:
    rows = [
        {"question": "Q?", "answer": "A.", "cot": "Because.", "labels": ["渔港", "渔港", 5]},
        {"question": "R?", "answer": "B.", "cot": "", "labels": "one"},
        {"question": "S?", "answer": "C.", "cot": None, "labels": None},
        {"question": "T?", "answer": "D.", "cot": 7, "labels": []},
        {"question": "U?", "answer": "E.", "cot": "", "labels": [{"a": 1}]},
    ]
    write(tmp_path / "custom.json", rows)
    (report,) = import_path(Imports(alone), tmp_path / "custom.json").reports
    told = [(row.messages[-1].content, row.tags) for row in stored(alone)]
    assert told == [
        ("<think>Because.</think>\nA.", ("渔港", "5")),
        ("B.", ("one",)),
        ("C.", ()),
    ]
    bad = Imports(alone).bad_rows(report.id)
    assert [(row.number, row.reason) for row in bad] == [(4, "wrong_type"), (5, "wrong_type")]
    assert "'cot'" in bad[0].detail and "'labels'" in bad[1].detail


def test_columns_are_mapped_by_words(alone: Workspace, tmp_path: Path) -> None:
    write(tmp_path / "rows.json", [{"Q": "Wer?", "A": "Ines.", "why": "Liste."}])
    import_path(Imports(alone), tmp_path / "rows.json", ["question=Q,answer=A", "cot=why"])
    assert stored(alone)[0].messages[-1].content == "<think>Liste.</think>\nInes."
    with pytest.raises(RecipeError, match="anser"):
        import_path(Imports(alone), tmp_path / "rows.json", ["anser=A"])


@pytest.mark.parametrize(
    ("row", "what", "stage"),
    [
        ({"prompt": "Q", "chosen": "A", "rejected": "B"}, "a better and a worse answer", "dpo"),
        ({"instruction": "Q", "output": "A", "kto_tag": True}, "liked or not", "kto"),
        ({"text": "A long text."}, "texts to pre-train on", "pretrain"),
    ],
)
def test_rows_of_another_stage_are_refused_with_the_way_to_train_on_them(
    alone: Workspace, tmp_path: Path, row: dict[str, Any], what: str, stage: str
) -> None:
    write(tmp_path / "rows.json", [row])
    with pytest.raises(DatasetError, match=what) as refused:
        import_path(Imports(alone), tmp_path / "rows.json")
    assert f"loresmith train rows.json --output DIR --set training.stage.type={stage}" in (
        refused.value.hint
    )


def test_where_no_file_holds_rows_each_reason_is_told(alone: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    folder.mkdir()
    with pytest.raises(DatasetError, match="no file of rows to import"):
        import_path(Imports(alone), folder)
    write(folder / "a.json", [{"x": 1}])
    (folder / "b.parquet").write_bytes(b"no parquet")
    with pytest.raises(DatasetError) as refused:
        import_path(Imports(alone), folder)
    assert "a.json: it is not clear which columns hold question and answer: x" in str(refused.value)
    assert "b.parquet: b.parquet cannot be read as parquet" in str(refused.value)
    with pytest.raises(NotFound):
        import_path(Imports(alone), tmp_path / "missing.json")


@pytest.mark.parametrize("content", [b"no zip", b"PK\x03\x04 cut"])
def test_a_broken_zip_is_refused(alone: Workspace, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.zip").write_bytes(content)
    with pytest.raises(DatasetError, match="cannot be read as a zip"):
        import_path(Imports(alone), tmp_path / "rows.zip")


def test_a_zip_that_would_fill_the_disk_is_refused(alone: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.json", b"[" + b" " * 1_000_000)
    patched = path.read_bytes().replace(
        (1_000_001).to_bytes(4, "little"), (2_100_000_000).to_bytes(4, "little")
    )
    path.write_bytes(patched)
    with pytest.raises(DatasetError, match="unpacks to more than 2 GB"):
        import_path(Imports(alone), path)


BAD_LINES: dict[str, bytes] = {
    "wrong_role": b'{"messages": [{"role": "boss", "content": "x"}]}',
    "field_missing": b'{"messages": [{"role": "user"}, {"role": "assistant", "content": "x"}]}',
    "wrong_type": b'{"messages": null}',
    "duplicate_key": b'{"messages": [], "messages": []}',
    "broken_character": (
        b'{"messages": [{"role": "user", "content": "\\ud83d"}, '
        b'{"role": "assistant", "content": "x"}]}'
    ),
    "template_token": (
        b'{"messages": [{"role": "user", "content": "<|im_end|>"}, '
        b'{"role": "assistant", "content": "x"}]}'
    ),
    "not_json": b'{"messages": [{"role": "user", "content": "cut he',
}


def test_bad_rows_are_named_by_number_and_reason_and_the_good_are_kept(
    alone: Workspace, tmp_path: Path
) -> None:
    good = json.dumps({"messages": turns(ROWS[0])}).encode()
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join([good, *BAD_LINES.values()]))
    (report,) = import_path(Imports(alone), tmp_path / "rows.jsonl").reports
    assert (report.read, report.kept) == (8, 1)
    bad = Imports(alone).bad_rows(report.id)
    assert [(row.number, row.reason) for row in bad] == list(enumerate(BAD_LINES, start=2))
    assert "<|im_end|>" in bad[5].detail
