"""What is wrong with a dataset_info.json is said at once, by entry and key, and what was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataset_folders import dataset_folder
from loresmith.datasets import DatasetInfo, read_named
from loresmith.errors import DatasetError

NEEDED = 'rows.file_name: is needed and was not given, such as {"file_name": "rows.json"}'
ROW = {"instruction": "谁？", "input": "", "output": "岑望舟。"}


def faults(folder: Path, *names: str, **how: Any) -> tuple[str, ...]:
    with pytest.raises(DatasetError) as caught:
        read_named(names, folder=folder, **how)
    return caught.value.faults


def faults_of_entry(tmp_path: Path, entry: Any) -> tuple[str, ...]:
    return faults(dataset_folder(tmp_path, {"rows": entry}, {"rows.json": [ROW]}), "rows")


def test_all_faults_of_all_named_entries_are_said_at_once(tmp_path: Path) -> None:
    folder = dataset_folder(
        tmp_path,
        {
            "alpaca_zh_demo": {"file_name": "rows.json", "colums": {}},
            "other": {"file_name": "rows.json", "columns": {"promt": "q"}, "ranking": "maybe"},
            "not asked for": {"formating": 1},
            "on a hub": {"hf_hub_url": "llamafactory/alpaca_zh"},
        },
        {"rows.json": [ROW]},
    )
    assert faults(folder, "alpaca_zh_dmo", "alpaca_zh_demo", "other") == (
        "alpaca_zh_dmo: unknown; did you mean alpaca_zh_demo?",
        "alpaca_zh_demo.colums: unknown; did you mean columns?",
        "other.ranking: should be true or false (given: 'maybe')",
        "other.columns.promt: unknown; did you mean prompt?",
    )
    assert DatasetInfo.open(folder).faults()[-1] == (
        "not asked for.formating: unknown; did you mean formatting?"
    ), "of those not asked for too, in the order of the file"


def test_a_name_like_no_other_lists_what_there_is(tmp_path: Path) -> None:
    folder = dataset_folder(tmp_path, {"身份": {}, "问答": {}})
    assert faults(folder, "wiki") == ("wiki: unknown; known are 身份, 问答",)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("rows.json", 'rows: should be an object, such as {"file_name": "rows.json"}'),
        (
            {"file_name": "x" * 300},
            f"rows.file_name: {'x' * 300} cannot be read: File name too long",
        ),
        ({"file_name": ""}, NEEDED),
        ({}, NEEDED),
        (
            {"file_name": "row.json"},
            "rows.file_name: there is no file 'row.json' here; did you mean 'rows.json'?",
        ),
        (
            {"file_name": "dataset_info.toml"},
            "rows.file_name: there is no file 'dataset_info.toml' here; did you mean "
            "'dataset_info.json'?",
        ),
        (
            {"file_name": "rows.json", "formatting": "sharegtp"},
            "rows.formatting: should be 'alpaca', 'sharegpt' or 'openai' (given: 'sharegtp')",
        ),
        (
            {"file_name": "rows.json", "num_samples": 0},
            "rows.num_samples: should be greater than or equal to 1 (given: 0.0)",
        ),
        (
            {"file_name": "rows.json", "columns": {"messages": "conversations"}},
            'rows.formatting: columns.messages needs "formatting": "sharegpt"',
        ),
        (
            {"file_name": "rows.json", "columns": {"response": "output"}},
            "rows.columns.prompt: is needed where `columns` is given",
        ),
        (
            {"file_name": "rows.json", "columns": {"prompt": "q", "kto_tag": "label"}},
            "rows.columns.response: is needed beside columns.kto_tag",
        ),
        (
            {"file_name": "rows.json", "ranking": True, "columns": {"prompt": "q", "kto_tag": "l"}},
            "rows.ranking: cannot go together with columns.kto_tag",
        ),
        (
            {
                "file_name": "rows.json",
                "formatting": "sharegpt",
                "tags": {"user_tag": "x", "assistant_tag": "x"},
            },
            "rows.tags: 'x' stands for two roles",
        ),
        (
            {"file_name": "rows.json", "split": "validation"},
            "rows.split: a file is read whole, and 'validation' is asked for; name the file of that"
            " split as file_name, and take `split` out",
        ),
        (
            {
                "file_name": "rows.json",
                "formatting": "sharegpt",
                "columns": {"messages": "m", "images": "images"},
            },
            "rows.columns.images: only text is trained on; take it out to train on the text alone "
            "(given: 'images')",
        ),
        (
            {"hf_hub_url": "llamafactory/alpaca_zh", "file_name": "rows.json"},
            "rows.hf_hub_url: llamafactory/alpaca_zh is on a hub, and rows are read from files: "
            "fetch it into this folder (hf download llamafactory/alpaca_zh --repo-type dataset "
            '--local-dir alpaca_zh), and write "file_name": "alpaca_zh" instead, or the file in it',
        ),
        (
            {"ms_hub_url": "AI-ModelScope/webqa", "split": "test"},
            "rows.ms_hub_url: AI-ModelScope/webqa is on a hub, and rows are read from files: fetch "
            "it into this folder (modelscope download --dataset AI-ModelScope/webqa --local_dir "
            'webqa), and write "file_name": "webqa" instead, or the file in it',
        ),
        (
            {"script_url": "belle"},
            "rows.script_url: a loading script is not run: write its rows into a file, and name "
            "that as file_name instead",
        ),
        (
            {"cloud_file_name": "s3://rows/a.json"},
            "rows.cloud_file_name: s3://rows/a.json is in cloud storage: fetch it into this folder,"
            " and name it as file_name instead",
        ),
    ],
)
def test_each_fault_of_an_entry_says_what_to_do(tmp_path: Path, entry: Any, said: str) -> None:
    assert faults_of_entry(tmp_path, entry) == (said,)


def test_a_form_that_is_not_read_is_told_with_those_that_are(tmp_path: Path) -> None:
    folder = dataset_folder(
        tmp_path,
        {"表": {"file_name": "表.xlsx"}, "空": {"file_name": "空"}},
        {"表.xlsx": b"PK", "空/notes.md": "x"},
    )
    forms = "(.json, .jsonl, .ndjson, .csv, .tsv, .parquet, .arrow, .txt)"
    assert faults(folder, "表", "空") == (
        f"表.file_name: 表.xlsx is not of a form that is read {forms}",
        f"空.file_name: the folder 空 has no file of a form that is read {forms}",
    )


def test_datasets_of_another_shape_than_the_stage_needs_are_refused(tmp_path: Path) -> None:
    """LLaMA Factory trains on nothing, or on the questions, without a word."""
    folder = dataset_folder(
        tmp_path,
        {
            "qa": {"file_name": "rows.json"},
            "dpo": {"file_name": "rows.json", "ranking": True},
            "text": {"file_name": "rows.json", "columns": {"prompt": "output"}},
        },
        {"rows.json": [ROW]},
    )
    to_be = "these have no ranking and no kto_tag, and name columns.response or messages"
    assert faults(folder, "qa", "dpo", "text") == (
        f"dpo: has better and worse answers, and wanted are questions with answers; {to_be}",
        f"text: has texts to pre-train on, and wanted are questions with answers; {to_be}",
    )
    assert faults(folder, "qa", shape="text") == (
        "qa: has questions with answers, and wanted are texts to pre-train on; these have "
        '"columns": {"prompt": "text"} and no response',
    )


def test_keys_that_llama_factory_takes_no_notice_of_are_named_and_let_be(tmp_path: Path) -> None:
    entry = {"file_name": "rows.json", "file_sha1": "0", "description": "x", "subset": "zh"}
    folder = dataset_folder(tmp_path, {"rows": entry}, {"rows.json": [ROW]})
    assert read_named(["rows", "rows"], folder=folder).warnings == (
        "rows: is named 2 times, and read once",
        "rows.file_sha1: unknown, and not read",
        "rows.description: unknown, and not read",
        "rows.subset: is for a hub, and not used for a file",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "dataset_info.json cannot be read in "),
        (b"", "dataset_info.json is empty"),
        (b'{"a": {"file_name": "x",}}', "dataset_info.json is not valid JSON: "),
        (b"[]", "dataset_info.json does not hold an object of datasets"),
        (b'{"a": {}, "a": {}}', "dataset_info.json has two datasets 'a'"),
        (b"{" * 100_000, "dataset_info.json is not valid JSON"),
    ],
)
def test_a_file_that_is_none_is_refused(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "dataset_info.json").write_bytes(content)
    with pytest.raises(DatasetError, match="^" + message.replace("(", r"\(")):
        DatasetInfo.open(tmp_path)


def test_chinese_names_in_whatever_encoding(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('[{"instruction": "问", "output": "答"}]', "utf-8")
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        text = '{"问答": {"file_name": "rows.json"}}'
        (tmp_path / "dataset_info.json").write_text(text, encoding=encoding)
        assert len(read_named(["问答"], folder=tmp_path).rows) == 1


@pytest.mark.parametrize("folder", ["ONLINE", "REMOTE:somebody/rows"])
def test_a_dataset_dir_that_is_no_folder_is_refused_in_words(folder: str) -> None:
    with pytest.raises(DatasetError, match="datasets are read from a folder") as caught:
        read_named(["rows"], folder=Path(folder))
    assert "Fetch the dataset into a folder" in caught.value.hint
