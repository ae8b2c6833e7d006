"""The written folder is what LLaMA Factory trains on as it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from loresmith.datasets import AlpacaFormat, FrozenDataset, ShareGPTFormat, read_rows, write_dataset
from loresmith.errors import DatasetError
from loresmith.records import Drop, Example, Message, Provenance

CHINESE = Example(
    id="2",
    messages=(
        Message(role="system", content="简短回答。"),
        Message(role="user", content="2031年5月，澜屿渔港卸鱼量同比增长多少？"),
        Message(role="assistant", content="12.6%。\n同比。"),
    ),
    language="zh",
    provenance=Provenance(fact_id="b", document="纪要.txt", kind="paraphrase"),
)
ENGLISH = Example(
    id="1",
    messages=(Message(role="user", content="Who?"), Message(role="assistant", content="Ines.")),
    language="en",
    provenance=Provenance(fact_id="a", document="review.md", kind="pair"),
)
WITHHELD = ENGLISH.model_copy(
    update={"id": "3", "split": "validation", "provenance": Provenance(fact_id="c")}
)
DATASET = FrozenDataset(id="d", version=3, examples=(ENGLISH, CHINESE, WITHHELD), withheld=("c",))
DROPS = [
    Drop(subject_id="x", subject="fact", reason=reason, detail="", text="")
    for reason in ("refusal", "empty", "refusal")
]


def written(tmp_path: Path, dataset: FrozenDataset = DATASET, project: str = "harbor") -> Path:
    folder = tmp_path / "datasets" / "v3"
    write_dataset(dataset, folder, project=project, drops=DROPS)
    return folder


def loaded(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text("utf-8"))


def test_alpaca_rows_have_exactly_the_known_members(tmp_path: Path) -> None:
    folder = written(tmp_path)
    assert loaded(folder, "alpaca.json") == [
        {"instruction": "Who?", "input": "", "output": "Ines.", "system": ""},
        {
            "instruction": "2031年5月，澜屿渔港卸鱼量同比增长多少？",
            "input": "",
            "output": "12.6%。\n同比。",
            "system": "简短回答。",
        },
    ]
    assert "澜屿渔港" in (folder / "alpaca.json").read_text("utf-8")
    assert (folder / "alpaca.json").read_text("utf-8").startswith('[\n  {\n    "instruction"')


def test_dataset_info_names_files_columns_and_tags(tmp_path: Path) -> None:
    entries = loaded(written(tmp_path), "dataset_info.json")
    assert entries["[Loresmith] [harbor] Alpaca"] == {
        "file_name": "alpaca.json",
        "columns": {
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
        },
    }
    assert entries["[Loresmith] [harbor] ShareGPT"] == {
        "file_name": "sharegpt.json",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }


def as_llama_factory_reads(folder: Path, name: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """(system, turns) of each row, by the rules of LLaMA Factory's parser and converters."""
    with (folder / "dataset_info.json").open(encoding="ascii") as file:  # any locale reads ASCII
        entry = json.load(file)[name]
    rows = loaded(folder, entry["file_name"])
    columns: Mapping[str, str] = entry["columns"]
    return [
        _sharegpt(row, columns, entry["tags"])
        if entry.get("formatting", "alpaca") == "sharegpt"
        else _alpaca(row, columns)
        for row in rows
    ]


def _alpaca(row: Any, columns: Mapping[str, str]) -> tuple[str, list[tuple[str, str]]]:
    turns = []
    for question, answer in row.get(columns["history"], []) if "history" in columns else []:
        turns += [("user", question), ("assistant", answer)]
    prompt = "\n".join(text for text in (row[columns["prompt"]], row[columns["query"]]) if text)
    assert isinstance(row[columns["response"]], str)
    turns += [("user", prompt), ("assistant", row[columns["response"]])]
    return row[columns["system"]], turns


