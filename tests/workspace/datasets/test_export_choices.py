"""What goes into an exported file is what was chosen, and the file is whole or not there."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict, ExportError, RecipeError
from loresmith.records import ImportedRow, Review
from loresmith.workspace.datasets import Datasets, ExportSettings, Imports, export_settings_of

OpenWorkspace = Callable[..., Workspace]


def add_rows(workspace: Workspace, rows: object, name: str = "rows.json") -> None:
    content = io.BytesIO(json.dumps(rows, ensure_ascii=False).encode())
    imports = Imports(workspace)
    imports.import_rows(imports.hand_over(name, content).id)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A version of five rows about tides, one of them with a chain of thought."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "alone" / "documents").mkdir(parents=True)
    workspace = Workspace(tmp_path / "alone", teacher="openai:nobody")
    rows: list[Mapping[str, Any]] = [
        {"question": f"What is tide {n}?", "answer": f"It is tide-{n}.", "labels": ["sea", f"t{n}"]}
        for n in range(4)
    ]
    thought = {"question": "潮汐是什么？", "answer": "海水的涨落。", "cot": "先想月亮。"}
    add_rows(workspace, [*rows, thought])
    workspace.do("dataset")
    return workspace


def subjects(workspace: Workspace) -> list[str]:
    with workspace.opened() as context:
        return [row.id for row in sorted(context.store.all(ImportedRow), key=lambda r: r.number)]


def review(workspace: Workspace, row: str, verdict: str, **edits: str) -> None:
    with workspace.opened() as context:
        context.add(
            [Review(id=f"review {row}", subject_id=row, verdict=verdict, at="", **edits)]  # type: ignore[arg-type]
        )


def answers(workspace: Workspace, version: int = 1, **settings: Any) -> list[str]:
    form = settings.pop("form", "alpaca")
    pieces = Datasets(workspace).export(version, export_settings_of(form, **settings)).pieces
    return [row["output"] for row in json.loads(b"".join(pieces))]


THOUGHT = "<think>先想月亮。</think>\n海水的涨落。"
ALL = [*(f"It is tide-{n}." for n in range(4)), THOUGHT]


def test_with_confirmed_only_off_the_confirmed_rows_are_there_too(workspace: Workspace) -> None:
    first, second, *_ = subjects(workspace)
    review(workspace, first, "confirmed")
    assert answers(workspace, confirmed_only=False) == ALL
    assert answers(workspace, confirmed_only=True) == ALL[:1]
    review(workspace, second, "confirmed")
    assert answers(workspace, confirmed_only=True) == ALL[:2]
    assert answers(workspace, confirmed_only=False) == ALL


def test_chosen_rows_alone_by_their_own_id_or_by_what_they_are_made_of(
    workspace: Workspace,
) -> None:
    made_of = subjects(workspace)
    rows = Datasets(workspace).rows(1).rows
    assert answers(workspace, rows=(made_of[3], rows[1].id)) == [ALL[1], ALL[3]]


def test_rows_of_a_language_a_document_or_with_a_text(workspace: Workspace) -> None:
    assert answers(workspace, language="zh") == [THOUGHT]
    assert answers(workspace, search="tide 2") == [ALL[2]]
    assert answers(workspace, document="rows.json") == ALL
    assert answers(workspace, document="other.json") == []


def test_with_or_without_the_chain_of_thought(workspace: Workspace) -> None:
    assert answers(workspace, reasoning=False)[-1] == "海水的涨落。"
    assert answers(workspace, reasoning=True)[-1] == THOUGHT


def test_labels_and_reasoning_that_came_in_go_out_under_other_names(workspace: Workspace) -> None:
    fields = ["Q=question", "A=answer", "complexCOT=reasoning", "labels=tags"]
    wanted = export_settings_of("custom", fields, file="jsonl")
    lines = b"".join(Datasets(workspace).export(1, wanted).pieces).splitlines()
    first, *_, last = map(json.loads, lines)
    assert first == {
        "Q": "What is tide 0?",
        "A": "It is tide-0.",
        "complexCOT": "",
        "labels": ["sea", "t0"],
    }
    assert (last["A"], last["complexCOT"]) == ("海水的涨落。", "先想月亮。")


def test_evidence_and_passage_are_those_of_the_source(open_workspace: OpenWorkspace) -> None:
    workspace = open_workspace()
    workspace.do("dataset")
    fields = ["evidence", "passage", "short_answer", "kind"]
    wanted = export_settings_of("custom", fields, file="jsonl", split=None)
    lines = b"".join(Datasets(workspace).export(1, wanted).pieces).splitlines()
    rows = [json.loads(line) for line in lines]
    pairs = [row for row in rows if row["kind"] == "pair"]
    assert pairs
    for row in pairs:
        assert row["evidence"] and row["short_answer"]
        squeezed = "".join(row["passage"].split())
        assert all("".join(quote.split()) in squeezed for quote in row["evidence"])


def test_what_a_person_edited_is_better_than_what_was_written(workspace: Workspace) -> None:
    first, second, *_ = subjects(workspace)
    review(workspace, first, "edited", answer="It is tide-0, as the table says.")
    review(workspace, second, "confirmed")
    workspace.do("dataset")
    wanted = export_settings_of("dpo")
    (pair,) = json.loads(b"".join(Datasets(workspace).export(2, wanted).pieces))
    assert (pair["chosen"], pair["rejected"]) == ("It is tide-0, as the table says.", ALL[0])
    marks = json.loads(b"".join(Datasets(workspace).export(2, export_settings_of("kto")).pieces))
    assert [(row["output"], row["kto_tag"]) for row in marks] == [
        ("It is tide-0, as the table says.", True),
        (ALL[0], False),
        (ALL[1], True),
    ]


def test_where_nobody_reviewed_there_is_nothing_to_prefer(
    workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="no row of version 1 fits") as refused:
        Datasets(workspace).write(tmp_path / "dpo.json", export_settings_of("dpo"))
    assert "Review" in refused.value.hint
    assert not (tmp_path / "dpo.json").exists()


def test_a_folder_has_a_card_and_replaces_an_earlier_export_alone(
    workspace: Workspace, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    for _ in range(2):
        done = Datasets(workspace).write(target, export_settings_of("llamafactory", split=None))
        assert (done.rows, done.version) == (5, 1)
    assert {path.name for path in target.iterdir()} == {
        *("alpaca.json", "sharegpt.json", "dataset_info.json"),
        *("export.json", "README.md"),
    }
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []
    card = (target / "README.md").read_text("utf-8")
    assert "| rows.json | 5 |" in card and "license:" not in card.split("---")[1]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("keep me")
    with pytest.raises(Conflict, match="is no export"):
        Datasets(workspace).write(mine, ExportSettings())
    assert (mine / "letter.txt").read_text() == "keep me"


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.csv", "rows.parquet"])
def test_a_name_decides_the_kind_of_file(workspace: Workspace, tmp_path: Path, name: str) -> None:
    Datasets(workspace).write(tmp_path / name, export_settings_of("sharegpt"))
    imports = Imports(Workspace(tmp_path / "alone"))
    with (tmp_path / name).open("rb") as content:
        preview = imports.preview(imports.hand_over(name, content).id)
    assert preview.form == name.partition(".")[2]
    assert [row.messages[-1].content for row in preview.rows] == ALL


def test_a_folder_form_is_no_single_file(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is more than one file"):
        Datasets(workspace).write(tmp_path / "rows.json", ExportSettings())


@pytest.mark.parametrize(
    ("form", "fields", "said"),
    [
        ("alpacca", (), "did you mean"),
        ("custom", ("x=anser",), "there is no value 'anser'"),
        ("alpaca", ("x=answer",), "fields"),
    ],
)
def test_a_wrong_choice_is_named(form: str, fields: tuple[str, ...], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        export_settings_of(form, fields)


_ON_A_SMALL_DISK = """
import resource, sys
from loresmith import Workspace
from loresmith.errors import ExportError
from loresmith.workspace.datasets import Datasets, export_settings_of
datasets = Datasets(Workspace(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
try:
    datasets.write(__import__("pathlib").Path(sys.argv[2]), export_settings_of(sys.argv[3]))
except ExportError as error:
    print(error.message)
"""


@pytest.mark.parametrize(("form", "target"), [("alpaca", "rows.json"), ("llamafactory", "out")])
def test_where_no_room_is_left_the_old_export_stays_whole(
    workspace: Workspace, tmp_path: Path, form: str, target: str
) -> None:
    path = tmp_path / target
    Datasets(workspace).write(path, export_settings_of(form, search="tide 1"))

    def content() -> dict[str, bytes]:
        files = path.iterdir() if path.is_dir() else [path]
        return {file.name: file.read_bytes() for file in files}

    before = content()
    words = [sys.executable, "-c", _ON_A_SMALL_DISK, str(workspace.project.folder), str(path), form]
    said = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "cannot be written: File too large" in said.stdout
    assert content() == before
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]