def _sharegpt(
    row: Any, columns: Mapping[str, str], tags: Mapping[str, str]
) -> tuple[str, list[tuple[str, str]]]:
    turns = [(m[tags["role_tag"]], m[tags["content_tag"]]) for m in row[columns["messages"]]]
    system = turns.pop(0)[1] if turns[0][0] == tags["system_tag"] else ""
    assert [role for role, _ in turns] == [tags["user_tag"], tags["assistant_tag"]] * (
        len(turns) // 2
    )
    return system, turns


def test_llama_factory_sees_the_same_conversations_in_both_files(tmp_path: Path) -> None:
    folder = written(tmp_path)
    alpaca = as_llama_factory_reads(folder, "[Loresmith] [harbor] Alpaca")
    assert alpaca == as_llama_factory_reads(folder, "[Loresmith] [harbor] ShareGPT")
    assert alpaca[1] == (
        "简短回答。",
        [("user", CHINESE.messages[1].content), ("assistant", CHINESE.messages[2].content)],
    )
    held = as_llama_factory_reads(folder, "[Loresmith] [harbor] Alpaca Validation")
    assert held == [("", [("user", "Who?"), ("assistant", "Ines.")])]


def test_earlier_turns_go_into_history_and_its_column_is_declared(tmp_path: Path) -> None:
    turns = (*ENGLISH.messages, Message(role="user", content="Since?"))
    long = ENGLISH.model_copy(
        update={"messages": (*turns, Message(role="assistant", content="2031."))}
    )
    folder = written(tmp_path, DATASET._replace(examples=(ENGLISH, long)))
    assert as_llama_factory_reads(folder, "[Loresmith] [harbor] Alpaca")[1] == (
        "",
        [("user", "Who?"), ("assistant", "Ines."), ("user", "Since?"), ("assistant", "2031.")],
    )
    assert not (folder / "alpaca_validation.json").exists()


def test_a_chinese_project_name_is_readable_in_any_locale_and_a_comma_does_not_part_it(
    tmp_path: Path,
) -> None:
    folder = written(tmp_path, project="渔港,2031")
    assert len(as_llama_factory_reads(folder, "[Loresmith] [渔港 2031] Alpaca")) == 2


def test_both_files_read_back_as_the_rows_that_were_written(tmp_path: Path) -> None:
    folder = written(tmp_path)
    for name in ("alpaca.json", "sharegpt.json"):
        read = read_rows(folder / name)
        assert read.drops == ()
        assert [e.messages for e in read.examples] == [ENGLISH.messages, CHINESE.messages]


@pytest.mark.parametrize("form", [AlpacaFormat(), ShareGPTFormat()])
def test_every_format_decodes_what_it_encodes(form: AlpacaFormat | ShareGPTFormat) -> None:
    for example in DATASET.examples:
        row = form.encode(example)
        assert form.recognises(row)
        assert form.decode(row) == example.messages


def test_statistics_count_rows_facts_languages_kinds_lengths_and_drops(tmp_path: Path) -> None:
    counts = loaded(written(tmp_path), "statistics.json")
    assert counts["rows"] == 2
    assert counts["validation_rows"] == 1
    assert counts["facts"] == 2
    assert counts["withheld_facts"] == 1
    assert counts["documents"] == {"review.md": 1, "纪要.txt": 1}
    assert counts["languages"] == {"en": 1, "zh": 1}
    assert counts["kinds"] == {"pair": 1, "paraphrase": 1}
    assert counts["dropped"] == {"empty": 1, "refusal": 2}
    assert counts["characters"]["answers"] == {"total": 15, "least": 5, "median": 7.5, "most": 10}


def test_provenance_tells_of_every_row_in_the_order_of_the_files(tmp_path: Path) -> None:
    lines = (written(tmp_path) / "provenance.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["fact_id"] for line in lines] == ["a", "b", "c"]


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_else(tmp_path: Path) -> None:
    folder = written(tmp_path)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "stale.json").write_text("[]")
    written(tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    assert [path.name for path in folder.parent.iterdir()] == ["v3"]


def test_what_cannot_be_written_is_said_and_the_old_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "datasets").write_text("a file where a folder is wanted")
    with pytest.raises(DatasetError, match="cannot be written"):
        written(tmp_path)
